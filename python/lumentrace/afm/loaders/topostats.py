"""Images that TopoStats has levelled: ``.topostats``, HDF5."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.storage.hdf5 import check_size, opened

from ..frames import Floats, FrameSource, Recording
from .pictures import undersized
from .recording import choose

KIND = "a file of TopoStats in HDF5"
IMAGES = ("image", "image_original")
"""Levelled, and as it was recorded; both in nm."""
SCALE = "pixel_to_nm_scaling"
VERSIONS = ("topostats_version", "topostats_file_version")


class TopoStatsImage(FrameSource):
    """The image of a file."""

    def __init__(self, path: Path, name: str, shape: tuple[int, int]):
        self._path, self._name = path, name
        self.shape = (1, *shape)

    def read(self, frames: range) -> Floats:
        """Frames of given numbers."""
        with opened(self._path, KIND) as h5:
            image = np.asarray(h5[self._name][()], dtype=np.float64)
        return np.repeat(image[np.newaxis], len(frames), axis=0)


def channels(path: Path) -> list[str]:
    """Names of the images that are there."""
    with opened(path, KIND) as h5:
        return [name for name in IMAGES if name in h5 and getattr(h5[name], "ndim", 0) == 2]


def read(path: Path, channel: str, *, pixel_size_nm: float | None = None) -> Recording:
    """Read one image.

    Parameters
    ----------
    path : Path
    channel : str
        'image', which has been levelled, or 'image_original'; 'height' is 'image'.
    pixel_size_nm : float, optional
        For files that do not say.

    Raises
    ------
    FormatError
        If the file is damaged.
    ValueError
        If the channel is not there, or the size of a pixel is not known.
    """
    name = choose(channel, channels(path), path)
    with opened(path, KIND) as h5:
        check_size(path, h5[name])
        shape, kind = h5[name].shape, h5[name].dtype.kind
        if min(shape) < 1 or kind not in "fiu":
            raise FormatError(f"{path}: {name}: expected an image of real numbers, found {shape} of {h5[name].dtype}")
        pixel = _scale(h5) if pixel_size_nm is None else pixel_size_nm
        versions = {key: _plain(h5[key]) for key in VERSIONS if key in h5}
    if pixel is None:
        raise undersized(path)
    metadata = [{"timestamp": None, "frame_pixel_size_nm": pixel}]
    return Recording(TopoStatsImage(path, name, shape), name, "nm", (pixel, pixel), metadata, versions)


def _scale(h5: Any) -> float | None:
    """Nanometres of a pixel; None if the file does not say."""
    try:
        value = float(_plain(h5[SCALE]))
    except (KeyError, TypeError, ValueError):
        return None
    return value if 0 < value < math.inf else None


def _plain(dataset: Any) -> Any:
    """A single number or text; None for anything else."""
    if getattr(dataset, "shape", None) != ():
        return None
    value = dataset[()]
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value.item()
