"""One object per value of a column."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.tracking.stack import Stack


class GroupBy(Reducer):
    """Stack all samples and split them by the values of a column, in ascending order, NaN last.

    Parameters
    ----------
    column : str or int
        Name or number of the column; arrays have numbers only.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import GroupBy
    >>> points = PointData([[0, 1, 1, 1, 7], [1, 9, 9, 9, 3], [2, 1, 1, 2, 7]], columns=["t", "x", "y", "z", "label"])
    >>> [group["label"].tolist() for group in GroupBy("label").fit(points)]
    [[3.0], [7.0, 7.0]]
    """

    def __init__(self, column: str | int) -> None:
        if not isinstance(column, (str, int, np.integer)):
            raise TypeError(f"`column`: expected a name or a number, found {column!r}")
        self.column = column

    def fit(self, samples: Any) -> list[Any]:
        """Split all `samples`."""
        stacked = samples if isinstance(samples, np.ndarray) else Stack().fit(samples)
        if isinstance(stacked, IterableSamples):
            values = stacked[self.column] if isinstance(self.column, str) else stacked.data[:, self.column]
            return [stacked.copy(data=stacked.data[rows]) for rows in _groups(values)]
        if isinstance(self.column, str):
            raise TypeError(f"GroupBy: expected a column number for an array, found {self.column!r}")
        table = np.asarray(stacked)
        return [table[rows] for rows in _groups(table[:, self.column])]


def _groups(values: Any) -> list[Any]:
    unique, which = np.unique(values, return_inverse=True)
    return [which == i for i in range(len(unique))] or [slice(None)]


class SplitAll(GroupBy):
    """Another name of `GroupBy`."""
