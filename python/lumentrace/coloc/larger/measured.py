"""Regions of images that are read piece by piece: those that fit into memory by their boxes, the others streamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.lazy_image import LazyImage
from lumentrace.engine import progress

from ..analysis import COLUMNS
from ..measure.reasons import LARGER
from ..regions.grouping import Grouped, grouped
from ..regions.label_masks import whole_labels
from ..regions.selection import Limits, Selection, check_shape, finite_in_both, is_shifted
from ..rows import Settings, region_rows
from . import blocks
from .blocks import Place, at_once, members, places
from .regions import Regions, regions_of, whole
from .streamed import TOGETHER, Streamed, missing, needs_all

Rows = list[dict[str, Any]]
SURVEY, MEASURE = 10, 100
"""Shares of the work: to find the regions, and all of it."""


class Larger:
    """Channels and labels of which not all pixels are in memory.

    Parameters
    ----------
    images : mapping of LazyImage
        Of one shape.
    labels : LazyImage or None

    Raises
    ------
    ValueError
        If the labels have another shape.
    """

    def __init__(self, images: Mapping[str, LazyImage], labels: LazyImage | None) -> None:
        self._images, self._labels = images, labels
        self._shape = next(iter(images.values())).shape
        if labels is not None:
            check_shape("label_mask", labels, self._shape)

    @cached_property
    def _regions(self) -> Regions:
        return whole(self._shape) if self._labels is None else regions_of(self._labels)

    def rows(self, names: tuple[str, str], settings: Settings) -> Iterator[Rows]:
        """Rows of the regions of two channels, some at a time, in no order."""
        with progress.between(0, SURVEY):
            regions = self._regions
        pair = _Pair(self._images[names[0]], self._images[names[1]], self._labels, settings.nan_policy)
        refused = needs_all(settings, (pair.a.dtype, pair.b.dtype))
        most = at_once(settings.memory, pair.bytes_of_pixel) if refused else blocks.PIXELS
        fits = regions.sizes <= most
        done, pixels = 0, max(int(regions.counts.sum()), 1)
        for group, small in _parts(regions, fits, pair.a.chunks):
            count = int(group.counts.sum())
            start, end = (SURVEY + (MEASURE - SURVEY) * part // pixels for part in (done, done + count))
            with progress.between(start, end):
                rows = pair.at_once(group, names, settings) if small else pair.streamed(group, names, settings, refused)
            yield rows
            done += count


def _parts(regions: Regions, fits: NDArray[np.bool_], chunks: tuple[int, ...]) -> Iterator[tuple[Regions, bool]]:
    """Regions that are measured together, and whether at once."""
    for group in regions.take(fits).grouped(chunks):
        yield group, True
    large = regions.take(~fits)
    for start in range(0, len(large.labels), TOGETHER):
        yield large.take(np.arange(start, min(start + TOGETHER, len(large.labels)))), False


@dataclass(frozen=True)
class _Pair:
    """Two channels and the labels of their regions."""

    a: LazyImage
    b: LazyImage
    labels: LazyImage | None
    nan_policy: str

    @property
    def bytes_of_pixel(self) -> int:
        """In both channels and the labels."""
        read = (self.a, self.b) if self.labels is None else (self.a, self.b, self.labels)
        return sum(image.dtype.itemsize for image in read)

    def at_once(self, regions: Regions, names: tuple[str, str], settings: Settings) -> Rows:
        """Rows of regions that fit into memory."""
        box = regions.box
        a, b = self.a[box], self.b[box]
        labels = None if self.labels is None else members(whole_labels(self.labels[box]), regions.labels)
        inside = grouped(labels, a.shape)
        with progress.part(0, 100, settings.effort.whole(inside.starts[-1])):
            return region_rows(a, b, inside, labels, names, settings, self._limits)

    def streamed(self, regions: Regions, names: tuple[str, str], settings: Settings, refused: tuple[str, ...]) -> Rows:
        """Rows of regions that do not."""
        why = f"{LARGER}: {', '.join(refused)} would need all pixels at once; crop the image, or allow more (--memory)"
        if set(refused) == set(settings.metrics):
            counts = regions.counts if self.nan_policy == "propagate" else self._finite(regions, names)
            return [
                _refused(label, names, count, settings, why)
                for label, count in zip(regions.labels.tolist(), counts.tolist(), strict=True)
            ]
        base = [0.0 if limits is None else float(limits[0]) for limits in self._limits]
        wanted = Streamed(regions.labels.tolist(), names, settings, refused, why)
        return wanted.rows((base[0], base[1]), lambda: self._pieces(regions))

    def _pieces(self, regions: Regions) -> Iterator[tuple[int, Selection]]:
        """Pixels of regions, piece by piece, each with the number of its region."""
        for place in progress.each(list(places(self.a, regions.box))):
            inside = self._inside(place, regions)
            if not inside.labels:
                continue
            selected = inside.select(self.a[place], self.b[place], self._limits)
            for number, label in enumerate(inside.labels):
                region = int(np.searchsorted(regions.labels, label))
                yield region, selected.part(*inside.starts[number : number + 2])

    def _inside(self, place: Place, regions: Regions) -> Grouped:
        """The pixels of some regions in a piece."""
        shape = tuple(axis.stop - axis.start for axis in place)
        if self.labels is None:
            return grouped(None, shape)
        return grouped(members(whole_labels(self.labels[place]), regions.labels), shape)

    def _finite(self, regions: Regions, names: tuple[str, str]) -> NDArray[np.int64]:
        """Finite pixels of each region; none may be anything else under the policy 'raise'."""
        counts = np.zeros(len(regions.labels), dtype=np.int64)
        for place in places(self.a, regions.box):
            inside = self._inside(place, regions)
            kept = inside.keep(finite_in_both(self.a[place], self.b[place]))
            if self.nan_policy == "raise" and kept.starts != inside.starts:
                raise ValueError(
                    f"{names[0]}, {names[1]}: expected finite pixels, found NaN or infinity (see `nan_policy`)"
                )
            counts[np.searchsorted(regions.labels, kept.labels)] += np.diff(kept.starts)
        return counts

    @cached_property
    def _limits(self) -> Limits:
        """Least and greatest value of all pixels in regions, of channels that are taken as levels above the least."""
        found: list[tuple[int, int] | None] = [None, None]
        for which, image in enumerate((self.a, self.b)):
            if is_shifted(image.dtype):
                found[which] = self._range(image)
        return found[0], found[1]

    def _range(self, image: LazyImage) -> tuple[int, int]:
        low, high = [], []
        for place in places(image):
            pixels = image[place]
            kept = np.ones(pixels.shape, bool) if self.labels is None else whole_labels(self.labels[place]) != 0
            finite = None if self.nan_policy == "propagate" else finite_in_both(self.a[place], self.b[place])
            kept = pixels[kept if finite is None else kept & finite]
            if kept.size:
                low.append(int(kept.min()))
                high.append(int(kept.max()))
        return (min(low), max(high)) if low else (0, 0)


def _refused(label: int, names: tuple[str, str], count: int, settings: Settings, why: str) -> dict[str, Any]:
    """The row of a region of which nothing is measured."""
    basic = dict(zip(COLUMNS, (label, *names, count, *[np.nan] * (len(COLUMNS) - 4)), strict=True))
    return basic | missing(settings, settings.metrics) | {"costes": None, "status": "failed", "reason": why}
