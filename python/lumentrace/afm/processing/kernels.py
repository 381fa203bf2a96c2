"""What runs in Rust on each frame: names of kernels with their numbers, made of the settings of filters."""

from __future__ import annotations

from collections.abc import Sequence

from lumentrace.base.checks import whole

Kernel = tuple[str, list[float]]
"""Name of a kernel and its settings."""
MOST_ORDER = 20


def row_median() -> Kernel:
    """The median of each row."""
    return "row_median", []


def plane() -> Kernel:
    """The plane that fits best."""
    return "surface", [1.0]


def surface(order: int) -> Kernel:
    """The polynomial of both coordinates that fits best."""
    return "surface", [whole("order", order, 1, MOST_ORDER)]


def auto_surface(order: int, factor: float, both_sides: bool, iterations: int) -> Kernel:
    """The polynomial that fits best what does not stand out from it."""
    degree, most = whole("order", order, 1, MOST_ORDER), whole("iterations", iterations, 1)
    return "auto_surface", [degree, float(factor), float(both_sides), most]


def three_points(points: Sequence[Sequence[float]], radius: int) -> Kernel:
    """The plane through three places."""
    places = [tuple(point) for point in points]
    if len(places) != 3 or any(len(place) != 2 for place in places):
        raise ValueError(f"`points`: expected three pairs (row, column), found {points!r}")
    return "three_points", [*(float(number) for place in places for number in place), whole("radius", radius, 0)]


def row_polynomial(order: int) -> Kernel:
    """The polynomial that fits a row best."""
    return "row_polynomial", [whole("order", order, 0, MOST_ORDER)]


def match_rows() -> Kernel:
    """Shifts that bring each row to the one before."""
    return "match_rows", []


def scars(high: float, low: float, min_length: int, max_width: int) -> Kernel:
    """Stretches of rows that stand out from both neighbours."""
    lengths = [whole("min_length", min_length, 1), whole("max_width", max_width, 1)]
    return "scars", [float(high), float(low), *lengths]


def mean() -> Kernel:
    """The mean of a frame."""
    return "zero_mean", []


def median() -> Kernel:
    """The median of a frame."""
    return "zero_median", []


def gaussian(sigma: float) -> Kernel:
    """Smoothing with a Gaussian."""
    return "gaussian", [float(sigma)]


def flip() -> Kernel:
    """Rows in reversed order."""
    return "flip", []
