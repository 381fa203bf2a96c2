"""What OME-XML, the text inside OME-TIFF files, says about an image; and that text for images of ours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from lumentrace.data.lazy_image import LazyImage

MICROMETRES = {
    "µm": 1.0,
    "μm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "\\u00B5m": 1.0,
    "micrometer": 1.0,
    "pm": 1e-6,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "Å": 1e-4,
    "angstrom": 1e-4,
    "mm": 1e3,
    "millimeter": 1e3,
    "cm": 1e4,
    "m": 1e6,
    "meter": 1e6,
}
"""By the names that OME-XML, ImageJ and OME-Zarr have for units."""
SECONDS = {
    "s": 1.0,
    "second": 1.0,
    "ms": 1e-3,
    "millisecond": 1e-3,
    "µs": 1e-6,
    "μs": 1e-6,
    "microsecond": 1e-6,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
}
TYPES = {"float32": "float", "float64": "double", "bool": "bit"}
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.openmicroscopy.org/Schemas/'
    'OME/2016-06 http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd" Creator="lumentrace">'
)


class OmeXml:
    """One image of an OME-XML text.

    Parameters
    ----------
    text : str
    number : int, default 0
        Which image.

    Raises
    ------
    xml.etree.ElementTree.ParseError
        If it is no XML.
    """

    def __init__(self, text: str, number: int = 0):
        images = [node for node in ElementTree.fromstring(text) if node.tag.endswith("}Image")]
        self._image = images[number] if number < len(images) else None

    def _nodes(self, name: str) -> Iterator[Element]:
        return iter(()) if self._image is None else (n for n in self._image.iter() if n.tag.endswith(f"}}{name}"))

    @property
    def name(self) -> str:
        """Name of the image."""
        return "" if self._image is None else self._image.get("Name", "")

    @property
    def channel_names(self) -> list[str]:
        """Of all channels; none if one has no name."""
        names = [node.get("Name", "") for node in self._nodes("Channel")]
        return names if all(names) else []

    @property
    def colours(self) -> list[str]:
        """Of all channels, as ``#rrggbb``; none if one has no colour."""
        values = [node.get("Color") for node in self._nodes("Channel")]
        if not values or None in values:
            return []
        # OME keeps red, green, blue and opacity as one signed number of 32 bits.
        return [f"#{(int(value or 0) >> 8) & 0xFFFFFF:06x}" for value in values]

    @property
    def spacing(self) -> dict[str, float]:
        """Micrometres from pixel to pixel along X, Y and Z, as far as they are known."""
        pixels = next(self._nodes("Pixels"), None)
        found = {}
        for axis in "XYZ" if pixels is not None else "":
            assert pixels is not None
            size = pixels.get(f"PhysicalSize{axis}")
            unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
            if size is not None and unit in MICROMETRES:
                found[axis] = float(size) * MICROMETRES[unit]
        return found

    def times(self, count: int) -> list[float]:
        """Seconds of so many time points: of their first planes, or from the time between them; none if not known."""
        first: dict[int, float] = {}
        for node in self._nodes("Plane"):
            unit = node.get("DeltaTUnit", "s")
            if "DeltaT" in node.attrib and unit in SECONDS:
                first.setdefault(int(node.get("TheT", "0")), float(node.attrib["DeltaT"]) * SECONDS[unit])
        if sorted(first) == list(range(count)):
            return [first[number] for number in range(count)]
        pixels = next(self._nodes("Pixels"), None)
        if pixels is None or "TimeIncrement" not in pixels.attrib:
            return []
        step = float(pixels.attrib["TimeIncrement"]) * SECONDS.get(pixels.get("TimeIncrementUnit", "s"), float("nan"))
        return [] if step != step else [number * step for number in range(count)]


