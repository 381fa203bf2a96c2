"""What tracks say about motion, in nm and s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.polars import pl
from lumentrace.data.points import PointData

from ..stack import AFMImageStack

Floats = NDArray[np.float64]
Tracks = Sequence[Mapping[str, Any]]


def track_points(
    tracks: Tracks, stack: AFMImageStack, features: Sequence[Sequence[Mapping[str, Any]]] | None = None
) -> pl.DataFrame:
    """A row for each object of each track.

    Parameters
    ----------
    tracks : list of dict
        As of particle tracking.
    stack : AFMImageStack
    features : list of list of dict, optional
        The objects that were tracked.

    Returns
    -------
    polars.DataFrame
        `track`, `frame`, `label` of the object in that frame (with `features`), `time_s`, `x_nm`, `y_nm`; gaps
        are left out.
    """
    rows = [_points(track, stack) for track in tracks]
    numbers = [np.full(len(frames), int(track["id"])) for track, (frames, _) in zip(tracks, rows, strict=True)]
    times = np.array(stack.get_frame_times())
    frames = np.concatenate([frames for frames, _ in rows]) if rows else np.zeros(0, dtype=np.int64)
    places = np.concatenate([places for _, places in rows]) if rows else np.zeros((0, 2))
    labels = [
        features[frame][index].get("label")
        for track in (tracks if features is not None else ())
        for frame, index in zip(track["frames"], track["point_indices"], strict=True)
        if features is not None and index is not None
    ]
    own = {} if features is None else {"label": pl.Series(labels, dtype=pl.Int64)}
    return pl.DataFrame(
        {
            "track": np.concatenate(numbers) if numbers else np.zeros(0, dtype=np.int64),
            "frame": frames,
            **own,
            "time_s": times[frames],
            "x_nm": places[:, 0],
            "y_nm": places[:, 1],
        }
    )


def track_data(table: pl.DataFrame) -> PointData:
    """Tracks as points, to be written for ParaView, TrackMate or xarray.

    Parameters
    ----------
    table : polars.DataFrame
        As of `track_points`.

    Returns
    -------
    PointData
        `t` (s), `x`, `y`, `z` (nm; all of the plane 0), `label` of the track, `frame`, and `object`, the label of the
        object in that frame, as far as it is known.

    Examples
    --------
    >>> import polars as pl
    >>> from lumentrace.afm.analysis.tracks import track_data
    >>> table = pl.DataFrame({"track": [3], "frame": [7], "time_s": [1.5], "x_nm": [20.0], "y_nm": [30.0]})
    >>> track_data(table).to_polars().rows()
    [(1.5, 20.0, 30.0, 0.0, 3, 7.0)]
    """
    columns = ["time_s", "x_nm", "y_nm", pl.lit(0.0).alias("z"), "track", "frame"]
    named = ["t", "x", "y", "z", "label", "frame"]
    if "label" in table.columns:
        columns, named = [*columns, "label"], [*named, "object"]
    rows = table.select(columns).cast(pl.Float64).to_numpy(order="c")
    points = PointData(rows, columns=named)
    points.units = {"t": "s"} | dict.fromkeys("xyz", "nm")
    return points


def _points(track: Mapping[str, Any], stack: AFMImageStack) -> tuple[NDArray[np.int64], Floats]:
    """Frames in which a track was seen, and where: x and y in nm."""
    seen = [
        (frame, coords) for frame, coords in zip(track["frames"], track["coords"], strict=True) if coords is not None
    ]
    frames = np.array([frame for frame, _ in seen], dtype=np.int64)
    places = np.array([coords[:2] for _, coords in seen], dtype=np.float64).reshape(-1, 2)
    if track.get("coord_axes", ("x", "y"))[0] == "y":
        places = places[:, ::-1]
    scales = np.array([stack.scaling_for_frame(frame) for frame in frames.tolist()]).reshape(-1, 1)
    return frames, places * scales * [1.0, stack.pixel_size_y_nm / stack.pixel_size_nm]


def track_statistics(tracks: Tracks, stack: AFMImageStack, max_lag: int = 100) -> pl.DataFrame:
    """A row of figures for each track.

    Parameters
    ----------
    tracks : list of dict
    stack : AFMImageStack
    max_lag : int, default 100
        Of the mean squared displacement; see `mean_squared_displacement`.

    Returns
    -------
    polars.DataFrame
        `track`; `first_frame`, `last_frame`; `points`; `gaps` (frames missed in between); `duration_s` from the first
        point to the last; `dwell_s`, that and one mean time between frames; `displacement_nm` from the first point to
        the last; `path_nm` along all; `mean_speed_nm_s` = path / duration; `straightness` = displacement / path;
        `radius_of_gyration_nm`; `msd_1_nm2`, the mean squared displacement from frame to frame; `diffusion_nm2_s`, a
        quarter of the slope of a line through the origin and the first three of these. What cannot be measured is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.afm import AFMImageStack
    >>> from lumentrace.afm.analysis.tracks import track_statistics
    >>> times = [{"timestamp": t} for t in range(3)]
    >>> stack = AFMImageStack(np.zeros((3, 8, 8)), 2.0, "height_trace", "film.asd", times)
    >>> track = {"id": 0, "frames": [0, 1, 2], "coords": [(1.0, 1.0), (4.0, 5.0), (1.0, 1.0)]}
    >>> track_statistics([track], stack).select("path_nm", "displacement_nm", "mean_speed_nm_s").rows()
    [(20.0, 0.0, 10.0)]
    """
    times = np.array(stack.get_frame_times())
    between = float(np.mean(np.diff(times))) if len(times) > 1 else float("nan")
    rows = [_figures(track, stack, times, between, max_lag) for track in tracks]
    names = ["track", "first_frame", "last_frame", "points", "gaps"]
    schema = dict.fromkeys(names, pl.Int64) | dict.fromkeys(MEASURES, pl.Float64)
    return pl.DataFrame(rows, schema=schema)


MEASURES = (
    *("duration_s", "dwell_s", "displacement_nm", "path_nm", "mean_speed_nm_s", "straightness"),
    *("radius_of_gyration_nm", "msd_1_nm2", "diffusion_nm2_s"),
)


def _figures(
    track: Mapping[str, Any], stack: AFMImageStack, times: Floats, between: float, max_lag: int
) -> dict[str, Any]:
    frames, places = _points(track, stack)
    duration = float(times[frames[-1]] - times[frames[0]])
    path = float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
    displacement = float(np.linalg.norm(places[-1] - places[0]))
    squares, counts = _squared(frames, places, min(max_lag, 3))
    lags = np.arange(1, len(squares) + 1) * between
    known = counts > 0
    msd = np.divide(squares, counts, out=np.full(len(squares), np.nan), where=known)
    slope = float((lags * msd)[known].sum() / (lags * lags)[known].sum()) if known.any() and between > 0 else np.nan
    return {
        "track": int(track["id"]),
        "first_frame": int(frames[0]),
        "last_frame": int(frames[-1]),
        "points": len(frames),
        "gaps": int(frames[-1] - frames[0]) + 1 - len(frames),
        "duration_s": duration,
        "dwell_s": duration + between,
        "displacement_nm": displacement,
        "path_nm": path,
        "mean_speed_nm_s": path / duration if duration > 0 else np.nan,
        "straightness": displacement / path if path > 0 else np.nan,
        "radius_of_gyration_nm": float(np.sqrt(((places - places.mean(axis=0)) ** 2).sum(axis=1).mean())),
        "msd_1_nm2": float(msd[0]) if len(msd) else np.nan,
        "diffusion_nm2_s": slope / 4,
    }


def mean_squared_displacement(tracks: Tracks, stack: AFMImageStack, max_lag: int = 100) -> pl.DataFrame:
    """The mean squared displacement over all pairs of points of all tracks that are so many frames apart.

    Parameters
    ----------
    tracks : list of dict
    stack : AFMImageStack
    max_lag : int, default 100
        In frames.

    Returns
    -------
    polars.DataFrame
        `lag` (frames), `lag_s` (by the mean time between frames), `msd_nm2`, `pairs` (how many, which overlap in time).

    Raises
    ------
    ValueError
        For a lag below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.afm import AFMImageStack
    >>> from lumentrace.afm.analysis.tracks import mean_squared_displacement
    >>> stack = AFMImageStack(np.zeros((3, 8, 8)), 2.0, "height_trace", "film.asd")
    >>> track = {"id": 0, "frames": [0, 1, 2], "coords": [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]}
    >>> mean_squared_displacement([track], stack)["msd_nm2"].to_list()
    [4.0, 16.0]
    """
    if max_lag < 1:
        raise ValueError(f"`max_lag`: expected a number of frames from 1 on, found {max_lag}")
    sums, pairs = np.zeros(max_lag), np.zeros(max_lag, dtype=np.int64)
    for track in tracks:
        squares, counts = _squared(*_points(track, stack), max_lag)
        sums[: len(squares)] += squares
        pairs[: len(counts)] += counts
    known = np.flatnonzero(pairs > 0)
    times = np.array(stack.get_frame_times())
    between = float(np.mean(np.diff(times))) if len(times) > 1 else float("nan")
    return pl.DataFrame(
        {"lag": known + 1, "lag_s": (known + 1) * between, "msd_nm2": sums[known] / pairs[known], "pairs": pairs[known]}
    )


def _squared(frames: NDArray[np.int64], places: Floats, max_lag: int) -> tuple[Floats, NDArray[np.int64]]:
    """Sums of squared displacements of a track by lag, and of how many."""
    if not len(frames):
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    span = int(frames[-1] - frames[0]) + 1
    dense = np.full((span, 2), np.nan)
    dense[frames - frames[0]] = places
    lags = range(1, min(max_lag, span - 1) + 1)
    squares = [((dense[lag:] - dense[:-lag]) ** 2).sum(axis=1) for lag in lags]
    sums = np.array([np.nansum(square) for square in squares])
    return sums, np.array([np.isfinite(square).sum() for square in squares], dtype=np.int64)
