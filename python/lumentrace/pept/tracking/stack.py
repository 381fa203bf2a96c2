"""All results as one object."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.points import PointData
from lumentrace.engine.samples.results import Results, as_batch
from lumentrace.engine.samples.transformer import Reducer

SMALLEST_END = 6
"""The smallest sample at either end is this part of a whole one."""


class Stack(Reducer):
    """Stack the results of all samples into one `LineData`, `PointData` or array.

    Parameters
    ----------
    sample_size, overlap : optional
        How the rows of the result are cut into samples, as for `LineData`; by default each stacked object stays a
        sample.
    ends : bool, default False
        Add samples that shrink towards the first and the last row, down to a sixth of `sample_size`, their middles as
        far apart as those of whole ones. The mean of a moving sample never comes nearer to the ends of the data than
        half of its length: with these it does.

    Raises
    ------
    ValueError
        If `ends` is asked for without a whole number as `sample_size`.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Stack
    >>> stacked = Stack(sample_size=2).fit([PointData([[0, 1, 1, 1]]), PointData([[1, 2, 2, 2], [2, 3, 3, 3]])])
    >>> len(stacked.points), len(stacked)
    (3, 1)
    """

    ends: bool = False

    def __init__(self, sample_size: Any = None, overlap: Any = None, ends: bool = False) -> None:
        if ends and not isinstance(sample_size, (int, np.integer)):
            raise ValueError(f"`sample_size`: expected a whole number beside `ends`, found {sample_size!r}")
        self.sample_size = sample_size
        self.overlap = overlap
        if ends:  # so that the repr of a Stack without is the documented one
            self.ends = True

    def stacks(self) -> tuple[Any, Any] | None:
        """How the rows are cut anew; None with `ends`, which are only known when all rows are."""
        return None if self.ends else (self.sample_size, self.overlap)

    def fit(self, samples: Any) -> Any:
        """Stack `samples`.

        Raises
        ------
        ValueError
            If `samples` cannot be iterated.
        """
        if isinstance(samples, IterableSamples):
            return self._sampled(samples.copy(deep=False))
        if isinstance(samples, Results):
            return self._sampled(_stacked(samples))
        try:
            items = list(samples)
        except TypeError:
            raise ValueError(f"Stack: expected samples to iterate over, found {type(samples).__name__}") from None
        if items and all(isinstance(item, np.ndarray) for item in items):
            return np.vstack(items)
        if items and all(isinstance(item, (list, tuple)) for item in items):
            items = [each for item in items for each in item]
        batch = as_batch(items) if items else None
        if batch is None:
            return self._stack_alike(items)
        return self._sampled(_stacked(batch))

    def _stack_alike(self, items: list[Any]) -> Any:
        kinds = {type(item) for item in items}
        if len(kinds) == 1 and issubclass(next(iter(kinds)), IterableSamples):
            return self._sampled(kinds.pop()(items))
        return items

    def _sampled(self, stacked: IterableSamples) -> IterableSamples:
        if self.sample_size is None:
            return stacked
        sampled = stacked.copy(deep=False, sample_size=self.sample_size, overlap=self.overlap)
        if self.ends:
            step = self.sample_size - (self.overlap or 0)
            sampled.samples_indices = _with_ends(sampled.samples_indices, len(sampled.data), self.sample_size, step)
        return sampled


def _with_ends(whole: NDArray[np.int64], rows: int, size: int, step: int) -> NDArray[np.int64]:
    """Samples that grow from the first row, then the whole ones, then samples that shrink towards the last row."""
    # A sample that grows at one end only moves its middle by half of that.
    lengths = np.arange(max(1, size // SMALLEST_END), min(size - 1, rows) + 1, 2 * step)
    first = np.column_stack([np.zeros_like(lengths), lengths])
    last = np.column_stack([rows - lengths[::-1], np.full_like(lengths, rows)])
    return np.concatenate([first, whole, last])


def _stacked(batch: Results) -> IterableSamples:
    lengths = np.diff(batch.ranges, axis=1)[:, 0]
    follow_on = len(batch.ranges) and batch.ranges[0, 0] == 0 and (batch.ranges[1:, 0] == batch.ranges[:-1, 1]).all()
    rows = batch.rows
    if not follow_on or batch.ranges[-1, 1] != len(rows):
        rows = np.concatenate([rows[:0], *(rows[start:end] for start, end in batch.ranges)])
    stacked = batch.kind(rows, lengths.tolist(), columns=batch.columns, **(batch.attrs(0) if len(batch) else {}))
    stacked.provenance, stacked.units = batch.provenance, batch.units
    return stacked


def stacked_points(name: str, points: Any) -> PointData:
    """All `points` as one table.

    Raises
    ------
    TypeError
        If they are no points.
    """
    stacked = Stack().fit(points)
    if isinstance(stacked, IterableSamples) and not isinstance(stacked, PointData):
        raise TypeError(f"{name}: expected PointData, found {type(stacked).__name__}")
    return stacked if isinstance(stacked, PointData) else PointData(stacked)
