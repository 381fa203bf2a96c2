"""What an OME-Zarr image (versions 0.4 and 0.5) says about its axes, sizes, channels and copies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.storage.images.ome import MICROMETRES, SECONDS

AXES = {"t": "T", "c": "C", "z": "Z", "y": "Y", "x": "X"}
VERSIONS = ("0.4", "0.5")
MOST_LEVELS = 64
"""Each of half the size of the one before: enough for any image."""
HEX = re.compile(r"#?([0-9A-Fa-f]{6})\b")


@dataclass(frozen=True)
class Multiscale:
    """An image at several sizes.

    Attributes
    ----------
    axes : str
    paths : list of str
        Of the arrays, from the largest to the smallest.
    scales : list of dict
        Steps along each axis of each array, in micrometres and seconds, where the unit is known.
    name : str
    channels, colours : list of str
    """

    axes: str
    paths: list[str]
    scales: list[dict[str, float]]
    name: str
    channels: list[str]
    colours: list[str]


def multiscale(path: Path, attributes: Mapping[str, Any], number: int) -> Multiscale:
    """One image of a group.

    Raises
    ------
    FormatError
        If the group is no image, or says things that do not fit together.
    """
    stated = attributes.get("ome", attributes)
    images = stated.get("multiscales")
    if not isinstance(images, list) or not images:
        raise FormatError(f"{path}: expected an OME-Zarr image with 'multiscales', found {_kinds(stated)}")
    if number not in range(len(images)):
        raise FormatError(f"{path}: expected image {number}, found {len(images)} images")
    image = images[number]
    version = str(image.get("version", stated.get("version", "")))
    if version not in VERSIONS:
        raise FormatError(f"{path}: expected OME-Zarr of version {' or '.join(VERSIONS)}, found {version!r}")
    letters, units = _axes(path, image.get("axes"))
    if (copies := len(image["datasets"])) > MOST_LEVELS:
        raise FormatError(f"{path}: expected at most {MOST_LEVELS} copies (the limit), found {copies:,}")
    paths = [str(dataset["path"]) for dataset in image["datasets"]]
    outer = _scale(image.get("coordinateTransformations"), len(letters))
    scales = [
        {
            axis: inner * more * units[axis]
            for axis, inner, more in zip(
                letters, _scale(dataset.get("coordinateTransformations"), len(letters)), outer, strict=True
            )
            if axis in units
        }
        for dataset in image["datasets"]
    ]
    channels = (stated.get("omero") or {}).get("channels", [])
    names = [str(channel.get("label", "")) for channel in channels]
    return Multiscale(
        letters, paths, scales, str(image.get("name", "")), names if all(names) else [], _colours(channels)
    )


def _kinds(stated: Mapping[str, Any]) -> str:
    if "plate" in stated:
        wells = [well.get("path", "") for well in stated["plate"].get("wells", [])]
        return f"a plate; open one of its fields, such as {wells[0] if wells else 'A/1'}/0"
    if "well" in stated:
        return "a well; open one of its fields, such as 0"
    if "bioformats2raw.layout" in stated:
        return "several images; open one of them, such as 0"
    return f"attributes {', '.join(sorted(map(str, stated))) or '(none)'}"


def _axes(path: Path, stated: Any) -> tuple[str, dict[str, float]]:
    """A letter per axis, and the factors of their units."""
    if not isinstance(stated, list) or not stated:
        raise FormatError(f"{path}: expected axes, found {stated!r}")
    names = [str(axis.get("name", "")).lower() for axis in stated]
    letters = "".join(AXES.get(name, "Q") for name in names)
    if len(set(names)) < len(names) or letters.count("Q") > 1:
        raise FormatError(f"{path}: expected axes among t, c, z, y and x, found {', '.join(names)}")
    units = {}
    for letter, axis in zip(letters, stated, strict=True):
        known = SECONDS if letter == "T" else MICROMETRES
        if axis.get("unit") in known and letter != "C":
            units[letter] = known[axis["unit"]]
    return letters, units


def _scale(transformations: Any, count: int) -> Sequence[float]:
    for step in transformations or []:
        if step.get("type") == "scale" and len(step.get("scale", [])) == count:
            return [float(value) for value in step["scale"]]
    return [1.0] * count


def _colours(channels: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [HEX.match(str(channel.get("color", ""))) for channel in channels]
    return [f"#{match.group(1).lower()}" for match in found if match] if all(found) else []
