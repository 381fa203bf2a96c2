"""Films of Oxford Instruments' Asylum Research microscopes: ``.aris``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.storage.hdf5 import attribute, check_size, opened, optional

from ..frames import Floats, FrameSource, Recording
from .recording import choose

KIND = "an ARIS film in HDF5"
FRAMES = "/DataSet/Resolution 0"
SCAN = "/DataSetInfo/Global/Parameters/Scan"
SERIES = "/DataSetInfo/Series"


class ArisFrames(FrameSource):
    """Frames of one channel, an image each."""

    def __init__(self, path: Path, channel: str, shape: tuple[int, int, int], factor: float):
        self._path, self._channel, self._factor = path, channel, factor
        self.shape = shape

    def read(self, frames: range) -> Floats:
        """Frames of given numbers."""
        values = np.empty((len(frames), *self.shape[1:]))
        with opened(self._path, KIND) as h5:
            for place, number in enumerate(frames):
                image = _image(h5, number, self._channel)
                if image.shape != self.shape[1:]:
                    raise FormatError(f"{self._path}: frame {number}: expected {self.shape[1:]}, found {image.shape}")
                np.multiply(image[()], self._factor, out=values[place])
        return values


def _image(h5: Any, number: int, channel: str) -> Any:
    return h5[f"{FRAMES}/Frame {number}/{channel}/Image"]


def channels(path: Path) -> list[str]:
    """Names of the channels."""
    with opened(path, KIND) as h5:
        return _channels(h5)


def _channels(h5: Any) -> list[str]:
    if "ChannelNames" in h5["/DataSetInfo"].attrs:
        names = np.atleast_1d(h5["/DataSetInfo"].attrs["ChannelNames"])
        return [name.decode() if isinstance(name, bytes) else str(name) for name in names]
    return list(h5[f"{FRAMES}/Frame 0"])


def read(path: Path, channel: str, *, metres: bool = True) -> Recording:
    """Read one channel.

    Parameters
    ----------
    path : Path
    channel : str
        E.g. 'HeightTrace'.
    metres : bool, default True
        Heights are stored in metres and become nm; with False values stay as they are stored.

    Raises
    ------
    FormatError
        If the file is damaged.
    ValueError
        If the channel is not there.
    """
    with opened(path, KIND) as h5:
        available = _channels(h5)
    name = choose(channel, available, path)
    height_like = metres and name.lower().startswith(("height", "zsensor", "amplitude", "deflection"))
    with opened(path, KIND) as h5:
        frames = len([key for key in h5[FRAMES] if key.startswith("Frame ")])
        if not frames:
            raise FormatError(f"{path}: expected frames below {FRAMES}, found none")
        for number in range(frames):
            check_size(path, _image(h5, number, name))
        first = _image(h5, 0, name)
        if first.ndim != 2:
            raise FormatError(f"{path}: {first.name}: expected an image, found shape {first.shape}")
        shape = (frames, int(first.shape[0]), int(first.shape[1]))
        scans = [_scan(h5, number) for number in range(frames)]
        pixel = 1e9 * float(scans[0]["FastScanSize"]) / shape[2]
        times = _times(h5, frames)
    source = ArisFrames(path, name, shape, 1e9 if height_like else 1.0)
    metadata = [
        {
            "timestamp": times[number],
            "frame_pixel_size_nm": 1e9 * float(scan["FastScanSize"]) / shape[2],
            "frame_duration_s": shape[1] / float(scan["ScanRate"]) if scan["ScanRate"] else None,
            "line_rate": float(scan["ScanRate"]) if scan["ScanRate"] else None,
        }
        for number, scan in enumerate(scans)
    ]
    slow = scans[0]["SlowScanSize"]
    pixel_y = pixel if slow is None else 1e9 * float(slow) / shape[1]
    return Recording(
        source, name, "nm" if height_like else "", (pixel, pixel_y), metadata, {"aris_channels": available}
    )


def _scan(h5: Any, number: int) -> dict[str, Any]:
    """Settings of a frame, where it has its own, else those of the film."""
    settings = h5[SCAN]
    own = h5.get(f"{FRAMES}/Frame {number}/Parameters/Scan")
    found = {}
    for name in ("FastScanSize", "SlowScanSize", "ScanRate"):
        found[name] = optional(settings, name) if own is None or name not in own.attrs else attribute(own, name)
    if found["FastScanSize"] is None:
        raise KeyError(f"attribute 'FastScanSize' of {SCAN} is missing")
    return found


def _times(h5: Any, frames: int) -> list[float | None]:
    """Seconds since the first frame."""
    series = h5.get(f"{SERIES}/Time") if f"{SERIES}/Time" in h5 else h5.get("/DataSet/Series/Time")
    if series is None or series.size != frames:
        return [None] * frames
    values = np.asarray(series, dtype=np.float64).reshape(-1)
    return [float(value - values[0]) for value in values]
