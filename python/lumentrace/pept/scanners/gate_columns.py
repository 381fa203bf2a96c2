"""Which columns of GATE's text hold what: all of them, or those that a mask leaves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lumentrace.base.errors import FormatError, shown
from lumentrace.pept.utilities.text_source import TextSource

_BEFORE = ("run", "event", "source", "source x", "source y", "source z")
_MEASURED = ("time", "energy", "x", "y", "z")
COUNTS = ("comptons in phantoms", "comptons in detectors", "rayleighs in phantoms", "rayleighs in detectors")
"""What tells that a photon was scattered, if all four are there."""
COINCIDENCE = (*_BEFORE, *_MEASURED, "volumes", *COUNTS, "axial position", "angle")
"""Variables of each single of a coincidence, in GATE's order; `volumes` are as many as the system has."""
SINGLE = (*_BEFORE, "volumes", *_MEASURED, *COUNTS, "compton volume", "rayleigh volume")
"""Variables of a line of singles."""
NEEDED = ("time", "x", "y", "z")
_WHOLE = ("run", "event", "source", "volumes", *COUNTS)
"""Variables that are whole numbers."""
_LEAST = len(COINCIDENCE) - 1
_MASK = re.compile(rb"set(?:Coincidence|Single)Mask((?:[ \t]+[01])+)")
_HEAD = 2**16

Mask = str | Sequence[int] | None


@dataclass(frozen=True)
class Columns:
    """Where the variables of a single are in it, and how many columns it has."""

    places: dict[str, int]
    width: int

    @property
    def wanted(self) -> tuple[str, ...]:
        """Those of use: `NEEDED`, then the event and `COUNTS`, where they are there."""
        others = [name for name in ("event",) if name in self.places]
        counts = COUNTS if set(COUNTS) <= self.places.keys() else ()
        return (*NEEDED, *others, *counts)


def mask_of(source: TextSource, mask: Mask) -> tuple[bool, ...] | None:
    """The mask that was given, or that a line of a macro among the first lines of the file tells; None for neither.

    Raises
    ------
    ValueError
        If it is not made of 0 and 1.
    """
    if mask is None:
        with source.open() as file:
            found = _MASK.search(file.read(_HEAD))
        return None if found is None else tuple(bit == b"1" for bit in found[1].split())
    bits = [str(bit) for bit in (mask.split("Mask")[-1].split() if isinstance(mask, str) else mask)]
    if not bits or not set(bits) <= {"0", "1"}:
        raise ValueError(f"`mask`: expected 0 and 1 as in GATE's macro, such as '0 1 0 1', found {shown(mask)}")
    return tuple(bit == "1" for bit in bits)


def columns(variables: Sequence[str], mask: tuple[bool, ...] | None, fields: Sequence[bytes], place: str) -> Columns:
    """The columns of a single that has these fields.

    Without a mask, a single of four columns holds time, x, y and z, since there is no line without them; one of at
    least 17 holds everything.

    Raises
    ------
    FormatError
        If the fields do not fit, or the mask leaves out what a line needs. `place` is the file and the line.
    """
    width = len(fields)
    if mask is None:
        names = NEEDED if width == len(NEEDED) else variables
        if width != len(NEEDED) and width < _LEAST:
            raise FormatError(
                f"{place}: expected 4 or at least {_LEAST} columns for each single, found {width}; "
                "say with `mask` which ones GATE wrote"
            )
    else:
        names = [name for name, is_there in zip(variables, mask, strict=False) if is_there]
        missing = [name for name in NEEDED if name not in names]
        if missing:
            raise FormatError(f"{place}: expected a mask with {', '.join(NEEDED)}, found none of {', '.join(missing)}")
    volumes = width - (len(names) - ("volumes" in names))
    if volumes < 0 or (volumes and "volumes" not in names):
        raise FormatError(f"{place}: expected {width - volumes} columns for each single by the mask, found {width}")
    found = Columns(_places(names, volumes), width)
    _check_whole(found, fields, place)
    return found


def _places(names: Sequence[str], volumes: int) -> dict[str, int]:
    places, at = {}, 0
    for name in names:
        if name != "volumes" or volumes:
            places[name] = at
        at += volumes if name == "volumes" else 1
    return places


def _check_whole(found: Columns, fields: Sequence[bytes], place: str) -> None:
    """A mask that is not the file's would take coordinates for numbers of events."""
    for name in _WHOLE:
        column = found.places.get(name)
        if column is not None and not re.fullmatch(rb"-?\d+", fields[column]):
            text = fields[column][:40].decode("ascii", "backslashreplace")
            raise FormatError(
                f"{place}: expected a whole number ({name}) in column {column + 1} of a single, found {text!r}; "
                "say with `mask` which columns GATE wrote"
            )
