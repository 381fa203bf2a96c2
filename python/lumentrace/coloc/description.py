"""Facts about the channels of an image file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.coloc.channels import find
from lumentrace.coloc.larger.blocks import places
from lumentrace.coloc.larger.reading import Pixels, as_lazy, is_larger
from lumentrace.coloc.measure.images import clipped, greatest
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
        return {**facts, "channels": f"not known: {error}", "whole image": _channel(image)}
    names = ", ".join(found.names)
    guessed = " (guessed: the file does not name their axis)" if found.guessed else ""
    views = found.views(found.names)
    channels = views if is_larger(views.pixels.values()) else found.read(found.names)
    return {**facts, "channels": names + guessed} | {
        f"channel {name}": _channel(pixels) for name, pixels in channels.pixels.items()
    }


def _channel(pixels: Pixels) -> str:
    """Range, mean, and shares of pixels that tell nothing."""
    low, high, total, counted, zeros, tops = np.inf, -np.inf, 0.0, 0, 0, Counter[float]()
    image = as_lazy(pixels)
    for place in places(image):
        part = image[place]
        finite = part[np.isfinite(part)]
        if not finite.size:
            continue
        low, high = min(low, float(finite.min())), max(high, float(finite.max()))
        total += float(finite.sum(dtype=np.float64))
        counted += finite.size
        zeros += int((finite == 0).sum())
        tops.update(greatest(part))
    if not counted:
        return "no finite pixel"
    every = image.size
    lost = f"; {1 - counted / every:.2%} not finite" if counted < every else ""
    return (
        f"{low:g} to {high:g}, mean {total / counted:.4g}; "
        f"{clipped(tops, every):.2%} saturated; {zeros / counted:.2%} zero{lost}"
    )
