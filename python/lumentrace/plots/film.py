"""Pictures that a slider goes through, with shapes over them that can be selected, as a part of a report."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cells import escaped

QUALITY = 80
"""Of the pictures, lossy WebP: a frame of noise of 128 pixels then has 5 kB, as PNG 15 kB."""


@dataclass(frozen=True)
class Shape:
    """A closed or an open line over a picture, and what it belongs to.

    Attributes
    ----------
    points : (N, 2) array
        x and y.
    """

    identity: str
    points: NDArray[np.float64]
    colour: str
    closed: bool


@dataclass(frozen=True)
class Frame:
    """A picture with what it is called, e.g. its time, and what is drawn over it."""

    name: str
    pixels: NDArray[np.uint8]
    shapes: Sequence[Shape] = ()


def filmed(frames: Sequence[Frame], size: tuple[float, float], title: str, caption: str) -> str:
    """HTML of all frames, of which the first is shown, and a slider."""
    about = f"<figcaption>{escaped(caption)}</figcaption>" if caption else ""
    shown = "".join(_frame(frame, size, hidden=number > 0) for number, frame in enumerate(frames))
    slider = (
        f'<div class="slider frames"><input type="range" min="0" max="{len(frames) - 1}" value="0" step="1" '
        f'aria-label="frame"><output>{escaped(frames[0].name)}</output></div>'
    )
    style = f"aspect-ratio: {size[0]:g} / {size[1]:g}; max-width: min(620px, {620 * size[0] / size[1]:.0f}px)"
    return (
        f'<figure class="film"><h3>{escaped(title)}</h3><div class="frames" style="{style}">{shown}</div>'
        f"{slider}{about}</figure>"
    )


def _frame(frame: Frame, size: tuple[float, float], hidden: bool) -> str:
    shapes = "".join(map(_drawn, frame.shapes))
    name = escaped(frame.name)
    return (
        f'<div data-name="{name}"{" hidden" if hidden else ""}><img src="{_webp(frame.pixels)}" alt="{name}">'
        f'<svg viewBox="0 0 {size[0]:g} {size[1]:g}" preserveAspectRatio="none">{shapes}</svg></div>'
    )


def _drawn(shape: Shape) -> str:
    points = " ".join(f"{x:.4g},{y:.4g}" for x, y in shape.points)
    link = f' data-id="{escaped(shape.identity)}"' if shape.identity else ""
    return f'<poly{"gon" if shape.closed else "line"} points="{points}" stroke="{escaped(shape.colour)}"{link}/>'


def _webp(pixels: NDArray[np.uint8]) -> str:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "WEBP", quality=QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"
