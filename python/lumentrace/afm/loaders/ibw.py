"""Images of Asylum Research microscopes: Igor binary waves, ``.ibw``.

The layout is that of WaveMetrics' Technical Note PTN003, version 5: 64 bytes of header, 320 bytes that describe the
wave, its values (the first dimension runs fastest), and texts whose lengths are in the header. Channels are the layers
of the wave; their names are the labels of its third dimension.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError

from .pictures import ImageFormat, Picture, Stored, check_stored
from .units import SCALES

Order = Literal["<", ">"]
VERSION = 5
HEAD: list[Any] = [
    *(("version", "i2"), ("checksum", "i2"), ("wave", "i4"), ("formula", "i4"), ("note", "i4"), ("data_unit", "i4")),
    *(("units", "i4", 4), ("labels", "i4", 4), ("indices", "i4"), ("options", "i4", 2)),
]
WAVE: list[Any] = [
    *(("next", "u4"), ("created", "u4"), ("modified", "u4"), ("points", "i4"), ("type", "i2"), ("locked", "i2")),
    *(("reserved", "V6"), ("wave_version", "i2"), ("name", "S32"), ("more", "i4"), ("folder", "u4")),
    *(("shape", "i4", 4), ("step", "f8", 4), ("start", "f8", 4), ("unit", "S4"), ("dimension_units", "S4", 4)),
    ("rest", "V152"),
]
HEAD_BYTES, WAVE_BYTES = 64, 320
TYPES = {0x02: "f4", 0x04: "f8", 0x08: "i1", 0x10: "i2", 0x20: "i4", 0x48: "u1", 0x50: "u2", 0x60: "u4"}
LABEL = 32
"""Bytes of a name of a layer; the first one names the dimension."""
SINCE_1904 = 2_082_844_800
"""Seconds from the beginning of Igor's times to 1970."""
UNITS = {
    **dict.fromkeys(("height", "zsensor", "deflection", "amplitude"), "m"),
    **dict.fromkeys(("phase", "napphase"), "deg"),
    **dict.fromkeys(("potential", "bias", "userin", "input", "lateral"), "V"),
    "current": "A",
    "frequency": "Hz",
}
"""Units by the names of channels: a wave has one unit only, those of its layers are the microscope's convention."""
NOTED = {"ImagingMode": "imaging_mode", "ScanAngle": "scan_angle_deg"}


