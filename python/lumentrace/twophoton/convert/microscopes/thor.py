"""Folders of ThorImageLS: ``Experiment.xml`` and a file of nothing but pixels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.digits import number_of
from lumentrace.base.documents import text_of
from lumentrace.base.errors import FormatError
from lumentrace.data.lazy_image import About, Level, lazy_image
from lumentrace.storage.images.mapped import Mapped
from lumentrace.storage.tiff import damage_named
from lumentrace.twophoton.convert.microscopes.acquisition import Acquisition
from lumentrace.twophoton.convert.microscopes.raw_frames import raw_frames

KIND = "ThorImage folder"
EXPERIMENT = "Experiment.xml"
MOST = 1 << 31
"""Of a number in the file."""


def open_thor(path: Path) -> Acquisition:
    """Open the recording of an ``Experiment.xml``; its file of pixels lies beside it.

    Raises
    ------
    FormatError
        If a file is damaged or cut off.
    FileNotFoundError
        If there is no file of pixels.
    """
    experiment = _parsed(path)
    scanner = _only(path, experiment, "LSM")
    rows, columns = (_whole(path, scanner, name, 1) for name in ("pixelY", "pixelX"))
    names = tuple(each.get("name", "") for each in experiment.iter("Wavelength"))
    if not names or not all(names) or len(set(names)) < len(names):
        raise FormatError(f"{path}: expected names of channels, found {', '.join(names) or 'none'}")
    planes, away = _planes(path, experiment)
    count = _frames(path, experiment, planes + away)
    raw = _raw(path)
    found = raw_frames(raw, "<u2", (planes + away, len(names), rows, columns), count)
    level = Level(found, _spacing(path, experiment, scanner, planes), (1, 1, 1, rows, columns))
    about = About(path.parent.name, names, path=path.parent)
    image = lazy_image([level], "TZCYX", about, lambda: damage_named(raw, "a recording"))
    times = _times(scanner, found, planes)
    return Acquisition(path.parent, KIND, image.select(Z=slice(0, planes)), times, _about(experiment))


def _parsed(path: Path) -> Element:
    with damage_named(path, "XML of ThorImage"):
        return ElementTree.fromstring(text_of(path))


def _only(path: Path, experiment: Element, tag: str) -> Element:
    found = experiment.find(tag)
    if found is None:
        raise FormatError(f"{path}: expected the element {tag}, found none")
    return found


def _whole(path: Path, node: Element, name: str, least: int) -> int:
    text = node.get(name, "")
    number = number_of(text)
    if number is None or not least <= number <= MOST:
        raise FormatError(f"{path}: {node.tag}: expected a whole number from {least} on in {name}, found {text[:50]!r}")
    return number


def _number(node: Element, name: str) -> float:
    try:
        return float(node.get(name, ""))
    except ValueError:
        return math.nan


def _is_on(node: Element | None, name: str) -> bool:
    return node is not None and node.get(name) == "1"


def _planes(path: Path, experiment: Element) -> tuple[int, int]:
    """Planes of a volume, and frames that are taken while the piezo flies back."""
    streaming = experiment.find("Streaming")
    if streaming is None or not _is_on(streaming, "zFastEnable"):
        return 1, 0
    steps = _whole(path, _only(path, experiment, "ZStage"), "steps", 1)
    return steps, _whole(path, streaming, "flybackFrames", 0)


def _frames(path: Path, experiment: Element, per_volume: int) -> int:
    """Whole volumes: frames are counted with those of the flight back."""
    streaming = experiment.find("Streaming")
    if streaming is not None and _is_on(streaming, "enable"):
        return max(_whole(path, streaming, "frames", 1) // per_volume, 1)
    return _whole(path, _only(path, experiment, "Timelapse"), "timepoints", 1)


def _raw(path: Path) -> Path:
    found = sorted(each for each in path.parent.glob("Image_*.raw") if not each.name.startswith("._"))
    if not found:
        raise FileNotFoundError(f"{path.parent}: expected Image_*.raw beside {path.name}, found none")
    if len(found) > 1:
        raise FormatError(f"{path.parent}: expected one Image_*.raw, found {', '.join(each.name for each in found)}")
    return found[0]


def _spacing(path: Path, experiment: Element, scanner: Element, planes: int) -> dict[str, float]:
    size = _number(scanner, "pixelSizeUM")
    found = {"Y": size, "X": size}
    if planes > 1:
        found["Z"] = abs(_number(_only(path, experiment, "ZStage"), "stepSizeUM"))
    return {axis: value for axis, value in found.items() if 0 < value < math.inf}


def _times(scanner: Element, found: Mapped, planes: int) -> NDArray[np.float64]:
    """By the rate of frames, or of averages of frames; ThorImage keeps no times of frames."""
    rate = _number(scanner, "frameRate")
    averaged = _number(scanner, "averageNum") if scanner.get("averageMode") == "1" else 1.0
    if not 0 < rate < math.inf or not 1 <= averaged < math.inf:
        return np.zeros((0, planes))
    numbers = np.arange(found.shape[0], dtype=np.float64)[:, None] * found.shape[1] + np.arange(planes)
    return np.asarray(numbers * (averaged / rate))


def _about(experiment: Element) -> dict[str, Any]:
    software, date = experiment.find("Software"), experiment.find("Date")
    found = {} if software is None else {"software.version": f"ThorImage {software.get('version', '')}"}
    return found | ({} if date is None else {"began": date.get("date", "")})
