"""Masks of a frame: which pixels stand out. Statistics leave out pixels that are not finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import one_plane
from lumentrace.base.errors import did_you_mean
from lumentrace.base.masked import unmasked

from . import compat
from .processing.filters import gaussian_filter

Frame = NDArray[Any]
Mask = NDArray[np.bool_]


@unmasked
def mask_threshold(data: Frame, threshold: float = 0.0) -> Mask:
    """Finite pixels above a threshold.

    Parameters
    ----------
    data : ndarray
        A frame.
    threshold : float, default 0

    Returns
    -------
    ndarray of bool

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.afm.masks import mask_threshold
    >>> mask_threshold(np.array([[0.0, 2.0, np.inf]]), threshold=1.0)
    array([[False,  True, False]])
    """
    return (data > threshold) & np.isfinite(data)


@unmasked
def mask_below_threshold(data: Frame, threshold: float = 0.0) -> Mask:
    """Finite pixels below a threshold; see `mask_threshold`."""
    return (data < threshold) & np.isfinite(data)


@unmasked
def mask_mean_offset(data: Frame, factor: float = 1.0) -> Mask:
    """Pixels more than `factor` standard deviations above the mean of the frame.

    Parameters
    ----------
    data : ndarray
        A frame.
    factor : float, default 1
        In population standard deviations.

    Returns
    -------
    ndarray of bool
    """
    finite = data[np.isfinite(data)]
    if not finite.size:
        return np.zeros(data.shape, dtype=bool)
    return np.asarray(data - finite.mean() > factor * finite.std()) & np.isfinite(data)


@unmasked
def mask_morphological(data: Frame, threshold: float = 0.0, structure_size: int = 3) -> Mask:
    """Pixels whose absolute value is above a threshold, closed with a square.

    Parameters
    ----------
    data : ndarray
        A frame.
    threshold : float, default 0
    structure_size : int, default 3
        Side of the square in pixels.

    Returns
    -------
    ndarray of bool
    """
    from scipy import ndimage

    one_plane("data", data)
    square = np.ones((structure_size, structure_size), dtype=bool)
    return np.asarray(ndimage.binary_closing(np.abs(data) > threshold, structure=square))


@unmasked
def mask_adaptive(data: Frame, block_size: int = 15, offset: float = 0.0) -> Mask:
    """Pixels above the mean of their tile.

    Parameters
    ----------
    data : ndarray
        A frame.
    block_size : int, default 15
        Side of the tiles, which begin at the first pixel; the last ones are cut.
    offset : float, default 0
        By how much they have to be above it.

    Returns
    -------
    ndarray of bool
    """
    one_plane("data", data)
    mask = np.zeros(data.shape, dtype=bool)
    for top in range(0, data.shape[0], block_size):
        for left in range(0, data.shape[1], block_size):
            tile = np.s_[top : top + block_size, left : left + block_size]
            finite = data[tile][np.isfinite(data[tile])]
            if finite.size:
                mask[tile] = (data[tile] > finite.mean() + offset) & np.isfinite(data[tile])
    return mask


@unmasked
def mask_otsu(data: Frame) -> Mask:
    """Finite pixels above Otsu's threshold (IEEE Trans. Syst. Man Cybern. 9 (1979) 62)."""
    return _above(data, "threshold_otsu")


@unmasked
def mask_li(data: Frame) -> Mask:
    """Finite pixels above Li's threshold of minimum cross-entropy (Pattern Recognit. Lett. 19 (1998) 771)."""
    return _above(data, "threshold_li")


def _above(data: Frame, method: str) -> Mask:
    from skimage import filters

    finite = data[np.isfinite(data)]
    if not finite.size or finite.min() == finite.max():
        return np.zeros(data.shape, dtype=bool)
    return mask_threshold(data, float(getattr(filters, method)(finite.astype(np.float64))))


@unmasked
def mask_hysteresis(data: Frame, low: float, high: float) -> Mask:
    """Finite pixels above `low` that are connected, by edges or corners, to one above `high`.

    Parameters
    ----------
    data : ndarray
        A frame.
    low, high : float

    Returns
    -------
    ndarray of bool

    Raises
    ------
    ValueError
        If `low` is above `high`, or the frame is no plane.
    """
    from scipy import ndimage

    one_plane("data", data)
    if not low <= high:
        raise ValueError(f"`low`, `high`: expected low <= high, found {low!r} and {high!r}")
    labels, count = ndimage.label(mask_threshold(data, low), np.ones((3, 3), dtype=bool))
    kept = np.zeros(count + 1, dtype=bool)
    kept[labels[mask_threshold(data, high)]] = True
    kept[0] = False
    return np.asarray(kept[labels])


@unmasked
def mask_local(data: Frame, block_size: int = 15, offset: float = 0.0) -> Mask:
    """Pixels above a Gaussian-weighted mean of what is around them.

    Parameters
    ----------
    data : ndarray
        A frame.
    block_size : int, default 15
        Six standard deviations of the Gaussian, about, as in `skimage.filters.threshold_local`.
    offset : float, default 0
        By how much they have to be above it.

    Returns
    -------
    ndarray of bool
    """
    around = gaussian_filter(data, sigma=(block_size - 1) / 6)
    return np.asarray(data > around + offset) & np.isfinite(data)


MASKS: dict[str, Callable[..., Mask]] = {
    function.__name__: function
    for function in (
        mask_threshold,
        mask_below_threshold,
        mask_mean_offset,
        mask_morphological,
        mask_adaptive,
        mask_otsu,
        mask_li,
        mask_hysteresis,
        mask_local,
    )
}


def find_mask(name: str) -> Callable[..., Mask]:
    """A mask by its name; 'threshold_mask' stands for 'mask_threshold'.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest.
    """
    turned = compat.mask(name)
    if turned in MASKS:
        return MASKS[turned]
    raise ValueError(f"`mask_fn`: expected one of {', '.join(MASKS)}, found {name!r}{did_you_mean(turned, MASKS)}")
