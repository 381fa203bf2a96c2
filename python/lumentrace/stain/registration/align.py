"""One matrix for the whole image: several starts, refined from small to large; the best wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.engine.progress import between, counting, parts
from lumentrace.stain.registration.levels import Image, Level, flattened, matrix_at, matrix_from
from lumentrace.stain.registration.pyramid import COARSE, Pyramid
from lumentrace.stain.registration.start import SIZES, STEP, Start, correlate

Floats = NDArray[np.float64]

KEPT = 5
"""Starts of each search that are refined."""
FINALISTS = 3
"""Starts that are refined further."""
SURE = 0.45
"""Correlation of these images at which no other start is looked for."""
SURE_OVERLAP = 0.6
STEPS = 40
TOLERANCE = 1e-3
FROM_START = 3
"""Levels that a given start is refined on."""
TELLING_SIDE = 350
"""Longer side of images whose texture tells the right start from one that only fits the outline."""
LEAST_SIDE = 90
"""Longer side of the smallest images that starts are refined on."""
PROJECTIVE = 0.005
"""A homography is kept if it explains this much more, as the drop of the logarithm of what is left."""
MOST_SCALE = 2.0


@dataclass(frozen=True)
class Alignment:
    """A matrix and how well it fits.

    Attributes
    ----------
    matrix : ndarray
        (3, 3), post to pre in full-size pixels.
    model : str
        'affine' or 'homography'.
    correlation, overlap : float
        Of the flattened images at the largest size, and the share of post-stain pixels that lie in the other image.
    """

    matrix: Floats
    model: str
    correlation: float
    overlap: float

    @property
    def mirrored(self) -> bool:
        """Whether one image shows the other's mirror image."""
        return bool(np.linalg.det(self.matrix[:2, :2]) < 0)

    @property
    def plausible(self) -> bool:
        """Whether it could be a map between two photographs of one sample."""
        stretches = np.linalg.svd(self.matrix[:2, :2], compute_uv=False)
        return bool(np.isfinite(self.matrix).all() and stretches[0] < MOST_SCALE and stretches[1] > 1 / MOST_SCALE)

    @property
    def score(self) -> float:
        """What starts are compared by."""
        return self.correlation * np.sqrt(self.overlap) if self.plausible and np.isfinite(self.correlation) else -1.0


@dataclass(frozen=True)
class Search:
    """Which starts are tried.

    Attributes
    ----------
    near : float
        Rotations up to so many degrees are tried first, unmirrored and unmagnified.
    step : float
        Degrees between rotations; 6 are enough.
    rotations : bool
        Whether all other rotations and mirror images are tried if none of these fits.
    sizes : tuple of float
        Magnifications that are tried then.
    """

    near: float = 20.0
    step: float = STEP
    rotations: bool = True
    sizes: tuple[float, ...] = SIZES

    def rounds(self) -> list[tuple[list[float], tuple[float, ...], tuple[bool, ...]]]:
        """Angles, sizes and mirror images, the likely first."""
        count = int(self.near // self.step) if self.rotations else 0
        near = [self.step * number for number in range(-count, count + 1)]
        rounds: list[tuple[list[float], tuple[float, ...], tuple[bool, ...]]] = [(near, (1.0,), (False,))]
        angles = [float(angle) for angle in np.arange(-180, 180, self.step)] if self.rotations else near
        mirrors = (False, True) if self.rotations else (False,)
        if self.rotations:
            rounds.append((angles, (1.0,), mirrors))
        if self.sizes:
            rounds.append((angles, self.sizes, mirrors))
        return rounds


def refine(level: Level, matrix: Floats, model: str = "affine", robust: bool = True) -> Alignment:
    """The matrix that maximises the correlation of a level's images, from a start."""
    start = matrix_at(matrix, level.factor).ravel().tolist()
    found, correlation, overlap, *_ = _core.align_images(
        level.fixed, level.moving, start, model, STEPS, TOLERANCE, robust, counting(STEPS)
    )
    return Alignment(matrix_from(found.reshape(3, 3), level.factor), model, correlation, overlap)


def align(pyramid: Pyramid, search: Search = Search(), start: Floats | None = None) -> Alignment:
    """The best matrix between the two images."""
    if start is None:
        with between(0, 60):
            best, levels = _begin(pyramid, search)
    else:
        best, levels = Alignment(start, "affine", np.nan, 1.0), list(pyramid.levels[-FROM_START:])
    with between(0 if start is not None else 60, 80):
        best = _followed(best, levels)
    with between(80, 100):
        projective = refine(pyramid.levels[-1], best.matrix, "homography")
    if projective.plausible and _gain(projective, best) > PROJECTIVE:
        return projective
    return best


def _followed(found: Alignment, levels: Sequence[Level]) -> Alignment:
    """An alignment refined from level to level."""
    for level, share in zip(levels, parts(len(levels)), strict=True):
        with share:
            found = _better(refine(level, found.matrix), found)
    return found


def _better(new: Alignment, old: Alignment) -> Alignment:
    """The new one, unless it ran away."""
    return new if new.plausible and np.isfinite(new.correlation) else old


def _gain(new: Alignment, old: Alignment) -> float:
    return float(np.log(max(1 - old.correlation**2, 1e-12) / max(1 - new.correlation**2, 1e-12)))


def _begin(pyramid: Pyramid, search: Search) -> tuple[Alignment, list[Level]]:
    """The best of many starts, refined on images small enough to be quick and large enough to tell; larger ones."""
    sizes = [max(level.fixed.shape) for level in pyramid.levels]
    last = len(sizes) - 1
    small = next((place for place, size in enumerate(sizes) if size >= LEAST_SIDE), last)
    middle = next((place for place, size in enumerate(sizes) if size >= TELLING_SIDE), last)
    best: Alignment | None = None
    for number, (angles, magnifications, mirrors) in enumerate(search.rounds()):
        with between(30 * number, 30 * number + 20):
            starts = _starts(pyramid.small, angles, magnifications, mirrors)
        rough = []
        for start, share in zip(starts, parts(len(starts), 30 * number + 20, 30 * number + 25), strict=True):
            with share:
                matrix = matrix_from(start.matrix, pyramid.small_factor)
                rough.append(refine(pyramid.levels[small], matrix, robust=False))
        finalists = sorted(rough, key=lambda found: -found.score)[:FINALISTS]
        for found, share in zip(finalists, parts(len(finalists), 30 * number + 25, 30 * number + 30), strict=True):
            with share:
                final = _followed(found, pyramid.levels[small + 1 : middle + 1])
            best = final if best is None or final.score > best.score else best
        if best is not None and best.correlation >= SURE and best.overlap >= SURE_OVERLAP:
            break
    assert best is not None
    return best, list(pyramid.levels[middle + 1 :]) or [pyramid.levels[-1]]


def _starts(
    images: tuple[Image, Image], angles: Sequence[float], sizes: Sequence[float], mirrors: Sequence[bool]
) -> list[Start]:
    """The best starts by brightness, then by texture."""
    bright = [np.asarray(image - np.float32(np.nanmedian(image))) for image in images]
    texture = [flattened(image, COARSE) for image in images]
    found: list[Start] = []
    for number, (fixed, moving) in enumerate((bright, texture)):
        with between(50 * number, 50 * number + 50):
            found += correlate(fixed, moving, angles, sizes, mirrors)[:KEPT]
    return found
