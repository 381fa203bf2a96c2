"""Siemens' headers of list-mode files: what a bin address means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError

_MOST = 2**20
_LINE = re.compile(r"[!%\s]*([^:=]+?)\s*:=\s*(.*)")


@dataclass(frozen=True)
class ListHeader:
    """What the header of a list-mode file tells; lengths in mm, `tick` in ms."""

    rings: int
    views: int
    projections: int
    ring_difference: int
    radius: float
    pitch: float
    tick: float
    data_file: str


def read_header(path: Path) -> ListHeader:
    """Read a ``.l.hdr`` file.

    Raises
    ------
    FormatError
        If a key is missing or none, or the words are others than bin addresses of 32 bits without compression.
    """
    with open(regular(path), "rb") as file:
        text = file.read(_MOST).decode("latin-1")
    found = [match for match in map(_LINE.match, text.splitlines()) if match]
    keys = _Keys(path, {" ".join(match[1].lower().split()): match[2].strip() for match in found})
    keys.only("lm event and tag words format (bits)", 32, 32)
    keys.only("axial compression", 1, 1)
    keys.only("number of tof time bins", 1, 1)
    rings = keys.whole("number of rings", 1, 1000)
    return ListHeader(
        rings=rings,
        views=keys.whole("number of views", 1, 5000),
        projections=keys.whole("number of projections", 1, 5000),
        ring_difference=keys.whole("maximum ring difference", 0, rings - 1),
        radius=10 * keys.positive("gantry crystal radius (cm)"),
        pitch=10 * keys.positive("distance between rings (cm)"),
        tick=keys.positive("timing tagwords interval (msec)", 1.0),
        data_file=keys.text.get("name of data file", ""),
    )


@dataclass(frozen=True)
class _Keys:
    path: Path
    text: dict[str, str]

    def whole(self, key: str, least: int, most: int) -> int:
        value = self.text.get(key, "none")
        if not re.fullmatch(r"\d{1,9}", value) or not least <= int(value) <= most:
            raise FormatError(
                f"{self.path}: expected '{key}' to be a whole number from {least} to {most}, found {value[:40]!r}"
            )
        return int(value)

    def only(self, key: str, allowed: int, missing: int) -> None:
        """Refuse what cannot be read yet."""
        value = self.text.get(key, str(missing))
        if value != str(allowed):
            raise FormatError(f"{self.path}: expected '{key}' to be {allowed}, found {value[:40]!r}")

    def positive(self, key: str, missing: float | None = None) -> float:
        value = self.text.get(key, "none" if missing is None else str(missing))
        if not re.fullmatch(r"\d{1,6}(\.\d{0,12})?", value) or not float(value) > 0:
            raise FormatError(f"{self.path}: expected '{key}' to be a number above 0, found {value[:40]!r}")
        return float(value)
