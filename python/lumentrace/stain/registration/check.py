"""How far the registered images still are from each other, part by part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.engine.progress import counting
from lumentrace.stain.registration.displacement import Displacement
from lumentrace.stain.registration.levels import Level, matrix_at

Floats = NDArray[np.float64]

RADIUS = 24
"""Half the width of a part, in pixels of the images that are compared."""
LONGEST = 8.0
"""Shifts beyond this are not believed, in pixels of the images that are compared."""
STEPS = 20
DENSE = 24
"""Parts overlap by half in images below so many radii."""
LEAST_COMMON = 0.5
"""Share of a part that must be in both images."""
TEXTURE = 0.25
"""A part has texture if it varies by this share of the image's own spread."""
NEAR = 1.0
"""A shift agrees with its neighbours within so many pixels of the images that are compared."""
LEAST = 6
"""Fewer shifts than this say nothing."""
NODES = 7
"""Nodes along the longer side of the displacement that tells a remainder from noise."""


@dataclass(frozen=True)
class Parts:
    """Shifts between small parts of two images, in full-size pixels.

    Attributes
    ----------
    centres, shifts : ndarray
        (n, 2); a shift is NaN where none was found.
    information : ndarray
        (n, 3)
    textured : ndarray of bool
        (n,): whether there is anything to compare.
    scale : float
        Size of a pixel of the images that were compared.
    """

    centres: Floats
    shifts: Floats
    information: Floats
    textured: NDArray[np.bool_]
    scale: float

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Parts with texture whose shift was found."""
        told = (self.information[:, [0, 2]] > 0).all(axis=1) & np.isfinite(self.information).all(axis=1)
        return self.textured & np.isfinite(self.shifts).all(axis=1) & told


def compare(level: Level, matrix: Floats, field: Displacement | None, offset: float = 0.0) -> Parts:
    """Find the shift of each part of the fixed image in the moving one, as the map shows it."""
    height, width = level.fixed.shape
    native = None if field is None else field.reduced(level.factor).native()
    mapped = matrix_at(matrix, level.factor).ravel().tolist()
    moving = _core.warp_rows(level.moving, mapped, native, 0, height, width, "cubic")
    radius = min(RADIUS, max(4, min(height, width) // 8))
    start = radius * (1 + offset)
    step = 2 * radius if min(height, width) > DENSE * radius else radius
    xs, ys = np.arange(start, width - radius, step), np.arange(start, height - radius, step)
    grid = np.meshgrid(np.round(xs), np.round(ys))
    centres = np.ascontiguousarray(np.stack(grid, axis=-1).reshape(-1, 2), dtype=np.float64)
    rows = _core.tile_shifts(level.fixed, moving, centres, radius, LONGEST, STEPS, counting(len(centres)))
    spreads = [_spreads(image, centres, radius) for image in (level.fixed, moving)]
    textured = (rows[:, 6] >= LEAST_COMMON) & np.logical_and(
        *(spread > TEXTURE * _spread(image) for spread, image in zip(spreads, (level.fixed, moving), strict=True))
    )
    by = level.factor
    return Parts((centres + 0.5) * by - 0.5, rows[:, :2] * by, rows[:, 3:6] / by**2, textured, by)


def _spreads(image: NDArray[np.float32], centres: Floats, radius: int) -> Floats:
    """Standard deviation of each part; 0 where nothing is known."""
    found = np.zeros(len(centres))
    for number, (x, y) in enumerate(centres.astype(int)):
        part = image[y - radius : y + radius + 1, x - radius : x + radius + 1]
        found[number] = _spread(part)
    return found


def _spread(part: NDArray[np.float32]) -> float:
    known = part[np.isfinite(part)]
    return float(known.std()) if known.size else 0.0


@dataclass(frozen=True)
class Remainder:
    """What a map leaves.

    Attributes
    ----------
    points, shifts : ndarray
        (n, 2): places and the smooth displacement there that would mend it, in full-size pixels.
    error : float
        Root mean square of what is left: a map of the whole image as far as parts agree on one, and what bends beyond
        it by more than noise does.
    bend, noise : float
        Root mean square of the smooth displacement, and what noise alone would make of it.
    agreeing : float
        Share of the parts with texture whose shifts agree with their neighbours'.
    number : int
        Parts with texture.
    """

    points: Floats
    shifts: Floats
    error: float
    bend: float
    noise: float
    agreeing: float
    number: int

    @property
    def doubt(self) -> float:
        """The error, and half of what noise could hide."""
        return float(np.hypot(self.error, self.noise / 2))


def remainder(parts: Parts, shape: tuple[int, ...]) -> Remainder:
    """The smooth displacement that shifts of parts agree on."""
    known = parts.usable
    number = int(parts.textured.sum())
    if known.sum() < LEAST:
        return Remainder(np.empty((0, 2)), np.empty((0, 2)), np.nan, np.nan, np.nan, 0.0, number)
    measured = parts.centres[known], parts.shifts[known], parts.information[known]
    few = min(NODES, max(3, int(np.sqrt(known.sum() / 2))))
    smooth, noise = _fit(shape, few, *measured)
    whole, whole_noise = _fit(shape, 2, *measured)
    off = np.linalg.norm(measured[1] - smooth, axis=1)
    agreeing = float((off < NEAR * parts.scale).sum() / number)
    bend, flat = _rms(smooth), _rms(whole)
    beyond = max(bend**2 - flat**2 - noise**2, 0.0)
    error = float(np.sqrt(flat**2 + whole_noise**2 + beyond))
    return Remainder(measured[0], smooth, error, bend, noise, agreeing, number)


def _fit(
    shape: tuple[int, ...], nodes: int, points: Floats, shifts: Floats, information: Floats
) -> tuple[Floats, float]:
    """A smooth displacement at the points, and the root mean square of its standard error."""
    field, _, errors = Displacement.over(shape, nodes).fitted(points, shifts, information)
    return field.at(points), float(np.sqrt((errors**2).mean()))


def _rms(shifts: Floats) -> float:
    return float(np.sqrt((shifts**2).sum(axis=1).mean()))
