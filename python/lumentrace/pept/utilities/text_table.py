"""Tables of numbers in text files: blocks of whole lines, parsed by polars, line by line only where that fails."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import check_columns
from lumentrace.base.errors import CutOffWarning, DamagedLinesWarning, FormatError
from lumentrace.base.polars import pl
from lumentrace.pept.utilities.text_source import TextSource

Skip = SupportsIndex | Iterable[int] | Callable[[int], bool] | None
"""Lines at the start to leave out, or the numbers of lines, from 0, or a function that tells which."""

WHITE_SPACE = r"\s+"
COMPRESSED = (b"\x1f\x8b", b"x", b"(")
"""How text begins that polars would inflate (gzip, zlib, Zstandard); no row of numbers does."""
_BLOCK = 4 * 2**20
_TAB, _LF, _CR, _SPACE = np.frombuffer(b"\t\n\r ", dtype=np.uint8)
_LINE_BREAK = re.compile(rb"\r\n|\n|\r")
_CUT_NUMBER = re.compile(rb"[-+]?\d*\.?\d*(e[-+]?\d*)?", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(rb"[-+]?\d+,\d+(e[-+]?\d+)?", re.IGNORECASE)


class TextTable:
    r"""A text file with one row of numbers per line.

    Blank lines and lines that start with ``#`` are skipped, as is a byte order mark. Numbers may be nan or inf. A last
    line that is cut off, so that numbers are missing or the last one ends early, is left out with a `CutOffWarning`.

    Parameters
    ----------
    source : TextSource, path or readable
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
        source: Any,
        sep: str = WHITE_SPACE,
        least: int = 1,
        columns: str = "",
        strict: bool = True,
    ) -> None:
        self.source = source if isinstance(source, TextSource) else TextSource(source)
        self._sep = None if sep == WHITE_SPACE or sep.isspace() else sep.encode()
        self._least, self._columns, self._strict = least, columns, strict
        self._width: int | None = None
        self.left_out: list[int] = []

    def blocks(
        self, skiprows: Skip = None, nrows: int | None = None, advance: Callable[[int], object] | None = None
    ) -> Iterator[NDArray[np.float64]]:
        """Read the rows of all lines but those of `skiprows`, at most `nrows` of them, block by block.

        `advance`, if given, is called with the bytes of each block.

        Raises
        ------
        FormatError
            On a damaged line, or if there are too few columns.
        OSError
            If the file cannot be read.
        """
        left = math.inf if nrows is None else nrows
        for first, block, ending in line_blocks(self.source, skiprows):
            start = 0
            while start < len(block) and left > 0:
                end = _lines_end(block, start, left)
                rows = self.parse(block[start:end], first + block.count(b"\n", 0, start), end >= ending)
                start = end
                rows = rows if len(rows) <= left else rows[: int(left)]
                left -= len(rows)
                if len(rows):
                    yield rows
            if advance is not None:
                advance(len(block))
            if left <= 0:
                break

    def parse(self, block: bytes, first_line: int, last: bool) -> NDArray[np.float64]:
        """Read the rows in some whole lines, the first of which has the given number, the `last` ones of the file."""
        width = self._width or _first_width(block, self._sep)
        if width is None:
            return self._line_by_line(block, first_line, width)
        if width < self._least:
            raise FormatError(
                f"{self.source.name}: expected at least {self._least} columns ({self._columns}), found {width}"
            )
        if self._width is None:
            check_columns(self.source.name, width)
        self._width = width
        rows = parsed(block, self._sep, width)
        if rows is None and last:
            block = self._without_cut_line(block, first_line, width)
            rows = parsed(block, self._sep, width)
        return self._line_by_line(block, first_line, width) if rows is None else rows

    def warn(self, stacklevel: int = 2) -> None:
        """Say which lines were left out."""
        if self.left_out:
            first = ", ".join(map(str, self.left_out[:5]))
            more = ", ..." if len(self.left_out) > 5 else ""
            text = f"{self.source.name}: left out {len(self.left_out)} damaged lines: {first}{more}"
            warnings.warn(text, DamagedLinesWarning, stacklevel=stacklevel + 1)

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
                raise FormatError(f"{self.source.name}, line {number}: expected {expected}, found {found}")
            else:
                self.left_out.append(number)
        return np.array(rows, dtype=np.float64).reshape(len(rows), width or 0)

    def _without_cut_line(self, block: bytes, first_line: int, width: int) -> bytes:
        """The last lines of a file without the very last one, if that could have been a row had it not ended early."""
        text = block.rstrip()
        start = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
        line = text[start:]
        if not _is_cut(_fields(line, self._sep), width):
            return block
        number = first_line + len(_LINE_BREAK.findall(text[:start]))
        found = f"{self.source.name}, line {number}: left out the last line, which is cut off: {_shown(line)}"
        warnings.warn(found, CutOffWarning, stacklevel=2)
        return text[:start]

    def _separator(self) -> str:
        return "white space" if self._sep is None else repr(self._sep.decode())


