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

from lumentrace.base.checks import whole

from .native import Kernel, frame_filter

MOST_ORDER = 20


@frame_filter("0.1.0", masked=True)
def row_median_align() -> Kernel:
    """Subtract from each row its median; a row without background stays as it is."""
    return "row_median", []


@frame_filter("0.1.0", masked=True)
def remove_plane() -> Kernel:
    """Subtract the plane that fits best."""
    return "surface", [1.0]


@frame_filter("0.1.0", masked=True)
def polynomial_flatten(order: int = 2) -> Kernel:
    """Subtract the polynomial of all monomials x^i y^j with i + j up to `order` that fits best.

    Parameters
    ----------
    order : int, default 2
        From 1 on.
    """
    return "surface", [whole("order", order, 1, MOST_ORDER)]


@frame_filter("0.1.0", masked=True)
def iterative_flatten(order: int = 2, factor: float = 2.5, both_sides: bool = False, iterations: int = 20) -> Kernel:
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
    return "auto_surface", [
        whole("order", order, 1, MOST_ORDER),
        float(factor),
        float(both_sides),
        whole("iterations", iterations, 1),
    ]


@frame_filter("0.1.0", masked=False)
def three_point_plane(points: Sequence[Sequence[float]], radius: int = 2) -> Kernel:
    """Subtract the plane through the mean heights around three places.

    Parameters
    ----------
    points : sequence of 3 (row, column)
    radius : int, default 2
        Half the side of the squares that are averaged, in pixels.
    """
    places = [tuple(point) for point in points]
    if len(places) != 3 or any(len(place) != 2 for place in places):
        raise ValueError(f"`points`: expected three pairs (row, column), found {points!r}")
    return "three_points", [*(float(number) for place in places for number in place), whole("radius", radius, 0)]


@frame_filter("0.1.0", masked=True)
def line_polynomial(order: int = 1) -> Kernel:
    """Subtract from each row the polynomial that fits it best; a row with too little background stays as it is.

    Parameters
    ----------
    order : int, default 1
        0 subtracts the mean.
    """
    return "row_polynomial", [whole("order", order, 0, MOST_ORDER)]


@frame_filter("0.1.0", masked=True)
def match_lines() -> Kernel:
    """Shift each row so that the median of its differences to the row before is 0; the mean of all shifts is 0."""
    return "match_rows", []


@frame_filter("0.1.0", masked=False)
def remove_scars(high: float = 4.0, low: float = 2.0, min_length: int = 8, max_width: int = 2) -> Kernel:
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
    lengths = [whole("min_length", min_length, 1), whole("max_width", max_width, 1)]
    return "scars", [float(high), float(low), *lengths]


@frame_filter("0.2.0", masked=True)
def zero_mean() -> Kernel:
    """Subtract the mean."""
    return "zero_mean", []


@frame_filter("0.1.0", masked=True)
def zero_median() -> Kernel:
    """Subtract the median."""
    return "zero_median", []


@frame_filter("0.1.0", masked=False)
def gaussian_filter(sigma: float = 1.0) -> Kernel:
    """Smooth with a Gaussian that reaches 4 sigma, with mirrored edges; pixels that are not finite have no weight.

    Parameters
    ----------
    sigma : float, default 1
        Standard deviation in pixels.
    """
    return "gaussian", [float(sigma)]


@frame_filter("0.1.0", masked=False)
def vertical_flip() -> Kernel:
    """Reverse the rows."""
    return "flip", []


FILTERS = {
    each.name: each
    for each in (
        row_median_align,
        remove_plane,
        polynomial_flatten,
        iterative_flatten,
        three_point_plane,
        line_polynomial,
        match_lines,
        remove_scars,
        zero_mean,
        zero_median,
        gaussian_filter,
        vertical_flip,
    )
}
