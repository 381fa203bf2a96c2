"""Numbers about whole images that may lie on disk, band by band."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping

ROWS = 512
"""Rows of a band, about."""

Image = NDArray[Any]


def bands(height: int, multiple: int = 1) -> Iterator[tuple[int, int]]:
    """First and end row of bands that cover an image; all but the last are a multiple of rows high."""
    step = max(ROWS // multiple, 1) * multiple
    for first in range(0, height, step):
        yield first, min(first + step, height)


def pieces(image: Image) -> Iterator[Image]:
    """Bands of rows; memory of those that lie on disk is given back."""
    for first, end in bands(len(image)):
        yield image[first:end]
        mapping.release(image)


def value_range(image: Image) -> tuple[float, float]:
    """Least and greatest finite value; NaN if there is none."""
    low, high = np.inf, -np.inf
    for piece in pieces(image):
        known = piece[np.isfinite(piece)] if piece.dtype.kind == "f" else piece
        if known.size:
            low, high = min(low, float(known.min())), max(high, float(known.max()))
    return (low, high) if low <= high else (float("nan"), float("nan"))


def share_at(image: Image, value: float) -> float:
    """Share of the pixels that have a value."""
    return sum(int(np.count_nonzero(piece == value)) for piece in pieces(image)) / max(image.size, 1)


def same(one: Image, other: Image) -> bool:
    """Whether two images are equal, pixel by pixel."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    equal_nan = one.dtype.kind == "f"
    return all(np.array_equal(*pair, equal_nan=equal_nan) for pair in zip(pieces(one), pieces(other), strict=True))
