"""Thresholds of one channel from its histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.masked import unmasked

from ..regions.selection import channel, inside

AUTO = ("otsu", "li", "triangle", "yen", "isodata", "mean")


@unmasked
def auto_threshold(values: ArrayLike, method: str, mask: ArrayLike | None = None) -> float:
    """The threshold of one channel, by a method of scikit-image.

    Parameters
    ----------
    values : array_like
    method : {'otsu', 'li', 'triangle', 'yen', 'isodata', 'mean'}
    mask : array_like, optional
        Same shape; pixels other than 0 count.

    Returns
    -------
    float
        NaN without pixels, for a constant channel and for pixels that are not finite.

    Raises
    ------
    ValueError
        For an unknown method.

    Notes
    -----
    Histograms have a bin per grey level for whole numbers and 256 bins otherwise. Sources: Otsu (1979), Li and Tam
    (1998), Zack & al. (1977, triangle), Yen & al. (1995), Ridler and Calvard (1978, isodata).

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.coloc import auto_threshold
    >>> auto_threshold(np.r_[np.zeros(90), np.full(10, 8.0)], "mean")
    0.8
    """
    if method not in AUTO:
        raise ValueError(f"`method`: expected one of {', '.join(AUTO)}, found {method!r}")
    array = channel("values", values)
    kept = inside(mask, array.shape)
    return threshold_of(array.ravel() if kept is None else array[kept], method)


def threshold_of(pixels: NDArray[Any], method: str) -> float:
    """The threshold of flat pixels; NaN if there is none."""
    if not pixels.size or not np.isfinite(pixels).all() or pixels.min() == pixels.max():
        return float("nan")
    if method == "mean":
        return float(pixels.mean(dtype=np.float64))
    from skimage import filters

    found: Any = getattr(filters, f"threshold_{method}")(_exact(pixels))
    return float(np.ravel(found)[0])


def _exact(pixels: NDArray[Any]) -> NDArray[Any]:
    """In a type that the functions of scikit-image take without loss."""
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8)
    if pixels.dtype == np.float16:
        return pixels.astype(np.float32)
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))


COUNTED = ("otsu", "yen", "isodata", "mean")
"""Methods that need no more than how many pixels have each level."""


def threshold_of_counts(counts: NDArray[np.integer[Any]], method: str) -> float:
    """The threshold of so many pixels of level 0, 1, ...: that of `threshold_of`; `method` is one of `COUNTED`."""
    present = np.flatnonzero(counts)
    if present.size < 2:
        return float("nan")
    low, high = int(present[0]), int(present[-1]) + 1
    levels, inner = np.arange(low, high), counts[low:high].astype(np.int64)
    if method == "mean":
        return float(int((levels * inner).sum()) / int(inner.sum()))
    from skimage import filters

    found: Any = getattr(filters, f"threshold_{method}")(hist=(inner, levels))
    return float(np.ravel(found)[0])
