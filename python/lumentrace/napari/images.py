"""Layers of images: one for each channel, read piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace.data.lazy_image import PIECE, LazyImage
from lumentrace.napari.layers import Layer, kept, limits

AXES = {"T": "t", "Z": "z", "Y": "y", "X": "x"}
COLOURS = ("#00ff00", "#ff00ff", "#00ffff", "#ffff00", "#ff0000", "#0000ff")
"""Of channels that have none of their own, or all the same."""


def image_layers(image: LazyImage) -> list[Layer]:
    """Layers of an image, each with its sizes, units and smaller copies.

    Parameters
    ----------
    image : LazyImage
        Stays open for as long as the layers are shown.
    """
    if image.channel_axis is None:
        return [_layer(image, image.about.name or _stem(image), {})]
    if image.axes.endswith("S"):
        return [_layer(image, image.about.name or _stem(image), {"rgb": True})]
    count = image.shape[image.channel_axis]
    names = image.channel_names or tuple(f"channel {number}" for number in range(count))
    told = len(set(image.colours)) == count
    colours = image.colours if told else tuple(COLOURS[number % len(COLOURS)] for number in range(count))
    about = [{"colormap": colour, "blending": "additive"} if count > 1 else {} for colour in colours]
    return [_layer(image.channel(number), names[number], about[number]) for number in range(count)]


def _stem(image: LazyImage) -> str:
    return image.about.path.name.split(".")[0] if image.about.path else "image"


def _layer(image: LazyImage, name: str, about: dict[str, Any]) -> Layer:
    levels = [image.level(number) for number in range(len(image.levels))]
    axes = [letter for letter in image.axes if letter != "S"]
    scale, units = zip(*(_size(image, letter) for letter in axes), strict=True)
    settings = {
        "name": name,
        "scale": scale,
        "units": units,
        "axis_labels": [AXES.get(letter, letter.lower()) for letter in axes],
        "contrast_limits": limits(_some(levels[-1])),
        "metadata": kept(image.about.path),
        **about,
    }
    if about.get("rgb"):
        del settings["contrast_limits"]
    if len(levels) > 1:
        return levels, {**settings, "multiscale": True}, "image"
    return image, settings, "image"


def _size(image: LazyImage, letter: str) -> tuple[float, str]:
    """The distance between two pixels along an axis, and its unit."""
    if letter in image.spacing:
        return image.spacing[letter], "um"
    if letter == "T" and len(image.times) > 1:
        return float(np.median(np.diff(image.times))), "s"
    return 1.0, "pixel"


def _some(image: LazyImage) -> Any:
    """The plane in the middle, or as much of it as is read at a time."""
    middle = {letter: length // 2 for letter, length in zip(image.axes, image.shape, strict=True) if letter in "TZQ"}
    plane = image.select(**middle)
    return plane.read(**next(plane.pieces(PIECE)))
