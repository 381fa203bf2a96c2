"""The LoRs of a tracking report, read in blocks so that tables on disk need not fit in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base import mapping
from lumentrace.base.big_array import BigArray
from lumentrace.data.lines import LineData
from lumentrace.plots.decimate import every
from lumentrace.plots.tables import Floats, Table, tables

from .parts import histogram

COLUMNS = ("t", "x1", "y1", "z1", "x2", "y2", "z2")
LineRows: TypeAlias = LineData | ArrayLike | Sequence[LineData | ArrayLike]
LINES_DRAWN = 400
BLOCK = 2**18


@dataclass(frozen=True)
class Lines:
    """LoRs with a finite time.

    Attributes
    ----------
    source : tuple of Table
    count : int
        How many there are.
    first, last : float
        Their least and greatest time; NaN without any.
    sample : (L, 7) array
        Those to draw, evenly spaced.
    """

    source: tuple[Table, ...]
    count: int
    first: float
    last: float
    sample: Floats

    @classmethod
    def of(cls, lines: LineRows) -> Lines:
        """Read LineData, an array of at least 7 columns, or a list of these."""
        source = tuple(tables(lines, "lines", COLUMNS))
        count, first, last = 0, math.inf, -math.inf
        for times in _times(source):
            count += len(times)
            first, last = min(first, times.min()), max(last, times.max())
        if not count:
            first = last = math.nan
        return cls(source, count, float(first), float(last), _sample(source))

    def histogram(self, edges: Floats) -> NDArray[np.int64]:
        """How many LoRs fall into each bin of time."""
        return histogram(_times(self.source), edges)


def _times(source: tuple[Table, ...]) -> Iterator[Floats]:
    """Blocks of finite times."""
    for table in source:
        for start in range(0, len(table.rows), BLOCK):
            times = np.array(table.rows[start : start + BLOCK, 0])
            mapping.release(table.rows)
            times = times[np.isfinite(times)]
            if len(times):
                yield times


def _sample(source: tuple[Table, ...]) -> Floats:
    parts = [BigArray(table.rows)[every(len(table.rows), LINES_DRAWN), :7] for table in source]
    rows = np.concatenate([np.empty((0, 7)), *parts])
    rows = rows[np.isfinite(rows).all(axis=1)]
    return np.asarray(rows[every(len(rows), LINES_DRAWN)])
