"""Outlines of the spots of a run, for QuPath."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.data.lazy_image import LazyImage
from lumentrace.stain.measure.subtraction import LOW
from lumentrace.stain.prepare.whole_image import ROWS
from lumentrace.storage.geojson import Shape, label_shapes

if TYPE_CHECKING:
    import polars as pl

CORNERS = np.ones((3, 3), bool)
"""Pixels that meet at a corner belong together."""
MEASURED = ("intensity", "significance")


def spot_shapes(spots: pl.DataFrame, significance: LazyImage, pad: int) -> Iterator[Shape]:
    """The spots with their intensity and significance, in pixels of the post-stain image.

    Parameters
    ----------
    spots : polars.DataFrame
        As `Outcome` has them: in pixels of `significance`.
    significance : LazyImage
        (rows, columns), with a border of `pad` pixels.
    pad : int
    """
    rows_of_spots = spots.with_row_index("number", 1).sort("top").rows(named=True)
    for _, group in groupby(rows_of_spots, lambda spot: spot["top"] // ROWS):
        found = list(group)
        first, end = found[0]["top"], max(spot["bottom"] for spot in found)
        rows = significance.read(Y=slice(first, end))
        yield from (_shape(spot, rows, first, pad) for spot in found)


def _shape(spot: dict[str, Any], rows: NDArray[np.float32], first: int, pad: int) -> Shape:
    box = rows[spot["top"] - first : spot["bottom"] - first, spot["left"] : spot["right"]]
    parts, _ = ndimage.label(box >= LOW, CORNERS)
    sizes = np.bincount(parts.ravel())
    own = next(
        number
        for number in range(1, len(sizes))
        if sizes[number] == spot["area"] and float(np.nanmax(box[parts == number])) == np.float32(spot["significance"])
    )
    place = spot["top"] - pad, spot["left"] - pad
    known = {1: {name: spot[name] for name in MEASURED}}
    (shape,) = label_shapes((parts == own).astype(np.uint8), known, classification="spot", offset=place)
    return replace(shape, name=str(spot["number"]))
