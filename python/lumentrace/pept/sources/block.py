"""Some lines of response, and what happened on their way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.lines import LineData

COLUMNS = len(LineData.default_columns)
"""Numbers in a row: t, x1, y1, z1, x2, y2, z2."""
_ROWS = 2**14


def no_rows() -> NDArray[np.float64]:
    """A table without a line."""
    return np.empty((0, COLUMNS))


@dataclass(frozen=True, eq=False)
class Block:
    """What came from a source since the last block.

    Attributes
    ----------
    rows : (N, 7) array
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm), in the order in which they came. N may be 0: the source is silent.
    dropped : int
        Lines given up since the last block, by the source or on the way from it.
    notices : tuple of str
        What happened since the last block, in words.

    Examples
    --------
    >>> from lumentrace.pept.sources import Block
    >>> block = Block([[0.5, 1, 2, 3, 4, 5, 6]], notices=("the source is back",))
    >>> block.rows.shape, block.dropped
    ((1, 7), 0)
    """

    rows: NDArray[np.float64] = field(default_factory=no_rows)
    dropped: int = 0
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", np.asarray(self.rows, dtype=np.float64))


def joined(blocks: Iterable[Block]) -> Block:
    """Consecutive blocks as one."""
    parts = list(blocks)
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate([no_rows(), *(part.rows for part in parts)])
    return Block(rows, sum(part.dropped for part in parts), tuple(text for part in parts for text in part.notices))


def given_blocks(items: Iterable[Any]) -> Iterator[Block]:
    """Blocks of rows of a user's, one for each item, pulled when they are asked for.

    Raises
    ------
    ValueError
        If an item is not lines; the message says which one.
    """
    if isinstance(items, (LineData, np.ndarray)):
        rows = _given(items, 0).rows
        yield from (Block(rows[start : start + _ROWS]) for start in range(0, len(rows), _ROWS))
        return
    for number, item in enumerate(items):
        yield _given(item, number)


def _given(item: Any, number: int) -> Block:
    if isinstance(item, LineData):
        return Block(item.lines[:, :COLUMNS])
    block = item if isinstance(item, Block) else None
    rows = np.asarray(item if block is None else block.rows)
    if rows.ndim != 2 or rows.shape[1] < COLUMNS or rows.dtype.kind not in "fiu":
        raise ValueError(
            f"`source`, block {number}: expected a table of at least {COLUMNS} columns "
            f"({', '.join(LineData.default_columns)}), found {rows.dtype} of shape {rows.shape}"
        )
    rows = rows[:, :COLUMNS]
    return Block(rows) if block is None else Block(rows, block.dropped, block.notices)
