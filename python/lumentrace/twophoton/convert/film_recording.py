"""Frames and epochs of any source as a recording that everything else reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch, content, plain
from lumentrace.engine.progress import Verbose
from lumentrace.twophoton.convert.movie_source import MovieSource
from lumentrace.twophoton.convert.recording_folder import ConvertedPaths, write_recording
from lumentrace.twophoton.convert.source import Source
from lumentrace.twophoton.convert.stimulus_table import StatedWindows
from lumentrace.twophoton.read.crop import crop_of_shifts
from lumentrace.twophoton.read.ranges import frame_range
from lumentrace.twophoton.read.sides import known_side

CLOCK = "frames_of_the_movie"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Film:
    """Frames and when epochs were shown.

    Attributes
    ----------
    movie : MovieSource
    path : Path
        Where they come from.
    frame_rate_hz : float
    windows : StatedWindows
    no_photodiode : str
        Why there is no photodiode.
    step : str
        What the history calls the reading.
    known : dict
        What the source says of the acquisition.
    times : ndarray or None
        (frames,): seconds from the first frame on, if the source says them.
    """

    movie: MovieSource
    path: Path
    frame_rate_hz: float
    windows: StatedWindows
    no_photodiode: str
    step: str
    known: dict[str, Any] = field(default_factory=dict)
    times: Floats | None = None


@dataclass(frozen=True)
class About:
    """What a user says of a film: see `convert_tiff_recording`."""

    hemisphere: str | None
    alignment: NDArray[Any] | None
    motion_threshold_pixels: float | None
    acquisition_metadata: Mapping[str, Any] | None
    run_metadata: Mapping[str, Any] | None


def checked_rate(frame_rate_hz: float) -> float:
    """Frames per second; raises ValueError if that is no positive number."""
    if not (math.isfinite(frame_rate_hz) and frame_rate_hz > 0):
        raise ValueError(f"`frame_rate_hz`: expected a positive number, found {frame_rate_hz!r}")
    return float(frame_rate_hz)


def write_film(
    film: Film,
    about: About,
    place: Path,
    mean_range: tuple[int | None, int | None],
    watch: Watch,
    verbose: Verbose = False,
) -> ConvertedPaths:
    """Write a film as a converted recording, block by block.

    Raises
    ------
    FormatError
        If its frames are damaged.
    ValueError
        If something that the user says does not fit.
    """
    count, rows, columns = film.movie.shape
    averaged = frame_range(*mean_range, count)
    offsets, threshold = _shifts(about.alignment, about.motion_threshold_pixels, count)
    measured = film.known | {
        "acq.frameRate": film.frame_rate_hz,
        "acq.linesPerFrame": rows,
        "acq.pixelsPerLine": columns,
        "acq.numberOfFrames": count,
    }
    source = Source(
        folder=film.path,
        alignment=offsets,
        high_res_pd=np.zeros(0),
        imaging_res_pd=np.full(count, np.nan),
        acquisition=_joined("acquisition_metadata", about.acquisition_metadata, measured),
        run=_joined("run_metadata", about.run_metadata, _side(about.hemisphere)),
        stimulus=film.windows.data,
        stimulus_columns=film.windows.columns,
        parameters=film.windows.parameters,
        function_lookup={},
        specific_columns={},
        orientation=film.movie.orientation,
        clock=CLOCK,
        synchronization={"photodiode_missing_because": film.no_photodiode},
        frame_times_s=film.times,
    )
    crop = crop_of_shifts(offsets, (rows, columns), threshold, (0, count))
    counts = {"aligned_movie_frames": count, "acquisition_number_of_frames": count, "acquisition_minus_movie": 0}
    identity = {
        "path": str(film.path),
        "movie": [count, rows, columns],
        "xxh3 of the table": content(film.windows.data),
    }
    told = {
        "frame_rate_hz": film.frame_rate_hz,
        "motion_threshold_pixels": about.motion_threshold_pixels,
        "hemisphere": about.hemisphere,
    }
    history = watch.after(Provenance(identity), film.step, told)
    return write_recording(film.movie, source, place, averaged, crop, counts, history, verbose=verbose)


def _shifts(alignment: Any, threshold: float | None, count: int) -> tuple[NDArray[np.float64], float]:
    """Shifts of all frames, 0 if there are none, and how far a frame may move."""
    if alignment is None:
        if threshold is not None:
            raise ValueError("`motion_threshold_pixels`: expected `alignment` too, found none")
        return np.zeros((count, 2)), math.inf
    offsets = np.asarray(alignment, dtype=np.float64)
    if offsets.shape != (count, 2) or not np.isfinite(offsets).all():
        raise ValueError(f"`alignment`: expected finite shifts of shape {(count, 2)}, found shape {offsets.shape}")
    if threshold is not None and not threshold > 0:
        raise ValueError(f"`motion_threshold_pixels`: expected a positive number, found {threshold!r}")
    return offsets, math.inf if threshold is None else float(threshold)


def _side(hemisphere: str | None) -> dict[str, Any]:
    return {} if hemisphere is None else {"hemisphere": known_side("`hemisphere`", hemisphere)}


def _joined(argument: str, given: Mapping[str, Any] | None, own: dict[str, Any]) -> dict[str, Any]:
    """What is given and what is known without."""
    twice = sorted(set(given or {}) & set(own))
    if twice:
        raise ValueError(f"`{argument}`: {', '.join(twice)}: expected to find it from the movie and other arguments")
    return {str(name): plain(value) for name, value in (given or {}).items()} | own
