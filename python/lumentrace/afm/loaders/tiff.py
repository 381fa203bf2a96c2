"""Films in TIFF and OME-TIFF files, those of `lumentrace.afm.export` and others."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.storage import read_tiff
from lumentrace.storage.tiff import damage_named

from ..frames import Loaded, Recording
from .pictures import undersized
from .recording import choose


def channels(path: Path) -> list[str]:
    """Names of the channels."""
    picture = read_tiff(path)
    count = picture.pixels.shape[picture.axes.index("C")] if "C" in picture.axes else 1
    return picture.channel_names or [str(number) for number in range(count)]


def read(path: Path, channel: str, *, pixel_size_nm: float | None = None) -> Recording:
    """Read one channel; with a single one its name does not matter.

    Parameters
    ----------
    path : Path
    channel : str
        Name or number.
    pixel_size_nm : float, optional
        For files that do not say.

    Raises
    ------
    FormatError
        If the file is damaged or no film.
    ValueError
        If the channel is not there, or the size of a pixel is not known.
    """
    picture = read_tiff(path)
    frames, axes = picture.pixels, picture.axes
    names = channels(path)
    name = names[0] if len(names) == 1 else choose(channel, names, path)
    if "C" in axes:
        frames = np.take(frames, names.index(name), axis=axes.index("C"))
        axes = axes.replace("C", "")
    if axes[-2:] != "YX" or sum(length > 1 for length in frames.shape[:-2]) > 1:
        raise FormatError(f"{path}: expected axes TYX, found {picture.axes} of shape {picture.pixels.shape}")
    frames = frames.reshape(-1, *frames.shape[-2:])
    spacing = {axis: 1000 * size for axis, size in picture.spacing.items()}
    if pixel_size_nm is not None:
        spacing = {"X": pixel_size_nm, "Y": pixel_size_nm}
    if "X" not in spacing:
        raise undersized(path)
    size = spacing["X"], spacing.get("Y", spacing["X"])
    times = _times(path, len(frames))
    metadata = [{"timestamp": time, "frame_pixel_size_nm": size[0]} for time in times]
    return Recording(Loaded(frames), name, "nm", size, metadata)


def _times(path: Path, frames: int) -> list[float | None]:
    """Times of the planes of an OME-TIFF, else from its time increment."""
    import tifffile

    with damage_named(path, "a film with times"), tifffile.TiffFile(path) as file:
        text = file.ome_metadata or ""
        deltas = re.findall(r'<(?:\w+:)?Plane\b[^>]*\bDeltaT="([^"]+)"', text)
        if len(deltas) == frames:
            return [_time(delta) for delta in deltas]
        step = re.search(r'\bTimeIncrement="([^"]+)"', text)
        return [_time(step.group(1), number) for number in range(frames)] if step else [None] * frames


def _time(text: str, steps: int = 1) -> float:
    seconds = steps * float(text)
    if not math.isfinite(seconds):
        raise ValueError(f"a time of {text}")
    return seconds