@dataclass(frozen=True)
class Described:
    """What an image that is written is called and measures.

    Attributes
    ----------
    axes : str
        Some of T, C and Z, then YX.
    shape : tuple of int
    dtype : numpy.dtype
    name : str
    channels, colours : tuple of str
        Names, and colours as ``#rrggbb``.
    spacing : dict
        Micrometres from pixel to pixel along X, Y and Z.
    times : tuple of float
        Seconds of the time points.

    Raises
    ------
    ValueError
        For axes that files do not have.
    """

    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name: str = ""
    channels: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    spacing: Mapping[str, float] = field(default_factory=dict)
    times: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.axes[-2:] != "YX" or not set(self.axes) <= set("TCZYX"):
            raise ValueError(f"`image`: expected axes among TCZ, and YX at the end, found {self.axes}")

    @property
    def lengths(self) -> dict[str, int]:
        """By the letters of the axes."""
        return dict(zip(self.axes, self.shape, strict=True))

    @property
    def planes(self) -> int:
        """How often rows and columns come."""
        return math.prod(self.shape[:-2])


def described(image: LazyImage) -> Described:
    """What is known about an image; its rows and columns come last, and samples of colours are channels.

    Raises
    ------
    ValueError
        For axes that files do not have.
    """
    axes, shape = image.axes, image.shape
    order = [*(place for place, axis in enumerate(axes) if axis not in "YX"), *map(axes.find, "YX")]
    if -1 in order:
        raise ValueError(f"`image`: expected axes Y and X, found {axes}")
    return Described(
        "".join(axes[place] for place in order).replace("S", "C"),
        tuple(shape[place] for place in order),
        image.dtype,
        image.about.name,
        image.channel_names,
        image.colours,
        image.spacing,
        image.times,
    )


def ome_xml(image: Described, note: str = "") -> str:
    """The text of an image whose planes are pages in the order of its axes."""
    lengths = image.lengths
    order = "XY" + "".join(reversed(image.axes[:-2])) + "".join(axis for axis in "ZCT" if axis not in image.axes)
    sizes = " ".join(f'Size{axis}="{lengths.get(axis, 1)}"' for axis in "XYZCT")
    spacing = "".join(
        f' PhysicalSize{axis}="{size!r}" PhysicalSize{axis}Unit="µm"' for axis, size in image.spacing.items()
    )
    kind = TYPES.get(image.dtype.name, image.dtype.name)
    reference = '<AnnotationRef ID="Annotation:0"/>' if note else ""
    return (
        f'{HEAD}<Image ID="Image:0" Name={quoteattr(image.name)}><Pixels ID="Pixels:0" DimensionOrder="{order}" '
        f'Type="{kind}" {sizes}{spacing}>{_channels(image, lengths.get("C", 1))}'
        f'<TiffData IFD="0" PlaneCount="{image.planes}"/>{_planes(image)}</Pixels>{reference}</Image>'
        f"{_annotation(note)}</OME>"
    )


def _annotation(note: str) -> str:
    return note and (
        '<StructuredAnnotations><CommentAnnotation ID="Annotation:0">'
        f"<Value>{escape(note)}</Value></CommentAnnotation></StructuredAnnotations>"
    )


def _channels(image: Described, count: int) -> str:
    text = ""
    for number in range(count):
        name = f" Name={quoteattr(image.channels[number])}" if image.channels else ""
        colour = f' Color="{_signed(image.colours[number])}"' if image.colours else ""
        text += f'<Channel ID="Channel:0:{number}"{name}{colour} SamplesPerPixel="1"/>'
    return text


def _signed(colour: str) -> int:
    """A colour as OME keeps it."""
    value = (int(colour.lstrip("#"), 16) << 8) | 0xFF
    return value - (1 << 32) if value >= 1 << 31 else value


def _planes(image: Described) -> str:
    return "".join(
        f'<Plane TheZ="{z}" TheC="{c}" TheT="{number}" DeltaT="{time!r}" DeltaTUnit="s"/>'
        for number, time in enumerate(image.times)
        for c in range(image.lengths.get("C", 1))
        for z in range(image.lengths.get("Z", 1))
    )
