"""Checks of settings and images."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

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


def equal_shapes(**images: Any) -> None:
    """Images of rows and columns that are compared pixel by pixel, by their names.

    Raises
    ------
    ValueError
        If their shapes differ or they are something else; the message names them.
    """
    names, shapes = ", ".join(f"`{name}`" for name in images), [np.shape(image) for image in images.values()]
    if len(set(shapes)) > 1:
        raise ValueError(f"{names}: expected images of equal shape, found {' and '.join(map(str, shapes))}")
    for name, image in images.items():
        one_plane(name, image)


def one_plane(name: str, image: Any) -> None:
    """An image of rows and columns.

    Raises
    ------
    ValueError
        If it has fewer or more dimensions; the message names it.
    """
    if np.ndim(image) != 2:
        raise ValueError(f"`{name}`: expected an image of shape (rows, columns), found shape {np.shape(image)}")


def table(name: str, rows: Any, columns: int) -> None:
    """Rows of numbers with at least so many columns.

    Raises
    ------
    ValueError
        If they are something else; the message names them.
    """
    if np.ndim(rows) != 2 or np.shape(rows)[1] < columns:
        raise ValueError(f"`{name}`: expected rows of at least {columns} columns, found shape {np.shape(rows)}")


def film(name: str, frames: Any) -> None:
    """Frames of rows and columns with at least one pixel each.

    Raises
    ------
    ValueError
        If they are something else; the message names them.
    """
    if np.ndim(frames) != 3 or 0 in np.shape(frames)[1:]:
        raise ValueError(f"`{name}`: expected a film of shape (frames, height, width), found shape {np.shape(frames)}")
