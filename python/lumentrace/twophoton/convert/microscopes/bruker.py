"""Folders of Prairie View (Bruker): an XML file that says which TIFF file holds which frame, and when it was taken."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.digits import number_of
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised
from lumentrace.data.lazy_image import About, Level, lazy_image
from lumentrace.storage.tiff import damage_named
from lumentrace.storage.tiff_pages import TiffPages
from lumentrace.twophoton.convert.microscopes.acquisition import Acquisition

KIND = "Bruker (Prairie View) folder"
ROOT, HEAD = b"<PVScan", 1 << 12
MOST_BYTES = 1 << 30
"""Of the XML file, which is never held whole."""
MOST_PAGES = 1 << 31
"""Of numbers of pages."""
VOLUMES = "ZSeries"
"""In the type of a sequence whose frames are planes."""


@dataclass(frozen=True)
class _Frame:
    """A frame: seconds from the start of its sequence or of the scan, and of the session; file and page by channel."""

    relative: float
    absolute: float
    files: dict[str, tuple[str, int]]


@dataclass
class _Scan:
    """What the XML file says.

    Attributes
    ----------
    version, date : str
    state : dict
        Values of the microscope, by their key, and key and index.
    kinds : set of str
        Types of the sequences.
    sequences : list of list of _Frame
    channels : dict
        Name of each channel by its number.
    """

    version: str = ""
    date: str = ""
    state: dict[str, str] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    sequences: list[list[_Frame]] = field(default_factory=list)
    channels: dict[str, str] = field(default_factory=dict)
    two_ways: bool = False

    def number(self, name: str) -> float:
        try:
            return float(self.state[name])
        except (KeyError, ValueError):
            return math.nan


def scan_file(place: Path) -> Path | None:
    """The XML file of a scan that a folder holds or a path names; None if there is none.

    Raises
    ------
    FormatError
        If a folder holds several.
    """
    candidates = sorted(place.glob("*.xml")) if place.is_dir() else [place] if place.suffix.lower() == ".xml" else []
    found = [path for path in candidates if path.is_file() and _is_scan(path)]
    if len(found) > 1:
        raise FormatError(f"{place}: expected one scan, found {', '.join(path.name for path in found)}; name one")
    return found[0] if found else None


def _is_scan(path: Path) -> bool:
    with path.open("rb") as file:
        return ROOT in file.read(HEAD)


def open_bruker(path: Path) -> Acquisition:
    """Open the scan of an XML file; its images lie beside it.

    Raises
    ------
    FormatError
        If it is damaged, or its sequences do not fit each other.
    FileNotFoundError
        If images are missing.
    """
    scan = _read(path)
    frames = _frames(path, scan)
    files, places = _places(path, scan, frames)
    source = TiffPages(files, places)
    about = About(path.name, tuple(scan.channels.values()), path=path)
    level = Level(source, _spacing(scan, len(frames[0])), (1, 1, 1, *source.shape[-2:]))
    image = lazy_image([level], "TZCYX", about, finish=source.close)
    return Acquisition(path, KIND, image, _times(path, scan, frames), _about(scan))


def _read(path: Path) -> _Scan:
    size = regular(path).stat().st_size
    if size > raised(MOST_BYTES):
        raise FormatError(f"{path}: expected at most {raised(MOST_BYTES):,} bytes of XML, found {size:,}")
    scan = _Scan()
    with damage_named(path, "XML of Prairie View"):
        for node, parents in _nodes(path):
            _take(path, scan, node, parents)
    if not scan.sequences or not all(scan.sequences):
        raise FormatError(f"{path}: expected a sequence with frames, found none")
    return scan


def _nodes(path: Path) -> Iterator[tuple[Element, list[str]]]:
    """Each element when it ends and sequences when they begin, with the names of those around it; then forgotten."""
    open_: list[Element] = []
    for event, node in ElementTree.iterparse(path, ("start", "end")):
        if event == "start":
            open_.append(node)
            if node.tag in ("PVScan", "Sequence"):
                yield node, [each.tag for each in open_[:-1]]
            continue
        open_.pop()
        if node.tag in ("Frame", "PVStateValue"):
            yield node, [each.tag for each in open_]
        if node.tag in ("Frame", "Sequence", "PVStateShard"):
            node.clear()
            for parent in open_[-1:]:
                parent.remove(node)


def _take(path: Path, scan: _Scan, node: Element, parents: Sequence[str]) -> None:
    if node.tag == "PVScan":
        scan.version, scan.date = node.get("version", ""), node.get("date", "")
    elif node.tag == "Sequence":
        scan.kinds.add(node.get("type", ""))
        scan.two_ways |= node.get("bidirectionalZ", "").lower() == "true"
        scan.sequences.append([])
    elif node.tag == "PVStateValue" and "Frame" not in parents:
        _take_state(scan, node)
    elif node.tag == "Frame":
        if not scan.sequences:
            raise FormatError(f"{path}: expected frames in sequences, found one outside")
        scan.sequences[-1].append(_frame(path, scan, node))


def _take_state(scan: _Scan, node: Element) -> None:
    key = node.get("key", "")
    if "value" in node.attrib:
        scan.state.setdefault(key, node.attrib["value"])
    for each in node.findall("IndexedValue"):
        scan.state.setdefault(f"{key}.{each.get('index')}", each.get("value", ""))


def _frame(path: Path, scan: _Scan, node: Element) -> _Frame:
    files = {}
    for each in node.findall("File"):
        channel, name, page = each.get("channel", ""), each.get("filename", ""), each.get("page", "1")
        if Path(name).name != name or not name or "\\" in name or not 1 <= _page(page) < MOST_PAGES:
            raise FormatError(f"{path}: expected the name of a file beside it and a page, found {name!r}, {page!r}")
        scan.channels.setdefault(channel, each.get("channelName", "") or channel)
        files[channel] = name, _page(page) - 1
    return _Frame(_seconds(node, "relativeTime"), _seconds(node, "absoluteTime"), files)


def _page(text: str) -> int:
    """The number of a page; 0 if it is none."""
    return number_of(text) or 0


def _seconds(node: Element, name: str) -> float:
    try:
        return float(node.attrib[name])
    except (KeyError, ValueError):
        return math.nan


def _frames(path: Path, scan: _Scan) -> list[list[_Frame]]:
    """Planes of each frame; the last volume is left out if it was not finished."""
    volumes = {VOLUMES in kind for kind in scan.kinds}
    if len(volumes) > 1:
        raise FormatError(f"{path}: expected sequences of one kind, found {', '.join(sorted(scan.kinds))}")
    if volumes == {False}:
        return [[frame] for sequence in scan.sequences for frame in sequence]
    planes = len(scan.sequences[0])
    found = scan.sequences[:-1] if len(scan.sequences) > 1 > 0 and len(scan.sequences[-1]) < planes else scan.sequences
    for number, sequence in enumerate(found, 1):
        if len(sequence) != planes:
            raise FormatError(f"{path}, cycle {number}: expected {planes} planes as in cycle 1, found {len(sequence)}")
    if scan.two_ways and planes > 1 and len(found) > 1:
        raise FormatError(f"{path}: expected planes in the same order in every cycle, found bidirectionalZ")
    return found


def _places(path: Path, scan: _Scan, frames: list[list[_Frame]]) -> tuple[list[Path], NDArray[np.int64]]:
    """Files, and the file and page of each plane: (frames, planes, channels, 2)."""
    numbers: dict[str, int] = {}
    rows = []
    for number, planes in enumerate(frames, 1):
        for frame in planes:
            if set(frame.files) != set(scan.channels):
                found = ", ".join(frame.files) or "none"
                raise FormatError(
                    f"{path}, frame {number}: expected channels {', '.join(scan.channels)}, found {found}"
                )
            for name, page in (frame.files[channel] for channel in scan.channels):
                rows.append((numbers.setdefault(name, len(numbers)), page))
    if not rows:
        raise FormatError(f"{path}: expected files of frames, found none")
    there = {each.name for each in path.parent.iterdir()}
    missing = [name for name in numbers if name not in there]
    if missing:
        raise FileNotFoundError(
            f"{path}: expected {len(numbers)} files of frames beside it, missing {len(missing)}: {missing[0]}, ..."
        )
    shape = len(frames), len(frames[0]), len(scan.channels), 2
    return [path.parent / name for name in numbers], np.array(rows, np.int64).reshape(shape)


def _times(path: Path, scan: _Scan, frames: list[list[_Frame]]) -> NDArray[np.float64]:
    """Seconds from the first frame on; relative times may begin again in every sequence, absolute ones do not."""
    planes = len(frames[0])
    for name in ("relative", "absolute"):
        times = np.array([[getattr(frame, name) for frame in each] for each in frames], np.float64)
        if np.isfinite(times).all() and (np.diff(times.ravel()) > 0).all():
            return np.asarray(times - times[0, 0])
    period = scan.number("framePeriod")
    if not 0 < period < math.inf or len(scan.sequences) > 1:
        return np.zeros((0, planes))
    return np.asarray(np.arange(len(frames) * planes, dtype=np.float64).reshape(-1, planes) * period)


def _spacing(scan: _Scan, planes: int) -> dict[str, float]:
    axes = "ZYX" if planes > 1 else "YX"
    found = {axis: abs(scan.number(f"micronsPerPixel.{axis}Axis")) for axis in axes}
    return {axis: size for axis, size in found.items() if 0 < size < math.inf}


def _about(scan: _Scan) -> dict[str, Any]:
    found: dict[str, Any] = {"software.version": f"Prairie View {scan.version}", "began": scan.date}
    zoom = scan.number("opticalZoom")
    return found | ({"acq.zoomFactor": zoom} if math.isfinite(zoom) else {})
