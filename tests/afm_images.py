"""Single images of AFM programs, written from their descriptions: Igor, WSxM, Nanosurf, TopoStats."""

from __future__ import annotations

import struct
from pathlib import Path

import h5py
import numpy as np

NOTE = "ScanSize: 1e-06\rFastScanSize: 1e-06\rScanRate: 2.5\rImagingMode: AC Mode\rScanAngle: 90\r"
TYPES = {"<f4": 0x02, "<f8": 0x04, "<i1": 0x08, "<i2": 0x10, "<i4": 0x20, "<u1": 0x48, "<u2": 0x50, "<u4": 0x60}


def ibw(
    path: Path,
    layers: np.ndarray,
    names: tuple[str, ...] = ("HeightTrace", "HeightRetrace", "PhaseTrace"),
    *,
    order: str = "<",
    step: tuple[float, float] = (2e-8, 3e-8),
    units: tuple[str, str, str] = ("m", "m", "m"),
    note: str = NOTE,
    created: int = 3_700_000_000,
) -> Path:
    """An Igor binary wave, version 5, of layers (channels, height, width), by Technical Note PTN003."""
    count, height, width = layers.shape
    values = np.ascontiguousarray(layers).astype(layers.dtype.newbyteorder(order))
    labels = b"".join(name.encode().ljust(32, b"\0") for name in ("", *names)) if names else b""
    text = note.encode("cp1252")
    shape = (width, height, count if names else 0, 0)
    wave = struct.pack(
        f"{order}IIIihh6xh32siI4i4d4d",
        *(0, created, created + 60, layers.size, TYPES[layers.dtype.newbyteorder("<").str.replace("|", "<")], 0),
        *(1, b"Image", 0, 0, *shape, *step, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0),
    )
    wave += units[2].encode().ljust(4, b"\0")
    wave += b"".join(unit.encode().ljust(4, b"\0") for unit in (units[0], units[1], "", ""))
    wave = wave.ljust(320, b"\0")
    sizes = (320 + values.nbytes, 0, len(text), 0, 0, 0, 0, 0, 0, 0, len(labels), 0, 0, 0, 0)
    head = struct.pack(f"{order}hh15i", 5, 0, *sizes)
    path.write_bytes(summed(bytearray(head + wave + values.tobytes() + text + labels), order))
    return path


def summed(content: bytes | bytearray, order: str = "<") -> bytes:
    """An Igor binary wave whose header has the sum that it should have; as it is if it has no whole header."""
    found = bytearray(content)
    if len(found) >= 384:
        struct.pack_into(f"{order}h", found, 2, 0)
        total = sum(struct.unpack_from(f"{order}192h", found))
        struct.pack_into(f"{order}h", found, 2, (-total + 2**15) % 2**16 - 2**15)
    return bytes(found)


def wsxm(
    path: Path,
    values: np.ndarray,
    *,
    kind: str | None = "double",
    size: tuple[str, str] = ("200 nm", "90 nm"),
    amplitude: str | None = "30 nm",
    header: dict[str, str] | None = None,
) -> Path:
    """A WSxM image (height, width): the header of ASCII lines, then points from the lower right corner on."""
    own = {
        "Control": {"X Amplitude": size[0], "Y Amplitude": size[1], "Z Gain": "1", "X-Frequency": "4 Hz"},
        "General Info": {
            **({"Image Data Type": kind} if kind else {}),
            "Acquisition channel": "Topography",
            "Number of columns": str(values.shape[1]),
            "Number of rows": str(values.shape[0]),
            **({"Z Amplitude": amplitude} if amplitude else {}),
        },
    }
    for name, value in (header or {}).items():
        section = next((each for each in own.values() if name in each), own["General Info"])
        section[name] = value
    lines = [line for name, each in own.items() for line in ("", f"[{name}]", "", *_pairs(each))]
    body = "\r\n".join([*lines, "", "[Header end]", ""])
    first = "WSxM file copyright Nanotec Electronica\r\nSxM Image file\r\nImage header size: "
    size_of = len((first + body).encode("cp1252")) + 8
    head = f"{first}{size_of:06d}\r\n{body}".encode("cp1252")
    path.write_bytes(head + np.ascontiguousarray(values[::-1, ::-1]).tobytes())
    return path


def _pairs(values: dict[str, str]) -> list[str]:
    return [f"    {name}: {value}" for name, value in values.items()]


def nhf(
    path: Path,
    raw: np.ndarray,
    *,
    version: int = 2,
    calibration: tuple[float, float] = (-1e-6, 3e-6),
    size_m: tuple[float, float] = (2e-7, 9e-8),
    unit: str = "Meter (m)",
    kind: str = "image_line_based",
) -> Path:
    """An image of Nanosurf Studio (height, width), forward, and the negative of it backward."""
    height, width = raw.shape
    second = version == 2
    with h5py.File(path, "w") as h5:
        h5.attrs.update({"nsf_file_version_major": version, "nsf_file_version_minor": 0 if second else 1})
        image = h5.create_group("group_0000")
        image.attrs.update({"measurement_name" if second else "name": "Image 1"})
        image.attrs["group_type" if second else "measurement_type"] = kind
        if not second:
            image.attrs.update({"image_points_per_line": width, "image_number_of_lines": height})
            image.attrs.update({"image_size_x": size_m[0], "image_size_y": size_m[1]})
        for number, (way, values) in enumerate((("Forward", raw), ("Backward", -raw))):
            segment = image.create_group(f"subgroup_{number:04}")
            segment.attrs["segment_name" if second else "name"] = way
            if second:
                segment.attrs.update({"rect_axis_size": [height, width], "rect_axis_range": size_m[::-1]})
            missing = -(2**31) if second else 0
            data = segment.create_dataset("dataset_0000", data=values[::-1].ravel().astype("<i4"), fillvalue=missing)
            data.attrs.update({"signal_name" if second else "name": "Topography"})
            data.attrs["dataset_element_type"] = "int32" if second else 0
            base = "signal" if second else "base"
            data.attrs.update(
                dict(zip((f"{base}_calibration_{end}" for end in ("min", "max")), calibration, strict=True))
            )
            data.attrs[f"{base}_calibration_unit"] = unit
            segment.create_dataset("unnamed", data=np.arange(3))
    return path


def topostats(path: Path, image: np.ndarray, scaling: float | None = 2.5) -> Path:
    """A file of TopoStats: the image levelled (half of it) and as it was."""
    with h5py.File(path, "w") as h5:
        h5.update({"image": image / 2, "image_original": image, "filename": "minicircle", "topostats_version": "2.3.1"})
        h5["grain_masks/above"] = np.zeros(image.shape, np.int32)
        if scaling is not None:
            h5["pixel_to_nm_scaling"] = scaling
    return path
