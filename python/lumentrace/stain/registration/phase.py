"""A shift between whole images by phase correlation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from lumentrace.base.checks import equal_shapes
from lumentrace.base.masked import unmasked

SMOOTH = 2.0
"""Width of the correlation's peak, in pixels."""


@unmasked
def prealign_phase_correlation(
    post: NDArray[Any], pre: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[float, float]]:
    """Shift the pre-stain image onto the post-stain image, to a fraction of a pixel.

    Parameters
    ----------
    post, pre : ndarray
        Of equal shape.

    Returns
    -------
    post, pre : ndarray of float32
        The second one shifted; 0 where nothing came from.
    shift : tuple of float
        (dx, dy) that was applied to `pre`, in pixels.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    equal_shapes(post=post, pre=pre)
    still, moving = (np.asarray(image, dtype=np.float32) for image in (post, pre))
    window = np.outer(*(np.hanning(length + 2)[1:-1] for length in still.shape)).astype(np.float32)
    first, second = (fft.rfft2((image - image.mean()) * window, workers=2) for image in (still, moving))
    cross = first * np.conj(second)
    # Phases of fine noise would hide the peak and make it too narrow to be interpolated.
    down, across = fft.fftfreq(still.shape[0])[:, None], fft.rfftfreq(still.shape[1])
    weight = np.exp(-2 * (np.pi * SMOOTH) ** 2 * (down**2 + across**2))
    peak = fft.irfft2(weight * cross / np.maximum(np.abs(cross), 1e-12), still.shape, workers=2)
    row, column = np.unravel_index(int(peak.argmax()), peak.shape)
    shift = [_place(np.take(peak, column, 1), int(row)), _place(np.take(peak, row, 0), int(column))]
    moved = ndimage.shift(moving, shift, order=1, mode="constant", cval=0.0)
    return still, moved, (float(shift[1]), float(shift[0]))


def _place(line: NDArray[Any], top: int) -> float:
    """Peak of a parabola through the greatest value and its neighbours; beyond the middle it is negative."""
    before, here, after = (float(line[(top + step) % len(line)]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    fraction = 0.5 * (before - after) / bend if bend < 0 else 0.0
    place = top + fraction
    return place - len(line) if place > len(line) / 2 else place
