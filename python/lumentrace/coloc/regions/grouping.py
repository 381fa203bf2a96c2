"""The pixels of all regions, brought together once for all channels and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core

from .label_masks import whole_labels
from .selection import Limits, Selection, check_shape, paired


@dataclass(frozen=True)
class Grouped:
    """Regions and their pixels.

    Attributes
    ----------
    labels : list of int
        Ascending; 0 for the whole image.
    starts : list of int
        Where the pixels of each region begin in `order`, and where the last ones end.
    order : ndarray of int or None
        Numbers of the pixels, in C order of the image; None for all of them.
    """

    labels: list[int]
    starts: list[int]
    order: NDArray[np.integer[Any]] | None

    def select(self, a: NDArray[Any], b: NDArray[Any], limits: Limits = (None, None)) -> Selection:
        """The pixels of all regions, region by region; `limits` as of `paired`."""
        if self.order is None:
            return paired(a, b, limits)
        return paired(a.ravel()[self.order], b.ravel()[self.order], limits)

    def keep(self, mask: NDArray[np.bool_] | None) -> Grouped:
        """The regions without the pixels outside a mask of the image's shape."""
        if mask is None:
            return self
        order = np.arange(mask.size) if self.order is None else self.order
        kept = mask.ravel()[order]
        before = np.concatenate([[0], np.cumsum(kept)])
        return Grouped(self.labels, before[self.starts].tolist(), order[kept])


def grouped(label_mask: ArrayLike | None, shape: tuple[int, ...]) -> Grouped:
    """The regions of a label mask; without one the whole image is region 0.

    Raises
    ------
    ValueError
        If the shape is another one, or for labels that are no whole numbers.
    """
    if label_mask is None:
        return Grouped([0], [0, int(np.prod(shape, dtype=np.int64))], None)
    labels = whole_labels(label_mask)
    check_shape("label_mask", labels, shape)
    found, starts, order = _core.group_labels(np.ascontiguousarray(labels, dtype=np.int64).ravel())
    return Grouped(found.tolist(), starts, order)
