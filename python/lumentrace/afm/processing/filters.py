"""Filters of single frames: levelling, matching of rows, scars, smoothing.

Each is called with a frame (height, width) or a stack (frames, height, width), a mask if there is one, and settings by
name, and gives float64 of the same shape. Pixels that are not finite take part in no fit and stay as they are. Pixels
where the mask is True are foreground: left out of fits, but corrected like all others. A frame that cannot be filtered
raises ValueError with its number.

Examples
--------
>>> import numpy as np
>>> from lumentrace.afm.processing import filters
>>> y, x = np.indices((64, 64))
>>> tilted = 3.0 + 0.1 * x - 0.2 * y
>>> bool(np.abs(filters.remove_plane(tilted)).max() < 1e-12)
True
"""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from lumentrace.base.masked import unmasked

from . import kernels
from .native import Floats, FrameFilter, filtered


@unmasked
def row_median_align(data: ArrayLike, /, mask: ArrayLike | None = None) -> Floats:
    """Subtract from each row its median; a row without background stays as it is."""
    return filtered("row_median_align", data, mask, kernels.row_median())


@unmasked
def remove_plane(data: ArrayLike, /, mask: ArrayLike | None = None) -> Floats:
    """Subtract the plane that fits best."""
    return filtered("remove_plane", data, mask, kernels.plane())


@unmasked
def polynomial_flatten(data: ArrayLike, /, mask: ArrayLike | None = None, *, order: int = 2) -> Floats:
    """Subtract the polynomial of all monomials x^i y^j with i + j up to `order` that fits best.

    Parameters
    ----------
    order : int, default 2
        From 1 on.
    """
    return filtered("polynomial_flatten", data, mask, kernels.surface(order))


@unmasked
def iterative_flatten(
    data: ArrayLike,
    /,
    mask: ArrayLike | None = None,
    *,
    order: int = 2,
    factor: float = 2.5,
    both_sides: bool = False,
    iterations: int = 20,
) -> Floats:
    """Subtract a polynomial, leaving out again and again what stands out from it, until nothing changes.

    Parameters
    ----------
    order : int, default 2
        From 1 on.
    factor : float, default 2.5
        What is higher by so many robust standard deviations (1.4826 times the median absolute deviation) is left out.
    both_sides : bool, default False
        Leave out what is as much lower, too.
    iterations : int, default 20
        Most repetitions.
    """
    return filtered("iterative_flatten", data, mask, kernels.auto_surface(order, factor, both_sides, iterations))


@unmasked
def three_point_plane(
    data: ArrayLike, /, mask: ArrayLike | None = None, *, points: Sequence[Sequence[float]], radius: int = 2
) -> Floats:
    """Subtract the plane through the mean heights around three places.

    Parameters
    ----------
    points : sequence of 3 (row, column)
    radius : int, default 2
        Half the side of the squares that are averaged, in pixels.
    """
    return filtered("three_point_plane", data, mask, kernels.three_points(points, radius))


@unmasked
def line_polynomial(data: ArrayLike, /, mask: ArrayLike | None = None, *, order: int = 1) -> Floats:
    """Subtract from each row the polynomial that fits it best; a row with too little background stays as it is.

    Parameters
    ----------
    order : int, default 1
        0 subtracts the mean.
    """
    return filtered("line_polynomial", data, mask, kernels.row_polynomial(order))


@unmasked
def match_lines(data: ArrayLike, /, mask: ArrayLike | None = None) -> Floats:
    """Shift each row so that the median of its differences to the row before is 0; the mean of all shifts is 0."""
    return filtered("match_lines", data, mask, kernels.match_rows())


@unmasked
def remove_scars(
    data: ArrayLike,
    /,
    mask: ArrayLike | None = None,
    *,
    high: float = 4.0,
    low: float = 2.0,
    min_length: int = 8,
    max_width: int = 2,
) -> Floats:
    """Replace stretches of rows that lie above or below both neighbours by lines between these.

    Parameters
    ----------
    high : float, default 4
        A scar has a pixel that stands out by so many robust standard deviations of the differences between rows.
    low : float, default 2
        It goes on as far as pixels stand out by so many.
    min_length : int, default 8
        Least length in pixels.
    max_width : int, default 2
        Most rows.
    """
    return filtered("remove_scars", data, mask, kernels.scars(high, low, min_length, max_width))


@unmasked
def zero_mean(data: ArrayLike, /, mask: ArrayLike | None = None) -> Floats:
    """Subtract the mean."""
    return filtered("zero_mean", data, mask, kernels.mean())


@unmasked
def zero_median(data: ArrayLike, /, mask: ArrayLike | None = None) -> Floats:
    """Subtract the median."""
    return filtered("zero_median", data, mask, kernels.median())


@unmasked
def gaussian_filter(data: ArrayLike, /, mask: ArrayLike | None = None, *, sigma: float = 1.0) -> Floats:
    """Smooth with a Gaussian that reaches 4 sigma, with mirrored edges; pixels that are not finite have no weight.

    Parameters
    ----------
    sigma : float, default 1
        Standard deviation in pixels.
    """
    return filtered("gaussian_filter", data, mask, kernels.gaussian(sigma))


@unmasked
def vertical_flip(data: ArrayLike, /, mask: ArrayLike | None = None) -> Floats:
    """Reverse the rows."""
    return filtered("vertical_flip", data, mask, kernels.flip())


NATIVE = {
    each.name: each
    for each in (
        FrameFilter(row_median_align, kernels.row_median, "0.1.0", masked=True),
        FrameFilter(remove_plane, kernels.plane, "0.1.0", masked=True),
        FrameFilter(polynomial_flatten, kernels.surface, "0.1.0", masked=True),
        FrameFilter(iterative_flatten, kernels.auto_surface, "0.1.0", masked=True),
        FrameFilter(three_point_plane, kernels.three_points, "0.1.0", masked=False),
        FrameFilter(line_polynomial, kernels.row_polynomial, "0.1.0", masked=True),
        FrameFilter(match_lines, kernels.match_rows, "0.1.0", masked=True),
        FrameFilter(remove_scars, kernels.scars, "0.1.0", masked=False),
        FrameFilter(zero_mean, kernels.mean, "0.2.0", masked=True),
        FrameFilter(zero_median, kernels.median, "0.1.0", masked=True),
        FrameFilter(gaussian_filter, kernels.gaussian, "0.1.0", masked=False),
        FrameFilter(vertical_flip, kernels.flip, "0.1.0", masked=False),
    )
}
"""Filters by name, as pipelines know them."""
FILTERS = {name: each.function for name, each in NATIVE.items()}
