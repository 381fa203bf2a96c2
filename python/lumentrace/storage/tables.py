"""Tables for other programs: CSV, Parquet, polars and pandas."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from lumentrace import __version__
from lumentrace.base import mapping
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.files import is_open, replacing
from lumentrace.base.frames import pandas_frame
from lumentrace.base.json_text import json_text
from lumentrace.base.polars import pl
from lumentrace.base.provenance import Provenance
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.storage import types
from lumentrace.storage.parquet_check import check
from lumentrace.storage.parquet_rows import checksum_of, read_rows
from lumentrace.storage.sink import Sink

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
METADATA_KEY = "lumentrace"

WHOLE = frozenset({"label", "cluster_size", "used"})
"""Columns that count or name something."""
EXACT = 2**53
"""Whole numbers up to this one are exact in floating point."""

_CSV_ROWS = 4096


def to_csv(path: str | os.PathLike[str] | IO[Any], table: IterableSamples, delimiter: str = " ") -> None:
    """Write the rows as text.

    The first line is ``# `` and the names of the columns; `lumentrace.pept.read_csv` and `numpy.loadtxt` skip it. Each
    row follows on a line of its own, every number as ``%.18e``, which reads back to the same bits.

    Parameters
    ----------
    path : path or file open for writing
        File to write; replaced at once when everything is written.
    table : LineData or PointData
        Rows to write, shape (N, C). Samples and attributes are not written; `save` keeps them.
    delimiter : str, default " "
        Text between the numbers.

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace import PointData
    >>> from lumentrace.storage import to_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_csv(Path(folder) / "points.csv", PointData([[0, 1, 2, 3]]))
    ...     print((Path(folder) / "points.csv").read_text()[:36])
    # t x y z
    0.000000000000000000e+00 1
    """
    _check(table)
    if is_open(path):
        encoded = not hasattr(path, "encoding")
        for text in _csv(table, delimiter):
            path.write(text.encode() if encoded else text)
        return
    with replacing(path) as file:
        for text in _csv(table, delimiter):
            file.write(text.encode())


def _csv(table: IterableSamples, delimiter: str) -> Iterator[str]:
    row = delimiter.join(["%.18e"] * table.data.shape[1]) + "\n"
    block_format = row * _CSV_ROWS
    yield f"# {delimiter.join(' '.join(name.split()) for name in table.columns)}\n"
    for start in range(0, len(table.data), _CSV_ROWS):
        block = table.data[start : start + _CSV_ROWS]
        form = block_format if len(block) == _CSV_ROWS else row * len(block)
        yield form % tuple(block.ravel().tolist())
        mapping.release(table.data)


def to_polars(table: IterableSamples) -> pl.DataFrame:
    """Hand the rows to polars: a DataFrame with one column per column, whose units are ``table.units``.

    Parameters
    ----------
    table : LineData or PointData
        Rows, shape (N, C).

    Returns
    -------
    polars.DataFrame
        Float64; columns of `WHOLE` and those named ``line_index...`` are Int64 if all of their numbers are whole.

    Raises
    ------
    ValueError
        If two columns have the same name.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.storage import to_polars
    >>> to_polars(PointData([[0, 1, 2, 3, 1]], columns=["t", "x", "y", "z", "label"])).row(0)
    (0.0, 1.0, 2.0, 3.0, 1)
    """
    frame = _floats(table)
    return frame.with_columns(pl.col(name).cast(pl.Int64) for name in frame.columns if _is_whole(name, frame[name]))


def _floats(table: IterableSamples) -> pl.DataFrame:

    _check(table, distinct=True)
    return pl.from_numpy(np.asarray(table.data), schema=table.columns, orient="row")


def _is_whole(name: str, column: pl.Series) -> bool:
    if name not in WHOLE and not name.startswith("line_index"):
        return False
    values = column.to_numpy()
    return bool((np.abs(values) <= EXACT).all() and (values == np.floor(values)).all())


def to_pandas(table: IterableSamples) -> pd.DataFrame:
    """Hand the rows to pandas: a DataFrame with the columns of `to_polars` and the units in ``attrs["units"]``.

    Parameters
    ----------
    table : LineData or PointData
        Rows, shape (N, C).

    Raises
    ------
    ImportError
        If pandas is not installed; it comes with ``pip install "lumentrace[pandas]"``.
    ValueError
        If two columns have the same name.
    """
    return pandas_frame(to_polars(table), table.units)


def to_parquet(path: str | os.PathLike[str], table: IterableSamples) -> None:
    """Write the rows as a Parquet file.

    The file's key-value metadata has one entry ``lumentrace``, a JSON object with `schema`, `version`, `type`, `units`,
    `provenance`, those `attrs` that JSON can hold, and the `checksum` of the rows.

    Parameters
    ----------
    path : path
        File to write; replaced at once when everything is written.
    table : LineData or PointData
        Rows to write, shape (N, C). Samples and attributes that JSON cannot hold are not written; `save` keeps them.

    Raises
    ------
    ValueError
        If two columns have the same name.
    OSError
        If the file cannot be written.

    See Also
    --------
    read_parquet
    """
    _check(table, distinct=True)
    record = {
        "schema": SCHEMA,
        "version": __version__,
        "type": type(table).__name__,
        "units": table.units,
        "provenance": table.provenance.to_dict() if isinstance(table.provenance, Provenance) else None,
        "attrs": {name: value for name, value in table.extra_attrs().items() if is_json(value)},
        "checksum": checksum_of(table.data),
    }
    with replacing(path) as file:
        sink = Sink(file)
        metadata = {METADATA_KEY: json_text(record, ensure_ascii=False)}
        _lazy(table).sink_parquet(cast(BinaryIO, sink), row_group_size=2 * mapping.BLOCK, metadata=metadata)
        sink.check()


def _lazy(table: IterableSamples) -> pl.LazyFrame:
    """The rows, read block by block: they may be on disk."""

    def frames(*_: object) -> Iterator[pl.DataFrame]:
        return (pl.from_numpy(block, schema=table.columns, orient="row") for block in mapping.blocks(table.data))

    return pl.io.plugins.register_io_source(frames, schema=dict.fromkeys(table.columns, pl.Float64))


def read_parquet(path: str | os.PathLike[str], sample_size: Any = None, overlap: Any = None) -> Any:
    """Read a table that `to_parquet` wrote.

    Parameters
    ----------
    path : path
        File to read.
    sample_size, overlap
        How to cut the rows into samples; all rows are one sample by default.

    Returns
    -------
    LineData or PointData
        With columns, units and provenance; from 256 MiB on the rows are in a temporary file.

    Raises
    ------
    FormatError
        If the file is damaged, not written by `to_parquet`, or from a newer version.
    OSError
        If there is no such file or it cannot be read.
    """
    with open(regular(path), "rb") as file:
        try:
            check(file)
            text = pl.read_parquet_metadata(file).get(METADATA_KEY)
            names, rows = read_rows(file, path)
        except (Exception, pl.exceptions.PanicException) as error:
            raise FormatError(f"not a Parquet file, or damaged ({type(error).__name__}: {error}): {path}") from error
    if text is None:
        raise FormatError(f"expected metadata {METADATA_KEY!r} as `to_parquet` writes it, found none: {path}")
    try:
        return _table(json.loads(text), names, rows, sample_size, overlap)
    except FormatError as error:
        raise FormatError(f"{error}: {path}") from None
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
        raise FormatError(f"metadata {METADATA_KEY!r} are damaged ({type(error).__name__}: {error}): {path}") from error


def _table(record: dict[str, Any], names: list[str], rows: NDArray[Any], sample_size: Any, overlap: Any) -> Any:
    if record["schema"] > SCHEMA:
        found = record["schema"]
        raise FormatError(f"`schema`: expected at most {SCHEMA}, found {found}; update lumentrace to read it")
    known = types.named(record["type"])
    if known is None:
        raise FormatError(f"`type`: expected one of {types.names()}, found {record['type']!r}")
    if rows.dtype != np.float64 or checksum_of(rows) != record["checksum"]:
        raise FormatError("the rows changed since they were written (checksum)")
    table = known.cls()(rows, sample_size, overlap, columns=names)
    table.units = record["units"]
    table.attrs.update(record.get("attrs", {}))
    table.provenance = record["provenance"] and Provenance.from_dict(record["provenance"])
    return table


def is_json(value: Any) -> bool:
    """Whether JSON gives back the same value."""
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def _check(table: Any, distinct: bool = False) -> None:
    if not isinstance(table, IterableSamples):
        raise TypeError(f"`table`: expected LineData or PointData, found {type(table).__name__}")
    if distinct and len(set(table.columns)) < len(table.columns):
        raise ValueError(f"`columns`: expected names that differ, found {table.columns}")
