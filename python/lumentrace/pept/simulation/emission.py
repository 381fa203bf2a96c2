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
        source = np.empty((len(t), 3))
        for i, path in enumerate(self.tracers):
            source[tracer == i] = path(t[tracer == i])
        source += self.positron_range * physics.positron_range(rng, len(t))
        ends = self.camera.anywhere(rng, len(t))
        seen = kinds == RANDOM
        for kind in (0, SCATTERED):
            rows = np.flatnonzero(kinds == kind)
            ends[rows], seen[rows] = self._pairs(rng, source[rows], kind == SCATTERED)
        measured = self.camera.measured(rng, ends)
        rows = np.empty((np.count_nonzero(seen), 7))
        rows[:, 0], rows[:, 1:] = t[seen], measured[seen]
        return rows, np.where(kinds == 0, tracer, kinds)[seen]

    def _pairs(self, rng: np.random.Generator, source: Array, scattered: bool) -> tuple[Array, NDArray[np.bool_]]:
        """Photon pairs (n, 6) that the camera sees, each drawn again until they do, and whether there was one."""
        ends = np.zeros((len(source), 6))
        seen = np.zeros(len(source), dtype=bool)
        left = np.flatnonzero(self.camera.around(source))
        for _ in range(_TRIES):
            if not len(left):
                break
            pair, good = self._draw(rng, source[left], scattered)
            ends[left[good]], seen[left[good]] = pair[good], True
            left = left[~good]
        return ends, seen

    def _draw(self, rng: np.random.Generator, source: Array, scattered: bool) -> tuple[Array, NDArray[np.bool_]]:
        """One photon pair (n, 6) per source, and which of them are seen; zeros where the first photon is not."""
        n = len(source)
        one = self.camera.directions(rng, n, scattered)
        depth = rng.uniform(*_SCATTER_DEPTH, (n, 1)) if scattered else np.zeros((n, 1))
        angle = rng.random(n) if scattered else physics.acollinearity(rng, n, self.acollinearity)
        side = physics.sides(rng, n)
        first, good = self.camera.hit(source, one)
        rows = np.flatnonzero(good)
        pair = np.zeros((6, n)).T
        source, one, first, angle = source[rows], one[rows], first[rows], angle[rows]
        start = source - one * depth[rows] if scattered else source
        if scattered:
            angle = physics.compton_angles_at(angle, _ENERGY_WINDOW)
        second, second_seen = self.camera.hit(start, physics.turned_to(-one, angle, side[rows]))
        pair[rows], both = self.camera.pairs(first, second)
        good[rows] = second_seen & both & self.camera.around(start)
        return pair, good