@dataclass(frozen=True)
class Wave:
    """What stands before and after the values."""

    path: Path
    order: Order
    header: np.void
    names: list[str]
    note: dict[str, str]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Layers, rows and columns."""
        width, height, layers, _ = (int(length) for length in self.header["shape"])
        return max(layers, 1), height, width


def pictures(path: Path) -> dict[str, Picture]:
    """The channels of a file.

    Raises
    ------
    FormatError
        If it is damaged, or no image.
    """
    wave = parse(path)
    _, height, width = wave.shape
    dtype = wave.order + TYPES[int(wave.header["type"])]
    step = height * width * np.dtype(dtype).itemsize
    about, acquisition, pixel = _metadata(wave), _acquisition(wave), _pixel(wave)
    found: dict[str, Picture] = {}
    for layer, name in enumerate(wave.names):
        unit, factor = _unit(wave, name)
        offset = HEAD_BYTES + WAVE_BYTES + layer * step
        image = Stored(path, offset, (height, width), dtype, factor, unit, upside_down=True)
        found.setdefault(name, Picture(image, pixel, about, acquisition))
    return found


def parse(path: Path) -> Wave:
    """Read what stands before and after the values.

    Raises
    ------
    FormatError
        If the file is damaged, or no image.
    """
    size = regular(path).stat().st_size
    with path.open("rb") as file:
        raw = file.read(HEAD_BYTES + WAVE_BYTES)
        order = _byte_order(path, raw)
        head = np.frombuffer(raw, np.dtype(HEAD).newbyteorder(order), 1)[0]
        header = np.frombuffer(raw, np.dtype(WAVE).newbyteorder(order), 1, HEAD_BYTES)[0]
        _check(path, head, header)
        file.seek(HEAD_BYTES + int(head["wave"]))
        lengths = [int(head[name]) for name in ("formula", "note", "data_unit")]
        lengths += [int(length) for name in ("units", "labels") for length in head[name]]
        texts = [_text(path, file.read(length), length) for length in _fitting(path, lengths, file.tell(), size)]
    note = _note(texts[1])
    return Wave(path, order, header, _names(header, texts[-2]), note)


def _byte_order(path: Path, raw: bytes) -> Order:
    found = [int.from_bytes(raw[:2], order) for order in ("little", "big")]
    if VERSION in found and len(raw) == HEAD_BYTES + WAVE_BYTES:
        order: Order = "<" if found[0] == VERSION else ">"
        if sum(np.frombuffer(raw, f"{order}i2").tolist()) % 2**16:
            raise FormatError(f"{path}: checksum: expected a header of an Igor binary wave, found a damaged one")
        return order
    about = f"{len(raw)} bytes that begin with {raw[:8]!r}"
    if set(found) & {1, 2, 3}:
        about = f"version {min(found)}, which has curves only"
    raise FormatError(f"{path}: expected an image in an Igor binary wave of version {VERSION}, found {about}")


def _check(path: Path, head: np.void, header: np.void) -> None:
    shape = [int(length) for length in header["shape"]]
    if min(shape[:2]) < 1 or min(shape) < 0 or shape[3] > 1:
        raise FormatError(f"{path}: dimensions: expected columns, rows and layers, found {shape} (a curve?)")
    kind = int(header["type"])
    if kind not in TYPES:
        raise FormatError(f"{path}: type: expected real numbers, found kind {kind:#x}")
    itemsize = np.dtype(TYPES[kind]).itemsize
    rows = shape[1] * max(shape[2], 1)
    check_stored(path, "dimensions", HEAD_BYTES + WAVE_BYTES, (rows, shape[0]), itemsize)
    if int(header["points"]) != rows * shape[0] or int(head["wave"]) < WAVE_BYTES + rows * shape[0] * itemsize:
        raise FormatError(
            f"{path}: dimensions: expected {rows * shape[0]:,} values as in {shape}, "
            f"found {int(header['points']):,} in {int(head['wave']):,} bytes"
        )


def _fitting(path: Path, lengths: list[int], start: int, size: int) -> list[int]:
    """Lengths of texts, if they fit into the file."""
    if min(lengths) < 0 or start + sum(lengths) > size:
        raise FormatError(
            f"{path}: texts: expected {sum(lengths):,} bytes from byte {start:,} on, found {size:,} bytes (cut off?)"
        )
    return lengths


def _text(path: Path, raw: bytes, length: int) -> str:
    if len(raw) < length:
        raise FormatError(f"{path}: texts: expected {length:,} bytes, found {len(raw):,} (cut off?)")
    return raw.decode("cp1252", errors="replace")


def _note(text: str) -> dict[str, str]:
    """Lines 'ScanRate: 1.95' by their names."""
    pairs = (line.partition(":") for line in text.replace("\n", "\r").split("\r"))
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def _names(header: np.void, labels: str) -> list[str]:
    """Labels of the layers; the name of the wave if it has one layer, numbers where there are no labels."""
    layers = max(int(header["shape"][2]), 1)
    stated = [labels[at : at + LABEL].split("\0")[0].strip() for at in range(LABEL, len(labels), LABEL)]
    if not stated and layers == 1:
        stated = [bytes(header["name"]).decode("cp1252", errors="replace").split("\0")[0].strip()]
    return [stated[layer] if layer < len(stated) and stated[layer] else str(layer) for layer in range(layers)]


def _unit(wave: Wave, name: str) -> tuple[str, float]:
    base = name.lower().removesuffix("trace").removesuffix("re").rstrip("0123456789")
    unit = UNITS.get(base, "")
    if wave.shape[0] == 1:
        unit = _short(wave.header["unit"]) or unit
    return SCALES.get(unit, (unit, 1.0))


def _pixel(wave: Wave) -> tuple[float, float] | None:
    sizes = []
    for step, unit in zip(wave.header["step"][:2], wave.header["dimension_units"][:2], strict=True):
        known, factor = SCALES.get(_short(unit), ("", 1.0))
        sizes.append(abs(float(step)) * factor if known == "nm" else math.nan)
    return (sizes[0], sizes[1]) if all(0 < size < math.inf for size in sizes) else None


def _short(text: bytes) -> str:
    return bytes(text).decode("cp1252", errors="replace").split("\0")[0].strip()


def _metadata(wave: Wave) -> dict[str, Any]:
    rate, created = _number(wave.note.get("ScanRate")), int(wave.header["created"])
    return {
        "frame_duration_s": wave.shape[1] / rate if rate else None,
        "start_epoch_ms": 1000 * (created - SINCE_1904) if created > SINCE_1904 else None,
        "line_rate": rate,
    }


def _acquisition(wave: Wave) -> dict[str, Any]:
    noted = {ours: wave.note[theirs] for theirs, ours in NOTED.items() if theirs in wave.note}
    return {"flipped": True, **noted}


def _number(text: str | None) -> float | None:
    """A number above 0, or None."""
    try:
        value = float((text or "").split()[0])
    except (ValueError, IndexError):
        return None
    return value if 0 < value < math.inf else None


FORMAT = ImageFormat((".ibw",), pictures)
channels, read = FORMAT.channels, FORMAT.read
