"""Lines of response of tracers on known paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base import provenance
from lumentrace.data.lines import LineData
from lumentrace.pept.simulation.camera import Camera, Screens
from lumentrace.pept.simulation.emission import RANDOM, SCATTERED, Emitter
from lumentrace.pept.simulation.paths import Path

Array = NDArray[np.float64]

_BLOCK = 2**16


@dataclass(frozen=True)
class Simulated:
    """A simulated experiment.

    Attributes
    ----------
    lines : LineData
        What the camera saw, in order of time.
    labels : (N,) ndarray of int
        Which tracer each line came from: 0, 1, ...; -1 for random coincidences, -2 for scattered photons.
    tracers : sequence of Path
        The paths.
    """

    lines: LineData
    labels: NDArray[np.int64]
    tracers: Sequence[Path]

    def truth(self, t: ArrayLike) -> Array:
        """Positions (tracers, ..., 3) in mm at the times `t` (...) in ms."""
        return np.stack([tracer(t) for tracer in self.tracers])


@dataclass(frozen=True)
class Experiment:
    """What a camera with two parallel screens, or another one, sees of some tracers.

    Each line begins with a decay on the path of a tracer. The positron moves on a little, the two photons leave in
    almost opposite directions, isotropic among the pairs that the camera sees, and it measures where they meet it:
    the screens with a normal error, a `Ring` at the centres of its crystals. Among the lines are random coincidences,
    anywhere on the camera, and pairs one of whose photons was scattered (Klein-Nishina, losing at most a quarter of its
    energy). The rate is that of the lines, wherever the tracers are in the field of view.

    Parameters
    ----------
    tracers : sequence of Path
        Functions from times (ms) to positions (mm), such as `Circle`.
    n : int, optional
        Number of lines.
    duration : float, optional
        Length of the experiment in ms; give this or `n`.
    rate : float, default 100
        Lines per ms, of all kinds together.
    noise : float, default 0.5
        Share of the lines that are random or scattered.
    blur : float, default 2.5
        Standard deviation of the measured positions in mm.
    seed : int, optional
        The same seed gives the same lines.
    separation : float, default 500
        Distance of the camera's heads in mm; lines end at z = -10 and separation + 10.
    activity : sequence of float, optional
        How the lines are shared among the tracers; equally by default.
    scatter : float, default 0.5
        Share of the noise that is scattered.
    positron_range : float, default 1
        Times the range of fluorine-18's positrons in water.
    acollinearity : float, default 0.5
        Full width at half maximum, in degrees, by which the photons miss 180 degrees.
    camera : Camera, optional
        What sees the photons, such as a `Ring`; by default `Screens`, with the `separation` and `blur` given here.
    tick : float, default 0
        Step of the camera's clock in ms. Times that it cannot tell apart are spread evenly over their step, in the
        order of the lines; 0 keeps the true times.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or neither or both of `n` and `duration` are given.
    """

    tracers: Sequence[Path]
    n: int | None = None
    duration: float | None = None
    rate: float = 100.0
    noise: float = 0.5
    blur: float = 2.5
    seed: int | None = None
    separation: float = 500.0
    activity: Sequence[float] | None = None
    scatter: float = 0.5
    positron_range: float = 1.0
    acollinearity: float = 0.5
    camera: Camera | None = None
    tick: float = 0.0

    def __post_init__(self) -> None:
        if not len(self.tracers):
            raise ValueError("`tracers`: expected at least one path, found none")
        if (self.n is None) == (self.duration is None):
            raise ValueError(f"expected one of `n` and `duration`, found n={self.n} and duration={self.duration}")
        for name, low, high in (
            ("rate", 1e-9, 1e9),
            ("noise", 0, 1),
            ("scatter", 0, 1),
            ("blur", 0, 1e3),
            ("separation", 1, 1e6),
            ("positron_range", 0, 1e3),
            ("acollinearity", 0, 10),
            ("tick", 0, 1e6),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"`{name}`: expected a number from {low:g} to {high:g}, found {value}")
        if self.count < 1:
            raise ValueError(f"expected at least one line, found {self.count}")
        self._shares()

    @property
    def count(self) -> int:
        """Number of lines."""
        return self.n if self.n is not None else round(self.rate * (self.duration or 0.0))

    def blocks(self) -> Iterator[tuple[Array, NDArray[np.int64]]]:
        """Simulate piece by piece, for experiments larger than memory.

        Yields
        ------
        rows : (k, 7) ndarray
            The next lines; those of tracers that are out of view are missing.
        labels : (k,) ndarray of int
            Where they came from, as in `Simulated`.
        """
        entropy = self.entropy()
        return (self.block(entropy, number) for number in range(self.number_of_blocks))

    def entropy(self) -> int:
        """What the blocks of one simulation are seeded with: `seed`, or something new."""
        return int(np.random.SeedSequence(self.seed).entropy)  # type: ignore[arg-type]

    @property
    def number_of_blocks(self) -> int:
        """Pieces that the simulation is made in."""
        return -(-self.count // _BLOCK)

    def block_start(self, number: int) -> int:
        """Lines before a block, if none is out of view."""
        return min(number * _BLOCK, self.count)

    def block(self, entropy: int, number: int) -> tuple[Array, NDArray[np.int64]]:
        """One of the `blocks`; it does not depend on the others.

        Parameters
        ----------
        entropy : int
            As of the method `entropy`, the same for all blocks.
        number : int
            From 0.
        """
        camera = self.camera or Screens(self.separation, self.blur)
        emitter = Emitter(tuple(self.tracers), self._shares(), camera, self.positron_range, self.acollinearity)
        mixture = [1 - self.noise, self.noise * (1 - self.scatter), self.noise * self.scatter]
        start = self.block_start(number)
        count = self.block_start(number + 1) - start
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(number,)))
        t = (start + np.sort(rng.uniform(0, count, count))) / self.rate
        rows, labels = emitter.lines(rng, t, rng.choice([0, RANDOM, SCATTERED], count, p=mixture))
        if self.tick:
            rows[:, 0] = _spread(rng, rows[:, 0], self.tick, start / self.rate, (start + count) / self.rate)
        return rows, labels

    def run(self, sample_size: Any = None, overlap: Any = None) -> Simulated:
        """Simulate the whole experiment."""
        watch = provenance.Watch()
        rows, labels = zip(*self.blocks(), strict=True)
        lines = LineData(np.concatenate(rows), sample_size, overlap)
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        history = provenance.Provenance(input={"simulated": True}, seed=self.seed)
        lines.provenance = watch.after(history, "simulate", settings)
        return Simulated(lines, np.concatenate(labels), tuple(self.tracers))

    def _shares(self) -> Array:
        shares = np.asarray([1.0] * len(self.tracers) if self.activity is None else self.activity, dtype=float)
        sound = shares.shape == (len(self.tracers),) and (shares >= 0).all() and 0 < shares.sum() < np.inf
        if not sound:
            raise ValueError(f"`activity`: expected {len(self.tracers)} numbers >= 0, found {self.activity}")
        return np.asarray(shares / shares.sum())


def _spread(rng: np.random.Generator, t: Array, tick: float, begin: float, end: float) -> Array:
    """Ascending times, each anew anywhere in its step of the clock, as far as that is between `begin` and `end`."""
    step = np.floor(t / tick) * tick
    return np.sort(rng.uniform(np.maximum(step, begin), np.minimum(step + tick, end)))


def simulate(
    tracers: Sequence[Path],
    n: int | None = None,
    duration: float | None = None,
    rate: float = 100.0,
    noise: float = 0.5,
    blur: float = 2.5,
    seed: int | None = None,
    *,
    sample_size: Any = None,
    overlap: Any = None,
    **settings: Any,
) -> Simulated:
    """Simulate what a camera with two parallel screens, or another one, sees of some tracers.

    Parameters
    ----------
    tracers, n, duration, rate, noise, blur, seed, **settings
        See `Experiment`.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.

    Returns
    -------
    Simulated
        Lines, labels, and the truth at any time. Lines of tracers that are out of view are missing.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or neither or both of `n` and `duration` are given.

    Examples
    --------
    >>> from lumentrace.pept import simulation
    >>> wheel = [simulation.Circle(phase=0), simulation.Circle(phase=3.14)]
    >>> run = simulation.simulate(wheel, duration=50, noise=0.3, seed=1)
    >>> run.lines.lines.shape, run.truth([0, 10]).shape
    ((5000, 7), (2, 2, 3))
    """
    return Experiment(tracers, n, duration, rate, noise, blur, seed, **settings).run(sample_size, overlap)
