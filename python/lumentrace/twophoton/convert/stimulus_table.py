"""Epochs of a stimulus in a table: when each began and ended, its number and its name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import check_columns, regular
from lumentrace.base.errors import FormatError, did_you_mean, shown
from lumentrace.base.polars import pl
from lumentrace.twophoton.measure.windows import STATED_COLUMNS

Floats = NDArray[np.float64]

SECONDS, FRAMES = ("start_s", "stop_s"), ("start_frame", "stop_frame")
NUMBER, NAME = "epoch_number", "epoch_name"
MOST_EPOCHS = 10_000


@dataclass(frozen=True)
class StatedWindows:
    """Epochs as a recording keeps them.

    Attributes
    ----------
    data : ndarray
        (windows, columns)
    columns : tuple of str
        `STATED_COLUMNS` and what else the table says in numbers.
    parameters : list of dict
        Name of each epoch, from number 1 on.
    """

    data: Floats
    columns: tuple[str, ...]
    parameters: list[dict[str, Any]]


NO_WINDOWS = StatedWindows(np.zeros((0, len(STATED_COLUMNS))), STATED_COLUMNS, [])
"""Of a recording without a stimulus."""


def stated_windows(table: Any, frame_rate_hz: float, frames: int, times: Floats | None = None) -> StatedWindows:
    """Epochs of a table as windows of a movie.

    Parameters
    ----------
    table : path, polars.DataFrame, pandas.DataFrame or mapping of columns
        A row per epoch, in order, with ``start_s`` and ``stop_s`` (seconds from the start of the first frame, rounded
        to whole frames) or ``start_frame`` and ``stop_frame`` (from 0 on; the second is the first frame after the
        epoch), ``epoch_number`` (from 1 on) and ``epoch_name``. Other columns of numbers are kept.
    frame_rate_hz : float
    frames : int
        Of the movie.
    times : ndarray, optional
        (frames,): seconds from the first frame on, where they are known; else frames are as far apart as the rate says.

    Raises
    ------
    FormatError
        If the file is no CSV.
    ValueError
        If a column is missing or has something else in it, or epochs overlap or lie outside the movie.
    """
    place = f"{table}" if isinstance(table, (str, os.PathLike)) else "`stimulus_table`"
    rows = _read(table)
    bounds = _time_columns(place, rows.columns)
    for name in (NUMBER, NAME):
        if name not in rows.columns:
            raise _missing(place, name, rows.columns)
    if not len(rows):
        raise ValueError(f"{place}: expected an epoch at least, found none")
    extra = [name for name in rows.columns if name not in (*bounds, NUMBER, NAME)]
    for name in extra:
        if name in STATED_COLUMNS:
            raise ValueError(f"{place}: column {name!r}: this name is taken; call it otherwise or leave it out")
    given = {name: _numbers(place, rows[name]) for name in (*bounds, NUMBER, *extra)}
    for name in (*bounds, NUMBER):
        _check(place, name, ~np.isfinite(given[name]), given[name], "a number")
    exact, end = (
        _frames_at(given[name], frame_rate_hz, times) if bounds == SECONDS else given[name] for name in bounds
    )
    # The first frame of a plane comes up to a period after that of the first plane.
    late = (exact > -1) & (exact < 0) if times is not None else np.zeros(len(exact), bool)
    start, stop = np.rint(np.where(late, 0.0, exact)), np.rint(end)
    if bounds == FRAMES:
        for name in bounds:
            _check(place, name, given[name] != np.rint(given[name]), given[name], "a whole number")
    _check_windows(place, start, stop, frames)
    numbers = given[NUMBER]
    wrong = (numbers != np.rint(numbers)) | (numbers < 1) | (numbers > MOST_EPOCHS)
    _check(place, NUMBER, wrong, numbers, f"a whole number from 1 to {MOST_EPOCHS}")
    onsets = exact if bounds == SECONDS else np.full(len(exact), np.nan)
    seconds = exact / frame_rate_hz if times is None or bounds == FRAMES else given[bounds[0]]
    data = [seconds, numbers, start, stop, onsets, *(given[name] for name in extra)]
    parameters = _parameters(place, numbers.astype(int).tolist(), rows[NAME])
    return StatedWindows(np.column_stack(data), (*STATED_COLUMNS, *extra), parameters)


def _frames_at(seconds: Floats, rate: float, times: Floats | None) -> Floats:
    """Seconds in frames, in fractions between two of them."""
    if times is None:
        return seconds * rate
    inside = np.interp(seconds, times, np.arange(len(times)))
    before, after = np.minimum(seconds - times[0], 0.0), np.maximum(seconds - times[-1], 0.0)
    return np.asarray(inside + (before + after) * rate)


def _read(table: Any) -> pl.DataFrame:
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, (str, os.PathLike)):
        path = Path(table).expanduser()
        content = regular(path).read_bytes()
        check_columns(path, content[: content.find(b"\n")].count(b",") + 1)
        try:
            found = pl.read_csv(content, infer_schema=False)
        except pl.exceptions.PolarsError as error:
            raise FormatError(f"{path}: expected a CSV table, found something else ({error})") from error
        return found.rename({name: name.strip().lstrip("\ufeff") for name in found.columns})
    if isinstance(table, Mapping) or hasattr(table, "columns"):
        # As text, because columns may mix whole numbers and others.
        return pl.DataFrame({str(name): [_text(cell) for cell in table[name]] for name in table})
    raise TypeError(f"`stimulus_table`: expected a path, a table or a mapping, found {type(table).__name__}")


def _text(cell: Any) -> str | None:
    return None if cell is None or cell != cell else str(cell)


def _time_columns(place: str, found: list[str]) -> tuple[str, str]:
    for names, others in ((SECONDS, FRAMES), (FRAMES, SECONDS)):
        if any(name in found for name in names) and not any(name in found for name in others):
            for name in names:
                if name not in found:
                    raise _missing(place, name, found)
            return names
    told = f"{place}: expected columns start_s and stop_s or start_frame and stop_frame, found {shown(found)}"
    raise ValueError(told + did_you_mean(SECONDS[0], found))


def _missing(place: str, name: str, found: list[str]) -> ValueError:
    return ValueError(f"{place}: expected a column {name!r}, found {shown(found)}{did_you_mean(name, found)}")


def _numbers(place: str, column: pl.Series) -> Floats:
    """A column as numbers; where a cell is empty, NaN."""
    texts = column.cast(pl.String, strict=False).str.strip_chars() if column.dtype == pl.String else None
    values = column.cast(pl.Float64, strict=False) if texts is None else texts.cast(pl.Float64, strict=False)
    empty = column.is_null() if texts is None else texts.is_null() | (texts == "")
    bad = (values.is_null() & ~empty).to_numpy()
    _check(place, column.name, bad, column.to_list(), "a number (columns of text are left out)")
    return values.fill_null(np.nan).to_numpy().astype(np.float64)


def _check(place: str, name: str, wrong: Any, values: Any, expected: str) -> None:
    for row in np.flatnonzero(wrong)[:1]:
        found = np.asarray(values, dtype=object)[row]
        raise ValueError(f"{place}: column {name!r}, row {row + 1}: expected {expected}, found {found!r}")


def _check_windows(place: str, start: Floats, stop: Floats, frames: int) -> None:
    for row in np.flatnonzero((start < 0) | (stop <= start) | (stop > frames))[:1]:
        raise ValueError(
            f"{place}, row {row + 1}: expected a frame at least from 0 up to {frames}, found {start[row]:.0f} up to "
            f"{stop[row]:.0f}"
        )
    for row in np.flatnonzero(start[1:] < stop[:-1])[:1]:
        raise ValueError(
            f"{place}, row {row + 2}: expected rows in order of time that do not overlap, found frames from "
            f"{start[row + 1]:.0f} on after frames up to {stop[row]:.0f}"
        )


def _parameters(place: str, numbers: list[int], names: pl.Series) -> list[dict[str, Any]]:
    """The name of each epoch, by number."""
    found: dict[int, str] = {}
    for row, (number, name) in enumerate(zip(numbers, names.to_list(), strict=True), 1):
        text = "" if name is None else str(name).strip()
        if not text:
            raise ValueError(f"{place}: column {NAME!r}, row {row}: expected a name, found none")
        if found.setdefault(number, text) != text:
            raise ValueError(f"{place}, row {row}: expected epoch {number} to be {found[number]!r}, found {text!r}")
    return [{"epochName": found.get(number, f"epoch_{number}")} for number in range(1, max(found) + 1)]
