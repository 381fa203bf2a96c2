"""Films and images in Gwyddion's files, ``.gwy``.

Images are data fields ``/0/data``, ``/1/data`` and so on, each with a title. A film that `lumentrace.afm.export.to_gwy`
wrote has a frame in each, which says so in its metadata; any other image, and a copy of a frame, is a channel of its
own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError, shown

from ..frames import Floats, Recording
from .gwy_objects import GwyObject, Numbers, parse
from .pictures import Derived, Picture, Stored, recording
from .recording import choose
from .units import SCALES

FIELD = "GwyDataField"
ABOUT = "lumentrace"
"""The name of the metadata that tells a frame of ours: JSON with its channel, its number and what is known about it."""
PREFIXES = {"f": 1e15, "p": 1e12, "n": 1e9, "u": 1e6, "µ": 1e6, "μ": 1e6, "~": 1e6, "m": 1e3}
"""How many of a unit with a prefix make one without."""
PREFIXED = re.compile(f"([{''.join(PREFIXES)}])(m|V|A|N|Hz|W|Pa|s)")
"""Units with a prefix, which programs pass over in files of this format."""


@dataclass(frozen=True)
class Masked(Derived):
    """An image with pixels that were not measured."""

    mask: Stored

    def read(self) -> Floats:
        """Values, NaN where nothing was measured."""
        return np.where(self.mask.read() > 0, np.nan, self.stored.read())


def channels(path: Path) -> list[str]:
    """Titles of the images; films have one for all of their frames."""
    return list(films(path))


def read(path: Path, channel: str, *, pixel_size_nm: float | None = None) -> Recording:
    """Read one image, or one film.

    Parameters
    ----------
    path : Path
    channel : str
        The title of an image, or the channel of a film.
    pixel_size_nm : float, optional
        For files that do not say.

    Raises
    ------
    FormatError
        If the file is damaged.
    ValueError
        If the channel is not there, or the size of a pixel is not known.
    """
    found = films(path)
    name = choose(channel, list(found), path)
    return recording(found[name], name, pixel_size_nm)


def films(path: Path) -> dict[str, list[Picture]]:
    """Images by their titles, frames of films together and in order.

    Raises
    ------
    FormatError
        If the file is damaged, or has no images.
    """
    container = parse(path)
    numbers = {int(key.group(1)) for name in container.parts if (key := re.fullmatch(r"/(\d{1,9})/data", name))}
    frames: dict[str, dict[int, Picture]] = {}
    images: list[tuple[int, Picture]] = []
    for number in sorted(numbers):
        data = container.parts.get(f"/{number}/data")
        if not isinstance(data, GwyObject) or data.name != FIELD:
            continue
        about = _about(path, container, number)
        picture = _picture(path, container, number, data, about)
        if about and about["frame"] not in frames.get(about["channel"], {}):
            frames.setdefault(about["channel"], {})[about["frame"]] = picture
        else:
            images.append((number, picture))
    found = {name: [own[frame] for frame in sorted(own)] for name, own in frames.items()}
    for number, picture in images:
        found[_free(str(container.parts.get(f"/{number}/data/title", "")), number, found)] = [picture]
    if not found:
        raise FormatError(f"{path}: expected images /0/data, /1/data and so on, found none")
    return found


def _free(title: str, number: int, taken: Mapping[str, Any]) -> str:
    """A title that no other image has."""
    return title if title and title not in taken else f"{title} [{number}]".strip()


def _about(path: Path, container: GwyObject, number: int) -> dict[str, Any]:
    """What a frame of ours says; nothing for other images."""
    stated = _metadata(container, number).get(ABOUT)
    if stated is None:
        return {}
    try:
        found = json.loads(stated)
        if not isinstance(found["channel"], str) or isinstance(found["frame"], bool):
            raise TypeError(shown(found))
        own = {name: dict(found.get(name, {})) for name in ("metadata", "acquisition")}
        return {**found, **own, "frame": int(found["frame"])}
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FormatError(
            f"{path}: /{number}/meta: {ABOUT}: expected the channel and the number of a frame, found {shown(stated)}"
        ) from error


def _metadata(container: GwyObject, number: int) -> dict[str, Any]:
    meta = container.parts.get(f"/{number}/meta")
    return meta.parts if isinstance(meta, GwyObject) else {}


def _picture(path: Path, container: GwyObject, number: int, data: GwyObject, about: dict[str, Any]) -> Picture:
    where = f"/{number}/data"
    unit, factor = SCALES.get(base := _unit(path, where, data, "si_unit_z"), (base, 1.0))
    stored = _stored(path, where, data, factor, unit)
    image: Stored | Masked = stored
    mask = container.parts.get(f"/{number}/mask")
    if about.get("missing") and isinstance(mask, GwyObject):
        image = Masked(stored, _stored(path, f"/{number}/mask", mask, 1.0, ""))
        if image.mask.shape != image.shape:
            raise FormatError(f"{path}: /{number}/mask: expected {image.shape} pixels, found {image.mask.shape}")
    return Picture(
        image, _pixel(path, where, data, image.shape), about.get("metadata", {}), about.get("acquisition", {})
    )


def _stored(path: Path, where: str, data: GwyObject, factor: float, unit: str) -> Stored:
    height, width, values = (data.parts.get(name) for name in ("yres", "xres", "data"))
    if not isinstance(height, int) or not isinstance(width, int) or min(height, width) < 1:
        raise FormatError(f"{path}: {where}: expected rows and columns, found {shown(height)} x {shown(width)}")
    if not isinstance(values, Numbers) or values.dtype != "<f8" or values.count != height * width:
        found = f"{values.count:,} of {values.dtype}" if isinstance(values, Numbers) else shown(values)
        raise FormatError(f"{path}: {where}: expected {height} x {width} numbers of <f8, found {found}")
    return Stored(path, values.offset, (height, width), values.dtype, factor, unit)


def _unit(path: Path, where: str, data: GwyObject, part: str) -> str:
    """The unit of a field, which must have no prefix: programs pass over it, so that nobody can tell what is meant.

    Raises
    ------
    FormatError
        If it has one.
    """
    unit = data.parts.get(part)
    stated = unit.parts.get("unitstr", "") if isinstance(unit, GwyObject) else ""
    if not isinstance(stated, str):
        raise FormatError(f"{path}: {where}: {part}: expected the name of a unit, found {shown(stated)}")
    if PREFIXED.fullmatch(stated):
        raise FormatError(
            f"{path}: {where}: {part}: expected a unit without prefix, such as m, found {stated!r}, whose prefix "
            "Gwyddion passes over"
        )
    return stated


def _pixel(path: Path, where: str, data: GwyObject, shape: tuple[int, int]) -> tuple[float, float] | None:
    sizes = [data.parts.get(name) for name in ("xreal", "yreal")]
    if _unit(path, where, data, "si_unit_xy") != "m" or not all(isinstance(size, float) for size in sizes):
        return None
    pixel = 1e9 * float(sizes[0]) / shape[1], 1e9 * float(sizes[1]) / shape[0]  # type: ignore[arg-type]  # looked at above
    return pixel if all(0 < size < math.inf for size in pixel) else None