def line_blocks(source: TextSource, skiprows: Skip = None) -> Iterator[tuple[int, bytes, float]]:
    """Pieces of a file that end with a line, the number of their first line, from 1, and where in them the file ends.

    That is infinite for all pieces but the last, but for blank lines. Lines that `skiprows` names are blank.
    """
    end = source.end()
    first = int(skiprows) if isinstance(skiprows, SupportsIndex) else 0
    with source.open() as file:
        for _ in range(first):
            if not file.readline():
                return
        number = first + 1
        while block := _whole_lines(file):
            kept = blanked(block, number - 1, skiprows)
            yield number, kept, len(kept.rstrip()) if file.tell() >= end else math.inf
            number += block.count(b"\n")


def by_count(skiprows: Skip) -> bool:
    """Whether lines are left out at the start only."""
    return skiprows is None or isinstance(skiprows, SupportsIndex)


def kept_lines(lines: range, skiprows: Skip) -> list[int]:
    """Which of the lines with these numbers, from 0, are not left out."""
    if callable(skiprows):
        return [number for number in lines if not skiprows(number)]
    if skiprows is None or isinstance(skiprows, SupportsIndex):
        return [number for number in lines if number >= int(skiprows or 0)]
    skipped = set(skiprows)
    return [number for number in lines if number not in skipped]


def blanked(block: bytes, first: int, skiprows: Skip) -> bytes:
    """The block, whose first line has the number `first` from 0, without what is in the lines of a list or function."""
    if by_count(skiprows):
        return block
    lines = block.split(b"\n")
    numbers = range(first, first + len(lines))
    for number in set(numbers).difference(kept_lines(numbers, skiprows)):
        lines[number - first] = b""
    return b"\n".join(lines)


def _lines_end(block: bytes, start: int, count: float) -> int:
    """Where the line that is the `count`-th from `start` ends, or the block."""
    if count == math.inf:
        return len(block)
    for _ in range(int(count)):
        start = block.find(b"\n", start) + 1
        if not start:
            return len(block)
    return start


def _whole_lines(file: IO[bytes]) -> bytes:
    block = file.read(_BLOCK)
    return block if block.endswith(b"\n") else block + file.readline()


def parsed(block: bytes, sep: bytes | None, width: int) -> NDArray[np.float64] | None:
    """All rows of some lines at once; None if a line is not `width` numbers."""
    text = tidy(block, sep)
    if not text:
        return np.empty((0, width))
    if text.startswith(COMPRESSED):
        return None
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
    values: list[float] = []
    for text in _fields(line, sep):
        value = _number(text)
        if value is None:
            hint = " (a decimal comma?)" if _DECIMAL_COMMA.fullmatch(text) else ""
            return values, _shown(text) + hint
        values.append(value)
    return values, None


def _is_cut(fields: list[bytes], width: int) -> bool:
    """Whether these are the first fields of a row, the last of them perhaps without its end."""
    *whole, ending = fields
    if any(_number(field) is None for field in whole):
        return False
    missing = len(fields) < width
    return missing if _number(ending) is not None else len(fields) <= width and bool(_CUT_NUMBER.fullmatch(ending))


def _number(text: bytes) -> float | None:
    try:
        # Python's numbers may have underscores, those in files do not.
        return float(text.replace(b"_", b"x"))
    except ValueError:
        return None


def _fields(line: bytes, sep: bytes | None) -> list[bytes]:
    return line.split() if sep is None else [field.strip() for field in line.strip().split(sep)]


def _shown(text: bytes) -> str:
    return repr(text[:40].decode("ascii", "backslashreplace"))
