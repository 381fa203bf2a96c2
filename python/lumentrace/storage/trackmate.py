"""Tracks as the table of spots that TrackMate of Fiji exports and imports."""

from __future__ import annotations

import csv
import io
import os

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import replacing
from lumentrace.base.polars import pl
from lumentrace.data.points import PointData
from lumentrace.storage.frames import quoted
from lumentrace.storage.trackmate_names import Feature, features_of
from lumentrace.storage.vtp_rows import Rows

Floats = NDArray[np.float64]
INTEGERS = ("FRAME", "TRACK_ID", "ID", "VISIBILITY")


def to_trackmate(path: str | os.PathLike[str], points: PointData, label: str = "label") -> None:
    """Write trajectories as a TrackMate table of spots.

    Four rows of names come first, as TrackMate writes them: keys, names, short names and units. Then follows a row per
    location: `LABEL`, `ID`, `TRACK_ID` (empty for noise, whose label is -1), `QUALITY`, `POSITION_X`, `POSITION_Y`,
    `POSITION_Z`, `POSITION_T`, `FRAME`, `VISIBILITY`, and all other columns with their names in capitals. Columns
    `id`, `quality`, `frame`, `radius` and `visibility` are TrackMate's own; without them spots are numbered from 0 on,
    their quality is NaN, and a frame is every different time. Rows without a finite position are left out.

    In Fiji: Plugins > Tracking > TrackMate CSV importer. In pandas: ``read_csv(path, skiprows=[1, 2, 3])``.

    Parameters
    ----------
    path : path
        File to write; replaced at once when everything is written.
    points : PointData
        Rows with columns t, x, y and z.
    label : str, default "label"
        Column that tells trajectories apart; where there is none, all rows are track 0.

    Raises
    ------
    TypeError
        If `points` is anything else.
    ValueError
        If a column t, x, y or z is missing, two columns have the same name for TrackMate, or a time is not finite and
        there is no column `frame`.
    OSError
        If the file cannot be written.

    References
    ----------
    Ershov et al., TrackMate 7, Nature Methods 19, 829 (2022), https://doi.org/10.1038/s41592-022-01507-1; the layout of
    the table is described at https://imagej.net/plugins/trackmate

    See Also
    --------
    read_trackmate

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace import PointData
    >>> from lumentrace.storage import to_trackmate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_trackmate(f"{folder}/spots.csv", PointData([[0, 1, 2, 3, 7]], columns=["t", "x", "y", "z", "label"]))
    ...     print(Path(f"{folder}/spots.csv").read_text())
    LABEL,ID,TRACK_ID,QUALITY,POSITION_X,POSITION_Y,POSITION_Z,POSITION_T,FRAME,VISIBILITY
    Label,Spot ID,Track ID,Quality,X,Y,Z,T,Frame,Visibility
    Label,Spot ID,Track ID,Quality,X,Y,Z,T,Frame,Visibility
    ,,,(quality),(mm),(mm),(mm),(ms),,
    ID0,0,7,NaN,1.0,2.0,3.0,0.0,0,1
    <BLANKLINE>
    """
    rows = Rows.of([points], label)
    if "t" not in rows.columns:
        raise ValueError(f"`points`: expected a column t, found {rows.columns}")
    features = features_of(rows.columns, label, points.units)
    times = None if "frame" in rows.columns else _times(rows)
    with replacing(path) as file:
        file.write(_head(features).encode())
        first = 0
        for block in rows.select((*rows.columns,)):
            found = dict(zip(rows.columns, block.T, strict=True))
            _spots(found, features, label, times, first).write_csv(file, include_header=False)
            first += len(block)


def _times(rows: Rows) -> Floats:
    """The different times, which are frames."""
    found = np.unique(np.concatenate([np.empty(0), *(np.unique(block) for block in rows.select(("t",)))]))
    if not np.isfinite(found).all():
        raise ValueError("`points`: expected finite times, as there is no column `frame`; found others")
    return found


def _head(features: list[Feature]) -> str:
    held = io.StringIO(newline="")
    table = csv.writer(held, lineterminator="\n")
    for part in ("key", "name", "short"):
        table.writerow([quoted(getattr(feature, part)) for feature in features])
    table.writerow([f"({feature.unit})" if feature.unit else "" for feature in features])
    return held.getvalue()


def _spots(
    found: dict[str, Floats], features: list[Feature], label: str, times: Floats | None, first: int
) -> pl.DataFrame:
    count = len(found["t"])
    made = {
        "id": np.arange(first, first + count, dtype=np.float64),
        "quality": np.full(count, np.nan),
        "visibility": np.ones(count),
        **({} if times is None else {"frame": np.searchsorted(times, found["t"]).astype(np.float64)}),
        **found,
        "label": found.get(label, np.zeros(count)),
    }
    frame = pl.DataFrame([_column(each.key, made[each.column]) for each in features if each.column])
    return frame.select(pl.concat_str(pl.lit("ID"), pl.col("ID").cast(pl.String)).alias("LABEL"), pl.all())


def _column(key: str, values: Floats) -> pl.Series:
    """Numbers as TrackMate has them: spots of no track have no number of one."""
    if key == "TRACK_ID":
        values = np.where(values < 0, np.nan, values)
    series = pl.Series(key, values)
    if key not in INTEGERS or not _whole(values):
        return series
    return series.fill_nan(None).cast(pl.Int64)


def _whole(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool((np.abs(known) <= 2.0**53).all() and (known == np.floor(known)).all())
