"""Recordings of Scanbox: ``.sbx``, the pixels, and ``.mat``, what is known about them.

Pixels are 16-bit numbers, inverted; channels go fastest, then columns, lines, frames (scanbox.org, "Reading raw data
with sbxread()").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError, shown
from lumentrace.data.lazy_image import About, Level, lazy_image
from lumentrace.storage.images.mapped import Mapped
from lumentrace.storage.matlab import read_matlab
from lumentrace.storage.tiff import damage_named
from lumentrace.twophoton.convert.microscopes.acquisition import Acquisition
from lumentrace.twophoton.convert.microscopes.raw_frames import raw_frames

KIND = "Scanbox recording"
SUFFIX = ".sbx"
CHANNELS = {1: ("green", "red"), 2: ("green",), 3: ("red",)}
"""Photomultipliers by the number of ``info.channels``: both, the first, the second."""
MOST_SIDE = 1 << 16
MOST_PLANES = 1000


@dataclass(frozen=True)
class Inverted:
    """Pixels of which the largest number is dark, the other way round."""

    source: Mapped
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the pixels."""
        return self.source.dtype

    def __getitem__(self, place: Any) -> NDArray[Any]:
        """A part, (frames, planes, rows, columns, channels)."""
        frames, planes, *rest = place
        pixels = self.source[(self._numbers(frames, planes), *rest)]
        return np.asarray(np.invert(pixels, out=pixels if pixels.ndim else None))

    def _numbers(self, frames: int | slice, planes: int | slice) -> slice | NDArray[np.int64]:
        """Of the frames of the file."""
        count, depth = self.shape[:2]
        if isinstance(frames, slice) and isinstance(planes, int):
            return slice(frames.start * depth + planes, (frames.stop - 1) * depth + planes + 1, depth)
        numbers: NDArray[np.int64] = np.arange(count * depth).reshape(count, depth)
        return np.asarray(numbers[frames, planes])


def open_scanbox(path: Path) -> Acquisition:
    """Open a ``.sbx`` file; the ``.mat`` file of the same name lies beside it.

    Raises
    ------
    FormatError
        If a file is damaged or cut off.
    OSError
        If one cannot be read.
    """
    beside = path.with_suffix(".mat")
    info = read_matlab(beside, "info").get("info")
    if not isinstance(info, dict):
        raise FormatError(f"{beside}: expected the struct info, found {shown(info)}")
    rows, columns = _size(beside, info)
    names = CHANNELS.get(_whole(beside, info, "channels", 1, 3), ())
    planes = _planes(beside, info)
    found = raw_frames(path, "<u2", (rows, columns, len(names)))
    frames = found.shape[0] // planes
    if not frames:
        raise FormatError(f"{path}: expected a volume of {planes} planes at least, found {found.shape[0]} frames")
    source = Inverted(found, (frames, planes, rows, columns, len(names)))
    level = Level(source, {}, (1, 1, rows, columns, len(names)))
    image = lazy_image([level], "TZYXC", About(path.name, names, path=path), lambda: damage_named(path, "a recording"))
    return Acquisition(path, KIND, image, _times(info, frames, planes), _about(info))


def _whole(path: Path, info: dict[str, Any], name: str, least: int, most: int) -> int:
    value = info.get(name)
    if not isinstance(value, (int, float)) or not least <= value <= most or value != int(value):
        raise FormatError(
            f"{path}: expected a whole number from {least} to {most} in info.{name}, found {shown(value)}"
        )
    return int(value)


def _size(path: Path, info: dict[str, Any]) -> tuple[int, int]:
    """Rows and columns; two lines are recorded in each period of the mirror if it scans both ways."""
    size = np.asarray(info.get("sz", ()))
    if size.shape != (2,) or size.dtype.kind not in "uif" or not ((size >= 1) & (size <= MOST_SIDE)).all():
        raise FormatError(f"{path}: expected rows and columns in info.sz, found {shown(info.get('sz'))}")
    lines = _whole(path, info, "recordsPerBuffer", 1, MOST_SIDE) * (2 - _whole(path, info, "scanmode", 0, 1))
    rows, columns = map(int, size)
    if rows != lines or np.any(info.get("fold_lines", 0)):
        raise FormatError(f"{path}: expected frames of {rows} lines as in info.sz, found {lines} lines in a buffer")
    return rows, columns


def _planes(path: Path, info: dict[str, Any]) -> int:
    """As many as the steps of the tunable lens, if it was used."""
    if not np.any(info.get("volscan", 0)):
        return 1
    count = np.size(info.get("otwave", ()))
    if not 1 <= count <= MOST_PLANES:
        raise FormatError(f"{path}: expected up to {MOST_PLANES} planes in info.otwave, found {count}")
    return count


def _times(info: dict[str, Any], frames: int, planes: int) -> NDArray[np.float64]:
    """By the frequency of the mirror; Scanbox keeps no times of frames."""
    frequency, lines = info.get("resfreq"), info["recordsPerBuffer"]
    if not isinstance(frequency, (int, float)) or not 0 < frequency < math.inf:
        return np.zeros((0, planes))
    times: NDArray[np.float64] = np.arange(frames * planes).reshape(frames, planes) * (lines / frequency)
    return times


def _about(info: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, key in (("scanbox_version", "software.version"), ("magnification", "acq.zoomFactor")):
        value = info.get(name)
        if isinstance(value, (int, float)) and math.isfinite(value):
            found[key] = f"Scanbox {value:g}" if key == "software.version" else value
    return found | {"ttl_events": int(np.size(info.get("event_id", ())))}
