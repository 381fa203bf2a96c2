"""Trajectories too many for one table: a folder of Parquet files, one for each span of lines, and a manifest."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from lumentrace.base import mapping, provenance
from lumentrace.base.documents import document
from lumentrace.base.errors import FormatError, shown
from lumentrace.base.files import replacing
from lumentrace.base.json_text import json_text
from lumentrace.base.polars import pl
from lumentrace.data.points import PointData
from lumentrace.pept.utilities.row_table import RowTable
from lumentrace.storage import read_parquet, to_parquet
from lumentrace.storage.tables import is_json

FOLDER, TABLE, MANIFEST = "trajectories", "trajectories.parquet", "manifest.json"
SCHEMA = "lumentrace-trajectories-1"
PART, NAME = "part-{:05d}.parquet", re.compile(r"part-\d{5,}\.parquet")
ROWS = 2**20
"""Locations of a part, where no span says how many."""


class DataSet:
    """A data set that grows: parts appear whole, in order of time, and the manifest at the end.

    Parameters
    ----------
    folder : path
        Where it goes; made with the first part, when the parts of an earlier data set are removed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts: list[dict[str, Any]] = []

    def append(self, points: PointData) -> None:
        """Write the next part."""
        if not self._parts:
            clear(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True)
        name = PART.format(len(self._parts))
        to_parquet(self.folder / name, points)
        times = points.points[[0, -1], 0].tolist() if len(points.points) else [None, None]
        self._parts.append({"file": name, "rows": len(points.points), "first": times[0], "last": times[1]})

    def finish(self, whole: PointData) -> None:
        """Write the manifest of what the parts are together."""
        record = {
            "schema": SCHEMA,
            "rows": len(whole.points),
            "xxh3": provenance.content(whole.points),
            "columns": whole.columns,
            "units": whole.units,
            "attrs": {name: value for name, value in whole.extra_attrs().items() if is_json(value)},
            "provenance": None if whole.provenance is None else whole.provenance.to_dict(),
            "parts": self._parts,
        }
        with replacing(self.folder / MANIFEST) as file:
            file.write(json_text(record, indent=1).encode())

    @property
    def parts(self) -> int:
        """How many there are."""
        return len(self._parts)


def clear(folder: Path) -> None:
    """Remove a data set, and its folder if nothing else is in it; files of other programs stay."""
    place = folder / MANIFEST
    if place.exists() and SCHEMA.encode() in place.read_bytes():
        place.unlink()
    for part in _found(folder):
        part.unlink()
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()


def _found(folder: Path) -> list[Path]:
    """The parts that are there, in order."""
    found = [path for path in folder.glob("part-*.parquet") if NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: int(path.stem.removeprefix("part-")))


def write(folder: Path, whole: PointData) -> None:
    """Write all of `whole` as a data set."""
    found = DataSet(folder)
    for start in range(0, max(len(whole.points), 1), ROWS):
        rows = whole.points[start : start + ROWS]
        part = PointData(rows, columns=whole.columns)
        part.units = whole.units
        found.append(part)
        mapping.release(whole.points)
    found.finish(whole)


def holds(folder: Path, whole: PointData) -> bool:
    """Whether a finished data set has exactly these rows."""
    if not (folder / MANIFEST).exists():
        return False
    record = manifest(folder)
    return bool(record["rows"] == len(whole.points) and record["xxh3"] == provenance.content(whole.points))


def manifest(folder: Path) -> dict[str, Any]:
    """What a finished data set says about itself.

    Raises
    ------
    FileNotFoundError
        If there is no manifest: the run that writes it goes on, or was ended.
    FormatError
        If it is damaged or from a newer version.
    """
    place = folder / MANIFEST
    try:
        record = document(place, "JSON")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{place}: expected the manifest of a finished run, found none; run it to its end, or ask for what "
            "is there with `unfinished=True`"
        ) from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        found = record.get("schema") if isinstance(record, dict) else type(record).__name__
        raise FormatError(f"{place}: expected schema {SCHEMA}, found {found}")
    with _manifest_named(folder):
        for part in record["parts"]:
            if not NAME.fullmatch(part["file"]):
                raise ValueError(f"a part named {shown(part['file'])}")
    return record


@contextmanager
def _manifest_named(folder: Path) -> Iterator[None]:
    """Values of a manifest that are none are an error that names it."""
    try:
        yield
    except FormatError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise FormatError(
            f"{folder / MANIFEST}: expected what trajectories are made of, found something else ({error!r})"
        ) from error


def read(folder: Path) -> PointData:
    """All trajectories of a data set; from 256 MiB on they are in a temporary file.

    Raises
    ------
    FormatError
        If a part is damaged or missing.
    """
    record = manifest(folder)
    with _manifest_named(folder):
        table = RowTable(len(record["columns"]), int(record["rows"]), 2**28)
        for rows in _checked(folder, record):
            table.append(rows)
        points = PointData(table.finish(), columns=record["columns"], **record["attrs"])
        points.units = record["units"]
        points.provenance = record["provenance"] and provenance.Provenance.from_dict(record["provenance"])
        if provenance.content(points.points) != record["xxh3"]:
            raise FormatError(f"{folder}: expected the rows that the manifest tells of, found others")
    return points


def _checked(folder: Path, record: dict[str, Any]) -> Iterator[Any]:
    for part in record["parts"]:
        place = folder / part["file"]
        if not place.exists():
            raise FormatError(f"{place}: expected a part of the data set, found none")
        yield read_parquet(place).points


def scan_trajectories(source: str | PathLike[str], unfinished: bool = False) -> pl.LazyFrame:
    """Trajectories of a run for polars, which reads of them no more than is asked for.

    Parameters
    ----------
    source : path
        The folder of a run, that of its data set, or a ``trajectories.parquet``.
    unfinished : bool, default False
        Take the parts that are there of a run that goes on or was ended.

    Returns
    -------
    polars.LazyFrame
        A row for each location, in order of time, with the columns of the run's trajectories, all Float64.

    Raises
    ------
    FileNotFoundError
        If there are no trajectories, or the run has not ended.
    FormatError
        If the manifest is damaged, or a part is missing.

    Notes
    -----
    Checksums are not compared: that needs all rows. `load_outcome` compares them.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import pept
    >>> from lumentrace.pept import simulation
    >>> lines = simulation.simulate([simulation.Static()], n=5000, noise=0.2, seed=1).lines
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pept.run.run(lines).save(folder)
    ...     found = pept.scan_trajectories(folder)
    ...     found.select("x").mean().collect().item().__round__()
    300
    """
    place = Path(os.fspath(source))
    if place.is_file():
        return pl.scan_parquet(place)
    folder = place if (place / PART.format(0)).exists() else place / FOLDER
    if not (folder / PART.format(0)).exists():
        if (place / TABLE).exists():
            return pl.scan_parquet(place / TABLE)
        raise FileNotFoundError(f"{place}: expected {FOLDER}/{PART.format(0)} or {TABLE}, found neither")
    return pl.scan_parquet(_parts(folder, unfinished), glob=False)


def _parts(folder: Path, unfinished: bool) -> list[Path]:
    if unfinished:
        return _found(folder)
    places = [folder / part["file"] for part in manifest(folder)["parts"]]
    missing = [place for place in places if not place.exists()]
    if missing:
        raise FormatError(f"{missing[0]}: expected a part of the data set, found none")
    return places
