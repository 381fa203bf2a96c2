"""How a text file separates its columns, and what its first line calls them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import WHITE_SPACE, numbers

_SEPARATORS = (",", ";")
_MOST_BYTES = 2**16
_UNIT = re.compile(r"\s*[(\[].*")


@dataclass(frozen=True)
class Layout:
    """Separator, lines before the first row, names of the columns (empty if there are none) and their number."""

    sep: str
    skiprows: int
    names: tuple[str, ...]
    width: int

    def places(self, names: Sequence[str]) -> list[int] | None:
        """Where the columns with these names are, if all are named; None otherwise."""
        return [self.names.index(name) for name in names] if set(names) <= set(self.names) else None


def layout(source: TextSource) -> Layout:
    """Find the layout from the first row of numbers and the line above it.

    A line of names has as many fields as the row, none of which is a number; units in brackets do not count.

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
            return Layout(sep, number if names else 0, names, len(values))
        above = text
    return Layout(WHITE_SPACE, 0, (), 0)


def _names(line: bytes, sep: str, width: int) -> tuple[str, ...]:
    separator = None if sep == WHITE_SPACE else sep
    fields = [
        _UNIT.sub("", field).strip("\"' \t").lower() for field in line.decode("utf-8", "replace").split(separator)
    ]
    return tuple(fields) if len(fields) == width and not any(map(_is_number, fields)) else ()


def _is_number(field: str) -> bool:
    return numbers(field.encode())[1] is None
