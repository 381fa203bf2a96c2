"""Facts about the channels of an image file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.arrays import AnyArray
from lumentrace.base.errors import FormatError
from lumentrace.coloc.channels import find
from lumentrace.coloc.measure.images import share_clipped
from lumentrace.data.lazy_image import LazyImage
from lumentrace.storage import open_image


def describe(path: Path, axis: int | None = None) -> dict[str, Any]:
    """What an image holds: axes, type, pixel size, and the range and saturation of every channel.

    Parameters
    ----------
    path : path
    axis : int, optional
        Axis of the channels, where the file does not say.

    Raises
    ------
    FormatError
        If the file is damaged.
    ValueError
        If the image has no such axis.
    """
    with open_image(path) as image:
        return _facts(image, path, axis)


def _facts(image: LazyImage, path: Path, axis: int | None) -> dict[str, Any]:
    spacing = ", ".join(f"{name.lower()} {value:g}" for name, value in sorted(image.spacing.items()))
    facts: dict[str, Any] = {
        "axes": ", ".join(f"{name} {size}" for name, size in zip(image.axes, image.shape, strict=True)),
        "type": str(image.dtype),
        "pixel size (µm)": spacing or "not known",
    }
    if len(image.levels) > 1:
        sizes = (f"{number}: {' x '.join(map(str, each.source.shape))}" for number, each in enumerate(image.levels))
        facts["levels"] = ", ".join(sizes)
    try:
        found = find(image, path, axis)
    except FormatError as error:
        return {**facts, "channels": f"not known: {error}", "whole image": _channel(image.read())}
    names = ", ".join(found.names)
    guessed = " (guessed: the file does not name their axis)" if found.guessed else ""
    return {**facts, "channels": names + guessed} | {
        f"channel {name}": _channel(pixels) for name, pixels in found.read(found.names).pixels.items()
    }


def _channel(pixels: AnyArray) -> str:
    """Range, mean, and shares of pixels that tell nothing."""
    finite = pixels[np.isfinite(pixels)]
    if not finite.size:
        return "no finite pixel"
    lost = f"; {1 - finite.size / pixels.size:.2%} not finite" if finite.size < pixels.size else ""
    zero = float((finite == 0).mean())
    return (
        f"{finite.min():g} to {finite.max():g}, mean {finite.mean(dtype=np.float64):.4g}; "
        f"{share_clipped(pixels):.2%} saturated; {zero:.2%} zero{lost}"
    )
