"""Outlines of the regions of a label image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from lumentrace.base.arrays import AnyArray

TOLERANCE = 0.4
"""Pixels by which corners of an outline are cut; less than the half pixel by which it is known."""

Points = NDArray[np.float64]


def outlines(labels: AnyArray) -> Iterator[tuple[int, Points]]:
    """For each closed outline its region and x and y (N, 2) in pixels, from the left upper corner of the image.

    Regions in pieces, or with holes, have several.

    Examples
    --------
    >>> labels = np.zeros((6, 8), int)
    >>> labels[1:4, 2:7] = 5
    >>> [(region, points.min(axis=0), points.max(axis=0)) for region, points in outlines(labels)]
    [(5, array([2., 1.]), array([7., 4.]))]
    """
    from skimage.measure import approximate_polygon, find_contours

    values, places = np.unique(labels, return_inverse=True)
    numbers = places.reshape(labels.shape) + 1 - np.searchsorted(values, 1)
    for value, box in zip(values[values > 0], find_objects(np.maximum(numbers, 0)), strict=True):
        mask = np.pad(labels[box] == value, 1).astype(np.float64)
        corner = np.array([box[1].start, box[0].start]) - 0.5
        for line in find_contours(mask, 0.5):  # type: ignore[no-untyped-call]  # untyped library
            yield int(value), approximate_polygon(line, TOLERANCE)[:, ::-1] + corner  # type: ignore[no-untyped-call]  # untyped library


def joined(found: list[tuple[int, Points]]) -> tuple[Points, Points, NDArray[np.int64]]:
    """Outlines as one line with NaN between them: x, y, and the region of each point."""
    gap = np.full((1, 2), np.nan)
    points = np.concatenate([part for _, line in found for part in (line, gap)] or [gap])
    numbers = np.repeat([region for region, _ in found] or [0], [len(line) + 1 for _, line in found] or [1])
    return points[:, 0], points[:, 1], numbers
