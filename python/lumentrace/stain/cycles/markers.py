"""`markers.csv` of MCMICRO: what the channels of an image are called, and which is taken from which."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import dataclass

from lumentrace.base.documents import csv_rows
from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing

NAME, BACKGROUND, EXPOSURE, REMOVE, NUMBER = "marker_name", "background", "exposure", "remove", "channel_number"
NEEDED = (NAME, BACKGROUND, EXPOSURE)
EMPTY = ("", "na", "n/a", "nan", "none", "null")
"""What a cell without a value may hold, in small letters."""
YES, NO = ("true", "1", "yes"), ("false", "0", "no", *EMPTY)

Path_ = str | os.PathLike[str]


@dataclass(frozen=True)
class Marker:
    """A channel.

    Attributes
    ----------
    name : str
    background : int or None
        Number of the channel that is taken from it.
    exposure : float
        In ms; nan if the table does not say.
    kept : bool
        Whether it is written.
    cells : dict
        Its row of the table, as it stands there.
    """

    name: str
    background: int | None
    exposure: float
    kept: bool
    cells: dict[str, str]


def read_markers(path: Path_) -> tuple[Marker, ...]:
    r"""Read a table of markers: a row for each channel, in their order.

    Parameters
    ----------
    path : path
        A CSV file with the columns ``marker_name`` (all different), ``background`` (the name of the channel that is
        taken from this one, or nothing), ``exposure`` (ms) and, if some are not to be written, ``remove`` (TRUE or
        FALSE). Other columns are kept.

    Raises
    ------
    FormatError
        If a column is missing, a name is missing or there twice, a background is no channel, or an exposure that is
        needed is no number above 0.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.stain.cycles.markers import read_markers
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder) / "markers.csv"
    ...     _ = table.write_text("marker_name,background,exposure\nAF,,100\nCD8,AF,250\n")
    ...     [(marker.name, marker.background, marker.exposure) for marker in read_markers(table)]
    [('AF', None, 100.0), ('CD8', 0, 250.0)]
    """
    rows = [[cell.strip() for cell in row] for row in csv_rows(path) if any(cell.strip() for cell in row)]
    columns = rows[0] if rows else []
    missing = [name for name in NEEDED if name not in columns]
    if missing or len(set(columns)) < len(columns):
        raise FormatError(
            f"{path}: expected columns {', '.join(NEEDED)}, each once, found {', '.join(columns) or 'none'}"
        )
    if len(rows) < 2:
        raise FormatError(f"{path}: expected a row for each channel, found none")
    table = [_cells(path, columns, row, number) for number, row in enumerate(rows[1:], 1)]
    names = [cells[NAME] for cells in table]
    twice = sorted({name for name in names if not name or names.count(name) > 1})
    if twice:
        raise FormatError(
            f"{path}: expected a different {NAME} in each row, found {twice[0]!r} {names.count(twice[0])}x"
        )
    markers = tuple(_marker(path, cells, names) for cells in table)
    for marker in markers:
        if marker.background is not None:
            for needed in (marker, markers[marker.background]):
                _check_exposure(path, needed)
    return markers


def _cells(path: Path_, columns: list[str], row: list[str], number: int) -> dict[str, str]:
    if len(row) > len(columns):
        raise FormatError(f"{path}: expected {len(columns)} cells in row {number}, found {len(row)}")
    return dict(zip(columns, [*row, *[""] * (len(columns) - len(row))], strict=True))


def _marker(path: Path_, cells: dict[str, str], names: list[str]) -> Marker:
    name, background = cells[NAME], cells[BACKGROUND]
    remove = cells.get(REMOVE, "").lower()
    if remove not in (*YES, *NO):
        raise FormatError(f"{path}: expected TRUE or FALSE as {REMOVE} of {name}, found {cells[REMOVE]!r}")
    taken = None if background.lower() in EMPTY and background not in names else background
    if taken is not None and (taken not in names or taken == name):
        known = ", ".join(other for other in names if other != name)
        raise FormatError(f"{path}: expected one of {known} as {BACKGROUND} of {name}, found {background!r}")
    try:
        exposure = float("nan") if cells[EXPOSURE].lower() in EMPTY else float(cells[EXPOSURE])
    except ValueError:
        raise FormatError(f"{path}: expected ms as {EXPOSURE} of {name}, found {cells[EXPOSURE]!r}") from None
    return Marker(name, None if taken is None else names.index(taken), exposure, remove not in YES, cells)


def _check_exposure(path: Path_, marker: Marker) -> None:
    if not 0 < marker.exposure < math.inf:
        found = marker.cells[EXPOSURE] or "none"
        raise FormatError(f"{path}: expected an {EXPOSURE} of {marker.name} above 0 ms, found {found}")


def write_markers(path: Path_, markers: tuple[Marker, ...]) -> None:
    """Write the rows of the channels that are kept, numbered anew, without the column ``remove``.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    kept = [marker.cells for marker in markers if marker.kept]
    columns = [name for name in markers[0].cells if name != REMOVE]
    columns += [NUMBER] * (NUMBER not in columns)
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows({**cells, NUMBER: str(number)} for number, cells in enumerate(kept, 1))
    with replacing(path) as file:
        file.write(text.getvalue().encode())
