"""Outlines of regions as GeoJSON, for QuPath and whatever else reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lumentrace.storage import Shape, label_shapes, write_geojson
from lumentrace.twophoton.regions.rois import RoiSet
from lumentrace.twophoton.respond.region_table import RegionResponse


def save_roi_geojson(
    rois: RoiSet, path: str | os.PathLike[str], responses: Sequence[RegionResponse] | None = None
) -> Path:
    """Write regions as outlines along the edges of their pixels; they may overlap.

    Parameters
    ----------
    rois : RoiSet
    path : path
        Ends with ``.geojson`` or ``.json``.
    responses : sequence of RegionResponse, optional
        A row for each region, whose largest mean response and score become measurements.

    Returns
    -------
    path

    Raises
    ------
    ValueError
        If the name ends otherwise, or there are not as many rows as regions.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rois = twophoton.grid_roi_set((4, 6), grid_size_pixels=3)
    ...     path = twophoton.save_roi_geojson(rois, f"{folder}/rois.geojson")
    ...     [each["properties"]["name"] for each in json.loads(path.read_text())["features"]]
    ['grid_0001', 'grid_0002', 'grid_0003', 'grid_0004']
    """
    if responses is not None and len(responses) != len(rois.labels):
        raise ValueError(f"`responses`: expected {len(rois.labels)} rows, one for each region, found {len(responses)}")
    return write_geojson(path, _shapes(rois, responses))


def _shapes(rois: RoiSet, responses: Sequence[RegionResponse] | None) -> Iterator[Shape]:
    for number, (label, pixels) in enumerate(zip(rois.labels, rois.regions(), strict=True)):
        if not pixels.size:
            continue
        rows, columns = np.divmod(pixels, rois.shape[1])
        corner = int(rows.min()), int(columns.min())
        own = np.zeros((int(rows.max()) - corner[0] + 1, int(columns.max()) - corner[1] + 1), np.uint8)
        own[rows - corner[0], columns - corner[1]] = 1
        found = None if responses is None else responses[number]
        known = {} if found is None else {1: {"peak dF/F": found.peak, "score": found.score}}
        (shape,) = label_shapes(own, known, classification="roi", offset=corner)
        yield replace(shape, name=label)
