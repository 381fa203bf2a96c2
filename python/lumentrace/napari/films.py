"""Layers of films of atomic force microscopes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lumentrace.napari.layers import Layer, kept, limits

if TYPE_CHECKING:
    from lumentrace.afm import AFMImageStack


class Frames:
    """Frames of a film as an array of which only those that are shown are read."""

    def __init__(self, stack: AFMImageStack):
        self.stack = stack
        self.shape = stack.shape
        self.dtype = np.dtype(float)
        self.ndim = 3
        self.size = int(np.prod(stack.shape))

    def __getitem__(self, place: Any) -> Any:
        first, *rest = place if isinstance(place, tuple) else (place,)
        if isinstance(first, slice):
            numbers = range(len(self.stack))[first]
            return np.stack([self.stack.get_frame(number)[tuple(rest)] for number in numbers])
        return self.stack.get_frame(int(first))[tuple(rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self[:], dtype)


def _some(frames: int) -> list[int]:
    """The first, the middle and the last frame: heights of a film drift."""
    return sorted({0, frames // 2, frames - 1})


def film_layers(stack: AFMImageStack, path: Path | None = None) -> list[Layer]:
    """The layer of a film, in seconds and nanometres."""
    times = np.asarray(stack.get_frame_times(), float)
    step = float(np.median(np.diff(times))) if len(times) > 1 else np.nan
    timed = np.isfinite(step) and step > 0
    settings = {
        "name": f"{Path(stack.file_path).name.split('.')[0]} {stack.channel}",
        "scale": (step if timed else 1.0, stack.pixel_size_y_nm, stack.pixel_size_nm),
        "units": ("s" if timed else "pixel", "nm", "nm"),
        "axis_labels": ("t", "y", "x"),
        "contrast_limits": limits(np.stack([stack.get_frame(number) for number in _some(len(stack))])),
        "colormap": "yellow" if stack.unit != "nm" else "inferno",
        "metadata": {**kept(path), "unit": stack.unit},
    }
    return [(Frames(stack), settings, "image")]
