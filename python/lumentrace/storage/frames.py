"""Data frames as files for other programs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from lumentrace.base.files import replacing

if TYPE_CHECKING:
    import polars as pl


def table_bytes(table: pl.DataFrame) -> bytes:
    """A table as an Arrow file, to be kept whole: missing values, NaN and types stay what they are.

    Examples
    --------
    >>> import polars as pl
    >>> from lumentrace.storage import table_bytes, table_from_bytes
    >>> table_from_bytes(table_bytes(pl.DataFrame({"r": [0.5, None, float("nan")]})))["r"].to_list()
    [0.5, None, nan]
    """
    file = io.BytesIO()
    table.write_ipc(file, compression="zstd")
    return file.getvalue()


def table_from_bytes(content: bytes) -> pl.DataFrame:
    """The table that `table_bytes` was given."""
    import polars as pl

    return pl.read_ipc(content)


def write_table(stem: Path, table: pl.DataFrame) -> list[Path]:
    """Write a table as CSV and as Parquet.

    Parameters
    ----------
    stem : path
        Folder and name of the files, without an ending.
    table : polars.DataFrame

    Returns
    -------
    list of path
        ``<stem>.csv`` and ``<stem>.parquet``, each of which appears whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import polars as pl
    >>> from lumentrace.storage import write_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_table(Path(folder) / "sizes", pl.DataFrame({"nm": [1.5]}))]
    ['sizes.csv', 'sizes.parquet']
    """
    places = [stem.with_name(f"{stem.name}{suffix}") for suffix in (".csv", ".parquet")]
    with replacing(places[0]) as file:
        table.write_csv(file)
    with replacing(places[1]) as file:
        table.write_parquet(file)
    return places
