"""Whatever can be plotted as rows (LineData, PointData, arrays, lists of them), brought to one form."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumentrace.engine.samples.results import Results

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Rows of numbers with a name and, where known, a unit for each column."""

    rows: Floats
    columns: tuple[str, ...]
    units: Mapping[str, str] = field(default_factory=dict)

    def index(self, column: int | str, argument: str) -> int:
        """Position of a column given by name or number (negative numbers count from the end).

        Raises
        ------
        ValueError
            If there is no such column; the message names `argument` and the columns there are.
        """
        if isinstance(column, str):
            if column not in self.columns:
                raise ValueError(f"`{argument}`: expected one of {list(self.columns)}, found {column!r}")
            return self.columns.index(column)
        number = operator.index(column)
        width = len(self.columns)
        if not -width <= number < width:
            raise ValueError(f"`{argument}`: expected a column from {-width} to {width - 1}, found {number}")
        return number % width

    def select(self, names: Sequence[str], fallback: Sequence[int]) -> list[Floats]:
        """The named columns if all of them exist, otherwise those at the `fallback` positions."""
        known = all(name in self.columns for name in names)
        where = [self.columns.index(name) for name in names] if known else fallback
        return [self.rows[:, i] for i in where]


def tables(data: object, kind: str, names: Sequence[str], least: int | None = None) -> list[Table]:
    """Turn user data into a list of tables.

    Parameters
    ----------
    data : LineData, PointData, 2-D array-like, or list of these
    kind : {"points", "lines"}
        The attribute that holds the rows, which is also the argument's name in error messages.
    names : sequence of str
        Column names for arrays without any; further columns are called ``col4``, ``col5``, ...
    least : int, optional
        Fewest columns accepted; `len(names)` by default.

    Raises
    ------
    TypeError
        If a table of the other kind is given.
    ValueError
        If the rows are not a 2-D array of numbers or have too few columns.
    """
    items = _flat(data) if isinstance(data, Sequence) and _is_list_of_tables(data) else [data]
    return [_table(item, kind, names, len(names) if least is None else least) for item in items]


def nothing(data: object) -> bool:
    """Whether `data` is a list of no tables."""
    return isinstance(data, Sequence) and _is_list_of_tables(data) and not len(data)


def _is_list_of_tables(data: object) -> bool:
    if isinstance(data, Results):
        return True
    if not isinstance(data, (list, tuple)):
        return False
    return all(hasattr(item, "columns") or np.ndim(item) == 2 for item in data)


def _flat(data: Sequence[object]) -> list[object]:
    """The tables of a list, or of a lazy list of lists."""
    if isinstance(data, Results) and data.listed:
        return [each for item in data for each in item]
    return list(data)


def _table(item: object, kind: str, names: Sequence[str], least: int) -> Table:
    columns = getattr(item, "columns", None)
    if columns is not None and not hasattr(item, kind):
        raise TypeError(f"`{kind}`: expected {kind}, an array or a list of them, found {type(item).__name__}")
    source = item if columns is None else getattr(item, kind)
    try:
        rows = np.asanyarray(source, dtype=np.float64)
        rows = rows if isinstance(rows, np.memmap) else np.asarray(rows)
    except (TypeError, ValueError):
        raise ValueError(f"`{kind}`: expected a table of numbers, found {type(item).__name__}") from None
    if rows.ndim != 2 or rows.shape[1] < least:
        raise ValueError(f"`{kind}`: expected a 2-D table with at least {least} columns, found {rows.shape}")
    if columns is None:
        columns = [*names, *(f"col{i}" for i in range(len(names), rows.shape[1]))]
    return Table(rows, tuple(columns)[: rows.shape[1]], dict(getattr(item, "units", None) or {}))
