"""JPK images and folders of them: TIFF files with tags of their own, ending in ``.jpk`` or ``.jpk-qi-image``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.storage.tiff import check_chain, check_ends, check_size, damage_named

from ..frames import Floats, Recording
from .recording import ImageFrames, choose
from .units import SCALES

SUFFIXES = (".jpk", ".jpk-qi-image")
START, END, START_MS = 32771, 32774, 32776
U_LENGTH, V_LENGTH, SCAN_RATE, MOTION = 32834, 32835, 32841, 32843
CHANNEL, RETRACE = 32848, 32849
SLOTS, DEFAULT_SLOT = 32896, 32897
SLOT_NAME, SLOT_UNIT, SLOT_SCALING, SLOT_FACTOR, SLOT_OFFSET, SLOT_STEP = 32912, 32930, 32931, 32932, 32933, 48
"""Tags of the first slot, and how far those of the next are."""
MOST_SLOTS = (1 << 16) // SLOT_STEP
"""Tags have numbers of 16 bits, whatever a file says how many slots it has."""
BIDIRECTIONAL = 0.7
"""Share of the time that lines at the stated rate would take, below which both ways are used."""


@dataclass(frozen=True)
class Image:
    """One channel of a file."""

    path: Path
    page: int
    shape: tuple[int, int]
    factor: float
    offset: float
    unit: str

    def read(self) -> Floats:
        """Values, the last stored row first."""
        import tifffile

        with damage_named(self.path):
            raw = tifffile.imread(self.path, key=self.page)
        if raw.shape != self.shape:
            raise FormatError(f"{self.path}: expected {self.shape} pixels, found {raw.shape}")
        return np.asarray(raw[::-1] * self.factor + self.offset, dtype=np.float64)


def files(path: Path) -> list[Path]:
    """The files of a folder, by name; or the file itself."""
    if path.is_file():
        return [path]
    return sorted((file for file in path.iterdir() if is_jpk(file)), key=lambda file: file.name)


def is_jpk(path: Path) -> bool:
    """Whether the name is one of JPK's images: ``.jpk``, or ``.jpk-qi-image`` of quantitative imaging."""
    return path.suffix.lower() in SUFFIXES


def channels(path: Path) -> list[str]:
    """Names of the channels: name and direction."""
    return list(_opened(files(path)[0])[0])


def read(path: Path, channel: str) -> Recording:
    """Read one channel of all files of a folder, or of one file.

    Parameters
    ----------
    path : Path
    channel : str
        E.g. 'height_trace'.

    Raises
    ------
    FormatError
        If a file is damaged, or its frame has another size than the first.
    ValueError
        If the channel is not there.
    """
    images: list[Image] = []
    found: list[_About] = []
    name = ""
    for file in files(path):
        available, tags = _opened(file)
        name = choose(channel, list(available), file)
        images.append(available[name])
        found.append(_about(file, tags, available[name].shape))
    first = found[0].metadata["start_epoch_ms"]
    for own in found:
        start = own.metadata["start_epoch_ms"]
        own.metadata["timestamp"] = None if first is None or start is None else (start - first) / 1000
    acquisition = {"bidirectional": found[0].bidirectional, "flipped": True, "files": len(images)}
    metadata = [own.metadata for own in found]
    return Recording(ImageFrames(images), name, images[0].unit, found[0].pixel_nm, metadata, acquisition)


def _opened(path: Path) -> tuple[dict[str, Image], dict[int, Any]]:
    """The channels of a file and the tags of its first page."""
    import tifffile

    size = path.stat().st_size
    if not size:
        raise FormatError(f"{path}: expected a JPK image, found an empty file")
    with damage_named(path), tifffile.TiffFile(path) as file:
        check_chain(path, file)
        pages: list[Any] = list(file.pages)
        check_ends(path, pages, size)
        first = {tag.code: tag.value for tag in pages[0].tags}
        found: dict[str, Image] = {}
        for number, page in enumerate(pages):
            tags = {tag.code: tag.value for tag in page.tags}
            if CHANNEL in tags:
                way = "retrace" if tags.get(RETRACE, 0) else "trace"
                found.setdefault(f"{_text(tags[CHANNEL])}_{way}", _image(path, number, page, tags))
    if not found:
        raise FormatError(f"{path}: expected channels of a JPK image, found none")
    return found, first


def _image(path: Path, number: int, page: Any, tags: dict[int, Any]) -> Image:
    """A page; its numbers become values by the scaling of its default slot."""
    if len(page.shape) != 2 or 0 in page.shape:
        raise ValueError(f"page {number}: an image of {page.shape}")
    check_size(path, page.shape, page.dtype, [page], path.stat().st_size)
    wanted = tags.get(DEFAULT_SLOT)
    for slot in range(min(int(tags.get(SLOTS, 0)), MOST_SLOTS)):
        step = slot * SLOT_STEP
        if _text(tags.get(SLOT_NAME + step, "")) == _text(wanted) and SLOT_FACTOR + step in tags:
            unit, scale = SCALES.get(_text(tags.get(SLOT_UNIT + step, "m")), ("", 1.0))
            factor, offset = float(tags[SLOT_FACTOR + step]), float(tags.get(SLOT_OFFSET + step, 0.0))
            return Image(path, number, page.shape, factor * scale, offset * scale, unit)
    return Image(path, number, page.shape, 1.0, 0.0, "")


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace").strip("\0") if isinstance(value, bytes) else str(value).strip("\0")


@dataclass(frozen=True)
class _About:
    """What a file says beside its pixels."""

    pixel_nm: tuple[float, float]
    bidirectional: bool
    metadata: dict[str, Any]


def _about(file: Path, tags: dict[int, Any], shape: tuple[int, int]) -> _About:
    try:
        pixel = 1e9 * float(tags[U_LENGTH]) / shape[1], 1e9 * float(tags[V_LENGTH]) / shape[0]
        rate = float(tags[SCAN_RATE]) if SCAN_RATE in tags else None
        if not min(pixel) > 0:
            raise ValueError(f"pixels of {pixel[0]:g} x {pixel[1]:g} nm")
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{file}: expected the size of the grid and its times, found no usable {error}") from None
    start, end = (_moment(tags.get(tag)) for tag in (START, END))
    start = _seconds(tags.get(START_MS)) if start is None else start
    duration = end - start if start is not None and end is not None else None
    metadata = {
        "timestamp": None,
        "frame_pixel_size_nm": pixel[0],
        "frame_duration_s": duration,
        "start_epoch_ms": None if start is None else round(1000 * start),
        "scan_direction": _text(tags[MOTION]) if MOTION in tags else None,
        "line_rate": rate,
    }
    return _About(pixel, bool(duration and rate and duration * rate / shape[0] < BIDIRECTIONAL), metadata)


def _moment(value: Any) -> float | None:
    """'2025-05-28 14:41:58.548 +0100' or '2017-01-16 16:00:32.334 GMT' in s."""
    if value is None:
        return None
    text = re.sub(r"(GMT|UTC|Z)$", "+0000", _text(value).strip())
    for layout in ("%Y-%m-%d %H:%M:%S.%f %z", "%Y-%m-%d %H:%M:%S %z"):
        try:
            return datetime.strptime(text, layout).timestamp()
        except ValueError:
            continue
    return None


def _seconds(value: Any) -> float | None:
    """Milliseconds since 1970, as a number or as text, in s."""
    try:
        return None if value is None else float(_text(value)) / 1000
    except ValueError:
        return None
