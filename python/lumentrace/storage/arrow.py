"""Tables for any library that takes Arrow, by its PyCapsule interface."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.storage.sheets import is_whole


def arrow_stream(table: IterableSamples, requested_schema: object = None) -> Any:
    """The rows as a capsule ``arrow_array_stream``, which polars, pyarrow, pandas, DuckDB and others read.

    They are copied once, 65,536 at a time, when they are asked for; those on disk stay there until then. Columns are
    those of `lumentrace.storage.to_polars`, with the unit as ``unit`` in the metadata of the field.

    Parameters
    ----------
    table : LineData or PointData
    requested_schema : capsule, optional
        Left aside, as the interface allows.

    Raises
    ------
    ValueError
        If two columns have the same name.

    References
    ----------
    https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html

    Examples
    --------
    >>> import polars as pl
    >>> from lumentrace import PointData
    >>> pl.DataFrame(PointData([[0, 1, 2, 3, 7]], columns=["t", "x", "y", "z", "label"])).row(0)
    (0.0, 1.0, 2.0, 3.0, 7)
    """
    return _core.arrow_stream(np.asarray(table.data), _columns(table))


def arrow_schema(table: IterableSamples) -> Any:
    """The columns as a capsule ``arrow_schema``: names, types and units.

    Parameters
    ----------
    table : LineData or PointData

    Raises
    ------
    ValueError
        If two columns have the same name.
    """
    return _core.arrow_schema(_columns(table))


def _columns(table: IterableSamples) -> list[tuple[str, str, bool]]:
    if len(set(table.columns)) < len(table.columns):
        raise ValueError(f"`columns`: expected names that differ, found {table.columns}")
    return [(name, table.units[name], is_whole(table, number)) for number, name in enumerate(table.columns)]
