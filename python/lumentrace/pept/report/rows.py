"""Points of a group: stretches of rows, whose columns are read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lumentrace.base.big_array import BigArray
from lumentrace.base.mapping import BLOCK
from lumentrace.pept.tracks import Indices
from lumentrace.plots.tables import Floats


@dataclass(frozen=True)
class Rows:
    """Row numbers: those from each of the `starts` to before its end.

    Examples
    --------
    >>> rows = Rows(np.array([2, 8]), np.array([4, 9]))
    >>> len(rows), rows[np.array([0, 1, 2])]
    (3, array([2, 3, 8]))
    """

    starts: Indices
    ends: Indices

    def __len__(self) -> int:
        return int((self.ends - self.starts).sum())

    def __getitem__(self, places: Indices) -> Indices:
        """The row numbers at some places."""
        ahead = np.cumsum(self.ends - self.starts) - (self.ends - self.starts)
        stretch = np.searchsorted(ahead, places, side="right") - 1
        return np.asarray(self.starts[stretch] + places - ahead[stretch])

    def slices(self, first: int, after: int) -> Iterator[slice[int, int, int]]:
        """Rows at the places from `first` to before `after`."""
        ahead = 0
        for start, end in zip(self.starts, self.ends, strict=True):
            rows = slice(start + max(first - ahead, 0), min(start + after - ahead, end))
            if rows.start < rows.stop:
                yield rows
            ahead += end - start


@dataclass(frozen=True)
class Chosen:
    """Some rows of an array, in slices."""

    values: BigArray
    rows: Rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Its extents."""
        return len(self.rows), *self.values.shape[1:]

    def __getitem__(self, places: slice[int, int, None]) -> Floats:
        found = [self.values[rows] for rows in self.rows.slices(places.start, places.stop)]
        return np.concatenate([np.empty((0, *self.shape[1:])), *found])

    def blocks(self) -> Iterator[Floats]:
        """All of them, block by block."""
        return (self[start : start + BLOCK] for start in range(0, len(self.rows), BLOCK))
