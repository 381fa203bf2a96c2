"""Columns that are no longer needed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine.samples.transformer import Filter


class Remove(Filter):
    """Remove columns by name or number.

    Parameters
    ----------
    *columns : str, int or list of these
        Names, in which ``*`` stands for any run of word characters, or numbers, negative ones counted from the end.
        Columns that do not exist are ignored.

    Raises
    ------
    ValueError
        If fewer columns would stay than the class of the sample needs.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Remove
    >>> points = PointData([[0, 1, 2, 3, 4, 5]], columns=["t", "x", "y", "z", "line_index1", "error"])
    >>> Remove(["line_index*", -1]).fit_sample(points).columns
    ['t', 'x', 'y', 'z']
    """

    def __init__(self, *columns: Any) -> None:
        flat = [c for each in columns for c in (each if isinstance(each, (list, tuple)) else [each])]
        for column in flat:
            if not isinstance(column, (str, int, np.integer)):
                raise TypeError(f"`columns`: expected names or numbers, found {column!r}")
        self.columns = flat

    def fit_sample(self, sample: IterableSamples) -> IterableSamples:
        """Remove the columns from one sample."""
        width = len(sample.columns)
        gone = {i for column in self.columns for i in _matching(column, sample.columns)}
        keep = [i for i in range(width) if i not in gone]
        return sample.copy(data=sample.data[:, keep], columns=[sample.columns[i] for i in keep])


def _matching(column: str | int, names: list[str]) -> list[int]:
    if isinstance(column, str):
        pattern = re.compile(re.escape(column).replace(r"\*", r"\w*"))
        return [i for i, name in enumerate(names) if pattern.fullmatch(name)]
    return [column % len(names)] if -len(names) <= column < len(names) else []
