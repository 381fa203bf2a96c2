"""Cells as `find_cells` gives them, made without a movie."""

from __future__ import annotations

import numpy as np

from lumentrace.twophoton import CellFigures, FoundCells, RoiSet


def found_cells(seed: int = 1, candidates: int = 3, accepted: int = 2, side: int = 24) -> FoundCells:
    """Squares of some pixels with random weights, the first few of which are cells."""
    random = np.random.default_rng(seed)
    corners = [(2 + 6 * (number // 3), 2 + 7 * (number % 3)) for number in range(candidates)]
    pixels = [np.flatnonzero(square(corner, side)) for corner in corners]
    weights = [random.uniform(0.5, 1.5, own.size) for own in pixels]
    labels = [f"cell_{number:04d}" for number in range(1, candidates + 1)]
    figures = tuple(
        CellFigures(label, 0.9 - 0.2 * number, number < accepted, ("too small",) * (number >= accepted), *corner,
                    25, 10.0, 30.0, float("nan"), 1.0, 0.9, 2.0, 0.0, 1.0)
        for number, (label, corner) in enumerate(zip(labels, corners, strict=True))
    )  # fmt: skip
    image = random.normal(size=(4, side, side))
    image[:, :2] = np.nan
    return FoundCells(
        roi_set=RoiSet.from_pixels((side, side), pixels[:accepted], labels[:accepted], weights[:accepted]),
        candidates=RoiSet.from_pixels((side, side), pixels, labels, weights),
        figures=figures,
        correlation_image=image[0],
        peak_image=image[1],
        mean_image=image[2],
        noise_image=image[3],
        traces=random.normal(size=(50, candidates)),
        diameter=6.5,
        diameter_estimated=True,
        frames_per_bin=3,
    )


def square(corner: tuple[int, int], side: int) -> np.ndarray:
    """A square of five pixels in a frame."""
    mask = np.zeros((side, side), bool)
    mask[corner[0] : corner[0] + 5, corner[1] : corner[1] + 5] = True
    return mask
