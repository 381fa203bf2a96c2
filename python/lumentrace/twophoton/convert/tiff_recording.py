"""A stack of images and a table of the stimulus as a recording that everything else reads."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance, Watch, content, plain
from lumentrace.engine.progress import Verbose
from lumentrace.twophoton.convert.recording_folder import ConvertedPaths, write_recording
from lumentrace.twophoton.convert.source import Source
from lumentrace.twophoton.convert.stimulus_table import stated_windows
from lumentrace.twophoton.convert.tiff_movie import ORIENTATION, TiffMovie
from lumentrace.twophoton.read.crop import crop_of_shifts
from lumentrace.twophoton.read.ranges import frame_range
from lumentrace.twophoton.read.sides import known_side

CLOCK = "frames_of_the_movie"
NO_PHOTODIODE = {"photodiode_missing_because": "the recording is a stack of images and a table of the stimulus"}

Path_ = str | os.PathLike[str]


@unmasked
def convert_tiff_recording(
    movie: Path_ | Sequence[Path_],
    stimulus_table: Any,
    output_dir: Path_,
    *,
    frame_rate_hz: float,
    hemisphere: str | None = None,
    alignment: NDArray[Any] | None = None,
    motion_threshold_pixels: float | None = None,
    acquisition_metadata: Mapping[str, Any] | None = None,
    run_metadata: Mapping[str, Any] | None = None,
    mean_start_frame: int | None = None,
    mean_stop_frame: int | None = None,
    verbose: Verbose = False,
) -> ConvertedPaths:
    """Convert frames in TIFF files and a table of epochs; the movie is copied block by block and never held whole.

    The result is a converted recording as `convert_recording_to_twopy` writes it, without photodiode signals (NaN).
    `resolve_recording_timing` takes its windows from the table. Kernels need a table with the stimulus in each
    projector frame, which such a recording does not have.

    Parameters
    ----------
    movie : path or sequence of path
        TIFF or BigTIFF frames (frames, rows, columns) of one channel, of any real type: a stack, a folder, or stacks
        one after the other.
    stimulus_table : path, DataFrame or mapping of columns
        A row per epoch, in order, with ``start_s`` and ``stop_s`` (seconds from the start of the first frame, rounded
        to whole frames) or ``start_frame`` and ``stop_frame`` (from 0 on; the second is the first frame after the
        epoch), ``epoch_number`` (from 1 on) and ``epoch_name``. Other columns are kept if they hold numbers.
    output_dir : path
        Where ``recording_data.h5`` and ``aligned_movie.h5`` go.
    frame_rate_hz : float
    hemisphere : {'left', 'right'}, optional
    alignment : ndarray, optional
        (frames, 2): shifts in x and y, in pixels, by which frames were moved; the crop leaves out rows and columns that
        some frame does not show. The whole frame by default.
    motion_threshold_pixels : float, optional
        Frames that moved farther are masked, and do not count for the crop.
    acquisition_metadata, run_metadata : mapping, optional
        What else is known of the microscope (``acq.zoomFactor``, ...) and the animal (``genotype``, ...).
    mean_start_frame, mean_stop_frame : int, optional
        Frames of the mean image; all by default.
    verbose : bool or callable, default False
        True for a progress bar.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    FormatError
        If a file is damaged, or its frames are none, or differ from those before.
    ValueError
        If the table lacks a column or does not fit the movie, or a setting is out of range.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import tifffile
    >>> from lumentrace import twophoton
    >>> epochs = {"start_s": [0, 2], "stop_s": [2, 4], "epoch_number": [1, 2], "epoch_name": ["grey", "odour"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tifffile.imwrite(f"{folder}/movie.tif", np.zeros((40, 16, 16), "uint16"))
    ...     paths = twophoton.convert_tiff_recording(f"{folder}/movie.tif", epochs, f"{folder}/out", frame_rate_hz=10)
    ...     timing = twophoton.resolve_recording_timing(twophoton.load_converted_recording(paths.path))
    >>> timing.source, [each.window.start_frame for each in timing.epoch_windows]
    ('stimulus_table', [0, 20])
    """
    if not (math.isfinite(frame_rate_hz) and frame_rate_hz > 0):
        raise ValueError(f"`frame_rate_hz`: expected a positive number, found {frame_rate_hz!r}")
    watch = Watch()
    with TiffMovie(movie) as frames:
        count, rows, columns = frames.shape
        mean_range = frame_range(mean_start_frame, mean_stop_frame, count)
        offsets, threshold = _shifts(alignment, motion_threshold_pixels, count)
        windows = stated_windows(stimulus_table, frame_rate_hz, count)
        measured = {
            "acq.frameRate": float(frame_rate_hz),
            "acq.linesPerFrame": rows,
            "acq.pixelsPerLine": columns,
            "acq.numberOfFrames": count,
        }
        source = Source(
            folder=frames.path,
            alignment=offsets,
            high_res_pd=np.zeros(0),
            imaging_res_pd=np.full(count, np.nan),
            acquisition=_joined("acquisition_metadata", acquisition_metadata, measured),
            run=_joined("run_metadata", run_metadata, _side(hemisphere)),
            stimulus=windows.data,
            stimulus_columns=windows.columns,
            parameters=windows.parameters,
            function_lookup={},
            specific_columns={},
            orientation=ORIENTATION,
            clock=CLOCK,
            synchronization=NO_PHOTODIODE,
        )
        crop = crop_of_shifts(offsets, (rows, columns), threshold, (0, count))
        counts = {"aligned_movie_frames": count, "acquisition_number_of_frames": count, "acquisition_minus_movie": 0}
        identity = {
            "path": str(frames.path),
            "movie": [count, rows, columns],
            "xxh3 of the table": content(windows.data),
        }
        about = {
            "frame_rate_hz": frame_rate_hz,
            "motion_threshold_pixels": motion_threshold_pixels,
            "hemisphere": hemisphere,
        }
        history = watch.after(Provenance(identity), "read_stack_and_table", about)
        place = Path(output_dir).expanduser()
        return write_recording(frames, source, place, mean_range, crop, counts, history, verbose=verbose)


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
