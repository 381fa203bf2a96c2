"""Grey values: levels, percentiles, equal histograms, smoothing that loses nothing."""

from __future__ import annotations

import logging
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.base.checks import one_plane
from lumentrace.base.masked import unmasked

logger = logging.getLogger(__name__)

Number = float
BINS = 256
TRUNCATE = 4.0
TINY = 1e-8


def _float(image: NDArray[Any]) -> NDArray[Any]:
    """float32 stays, everything else becomes float64; both in the byte order of this machine."""
    image = np.asarray(image)
    return image.astype(np.float32 if image.dtype.newbyteorder("=") == np.float32 else np.float64, copy=False)


@unmasked
def subtract_median(image: NDArray[Any], region: tuple[int, int, int, int] = (0, 5000, 0, 5000)) -> NDArray[Any]:
    """Subtract the median of a part of the image from all of it.

    Parameters
    ----------
    image : ndarray
        (rows, columns); NaN is left out.
    region : tuple of int, default (0, 5000, 0, 5000)
        First and end row, first and end column; ends beyond the image are its own.

    Returns
    -------
    ndarray
        float32 if the image is, else float64.

    Raises
    ------
    ValueError
        If the region holds no pixel, or the image is no plane.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import stain
    >>> stain.subtract_median(np.array([[3, 5], [7, 9]], dtype=np.uint8), region=(0, 1, 0, 2))
    array([[-1.,  1.],
           [ 3.,  5.]])
    """
    one_plane("image", image)
    top, bottom, left, right = region
    rows, columns = image.shape
    part = image[top : min(bottom, rows), left : min(right, columns)]
    if not part.size:
        raise ValueError(f"`region`: expected some pixels of an image of {rows} x {columns}, found none in {region}")
    known = part[~np.isnan(part)]
    level = np.median(known) if known.size else np.nan
    logger.info(
        "median of rows %d to %d, columns %d to %d: %g", top, min(bottom, rows), left, min(right, columns), level
    )
    values = _float(image)
    return np.asarray(values - values.dtype.type(level))


@unmasked
def normalize_image(
    image: NDArray[Any], norm_percentile: float | None = None, on_zero: Literal["raise", "nan"] = "raise"
) -> NDArray[Any]:
    """Divide an image by its greatest value, or by a percentile.

    Parameters
    ----------
    image : ndarray
        NaN is left out.
    norm_percentile : float, optional
        0 to 100; the greatest value if left out.
    on_zero : {'raise', 'nan'}, default 'raise'
        What happens if that value is 0, or there is none.

    Returns
    -------
    ndarray
        float32 if the image is, else float64.

    Raises
    ------
    ValueError
        If the value to divide by is 0, or no pixel is known.
    """
    values = _float(image)
    divisor, found = 0, "no pixel that is known"
    if not np.isnan(values).all():
        divisor = np.nanmax(values) if norm_percentile is None else np.nanpercentile(values, norm_percentile)
        found = "0"
    if divisor == 0:
        what = "greatest value" if norm_percentile is None else f"percentile {norm_percentile:g}"
        if on_zero == "raise":
            raise ValueError(f"`image`: expected a {what} other than 0 to divide by, found {found}")
        return np.full_like(values, np.nan)
    return np.asarray(values / values.dtype.type(divisor))


@unmasked
def robust_vmax(im: NDArray[Any], n_mad: float = 5) -> Any:
    """Upper limit of a colour scale: median of the positive values and `n_mad` times their median absolute deviation.

    Returns
    -------
    number
        1.0 if no pixel is positive.
    """
    positive = im[im > 0]
    if not positive.size:
        return 1.0
    median = np.median(positive)
    return median + n_mad * np.median(np.abs(positive - median))


@unmasked
def estimate_gauss_sigma(
    im: NDArray[Any],
    down_scale: float,
    sparse_threshold: float = 0.1,
    sparse_sigma: float = 5,
    dense_sigma: float = 0,
) -> float:
    """Width of a Gaussian for an image: `sparse_sigma` if fewer pixels than `sparse_threshold` are positive.

    Parameters
    ----------
    im : ndarray
    down_scale : float
        Not used; it is part of the documented signature.
    sparse_threshold : float, default 0.1
        Share of pixels.
    sparse_sigma, dense_sigma : float
    """
    share = np.count_nonzero(np.asarray(im) > 0) / max(np.size(im), 1)
    return sparse_sigma if share < sparse_threshold else dense_sigma


@unmasked
def filter_nan_gaussian_conserving(arr: NDArray[Any], sigma: float) -> NDArray[np.float64]:
    """Smooth with a Gaussian so that nothing leaks into unknown pixels or over the border.

    What would leak stays where it came from: the sum over all known pixels is that of the input.

    Parameters
    ----------
    arr : ndarray
        NaN is unknown, and stays.
    sigma : float
        In pixels; the kernel ends at 4 sigma.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import stain
    >>> smooth = stain.filter_nan_gaussian_conserving(np.array([[1.0, np.nan], [0.0, 3.0]]), 1.0)
    >>> float(np.nansum(smooth).round(12))
    4.0
    """
    values = np.asarray(arr, dtype=np.float64)
    if sigma == 0:
        return values.copy()
    unknown = np.isnan(values)
    known = np.where(unknown, 0.0, values)
    spread = ndimage.gaussian_filter(known, sigma, mode="constant", cval=0.0, truncate=TRUNCATE)
    lost = ndimage.gaussian_filter(unknown.astype(np.float64), sigma, mode="constant", cval=1.0, truncate=TRUNCATE)
    return np.where(unknown, np.nan, spread + lost * known)


@unmasked
def equalize_pair(post: NDArray[Any], pre: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give the pre-stain image the histogram of the post-stain image, and scale both to 0 to 1.

    Parameters
    ----------
    post, pre : ndarray
        Only positive pixels are matched. The shapes may differ.

    Returns
    -------
    post, pre : ndarray
        float32 if the input is, else float64; 1 is the 99th percentile of the post-stain image.

    Raises
    ------
    ValueError
        If an image has no pixel, or infinite ones.
    """
    stained, plain = _float(post), _float(pre)
    for name, image in (("post", stained), ("pre", plain)):
        if not image.size or np.isinf(image).any():
            raise ValueError(f"`{name}`: expected pixels that are not infinite, found {np.isinf(image).sum()} that are")
    above, below = stained[stained > 0], plain[plain > 0]
    if not above.size or not below.size:
        tiny = stained.dtype.type(TINY)
        return stained / (stained.max() + tiny), plain / (plain.max() + plain.dtype.type(TINY))
    top = _cumulative(above)
    bottom = _cumulative(below)
    bins = np.clip(np.searchsorted(bottom[1][1:], plain.ravel()), 0, BINS - 1)
    levels = np.clip(np.searchsorted(top[0], bottom[0]), 0, BINS - 1)
    centres = ((top[1][:-1] + top[1][1:]) / 2).astype(np.float32)
    matched = centres[levels][bins].reshape(plain.shape).astype(plain.dtype)
    matched[plain == 0] = 0
    bright = np.percentile(above, 99)
    bright = bright if bright >= TINY else 1.0
    return (
        np.clip(stained / stained.dtype.type(bright), 0, 1),
        np.clip(matched / matched.dtype.type(bright), 0, 1),
    )


def _cumulative(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cumulative histogram from 0 to 1, and the edges of its bins."""
    counts, edges = np.histogram(values, BINS, range=(values.min(), values.max()))
    total = counts.cumsum().astype(np.float64)
    return total / total[-1], edges
