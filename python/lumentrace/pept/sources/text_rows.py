"""Lines of response from text that comes piece by piece."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.pept.scanners.layout import layout
from lumentrace.pept.scanners.screens import with_screens
from lumentrace.pept.sources.block import COLUMNS, Block, no_rows
from lumentrace.pept.sources.garbage import MOST_RECORDS, Garbage
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import WHITE_SPACE, numbers, parsed

Rows = NDArray[np.float64]

LONGEST_LINE = 2**16
"""Bytes after which text without a line break is no line of numbers."""
LONGEST_NAMES = 2**12
"""Bytes of a line above the rows that are looked at."""
SCREENS = 5
"""Columns t, x1, y1, x2, y2 of two parallel screens."""
_SEPARATION = re.compile(rb"\s*Separation\s*=\s*(\d+(?:\.\d*)?)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class _Form:
    """How the text separates its numbers, how many there are in a row, and what lines they stand for."""

    sep: bytes | None
    width: int
    lines: Callable[[Rows], Rows]


class TextRows:
    """Reads rows t, x1, y1, z1, x2, y2, z2 (or t, x1, y1, x2, y2 of two screens) from pieces of text.

    Separator, number and order of columns are those of the first row and of the names above it. Blank lines and those
    that begin with ``#`` are skipped; all others that are no row are left out and told in a notice.

    Parameters
    ----------
    name : str
        Name of the text in messages.
    separation : float, optional
        Distance of two screens in mm; otherwise a line ``Separation= 712`` above the first row says it.
    cut_row_counts : bool
        Whether a row whose line break is missing at the very end is one.
    """

    ended = False

    def __init__(self, name: str, separation: float | None, cut_row_counts: bool) -> None:
        self._name, self._separation, self._cut_row_counts = name, separation, cut_row_counts
        self._rest = b""
        self._number = 1
        self._skipping = False
        self._above: list[tuple[int, bytes]] = []
        self._form: _Form | None = None
        self._garbage = Garbage(name, f"rows of {COLUMNS} numbers", "lines of text")

    def feed(self, data: bytes) -> Block:
        """Take the next bytes; gives the rows that they complete.

        Raises
        ------
        FormatError
            If there are too many lines in a row that are no rows.
        """
        text = self._rest + data
        end = text.rfind(b"\n") + 1
        self._rest = text[end:]
        rows = self._rows(text[:end]) if end else no_rows()
        if len(self._rest) > LONGEST_LINE:
            if not self._skipping:
                self._leave_out(self._number, self._rest)
            self._rest, self._skipping = b"", True
        return Block(rows, notices=self._garbage.told())

    def finish(self) -> Block:
        """Say that no more bytes come."""
        text, self._rest = self._rest, b""
        rows = no_rows()
        if self._cut_row_counts:
            rows = self._rows(text)
        elif text.strip():
            self._leave_out(self._number, text)
        for number, line in self._above:
            self._leave_out(number, line)
        return Block(rows, notices=self._garbage.told(last=True))

    def _rows(self, text: bytes) -> Rows:
        """The rows in some whole lines."""
        if self._skipping:
            _, _, text = text.partition(b"\n")
            self._number, self._skipping = self._number + 1, False
        if self._form is None:
            text = self._begin(text)
        if self._form is None or not text:
            return no_rows()
        table = parsed(text, self._form.sep, self._form.width)
        if table is None:
            table = self._line_by_line(text, self._form)
        elif len(table):
            self._garbage.good()
        self._number += text.count(b"\n")
        return self._form.lines(table)

    def _line_by_line(self, text: bytes, form: _Form) -> Rows:
        rows = []
        for number, line in enumerate(text.splitlines(), self._number):
            if _is_empty(line):
                continue
            values, wrong = numbers(line, form.sep)
            if wrong is None and len(values) == form.width:
                rows.append(values)
                self._garbage.good()
            else:
                self._leave_out(number, line)
        return np.array(rows, dtype=np.float64).reshape(len(rows), form.width)

    def _begin(self, text: bytes) -> bytes:
        """Find the first row; gives the text from there on, or nothing."""
        while text:
            line, ending, rest = text.partition(b"\n")
            if not _is_empty(line):
                self._form = self._form_of(line)
                if self._form is not None:
                    return text
                self._hold(line)
            self._number += len(ending)
            text = rest
        return b""

    def _hold(self, line: bytes) -> None:
        """Keep a line that may belong to a header until the first row tells."""
        found = _SEPARATION.match(line)
        if found and self._separation is None:
            self._separation = float(found[1])
        self._above.append((self._number, line[:LONGEST_NAMES]))
        if len(self._above) >= MOST_RECORDS:
            raise FormatError(
                f"{self._name}: expected rows of {COLUMNS} numbers, found none in {len(self._above)} lines of text, "
                f"the latest in line {self._number}: {_shown(line)}"
            )

    def _form_of(self, line: bytes) -> _Form | None:
        """What rows like this one look like; None if it is none."""
        above = self._above[-1][1] if self._above else b""
        found = layout(TextSource(io.BytesIO(b"\n".join([above, line]))))
        sep = None if found.sep == WHITE_SPACE else found.sep.encode()
        values, wrong = numbers(line, sep)
        if wrong is not None or len(values) < SCREENS:
            return None
        separation = self._separation
        if len(values) < COLUMNS:
            if separation is None:
                return None
            self._above.clear()
            return _Form(sep, len(values), lambda rows: with_screens(rows, separation)[:, :COLUMNS])
        names_are_there = bool(found.names)
        for number, text in self._above[:-1] if names_are_there else self._above:
            self._leave_out(number, text)
        self._above.clear()
        named = found.lines(self._name)
        return _Form(sep, len(values), lambda rows: (rows if named is None else named.in_order(rows))[:, :COLUMNS])

    def _leave_out(self, number: int, line: bytes) -> None:
        self._garbage.add(1, f"line {number}", _shown(line))


def _is_empty(line: bytes) -> bool:
    line = line.strip()
    return not line or line.startswith(b"#")


def _shown(line: bytes) -> str:
    return repr(line[:40].decode("ascii", "backslashreplace"))
