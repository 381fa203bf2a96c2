"""Numbers in lines of GATE's text, and lines of response from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import check_columns
from lumentrace.base.errors import FormatError
from lumentrace.base.polars import pl
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.gate_columns import COUNTS
from lumentrace.pept.utilities.text_table import COMPRESSED, tidy

Floats = NDArray[np.float64]
_MS_PER_S = 1000.0


def first_fields(block: bytes) -> tuple[int, list[bytes]] | None:
    """Number of the first line that has something, from 0, and its fields; lines that start with ``#`` do not count."""
    for number, line in enumerate(block.splitlines()):
        fields = line.split()
        if fields and not fields[0].startswith(b"#"):
            return number, fields
    return None


def numbers_in(name: str, first_line: int, block: bytes, width: int, wanted: Sequence[int]) -> Floats:
    """The wanted columns of all lines of a block, the first of which has the given number.

    Raises
    ------
    FormatError
        If a line has not `width` columns, or something else than a number in one of those.
    """
    check_columns(name, width)
    text = tidy(block, None)
    if text.startswith(COMPRESSED):
        raise FormatError(f"{name}, {_damage(block, first_line, width, wanted)}")
    schema = {str(i): pl.Float64 if i in wanted else pl.String for i in range(width)}
    try:
        frame = pl.read_csv(text, has_header=False, separator=" ", schema=schema, quote_char=None, comment_prefix="#")
        table = frame.select(str(i) for i in wanted).to_numpy().astype(np.float64)
    except pl.exceptions.NoDataError:
        return np.empty((0, len(wanted)))
    except pl.exceptions.PolarsError:
        raise FormatError(f"{name}, {_damage(block, first_line, width, wanted)}") from None
    if np.isnan(table).any():
        raise FormatError(f"{name}, {_damage(block, first_line, width, wanted)}")
    return table


def line_columns(wanted: Sequence[str]) -> list[str]:
    """Names of the columns of lines between singles of which these variables are known."""
    found = [*LineData.default_columns, "t2"]
    if "event" in wanted:
        found.append("random")
    if set(COUNTS) <= set(wanted):
        found.append("scattered")
    return found


def line_rows(first: Floats, second: Floats, wanted: Sequence[str]) -> Floats:
    """Lines between singles, both of which have the `wanted` variables as columns; times from s to ms."""
    names = list(wanted)
    rows = np.empty((len(first), len(line_columns(wanted))))
    rows[:, 0], rows[:, 7] = first[:, 0] * _MS_PER_S, second[:, 0] * _MS_PER_S
    rows[:, 1:4], rows[:, 4:7] = first[:, 1:4], second[:, 1:4]
    next_column = 8
    if "event" in names:
        event = names.index("event")
        rows[:, next_column] = first[:, event] != second[:, event]
        next_column += 1
    if next_column < rows.shape[1]:
        counts = [names.index(name) for name in COUNTS]
        rows[:, next_column] = (first[:, counts] > 0).any(axis=1) | (second[:, counts] > 0).any(axis=1)
    return rows


def _damage(block: bytes, first_line: int, width: int, wanted: Sequence[int]) -> str:
    """The first line that cannot be read, and why."""
    for number, line in enumerate(block.splitlines(), first_line):
        fields = line.split()
        if not fields or fields[0].startswith(b"#"):
            continue
        if len(fields) != width:
            return f"line {number}: expected {width} columns, found {len(fields)}"
        for column in wanted:
            try:
                if np.isnan(float(fields[column])):
                    return f"line {number}: expected a number in column {column + 1}, found nan"
            except ValueError:
                text = fields[column][:40].decode("ascii", "backslashreplace")
                return f"line {number}: expected a number in column {column + 1}, found {text!r}"
    return f"line {first_line}: expected lines of equal width"
