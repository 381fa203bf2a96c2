"""All results as one object."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine.native import as_batch
from lumentrace.engine.results import Results
from lumentrace.engine.transformer import Reducer


class Stack(Reducer):
    """Stack the results of all samples into one `LineData`, `PointData` or array.

    Parameters
    ----------
    sample_size, overlap : optional
        How the rows of the result are cut into samples, as for `LineData`; by default each stacked object stays a
        sample.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Stack
    >>> stacked = Stack(sample_size=2).fit([PointData([[0, 1, 1, 1]]), PointData([[1, 2, 2, 2], [2, 3, 3, 3]])])
    >>> len(stacked.points), len(stacked)
    (3, 1)
    """

    def __init__(self, sample_size: Any = None, overlap: Any = None) -> None:
        self.sample_size = sample_size
        self.overlap = overlap

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
        if self.sample_size is not None:
            return stacked.copy(deep=False, sample_size=self.sample_size, overlap=self.overlap)
        return stacked


def _stacked(batch: Results) -> IterableSamples:
    lengths = np.diff(batch.ranges, axis=1)[:, 0]
    follow_on = len(batch.ranges) and batch.ranges[0, 0] == 0 and (batch.ranges[1:, 0] == batch.ranges[:-1, 1]).all()
    rows = batch.rows
    if not follow_on or batch.ranges[-1, 1] != len(rows):
        rows = np.concatenate([rows[:0], *(rows[start:end] for start, end in batch.ranges)])
    stacked = batch.kind(rows, lengths.tolist(), columns=batch.columns, **(batch.attrs(0) if len(batch) else {}))
    stacked.provenance, stacked.units = batch.provenance, batch.units
    return stacked
