"""Images of WSxM: ``.stp`` and ``.top``.

A file begins with lines ``label: value`` in sections ``[name]``, whose length is in the third line, up to ``[Header
end]``. The points follow from the lower right corner on. They span 'Z Amplitude', whatever their type.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError

from ..frames import Floats
from .pictures import Derived, ImageFormat, Picture, Stored, check_stored
from .units import SCALES

MOST_HEADER = 1 << 20
PREAMBLE = 256
TYPES = {"short": "<i2", "integer": "<i2", "float": "<f4", "double": "<f8"}
SIZE = re.compile(rb"Image header size:\s*(\d{1,9})\s")


@dataclass(frozen=True)
class Spanning(Derived):
    """An image whose values span a known range."""

    span: float

    def read(self) -> Floats:
        """Values, the first row on top of the picture.

        Raises
        ------
        FormatError
            If they are all the same: nothing says what they stand for then.
        """
        numbers = self.stored.numbers()[:, ::-1]
        with np.errstate(over="ignore", invalid="ignore"):
            extent = float(np.max(numbers) - np.min(numbers))
        if not 0 < extent < math.inf:
            raise FormatError(
                f"{self.path}: expected points that span the Z Amplitude, found numbers with an extent of {extent:g}"
            )
        return numbers * (self.span / extent)


def pictures(path: Path) -> dict[str, Picture]:
    """The channel of a file, by its name.

    Raises
    ------
    FormatError
        If it is damaged.
    """
    header, start = parse(path)
    kind = header.get("image data type", "short").lower()
    if kind not in TYPES:
        raise FormatError(f"{path}: Image Data Type: expected one of {', '.join(TYPES)}, found {kind!r}")
    shape = _count(path, header, "number of rows"), _count(path, header, "number of columns")
    check_stored(path, "Number of rows", start, shape, np.dtype(TYPES[kind]).itemsize)
    span, unit = _quantity(path, header, "z amplitude")
    known, factor = SCALES.get(unit, (unit, 1.0))
    image = Spanning(Stored(path, start, shape, TYPES[kind], 1.0, known, upside_down=True), span * factor)
    name = header.get("acquisition channel") or ("Topography" if known == "nm" else "0")
    return {name: Picture(image, _pixel(path, header, shape), _metadata(header, shape), {"flipped": True})}


def parse(path: Path) -> tuple[dict[str, str], int]:
    """Labels in lower case with their values, and where the points begin.

    Raises
    ------
    FormatError
        If the file does not begin with the header of an image.
    """
    size = regular(path).stat().st_size
    with path.open("rb") as file:
        head = file.read(PREAMBLE)
        stated = SIZE.search(head)
        kind = b"".join(head.splitlines()[1:2]).strip()
        if stated is None or not head.startswith(b"WSxM file") or kind != b"SxM Image file":
            raise FormatError(f"{path}: expected an image of WSxM, found {head[:40]!r}")
        length = int(stated.group(1))
        if not PREAMBLE < length <= min(MOST_HEADER, size):
            raise FormatError(
                f"{path}: Image header size: expected more than {PREAMBLE} and at most {min(MOST_HEADER, size):,} "
                f"bytes, found {length:,}"
            )
        text = (head + file.read(length - len(head))).decode("cp1252", errors="replace")
    if "[Header end]" not in text:
        raise FormatError(f"{path}: expected a header of {length:,} bytes that ends with [Header end], found none")
    pairs = (line.partition(":") for line in text.splitlines())
    return {label.strip().lower(): value.strip() for label, colon, value in pairs if colon}, length


def _count(path: Path, header: dict[str, str], label: str) -> int:
    stated = header.get(label, "")
    if not re.fullmatch(r"[1-9]\d{0,8}", stated):
        raise FormatError(f"{path}: {label.capitalize()}: expected a whole number above 0, found {stated!r}")
    return int(stated)


def _quantity(path: Path, header: dict[str, str], label: str) -> tuple[float, str]:
    """'100 nm' as a number and its unit."""
    stated = header.get(label, "")
    number, _, unit = stated.partition(" ")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FormatError(f"{path}: {label.capitalize()}: expected a number and its unit, found {stated!r}")
    return value, unit.strip()


def _pixel(path: Path, header: dict[str, str], shape: tuple[int, int]) -> tuple[float, float] | None:
    sizes = []
    for label, count in (("x amplitude", shape[1]), ("y amplitude", shape[0])):
        if label not in header:
            return None
        length, unit = _quantity(path, header, label)
        known, factor = SCALES.get(unit, ("", 1.0))
        sizes.append(length * factor / count if known == "nm" else 0.0)
    return (sizes[0], sizes[1]) if min(sizes) > 0 else None


def _metadata(header: dict[str, str], shape: tuple[int, int]) -> dict[str, Any]:
    stated = re.fullmatch(r"([\d.eE+-]+)\s*Hz", header.get("x-frequency", ""))
    try:
        rate = float(stated.group(1)) if stated else 0.0
    except ValueError:
        rate = 0.0
    known = 0 < rate < math.inf
    return {"frame_duration_s": shape[0] / rate if known else None, "line_rate": rate if known else None}


FORMAT = ImageFormat((".stp", ".top"), pictures)
channels, read = FORMAT.channels, FORMAT.read
