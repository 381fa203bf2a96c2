"""Images as parts of figures: reduced to the size of a screen and kept as PNG."""

from __future__ import annotations

import base64
import io

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray

MOST_PIXELS = 1024
"""Longest side of a picture."""
PACKING = 3
"""Of PNG: twice as fast as the usual 6, files 6 % larger."""
LARGE = 30_000
"""Bytes from which a picture is kept with loss: noise, which PNG cannot make smaller."""
QUALITY = 70
"""Of such pictures, as WebP: a sheet of noisy frames of 1000 x 800 pixels then has 70 kB, as PNG 400 kB."""
LONGEST = 16383
"""Side of the largest picture that WebP has."""
HALF_PAGE = 520
"""Width of half a report's page, in pixels of the screen."""
BUTTONS = 30
"""Room above a picture for the buttons of the figure."""
DARKEST, BRIGHTEST = 1.0, 99.8
"""Percentiles that become black and white."""

Floats = NDArray[np.float64]


def plane(image: AnyArray) -> AnyArray:
    """The last two axes; the greatest value along all others."""
    return image if image.ndim == 2 else image.max(axis=tuple(range(image.ndim - 2)))


def step(shape: tuple[int, ...]) -> int:
    """Every how many pixels are shown."""
    return max(1, -(-max(shape) // MOST_PIXELS))


def reduced(image: AnyArray) -> Floats:
    """A plane as the means of squares of pixels, so that its longer side fits."""
    side = step(image.shape)
    tall, wide = (max(1, length // side) for length in image.shape)
    whole = image[: tall * side, : wide * side].astype(np.float64)
    height, width = min(side, image.shape[0]), min(side, image.shape[1])
    return np.asarray(whole.reshape(tall, height, wide, width).mean(axis=(1, 3)))


def stretched(image: Floats) -> Floats:
    """Values between two percentiles as 0 to 1; pixels that are not finite are 0."""
    finite = image[np.isfinite(image)]
    if not finite.size:
        return np.zeros(image.shape)
    low, high = np.percentile(finite, [DARKEST, BRIGHTEST])
    scaled = (image - low) / (high - low) if high > low else np.zeros(image.shape)
    return np.clip(np.nan_to_num(scaled, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)


def picture_height(shape: tuple[int, ...]) -> int:
    """Height in a report, for a picture of half the page's width."""
    tall, wide = shape[-2:]
    return int(np.clip(HALF_PAGE * tall / max(wide, 1), 200, 700)) + BUTTONS + 12


def address(pixels: NDArray[np.uint8], large: int = LARGE, quality: int = QUALITY) -> str:
    """A grey or RGB image as an address that holds all of it: exactly, unless that takes more than so many bytes."""
    from PIL import Image

    image, content, kind = Image.fromarray(pixels), io.BytesIO(), "png"
    image.save(content, "PNG", compress_level=PACKING)
    if content.tell() > large and max(pixels.shape) <= LONGEST:
        content, kind = io.BytesIO(), "webp"
        image.save(content, "WEBP", quality=quality)
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"


def picture(colours: NDArray[np.uint8]) -> go.Figure:
    """A figure of an RGB image without axes.

    Parameters
    ----------
    colours : ndarray of uint8
        (height, width, 3)
    """
    figure = go.Figure(go.Image(source=address(colours), hoverinfo="skip"))
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, constrain="domain", scaleanchor="x")
    figure.update_layout(margin={"l": 8, "r": 8, "t": BUTTONS, "b": 8})
    return figure
