"""What names of columns stand for: the ends of lines, under their usual names, in any unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError, shown
from lumentrace.data.lines import LineData

Floats = NDArray[np.float64]
_TIMES = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "sec": 1e3, "min": 6e4}
_LENGTHS = {"um": 1e-3, "µm": 1e-3, "μm": 1e-3, "mm": 1.0, "cm": 10.0, "m": 1e3}
_BRACKETS = re.compile(r"(?P<name>.*?)[\s_]*[\[(]\s*(?P<unit>[^\])]*?)\s*[\])]?")
_AT_THE_END = re.compile(rf"(?P<name>.+)[\s_](?P<unit>{'|'.join([*_TIMES, *_LENGTHS])})")
_GATE = {
    "time1": ("t", "s"),
    **{f"globalpos{axis}{end}": (f"{axis}{end}", "mm") for axis in "xyz" for end in "12"},
    "globaltime1": ("t", "ns"),
    **{f"postposition_{axis}{end}": (f"{axis}{end}", "mm") for axis in "xyz" for end in "12"},
}
"""Branches of GATE's trees, which convert to tables, and their units."""
_ALIASES = {
    **dict.fromkeys(("t", "time", "timestamp"), "t"),
    **{f"{axis}{between}{end}": f"{axis}{end}" for axis in "xyz" for between in ("", "_", " ") for end in "12"},
    **{f"{axis}{letter}": f"{axis}{end}" for axis in "xyz" for letter, end in (("a", "1"), ("b", "2"))},
}


@dataclass(frozen=True)
class LineColumns:
    """Where the columns of lines are in a table, and what they are to be multiplied with for ms and mm."""

    places: list[int]
    factors: list[float]

    def in_order(self, rows: Floats) -> Floats:
        """Columns t, x1, y1, z1, x2, y2, z2 in ms and mm, then the others as they are."""
        others = [i for i in range(rows.shape[1]) if i not in self.places]
        table = rows[:, [*self.places, *others]]
        table[:, : len(self.places)] *= self.factors
        return table


def split(field: str) -> tuple[str, str]:
    """The name and the unit in a field like ``x1 [mm]``, ``x1 (mm)`` or ``x1_mm``, in lower case; '' without a unit."""
    text = field.strip("\"' \t").lower()
    found = _BRACKETS.fullmatch(text) or _AT_THE_END.fullmatch(text)
    return (found["name"].strip(), found["unit"]) if found else (text, "")


def line_columns(names: Sequence[str], units: Sequence[str], place: str) -> LineColumns | None:
    """The columns of lines among names and units as `split` gives them; None if not all are there.

    Names are t, time or timestamp, and x1, x_1 or xa for the first end, x2, x_2 or xb for the second; or GATE's time1,
    globalPosX1, ..., of which the time is in s, or GATE 10's GlobalTime1, PostPosition_X1, ..., of which it is in ns.
    Without a unit, they are in ms and mm. Columns without known names are taken in their usual order, unless those with
    names speak against that.

    Raises
    ------
    FormatError
        If one is in a unit that is none, or the names do not tell which columns are which; `place` is the file.
    """
    found: dict[str, tuple[int, float]] = {}
    for column, (name, unit) in enumerate(zip(names, units, strict=True)):
        meaning, usual = _GATE.get(name, (_ALIASES.get(name, ""), ""))
        if not meaning or meaning in found:
            continue
        known = _TIMES if meaning == "t" else _LENGTHS
        told = unit or usual or ("ms" if meaning == "t" else "mm")
        if told not in known:
            raise FormatError(
                f"{place}: expected column {name!r} in one of {', '.join(known)}, found the unit {shown(told)}"
            )
        found[meaning] = column, known[told]
    missing = [name for name in LineData.default_columns if name not in found]
    if missing:
        for meaning, (column, factor) in found.items():
            if LineData.default_columns.index(meaning) != column or factor != 1.0:
                raise FormatError(
                    f"{place}: expected names of all of {', '.join(LineData.default_columns)}, since {meaning} is not "
                    f"where it usually is or in another unit; found none for {', '.join(missing)}"
                )
        return None
    chosen = [found[name] for name in LineData.default_columns]
    return LineColumns([column for column, _ in chosen], [factor for _, factor in chosen])
