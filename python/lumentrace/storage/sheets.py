"""Rows as comma-separated text with units in the header, for spreadsheets and data frames."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from lumentrace.base import mapping
from lumentrace.base.files import replacing
from lumentrace.base.polars import pl
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.storage.tables import EXACT, WHOLE

ROWS = 2**16
"""Rows that are written at a time: some MB, so that rows on disk need little memory."""


def write_csv(path: str | os.PathLike[str], table: IterableSamples) -> None:
    """Write the rows as comma-separated text; the first line names the columns and their units.

    Numbers are as short as they can be to read back to the same bits, NaN is ``NaN``, and labels and counts are whole.

    Parameters
    ----------
    path : path
        File to write; replaced at once when everything is written.
    table : LineData or PointData
        Rows to write, shape (N, C).

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import polars as pl
    >>> from lumentrace import PointData
    >>> from lumentrace.storage import write_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(f"{folder}/points.csv", PointData([[0, 0.1, 2, 3]]))
    ...     pl.read_csv(f"{folder}/points.csv").columns
    ['t (ms)', 'x (mm)', 'y (mm)', 'z (mm)']
    """
    units = {name: "".join(table.units.get(name, "").split()) for name in table.columns}
    header = [f"{name} ({units[name]})" if units[name] else name for name in table.columns]
    whole = [name for number, name in enumerate(header) if is_whole(table, number)]
    with replacing(path) as file:
        for start, block in _blocks(table):
            frame = pl.from_numpy(block, schema=header, orient="row")
            frame.with_columns(pl.col(whole).cast(pl.Int64)).write_csv(file, include_header=start == 0)


def _blocks(table: IterableSamples) -> Iterator[tuple[int, np.ndarray]]:
    """Blocks of rows with the number of the first; an empty one of an empty table."""
    for start in range(0, max(len(table.data), 1), ROWS):
        yield start, np.asarray(table.data[start : start + ROWS])
        mapping.release(table.data)


def is_whole(table: IterableSamples, number: int) -> bool:
    """Whether a column counts or names something, and has whole numbers alone."""
    name = table.columns[number]
    if name not in WHOLE and not name.startswith("line_index"):
        return False
    columns = (block[:, number] for _, block in _blocks(table))
    return all(bool((np.abs(column) <= EXACT).all() and (column == np.floor(column)).all()) for column in columns)
