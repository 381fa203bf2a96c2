"""What all readers of text files share."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.pept.scanners.progress import reading
from lumentrace.pept.utilities.row_table import gather, limit_for
from lumentrace.pept.utilities.text_table import Skip, TextTable

Floats = NDArray[np.float64]


def text_rows(
    table: TextTable,
    columns: str,
    verbose: bool,
    memory_map: bool | None = None,
    convert: Callable[[Floats], Floats] = np.asarray,
    skiprows: Skip = None,
    nrows: int | None = None,
) -> Floats:
    """All rows of a text file, converted block by block.

    Raises
    ------
    FormatError
        If there is none, or a line is damaged.
    """
    size = table.source.size()
    with reading(verbose, size) as advance:
        blocks = table.blocks(skiprows, nrows, advance)
        rows = gather((convert(block) for block in blocks), size, limit_for(memory_map))
    if rows is None:
        raise FormatError(f"{table.source.name}: expected rows {columns}, found none")
    table.warn(stacklevel=3)
    return rows


def warn_of_unsorted(times: Floats) -> None:
    """Say where times decrease."""
    earlier = np.flatnonzero(times[1:] < times[:-1])
    if len(earlier):
        row = int(earlier[0])
        text = (
            f"times decrease, first from {times[row]} to {times[row + 1]} ms at row {row + 1}; "
            "sort the rows before cutting them into samples"
        )
        warnings.warn(text, UserWarning, stacklevel=3)
