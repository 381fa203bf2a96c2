"""Facts about the channels of an image file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.arrays import AnyArray
from lumentrace.base.errors import FormatError
from lumentrace.coloc.files import channels_of
from lumentrace.coloc.measure.images import share_clipped
from lumentrace.storage import read_tiff


def describe(path: Path, axis: int | None = None) -> dict[str, Any]:
    """What a TIFF file holds: axes, type, pixel size, and the range and saturation of every channel.

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
    picture = read_tiff(path)
    spacing = ", ".join(f"{name.lower()} {value:g}" for name, value in picture.spacing.items())
    facts: dict[str, Any] = {
        "axes": ", ".join(f"{name} {size}" for name, size in zip(picture.axes, picture.pixels.shape, strict=True)),
        "type": str(picture.pixels.dtype),
        "pixel size (µm)": spacing or "not known",
    }
    try:
        found = channels_of(path, picture, axis)
    except FormatError as error:
        return {**facts, "channels": f"not known: {error}", "whole image": _channel(picture.pixels)}
    names = ", ".join(found.pixels)
    guessed = " (guessed: the file does not name their axis)" if found.guessed else ""
    return {**facts, "channels": names + guessed} | {
        f"channel {name}": _channel(pixels) for name, pixels in found.pixels.items()
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
