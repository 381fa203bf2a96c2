"""Small PEPT experiments, good and spoiled, for verdicts.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.lines import LineData
from lumentrace.engine.verdict import Verdict
from lumentrace.pept import recipes, simulation
from lumentrace.pept import run as pept

Array = NDArray[np.float64]

CENTRE = np.array(simulation.Ring().centre)
APART = 30.0
"""Least distance of circles from each other, mm."""
CAMERAS: tuple[dict[str, Any], ...] = ({"camera": simulation.Ring(), "tick": 1.0}, {"camera": simulation.Screens()})


def circle(random: np.random.Generator, slowest: float, fastest: float) -> simulation.Circle:
    """A tracer at so many m/s somewhere."""
    radius = random.uniform(20, 80)
    rpm = random.choice([-1, 1]) * random.uniform(slowest, fastest) / radius * 30_000 / np.pi
    return simulation.Circle(tuple(CENTRE + random.uniform(-40, 40, 3)), radius, rpm, random.uniform(0, 2 * np.pi))


def path(random: np.random.Generator, fastest: float) -> simulation.Path:
    """A tracer on a circle, at rest, or wandering about."""
    kind = random.integers(3)
    if kind == 0:
        return simulation.Static(tuple(CENTRE + random.uniform(-60, 60, 3)))
    if kind == 1:
        return simulation.Wander(tuple(CENTRE), (60.0, 60.0, 60.0), min(fastest, 1.0), int(random.integers(2**31)))
    return circle(random, 0.0, fastest)


def experiment(
    seed: int, most: int = 8, least: int = 1, fastest: float = 5.0, noise: tuple[float, float] = (0.1, 0.8)
) -> simulation.Simulated:
    """Some tracers in front of a camera: 10 000 lines and 5000 more for each."""
    random = np.random.default_rng([seed, 41])
    count = int(random.integers(least, most + 1))
    paths = [path(random, fastest) for _ in range(count)]
    settings = CAMERAS[random.integers(2)]
    return simulation.simulate(
        paths, 10_000 + 5_000 * count, noise=random.uniform(*noise), seed=int(random.integers(2**31)), **settings
    )


def tracked(lines: LineData | Array, recipe: recipes.BaseRecipe | None = None) -> Verdict:
    """The verdict on a run; the recipe `lines` by default, which is not told how many tracers there are."""
    given = lines if isinstance(lines, LineData) else LineData(lines)
    return pept.run(given, pept.Settings(recipe=recipe or recipes.Lines())).verdict


def told(seed: int, more: int = 0, **kind: int) -> Verdict:
    """The number of tracers was given, perhaps a wrong one."""
    made = experiment(seed, **kind)
    return tracked(made.lines, recipes.Lines(tracers=len(made.tracers) + more))


def slow(seed: int, count: int) -> LineData:
    """Tracers that every recipe can follow."""
    return experiment(seed, count, count, 0.5, (0.1, 0.5)).lines


def noise(seed: int) -> LineData:
    """Random coincidences."""
    camera = CAMERAS[seed % 2]
    return simulation.simulate([simulation.Static()], 20_000, noise=1.0, scatter=0.0, seed=seed, **camera).lines


def scaled(seed: int, time: float = 1.0, length: float = 1.0) -> Array:
    """Lines in other units."""
    return np.asarray(experiment(seed, most=3).lines.lines * np.array([time, *[length] * 6]))


def shuffled(seed: int) -> Array:
    """Lines that have the times of others."""
    rows = experiment(seed, most=3).lines.lines.copy()
    rows[:, 0] = np.random.default_rng(seed).permutation(rows[:, 0])
    return rows


def restarted(seed: int) -> Array:
    """Two runs in one file, each from time 0."""
    return np.concatenate([experiment(each, most=2).lines.lines for each in (seed, seed + 5000)])


CASES: dict[str, Callable[[int], Verdict]] = {
    "pept good": lambda seed: tracked(experiment(seed).lines),
    "pept good, told the number": told,
    "pept good, peptml": lambda seed: tracked(slow(seed, 2), recipes.PeptML(tracers=2)),
    "pept good, birmingham": lambda seed: tracked(slow(seed, 1), recipes.Birmingham()),
    "pept good, fpi": lambda seed: tracked(slow(seed, 1), recipes.Fpi()),
    "pept one tracer fewer than there are": lambda seed: told(seed, -1, least=2),
    "pept one tracer more than there are": lambda seed: told(seed, 1),
    "pept noise only": lambda seed: tracked(noise(seed)),
    "pept noise only, peptml": lambda seed: tracked(noise(seed), recipes.PeptML()),
    "pept noise only, birmingham": lambda seed: tracked(noise(seed), recipes.Birmingham()),
    "pept birmingham on two tracers": lambda seed: tracked(slow(seed, 2), recipes.Birmingham()),
    "pept peptml on two tracers, told of one": lambda seed: tracked(slow(seed, 2), recipes.PeptML()),
    "pept times in s": lambda seed: tracked(scaled(seed, time=1e-3)),
    "pept times in µs": lambda seed: tracked(scaled(seed, time=1e3)),
    "pept times in ns": lambda seed: tracked(scaled(seed, time=1e6)),
    "pept lengths in m": lambda seed: tracked(scaled(seed, length=1e-3)),
    "pept lengths in cm": lambda seed: tracked(scaled(seed, length=0.1)),
    "pept times in s, lengths in m": lambda seed: tracked(scaled(seed, 1e-3, 1e-3)),
    "pept shuffled times": lambda seed: tracked(shuffled(seed)),
    "pept two runs in one file": lambda seed: tracked(restarted(seed)),
}
