"""Data frames as files for other programs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.polars import pl
from lumentrace.storage.sink import replaced_through_sink

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What text begins with that spreadsheets would work out."""


def quoted(text: str) -> str:
    """A text as a spreadsheet shows it: behind an apostrophe where it would be taken for a formula.

    Examples
    --------
    >>> from lumentrace.storage.frames import quoted
    >>> quoted("=1+1"), quoted("cell 1"), quoted("-0.5")
    ("'=1+1", 'cell 1', '-0.5')
    """
    return f"'{text}" if text.startswith(FORMULA) and not _is_number(text) else text


def unquoted(text: str) -> str:
    """The text that `quoted` was given."""
    return text[1:] if text.startswith("'") and quoted(text[1:]) == text else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write_csv_table(file: IO[bytes], table: pl.DataFrame) -> None:
    """Write a table as CSV; text that spreadsheets would take for formulas stands behind an apostrophe."""
    each_text(table, quoted).rename(quoted).write_csv(file)


def each_text(table: pl.DataFrame, change: Callable[[str], str]) -> pl.DataFrame:
    """A table with its text changed; the function is called once for each different text of a column."""
    changed = []
    for name in (name for name, kind in table.schema.items() if kind == pl.String):
        pairs = {text: change(text) for text in table[name].unique().drop_nulls()}
        differing = {text: other for text, other in pairs.items() if other != text}
        if differing:
            changed.append(pl.col(name).replace(differing))
    return table.with_columns(changed)


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
    """The table that `table_bytes` was given.

    Raises
    ------
    FormatError
        If the content is damaged. Some damage ends the process: a file of unknown origin has to be looked at first
        (`guard.look`).
    """
    try:
        return pl.read_ipc(content)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise FormatError(f"expected an Arrow table, found a damaged one ({error})") from error


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
        write_csv_table(file, table)
    with replaced_through_sink(places[1]) as file:
        table.write_parquet(file)
    return places


def write_rows(path: str | os.PathLike[str], head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write rows as CSV, into a folder that is made if there is none; the file appears whole or not at all.

    Text that spreadsheets would take for formulas stands behind an apostrophe.
    """
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        table = csv.writer(text)
        table.writerow(map(_plain, head))
        table.writerows(map(_plain, row) for row in rows)
        text.detach()
    return place


def _plain(cell: object) -> object:
    return quoted(cell) if isinstance(cell, str) else cell
