"""Images of Nanosurf Studio: ``.nhf``, HDF5, versions 1 and 2.

A measurement has a group for each way of the scan, and these have a data set for each signal. Whole numbers of a data
set span the range of its calibration; rows are stored from the bottom up.
"""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError, shown
from lumentrace.storage.hdf5 import attribute, check_size, opened, optional

from ..frames import Floats
from .pictures import ImageFormat, Picture
from .units import SCALES

KIND = "a file of Nanosurf Studio in HDF5"
IMAGE = "image_line_based"
WAYS = {"forward": "trace", "backward": "retrace"}
FIRST_TYPES = ("int32", "uint8", "uint16", "uint32", "uint64", "int16", "int64", "double")
"""Types by their numbers in version 1."""


@dataclass(frozen=True)
class Signal:
    """A signal of a measurement in one way of the scan."""

    path: Path
    dataset: str
    shape: tuple[int, int]
    unit: str
    factor: float
    offset: float
    missing: float | None

    def read(self) -> Floats:
        """Values, the last stored row first; NaN where nothing was measured."""
        with opened(self.path, KIND) as h5:
            raw: NDArray[Any] = np.asarray(h5[self.dataset][()]).reshape(self.shape)[::-1]
        values = raw * self.factor + self.offset
        if self.missing is not None:
            values[raw == self.missing] = math.nan
        return values


def pictures(path: Path) -> dict[str, Picture]:
    """The channels of the first image of a file.

    Raises
    ------
    FormatError
        If it is damaged, or has no image.

    Warns
    -----
    UserWarning
        If there are more images.
    """
    found: dict[str, Picture] = {}
    with opened(path, KIND) as h5:
        major = int(attribute(h5, "nsf_file_version_major"))
        if major not in (1, 2):
            raise FormatError(f"{path}: nsf_file_version_major: expected 1 or 2, found {major}")
        measurement = _measurement(path, h5, major)
        for segment, way in _named(measurement, ("segment_name", "name")):
            for dataset, name in _named(segment, ("signal_name",) if major == 2 else ("name",)):
                if hasattr(dataset, "dtype"):
                    found.setdefault(f"{name}_{_way(way)}", _picture(path, measurement, segment, dataset, major))
    if not found:
        raise FormatError(f"{path}: expected signals of an image, found none")
    return found


def _named(group: Any, keys: tuple[str, ...]) -> list[tuple[Any, str]]:
    """Members of a group that have a name of their own."""
    found = []
    for item in group.values() if hasattr(group, "values") else ():
        key = next((key for key in keys if key in item.attrs), None)
        if key is not None:
            found.append((item, str(attribute(item, key))))
    return found


def _way(name: str) -> str:
    lower = name.lower()
    return next((ours for theirs, ours in WAYS.items() if lower.startswith(theirs)), lower)


def _measurement(path: Path, h5: Any, major: int) -> Any:
    key, kind = ("measurement_name", "group_type") if major == 2 else ("name", "measurement_type")
    images = [group for group, _ in _named(h5, (key,)) if optional(group, kind, IMAGE) == IMAGE]
    if not images:
        raise FormatError(f"{path}: expected an image that was scanned in lines, found none (spectroscopy?)")
    if len(images) > 1:
        warnings.warn(f"{path}: holds {len(images)} images; {images[0].name} is read", stacklevel=5)
    return images[0]


def _picture(path: Path, measurement: Any, segment: Any, dataset: Any, major: int) -> Picture:
    check_size(path, dataset)
    shape = _rows_and_columns(measurement, segment)
    if min(shape) < 1 or dataset.size != shape[0] * shape[1]:
        raise FormatError(
            f"{path}: {dataset.name}: expected {shape[0]} x {shape[1]} pixels, found shape {dataset.shape}"
        )
    stored = attribute(dataset, "dataset_element_type")
    low, high = _limits(path, dataset, stored, major)
    prefix = "signal" if major == 2 else "base"
    least, most = (float(optional(dataset, f"{prefix}_calibration_{end}", at)) for end, at in (("min", 0), ("max", 1)))
    factor = (most - least) / (high - low)
    stated = str(optional(dataset, f"{prefix}_calibration_unit", ""))
    bracketed = re.search(r"\(([^)]+)\)", stated)
    unit = bracketed.group(1) if bracketed else stated
    known, scale = SCALES.get(unit, (unit, 1.0))
    missing = dataset.fillvalue if major == 2 and dataset.dtype.kind in "iu" else None
    image = Signal(path, dataset.name, shape, known, factor * scale, (least - low * factor) * scale, missing)
    return Picture(image, _pixel(measurement, segment, shape), {}, {"flipped": True})


def _limits(path: Path, dataset: Any, stored: Any, major: int) -> tuple[float, float]:
    """The least and the greatest number of a type, which stand for the ends of the calibration.

    Version 2 keeps one number aside for pixels that were not measured.
    """
    name = str(stored)
    if major == 1 and isinstance(stored, int):
        name = FIRST_TYPES[stored] if 0 <= stored < len(FIRST_TYPES) else "?"
    if name == "double" and dataset.dtype.kind == "f":
        return 0.0, 1.0
    if name not in FIRST_TYPES or dataset.dtype.kind not in "iu" or dataset.dtype.name != name:
        raise FormatError(
            f"{path}: {dataset.name}: dataset_element_type: expected that of {dataset.dtype}, found {shown(stored)}"
        )
    least, most = int(np.iinfo(dataset.dtype).min), int(np.iinfo(dataset.dtype).max)
    if major == 1:
        return float(least), float(most)
    return (0.0, float(most - 1)) if least == 0 else (float(least + 1), float(most))


def _rows_and_columns(measurement: Any, segment: Any) -> tuple[int, int]:
    for group in (segment, measurement):
        if "rect_axis_size" in group.attrs:
            rows, columns = (int(length) for length in group.attrs["rect_axis_size"])
            return rows, columns
        if "image_number_of_lines" in group.attrs:
            return int(attribute(group, "image_number_of_lines")), int(attribute(group, "image_points_per_line"))
    raise KeyError(f"attribute 'rect_axis_size' of {segment.name} is missing")


def _pixel(measurement: Any, segment: Any, shape: tuple[int, int]) -> tuple[float, float] | None:
    """In nm, by a range in m."""
    for group in (segment, measurement):
        if "rect_axis_range" in group.attrs:
            height, width = (float(length) for length in group.attrs["rect_axis_range"])
        elif "image_size_x" in group.attrs and "image_size_y" in group.attrs:
            width, height = (float(attribute(group, f"image_size_{axis}")) for axis in "xy")
        else:
            continue
        size = 1e9 * width / shape[1], 1e9 * height / shape[0]
        return size if all(0 < length < math.inf for length in size) else None
    return None


FORMAT = ImageFormat((".nhf",), pictures)
channels, read = FORMAT.channels, FORMAT.read
