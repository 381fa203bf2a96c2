"""What TIFF files of microscopes, ImageJ and slide scanners say about channels, the size of pixels and times."""

from __future__ import annotations

import re
from typing import Any

from lumentrace.storage.images.ome import MICROMETRES, SECONDS, OmeXml

CENTIMETRE = 3
"""Value of the tag ResolutionUnit."""
MPP = re.compile(r"\bMPP\s*=\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)")
"""Micrometres per pixel in the description of SVS files."""


def ome(file: Any, number: int = 0) -> OmeXml | None:
    """The OME-XML text of a file; None if it has none."""
    return OmeXml(file.ome_metadata, number) if file.is_ome and file.ome_metadata else None


def channel_names(file: Any, number: int = 0) -> list[str]:
    """Names of the channels; empty if there are none."""
    text = ome(file, number)
    if text is not None:
        return text.channel_names
    labels = (file.imagej_metadata or {}).get("Channels", [])
    return [str(label) for label in labels] if isinstance(labels, list) else []


def colours(file: Any, number: int = 0) -> list[str]:
    """Colours of the channels as ``#rrggbb``; empty if there are none."""
    text = ome(file, number)
    return [] if text is None else text.colours


def spacing(file: Any, number: int = 0) -> dict[str, float]:
    """Micrometres from pixel to pixel along X, Y and Z, as far as they are known."""
    text = ome(file, number)
    if text is not None:
        return text.spacing
    if file.is_svs or file.is_ndpi:
        return _slide(file)
    metadata = file.imagej_metadata
    if not metadata or str(metadata.get("unit", "")) not in MICROMETRES:
        return {}
    scale = MICROMETRES[str(metadata["unit"])]
    found = {axis: _per_resolution(file.pages[0], f"{axis}Resolution") for axis in "XY"}
    found["Z"] = float(metadata["spacing"]) if "spacing" in metadata else None
    return {axis: value * scale for axis, value in found.items() if value}


def _slide(file: Any) -> dict[str, float]:
    page = file.pages[0]
    stated = MPP.search(page.description or "") if file.is_svs else None
    if stated is not None:
        return dict.fromkeys("XY", float(stated.group(1)))
    unit = page.tags["ResolutionUnit"].value if "ResolutionUnit" in page.tags else None
    if unit != CENTIMETRE:
        return {}
    found = {axis: _per_resolution(page, f"{axis}Resolution") for axis in "XY"}
    return {axis: value * MICROMETRES["cm"] for axis, value in found.items() if value}


def times(file: Any, count: int, number: int = 0) -> list[float]:
    """Seconds of so many time points; empty if they are not known."""
    text = ome(file, number)
    if text is not None:
        return text.times(count)
    metadata = file.imagej_metadata or {}
    step, unit = metadata.get("finterval"), str(metadata.get("tunit", "s"))
    known = isinstance(step, (int, float)) and step > 0 and unit in SECONDS
    return [place * float(step) * SECONDS[unit] for place in range(count)] if known and step is not None else []


def _per_resolution(page: Any, tag: str) -> float | None:
    """Units per pixel from a tag of pixels per unit."""
    if tag not in page.tags:
        return None
    pixels, units = page.tags[tag].value
    return float(units) / float(pixels) if pixels else None
