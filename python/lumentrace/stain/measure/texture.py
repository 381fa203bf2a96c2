"""How much of one image's fine texture is in another: a slope that stain of its own texture does not move."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.base import mapping
from lumentrace.engine.progress import each
from lumentrace.stain.measure.histograms import BLOCKS, noise_of
from lumentrace.stain.measure.scale import AVERAGED
from lumentrace.stain.prepare.whole_image import bands
from lumentrace.stain.registration.result import Registration

Floats = NDArray[np.float64]

FINE, COARSE = 1.5, 8.0
"""Standard deviations, in pixels, of the two Gaussians whose difference is the texture."""
REACH = round(4 * COARSE)
RIM = 6
"""Pixels next to the rim of the tissue that are left out."""
SAMPLES = 1_000_000
"""About so many pixels are looked at."""
TUKEY = 2.5
"""Robust standard deviations beyond which a pixel does not count."""
LIKENESS = 2.5
"""How much more alike independent textures are by chance than the scatter between parts of the image tells."""
ROUNDS = 60
LEAST = 200


def texture_slope(
    post: NDArray[Any], pre: NDArray[Any], registration: Registration, floor: float
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

    Raises
    ------
    ValueError
        If there are too few pixels away from the rim.
    """
    x, y, block = _textures(post, pre, registration, floor)
    if len(x) < LEAST or not x.any():
        raise ValueError(f"expected at least {LEAST} pixels of different brightness in both images, found {len(x)}")
    # Noise of the pre-stain image adds to its texture, and not to what both have in common.
    noise = AVERAGED * noise_of(pre) ** 2 / (4 * np.pi * FINE**2)
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
    post: NDArray[Any], pre: NDArray[Any], registration: Registration, floor: float
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Textures of both images at some pixels, and in which square of the image these are."""
    height, width = post.shape
    step = max(1, round((height * width / SAMPLES) ** 0.5))
    side = max(1, -(-max(height, width) // BLOCKS))
    parts = []
    for first, end in each(list(bands(height, step))):
        above, below = max(first - REACH, 0), min(end + REACH, height)
        aligned = registration.warp_rows(pre, above, below - above, "cubic")
        own = np.asarray(post[above:below], dtype=np.float32)
        held = np.isfinite(aligned) & (aligned >= floor) & (own > 0)
        kept = ndimage.binary_erosion(ndimage.binary_opening(held, iterations=3), iterations=RIM)
        rows, columns = np.nonzero(kept[first - above : end - above : step, ::step])
        rows, columns = rows * step + first - above, columns * step
        share = [ndimage.gaussian_filter(held.astype(np.float32), size) for size in (FINE, COARSE)]
        textures = [_texture(image, held, share)[rows, columns] for image in (aligned, own)]
        parts.append((*textures, (rows + above) // side * BLOCKS + columns // side))
        for image in (post, pre):
            mapping.release(image)
    x, y, block = (np.concatenate(column) for column in zip(*parts, strict=True))
    return x.astype(np.float64), y.astype(np.float64), block


def _texture(image: NDArray[np.float32], held: NDArray[np.bool_], share: list[NDArray[np.float32]]) -> Any:
    """Details between the two sizes; pixels that are not held have no part in them."""
    plain = np.where(held, image, np.float32(0))
    fine, coarse = (
        ndimage.gaussian_filter(plain, size) / np.maximum(part, np.float32(1e-6))
        for size, part in zip((FINE, COARSE), share, strict=True)
    )
    return fine - coarse
