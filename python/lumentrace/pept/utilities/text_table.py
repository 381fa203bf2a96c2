"""Tables of numbers in text files: blocks of whole lines, parsed by polars, line by line only where that fails."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError

WHITE_SPACE = r"\s+"
_BLOCK = 4 * 2**20
_TAB, _LF, _CR, _SPACE = np.frombuffer(b"\t\n\r ", dtype=np.uint8)
_LINE_BREAK = re.compile(rb"\r\n|\n|\r")
_DECIMAL_COMMA = re.compile(rb"[-+]?\d+,\d+(e[-+]?\d+)?", re.IGNORECASE)


class TextTable:
    r"""A text file with one row of numbers per line.

    Blank lines and lines that start with ``#`` are skipped, as is a byte order mark. Numbers may be nan or inf.

    Parameters
    ----------
    path : path
        The file.
    sep : str
        One character that separates the numbers, or ``\s+``; white space of any kind is the same.
    least : int
        Columns that a row must have.
    columns : str
        What these columns are, for messages.
    strict : bool
        Whether a damaged line (not numbers, or not as many as in the first row) is an error; otherwise it is left
        out, and `warn` says which ones were.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        sep: str = WHITE_SPACE,
        least: int = 1,
        columns: str = "",
        strict: bool = True,
    ) -> None:
        self.path = Path(path)
        self._sep = None if sep == WHITE_SPACE or sep.isspace() else sep.encode()
        self._least, self._columns, self._strict = least, columns, strict
        self._width: int | None = None
        self._damaged: list[int] = []

    def blocks(
        self, skiprows: int = 0, nrows: int | None = None, advance: Callable[[int], object] | None = None
    ) -> Iterator[NDArray[np.float64]]:
        """Read the rows after the first `skiprows` lines, at most `nrows` of them, block by block.

        `advance`, if given, is called with the bytes of each block.

        Raises
        ------
        FormatError
            On a damaged line, or if there are too few columns.
        OSError
            If the file cannot be read.
        """
        left = float("inf") if nrows is None else nrows
        for number, block in line_blocks(self.path, skiprows):
            if left <= 0:
                break
            rows = self.parse(block, number)
            rows = rows if len(rows) <= left else rows[: int(left)]
            left -= len(rows)
            if len(rows):
                yield rows
            if advance is not None:
                advance(len(block))

    def parse(self, block: bytes, first_line: int) -> NDArray[np.float64]:
        """Read the rows in some whole lines, the first of which has the given number."""
        width = self._width or _first_width(block, self._sep)
        if width is not None and width < self._least:
            raise FormatError(f"{self.path}: expected at least {self._least} columns ({self._columns}), found {width}")
        rows = None if width is None else _parse(block, self._sep, width)
        if rows is None:
            rows = self._line_by_line(block, first_line, width)
        self._width = width
        return rows

    def warn(self, stacklevel: int = 2) -> None:
        """Say which lines were left out."""
        if self._damaged:
            first = ", ".join(map(str, self._damaged[:5]))
            more = ", ..." if len(self._damaged) > 5 else ""
            text = f"{self.path}: left out {len(self._damaged)} damaged lines: {first}{more}"
            warnings.warn(text, UserWarning, stacklevel=stacklevel + 1)

    def _line_by_line(self, block: bytes, first_line: int, width: int | None) -> NDArray[np.float64]:
        expected = f"{'' if width is None else f'{width} '}numbers separated by {self._separator()}"
        rows = []
        for number, line in enumerate(_lines(block), first_line):
            if _is_empty(line):
                continue
            values, found = numbers(line, self._sep)
            if found is None and len(values) != width:
                found = str(len(values))
            if found is None:
                rows.append(values)
            elif self._strict:
                raise FormatError(f"{self.path}, line {number}: expected {expected}, found {found}")
            else:
                self._damaged.append(number)
        return np.array(rows, dtype=np.float64).reshape(len(rows), width or 0)

    def _separator(self) -> str:
        return "white space" if self._sep is None else repr(self._sep.decode())


def line_blocks(path: str | os.PathLike[str], skiprows: int = 0) -> Iterator[tuple[int, bytes]]:
    """Pieces of a file that end with a line, and the number of their first line, from 1, after `skiprows` lines."""
    with open(path, "rb") as file:
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        for _ in range(skiprows):
            if not file.readline():
                return
        number = skiprows + 1
        while block := _whole_lines(file):
            yield number, block
            number += block.count(b"\n")


def _whole_lines(file: IO[bytes]) -> bytes:
    block = file.read(_BLOCK)
    return block if block.endswith(b"\n") else block + file.readline()


def _parse(block: bytes, sep: bytes | None, width: int) -> NDArray[np.float64] | None:
    """All rows at once; None if a line is not `width` numbers."""
    text = tidy(block, sep)
    if not text:
        return np.empty((0, width))
    try:
        frame = pl.read_csv(
            text,
            has_header=False,
            separator=(sep or b" ").decode(),
            schema={str(i): pl.Float64 for i in range(width)},
            comment_prefix="#",
            quote_char=None,
        )
    except pl.exceptions.PolarsError:
        return None
    if any(column.null_count() for column in frame):
        return None
    return frame.to_numpy(order="c")


def tidy(block: bytes, sep: bytes | None) -> bytes:
    """One space or separator between numbers, one line break between rows, nothing else between or around them."""
    text = np.frombuffer(block, dtype=np.uint8)
    white = (text == _SPACE) | (text - _TAB <= _CR - _TAB)
    where = np.flatnonzero(white)
    is_break = (text[where] == _LF) | (text[where] == _CR)
    ends = np.diff(where, append=len(text) + 1) != 1
    if not ends.all() or b"\t" in block:
        # Each run of white space shrinks to its last character: a line break if there is any in the run, or a space.
        has_break = np.diff(np.cumsum(is_break)[ends], prepend=0) > 0
        last = where[ends]
        shrunk, keep = text.copy(), ~white
        shrunk[last] = np.where(has_break, _LF, _SPACE)
        keep[last] = True
        block = shrunk[keep].tobytes()
    block = block.strip()
    if sep is not None:
        block = block.replace(b" " + sep, sep).replace(sep + b" ", sep)
    return block


def _first_width(block: bytes, sep: bytes | None) -> int | None:
    """Numbers in the first line that has nothing else."""
    for line in _lines(block):
        if not _is_empty(line):
            values, wrong = numbers(line, sep)
            if wrong is None:
                return len(values)
    return None


def _lines(block: bytes) -> Iterator[bytes]:
    start = 0
    for found in _LINE_BREAK.finditer(block):
        yield block[start : found.start()]
        start = found.end()
    yield block[start:]


def _is_empty(line: bytes) -> bool:
    line = line.strip()
    return not line or line.startswith(b"#")


def numbers(line: bytes, sep: bytes | None = None) -> tuple[list[float], str | None]:
    """Read the numbers in a line up to the first field that is none, and that field as it is to be shown, if any."""
    values = []
    for field in line.split() if sep is None else line.strip().split(sep):
        text = field.strip()
        try:
            # Python's numbers may have underscores, those in files do not.
            values.append(float(text.replace(b"_", b"x")))
        except ValueError:
            hint = " (a decimal comma?)" if _DECIMAL_COMMA.fullmatch(text) else ""
            return values, repr(text[:40].decode("ascii", "backslashreplace")) + hint
    return values, None
