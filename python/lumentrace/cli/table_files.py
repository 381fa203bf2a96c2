"""Tables in any file that lumentrace knows, read by what is in them, and written by how the name ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lumentrace.base import mapping
from lumentrace.base.documents import head_of
from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.polars import pl
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.lines import LineData
from lumentrace.data.points import XYZ, PointData
from lumentrace.pept.scanners.named_text import header_of, read_points
from lumentrace.storage import (
    load,
    read_parquet,
    read_trackmate,
    save,
    to_parquet,
    to_pvd,
    to_trackmate,
    to_vtp,
    write_csv,
)
from lumentrace.storage.frames import each_text, unquoted, write_csv_table
from lumentrace.storage.parquet_check import MAGIC as PARQUET
from lumentrace.storage.parquet_check import frame_of
from lumentrace.storage.sink import replaced_through_sink
from lumentrace.storage.tables import METADATA_KEY, is_json
from lumentrace.storage.trackmate_read import trackmate_header

HDF5 = b"\x89HDF\r\n\x1a\n"
NUMPY = b"\x93NUMPY"
CONTAINERS = (".h5", ".hdf5")
TRACKMATE = ".trackmate.csv"
TRACKS = (TRACKMATE, ".vtp", ".pvd")
"""What names of tables of tracks end with."""
SUFFIXES = (".csv", ".parquet", *CONTAINERS, *TRACKS)
"""What names of tables that can be written end with."""
AFM_TRACKS = {"track", "frame", "time_s", "x_nm", "y_nm"}
"""Columns of the tracks of films."""

Table = IterableSamples | pl.DataFrame


def container(path: Path) -> object:
    """What `lumentrace.save` wrote, on disk as far as it can be."""
    try:
        return load(path, memory_map=True)
    except FormatError:
        raise
    except ValueError:  # a compressed one cannot be mapped
        return load(path)


def read_table(path: Path) -> Table:
    """The table in a file: lines, points, or a data frame of anything else.

    Raises
    ------
    FormatError
        If the file is damaged, or holds no table.
    """
    start = head_of(path)
    if start.startswith(HDF5):
        found = container(path)
        if not isinstance(found, IterableSamples):
            raise FormatError(f"{path}: expected a table of lines or points, found {type(found).__name__}")
        return found
    if start.startswith(PARQUET):
        return _parquet(path)
    if b"\0" in start or start.startswith(NUMPY):
        return _lines(path)
    return _text(path)


def is_ours(path: Path) -> bool:
    """Whether a Parquet file was written by `to_parquet`."""
    with path.open("rb") as file:
        return METADATA_KEY in pl.read_parquet_metadata(file)


def _parquet(path: Path) -> Table:
    frame = frame_of(path)
    if is_ours(path):
        table: IterableSamples = read_parquet(path)
        return table
    least = len(LineData.default_columns)
    return _lines(path) if tuple(frame.columns[:least]) == tuple(LineData.default_columns) else frame


def _lines(path: Path) -> LineData:
    from lumentrace.pept.scanners import any_file

    return any_file.read(path)


def _text(path: Path) -> Table:
    if trackmate_header(path) is not None:
        return read_trackmate(path)
    header = header_of(path)
    if header.is_points:
        return read_points(path, header)
    if header.is_lines:
        return _lines(path)
    return text_frame(path)


def text_frame(path: Path, rows: int | None = None) -> pl.DataFrame:
    """Comma-separated text as a data frame, or its first rows.

    Raises
    ------
    FormatError
        If it is no such table.
    """
    first, _, rest = head_of(path).partition(b"\n")
    if b"," not in first or not rest.strip():
        raise FormatError(f"{path}: expected rows of text with commas below a line of names, found {first[:40]!r}")
    try:
        frame = pl.read_csv(path, infer_schema_length=None, n_rows=rows, glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).partition("\n")[0]
        raise FormatError(f"{path}: expected comma-separated text, found something else ({reason})") from error
    return each_text(frame, unquoted).rename(unquoted)


def ending(path: Path) -> str:
    """What the name of a table ends with."""
    return TRACKMATE if path.name.lower().endswith(TRACKMATE) else path.suffix.lower()


def lost(path: Path, table: Table) -> list[str]:
    """What of a table the file of this name cannot keep."""
    suffix = ending(path)
    if isinstance(table, pl.DataFrame) or suffix in CONTAINERS:
        return []
    attributes = table.extra_attrs()
    if suffix == ".parquet":
        found = [f"attribute {name}" for name, value in attributes.items() if not is_json(value)]
    else:
        found = [f"attribute {name}" for name in attributes]
        found += ["provenance"] * (table.provenance is not None)
    found += ["samples"] * (len(table) > 1)
    return found + ["rows without a finite position"] * (suffix in TRACKS and not _all_finite(table))


def _all_finite(table: IterableSamples) -> bool:
    places = [table.columns.index(name) for name in XYZ]
    return all(bool(np.isfinite(block[:, places]).all()) for block in mapping.blocks(table.data))


def write_table_file(path: Path, table: Table, step: float | None = None) -> None:
    """Write a table in the format that the name ends with; `step` is that of `to_pvd`.

    Raises
    ------
    ValueError
        If that format does not hold such tables.
    """
    suffix = ending(path)
    if isinstance(table, pl.DataFrame) and set(table.columns) >= AFM_TRACKS and suffix in (*TRACKS, *CONTAINERS):
        from lumentrace.afm.analysis.tracks import track_data

        table = track_data(table)
    if isinstance(table, pl.DataFrame):
        _write_frame(path, table)
    elif suffix in TRACKS:
        _write_tracks(path, table, step)
    elif suffix == ".csv":
        write_csv(path, table)
    elif suffix == ".parquet":
        to_parquet(path, table)
    else:
        save(path, table)


def _write_tracks(path: Path, table: IterableSamples, step: float | None) -> None:
    suffix = ending(path)
    if not isinstance(table, PointData):
        raise ValueError(f"{path}: expected points for {suffix}, found {type(table).__name__}")
    if suffix == ".pvd":
        to_pvd(path, table, step=step)
    elif suffix == ".vtp":
        to_vtp(path, table)
    else:
        to_trackmate(path, table)


def _write_frame(path: Path, table: pl.DataFrame) -> None:
    suffix = ending(path)
    if suffix == ".csv":
        with replacing(path) as file:
            write_csv_table(file, table)
    elif suffix == ".parquet":
        with replaced_through_sink(path) as file:
            table.write_parquet(file)
    else:
        raise ValueError(f"{path}: expected lines or points, found the columns {_shown(table.columns)}")


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
