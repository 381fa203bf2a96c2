"""Files of AFM instruments, written from their descriptions."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile

KINDS = {"TP": 0x5054, "ER": 0x5245, "PH": 0x4850, None: 0}


def asd(
    path: Path,
    levels: np.ndarray,
    version: int = 1,
    channels: tuple[str | None, str | None] = ("TP", None),
    *,
    ad_range: int = 0x40000,
    bits: int = 12,
    size_nm: tuple[int, int] = (100, 100),
    frames: int | None = None,
    comment: bytes = b"",
) -> Path:
    """A file of levels (channels, frames, height, width) int16; 2 V gain, 20 nm/V, 1.5 and 0.5 per V."""
    count, height, width = levels.shape[1:]
    claimed = count if frames is None else frames
    write = {0: _asd_first, 1: _asd_later, 2: _asd_later}[version]
    head = write(version, channels, (width, height), size_nm, claimed, ad_range, bits, comment)
    body = b""
    for channel in levels:
        for number, frame in enumerate(channel):
            body += (
                struct.pack("<ihhhhffbbhii", number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) + frame.astype("<i2").tobytes()
            )
    path.write_bytes(head + body)
    return path


def _asd_first(
    version: int, channels: Any, pixels: Any, size_nm: Any, frames: int, ad: int, bits: int, note: bytes
) -> bytes:
    head = struct.pack("<ihhiiiii", 0, KINDS[channels[0]], KINDS[channels[1]], 999, 32, 4, 7, len(note))
    head += struct.pack("<hhhhfff", *pixels, *size_nm, 250.0, 20.0, 2.0)
    head += struct.pack("<Iibihh", ad, bits, 0, 1, 0, 2017) + bytes([11, 21, 13, 12, 39, 0])
    head += struct.pack("<ffiiiiiih", 1000, 1000, 0, 0, 0, frames, frames, 5, 1) + b"user"
    head += struct.pack("<ffi", 1.5, 0.5, 1) + b"\0" * 7 + note
    return head


def _asd_later(
    version: int, channels: Any, pixels: Any, size_nm: Any, frames: int, ad: int, bits: int, note: bytes
) -> bytes:
    head = bytearray(165)
    put = lambda at, layout, *values: struct.pack_into(f"<{layout}", head, at, *values)  # noqa: E731  # a writer
    put(0, "i", version)
    put(8, "iiiiii", 32, 65001, 4, len(note), KINDS[channels[0]], KINDS[channels[1]])
    put(32, "iiii", frames, frames, 1, 7)
    put(48, "iiii", *pixels, *size_nm)
    put(69, "iiiiii", 2017, 11, 21, 13, 12, 39)
    put(101, "fff", 250.0, 1.5, 0.5)
    put(133, "Ii", ad, bits)
    put(157, "ff", 20.0, 2.0)
    whole = bytes(head) + b"user" + note
    # Version 2 goes on with fields of its own; readers go to where the header says that it ends.
    whole += b"\x7f" * (61 if version == 2 else 0)
    return whole[:4] + struct.pack("<i", len(whole)) + whole[8:]


def h5_jpk(path: Path, frames: np.ndarray, *, size_m: tuple[float, float] = (2e-7, 2e-7), times: bool = True) -> Path:
    """Raw numbers (frames, height, width) int32 of a height in both directions; 1e-10 m each, 5e-7 m on top."""
    count, height, width = frames.shape
    with h5py.File(path, "w") as h5:
        measurement = h5.create_group("Measurement_000")
        grid = "position-pattern.grid"
        values = {"ilength": np.int32(width), "jlength": np.int32(height), "ulength": size_m[0], "vlength": size_m[1]}
        for name, value in values.items():
            measurement.attrs[f"{grid}.{name}"] = value
        measurement.attrs["timing-settings.scanRate"] = 40.0
        measurement.attrs["motion"] = np.bytes_(b"bottomUp")
        interlace = "environment.fast-imaging.feed-forward-parameters.yaxis.interlace"
        measurement.attrs[interlace] = np.bytes_(b"true")
        for number, (name, unit, back) in enumerate([("height", b"m", b"false"), ("phase", b"deg", b"true")]):
            group = measurement.create_group(f"Channel_{number:03d}")
            group.attrs["channel.name"] = np.bytes_(name.encode())
            group.attrs["retrace"] = np.bytes_(back)
            scaling = "net-encoder.scaling"
            group.attrs[f"{scaling}.multiplier"] = 1e-10 if unit == b"m" else 0.01
            group.attrs[f"{scaling}.offset"] = 5e-7 if unit == b"m" else 0.0
            group.attrs[f"{scaling}.unit.unit"] = np.bytes_(unit)
            columns = frames[:, ::-1].reshape(count, -1).T.astype(np.int32)
            group.create_dataset(name.capitalize(), data=columns, chunks=(height * width, 1), compression="gzip")
            group.create_dataset("thumbnail", data=np.zeros((4, 1), np.int32))
        if times:
            starts = np.arange(count, dtype=np.int64)[:, None] * 2000 + 10**12
            measurement.create_dataset("meta-data/start-times", data=starts)
            measurement.create_dataset("meta-data/end-times", data=starts + 1900)
    return path


def spm(
    path: Path,
    raw: np.ndarray,
    *,
    minute: int = 34,
    direction: str = "Up",
    header: dict[str, str] | None = None,
    sensitivity: str = "V 15.00000 nm/V",
) -> Path:
    """A NanoScope image of raw int16 numbers, first row on top; 400 V over all numbers, 15 nm/V."""
    height, width = raw.shape
    image = {
        "Data offset": "8192",
        "Data length": str(2 * raw.size),
        "Bytes/pixel": "2",
        "Frame direction": direction,
        "Samps/line": str(width),
        "Number of lines": str(height),
        "Scan size": "1.5 3 ~m",
        "Line direction": "Trace",
        "@2:Image Data": 'S [Height] "Height"',
        "@2:Z scale": "V [Sens. Zscan] (0.006103516 V/LSB) 400.0000 V",
        **(header or {}),
    }
    lines = ["\\*File list", "\\Version: 0x05310001", f"\\Date: 12:{minute}:38 PM Tue Jul 30 2019", "\\*Scanner list"]
    lines += [f"\\@Sens. Zscan: {sensitivity}", "\\*Ciao scan list", "\\Scan rate: 2.0", "\\*Ciao image list"]
    lines += [f"\\{name}: {value}" for name, value in image.items()] + ["\\*File list end"]
    text = "\r\n".join(lines).encode("cp1252") + b"\x1a"
    path.write_bytes(text.ljust(8192, b"\0") + raw[::-1].astype("<i2").tobytes())
    return path


def nanoscope9(path: Path, raw: np.ndarray, *, way: str = "Retrace") -> Path:
    """A file as NanoScope 9 and FastScan write it: a height sensor and a phase in one direction, the phase 1 more."""
    height, width = raw.shape
    lines = ["\\*File list", "\\Version: 0x09400103", "\\Date: 10:55:13 AM Thu May 05 2022", "\\*Scanner list"]
    lines += ["\\@Sens. ZsensSens: V 20.00000 nm/V", "\\@Sens. Phase: V 1.000000 ", "\\*Ciao scan list"]
    lines += ["\\Scan Size: 1500 3000 nm", "\\Scan Rate: 2.0"]
    kinds = [('S [ZSensor] "Height Sensor"', "V [Sens. ZsensSens] (0.00001525879 V/LSB) 999.9847 mV")]
    kinds += [('S [Phase] "Phase"', "V [Sens. Phase] (0.005493164 \u00ba/LSB) 180.0000 \u00ba")]
    for number, (kind, scale) in enumerate(kinds):
        image = {
            "Data offset": 8192 + 2 * raw.size * number,
            "Data length": 2 * raw.size,
            "Bytes/pixel": 2,
            "Frame Direction": "Down",
            "Samps/line": width,
            "Number of lines": height,
            "Scan Size": "1500 3000 nm",
            "Line Direction": way,
            f"@{number + 2}:Image Data": kind,
            f"@{number + 2}:Z scale": scale,
        }
        lines += ["\\*Ciao image list", *(f"\\{name}: {value}" for name, value in image.items())]
    text = "\r\n".join([*lines, "\\*File list end"]).encode("cp1252") + b"\x1a"
    images = b"".join((raw[::-1] + number).astype("<i2").tobytes() for number in range(len(kinds)))
    path.write_bytes(text.ljust(8192, b"\0") + images)
    return path


def jpk(
    path: Path,
    raw: np.ndarray,
    *,
    second: int = 0,
    channels: tuple[tuple[str, int], ...] = (("height", 0),),
    date: str | None = "2025-05-28 14:41:{:02d}.000 +0100",
    ms: int | None = None,
) -> Path:
    """A JPK image of raw uint16 numbers, each channel (name, way back) 1 more; 2e-10 m each, 1e-7 m on top."""
    text = lambda code, value: (code, "s", len(value) + 1, value, True)  # noqa: E731  # a tag
    real = lambda code, value: (code, "d", 1, value, True)  # noqa: E731  # a tag
    dates = [] if date is None else [text(32771, date.format(second)), text(32774, date.format(second + 1))]
    first = [
        *dates,
        *([] if ms is None else [(32776, "Q", 1, ms, True)]),
        real(32834, 3e-7),
        real(32835, 3e-7),
        real(32841, 100.0),
        text(32843, "topDown"),
    ]
    scaling = [(32896, "I", 1, 2, True), text(32897, "nominal")]
    scaling += [text(32912, "volts"), text(32912 + 48, "nominal"), text(32930 + 48, "m")]
    scaling += [real(32932 + 48, 2e-10), real(32933 + 48, 1e-7)]
    with tifffile.TiffWriter(path) as file:
        file.write(np.zeros((4, 4), np.uint8), extratags=first, metadata=None)
        for number, (name, back) in enumerate(channels):
            about = [text(32848, name), (32849, "I", 1, back, True), *scaling]
            file.write((raw[::-1] + number).astype(np.uint16), extratags=about, metadata=None)
    return path


def aris(path: Path, metres: np.ndarray) -> Path:
    """A film of heights in metres (frames, height, width)."""
    with h5py.File(path, "w") as h5:
        h5.create_group("DataSetInfo").attrs["ChannelNames"] = np.array([b"HeightTrace", b"PhaseTrace"])
        scan = h5.create_group("DataSetInfo/Global/Parameters/Scan")
        scan.attrs["FastScanSize"], scan.attrs["ScanPoints"], scan.attrs["ScanRate"] = 2e-7, metres.shape[2], 50.0
        h5["DataSetInfo/Series/Time"] = 0.5 * np.arange(len(metres)) + 3
        for number, frame in enumerate(metres):
            for channel in ("HeightTrace", "PhaseTrace"):
                h5[f"DataSet/Resolution 0/Frame {number}/{channel}/Image"] = frame
    return path
