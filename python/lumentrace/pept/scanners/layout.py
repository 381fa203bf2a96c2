"""How a text file separates its columns, and what its first line calls them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lumentrace.pept.scanners.named_columns import LineColumns, line_columns, split
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import WHITE_SPACE, numbers

_SEPARATORS = (",", ";")
_MOST_BYTES = 2**16
_BEFORE_UNIT = re.compile(r"\s+(?=[(\[])")


@dataclass(frozen=True)
class Layout:
    """Separator, lines before the first row, names and units of the columns (empty if there are none), their number."""

    sep: str
    skiprows: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    width: int

    def lines(self, place: str) -> LineColumns | None:
        """Where the columns of lines of response are, if all are named; None otherwise.

        Raises
        ------
        FormatError
            If one is in a unit that is none; `place` is the file.
        """
        return line_columns(self.names, self.units, place)


def layout(source: TextSource) -> Layout:
    """Find the layout from the first row of numbers and the line above it.

    A line of names has as many fields as the row, none of which is a number; units in brackets are no fields.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with source.open() as file:
        lines = file.read(_MOST_BYTES).splitlines()
    above: bytes = b""
    for number, line in enumerate(lines):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        sep = next((sep for sep in _SEPARATORS if sep.encode() in text), WHITE_SPACE)
        values, wrong = numbers(text, None if sep == WHITE_SPACE else sep.encode())
        if wrong is None and len(values) > 1:
            names = _names(above, sep, len(values))
            fields = [split(name) for name in names]
            named, units = tuple(name for name, _ in fields), tuple(unit for _, unit in fields)
            return Layout(sep, number if names else 0, named, units, len(values))
        above = text
    return Layout(WHITE_SPACE, 0, (), (), 0)


def _names(line: bytes, sep: str, width: int) -> list[str]:
    text = line.decode("utf-8", "replace")
    fields = _BEFORE_UNIT.sub("", text).split() if sep == WHITE_SPACE else text.split(sep)
    return fields if len(fields) == width and not any(map(_is_number, fields)) else []


def _is_number(field: str) -> bool:
    return numbers(field.encode())[1] is None
