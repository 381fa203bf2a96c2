"""Where a tracer is at any time: functions of time in ms that give positions in mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Point = tuple[float, float, float]
CENTRE: Point = (300.0, 300.0, 250.0)
"""Middle of the default camera."""


class Path(Protocol):
    """A tracer's path; any function of this form will do."""

    def __call__(self, t: ArrayLike) -> NDArray[np.float64]:
        """Positions (..., 3) at the times `t` (...)."""


@dataclass(frozen=True)
class Static:
    """A tracer that stays where it is.

    Parameters
    ----------
    position : (x, y, z)
        In mm.
    """

    position: Point = CENTRE

    def __call__(self, t: ArrayLike) -> NDArray[np.float64]:
        """Positions (..., 3) at the times `t` (...)."""
        return np.broadcast_to(np.array(self.position, dtype=float), (*np.shape(t), 3)).copy()


@dataclass(frozen=True)
class Line:
    """A tracer that moves straight on.

    Parameters
    ----------
    start : (x, y, z)
        Position at time 0, in mm.
    velocity : (vx, vy, vz)
        In mm/ms, that is m/s.
    """

    start: Point = CENTRE
    velocity: Point = (0.1, 0.0, 0.0)

    def __call__(self, t: ArrayLike) -> NDArray[np.float64]:
        """Positions (..., 3) at the times `t` (...)."""
        moved: NDArray[np.float64] = np.asarray(t, dtype=float)[..., None] * np.asarray(self.velocity, dtype=float)
        return np.asarray(self.start, dtype=float) + moved


@dataclass(frozen=True)
class Helix:
    """A tracer that circles parallel to the screens, and rises.

    Parameters
    ----------
    centre : (x, y, z)
        Of the circle, at time 0, in mm.
    radius : float
        In mm.
    rpm : float
        Turns per minute; negative turns from y to x.
    phase : float
        Angle from the x axis at time 0, in radians.
    rise : float
        Velocity along z in mm/ms.
    """

    centre: Point = CENTRE
    radius: float = 80.0
    rpm: float = 42.0
    phase: float = 0.0
    rise: float = 0.0

    def __call__(self, t: ArrayLike) -> NDArray[np.float64]:
        """Positions (..., 3) at the times `t` (...)."""
        t = np.asarray(t, dtype=float)
        angle = self.phase + 2 * np.pi * self.rpm / 60_000 * t
        offset = [self.radius * np.cos(angle), self.radius * np.sin(angle), self.rise * t]
        return np.asarray(self.centre) + np.stack(offset, axis=-1)


@dataclass(frozen=True)
class Circle(Helix):
    """A tracer on a wheel parallel to the screens; a `Helix` that does not rise."""


@dataclass(frozen=True)
class Wander:
    """A tracer that drifts about smoothly and at random, but stays in a box.

    Each coordinate is a sum of sines with random frequencies and phases.

    Parameters
    ----------
    centre : (x, y, z)
        Of the box, in mm.
    extent : (x, y, z)
        Half the sides of the box, in mm.
    speed : float
        Root mean square speed along each axis, in mm/ms.
    seed : int
        Another seed is another path.
    """

    centre: Point = CENTRE
    extent: Point = (100.0, 100.0, 100.0)
    speed: float = 0.3
    seed: int = 0

    def __call__(self, t: ArrayLike) -> NDArray[np.float64]:
        """Positions (..., 3) at the times `t` (...)."""
        rng = np.random.default_rng(self.seed)
        waves = 5
        share = rng.dirichlet(np.full(waves, 4.0), size=3)
        pace = rng.uniform(0.3, 1.7, (3, waves))
        phase = rng.uniform(0, 2 * np.pi, (3, waves))
        amplitude = share * np.asarray(self.extent, dtype=float)[:, None]
        # A sine of amplitude a and frequency w has the mean square speed (a w)^2 / 2.
        frequency = pace * self.speed / np.sqrt((amplitude**2 * pace**2).sum(axis=1, keepdims=True) / 2)
        angle = np.asarray(t, dtype=float)[..., None, None] * frequency + phase
        offset: NDArray[np.float64] = (amplitude * np.sin(angle)).sum(axis=-1)
        return np.asarray(self.centre, dtype=float) + offset
