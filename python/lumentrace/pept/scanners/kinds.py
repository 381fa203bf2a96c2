"""The kinds of files that a user can name, and what their readers can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lumentrace.base.errors import did_you_mean, shown


def _yes(text: str) -> bool:
    answers = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in answers:
        raise ValueError("yes or no")
    return answers[text.lower()]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("a number") from None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("a whole number") from None


_LISTS: dict[str, Callable[[str], Any]] = {"delayeds": _yes, "spread": _yes}
_GEOMETRY: dict[str, Callable[[str], Any]] = {"depth": _number, "start": _number, "clockwise": _yes}


@dataclass(frozen=True)
class Kind:
    """A kind of files.

    Attributes
    ----------
    reader : str
        Name of its reader in `lumentrace.pept.scanners`.
    text : str
        What such files are.
    options : mapping
        Names of what the reader can be told, and how to read the values.
    fixed : mapping
        What it is always told.
    preset : str
        The geometry that `depth`, `start` and `clockwise` change, if the files hold none.
    """

    reader: str
    text: str
    options: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    preset: str = ""

    def told(self, given: Sequence[str]) -> dict[str, Any]:
        """Arguments of the reader from texts like ``delayeds=yes``.

        Raises
        ------
        ValueError
            If a text is none, or the reader does not know it.
        """
        known = {**self.options, **(_GEOMETRY if self.preset else {})}
        found: dict[str, Any] = {}
        for text in given:
            name, equals, value = text.partition("=") if isinstance(text, str) else ("", "", "")
            name = name.strip()
            if not equals or name not in known:
                hint = did_you_mean(name, known)
                expected = ", ".join(f"{each}=" for each in known) or "nothing for such files"
                raise ValueError(f"`reader`: expected {expected}, found {shown(text)}{hint}")
            try:
                found[name] = known[name](value.strip())
            except ValueError as error:
                raise ValueError(f"`reader`: expected {name} to be {error}, found {shown(value)}") from None
        return {**self.fixed, **self._with_geometry(found)}

    def _with_geometry(self, found: dict[str, Any]) -> dict[str, Any]:
        changes = {name: found.pop(name) for name in _GEOMETRY if self.preset and name in found}
        if not changes:
            return found
        from lumentrace.pept.scanners.scanner import Scanner

        return {**found, "scanner": Scanner.named(self.preset, **changes)}


KINDS: dict[str, Kind] = {
    "adac": Kind("adac_forte", "ADAC Forte list mode (.da01)"),
    "modular": Kind("modular_camera", "list mode of the modular camera"),
    "screens": Kind("parallel_screens", "text with t, x1, y1, x2, y2 of two parallel screens"),
    "lines": Kind("lines", "any table t, x1, y1, z1, x2, y2, z2 as text, .npy, .h5 or .parquet"),
    "gate": Kind("gate_coincidences", "GATE's coincidences as text", {"mask": str}),
    "gate-singles": Kind("gate_singles", "GATE's singles as text", {"mask": str, "window": _number}),
    "gate-root": Kind("gate_root", "GATE's trees (.root)", {"tree": str}),
    "ecat962": Kind(
        "ecat_list_mode",
        "ECAT 962 (HR+) list mode",
        {**_LISTS, "byte_order": str, "skip": _whole},
        {"model": "962"},
        "ecat962",
    ),
    "ecat966": Kind(
        "ecat_list_mode",
        "ECAT 966 (EXACT 3D) list mode",
        {**_LISTS, "byte_order": str, "skip": _whole},
        {"model": "966"},
        "ecat966",
    ),
    "petlink": Kind(
        "petlink_list_mode",
        "ECAT 8 list mode (.l with .l.hdr)",
        {**_LISTS, "header": str, "depth": _number, "first_segment": _whole},
    ),
    "inveon": Kind("inveon_list_mode", "Siemens Inveon list mode (.lst)", {**_LISTS, "skip": _whole}, {}, "inveon"),
    "petsird": Kind("petsird_events", "PETSIRD", _LISTS),
}
"""Those that a user can name."""
