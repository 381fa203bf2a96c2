"""From decays to the lines that a camera measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.pept.simulation import physics
from lumentrace.pept.simulation.camera import Camera
from lumentrace.pept.simulation.paths import Path

Array = NDArray[np.float64]

RANDOM = -1
"""Label of a random coincidence."""
SCATTERED = -2
"""Label of a line one of whose photons was scattered."""

_TRIES = 500
_ENERGY_WINDOW = 0.25
_SCATTER_DEPTH = (5.0, 80.0)
"""How far photons fly before they scatter, in mm."""


@dataclass(frozen=True)
class Emitter:
    """Tracers in front of a camera, and how the decays are shared among them."""

    tracers: tuple[Path, ...]
    shares: Array
    camera: Camera
    positron_range: float
    acollinearity: float

    def lines(self, rng: np.random.Generator, t: Array, kinds: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
        """Lines (n, 7) at the times `t`, of the given kinds (0 for true ones), and their labels."""
        tracer = rng.choice(len(self.tracers), len(t), p=self.shares)
        source = self._places(t, tracer) + self.positron_range * physics.positron_range(rng, len(t))
        ends = self.camera.anywhere(rng, len(t))
        seen = kinds == RANDOM
        for kind in (0, SCATTERED):
            rows = np.flatnonzero(kinds == kind)
            ends[rows], seen[rows] = self._pairs(rng, _at(source, rows), kind == SCATTERED)
        measured = self.camera.measured(rng, ends)
        lines = np.empty((np.count_nonzero(seen), 7))
        lines[:, 0], lines[:, 1:] = (t, measured) if seen.all() else (t[seen], measured[seen])
        return lines, np.where(kinds == 0, tracer, kinds)[seen]

    def _places(self, t: Array, tracer: NDArray[np.int64]) -> Array:
        """Where the tracers (n,) are at the times (n,)."""
        places = np.empty((3, len(t)))
        for number, path in enumerate(self.tracers):
            own = np.flatnonzero(tracer == number)
            places[:, own] = path(t[own]).T
        return places.T

    def _pairs(self, rng: np.random.Generator, source: Array, scattered: bool) -> tuple[Array, NDArray[np.bool_]]:
        """Photon pairs (n, 6) that the camera sees, each drawn again until they do, and whether there was one."""
        ends = np.zeros((len(source), 6))
        seen = np.zeros(len(source), dtype=bool)
        left = np.flatnonzero(self.camera.around(source))
        for _ in range(_TRIES):
            if not len(left):
                break
            good, pairs = self._draw(rng, _at(source, left), scattered)
            ends[left[good]], seen[left[good]] = pairs, True
            again = np.ones(len(left), dtype=bool)
            again[good] = False
            left = left[again]
        return ends, seen

    def _draw(self, rng: np.random.Generator, source: Array, scattered: bool) -> tuple[NDArray[np.intp], Array]:
        """One photon pair per source: the numbers (k,) of those that are seen, and these (k, 6)."""
        n = len(source)
        one = self.camera.directions(rng, n, scattered)
        depth = rng.uniform(*_SCATTER_DEPTH, n) if scattered else np.zeros(n)
        angle = rng.random(n) if scattered else physics.acollinearity(rng, n, self.acollinearity)
        side = physics.sides(rng, n)
        first, hit = self.camera.hit(source, one)
        rows = np.flatnonzero(hit)
        one, angle, start = _at(one, rows), angle[rows], _at(source, rows)
        if scattered:
            angle = physics.compton_angles_at(angle, _ENERGY_WINDOW)
            start = start - one * depth[rows, None]
        second, hit = self.camera.hit(start, physics.turned_to(-one, angle, side[rows]))
        if scattered:
            hit &= self.camera.around(start)
        met = np.flatnonzero(hit)
        pairs, both = self.camera.pairs(_at(first, rows[met]), _at(second, met))
        good = np.flatnonzero(both)
        return rows[met[good]], _at(pairs, good)


def _at(vectors: Array, rows: NDArray[np.intp]) -> Array:
    """Some of the rows; columns lie together, as all that is computed here has them."""
    return np.take(vectors.T, rows, axis=1).T
