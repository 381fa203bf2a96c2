"""One channel and plane of a microscope's recording as a recording that everything else reads."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Watch
from lumentrace.engine.progress import Verbose
from lumentrace.twophoton.convert.film_recording import About, Film, checked_rate, write_film
from lumentrace.twophoton.convert.microscopes.acquisition import Acquisition
from lumentrace.twophoton.convert.microscopes.opening import open_acquisition
from lumentrace.twophoton.convert.recording_folder import ConvertedPaths
from lumentrace.twophoton.convert.stimulus_table import NO_WINDOWS, stated_windows

Path_ = str | os.PathLike[str]
Floats = NDArray[np.float64]

NO_PHOTODIODE = "the recording is one of a microscope and a table of the stimulus"


@unmasked
def convert_acquisition(
    source: Path_ | Sequence[Path_],
    output_dir: Path_,
    *,
    stimulus_table: Any = None,
    channel: str | int | None = None,
    plane: int | None = None,
    frame_rate_hz: float | None = None,
    hemisphere: str | None = None,
    alignment: NDArray[Any] | None = None,
    motion_threshold_pixels: float | None = None,
    acquisition_metadata: Mapping[str, Any] | None = None,
    run_metadata: Mapping[str, Any] | None = None,
    mean_start_frame: int | None = None,
    mean_stop_frame: int | None = None,
    verbose: Verbose = False,
) -> ConvertedPaths:
    """Convert one channel and plane of a microscope's recording; the movie is copied block by block, never held whole.

    The result is a converted recording as that of `convert_tiff_recording`. Seconds of the table become frames by the
    times that the microscope gave to the frames of that plane, where it did; they are kept as ``frame_times_s``.

    Parameters
    ----------
    source : path or sequence of path
        What `open_acquisition` opens.
    output_dir : path
        Where ``recording_data.h5`` and ``aligned_movie.h5`` go.
    stimulus_table : path, DataFrame or mapping of columns, optional
        A row per epoch, as `convert_tiff_recording` takes it; seconds count from the first frame of the first plane. By
        default the epochs that the file holds (NWB), or none: such a recording can be looked at and searched for cells.
    channel : str or int, optional
        Name of a channel, or its place from 0 on; has to be said if there are several.
    plane : int, optional
        Place of a plane, from 0 on; has to be said if there are several.
    frame_rate_hz : float, optional
        Frames of the plane per second, in place of the times that the files say; has to be said if they say none.
    hemisphere : {'left', 'right'}, optional
    alignment, motion_threshold_pixels, acquisition_metadata, run_metadata, mean_start_frame, mean_stop_frame
        As of `convert_tiff_recording`.
    verbose : bool or callable, default False
        True for a progress bar.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    FormatError
        If a file is damaged or cut off.
    ValueError
        If it is not said which channel or plane is meant, frames have no times, the table does not fit the movie, or a
        setting is out of range.

    Warns
    -----
    UserWarning
        If frames are missing between others, by their times.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import tifffile
    >>> from lumentrace import twophoton
    >>> epochs = {"start_s": [0, 2], "stop_s": [2, 4], "epoch_number": [1, 2], "epoch_name": ["grey", "odour"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     movie = np.zeros((40, 3, 16, 16), "uint16")
    ...     tifffile.imwrite(f"{folder}/a.ome.tif", movie, metadata={"axes": "TZYX", "TimeIncrement": 0.1})
    ...     paths = twophoton.convert_acquisition(
    ...         f"{folder}/a.ome.tif", f"{folder}/out", stimulus_table=epochs, plane=1
    ...     )
    ...     paths.movie_shape
    (40, 16, 16)
    """
    watch = Watch()
    with open_acquisition(source) as acquisition:
        number = acquisition.plane_number(plane)
        movie = acquisition.movie(channel, number)
        rate, times = _clock(acquisition, number, frame_rate_hz)
        table = acquisition.epochs if stimulus_table is None else stimulus_table
        windows = NO_WINDOWS if table is None else stated_windows(table, rate, acquisition.frames, times)
        known = _known(acquisition, acquisition.channel_number(channel), number)
        film = Film(movie, acquisition.path, rate, windows, NO_PHOTODIODE, "read_acquisition", known, times)
        about = About(hemisphere, alignment, motion_threshold_pixels, acquisition_metadata, run_metadata)
        mean_range = mean_start_frame, mean_stop_frame
        return write_film(film, about, Path(output_dir).expanduser(), mean_range, watch, verbose)


def _clock(acquisition: Acquisition, plane: int, asked: float | None) -> tuple[float, Floats | None]:
    """Frames per second, and times of frames if the microscope says them."""
    if asked is not None:
        return checked_rate(asked), None
    rate = acquisition.frame_rate_hz
    if math.isnan(rate):
        raise ValueError(
            f"`frame_rate_hz`: expected the frames per second, because {acquisition.path} does not say when its frames "
            "were taken"
        )
    if acquisition.gaps:
        warnings.warn(
            f"{acquisition.path}: {acquisition.gaps} gaps between frames (frames are missing); epochs are set by the "
            "times of frames, and everything else counts on the rate",
            stacklevel=4,
        )
    return rate, acquisition.times[:, plane]


def _known(acquisition: Acquisition, channel: int, plane: int) -> dict[str, Any]:
    """What a converted recording keeps of the microscope."""
    sizes = {f"pixel_size_{axis.lower()}_um": size for axis, size in acquisition.image.spacing.items()}
    chosen = {"channel": acquisition.channels[channel], "plane": plane, "planes": acquisition.planes}
    return {"configName": acquisition.kind, **acquisition.about, **chosen, **sizes}
