"""Where the regions of a label image are, found in one pass over its pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.data.lazy_image import LazyImage
from lumentrace.engine import progress

from ..regions.label_masks import whole_labels
from . import blocks
from .blocks import Place, places

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Regions:
    """Regions by ascending label.

    Attributes
    ----------
    labels : ndarray of int
        0 for the whole image.
    counts : ndarray of int
        Pixels of each.
    low, high : ndarray of int
        Corners of their bounding boxes, of which the upper ones are outside: (regions, axes).
    """

    labels: Integers
    counts: Integers
    low: Integers
    high: Integers

    @property
    def sizes(self) -> Integers:
        """Pixels of the bounding boxes."""
        return np.asarray((self.high - self.low).prod(axis=1))

    def take(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> Regions:
        """Some of the regions."""
        return Regions(self.labels[chosen], self.counts[chosen], self.low[chosen], self.high[chosen])

    @property
    def box(self) -> Place:
        """The bounding box of all of them."""
        low, high = self.low.min(axis=0).tolist(), self.high.max(axis=0).tolist()
        return tuple(slice(start, end) for start, end in zip(low, high, strict=True))

    def grouped(self, chunks: Sequence[int]) -> Iterator[Regions]:
        """Groups of regions that lie close together, with a box of at most `PIXELS` unless one region has more.

        Columns of chunks along the first axis are gone through one after another.
        """
        side = blocks.PIXELS ** (1 / len(chunks))
        tile = [max(1, round(side / chunk)) * chunk for chunk in chunks]
        columns = (self.low[:, axis] // tile[axis] for axis in range(1, len(chunks)))
        order = np.lexsort((self.low[:, 0], *columns))
        group: list[int] = []
        low = high = np.zeros(len(chunks), np.int64)
        for number in order.tolist():
            joined = np.minimum(low, self.low[number]), np.maximum(high, self.high[number])
            if group and (joined[1] - joined[0]).prod() <= blocks.PIXELS:
                low, high = joined
            else:
                if group:
                    yield self.take(np.sort(group))
                group, low, high = [], self.low[number], self.high[number]
            group.append(number)
        if group:
            yield self.take(np.sort(group))


def whole(shape: Sequence[int]) -> Regions:
    """The whole image as region 0."""
    sides = np.array([shape], dtype=np.int64)
    return Regions(np.zeros(1, np.int64), sides.prod(axis=1), np.zeros_like(sides), sides)


def regions_of(labels: LazyImage) -> Regions:
    """The regions of a label image.

    Raises
    ------
    ValueError
        For labels that are no whole numbers.
    """
    parts = [_within(whole_labels(labels[place]), place) for place in progress.each(list(places(labels)))]
    kept = [part for part in parts if len(part.labels)]
    if not kept:
        empty = np.zeros((0, labels.ndim), np.int64)
        return Regions(empty[:, 0], empty[:, 0], empty, empty)
    return _merged(kept)


def _within(block: NDArray[np.int64], place: Place) -> Regions:
    """The regions of a piece."""
    if not block.any():
        block = block[:0]
    found, starts, order = _core.group_labels(np.ascontiguousarray(block, dtype=np.int64).ravel())
    corner = np.array([axis.start for axis in place], dtype=np.int64)
    if not len(found):
        empty = np.zeros((0, len(place)), np.int64)
        return Regions(found, np.zeros(0, np.int64), empty, empty)
    along = np.unravel_index(order, block.shape)
    low = np.stack([np.minimum.reduceat(axis, starts[:-1]) for axis in along], axis=1)
    high = np.stack([np.maximum.reduceat(axis, starts[:-1]) for axis in along], axis=1)
    return Regions(found, np.diff(starts), low + corner, high + corner + 1)


def _merged(parts: list[Regions]) -> Regions:
    """Regions of which parts lie in several pieces."""
    labels, place = np.unique(np.concatenate([part.labels for part in parts]), return_inverse=True)
    counts = np.zeros(len(labels), np.int64)
    np.add.at(counts, place, np.concatenate([part.counts for part in parts]))
    axes = parts[0].low.shape[1]
    low = np.full((len(labels), axes), np.iinfo(np.int64).max)
    high = np.zeros((len(labels), axes), np.int64)
    np.minimum.at(low, place, np.concatenate([part.low for part in parts]))
    np.maximum.at(high, place, np.concatenate([part.high for part in parts]))
    return Regions(labels, counts, low, high)
