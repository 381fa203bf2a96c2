"""Outlines of regions along the edges of their pixels: polygons whose area is the number of pixels."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ring = list[tuple[int, int]]
"""Corners (x, y) of pixels, the first one again at the end."""
Polygon = list[Ring]
"""An outer ring, then its holes."""


def polygons(mask: NDArray[Any]) -> list[Polygon]:
    """The polygons of a region, counted in pixels from the left upper corner of the image.

    No ring meets itself; rings that meet share single corners. Outer rings go from x towards y, holes against it.

    Parameters
    ----------
    mask : ndarray
        (rows, columns): true for pixels of the region.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.data.pixel_outlines import polygons
    >>> mask = np.zeros((4, 5), bool)
    >>> mask[1:3, 1:4] = True
    >>> polygons(mask)
    [[[(1, 1), (4, 1), (4, 3), (1, 3), (1, 1)]]]
    """
    rings = [_straight(ring) for ring in _rings(_edges(np.pad(np.asarray(mask, bool), 1)))]
    outer = sorted((ring for ring in rings if _twice_area(ring) > 0), key=_twice_area)
    found: list[Polygon] = [[ring] for ring in outer]
    for hole in (ring for ring in rings if _twice_area(ring) < 0):
        next(polygon for polygon in found if _holds(polygon[0], hole)).append(hole)
    return found


def _edges(mask: NDArray[np.bool_]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Where edges of pixels lead to from each corner, with the region at their right as y points down."""
    steps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    own, above, left = mask[1:, 1:], mask[:-1, 1:], mask[1:, :-1]
    for found, start, end in (
        (own & ~above, (0, 0), (1, 0)),
        (above & ~own, (1, 0), (0, 0)),
        (own & ~left, (0, 1), (0, 0)),
        (left & ~own, (0, 0), (0, 1)),
    ):
        for y, x in np.argwhere(found).tolist():
            steps.setdefault((x + start[0], y + start[1]), []).append((x + end[0], y + end[1]))
    return steps


def _rings(steps: dict[tuple[int, int], list[tuple[int, int]]]) -> Iterator[Ring]:
    """Closed ways along all edges; where a way comes to a corner again, a ring is cut off.

    Where pixels meet at a corner only, a way stays with its own pixel: polygons are pixels that share edges, so that
    their inside holds together.
    """
    while steps:
        way = [next(iter(steps))]
        places = {way[0]: 0}
        while way:
            here = way[-1]
            onward = steps.get(here)
            if not onward:
                break
            there = onward.pop(_same_pixel(way, onward))
            if not onward:
                del steps[here]
            if there not in places:
                places[there] = len(way)
                way.append(there)
                continue
            start = places[there]
            yield [*way[start:], there]
            for corner in way[start + 1 :]:
                del places[corner]
            del way[start + 1 :]


def _same_pixel(way: Ring, onward: Ring) -> int:
    """Which of the ways onward turns right, around the pixel that the way goes along."""
    if len(onward) < 2 or len(way) < 2:
        return 0
    (before_x, before_y), (x, y) = way[-2:]
    right = (x - (y - before_y), y + (x - before_x))
    return onward.index(right)


def _straight(ring: Ring) -> Ring:
    """The corners where a ring turns."""
    points = np.asarray(ring[:-1])
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    turns = points[(before != after).any(axis=1)].tolist()
    return [(x, y) for x, y in (*turns, turns[0])]


def _twice_area(ring: Ring) -> int:
    x, y = np.asarray(ring).T
    return int(x[:-1] @ y[1:] - x[1:] @ y[:-1])


def _holds(outer: Ring, hole: Ring) -> bool:
    """Whether a hole lies in an outer ring: by a point that is on no edge, the middle of a pixel."""
    top = min(hole, key=lambda corner: (corner[1], corner[0]))
    x, y = top[0] + 0.5, top[1] + 0.5
    crossed = (
        left > x
        for (left, first), (right, last) in pairwise(outer)
        if left == right and min(first, last) < y < max(first, last)
    )
    return sum(crossed) % 2 == 1
