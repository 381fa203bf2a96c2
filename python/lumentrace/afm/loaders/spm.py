r"""Folders and files of Bruker NanoScope images: ``.spm`` and numbered suffixes.

A file begins with text: lines ``\name: value`` in sections ``\*name``, up to ``\*File list end`` and a byte 0x1a. Each
section ``Ciao image list`` describes an image of 16- or 32-bit whole numbers at ``Data offset``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError

from ..frames import Floats, Recording
from .pictures import count_from_the_first
from .recording import ImageFrames, choose
from .units import SCALES

MOST_HEADER = 1 << 20
VOLTS = {"V": 1.0, "mV": 1e-3, "uV": 1e-6, "µV": 1e-6, "~V": 1e-6}
TYPES: dict[int, np.dtype[Any]] = {2: np.dtype("<i2"), 4: np.dtype("<i4")}


@dataclass
class Header:
    """The text of a file.

    Attributes
    ----------
    common : dict
        Values of all sections but those of images, by names in lower case: versions write them differently.
    images : list of dict
        Values of the images' sections.
    """

    common: dict[str, str] = field(default_factory=dict)
    images: list[dict[str, str]] = field(default_factory=list)


def parse(path: Path) -> Header:
    """Read the text.

    Raises
    ------
    FormatError
        If the file does not begin with it.
    """
    with regular(path).open("rb") as file:
        head = file.read(MOST_HEADER)
    text = head.split(b"\x1a", 1)[0].decode("cp1252", errors="replace")
    if not text.startswith(("\\*File list", "\\*Force file list", "\\*")) or "\\*File list end" not in text:
        found = "an empty file" if not head else repr(text[:24])
        raise FormatError(f"{path}: expected the header of a NanoScope file, found {found}")
    header, section = Header(), {}
    for line in text.splitlines():
        if line.startswith("\\*"):
            image = line.strip().lower() == "\\*ciao image list"
            section = {} if image else header.common
            if image:
                header.images.append(section)
        elif line.startswith("\\") and ":" in line:
            name, _, value = line[1:].partition(":")
            if name.startswith("@") and re.match(r"@\d+$", name):  # "@2:Z scale: V ...": the number names a channel
                name, _, value = value.partition(":")
                name = f"@{name}"
            section.setdefault(name.strip().lower(), value.strip())
    return header


@dataclass(frozen=True)
class Image:
    """Where an image lies, and what its numbers mean."""

    path: Path
    offset: int
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    factor: float
    unit: str
    size_nm: tuple[float, float]

    def read(self) -> Floats:
        """Values, the first row on top of the picture."""
        raw = np.fromfile(self.path, self.dtype, self.shape[0] * self.shape[1], offset=self.offset)
        if raw.size < self.shape[0] * self.shape[1]:
            raise FormatError(f"{self.path}: expected {self.shape[0]} x {self.shape[1]} pixels, found {raw.size}")
        return raw.reshape(self.shape)[::-1] * self.factor


def channel_of(section: dict[str, str]) -> str:
    """The name of an image, with its direction if it is that of the way back."""
    match = re.search(r'"([^"]*)"', section.get("@image data", ""))
    name = match.group(1) if match else section.get("data type", "?")
    return f"{name}_retrace" if section.get("line direction", "Trace").lower() == "retrace" else name


def image_of(path: Path, header: Header, section: dict[str, str]) -> Image:
    """What a section says.

    Raises
    ------
    FormatError
        If something is missing, makes no sense, or the file is too short.
    """
    try:
        offset, length = int(section["data offset"]), int(section["data length"])
        width, height = int(section["samps/line"].split()[0]), int(section["number of lines"])
        size = _size(section.get("scan size") or header.common["scan size"])
        full, unit = _full_scale(header, section["@z scale"])
        stated = int(section.get("bytes/pixel", 2))
    except (KeyError, ValueError, IndexError) as error:
        raise FormatError(f"{path}: expected the header of an image, found no usable {error}") from None
    if width < 1 or height < 1 or offset < 1:
        raise FormatError(f"{path}: expected an image, found {height} x {width} pixels at byte {offset}")
    wide = length // (width * height)
    width_of_number = wide if wide in TYPES else stated
    if width_of_number not in TYPES:
        raise FormatError(f"{path}: expected numbers of 2 or 4 bytes, found {stated}")
    dtype, found = TYPES[width_of_number], path.stat().st_size
    if offset + width * height * dtype.itemsize > found:
        end = offset + width * height * dtype.itemsize
        raise FormatError(f"{path}: expected data up to byte {end:,}, found {found:,} bytes (cut off?)")
    factor = full / 2 ** (8 * stated if stated in TYPES else 16)
    return Image(path, offset, (height, width), dtype, factor, unit, size)


def _size(text: str) -> tuple[float, float]:
    """'15 15 ~m' or '500 nm' in nm."""
    *numbers, unit = text.split()
    scale = SCALES[unit][1]
    values = [float(number) * scale for number in numbers]
    if not values or not all(value > 0 for value in values):
        raise ValueError(f"'scan size' {text!r}")
    return values[0], values[-1]


def _full_scale(header: Header, scale: str) -> tuple[float, str]:
    """What all numbers of an image span, and in which unit, which becomes nm for lengths.

    'V [Sens. Zscan] (0.0067 V/LSB) 440 V' is 440 V times the sensitivity of that name, 'V 15 nm/V'; one without a unit
    leaves that of the value.
    """
    value, unit = _quantity(re.split(r"[)\]]", scale)[-1])
    named = re.search(r"\[([^\]]+)\]", scale)
    stated = header.common[f"@{named.group(1)}".lower()].removeprefix("V") if named else "1"
    sensitivity, ratio = _quantity(stated)
    above, _, below = ratio.partition("/")
    known, factor = SCALES.get(above or unit or "V", ("", 1.0))
    volts = VOLTS.get(unit, 1.0) / VOLTS.get(below, 1.0) if above else 1.0
    return value * volts * sensitivity * factor, known


def _quantity(text: str) -> tuple[float, str]:
    """'999.9847 mV' as a number and its unit."""
    match = re.search(r"([-+\d.eE]+)\s*(\S*)", text)
    if match is None:
        raise ValueError(f"number in {text!r}")
    return float(match.group(1)), match.group(2)


def channels(path: Path) -> list[str]:
    """Names of the channels."""
    return [channel_of(section) for section in parse(files(path)[0]).images]


def files(path: Path) -> list[Path]:
    """The files of a folder, by name; or the file itself."""
    if path.is_file():
        return [path]
    found = [file for file in path.iterdir() if file.is_file() and is_spm(file)]
    return sorted(found, key=lambda file: file.name)


def is_spm(path: Path) -> bool:
    """Whether the name is one of NanoScope's: ``.spm``, or a number of three digits."""
    return path.suffix.lower() == ".spm" or re.fullmatch(r"\.\d{3}", path.suffix) is not None


