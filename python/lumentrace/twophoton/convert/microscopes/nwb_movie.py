"""Movies in NWB files: every ``TwoPhotonSeries``, with its times, the size of its pixels and the epochs beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised
from lumentrace.data.lazy_image import About, Level, lazy_image
from lumentrace.storage.hdf5 import opened, optional
from lumentrace.twophoton.convert.microscopes.acquisition import Acquisition
from lumentrace.twophoton.exchange.nwb_tables import INTERVALS, epoch_columns
from lumentrace.twophoton.read.nwb import numbers, typed

KIND, SUFFIX = "NWB movie", ".nwb"
SERIES = "TwoPhotonSeries"
MOST_FRAMES = 1 << 25
"""Of all planes together."""
UM = {"meters": 1e6, "meter": 1e6, "m": 1e6, "micrometers": 1.0, "micrometer": 1.0, "um": 1.0, "microns": 1.0}
"""By the names that files have for the unit of a grid."""


@dataclass(frozen=True)
class _Movies:
    """Movies of equal size as one array, a channel for each; the file is open only while pixels are read."""

    path: Path
    names: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, place: Sequence[Any]) -> NDArray[Any]:
        """A part, (channels, frames, x, y) or (channels, frames, x, y, z)."""
        channels, *rest = place
        chosen = self.names[channels] if isinstance(channels, slice) else [self.names[channels]]
        with opened(self.path, "frames of a movie") as file:
            parts = [np.asarray(file[name]["data"][tuple(rest)]) for name in chosen]
        return np.stack(parts) if isinstance(channels, slice) else parts[0]


def open_nwb(path: Path) -> Acquisition:
    """Open the movies of an NWB file.

    Raises
    ------
    FormatError
        If the file is damaged, has no movie of its own, or movies of different sizes or times.
    """
    with opened(path, "an NWB file") as file:
        found = typed(path, file, SERIES)
        if not found:
            raise FormatError(f"{path}: expected a movie as {SERIES}, found none")
        data = [_data(path, each) for each in found.values()]
        if len({(each.shape, each.dtype) for each in data}) > 1:
            sizes = ", ".join(f"{name} {each.shape}" for name, each in zip(found, data, strict=True))
            raise FormatError(f"{path}: expected movies of one size, found {sizes}")
        times = [_times(path, each, data[0].shape[0]) for each in found.values()]
        if any(not np.array_equal(times[0], each) for each in times):
            raise FormatError(f"{path}: expected movies with the same times, found others in {', '.join(found)}")
        own = data[0]
        source = _Movies(path, tuple(found), (len(data), *own.shape), own.dtype)
        chunks = own.chunks or (1, *own.shape[1:])
        spacing, about = _plane(next(iter(found.values())), own.ndim - 1)
        start = float(times[0][0]) if times[0].size else 0.0
        epochs, told = _epochs(path, file, start)
    names = tuple(name.rpartition("/")[2] for name in found)
    if len(set(names)) < len(names):
        names = tuple(found)
    level = Level(source, spacing, (1, *chunks))
    image = lazy_image([level], "CTXYZ"[: len(source.shape)], About(path.name, names, path=path))
    planes = source.shape[4] if len(source.shape) == 5 else 1
    spread = np.repeat((times[0] - start)[:, None], planes, axis=1)
    return Acquisition(path, KIND, image, spread, about | told, epochs)


def _data(path: Path, series: Any) -> Any:
    """The pixels of a movie."""
    import h5py

    data = series.get("data")
    if "external_file" in series or not isinstance(data, h5py.Dataset) or 0 in data.shape:
        raise FormatError(f"{path}: {series.name}: expected frames in the file itself, found none or names of others")
    if math.prod((data.shape[0], *data.shape[3:])) > raised(MOST_FRAMES):
        raise FormatError(
            f"{path}: {series.name}: expected at most {raised(MOST_FRAMES):,} frames (the limit), found {data.shape}"
        )
    if data.ndim not in (3, 4) or data.dtype.kind not in "uif":
        raise FormatError(
            f"{path}: {series.name}: expected frames of numbers (frames, x, y) or (frames, x, y, z), found "
            f"{data.dtype} of {data.shape}"
        )
    return data


def _times(path: Path, series: Any, frames: int) -> NDArray[np.float64]:
    """Seconds of the session; empty if they are not known."""
    if "timestamps" in series:
        times = numbers(path, series, "timestamps")
        if len(times) != frames or not np.isfinite(times).all() or not (np.diff(times) > 0).all():
            raise FormatError(f"{path}: {series.name}: expected {frames} times that ascend, found others")
        return times
    start = series.get("starting_time")
    rate = None if start is None else optional(start, "rate")
    if not isinstance(rate, (int, float)) or not 0 < rate < math.inf or start.shape != ():
        return np.zeros(0)
    times = float(start[()]) + np.arange(frames) / rate
    return times if np.isfinite(times).all() else np.zeros(0)


def _plane(series: Any, axes: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Micrometres from pixel to pixel, and what is known of the imaging plane."""
    plane = series.get("imaging_plane")
    if plane is None:
        return {}, {}
    about = {name: _text(plane[name][()]) for name in ("indicator", "location") if name in plane}
    spacing = plane.get("grid_spacing")
    scale = UM.get(str(optional(spacing, "unit", "meters")).lower()) if spacing is not None else None
    if spacing is None or scale is None or spacing.shape not in ((2,), (3,)) or spacing.dtype.kind not in "uif":
        return {}, about
    sizes = zip("XYZ"[:axes], np.asarray(spacing[()], np.float64) * scale, strict=False)
    return {axis: float(size) for axis, size in sizes if 0 < size < math.inf}, about


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _epochs(path: Path, file: Any, start: float) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The only table of intervals that numbers and names epochs, and the names of all."""
    tables = typed(path, file, *INTERVALS)
    found = [each for each in tables.values() if {"epoch_number", "epoch_name"} <= set(each)]
    told = {"intervals": ", ".join(tables)} if tables else {}
    return (epoch_columns(path, found[0], start) if len(found) == 1 else None), told
