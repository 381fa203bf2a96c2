"""Regions of an image, their pixels, and objects in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.coloc.regions.label_masks import iter_regions as iter_regions
    from lumentrace.coloc.regions.label_masks import labels_to_label_mask as labels_to_label_mask
    from lumentrace.coloc.regions.label_masks import shapes_to_label_mask as shapes_to_label_mask

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "iter_regions": "lumentrace.coloc.regions.label_masks",
        "labels_to_label_mask": "lumentrace.coloc.regions.label_masks",
        "shapes_to_label_mask": "lumentrace.coloc.regions.label_masks",
    },
)
