"""Data frames as files for other programs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
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


def write_rows(path: str | os.PathLike[str], head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write rows as CSV, into a folder that is made if there is none; the file appears whole or not at all."""
    held = io.StringIO(newline="")
    table = csv.writer(held)
    table.writerow(head)
    table.writerows(rows)
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        file.write(held.getvalue().encode("utf-8"))
    return place
