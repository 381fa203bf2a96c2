"""Objects of Gwyddion's files: their bytes in, names and values out, and back.

After four letters ``GWYP`` a file is one object: its name, the number of bytes of its parts, and its parts, each a
name, a letter for its type, and a value, as in the appendix of Gwyddion's user guide. Numbers are little-endian.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError

MAGIC = b"GWYP"
MOST_PARTS = 1 << 20
"""Parts of a file, within each other or not."""
DEEPEST = 64
"""Objects within each other."""
MOST_BYTES = 2**32 - 1
"""Of an object: the format counts in 32 bits."""
SCALARS = {"b": "<?", "c": "<c", "i": "<i", "q": "<q", "d": "<d"}
ARRAYS = {"C": "i1", "I": "<i4", "Q": "<i8", "D": "<f8"}
ENDLESS = b"\0"


@dataclass
class GwyObject:
    """An object by its name, with its parts by theirs."""

    name: str
    parts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Numbers:
    """An array that stays in the file."""

    dtype: str
    offset: int
    count: int


def parse(path: Path) -> GwyObject:
    """The object that a file is; its arrays of numbers stay in the file.

    Raises
    ------
    FormatError
        If the file is damaged or something else.
    """
    size = regular(path).stat().st_size
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
        if head != MAGIC:
            raise FormatError(f"{path}: expected a file of Gwyddion, which begins with GWYP, found {head!r}")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found, end = _Parser(path, data).object(len(MAGIC), size, 0)
    if end != size:
        raise FormatError(f"{path}: expected one object of {end:,} bytes, found {size:,} bytes")
    return found


class _Parser:
    """What stands between two places of a file; nothing beyond the end of what it is in is looked at."""

    def __init__(self, path: Path, data: mmap.mmap):
        self._path, self._data, self._parts = path, data, 0

    def object(self, at: int, end: int, depth: int) -> tuple[GwyObject, int]:
        """An object, and where it ends."""
        if depth > DEEPEST:
            raise self._wrong(at, f"at most {DEEPEST} objects within each other", "more")
        name, at = self._text(at, end)
        length, at = self._number("<I", at, end)
        stop = at + length
        if stop > end:
            raise self._wrong(at, f"{length:,} bytes of {name!r}", f"{end - at:,} (cut off?)")
        found = GwyObject(name)
        while at < stop:
            key, at = self._text(at, stop)
            kind, at = self._number("<c", at, stop)
            self._count(at)
            found.parts[key], at = self._value(kind.decode("latin-1"), at, stop, depth, key)
        return found, stop

    def _value(self, kind: str, at: int, end: int, depth: int, key: str) -> tuple[Any, int]:
        if kind in SCALARS:
            return self._number(SCALARS[kind], at, end)
        if kind == "s":
            return self._text(at, end)
        if kind == "o":
            return self.object(at, end, depth + 1)
        if kind in ARRAYS:
            return self._array(ARRAYS[kind], at, end, key)
        if kind in "SO":
            return self._list(kind, at, end, depth)
        raise self._wrong(at - 1, f"a type of {key!r}", repr(kind))

    def _array(self, dtype: str, at: int, end: int, key: str) -> tuple[Numbers, int]:
        count, at = self._number("<I", at, end)
        stop = at + count * np.dtype(dtype).itemsize
        if stop > end:
            raise self._wrong(at, f"{count:,} numbers of {key!r}", f"{end - at:,} bytes (cut off?)")
        return Numbers(dtype, at, count), stop

    def _list(self, kind: str, at: int, end: int, depth: int) -> tuple[list[Any], int]:
        count, at = self._number("<I", at, end)
        found: list[Any] = []
        for _ in range(count):
            self._count(at)
            item, at = self._text(at, end) if kind == "S" else self.object(at, end, depth + 1)
            found.append(item)
        return found, at

    def _number(self, layout: str, at: int, end: int) -> tuple[Any, int]:
        stop = at + struct.calcsize(layout)
        if stop > end:
            raise self._wrong(at, f"{stop - at} bytes", f"{end - at} (cut off?)")
        return struct.unpack_from(layout, self._data, at)[0], stop

    def _text(self, at: int, end: int) -> tuple[str, int]:
        stop = self._data.find(ENDLESS, at, end)
        if stop < 0:
            raise self._wrong(at, "a text that ends with a byte 0", "none (cut off?)")
        return self._data[at:stop].decode("utf-8", errors="replace"), stop + 1

    def _count(self, at: int) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise self._wrong(at, f"at most {MOST_PARTS:,} parts", "more")

    def _wrong(self, at: int, expected: str, found: str) -> FormatError:
        return FormatError(f"{self._path}: byte {at:,}: expected {expected}, found {found}")


def serialised(thing: GwyObject) -> bytes:
    """The bytes of an object.

    Raises
    ------
    ValueError
        If they are more than the format can count.
    """
    body = b"".join(component(name, value) for name, value in thing.parts.items())
    return beginning(thing.name, len(body)) + body


def beginning(name: str, length: int) -> bytes:
    """What stands before the parts of an object, which are so many bytes.

    Raises
    ------
    ValueError
        If they are more than the format can count.
    """
    if length > MOST_BYTES:
        raise ValueError(
            f"expected at most {MOST_BYTES:,} bytes, which the format of Gwyddion can count, found {length:,}"
        )
    return name.encode() + ENDLESS + struct.pack("<I", length)


def component(name: str, value: bool | int | float | str | NDArray[np.float64] | GwyObject) -> bytes:
    """The bytes of a part."""
    kind, content = _content(value)
    return name.encode() + ENDLESS + kind + content


def _content(value: bool | int | float | str | NDArray[np.float64] | GwyObject) -> tuple[bytes, bytes]:
    match value:
        case bool():
            return b"b", struct.pack("<?", value)
        case int():
            return b"i", struct.pack("<i", value)
        case float():
            return b"d", struct.pack("<d", value)
        case str():
            return b"s", value.replace("\0", "").encode() + ENDLESS
        case GwyObject():
            return b"o", serialised(value)
        case _:
            return b"D", struct.pack("<I", value.size) + np.ascontiguousarray(value, "<f8").tobytes()
