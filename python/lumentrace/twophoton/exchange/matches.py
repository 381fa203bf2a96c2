"""Tables of cells that were found in several recordings, made by hand."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from lumentrace.base.digits import number_of
from lumentrace.base.documents import csv_rows
from lumentrace.base.errors import FormatError
from lumentrace.storage.frames import unquoted, write_rows

STATUSES = ("matched", "unmatched", "ambiguous", "ignored")
FOV_COLUMNS = ("fov_group_id", "recording_path", "note")
MATCH_COLUMNS = ("fov_group_id", "group_cell_id", "recording_path", "roi_label", "status", "note")

Path_ = str | os.PathLike[str]


@dataclass(frozen=True)
class ManualFovGroupRow:
    """A recording and the field of view it belongs to."""

    fov_group_id: str
    recording_path: str
    note: str = ""


@dataclass(frozen=True)
class ManualRoiMatchRow:
    """A region of a recording and the cell it belongs to."""

    fov_group_id: str
    group_cell_id: int
    recording_path: str
    roi_label: str
    status: str
    note: str = ""


def make_manual_fov_group_rows(
    groups: Mapping[Any, str], *, note: str = "", notes: Mapping[Any, str] | None = None
) -> tuple[ManualFovGroupRow, ...]:
    """Rows from a mapping of recordings to fields of view, in the order of paths.

    Raises
    ------
    ValueError
        If there is none, or one has no name.
    """
    if not groups:
        raise ValueError("`groups`: expected a recording at least, found none")
    own = {_path(path): text for path, text in (notes or {}).items()}
    rows = [
        ManualFovGroupRow(str(group).strip(), _path(path), own.get(_path(path), note)) for path, group in groups.items()
    ]
    if any(not row.fov_group_id for row in rows):
        raise ValueError("`groups`: expected a name for every field of view, found an empty one")
    return tuple(sorted(rows, key=lambda row: row.recording_path))


def _path(path: Any) -> str:
    return str(Path(path).expanduser())


def make_manual_roi_match_rows(
    pairs: Mapping[Any, str] | Iterable[tuple[Any, str]],
    *,
    group_cell_id: int,
    fov_group_id: str = "",
    status: str = "matched",
    note: str = "",
) -> tuple[ManualRoiMatchRow, ...]:
    """Rows for one cell: in which recording it is which region.

    Parameters
    ----------
    pairs : mapping or sequence
        Of recordings and labels of regions.
    group_cell_id : int
        From 1 on.
    fov_group_id, status, note : str

    Raises
    ------
    ValueError
        If a number, a status or a pair is none, or a pair occurs twice.
    """
    if group_cell_id < 1 or group_cell_id != int(group_cell_id):
        raise ValueError(f"`group_cell_id`: expected a whole number from 1 on, found {group_cell_id!r}")
    if status not in STATUSES:
        raise ValueError(f"`status`: expected one of {', '.join(STATUSES)}, found {status!r}")
    given = list(pairs.items() if isinstance(pairs, Mapping) else pairs)
    places = sorted((_path(path), str(label)) for path, label in given)
    if not places or any(not path or not label for path, label in places):
        raise ValueError("`pairs`: expected recordings and labels, found none or an empty one")
    if len(set(places)) < len(places):
        raise ValueError("`pairs`: expected each once, found one twice")
    return tuple(
        ManualRoiMatchRow(fov_group_id, int(group_cell_id), path, label, status, note) for path, label in places
    )


def save_manual_fov_group_rows(rows: Sequence[ManualFovGroupRow], path: Path_) -> Path:
    """Write fields of view as CSV."""
    return write_rows(path, FOV_COLUMNS, map(astuple, rows))


def load_manual_fov_group_rows(path: Path_) -> tuple[ManualFovGroupRow, ...]:
    """Read fields of view; raises `FormatError` if a column is missing or a cell empty."""
    rows = [ManualFovGroupRow(*cells) for cells in _read(path).cells(FOV_COLUMNS)]
    if any(not row.fov_group_id or not row.recording_path for row in rows):
        raise FormatError(f"{path}: expected a field of view and a recording in every row, found an empty cell")
    return tuple(rows)


def load_manual_roi_match_rows(path: Path_) -> tuple[ManualRoiMatchRow, ...]:
    """Read matches.

    Raises
    ------
    FormatError
        If a column is missing, a row short, or a cell wrong.
    """
    return _matches(_read(path))


def _matches(table: _Table) -> tuple[ManualRoiMatchRow, ...]:
    rows = []
    for number, (group, cell, recording, label, status, note) in enumerate(table.cells(MATCH_COLUMNS), 2):
        place = number_of(cell.strip().removeprefix("+"))
        if not place or status not in STATUSES or not recording or not label:
            raise FormatError(
                f"{table.path}, line {number}: expected a cell number, recording, label and status, found {cell!r}, "
                f"{recording!r}, {label!r}, {status!r}"
            )
        rows.append(ManualRoiMatchRow(group, place, recording, label, status, note))
    return tuple(rows)


def append_manual_roi_match_rows(path: Path_, rows: Sequence[ManualRoiMatchRow]) -> tuple[ManualRoiMatchRow, ...]:
    """Add matches to a file, which is made if it is missing; all rows are returned.

    Columns that somebody else has added are kept; they are empty in the new rows.
    """
    place = Path(path).expanduser()
    table = _read(place) if place.exists() else _Table(place, list(MATCH_COLUMNS), [])
    before = _matches(table)
    named = (dict(zip(MATCH_COLUMNS, astuple(row), strict=True)) for row in rows)
    new = [[row.get(name, "") for name in table.columns] for row in named]
    write_rows(place, table.columns, [*table.rows, *new])
    return (*before, *rows)


def next_group_cell_id(rows: Iterable[ManualRoiMatchRow]) -> int:
    """The number of the next cell."""
    return max((row.group_cell_id for row in rows), default=0) + 1


@dataclass(frozen=True)
class _Table:
    """A CSV file as it is."""

    path: Path
    columns: list[str]
    rows: list[list[str]]

    def cells(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """Some columns, row by row; FormatError if one is missing."""
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise FormatError(f"{self.path}: expected columns {', '.join(names)}, missing {', '.join(missing)}")
        places = [self.columns.index(name) for name in names]
        return [tuple(row[at] for at in places) for row in self.rows]


def _read(path: Path_) -> _Table:
    place = Path(path).expanduser()
    head, *rows = [[unquoted(cell) for cell in row] for row in csv_rows(place)] or [[]]
    for number, row in enumerate(rows, 2):
        if len(row) < len(head):
            raise FormatError(f"{place}, line {number}: expected {len(head)} cells, found {len(row)}")
    return _Table(place, head, rows)
