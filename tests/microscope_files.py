"""Recordings as the software of microscopes writes them, made from the documented layouts by writers of the tests."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from scipy.io import savemat

ROWS, COLUMNS = 16, 24


def frames_of(frames: int, planes: int = 1, channels: int = 1, seed: int = 0) -> Any:
    """(frames, planes, channels, rows, columns), every pixel different from those of other places."""
    shape = (frames, planes, channels, ROWS, COLUMNS)
    return np.random.default_rng(seed).integers(0, 4000, shape).astype(np.int16)


def scanimage(path: Path, pages: Any, settings: dict[str, str], texts: list[str]) -> Path:
    """A file by the ScanImage BigTIFF Specification: header, settings, then a directory before each page."""
    held = ("\n".join(f"SI.{name} = {value}" for name, value in settings.items()) + "\0").encode()
    regions = b'{"RoiGroups": {}}\0'
    out = bytearray(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))
    out += struct.pack("<4I", 0x07030301, 3, len(held), len(regions))
    at = len(out)
    out += held + regions
    link = 8
    for page, text in zip(pages, texts, strict=True):
        out += bytes(-len(out) % 8)
        struct.pack_into("<Q", out, link, len(out))
        words = text.encode() + b"\0"
        words += bytes(-len(words) % 8)
        rows, columns = page.shape
        start, tags = len(out), 13
        after = start + 8 + tags * 20 + 8
        entries = [
            (256, 4, 1, columns),
            (257, 4, 1, rows),
            (258, 3, 1, 16),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (270, 2, len(words), after),
            (273, 16, 1, after + len(words)),
            (274, 3, 1, 1),
            (277, 3, 1, 1),
            (278, 4, 1, rows),
            (279, 16, 1, page.nbytes),
            (305, 2, len(held), at),
            (339, 3, 1, 2),
        ]
        out += struct.pack("<Q", tags) + b"".join(struct.pack("<HHQQ", *entry) for entry in entries)
        link = len(out)
        out += bytes(8) + words + page.astype("<i2").tobytes()
    path.write_bytes(out)
    return path


def scanimage_text(number: int, seconds: float, trigger: str = "[]") -> str:
    """What ScanImage says of a frame."""
    said = {
        "frameNumbers": number,
        "acquisitionNumbers": 1,
        "frameNumberAcquisition": number,
        "frameTimestamps_sec": f"{seconds:.9f}",
        "epoch": "[2026  3  1 14 30 12.345]",
        "auxTrigger0": trigger,
        "I2CData": "{}",
    }
    return "\n".join(f"{name} = {value}" for name, value in said.items())


def scanimage_settings(planes: int = 1, away: int = 0, channels: str = "[1;2]") -> dict[str, str]:
    """Settings of a recording with fast planes if there are several."""
    fast = "true" if planes > 1 else "false"
    return {
        "VERSION_MAJOR": "'2020'",
        "hChannels.channelName": "{'Green' 'Red' 'Channel 3' 'Channel 4'}",
        "hChannels.channelSave": channels,
        "hFastZ.enable": fast,
        "hFastZ.numFramesPerVolume": str(planes + away),
        "hRoiManager.imagingFovUm": "[-60 -40;60 -40;60 40;-60 40]",
        "hRoiManager.mroiEnable": "false",
        "hRoiManager.scanFrameRate": "30",
        "hRoiManager.scanZoomFactor": "2.5",
        "hStackManager.enable": fast,
        "hStackManager.framesPerSlice": "1",
        "hStackManager.actualNumSlices": str(planes),
        "hStackManager.numSlices": str(planes),
        "hStackManager.stackZStepSize": "15",
        "hStackManager.zs": f"[{' '.join(str(15 * number) for number in range(planes))}]",
    }


def scanimage_volumes(path: Path, movie: Any, away: int = 1, first: int = 1, rate: float = 30.0) -> Path:
    """Volumes of a movie (frames, planes, channels, rows, columns), with frames of the flight back after each."""
    _, planes, channels = movie.shape[:3]
    pages, texts, number = [], [], first
    for volume in movie:
        for plane in [*volume, *np.full((away, *volume.shape[1:]), -7, np.int16)]:
            pages += list(plane)
            texts += [scanimage_text(number, (number - 1) / rate)] * channels
            number += 1
    saved = "1" if channels == 1 else "[1;2]"
    return scanimage(path, pages, scanimage_settings(planes, away, saved), texts)


def bruker(folder: Path, movie: Any, *, volumes: bool = False, paged: bool = False, times: bool = True) -> Path:
    """A folder of Prairie View: a file for each image, or one of many pages for each channel."""
    folder.mkdir(parents=True)
    frames, planes, channels = movie.shape[:3]
    number, lines = 0, []
    kind = "TSeries ZSeries Element" if volumes else "TSeries Timed Element"
    head = f'<Sequence type="{kind}" cycle="{{}}" time="14:30:12.3" bidirectionalZ="False">'
    lines += [] if volumes else [head.format(1)]
    for frame in range(frames):
        lines += [head.format(frame + 1)] if volumes else []
        for plane in range(planes):
            cycle, index = (frame + 1, plane + 1) if volumes else (1, frame + 1)
            when = f'relativeTime="{number * 0.05}" absoluteTime="{2.5 + number * 0.05}"' if times else ""
            lines.append(f'<Frame {when} index="{index}" parameterSet="CurrentSettings">')
            for channel in range(channels):
                name = f"T-001_Cycle{cycle:05d}_Ch{channel + 1}_{index:06d}.ome.tif"
                page = 1
                if paged:
                    name, page = f"T-001_Cycle00001_Ch{channel + 1}_000001.ome.tif", number + 1
                else:
                    tifffile.imwrite(folder / name, movie[frame, plane, channel].astype("u2"), metadata={"axes": "YX"})
                lines.append(f'<File channel="{channel + 1}" channelName="Ch{channel + 1}" page="{page}" ')
                lines.append(f'filename="{name}" />')
            lines.append('<ExtraParameters lastGoodFrame="0" /><PVStateShard>')
            lines.append('<PVStateValue key="framePeriod" value="9" /></PVStateShard></Frame>')
            number += 1
        lines += ["</Sequence>"] if volumes else []
    lines += [] if volumes else ["</Sequence>"]
    for channel in range(channels) if paged else ():
        name = f"T-001_Cycle00001_Ch{channel + 1}_000001.ome.tif"
        tifffile.imwrite(folder / name, movie[:, :, channel].reshape(-1, ROWS, COLUMNS).astype("u2"))
    state = (
        '<PVStateShard><PVStateValue key="framePeriod" value="0.05" /><PVStateValue key="opticalZoom" value="1.5" />'
        '<PVStateValue key="micronsPerPixel"><IndexedValue index="XAxis" value="1.1" />'
        '<IndexedValue index="YAxis" value="1.2" /><IndexedValue index="ZAxis" value="5" /></PVStateValue>'
        "</PVStateShard>"
    )
    head = '<?xml version="1.0" encoding="utf-8"?>\n<PVScan version="5.4.64.100" date="3/1/2026 2:30:12 PM" notes="">'
    (folder / "T-001.xml").write_text("\n".join([head, state, *lines, "</PVScan>"]), encoding="utf-8")
    (folder / "T-001_Cycle00001_VoltageRecording_001.xml").write_text("<VRecSessionEntry></VRecSessionEntry>")
    return folder


def scanbox(path: Path, movie: Any, **info: Any) -> Path:
    """Pixels inverted, channels fastest; the struct beside them."""
    _, planes, channels = movie.shape[:3]
    (65535 - movie.astype("u2").transpose(0, 1, 3, 4, 2)).astype("<u2").tofile(path)
    known = {
        "scanbox_version": 2,
        "channels": 1 if channels == 2 else 2,
        "sz": np.array([ROWS, COLUMNS]),
        "recordsPerBuffer": ROWS // 2,
        "scanmode": 0,
        "resfreq": 8000.0,
        "event_id": np.array([1, 1, 1]),
        **({"volscan": 1, "otwave": np.arange(planes)} if planes > 1 else {}),
    }
    savemat(path.with_suffix(".mat"), {"info": known | info})
    return path


def thor(folder: Path, movie: Any, away: int = 0, frames: int | None = None, **scanner: Any) -> Path:
    """A folder of ThorImage with streamed frames."""
    folder.mkdir(parents=True)
    count, planes, channels = movie.shape[:3]
    back = np.full((count, away, channels, ROWS, COLUMNS), 7)
    np.concatenate([movie, back], axis=1).astype("<u2").tofile(folder / "Image_001_001.raw")
    names = "".join(f'<Wavelength name="Chan{"AB"[number]}" exposuretimeMS="0" />' for number in range(channels))
    known = {
        "pixelX": COLUMNS,
        "pixelY": ROWS,
        "pixelSizeUM": 0.8,
        "frameRate": 30.0,
        "averageMode": 0,
        "averageNum": 1,
    }
    lens = " ".join(f'{name}="{value}"' for name, value in (known | scanner).items())
    total = count * (planes + away) if frames is None else frames
    (folder / "Experiment.xml").write_text(
        '<?xml version="1.0"?>\n<ThorImageExperiment><Name name="run" /><Date date="03/01/2026 14:30:12" uTime="1" />'
        f'<Software version="5.0.2023.10041" /><Wavelengths>{names}</Wavelengths>'
        f'<ZStage name="Thor" enable="1" steps="{planes}" stepSizeUM="5" /><Timelapse timepoints="1" />'
        f'<LSM name="ResonanceGalvo" {lens} /><Streaming enable="1" frames="{total}" rawData="0" '
        f'zFastEnable="{int(planes > 1)}" flybackFrames="{away}" /></ThorImageExperiment>'
    )
    return folder
