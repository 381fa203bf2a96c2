"""What all readers of text files share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping, provenance
from lumentrace.base.errors import FormatError
from lumentrace.pept.scanners.files import identity
from lumentrace.pept.scanners.progress import reading
from lumentrace.pept.utilities.row_table import gather, limit_for
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import Skip, TextTable

Floats = NDArray[np.float64]

LEFT_OUT = "damaged_lines_left_out"
"""Where the provenance of what a text file held says how many of its lines were left out."""


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


def text_identity(source: TextSource) -> dict[str, Any]:
    """Name, size and content hash of a text."""
    if source.path is not None:
        return identity(source.path)
    content = np.frombuffer(source.again().getvalue(), dtype=np.uint8)
    return {"path": source.name, "bytes": source.size(), "xxh3": provenance.content(content)}


def warn_of_unsorted(times: Floats) -> None:
    """Say where times decrease; block by block, without holding pages of a mapped file."""
    for start in range(0, len(times), mapping.BLOCK):
        block = np.array(times[start : start + mapping.BLOCK + 1])
        mapping.release(times)
        earlier = np.flatnonzero(block[1:] < block[:-1])
        if len(earlier):
            row = int(earlier[0])
            text = (
                f"times decrease, first from {block[row]} to {block[row + 1]} ms at row {start + row + 1}; "
                "sort the rows before cutting them into samples"
            )
            warnings.warn(text, UserWarning, stacklevel=3)
            return
