"""A ring of crystals that sees both photons of a pair, or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.pept.simulation import physics
from lumentrace.pept.simulation.paths import CENTRE, Point

Array = NDArray[np.float64]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Ring:
    """A ring scanner: crystals on a cylinder around an axis along z.

    A photon is seen where it meets the cylinder, unless between two crystals, and measured at the centre of the
    crystal's face. How deep it flies into the crystal is not part of the model. The defaults are about those of the
    ECAT EXACT3D [1]_.

    Parameters
    ----------
    radius : float, default 412
        Of the cylinder in mm.
    length : float, default 234
        Of the cylinder in mm.
    crystal : (around, along), default (4.05, 4.39)
        Size of a crystal's face around the ring and along its axis, in mm.
    gap : (around, along), default (0.445, 0.485)
        Between neighbouring crystals, in mm; may be 0. The whole number of crystals that comes nearest fills the ring;
        crystals and gaps are stretched alike to fit.
    centre : (x, y, z)
        Of the ring in mm; that of the default screens by default.

    Raises
    ------
    ValueError
        If a size is out of its range, or there would be fewer than 3 crystals around the ring.

    References
    ----------
    .. [1] Spinks T. J. et al., Physical characteristics of the ECAT EXACT3D positron tomograph, Physics in Medicine and
       Biology 45 (2000) 2601-2618.

    Examples
    --------
    >>> from lumentrace.pept import simulation
    >>> ring = simulation.Ring(radius=200, length=100, crystal=(4, 5), gap=(0, 0))
    >>> ring.crystals
    (314, 20)
    >>> run = simulation.simulate([simulation.Static()], n=1000, noise=0.2, seed=1, camera=ring)
    >>> run.lines.lines.shape
    (1000, 7)
    """

    radius: float = 412.0
    length: float = 234.0
    crystal: Pair = (4.05, 4.39)
    gap: Pair = (0.445, 0.485)
    centre: Point = CENTRE

    def __post_init__(self) -> None:
        for name, value in (("radius", self.radius), ("length", self.length)):
            if not 0 < value < np.inf:
                raise ValueError(f"`{name}`: expected a positive number, found {value}")
        for name, pair, lowest in (("crystal", self.crystal, "> 0"), ("gap", self.gap, ">= 0")):
            sound = len(pair) == 2 and all(0 <= each < np.inf for each in pair) and (lowest == ">= 0" or min(pair) > 0)
            if not sound:
                raise ValueError(f"`{name}`: expected two numbers {lowest}, found {pair}")
        if len(self.centre) != 3 or not np.isfinite(self.centre).all():
            raise ValueError(f"`centre`: expected three finite numbers, found {self.centre}")
        if self.crystals[0] < 3:
            raise ValueError(f"`crystal`: expected at least 3 crystals around the ring, found {self.crystals[0]}")

    @property
    def crystals(self) -> tuple[int, int]:
        """How many crystals there are around the ring and along its axis."""
        around = round(2 * np.pi * self.radius / (self.crystal[0] + self.gap[0]))
        return around, max(1, round(self.length / (self.crystal[1] + self.gap[1])))

    def around(self, points: Array) -> NDArray[np.bool_]:
        """Which points (n, 3) are inside the ring, where alone pairs can be seen."""
        x, y, z = (points - self.centre).T
        return np.asarray((np.hypot(x, y) < self.radius) & (np.abs(z) < self.length / 2))

    def directions(self, rng: np.random.Generator, n: int, scattered: bool) -> Array:
        """Directions (n, 3) of first photons, isotropic; `scattered` pairs and others alike."""
        return physics.directions(rng, n, 0.0, either_way=True)

    def hit(self, origin: Array, direction: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Where photons from `origin` (n, 3), inside the ring, meet its cylinder, and whether a crystal sees them."""
        start, across = (origin - self.centre)[:, :2], direction[:, :2]
        # The positive root of |start + s across| = radius.
        square, half = (across**2).sum(axis=1), (start * across).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = (np.sqrt(half**2 + square * (self.radius**2 - (start**2).sum(axis=1))) - half) / square
            point = origin + steps[:, None] * direction
            inside = np.abs(point[:, 2] - self.centre[2]) <= self.length / 2
        point[~inside] = self.centre
        places = self._places(point)
        share = np.array(self.crystal) / (np.array(self.crystal) + self.gap)
        on_crystal = (np.abs(places - np.floor(places) - 0.5) <= share / 2).all(axis=1)
        return point, inside & on_crystal

    def pairs(self, first: Array, second: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Lines (n, 6), the end with the smaller angle about the axis first, and which end on two crystals."""
        one, other = self._numbers(first), self._numbers(second)
        upwards = (one[:, 0] < other[:, 0])[:, None]
        lines = np.where(upwards, np.hstack([first, second]), np.hstack([second, first]))
        return lines, (one != other).any(axis=1)

    def anywhere(self, rng: np.random.Generator, n: int) -> Array:
        """Random coincidences (n, 6): of any two crystals, each pair as likely as any other."""
        around, along = self.crystals
        number = rng.integers(around * along, size=n)
        other = (number + rng.integers(1, around * along, n)) % (around * along)
        first, second = (self._centres(np.column_stack([each // along, each % along])) for each in (number, other))
        return self.pairs(first, second)[0]

    def measured(self, rng: np.random.Generator, lines: Array) -> Array:
        """`lines` (n, 6) between the centres of the crystals that they end on."""
        return np.hstack([self._centres(self._numbers(lines[:, ends])) for ends in (slice(0, 3), slice(3, 6))])

    def _places(self, points: Array) -> Array:
        """Where points (n, 3) on the cylinder are in the grid of crystals: columns around and along, in crystals."""
        x, y, z = (points - self.centre).T
        around, along = self.crystals
        turns = np.arctan2(y, x) / (2 * np.pi) % 1.0
        return np.column_stack([turns * around, (z / self.length + 0.5) * along])

    def _numbers(self, points: Array) -> NDArray[np.int64]:
        """The crystals (n, 2) that points (n, 3) on the cylinder are on."""
        numbers = np.floor(self._places(points)).astype(np.int64)
        return numbers.clip(0, np.array(self.crystals) - 1)

    def _centres(self, numbers: NDArray[np.int64]) -> Array:
        """Centres (n, 3) of the faces of crystals (n, 2)."""
        turn, rise = ((numbers + 0.5) / self.crystals).T
        offset = [self.radius * np.cos(2 * np.pi * turn), self.radius * np.sin(2 * np.pi * turn)]
        return np.column_stack([*offset, (rise - 0.5) * self.length]) + self.centre