def read(path: Path, channel: str) -> Recording:
    """Read one channel of all files of a folder, or of one file.

    Parameters
    ----------
    path : Path
    channel : str
        E.g. 'Height', 'ZSensor'.

    Raises
    ------
    FormatError
        If a file is damaged, or its frame has another size than the first.
    ValueError
        If the channel is not there.
    """
    images: list[Image] = []
    metadata: list[dict[str, Any]] = []
    name = ""
    for file in files(path):
        header = parse(file)
        sections = {channel_of(section): section for section in reversed(header.images)}
        name = choose(channel, list(reversed(sections)), file)
        image = image_of(file, header, sections[name])
        images.append(image)
        metadata.append(_metadata(header, sections[name], image))
    count_from_the_first(metadata)
    first = images[0]
    size = first.size_nm[0] / first.shape[1], first.size_nm[1] / first.shape[0]
    return Recording(ImageFrames(images), name, first.unit, size, metadata, {"flipped": True, "files": len(images)})


def _metadata(header: Header, section: dict[str, str], image: Image) -> dict[str, Any]:
    rate = _float(header.common.get("scan rate", ""))
    direction = {"up": "bottomUp", "down": "topDown"}.get(section.get("frame direction", "").lower())
    relative = section.get("relative frame time") or header.common.get("relative frame time")
    return {
        "timestamp": _float(relative) if relative else None,
        "frame_pixel_size_nm": image.size_nm[0] / image.shape[1],
        "frame_duration_s": image.shape[0] / rate if rate else None,
        "start_epoch_ms": _epoch(header.common.get("date", "")),
        "scan_direction": direction,
        "line_rate": rate,
    }


def _float(text: str) -> float | None:
    match = re.match(r"[-+\d.eE]+", text.strip())
    try:
        return float(match.group()) if match else None
    except ValueError:
        return None


def _epoch(text: str) -> int | None:
    """'12:34:38 PM Tue Jul 30 2019' in ms, taken as UTC."""
    try:
        return round(1000 * datetime.strptime(text, "%I:%M:%S %p %a %b %d %Y").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
