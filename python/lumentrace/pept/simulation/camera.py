"""Cameras: what sees both photons of a pair, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.pept.simulation import physics

Array = NDArray[np.float64]


class Camera(Protocol):
    """What a simulated experiment needs to know of its camera."""

    def around(self, points: Array) -> NDArray[np.bool_]:
        """Which points (n, 3) are where alone pairs can be seen."""

    def directions(self, rng: np.random.Generator, n: int, scattered: bool) -> Array:
        """Directions (n, 3) of first photons: isotropic, but for those of which no pair can be seen."""

    def hit(self, origin: Array, direction: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Where photons from `origin` (n, 3) meet the camera, and whether it sees them."""

    def pairs(self, first: Array, second: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Lines (n, 6) between hits, in the order of the camera's files, and which of them are coincidences."""

    def anywhere(self, rng: np.random.Generator, n: int) -> Array:
        """Random coincidences (n, 6)."""

    def measured(self, rng: np.random.Generator, lines: Array) -> Array:
        """`lines` (n, 6) as the camera measures them."""


@dataclass(frozen=True)
class Screens:
    """Two parallel screens across the z axis, 10 mm outside 0 and `separation`, as in ADAC Forte files.

    Parameters
    ----------
    separation : float
        Distance of the heads in mm.
    blur : float
        Standard deviation of the positions on the screens in mm.
    xlim, ylim : (low, high)
        The active area in mm.
    """

    separation: float = 500.0
    blur: float = 2.5
    xlim: tuple[float, float] = (111.78, 491.78)
    ylim: tuple[float, float] = (46.78, 556.78)

    @property
    def z(self) -> tuple[float, float]:
        """Where the screens are."""
        return -10.0, self.separation + 10.0

    @property
    def least_cosine(self) -> float:
        """Of the angle to the z axis, among all lines that meet both screens."""
        gap = self.separation + 20
        widest = np.hypot(self.xlim[1] - self.xlim[0], self.ylim[1] - self.ylim[0])
        return float(gap / np.hypot(gap, widest))

    def around(self, points: Array) -> NDArray[np.bool_]:
        """Which points (n, 3) are between the screens, where alone pairs can be seen."""
        inside = np.ones(len(points), dtype=bool)
        for place, (low, high) in zip(points.T, (self.xlim, self.ylim, self.z), strict=True):
            inside &= (place > low) & (place < high)
        return inside

    def directions(self, rng: np.random.Generator, n: int, scattered: bool) -> Array:
        """Directions (n, 3) of first photons, isotropic; of pairs that are not scattered, where both screens are."""
        lowest = 0.0 if scattered else self.least_cosine
        return physics.directions(rng, n, lowest, either_way=True)

    def hit(self, origin: Array, direction: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Where photons from `origin` (n, 3), between the screens, meet one, and whether it sees them."""
        points, hit = _core.screen_hits(origin.T, direction.T, self.xlim, self.ylim, self.z)
        return points.T, hit

    def pairs(self, first: Array, second: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Lines (n, 6), the point on the lower screen first, and which of them meet both screens."""
        upwards = first[:, 2:] < second[:, 2:]
        lines = np.empty((6, len(first))).T
        lines[:, :3], lines[:, 3:] = np.where(upwards, first, second), np.where(upwards, second, first)
        return lines, first[:, 2] != second[:, 2]

    def anywhere(self, rng: np.random.Generator, n: int) -> Array:
        """Random coincidences (n, 6): a point on either screen, each as likely as any other."""
        lines = np.empty((n, 6))
        lines[:, [0, 3]] = rng.uniform(*self.xlim, (n, 2))
        lines[:, [1, 4]] = rng.uniform(*self.ylim, (n, 2))
        lines[:, [2, 5]] = self.z
        return lines

    def measured(self, rng: np.random.Generator, lines: Array) -> Array:
        """`lines` (n, 6) as the screens measure them."""
        errors = rng.standard_normal(lines.shape)
        errors *= self.blur
        errors[:, 2] = errors[:, 5] = 0.0
        errors += lines
        return errors
