"""Films for other programs: OME-TIFF, Gwyddion, GIF and MP4."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.afm.report.drawing import film_pictures, height_range
from lumentrace.engine.progress import Progress, Verbose
from lumentrace.storage.sink import replaced_through_sink

from .analysis.utils.common import NumpyEncoder
from .export_gwy import to_gwy as to_gwy
from .stack import AFMImageStack

PROVENANCE_TAG = 65000
FILM_SUFFIXES = (".gif", ".mp4", ".avi")
DEFAULT_FPS = 5.0
MOST_FPS = 50.0


def to_ome_tiff(path: str | os.PathLike[str], stack: AFMImageStack) -> None:
    """Write a stack as OME-TIFF, with the size of its pixels and the times of its frames.

    Parameters
    ----------
    path : path
        E.g. ``film.ome.tif``.
    stack : AFMImageStack
        Values keep their type; half-precision becomes float32.

    Raises
    ------
    ValueError
        If frames have pixels of different sizes, which the format cannot say.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from lumentrace import afm
    >>> from lumentrace.afm.export import to_ome_tiff
    >>> times = [{"timestamp": 0}, {"timestamp": 2}]
    >>> stack = afm.AFMImageStack(np.zeros((2, 8, 8)), 1.5, "height_trace", "film.asd", times)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_ome_tiff(f"{folder}/film.ome.tif", stack)
    ...     afm.load(f"{folder}/film.ome.tif").get_frame_times()
    [0.0, 2.0]
    """
    import tifffile

    sizes = {stack.scaling_for_frame(number) for number in range(stack.n_frames)}
    if len(sizes) > 1:
        raise ValueError(f"`stack`: expected frames with pixels of one size, found {len(sizes)} sizes")
    times = [entry["timestamp"] for entry in stack.frame_metadata]
    metadata: dict[str, Any] = {
        "axes": "TYX",
        "Channel": {"Name": stack.channel},
        "PhysicalSizeX": stack.pixel_size_nm / 1000,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": stack.pixel_size_y_nm / 1000,
        "PhysicalSizeYUnit": "µm",
    }
    if stack.n_frames > 1 and None not in times:
        metadata["TimeIncrement"] = float(np.mean(np.diff(times)))
        metadata["TimeIncrementUnit"] = "s"
    if None not in times:
        metadata["Plane"] = {"DeltaT": times, "DeltaTUnit": ["s"] * stack.n_frames}
    data = stack.data.astype(np.float32) if stack.data.dtype == np.float16 else stack.data
    parts = {name: stack.provenance[name] for name in ("acquisition", "environment", "processing")}
    record = json.dumps(parts, cls=NumpyEncoder)
    tags = [(PROVENANCE_TAG, "s", 0, record.encode("ascii", "backslashreplace").decode(), True)]
    with replaced_through_sink(path) as file:
        tifffile.imwrite(file, data, ome=True, photometric="minisblack", metadata=metadata, extratags=tags)


def to_film(
    path: str | os.PathLike[str],
    stack: AFMImageStack,
    *,
    fps: float | None = None,
    zmin: float | str | None = "auto",
    zmax: float | str | None = "auto",
    scale_bar_nm: float | None = None,
    time_stamp: bool = True,
    verbose: Verbose = False,
) -> None:
    """Write a stack as a film in colours, with scale bar and time stamp.

    Parameters
    ----------
    path : path
        Ending in ``.gif``, or in ``.mp4`` or ``.avi``, which need ``pip install lumentrace[video]``.
    stack : AFMImageStack
    fps : float, optional
        Frames per second; by default as they were taken, 5 if that is not known, 50 at most.
    zmin, zmax : float, 'auto' or None, default 'auto'
        Heights of the darkest and the brightest colour; 'auto' is the 1st and 99th percentile, None the extremes.
    scale_bar_nm : float, optional
        By default a round length of about a quarter of the frame; 0 for none.
    time_stamp : bool, default True
    verbose : bool or callable, default False
        Show a progress bar, or call with (done, total).

    Raises
    ------
    ValueError
        For another ending, a stack without frames, or settings out of range.
    ImportError
        If a package is missing.
    OSError
        If the file cannot be written.
    """
    place = Path(path)
    if place.suffix.lower() not in FILM_SUFFIXES:
        raise ValueError(f"{path}: expected a film ending in one of {', '.join(FILM_SUFFIXES)}, found {place.suffix!r}")
    if not stack.n_frames:
        raise ValueError("`stack`: expected frames, found none")
    speed = _speed(stack) if fps is None else float(fps)
    if not 0 < speed <= 1000:
        raise ValueError(f"`fps`: expected a number above 0 and up to 1000, found {fps}")
    times = stack.get_frame_times() if time_stamp else None
    pictures = film_pictures(stack.data, stack.pixel_size_nm, times, height_range(stack.data, zmin, zmax), scale_bar_nm)
    if place.suffix.lower() == ".gif":
        _write_gif(place, pictures, stack.n_frames, speed, verbose)
    else:
        from lumentrace.plots import make_video

        make_video(pictures, place, speed, verbose=verbose is True)


def _speed(stack: AFMImageStack) -> float:
    times = [entry["timestamp"] for entry in stack.frame_metadata]
    if len(times) < 2 or None in times or times[-1] <= times[0]:
        return DEFAULT_FPS
    return float(np.clip((len(times) - 1) / (times[-1] - times[0]), 1 / 3, MOST_FPS))


def _write_gif(path: Path, pictures: Any, frames: int, fps: float, verbose: Verbose) -> None:
    from PIL import Image

    # The format keeps times in hundredths of a second.
    duration = max(20, 10 * round(100 / fps))
    with Progress(verbose, frames, "Film", "frame") as progress, replaced_through_sink(path) as file:

        def images() -> Any:
            for number, picture in enumerate(pictures):
                progress.reach(number + 1)
                yield Image.fromarray(picture).quantize(255)

        first, *rest = images()
        first.save(file, "GIF", save_all=True, append_images=rest, duration=duration, loop=0)
