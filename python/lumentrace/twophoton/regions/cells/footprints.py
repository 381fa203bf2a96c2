"""Footprints of cells at full resolution: least squares of each pixel on the time courses around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.twophoton.regions.cells.passes import Binning, Part, Passes

Floats = NDArray[np.float64]

MARGIN = 2
"""Pixels around a coarse footprint in which the fine one is looked for."""
STEPS = 60
"""Of coordinate descent."""
SHARE = 0.4
"""Of the bright part of a footprint: where its border is, in the middle of the flank that optics make of it."""
BRIGHT = 80
"""Percentile of the weights of a footprint that its bright part has."""
SURE = 2.0
"""Standard errors below which a weight is nothing."""
BELL = np.outer([1, 2, 1], [1, 2, 1]) / 16
"""Over which weights are averaged."""


@dataclass(frozen=True)
class Coarse:
    """What the search found.

    Attributes
    ----------
    places : ndarray of int
        (cells, 2): first row and column of each window, in cells of the grid.
    footprints : list of ndarray
        (rows, columns) of the window.
    active, free : ndarray
        (cells, bins): time courses where they are active; by least squares.
    activity, halves : ndarray
        (cells,)
    patches : ndarray of int
        (cells,): the patch that each was found in.
    around : ndarray
        (patches, bins): time courses of surroundings.
    """

    places: NDArray[np.int64]
    footprints: list[NDArray[np.float32]] = field(repr=False)
    active: Floats = field(repr=False)
    free: Floats = field(repr=False)
    activity: Floats
    halves: Floats
    patches: NDArray[np.int64]
    around: Floats = field(repr=False)


def refined(
    passes: Passes, coarse: Coarse, mean: Floats, noise: Floats, factor: int, binning: Binning
) -> list[tuple[NDArray[np.int64], Floats]]:
    """Pixels, counted row by row in the window of the passes, and weights of each cell; none if nothing is left."""
    boxes = [_box(place, own, factor, mean.shape) for place, own in zip(coarse.places, coarse.footprints, strict=True)]
    count = len(boxes)
    courses = _fast(np.concatenate([coarse.active, coarse.around]), binning.window)
    products = courses @ courses.T
    parts: list[Part] = []
    for number, box in enumerate(boxes):
        beside = [other for other in range(count) if other != number and _meet(box, boxes[other])]
        parts.append((*box, [number, *beside, count + int(coarse.patches[number])]))
    sums = passes.projected(mean, binning.frames, courses, parts)
    found = []
    for (rows, columns, which), own in zip(parts, sums, strict=True):
        weights = _least_squares(products[np.ix_(which, which)], own.reshape(len(which), -1))[0].reshape(own.shape[1:])
        error = noise[slice(*rows), slice(*columns)] / np.sqrt(binning.frames * products[which[0], which[0]])
        kept, weights = _support(weights, error)
        row, column = np.nonzero(kept)
        found.append(((row + rows[0]) * mean.shape[1] + column + columns[0], weights[kept]))
    return found


def _box(
    place: NDArray[np.int64], footprint: NDArray[np.float32], factor: int, shape: Sequence[int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns of pixels around a coarse footprint."""
    spans = []
    for axis, length in enumerate(shape):
        used = np.flatnonzero(footprint.any(axis=1 - axis)) + int(place[axis])
        spans.append((max(int(used[0]) * factor - MARGIN, 0), min((int(used[-1]) + 1) * factor + MARGIN, int(length))))
    return spans[0], spans[1]


def _meet(one: tuple[tuple[int, int], ...], two: tuple[tuple[int, int], ...]) -> bool:
    return all(a[0] < b[1] and b[0] < a[1] for a, b in zip(one, two, strict=True))


def _fast(courses: Floats, window: int) -> Floats:
    """Time courses less their running mean over a window of bins, which is shorter at both ends."""
    bins = courses.shape[1]
    sums = np.concatenate([np.zeros((len(courses), 1)), np.cumsum(courses, axis=1)], axis=1)
    low, high = np.maximum(np.arange(bins) - window // 2, 0), np.minimum(np.arange(bins) + window // 2 + 1, bins)
    return np.asarray(courses - (sums[:, high] - sums[:, low]) / (high - low))


def _least_squares(products: Floats, sums: Floats) -> Floats:
    """Weights (courses, pixels) from 0 on that explain pixels best, by coordinate descent."""
    weights = np.zeros_like(sums)
    for _ in range(STEPS):
        for number, own in enumerate(products):
            if own[number] > 0:
                step = (sums[number] - own @ weights) / own[number]
                weights[number] = np.maximum(weights[number] + step, 0)
    return weights


def _support(weights: Floats, error: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which pixels belong to a footprint, and weights that are averaged over a pixel or so."""
    known = np.isfinite(error)
    smooth = ndimage.convolve(np.where(known, weights, 0.0), BELL, mode="nearest")
    sure = smooth > SURE * np.sqrt((BELL**2).sum()) * np.where(known, error, np.inf)
    if not sure.any():
        return sure, smooth
    rough = smooth[sure & (smooth > 0.2 * smooth.max())]
    labels, _ = ndimage.label(sure & (smooth > SHARE * np.percentile(rough, BRIGHT)))
    peak = labels[np.unravel_index(int(np.where(sure, smooth, 0.0).argmax()), smooth.shape)]
    kept = ndimage.binary_fill_holes(labels == peak) & known if peak else np.zeros_like(sure)
    return np.asarray(kept), np.maximum(smooth, np.finfo(float).tiny)
