"""Films of JPK and Bruker instruments: ``.h5-jpk``."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.storage.hdf5 import attribute, check_size, opened, optional

from ..frames import Floats, FrameSource, Recording
from .recording import choose
from .units import SCALES

KIND = "a JPK film in HDF5"
GRID = "position-pattern.grid"
SCALING = "net-encoder.scaling"
INTERLACE = "environment.fast-imaging.feed-forward-parameters.yaxis.interlace"


class H5JPKFrames(FrameSource):
    """Frames of one channel, a column each; rows are stored from the bottom up."""

    def __init__(self, path: Path, dataset: str, shape: tuple[int, int, int], factor: float, offset: float, flip: bool):
        self._path, self._dataset, self._flip = path, dataset, flip
        self._factor, self._offset = factor, offset
        self.shape = shape

    def read(self, frames: range) -> Floats:
        """Frames of given numbers."""
        values = np.empty((len(frames), *self.shape[1:]))
        with opened(self._path, KIND) as h5:
            columns = h5[self._dataset]
            for place, number in enumerate(frames):
                raw = columns[:, number].reshape(self.shape[1:])
                np.multiply(raw[::-1] if self._flip else raw, self._factor, out=values[place])
        values += self._offset
        return values


def channels(path: Path) -> list[str]:
    """Names of the channels: name and direction."""
    with opened(path, KIND) as h5:
        return list(_channels(_measurement(path, h5)))


def read(path: Path, channel: str, *, flip: bool = True) -> Recording:
    """Read one channel.

    Parameters
    ----------
    path : Path
    channel : str
        E.g. 'height_trace', 'phase_retrace'.
    flip : bool, default True
        The first row is the last that is stored, as in the instrument's own pictures.

    Raises
    ------
    FormatError
        If the file is damaged.
    ValueError
        If the channel is not there.
    """
    with opened(path, KIND) as h5:
        measurement = _measurement(path, h5)
        available = _channels(measurement)
    name = choose(channel, list(available), path)
    with opened(path, KIND) as h5:
        measurement = _measurement(path, h5)
        group = measurement[available[name]]
        dataset = next(item for key, item in group.items() if key != "thumbnail" and getattr(item, "ndim", 0) == 2)
        check_size(path, dataset)
        width, height = (int(attribute(measurement, f"{GRID}.{letter}length")) for letter in "ij")
        if width < 1 or height < 1 or dataset.shape[0] != width * height:
            raise FormatError(
                f"{path}: {dataset.name}: expected {height} x {width} pixels, found {dataset.shape[0]:,} rows"
            )
        size = tuple(1e9 * float(attribute(measurement, f"{GRID}.{letter}length")) for letter in "uv")
        unit, scale = SCALES.get(str(optional(group, f"{SCALING}.unit.unit", "")), ("", 1.0))
        factor, offset = (scale * float(attribute(group, f"{SCALING}.{part}")) for part in ("multiplier", "offset"))
        shape = (int(dataset.shape[1]), height, width)
        source = H5JPKFrames(path, dataset.name, shape, factor, offset, flip)
        pixel = (size[0] / width, size[1] / height)
        bidirectional = str(optional(measurement, INTERLACE, "false")).lower() == "true"
        metadata = _metadata(measurement, shape, pixel[0], bidirectional)
        return Recording(source, name, unit, pixel, metadata, {"bidirectional": bidirectional, "flipped": flip})


def _measurement(path: Path, h5: Any) -> Any:
    names = sorted(name for name in h5 if name.startswith("Measurement_"))
    if not names:
        raise FormatError(f"{path}: expected a group Measurement_000, found {', '.join(h5) or 'none'}")
    if len(names) > 1:
        warnings.warn(f"{path}: holds {len(names)} measurements; {names[0]} is read", stacklevel=4)
    return h5[names[0]]


def _channels(measurement: Any) -> dict[str, str]:
    """Groups of channels by name; of equal names the first."""
    found: dict[str, str] = {}
    for group in sorted(name for name in measurement if name.startswith("Channel_")):
        name = str(attribute(measurement[group], "channel.name"))
        back = str(optional(measurement[group], "retrace", "false")).lower() == "true"
        found.setdefault(f"{name}_{'retrace' if back else 'trace'}", group)
    return found


def _metadata(
    measurement: Any, shape: tuple[int, int, int], pixel_nm: float, bidirectional: bool
) -> list[dict[str, Any]]:
    rate = optional(measurement, "timing-settings.scanRate")
    rate = None if rate is None else float(rate)
    starts, ends = (_epochs(measurement, which, shape[0]) for which in ("start-times", "end-times"))
    times: list[float | None] = [None] * shape[0]
    durations: list[float | None] = [None] * shape[0]
    if starts is not None:
        times = [(start - starts[0]) / 1000 for start in starts]
        if ends is not None:
            durations = [(end - start) / 1000 for start, end in zip(starts, ends, strict=True)]
    elif rate:
        seconds = shape[1] / rate / (2 if bidirectional else 1)
        times, durations = [number * seconds for number in range(shape[0])], [seconds] * shape[0]
    return [
        {
            "timestamp": times[number],
            "frame_pixel_size_nm": pixel_nm,
            "frame_duration_s": durations[number],
            "start_epoch_ms": None if starts is None else starts[number],
            "scan_direction": optional(measurement, "motion"),
            "line_rate": rate,
        }
        for number in range(shape[0])
    ]


def _epochs(measurement: Any, which: str, frames: int) -> list[int] | None:
    dataset = measurement.get(f"meta-data/{which}")
    if dataset is None or dataset.size != frames:
        return None
    return [int(value) for value in np.asarray(dataset).reshape(-1)]
