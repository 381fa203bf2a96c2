"""A stack of images and a table of the stimulus as a recording that everything else reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Watch
from lumentrace.engine.progress import Verbose
from lumentrace.twophoton.convert.film_recording import About, Film, checked_rate, write_film
from lumentrace.twophoton.convert.recording_folder import ConvertedPaths
from lumentrace.twophoton.convert.stimulus_table import stated_windows
from lumentrace.twophoton.convert.tiff_movie import TiffMovie

NO_PHOTODIODE = "the recording is a stack of images and a table of the stimulus"

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
    rate = checked_rate(frame_rate_hz)
    watch = Watch()
    with TiffMovie(movie) as frames:
        windows = stated_windows(stimulus_table, rate, frames.shape[0])
        film = Film(frames, frames.path, rate, windows, NO_PHOTODIODE, "read_stack_and_table")
        about = About(hemisphere, alignment, motion_threshold_pixels, acquisition_metadata, run_metadata)
        mean_range = mean_start_frame, mean_stop_frame
        return write_film(film, about, Path(output_dir).expanduser(), mean_range, watch, verbose)
