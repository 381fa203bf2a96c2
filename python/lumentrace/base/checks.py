"""Checks of settings and images."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 1 << 30
LARGEST_LABEL = 1 << 53
"""Labels up to here are exact in every type."""


def whole(name: str, value: Any, least: int, most: int = MOST) -> int:
    """A whole number in a range.

    Raises
    ------
    ValueError
        If it is not; the message names it.
    """
    try:
        found = operator.index(value)
    except TypeError:
        found = least - 1
    if isinstance(value, bool) or not least <= found <= most:
        until = f" to {most}" if most < MOST else " on"
        raise ValueError(f"`{name}`: expected a whole number from {least}{until}, found {value!r}")
    return found


def equal_shapes(first: NDArray[Any], second: NDArray[Any]) -> None:
    """Two images that are compared pixel by pixel.

    Raises
    ------
    ValueError
        If their shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"expected images of equal shape, found {first.shape} and {second.shape}")


def one_plane(name: str, image: Any) -> None:
    """An image of rows and columns.

    Raises
    ------
    ValueError
        If it has fewer or more dimensions; the message names it.
    """
    if np.ndim(image) != 2:
        raise ValueError(f"`{name}`: expected an image of shape (rows, columns), found shape {np.shape(image)}")
