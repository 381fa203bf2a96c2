"""How much of one image's fine texture is in another: a slope that stain of its own texture does not move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import _core
from lumentrace.base import mapping
from lumentrace.engine.progress import each
from lumentrace.stain.measure.histograms import BLOCKS, noise_of
from lumentrace.stain.measure.scale import AVERAGED
from lumentrace.stain.prepare.whole_image import bands
from lumentrace.stain.registration.result import Registration

Floats = NDArray[np.float64]

RIM = 6
"""Pixels next to the rim of the tissue that are left out."""
STRIP = 128
"""Rows of a strip: about as many again are filtered for the sake of its rims."""
SAMPLES = 1_000_000
"""About so many pixels are looked at."""
TUKEY = 2.5
"""Robust standard deviations beyond which a pixel does not count."""
LIKENESS = 2.5
"""How much more alike independent textures are by chance than the scatter between parts of the image tells."""
ROUNDS = 60
LEAST = 200


@dataclass(frozen=True)
class Look:
    """What texture is, and where it is looked at.

    Attributes
    ----------
    fine, coarse : float
        Standard deviations of the two Gaussians whose difference is the texture, in reduced pixels.
    reduced : int
        Squares of so many pixels a side are averaged first.
    pixels : int or None
        About so many pixels, in strips that are spread over the image; None for all of it.
    """

    fine: float
    coarse: float
    reduced: int
    pixels: int | None

    @property
    def reach(self) -> int:
        """How far the filters see, in pixels."""
        return round(4 * self.coarse) * self.reduced


FINELY = Look(1.5, 8.0, 1, None)
"""The most of the images."""
QUICKLY = Look(2.0, 10.0, 2, 500_000)
"""Details of 4 to 20 pixels, which a focus that differs by a pixel or two hardly changes."""


def texture_slope(
    post: NDArray[Any], pre: NDArray[Any], registration: Registration, floor: float, look: Look = FINELY
) -> tuple[float, float]:
    """The texture of the post-stain image over that of the pre-stain image, and its standard error.

    Stain that has no part in the autofluorescence adds to the texture what is independent of it, and so moves no
    regression on it, even if there is much. Spots are outliers and count little.

    Parameters
    ----------
    post, pre : ndarray
    registration : Registration
    floor : float
        Pixels whose pre-stain value is below this are left out.
    look : Look, optional

    Raises
    ------
    ValueError
        If there are too few pixels away from the rim.
    """
    x, y, block = _textures(post, pre, registration, floor, look)
    if len(x) < LEAST or not x.any():
        raise ValueError(f"expected at least {LEAST} pixels of different brightness in both images, found {len(x)}")
    # Noise of the pre-stain image adds to its texture, and not to what both have in common.
    noise = AVERAGED * noise_of(pre) ** 2 / (4 * np.pi * (look.fine * look.reduced) ** 2)
    slope = float(x @ y / (x @ x))
    for _ in range(ROUNDS):
        left = y - slope * x
        left -= np.median(left)
        spread = max(1.4826 * float(np.median(np.abs(left))), float(np.finfo(np.float32).tiny))
        weights = np.maximum(1 - (left / (TUKEY * spread)) ** 2, 0) ** 2
        away = x - weights @ x / weights.sum()
        common = (weights * away) @ away - noise * weights.sum()
        before, slope = slope, float((weights * away) @ y / common)
        if abs(slope - before) < 1e-6 * abs(slope):
            break
    pulls = np.bincount(block, weights * away * (y - slope * x - weights @ (y - slope * x) / weights.sum()))
    return slope, LIKENESS * float(np.sqrt((pulls**2).sum()) / ((weights * away) @ away))


def _textures(
    post: NDArray[Any], pre: NDArray[Any], registration: Registration, floor: float, look: Look
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Textures of both images at some pixels, and in which square of the image these are."""
    height, width = post.shape
    step = max(1, round((min(height * width, look.pixels or height * width) / SAMPLES) ** 0.5))
    side = max(1, -(-max(height, width) // BLOCKS))
    parts = []
    by = look.reduced
    for first, end in each(list(bands(height, step)) if look.pixels is None else _strips(height, look.pixels // width)):
        above, below = max(first - look.reach, 0), min(end + look.reach, height)
        aligned = registration.warp_rows(pre, above, below - above, "cubic")
        own = np.asarray(post[above:below], dtype=np.float32)
        if by > 1:
            aligned, own = (_core.reduce_image(np.ascontiguousarray(image), by) for image in (aligned, own))
        held = np.isfinite(aligned) & (aligned >= floor) & (own > 0)
        kept = ndimage.binary_erosion(ndimage.binary_opening(held, iterations=3), iterations=RIM)
        rows, columns = np.nonzero(kept[(first - above) // by : (end - above) // by : step, ::step])
        rows, columns = rows * step + (first - above) // by, columns * step
        sizes = look.fine, look.coarse
        share = [ndimage.gaussian_filter(held.astype(np.float32), size) for size in sizes]
        textures = [_texture(image, held, sizes, share)[rows, columns] for image in (aligned, own)]
        parts.append((*textures, (rows * by + above) // side * BLOCKS + columns * by // side))
        for image in (post, pre):
            mapping.release(image)
    x, y, block = (np.concatenate(column) for column in zip(*parts, strict=True))
    return x.astype(np.float64), y.astype(np.float64), block


def _strips(height: int, rows: int) -> list[tuple[int, int]]:
    """First and end row, even ones, of strips that are spread over an image, about so many rows in all."""
    if rows >= height:
        return [(0, height)]
    number = max(1, round(rows / STRIP))
    starts = [round(height * (place + 0.5) / number - STRIP / 2) // 2 * 2 for place in range(number)]
    return [(max(start, 0), min(start + STRIP, height)) for start in starts]


def _texture(
    image: NDArray[np.float32], held: NDArray[np.bool_], sizes: tuple[float, float], share: list[NDArray[np.float32]]
) -> Any:
    """Details between the two sizes; pixels that are not held have no part in them."""
    plain = np.where(held, image, np.float32(0))
    fine, coarse = (
        ndimage.gaussian_filter(plain, size) / np.maximum(part, np.float32(1e-6))
        for size, part in zip(sizes, share, strict=True)
    )
    return fine - coarse
