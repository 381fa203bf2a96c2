"""The experiments of the scoreboard: paths, cases, and their lines in front of a ring and of parallel screens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.pept import simulation
from peers import HERE

sys.path.insert(0, str(HERE.parent / "tests"))
import scoring

Array = NDArray[np.float64]
Make = Callable[[np.random.Generator, str], Sequence[scoring.Path]]

CENTRE = np.array(simulation.Ring().centre)
PLACE = np.array([20.0, 10.0, 5.0])
CAMERAS: dict[str, dict[str, Any]] = {
    "ring": {"camera": simulation.Ring(), "tick": 1.0},
    "screens": {"camera": simulation.Screens()},
}
AXES = {"axial": np.array([0.0, 0, 1]), "transaxial": np.array([1.0, 0, 0])}
LINES_PER_FRAME = 150


# ---------------------------------------------------------------- paths
def turning(places: Array, rpm: float) -> list[scoring.Path]:
    """Tracers that turn together about the axis: places (K, 3) from the centre at first."""
    circles = []
    for x, y, z in places:
        radius, phase = float(np.hypot(x, y)), float(np.arctan2(y, x))
        circles.append(simulation.Circle(tuple(CENTRE + z * AXES["axial"]), radius, rpm, phase))
    return circles


def resting(places: Array) -> list[scoring.Path]:
    return [simulation.Static(tuple(CENTRE + place)) for place in places]


def scattered_places(rng: np.random.Generator, count: int, closest: float) -> Array:
    """Places in a cylinder, the first two of which are the closest two."""
    direction = rng.normal(size=3)
    places = np.array([PLACE, PLACE + closest * direction / np.linalg.norm(direction)])
    while len(places) < count:
        place = rng.uniform([-80, -80, -75], [80, 80, 75])
        if np.hypot(place[0], place[1]) < 80 and (np.linalg.norm(places - place, axis=1) > closest).all():
            places = np.vstack([places, place])
    return places


def grid(*counts: int, pitch: float) -> Array:
    axes = [pitch * (np.arange(count) - (count - 1) / 2) for count in counts]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3) + 7.0


def steps(rng: np.random.Generator, duration: float) -> scoring.Path:
    """A random walk: 1 mm in a new direction every ms."""
    direction = rng.normal(size=(int(duration) + 2, 3))
    moves = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    knots = CENTRE + np.vstack([np.zeros(3), np.cumsum(moves, axis=0)])
    t = np.arange(len(knots))
    return lambda at: np.stack([np.interp(at, t, each) for each in knots.T], axis=-1)


# ---------------------------------------------------------------- cases
@dataclass(frozen=True)
class Case:
    """Tracers in front of a camera, at `rate` lines per ms of all kinds; `apart` is how near the closest two come."""

    title: str
    make: Make
    lines: int
    rate: float = 100.0
    noise: float = 0.5
    scatter: float = 0.5
    apart: float = np.inf
    quick: bool = False

    @property
    def duration(self) -> float:
        return self.lines / self.rate

    @property
    def close(self) -> float:
        return min(scoring.CLOSE, self.apart / 3)


def several(count: int, apart: float, **settings: Any) -> dict[str, Any]:
    """Settings of a case of many tracers: 10 lines per ms and 2000 lines for each."""
    return {"lines": 2000 * count, "rate": 10.0 * count, "apart": apart, **settings}


def always(paths: Sequence[scoring.Path]) -> Make:
    return lambda rng, camera: paths


def entering(rng: np.random.Generator, camera: str) -> Sequence[scoring.Path]:
    """A tracer that enters the ring along its axis, or the space between the screens along x, and leaves it."""
    direction = AXES["axial" if camera == "ring" else "transaxial"]
    start = CENTRE + PLACE * (1 - direction) - 200 * direction
    return [simulation.Line(tuple(start), tuple(0.25 * direction))]


def pairs(direction: str) -> list[Case]:
    found = []
    for distance in (2, 3, 5, 10, 20, 30):
        places = PLACE + np.outer([-0.5, 0.5], AXES[direction]) * distance
        title = f"two tracers {distance} mm apart, {direction}"
        found.append(Case(title, always(resting(places)), 8_000, apart=distance, quick=distance in (3, 10)))
    return found


def circling(speed: float) -> Case:
    turns = speed / 100 * 30_000 / np.pi
    path = turning(np.array([[100.0, 0, 5]]), turns)
    return Case(f"{speed:g} m/s", always(path), 8_000, rate=400.0, quick=speed in (1, 20))


SIDE = 34.64
TRIANGLE = np.array([[0.0, 0, 0], [SIDE, 0, 0], [SIDE / 2, SIDE * np.sqrt(3) / 2, 0]])
TRIANGLE -= TRIANGLE.mean(axis=0)
SERIES: dict[str, list[Case]] = {
    "static": [Case("static", always(resting(PLACE[None])), 8_000, quick=True)],
    "scatter": [
        Case(
            f"{noise:.0%} scattered",
            always(resting(PLACE[None])),
            8_000,
            noise=noise,
            scatter=1.0,
            quick=noise == 0.6,
        )
        for noise in (0.3, 0.6, 0.9)
    ],
    "crossing": [Case("crossing the view at 250 mm/s", entering, 16_000, rate=10.0)],
    "pair-axial": pairs("axial"),
    "pair-transaxial": pairs("transaxial"),
    "velocity": [circling(speed) for speed in (0.2, 1, 5, 20, 112)],
    "multiple": [
        Case(
            f"{count} tracers, closest 10 mm",
            lambda rng, camera, count=count: turning(scattered_places(rng, count, 10.0), 10.0),
            **several(count, 10.0, quick=count in (6, 79)),
        )
        for count in (6, 20, 40, 79)
    ],
    "packed": [
        Case("square of 9, 10 mm apart", always(resting(grid(3, 3, 1, pitch=10.0))), **several(9, 10.0)),
        Case("cube of 27, 10 mm apart", always(resting(grid(3, 3, 3, pitch=10.0))), **several(27, 10.0, quick=True)),
    ],
    "linking": [
        Case(
            "three 35 mm apart at 0.66 m/s",
            always(turning(TRIANGLE, 0.66 / 20 * 30_000 / np.pi)),
            12_000,
            apart=SIDE,
            quick=True,
        )
    ],
    "walk": [Case("random walk, 1 mm each ms", lambda rng, camera: [steps(rng, 80.0)], 8_000, quick=True)],
}


@dataclass(frozen=True)
class Experiment:
    """Lines, their truth, and the frames in which it is asked for."""

    lines: Array
    truth: scoring.Truth
    frames: Array


def experiment(case: Case, camera: str, seed: int) -> Experiment:
    """Simulate one run of a case."""
    rng = np.random.default_rng([seed, *case.title.encode()])
    paths, settings = case.make(rng, camera), CAMERAS[camera]
    run = simulation.simulate(
        paths,
        duration=case.duration,
        rate=case.rate,
        noise=case.noise,
        scatter=case.scatter,
        seed=int(rng.integers(2**31)),
        **settings,
    )
    t = np.linspace(0.0, case.duration, 10_001)
    inside = [t[settings["camera"].around(path(t))] for path in paths]
    truth = scoring.Truth(paths, np.array([[each[0], each[-1]] for each in inside]))
    count = case.lines // (LINES_PER_FRAME * len(paths))
    return Experiment(run.lines.lines, truth, np.linspace(0.0, case.duration, count + 1))
