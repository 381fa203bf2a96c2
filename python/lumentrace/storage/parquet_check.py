"""Whether the sizes that a Parquet file states fit the file, before a reader takes memory for them.

The footer, and the header of every page, are Thrift structs: https://parquet.apache.org/docs/file-format/metadata.
"""

from __future__ import annotations

import os
import struct
from typing import Any, BinaryIO

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised
from lumentrace.base.polars import pl
from lumentrace.storage.thrift import CutShortError, Structs

MAGIC = b"PAR1"
TAIL = 8
MOST_BYTES, MOST_INFLATION = 1 << 30, 1000
"""Bytes that a table may take in memory: of any file, and beyond for each of its bytes."""
HEADS = (1 << 12, 1 << 20)
"""Bytes in which the header of a page is looked for."""
WIDTH = 8


def check(file: BinaryIO) -> None:
    """Refuse a file whose footer or pages state what cannot be; the message does not name the file.

    Raises
    ------
    FormatError
        If so.
    """
    size = file.seek(0, os.SEEK_END)
    footer, end = _footer(file, size)
    rows, groups = _count(footer, 3, "rows"), _list(footer, 4)
    if sum(_count(group, 3, "rows") for group in groups) != rows:
        raise FormatError(f"expected {rows:,} rows in its groups, found another number")
    columns = max((len(_list(group, 1)) for group in groups), default=0)
    _check_memory("rows", rows * columns * WIDTH, size)
    for group in groups:
        for column in _list(group, 1):
            _check_column(file, _field(column, 3), _count(group, 3, "rows"), end, size)
    file.seek(0)


def frame_of(path: str | os.PathLike[str]) -> pl.DataFrame:
    """The table of a file that was checked.

    Raises
    ------
    FormatError
        If the file is damaged or something else.
    OSError
        If it cannot be read.
    """
    with open(regular(path), "rb") as file:
        try:
            check(file)
            return pl.read_parquet(file)
        except (FormatError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise FormatError(
                f"{path}: expected a Parquet table, found a damaged or different file ({error})"
            ) from error


def _footer(file: BinaryIO, size: int) -> tuple[dict[int, Any], int]:
    """The footer, and where it begins."""
    file.seek(0)
    first = file.read(len(MAGIC))
    file.seek(max(size - TAIL, 0))
    last = file.read(TAIL)
    if first != MAGIC or last[4:] != MAGIC or size < TAIL + len(MAGIC):
        raise FormatError("expected PAR1 at its beginning and end, found something else (cut off?)")
    (length,) = struct.unpack("<I", last[:4])
    begin = size - TAIL - length
    if begin < len(MAGIC):
        raise FormatError(f"expected a footer of {length:,} bytes, found a file of {size:,}")
    file.seek(begin)
    return Structs(file.read(length)).next(), begin


def _check_column(file: BinaryIO, about: Any, rows: int, end: int, size: int) -> None:
    """Compare what is said of a column of a group of rows with its pages."""
    values, stored = _count(about, 5, "values"), _count(about, 7, "bytes")
    if len(_list(about, 3)) == 1 and values != rows:
        raise FormatError(f"expected {rows:,} values in a column, found {values:,}")
    _check_memory("values", values * WIDTH, size)
    _check_memory("pages", _count(about, 6, "bytes"), size)
    place = _count(about, 9, "bytes")
    if _field(about, 11):
        place = min(place, _count(about, 11, "bytes"))
    if place + stored > end:
        raise FormatError(f"expected pages up to byte {place + stored:,}, found the footer at {end:,}")
    left, stop = values, place + stored
    while place < stop:
        header, length = _header(file, place, stop)
        place += length + _count(header, 3, "bytes")
        if place > stop:
            raise FormatError(f"expected a page up to byte {place:,}, found the end of its column at {stop:,}")
        left -= _check_page(header, left, size)


def _check_page(header: dict[int, Any], left: int, size: int) -> int:
    """Number of values of the column in a page."""
    _check_memory("a page", _count(header, 2, "bytes"), size)
    if 7 in header:  # a dictionary
        _check_memory("a dictionary", _count(_field(header, 7), 1, "values") * WIDTH, size)
        return 0
    count = sum(_count(_field(header, kind), 1, "values") for kind in (5, 8) if kind in header)
    if count > left:
        raise FormatError(f"expected at most {left:,} values in a page, found {count:,}")
    return count


def _header(file: BinaryIO, place: int, stop: int) -> tuple[dict[int, Any], int]:
    """The header of a page and how long it is."""
    for most in HEADS:
        file.seek(place)
        structs = Structs(file.read(min(most, stop - place)))
        try:
            return structs.next(), structs.place
        except CutShortError:
            if most == HEADS[-1] or most >= stop - place:
                raise
    raise FormatError("expected the header of a page, found none")


def _check_memory(what: str, claimed: int, size: int) -> None:
    most = raised(MOST_BYTES) + MOST_INFLATION * size
    if claimed > most:
        raise FormatError(f"expected {what} of at most {most:,} bytes (the limit), found {claimed:,}")


def _field(found: Any, number: int) -> Any:
    if not isinstance(found, dict):
        raise FormatError(f"expected a struct, found {type(found).__name__}")
    return found.get(number)


def _count(found: Any, number: int, what: str) -> int:
    value = _field(found, number)
    if not isinstance(value, int) or value < 0:
        raise FormatError(f"expected a number of {what}, found {value!r}")
    return value


def _list(found: Any, number: int) -> list[Any]:
    value = _field(found, number)
    if not isinstance(value, list):
        raise FormatError(f"expected a list, found {type(value).__name__}")
    return value
