"""Where the crystals of flat detectors and of rings are, in rows of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import whole

Floats = NDArray[np.float64]
MOST = 10_000_000
"""Crystals, more than any scanner has."""


@dataclass(frozen=True)
class Panel:
    """A flat grid of crystals; those along `right` are numbered first.

    Attributes
    ----------
    centre : (3,) tuple of float
        Middle of the face that photons enter, in mm.
    right, up, outward : (3,) tuple of float
        Unit vectors along the two sides, and across them away from the tracer.
    shape : (2,) tuple of int
        Crystals along `right` and along `up`.
    pitch : (2,) tuple of float
        Distance of neighbours along these, in mm.

    Raises
    ------
    ValueError
        If the vectors are not perpendicular to each other and of length 1.

    Examples
    --------
    >>> from lumentrace.pept.scanners import Panel
    >>> panel = Panel((0, 0, 500), (1, 0, 0), (0, 1, 0), (0, 0, 1), shape=(2, 1), pitch=(4, 4))
    >>> faces, outward = panel.crystals()
    >>> faces.tolist(), outward[0].tolist()
    ([[-2.0, 0.0, 500.0], [2.0, 0.0, 500.0]], [0.0, 0.0, 1.0])
    """

    centre: tuple[float, float, float]
    right: tuple[float, float, float]
    up: tuple[float, float, float]
    outward: tuple[float, float, float]
    shape: tuple[int, int]
    pitch: tuple[float, float]

    def __post_init__(self) -> None:
        axes = self._axes()
        if axes.shape != (3, 3) or not np.allclose(axes @ axes.T, np.eye(3), atol=1e-6):
            found = f"{self.right}, {self.up}, {self.outward}"
            raise ValueError(f"`right`, `up`, `outward`: expected perpendicular unit vectors, found {found}")

    def crystals(self) -> tuple[Floats, Floats]:
        """Middles of the faces of the crystals, in mm, and the direction of depth, both (N, 3)."""
        right, up, outward = self._axes()
        along, across = (
            (np.arange(count) - (count - 1) / 2) * pitch for count, pitch in zip(self.shape, self.pitch, strict=True)
        )
        grid = across[:, np.newaxis, np.newaxis] * up + along[np.newaxis, :, np.newaxis] * right
        faces = (np.asarray(self.centre, dtype=np.float64) + grid).reshape(-1, 3)
        return faces, np.broadcast_to(outward, faces.shape)

    def _axes(self) -> Floats:
        return np.asarray([self.right, self.up, self.outward], dtype=np.float64)


def ring(radius: float, places: int, heights: Floats, start: float, step: int) -> tuple[Floats, Floats]:
    """Crystals on circles about z, one circle for each height; `start` is the angle of the first in radians."""
    angles = start + step * 2 * np.pi * np.arange(places) / places
    outward = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(places)])
    faces = np.repeat(radius * outward[np.newaxis], len(heights), axis=0)
    faces[:, :, 2] = heights[:, np.newaxis]
    return faces.reshape(-1, 3), np.tile(outward, (len(heights), 1))


def block_ring(
    radius: float, blocks: int, crystals: int, pitch: float, heights: Floats, start: float, step: int
) -> tuple[Floats, Floats]:
    """Crystals of flat blocks about z; `start` is the angle of the middle of the first block in radians."""
    angles = start + step * 2 * np.pi * np.arange(blocks) / blocks
    outward = np.column_stack([np.cos(angles), np.sin(angles), np.zeros(blocks)])
    along = step * np.column_stack([-np.sin(angles), np.cos(angles), np.zeros(blocks)])
    shift = (np.arange(crystals) - (crystals - 1) / 2) * pitch
    flat = radius * outward[:, np.newaxis] + shift[np.newaxis, :, np.newaxis] * along[:, np.newaxis]
    faces = np.repeat(flat.reshape(1, -1, 3), len(heights), axis=0)
    faces[:, :, 2] = heights[:, np.newaxis]
    return faces.reshape(-1, 3), np.tile(np.repeat(outward, crystals, axis=0), (len(heights), 1))


def heights(count: int, pitch: float, crystals: int = 0, gap: float = 0.0) -> Floats:
    """Middles of rings about z = 0, in mm; `gap` is added after every `crystals` of them."""
    places = np.arange(count) * pitch
    if crystals:
        places = places + (np.arange(count) // crystals) * gap
    centred: Floats = places - (places[0] + places[-1]) / 2
    return centred


def count(name: str, each: int, times: int) -> int:
    """How many crystals a ring or a panel has, not more than memory is for."""
    return whole(name, each, 1, MOST // max(1, times))


def finite(name: str, value: Any) -> float:
    """A number; the error names the argument."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"`{name}`: expected a finite number, found {value!r}")
    return number


def positive(name: str, value: Any) -> float:
    """A number above 0; the error names the argument."""
    number = finite(name, value)
    if number <= 0:
        raise ValueError(f"`{name}`: expected a number above 0, found {value!r}")
    return number
