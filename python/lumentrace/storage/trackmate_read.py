"""The table of spots that TrackMate of Fiji exports."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.polars import pl
from lumentrace.data.points import PointData
from lumentrace.storage.frames import unquoted
from lumentrace.storage.trackmate_names import column_of, unit_of

HEAD = 2**16
"""Bytes in which the names have to be."""
NAMES = 4
"""Rows of names and units; older versions write the first one alone."""
NEEDED = ("TRACK_ID", "POSITION_X", "POSITION_Y", "FRAME")


def read_trackmate(path: str | os.PathLike[str]) -> PointData:
    """Read a TrackMate table of spots: one of version 7 with its four rows of names, or an older one with one.

    Parameters
    ----------
    path : path
        As "Export spots to CSV" makes it, or `to_trackmate`.

    Returns
    -------
    PointData
        In the order of the file: `t`, `x`, `y`, `z`, `label` (the track; -1 for spots of none), `frame`, and the other
        columns of numbers, in small letters. Units are those of the file; without times, t is the frame, and without z
        it is 0. What is missing is NaN.

    Raises
    ------
    FormatError
        If it is no such table, a spot has no position, or a column has text among its numbers.
    OSError
        If it cannot be read.

    See Also
    --------
    to_trackmate

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import PointData
    >>> from lumentrace.storage import read_trackmate, to_trackmate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_trackmate(f"{folder}/spots.csv", PointData([[0, 1, 2, 3, 7]], columns=["t", "x", "y", "z", "label"]))
    ...     read_trackmate(f"{folder}/spots.csv").columns
    ['t', 'x', 'y', 'z', 'label', 'frame', 'id', 'quality', 'visibility']
    """
    place = regular(path)
    header = trackmate_header(place)
    if header is None:
        raise FormatError(
            f"{path}: expected a TrackMate table of spots, whose columns are {', '.join(NEEDED)} and others"
        )
    try:
        frame = pl.read_csv(
            place,
            has_header=False,
            skip_lines=header.lines,
            schema={key: pl.Float64 if key in header.columns else pl.String for key in header.keys},
            null_values=["None"],
            raise_if_empty=False,
            glob=False,
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).partition("\n")[0]
        raise FormatError(f"{path}: expected spots of TrackMate, found something else ({reason})") from error
    found = {header.columns[key]: frame[key].to_numpy() for key in header.columns}
    lost = np.flatnonzero(~(np.isfinite(found["x"]) & np.isfinite(found["y"])))
    if len(lost):
        raise FormatError(
            f"{path}: expected a position of every spot, found none in row {lost[0] + header.lines + 1:,}"
        )
    return _points(found, header.units)


def _points(found: dict[str, NDArray[np.float64]], units: dict[str, str]) -> PointData:
    count = len(found["x"])
    own = {
        "t": found.get("t", found["frame"]),
        "x": found["x"],
        "y": found["y"],
        "z": found.get("z", np.zeros(count)),
        "label": np.where(np.isnan(found["label"]), -1.0, found["label"]),
        "frame": found["frame"],
    }
    columns = {**own, **{name: values for name, values in found.items() if name not in own}}
    points = PointData(np.column_stack(list(columns.values())), columns=list(columns))
    given = {"z": units["x"], "t": "frame", **units}
    points.units = {name: given.get(name, "") for name in columns}
    return points


@dataclass(frozen=True)
class Header:
    """The rows of names: keys of all columns, what those of numbers are called here, their units, and lines in all."""

    keys: tuple[str, ...]
    columns: dict[str, str]
    units: dict[str, str]
    lines: int


def trackmate_header(path: Path) -> Header | None:
    """What the names in a table of spots say; None if it is no such table."""
    with path.open("rb") as file:
        text = file.read(HEAD).decode("utf-8-sig", "replace")
    reader, rows, lines = csv.reader(io.StringIO(text, newline="")), list[list[str]](), list[int]()
    try:
        for cells in islice(reader, NAMES + 1):
            rows.append(cells)
            lines.append(reader.line_num)
    except csv.Error:
        return None
    keys = [unquoted(cell).strip() for cell in rows[0]] if rows else []
    if not set(NEEDED) <= set(keys) or len(set(keys)) < len(keys):
        return None
    named = [not _is_number(_cell(cells, keys.index("POSITION_X"))) for cells in rows[1:NAMES]]
    count = NAMES if named[:1] == [True] else 1
    if count == NAMES and named != [True] * (NAMES - 1):
        return None
    return _header(keys, rows[1:count], _at(rows, count), lines[count - 1])


def _header(keys: list[str], names: list[list[str]], cells: list[str], lines: int) -> Header | None:
    """What keys, further rows of names, and the cells of the first spot say."""
    second, last = (names[0], names[-1]) if names else (keys, [])
    numbers = [place for place in range(len(keys)) if not cells or _is_number(_cell(cells, place) or "nan")]
    columns = {keys[i]: column_of(keys[i], unquoted(_cell(second, i))) for i in numbers if keys[i] != "LABEL"}
    if not set(NEEDED) <= set(columns) or len(set(columns.values())) < len(columns):
        return None
    units = {columns[keys[i]]: unit_of(_cell(last, i)) for i in numbers if keys[i] in columns}
    return Header(tuple(keys), columns, units, lines)


def _cell(cells: list[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


def _at(rows: list[list[str]], place: int) -> list[str]:
    return rows[place] if place < len(rows) else []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == "None"
    return True
