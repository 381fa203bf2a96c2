"""Pictures that a slider goes through, with shapes over them that can be selected, as a part of a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .cells import escaped
from .numbers import bar_length, spell
from .pictures import address

EXACT, QUALITY = 2_000, 70
"""Bytes up to which a frame is kept without loss, and how well others: a frame of noise of 128 pixels has 1.8 kB."""


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


@dataclass(frozen=True)
class Bar:
    """A scale bar: its share of the width of the picture, and its length with the unit."""

    share: float
    text: str

    @classmethod
    def of(cls, wide: float, spelled: Callable[[float], str]) -> Self:
        """A round length for a picture of a width."""
        length = bar_length(wide)
        return cls(length / wide, spelled(length))


@dataclass(frozen=True)
class Gradient:
    """A bar of colours: each with its place from 0 to 1, the values at the ends, and their quantity with its unit."""

    colours: Sequence[tuple[float, str]]
    low: float
    high: float
    title: str


def filmed(
    frames: Sequence[Frame],
    size: tuple[float, float],
    bar: Bar | None,
    title: str,
    caption: str,
    gradient: Gradient | None = None,
) -> str:
    """HTML of the first frame with a slider for all of them."""
    about = f"<figcaption>{escaped(caption)}</figcaption>" if caption else ""
    slider = (
        f'<div class="slider frames"><input type="range" min="0" max="{len(frames) - 1}" value="0" step="1" '
        f'aria-label="frame"><output>{escaped(frames[0].name)}</output></div>'
    )
    widest = f"max-width: min(620px, {620 * size[0] / size[1]:.0f}px)"
    style = f"aspect-ratio: {size[0]:g} / {size[1]:g}; {widest}"
    return (
        f'<figure class="film"><h3>{escaped(title)}</h3><div class="frames" style="{style}">'
        f"{drawn(frames[0], size)}{barred(bar)}</div>"
        f"{_gradient(gradient, widest)}{slider}{about}</figure>"
    )


def drawn(frame: Frame, size: tuple[float, float]) -> str:
    """HTML of a frame."""
    shapes = "".join(map(_shape, frame.shapes))
    name = escaped(frame.name)
    return (
        f'<div data-name="{name}"><img src="{address(frame.pixels, EXACT, QUALITY)}" alt="{name}">'
        f'<svg viewBox="0 0 {size[0]:g} {size[1]:g}" preserveAspectRatio="none">{shapes}</svg></div>'
    )


def _shape(shape: Shape) -> str:
    points = " ".join(f"{x:.4g},{y:.4g}" for x, y in shape.points)
    link = f' data-id="{escaped(shape.identity)}"' if shape.identity else ""
    return f'<poly{"gon" if shape.closed else "line"} points="{points}" stroke="{escaped(shape.colour)}"{link}/>'


def barred(bar: Bar | None) -> str:
    """HTML of a scale bar over a picture."""
    return "" if bar is None else f'<span class="bar" style="width: {bar.share:.2%}">{escaped(bar.text)}</span>'


def _gradient(gradient: Gradient | None, widest: str) -> str:
    if gradient is None:
        return ""
    stops = ", ".join(f"{colour} {place:.0%}" for place, colour in gradient.colours)
    low, high = (escaped(spell(value)) for value in (gradient.low, gradient.high))
    return (
        f'<div class="gradient" style="{widest}"><span>{low}</span>'
        f'<i style="background: linear-gradient(to right, {stops})"></i>'
        f"<span>{high}</span><span>{escaped(gradient.title)}</span></div>"
    )
