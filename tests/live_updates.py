"""Updates of a tracker that knows the truth: for tests of what shows, keeps and judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from lumentrace import PointData
from lumentrace.pept import simulation
from lumentrace.pept.tracking.locations import UNITS
from lumentrace.pept.tracking.update import TracerNow, Update

SIGMA = 0.4
Path = Callable[[np.ndarray], np.ndarray]
WHEEL: tuple[Path, ...] = (simulation.Circle(radius=90), simulation.Circle(radius=60, phase=3.14))


def points(rows: Sequence[Sequence[float]]) -> PointData:
    found = PointData(np.reshape(np.asarray(rows, float), (-1, len(UNITS))), columns=list(UNITS))
    found.units = UNITS
    return found


def tracer(
    path: Path,
    label: int,
    time: float,
    sigma: float = SIGMA,
    blur: float = 2.0,
    noise: np.random.Generator | None = None,
) -> TracerNow:
    """A tracer at a time, where it is, give or take its noise."""
    place = path(np.array([time]))[0] + (0 if noise is None else noise.normal(0, sigma, 3))
    velocity = (path(np.array([time + 0.5])) - path(np.array([time - 0.5])))[0]
    return TracerNow(label, time, tuple(place.tolist()), tuple(velocity.tolist()), (sigma,) * 3, 25.0, blur, 0.25)


def row(now: TracerNow) -> list[float]:
    """A location as a tracker tells it."""
    return [now.time, *now.position, *now.velocity, *now.sigma, 0.0, 0.0, 0.0, now.rate, now.label]


def update(time: float, tracers: Sequence[TracerNow] = (), **others: object) -> Update:
    """What is new at a time: a location of each tracer, filtered and smoothed at once."""
    told = {
        "lines": int(100 * time),
        "rate": 100.0,
        "lag": 40.0,
        "unused": 0,
        "dropped": 0,
        "explained": 0.5,
        "notices": (),
        **others,
    }
    rows = [row(each) for each in tracers]
    return Update(points(rows), points(rows), time, tracers=tuple(tracers), **told)


def updates(
    paths: Sequence[Path] = WHEEL, every: float = 20.0, until: float = 2000.0, seed: int = 0
) -> Iterator[Update]:
    """A run from the first to the last ms."""
    noise = np.random.default_rng(seed)
    for time in np.arange(every, until + every / 2, every):
        yield update(float(time), [tracer(path, label, float(time), noise=noise) for label, path in enumerate(paths)])
