"""What each pixel did over some frames, without holding the frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.frames_done import FramesDone
from lumentrace.twophoton.read.movie import Movie

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PixelFigures:
    """Figures of each pixel (rows, columns) over its finite values.

    Attributes
    ----------
    count : ndarray of int
    total : ndarray
        Their sum; or the sum of their absolute differences from a base.
    low, high : ndarray
        The extremes; NaN where there is no value.
    """

    count: NDArray[np.int64]
    total: Floats
    low: Floats
    high: Floats

    @property
    def mean(self) -> Floats:
        """NaN where there is no value."""
        return np.asarray(
            np.divide(self.total, self.count, out=np.full(self.total.shape, np.nan), where=self.count > 0)
        )


def pixel_figures(
    movie: Movie,
    start: int,
    stop: int,
    kept: NDArray[np.bool_],
    crop: SpatialCrop,
    base: Floats | None = None,
    done: FramesDone | None = None,
) -> PixelFigures:
    """Figures of each pixel over frames from `start` up to `stop` that are kept.

    Parameters
    ----------
    movie : Movie
    start, stop : int
    kept : ndarray of bool
        A value for each frame of the movie.
    crop : SpatialCrop
    base : ndarray, optional
        (rows, columns): sum absolute differences from it instead of values.
    done : FramesDone, optional
        Is told of the frames.
    """
    count = np.zeros(crop.shape, np.int64)
    total, low, high = np.zeros(crop.shape), np.full(crop.shape, np.inf), np.full(crop.shape, -np.inf)
    own = None if base is None else np.ascontiguousarray(base)
    for first, frames, span in movie.iter_kernel_batches(start, stop):
        used = np.ascontiguousarray(kept[first : first + span[1] - span[0]])
        tell = None if done is None else done.kernel(crop.shape[0] * crop.shape[1])
        more, part, smallest, largest = frames.images(span, *crop.spans, used, own, tell)
        if done is not None:
            done.add(span[1] - span[0])
        count += more
        total += part
        np.minimum(low, smallest, out=low)
        np.maximum(high, largest, out=high)
    none = count == 0
    low[none], high[none] = np.nan, np.nan
    return PixelFigures(count, total, low, high)
