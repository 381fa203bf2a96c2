"""Splitting tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.masked import unmasked


@unmasked
def group_by_column(data_array: ArrayLike, column_to_separate: int) -> list[NDArray[Any]]:
    """Split a table into one table per value of a column.

    Parameters
    ----------
    data_array : (N, C) array-like
        The rows to split.
    column_to_separate : int
        Column whose values tell the groups apart.

    Returns
    -------
    list of (n, C) ndarray
        One per different value, in ascending order of the values; rows keep their order. Rows whose value is nan
        make one group, the last.

    Raises
    ------
    ValueError
        If `data_array` is not two-dimensional.
    IndexError
        If there is no such column.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept.utilities import group_by_column
    >>> group_by_column(np.array([[1, 2], [3, 2], [5, 1]]), 1)
    [array([[5, 1]]), array([[1, 2],
           [3, 2]])]
    """
    table = np.asarray(data_array)
    if table.ndim != 2:
        raise ValueError(f"`data_array`: expected a 2-D table, found {table.ndim} dimensions")
    if not -table.shape[1] <= column_to_separate < table.shape[1]:
        raise IndexError(f"`column_to_separate`: expected one of {table.shape[1]} columns, found {column_to_separate}")
    order = np.argsort(table[:, column_to_separate], kind="stable")
    _, starts = np.unique(table[order, column_to_separate], return_index=True)
    return np.split(table[order], starts[1:]) if len(table) else []
