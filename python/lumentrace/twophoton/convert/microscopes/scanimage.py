"""TIFF files of ScanImage 2016 and later: channels, planes and times of frames.

Which plane a frame shows, and whether the scanner was flying back, follows from the number that ScanImage gave to it
(ScanImage BigTIFF Specification, docs.scanimage.org), so that files that were cut by hand are read right too.
"""

from __future__ import annotations

import math
import re
import warnings
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError, shown
from lumentrace.data.lazy_image import About, Level, lazy_image
from lumentrace.storage.tiff import damage_named
from lumentrace.storage.tiff_pages import TiffPages, descriptions, open_pages, software
from lumentrace.twophoton.convert.microscopes.acquisition import Acquisition

KIND = "ScanImage TIFF"
SETTING = re.compile(r"^SI\.([\w.]+) = (.*)$", re.MULTILINE)
LINE = re.compile(r"^(\w+) ?= ?(.*?)\s*$", re.MULTILINE)
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|Inf|NaN)")
TEXT = re.compile(r"'([^']*)'")
TRIGGERS = ("auxTrigger0", "auxTrigger1", "auxTrigger2", "auxTrigger3")
MOST_PLANES = 10_000


@dataclass(frozen=True)
class _Settings:
    """What does not change from frame to frame.

    Attributes
    ----------
    text : dict
        By name, as ScanImage writes them.
    """

    text: dict[str, str]

    def numbers(self, name: str) -> list[float]:
        return [float(each) for each in NUMBER.findall(TEXT.sub("", self.text.get(name, "")))]

    def number(self, name: str) -> float:
        return next(iter(self.numbers(name)), math.nan)

    def whole(self, name: str, default: int) -> int:
        value = self.number(name)
        return int(value) if math.isfinite(value) and 1 <= value < 1 << 31 else default

    def on(self, name: str) -> bool:
        return self.text.get(name, "").strip() in ("true", "1")

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels that were saved."""
        saved = [int(number) for number in self.numbers("hChannels.channelSave") if math.isfinite(number)]
        names = TEXT.findall(self.text.get("hChannels.channelName", ""))
        return tuple(
            names[number - 1] if 0 < number <= len(names) and names.count(names[number - 1]) == 1 else f"{number}"
            for number in saved
        ) or ("c0",)

    @property
    def planes(self) -> int:
        """Number of planes of a volume."""
        if not (self.on("hStackManager.enable") or self.on("hFastZ.enable")):
            return 1
        return self.whole("hStackManager.actualNumSlices", self.whole("hStackManager.numSlices", 1))

    @property
    def frames_per_plane(self) -> int:
        """Frames of a plane one after the other."""
        return self.whole("hStackManager.framesPerSlice", 1)

    @property
    def frames_per_volume(self) -> int:
        """With those that are taken while the scanner flies back."""
        fast = self.whole("hFastZ.numFramesPerVolume", 0) if self.on("hFastZ.enable") else 0
        return max(fast, self.planes * self.frames_per_plane)


@dataclass
class _Frames:
    """Pages of each plane and channel, and times, as they are found.

    Attributes
    ----------
    places : list of array
        For each plane, the file and the page of the first channel of one frame after the other.
    times : list of array
    triggers : dict
        Seconds of triggers that came in, by their input.
    """

    places: list[array[int]]
    times: list[array[float]]
    triggers: dict[str, list[float]]
    began: str = ""


def is_scanimage(path: Path) -> bool:
    """Whether a TIFF file says that ScanImage 2016 or later wrote it; raises `FormatError` if it is damaged."""
    return software(path).startswith("SI.")


def open_scanimage(paths: Sequence[Path]) -> Acquisition:
    """Open the files of one acquisition, in order.

    Raises
    ------
    FormatError
        If one is damaged, or their frames do not follow each other.
    """
    settings = _settings(paths[0])
    channels, planes = settings.channels, settings.planes
    if planes > MOST_PLANES:
        raise FormatError(f"{paths[0]}: expected at most {MOST_PLANES:,} planes, found {planes:,}")
    frames = _Frames([array("q") for _ in range(planes)], [array("d") for _ in range(planes)], {})
    for number, path in enumerate(paths):
        _add(frames, number, path, settings, len(channels))
    count = min(map(len, frames.times))
    if not count:
        raise FormatError(f"{paths[-1]}: expected a volume of {planes} planes at least, found a part of one")
    if settings.on("hRoiManager.mroiEnable"):
        warnings.warn(f"{paths[0]}: several regions were scanned; a frame shows one below the other", stacklevel=4)
    source = TiffPages(paths, _places(frames, count, len(channels)))
    times = np.array([each[:count] for each in frames.times]).T
    known = np.isfinite(times).all() and (np.diff(times, axis=0) > 0).all()
    path = paths[0] if len(paths) == 1 else paths[0].parent
    if not known:
        times = _even_times(settings, count, planes)
    about = About(path.name, channels, path=path)
    level = Level(source, _spacing(settings, source.shape), (1, 1, 1, *source.shape[-2:]))
    image = lazy_image([level], "TZCYX", about, finish=source.close)
    return Acquisition(path, KIND, image, times - times[:1, :1], _about(settings, frames))


def _settings(path: Path) -> _Settings:
    return _Settings({name: value.strip() for name, value in SETTING.findall(software(path))})


def _add(frames: _Frames, number: int, path: Path, settings: _Settings, channels: int) -> None:
    """The frames of one file."""
    before = -1.0
    with open_pages(path) as file, damage_named(path):
        total = len(file.pages)
        if total % channels:
            raise FormatError(
                f"{path}: expected a page for each of {channels} channels, found {total} pages: {total // channels} "
                "whole frames (cut off?)"
            )
        for page, text in enumerate(descriptions(path, file)):
            if page % channels:
                continue
            said = dict(LINE.findall(text))
            place = _number(said, "frameNumberAcquisition", _number(said, "frameNumbers", math.nan))
            if not place > before and settings.planes > 1:
                raise FormatError(f"{path}, page {page + 1}: expected the number of a frame after {before:g}")
            before = place
            plane = _plane(settings, place)
            _note_triggers(frames, said)
            if plane is not None:
                frames.places[plane].extend((number, page))
                frames.times[plane].append(_number(said, "frameTimestamps_sec", math.nan))
        # The last page is the one that a cut leaves without pixels.
        last = file.pages[total - 1]
        _check_end(path, last, total // channels)


def _check_end(path: Path, page: Any, frames: int) -> None:
    end, size = max(map(sum, zip(page.dataoffsets, page.databytecounts, strict=True)), default=0), path.stat().st_size
    if end > size:
        raise FormatError(
            f"{path}: expected data up to byte {end:,}, found a file of {size:,} bytes: {frames - 1} whole frames "
            "(cut off?)"
        )


def _plane(settings: _Settings, number: float) -> int | None:
    """The plane that a frame shows, by its number from 1 on; None while the scanner flies back."""
    if settings.planes == 1:
        return 0
    plane = int(number - 1) % settings.frames_per_volume // settings.frames_per_plane
    return plane if plane < settings.planes else None


def _number(said: dict[str, str], name: str, default: float) -> float:
    try:
        value = float(said[name])
    except (KeyError, ValueError):
        return default
    return value if math.isfinite(value) else default


def _note_triggers(frames: _Frames, said: dict[str, str]) -> None:
    for name in TRIGGERS:
        for each in NUMBER.findall(said.get(name, "")):
            frames.triggers.setdefault(name, []).append(float(each))
    if not frames.began:
        frames.began = _date(NUMBER.findall(said.get("epoch", "")))


def _date(parts: Iterable[str]) -> str:
    """Year, month, day, hour, minute, seconds as a text; empty if they are something else."""
    values = [float(part) for part in parts]
    if len(values) != 6 or not all(map(math.isfinite, values)):
        return ""
    year, month, day, hour, minute = map(int, values[:5])
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{values[5]:06.3f}"


def _places(frames: _Frames, count: int, channels: int) -> NDArray[np.int64]:
    """(frames, planes, channels, 2): pages of a frame lie one after the other, a page per channel."""
    first = np.array([np.reshape(each, (-1, 2))[:count] for each in frames.places], np.int64).transpose(1, 0, 2)
    places = np.repeat(first[:, :, None], channels, axis=2)
    places[..., 1] += np.arange(channels)
    return places


def _even_times(settings: _Settings, count: int, planes: int) -> NDArray[np.float64]:
    """Times from the rate, where frames do not say them; no rows if that is not known either."""
    rate = settings.number("hRoiManager.scanFrameRate")
    if not 0 < rate < math.inf or settings.frames_per_plane > 1 < planes:
        return np.zeros((0, planes))
    period = settings.frames_per_volume if planes > 1 else 1
    numbers = np.arange(count, dtype=np.float64)[:, None] * period + np.arange(planes)
    return np.asarray(numbers / rate)


def _spacing(settings: _Settings, shape: tuple[int, ...]) -> dict[str, float]:
    """Micrometres from pixel to pixel, by the corners of the field of view."""
    corners, found = settings.numbers("hRoiManager.imagingFovUm"), {}
    if len(corners) == 8 and np.isfinite(corners).all():
        x, y = np.reshape(corners, (4, 2)).T
        found = {"Y": float(np.ptp(y)) / shape[-2], "X": float(np.ptp(x)) / shape[-1]}
    step = settings.number("hStackManager.stackZStepSize")
    if settings.planes > 1 and 0 < abs(step) < math.inf:
        found["Z"] = abs(step)
    return {axis: size for axis, size in found.items() if size > 0}


def _about(settings: _Settings, frames: _Frames) -> dict[str, Any]:
    found: dict[str, Any] = {"software.version": shown(settings.text.get("VERSION_MAJOR", "")).strip("'\"")}
    zoom = settings.number("hRoiManager.scanZoomFactor")
    if math.isfinite(zoom):
        found["acq.zoomFactor"] = zoom
    depths = settings.numbers("hStackManager.zs")
    if len(depths) == settings.planes > 1:
        found["planes_um"] = tuple(depths)
    if frames.began:
        found["began"] = frames.began
    return found | {f"{name}_s": tuple(times) for name, times in frames.triggers.items()}
