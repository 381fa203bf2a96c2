"""Pixel sizes of microscopes, measured at some zooms."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lumentrace.base.documents import csv_rows
from lumentrace.base.errors import FormatError

COLUMNS = ("rig", "mode", "scanner", "zoom", "pixel_size_um", "measured_on")
CLOSE = 1e-9


@dataclass(frozen=True)
class PixelCalibration:
    """A measured pixel size."""

    rig: str
    mode: int
    scanner: str
    zoom: float
    pixel_size_um: float
    measured_on: date


@dataclass(frozen=True)
class PixelSize:
    """The size of a pixel, and how it was found.

    Attributes
    ----------
    pixel_size_um : float
    method : str
        'direct', 'interpolated' or 'extrapolated'.
    rig, mode, scanner, zoom
        What was asked for.
    reference_zooms, reference_dates : tuple
        Of the measurements that were used.
    """

    pixel_size_um: float
    method: str
    rig: str
    mode: int
    scanner: str
    zoom: float
    reference_zooms: tuple[float, ...]
    reference_dates: tuple[date, ...]


def load_pixel_calibrations(
    path: str | os.PathLike[str] | None, as_of: date | None = None
) -> tuple[PixelCalibration, ...]:
    """Read measured pixel sizes from a CSV file with the columns rig, mode, scanner, zoom, pixel_size_um, measured_on.

    Parameters
    ----------
    path : path
        Usually ``pixel_calibration_path`` of the settings.
    as_of : date, optional
        Of several measurements of one zoom take the latest up to this day; otherwise several are an error.

    Raises
    ------
    FormatError
        If a column is missing, a cell wrong, or measurements of one zoom differ.
    ValueError
        If the path is None, as it is in settings that name no file.
    """
    if path is None:
        raise ValueError("`path`: expected a file of pixel sizes, found None; name one as pixel_calibration_path")
    place = Path(path).expanduser()
    head, *table = csv_rows(place) or [[]]
    missing = [name for name in COLUMNS if name not in head]
    if missing:
        raise FormatError(f"{place}: expected columns {', '.join(COLUMNS)}, missing {', '.join(missing)}")
    rows = [_row(place, line, dict(zip(head, cells, strict=False))) for line, cells in enumerate(table, 2) if cells]
    if not rows:
        raise FormatError(f"{place}: expected a measurement at least, found none")
    if as_of is not None:
        rows = _latest([row for row in rows if row.measured_on <= as_of])
    _check_alike(place, rows)
    return tuple(rows)


def _row(path: Path, number: int, cells: dict[str, str]) -> PixelCalibration:
    try:
        text = {name: cells.get(name, "").strip() for name in COLUMNS}
        zoom, size = float(text["zoom"]), float(text["pixel_size_um"])
        if not (
            math.isfinite(zoom) and zoom > 0 and math.isfinite(size) and size > 0 and text["rig"] and text["scanner"]
        ):
            raise ValueError("expected positive numbers and names")
        measured = date.fromisoformat(text["measured_on"])
        return PixelCalibration(text["rig"], int(text["mode"]), text["scanner"], zoom, size, measured)
    except ValueError as error:
        raise FormatError(f"{path}, line {number}: {error}") from error


def _key(row: PixelCalibration) -> tuple[str, int, str, float]:
    return row.rig.casefold(), row.mode, row.scanner.casefold(), row.zoom


def _latest(rows: Sequence[PixelCalibration]) -> list[PixelCalibration]:
    newest: dict[tuple[str, int, str, float], PixelCalibration] = {}
    for row in sorted(rows, key=lambda row: row.measured_on):
        newest[_key(row)] = row
    return list(newest.values())


def _check_alike(path: Path, rows: Sequence[PixelCalibration]) -> None:
    seen: dict[tuple[str, int, str, float], PixelCalibration] = {}
    for row in rows:
        other = seen.setdefault(_key(row), row)
        same = math.isclose(row.pixel_size_um, other.pixel_size_um, rel_tol=CLOSE, abs_tol=1e-12)
        if not same or row.measured_on != other.measured_on:
            raise FormatError(
                f"{path}: {row.rig}, mode {row.mode}, {row.scanner}, zoom {row.zoom:g} was measured as "
                f"{other.pixel_size_um} um on {other.measured_on} and {row.pixel_size_um} um on {row.measured_on}; "
                "remove one, or choose the latest with as_of="
            )


def resolve_pixel_size_um(
    rows: Sequence[PixelCalibration],
    *,
    rig: str,
    mode: int,
    scanner: str,
    zoom: float,
    allow_extrapolation: bool = False,
) -> PixelSize:
    """The size of a pixel at a zoom: measured there, or between two measurements (pixels per micrometre in a line).

    Parameters
    ----------
    rows : sequence of PixelCalibration
    rig, mode, scanner, zoom
        Names in any case.
    allow_extrapolation : bool, default False
        Go on beyond the measured zooms.

    Raises
    ------
    ValueError
        If nothing fits, or the zoom lies beyond the measured ones.

    Examples
    --------
    >>> from datetime import date
    >>> from lumentrace import twophoton
    >>> from lumentrace.twophoton.regions.calibration import PixelCalibration
    >>> day = date(2024, 1, 1)
    >>> rows = [PixelCalibration("A", 1, "galvo", zoom, size, day) for zoom, size in ((8.0, 0.26), (10.0, 0.21))]
    >>> found = twophoton.resolve_pixel_size_um(rows, rig="a", mode=1, scanner="galvo", zoom=9.0)
    >>> found.method, round(found.pixel_size_um, 4)
    ('interpolated', 0.2323)
    """
    own = sorted(_matching(rows, rig, mode, scanner), key=lambda row: row.zoom)
    if not own:
        raise ValueError(f"no pixel size was measured for rig {rig!r}, mode {mode}, scanner {scanner!r}")
    exact = [row for row in own if math.isclose(row.zoom, zoom, rel_tol=CLOSE, abs_tol=CLOSE)]
    if exact:
        return _size(exact[0].pixel_size_um, "direct", rig, mode, scanner, zoom, exact[:1])
    distinct = list({row.zoom: row for row in own}.values())
    if len(distinct) < 2:
        raise ValueError(f"expected zoom {distinct[0].zoom:g}, the only one measured, found {zoom:g}")
    above = next((place for place, row in enumerate(distinct) if row.zoom > zoom), len(distinct))
    between = 0 < above < len(distinct)
    if not between and not allow_extrapolation:
        known = f"{distinct[0].zoom:g} to {distinct[-1].zoom:g}"
        raise ValueError(f"expected a zoom from {known}, found {zoom:g}; allow_extrapolation=True goes beyond")
    first = min(max(above - 1, 0), len(distinct) - 2)
    low, high = distinct[first], distinct[first + 1]
    start, end = 1 / low.pixel_size_um, 1 / high.pixel_size_um
    per_um = start + (end - start) * (zoom - low.zoom) / (high.zoom - low.zoom)
    if per_um <= 0:
        raise ValueError(f"zoom {zoom:g} is too far from the measured ones for a line through them")
    method = "interpolated" if between else "extrapolated"
    return _size(1 / per_um, method, rig, mode, scanner, zoom, [low, high])


def _matching(rows: Sequence[PixelCalibration], rig: str, mode: int, scanner: str) -> list[PixelCalibration]:
    names = rig.strip().casefold(), scanner.strip().casefold()
    return [row for row in rows if (row.rig.casefold(), row.scanner.casefold()) == names and row.mode == mode]


def _size(
    value: float, method: str, rig: str, mode: int, scanner: str, zoom: float, used: Sequence[PixelCalibration]
) -> PixelSize:
    zooms, days = tuple(row.zoom for row in used), tuple(row.measured_on for row in used)
    return PixelSize(value, method, rig, mode, scanner, zoom, zooms, days)
