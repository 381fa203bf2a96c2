"""Both images at several sizes, ready to be aligned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.engine.progress import reporter
from lumentrace.stain.registration.levels import (
    BROAD,
    LONGEST,
    NARROW,
    SHORTEST,
    Image,
    Level,
    evened,
    factor,
    flattened,
    reduced,
)
from lumentrace.stain.registration.start import SMALL

FINE = 1.0
"""Sigma of the Gaussian at the largest size, in pixels."""
COARSE = 0.5


@dataclass(frozen=True)
class Pyramid:
    """Both images at several sizes.

    Attributes
    ----------
    levels : tuple of Level
        The smallest first.
    small : tuple of ndarray
        Both as they are correlated to find a start: evened, NaN where nothing is known.
    small_factor : int
    """

    levels: tuple[Level, ...]
    small: tuple[Image, Image]
    small_factor: int

    @classmethod
    def of(cls, post: NDArray[np.generic], pre: NDArray[np.generic], longest: int = LONGEST) -> Pyramid:
        """Both images, from the size that fits in `longest` pixels down."""
        base = max(factor(post.shape, longest), factor(pre.shape, longest))
        images = [reduced(image, base) for image in (post, pre)]
        finest = [flattened(evened(image), FINE, NARROW) for image in images]
        levels = [Level(base, *finest)]
        by, shortest = 2, min(min(image.shape) for image in images)
        tell = reporter()
        while shortest // by >= SHORTEST:
            if tell is not None:
                tell(100 - 100 // by)
            levels.append(Level(base * by, *(flattened(evened(reduced(image, by)), COARSE, BROAD) for image in images)))
            by *= 2
        small = max(1, -(-max(max(image.shape) for image in images) // SMALL))
        first, second = (evened(reduced(image, small)) for image in images)
        return cls(tuple(levels[::-1]), (first, second), base * small)
