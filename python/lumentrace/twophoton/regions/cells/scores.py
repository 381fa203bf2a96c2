"""How sure it is that something is a cell, and what speaks against it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from lumentrace.twophoton.regions.cells.apart import LEAST

Floats = NDArray[np.float64]

TOP = 50
"""The peak of a time course is the mean of one bin in so many, of three at least."""
TINY = 1e-3
"""Figures are no nearer than that to the best that they can be."""
BRIGHTER = 8.0
"""How many times the energy of a cell one is much brighter has."""
STEP = 0.6744897501960817 * math.sqrt(2)
"""Median of the absolute difference of two normal numbers, in standard deviations of one."""


@dataclass(frozen=True)
class Limit:
    """What a figure of a cell should be.

    Attributes
    ----------
    value : float
    kind : {'above', 'odds', 'below', 'near'}
        Above the limit; above it, or below it, of figures that end at 1; or within the factor that it is of 1.
    reason : str
        What to say of a cell that is not.
    """

    value: float
    kind: Literal["above", "odds", "below", "near"]
    reason: str

    def met(self, figure: float) -> float:
        """By how many times a figure is better than the limit: 1 at the limit, 0 if it is not known."""
        if math.isnan(figure):
            return 0.0
        if self.kind == "above":
            return max(figure / self.value, 0.0)
        if self.kind == "near":
            return math.log(self.value) / max(abs(math.log(figure)), TINY)
        odds = _odds(figure) / _odds(self.value)
        return odds if self.kind == "odds" else 1 / max(odds, TINY)


def _odds(share: float) -> float:
    return max(share, 0.0) / max(1 - share, TINY)


LIMITS = {
    "snr": Limit(4.0, "above", "dim: its peaks are hardly higher than noise"),
    "activity": Limit(12.0, "above", "seldom active"),
    "halves": Limit(0.25, "odds", "halves of its pixels do not do the same"),
    "relative_area": Limit(4.0, "near", "too small or too large"),
    "compactness": Limit(0.6, "odds", "not compact"),
    "skewness": Limit(0.15, "above", "its time course does not rise in peaks"),
    "shared": Limit(0.4, "below", "does what a much brighter cell that it touches does"),
    "apart": Limit(LEAST, "odds", "what others have together: it cannot be told apart from them"),
}
"""What cells have; set by simulated movies so that 0.5 keeps nine of ten cells and lets one of ten others through."""


@dataclass(frozen=True)
class CellFigures:
    """What is known of a cell that was found, or of something that may be one.

    Attributes
    ----------
    label : str
    score : float
        From 0 to 1: 0.5 where the worst of the figures below is just at its limit.
    accepted : bool
        Whether the score is no less than the threshold.
    reasons : tuple of str
        Which figures are beyond their limits.
    row, column : float
        Centre of its footprint, pixels of the whole frame.
    pixels : int
    snr : float
        Height of its highest peaks in units of the noise of its time course.
    activity : float
        How much more than noise it is active, in standard deviations.
    halves : float
        Correlation of the time courses of two halves of its pixels.
    relative_area : float
        Area relative to that of a disc of the diameter.
    compactness : float
        Mean distance from the centre in a disc of its area, relative to its own; 1 for a disc.
    skewness : float
        Of its time course.
    apart : float
        Share of its footprint, squared, that is no mixture of those of better candidates; 1 if it overlaps none. Told
        apart from them, its noise is greater by one over its root.
    shared : float
        Greatest correlation of its time course with that of a much brighter cell that it touches; 0 without one.
    """

    label: str
    score: float
    accepted: bool
    reasons: tuple[str, ...]
    row: float
    column: float
    pixels: int
    snr: float
    activity: float
    halves: float
    relative_area: float
    compactness: float
    skewness: float
    shared: float
    apart: float


def judged(figures: dict[str, float]) -> tuple[float, tuple[str, ...]]:
    """Score of a cell from its figures, and reasons against it."""
    met = {name: limit.met(figures[name]) for name, limit in LIMITS.items()}
    worst = min(met.values())
    return worst / (1 + worst), tuple(LIMITS[name].reason for name, value in met.items() if value < 1)


def course_figures(course: Floats) -> dict[str, float]:
    """Figures of a time course: height of peaks over noise, and skewness; NaN where it is flat."""
    noise = float(np.median(np.abs(np.diff(course)))) / STEP
    above = course - np.median(course)
    deviation = course - course.mean()
    spread = float((deviation**2).mean())
    top = float(np.sort(above)[-max(3, course.size // TOP) :].mean())
    return {
        "snr": top / noise if noise > 0 else math.nan,
        "skewness": float((deviation**3).mean()) / spread**1.5 if spread > 0 else math.nan,
    }


def shared_courses(pixels: Sequence[NDArray[np.int64]], size: int, columns: int, courses: Floats) -> Floats:
    """Greatest correlation of each time course with that of a `BRIGHTER` cell that it touches; 0 without one.

    Parameters
    ----------
    pixels : sequence of ndarray
        Of each cell, counted row by row in a window of `size` pixels.
    courses : ndarray
        (cells, bins), in units of their noise.
    """
    starts = np.concatenate([[0], np.cumsum([own.size for own in pixels])])
    places = np.concatenate([*pixels, np.zeros(0, np.int64)])
    masks = sparse.csr_matrix((np.ones(places.size), places, starts), shape=(len(pixels), size))
    steps = [offset for down in (-columns, 0, columns) for offset in (down - 1, down, down + 1)]
    wide = sum((masks @ sparse.eye_array(size, k=step) for step in steps), start=masks)
    one, two = (wide @ masks.T).nonzero()
    energy = np.maximum(courses.var(axis=1) - 1, 0)
    found = np.zeros(len(pixels))
    for weak, bright in zip(one.tolist(), two.tolist(), strict=True):
        if energy[bright] > BRIGHTER * energy[weak] and courses[weak].std() > 0:
            found[weak] = max(found[weak], float(np.corrcoef(courses[weak], courses[bright])[0, 1]))
    return found


def shape_figures(pixels: NDArray[np.int64], weights: Floats, columns: int, diameter: float) -> dict[str, float]:
    """Figures of a footprint."""
    row, column = pixels // columns, pixels % columns
    centre = np.average(row, weights=weights), np.average(column, weights=weights)
    distance = float(np.hypot(row - row.mean(), column - column.mean()).mean())
    # Mean distance from the centre of a disc: two thirds of its radius.
    disc = 2 / 3 * math.sqrt(pixels.size / math.pi)
    return {
        "row": float(centre[0]),
        "column": float(centre[1]),
        "relative_area": pixels.size / (math.pi / 4 * diameter**2),
        "compactness": disc / distance if distance > 0 else 1.0,
    }
