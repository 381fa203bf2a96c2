"""Regions and spots as GeoJSON, as QuPath reads and writes it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from lumentrace.base.files import replacing
from lumentrace.base.masked import unmasked
from lumentrace.data.pixel_outlines import Polygon, polygons

Kind = Literal["annotation", "detection"]


@dataclass(frozen=True)
class Shape:
    """An object on an image.

    Attributes
    ----------
    polygons : sequence
        Each a list of rings of (x, y), the outer one first, in pixels of the full size from the left upper corner of
        the image: the first pixel reaches from 0 to 1.
    name : str
    measurements : mapping
        Numbers by name; what is not known, None or nan, is left out.
    kind : {'annotation', 'detection'}
        As QuPath calls it: few regions are annotations, many cells or spots detections.
    classification : str
        Name of its class; empty for none.
    time : int
        Time point of the image that it is on.
    """

    polygons: Sequence[Polygon]
    name: str = ""
    measurements: Mapping[str, float | None] = field(default_factory=dict)
    kind: Kind = "detection"
    classification: str = ""
    time: int = 0

    def feature(self) -> dict[str, Any]:
        """As a feature of GeoJSON."""
        many = len(self.polygons) != 1
        known = {
            name: float(value)
            for name, value in self.measurements.items()
            if value is not None and math.isfinite(float(value))
        }
        properties: dict[str, Any] = {"objectType": self.kind, "measurements": known}
        if self.name:
            properties["name"] = self.name
        if self.classification:
            properties["classification"] = {"name": self.classification}
        geometry: dict[str, Any] = {
            "type": "MultiPolygon" if many else "Polygon",
            "coordinates": list(self.polygons) if many else self.polygons[0],
        }
        if self.time:
            geometry["plane"] = {"c": -1, "z": 0, "t": self.time}
        return {"type": "Feature", "geometry": geometry, "properties": properties}


@unmasked
def label_shapes(
    labels: NDArray[Any],
    measurements: Mapping[int, Mapping[str, float | None]] | None = None,
    *,
    kind: Kind = "detection",
    classification: str = "",
    offset: tuple[int, int] = (0, 0),
) -> Iterator[Shape]:
    """The regions of a label image; their area in pixels is among their measurements.

    Parameters
    ----------
    labels : ndarray of int
        (rows, columns); 0 is no region.
    measurements : mapping, optional
        Of each label.
    kind, classification : str
        As in `Shape`.
    offset : tuple of int, default (0, 0)
        Row and column of the first pixel in the whole image.

    Raises
    ------
    ValueError
        If `labels` is no plane of whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.storage import label_shapes
    >>> [shape.measurements for shape in label_shapes(np.array([[0, 7, 7]]), {7: {"mean": 2.5}})]
    [{'Area px^2': 2.0, 'mean': 2.5}]
    """
    labels = np.asanyarray(labels)
    if labels.ndim != 2 or labels.dtype.kind not in "ui" or not labels.size:
        raise ValueError(f"`labels`: expected a plane of whole numbers, found {labels.dtype} of shape {labels.shape}")
    values, places = np.unique(labels, return_inverse=True)
    boxes = find_objects(places.reshape(labels.shape) + 1)
    for value, box in zip(values, boxes, strict=True):
        if value <= 0:
            continue
        mask = labels[box] == value
        move = box[1].start + offset[1], box[0].start + offset[0]
        moved = [[[(x + move[0], y + move[1]) for x, y in ring] for ring in rings] for rings in polygons(mask)]
        own = (measurements or {}).get(int(value), {})
        yield Shape(moved, str(value), {"Area px^2": float(mask.sum()), **own}, kind, classification)


def write_geojson(path: str | os.PathLike[str], shapes: Iterable[Shape]) -> Path:
    """Write objects for QuPath: drag the file onto the image there, or choose File > Import objects.

    Objects are written one by one; the file appears whole or not at all.

    Parameters
    ----------
    path : path
        Ends with ``.geojson`` or ``.json``.
    shapes : iterable of Shape

    Raises
    ------
    ValueError
        If the name ends otherwise.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import json
    >>> import tempfile
    >>> import numpy as np
    >>> from lumentrace.storage import label_shapes, write_geojson
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_geojson(f"{folder}/cells.geojson", label_shapes(np.array([[0, 7, 7]])))
    ...     json.loads(path.read_text())["features"][0]["geometry"]["coordinates"]
    [[[1, 0], [3, 0], [3, 1], [1, 1], [1, 0]]]
    """
    place = Path(path)
    if place.suffix.lower() not in (".geojson", ".json"):
        raise ValueError(f"`path`: expected a name that ends with .geojson or .json, found {place.name!r}")
    with replacing(place) as file:
        file.write(b'{"type":"FeatureCollection","features":[')
        for number, shape in enumerate(shapes):
            text = json.dumps(shape.feature(), separators=(",", ":"), allow_nan=False)
            file.write(f"{',' if number else ''}\n{text}".encode())
        file.write(b"\n]}\n")
    return place
