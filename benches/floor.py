"""How near to the statistical floor our recipes come, on simulated lines whose truth is known.

    python benches/floor.py [--cases one-50 cross-2 ...] [--recipes peptml lines ...] [--runs 3] [--seed 1]

The floor is the error of the twin of the line tracker (`tests/twins/line_tracker.py`) that is told which line is of
which tracer. Lines pass tracers with a normal error on each of two screens, or are anywhere; every case has seeds of
its own. Prints a markdown table: medians and 90 % quantiles of the errors in mm and as multiples of the floor's; the
share of the 10 ms bins of all tracers that their trajectories hold; trajectories per run (wanted: tracers); swaps of
identity in all runs; the shares of true positions inside the 68 and 95 % ellipsoids, where there are some. Each tracer
has one trajectory, matched by the Hungarian method; locations of trajectories that nothing is left for are not judged,
but they are counted as trajectories. The crossings run `--crossings` times, the others `--runs` times; the floor is
found for `--runs` of all, and errors are those of these runs, while trajectories and swaps are those of all.

The floor's process noise starts from that of the true paths, and 1e-6 at least. It settles slowly: after hundreds of
passes it is larger, and on paths of even curvature the median error is 10 to 20 % larger.

The recipe `live` is the line tracker as it follows lines that come in, told for good after its own lag.

`--cli` tracks through the command line, with `--tracers N` and nothing else set. `--count N` makes N random experiments
instead (1 to 8 tracers, 10 to 80 % noise, 0 to 5 m/s) in which recipes are to find the number of tracers.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline

from lumentrace import LineData
from lumentrace.pept import recipes
from lumentrace.pept.tracking import LineTracker

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import scoring
from twins import line_tracker

Array = NDArray[np.float64]
TracerPath = Callable[[Array], Array]

CENTRE = np.array([300.0, 300.0, 350.0])
SCREENS, XLIM, YLIM = 712.0, (110.0, 490.0), (50.0, 550.0)
LEAST_COSINE = 0.75
RATE = 100.0
BLUR = 2.5
BIN = 10.0
FLOOR, LIVE = "floor", "live"


# ---------------------------------------------------------------- paths, functions of arrays of times
def circle(radius: float, rpm: float, phase: float, rise: float = 0.0) -> TracerPath:
    turn = 2 * np.pi * rpm / 60_000
    return lambda t: (
        CENTRE
        + np.column_stack([radius * np.cos(turn * t + phase), radius * np.sin(turn * t + phase), np.full_like(t, rise)])
    )


def wheel(count: int, rpm: float = 42.0) -> list[TracerPath]:
    """Circles of three radii, out of phase and out of plane."""
    spread = range(count)
    return [circle(90 * (1 - 0.12 * (i % 3)), rpm, 2 * np.pi * i / count, 30 * np.sin(1.7 * i)) for i in spread]


def at_rest(rng: np.random.Generator, count: int, least: float = 30.0) -> list[TracerPath]:
    """Places in a box of 120 mm, some distance apart."""
    places = np.empty((0, 3))
    while len(places) < count:
        place = CENTRE + rng.uniform(-60, 60, 3)
        if (np.linalg.norm(places - place, axis=1) > least).all():
            places = np.vstack([places, place])
    return [partial(lambda place, t: np.tile(place, (len(t), 1)), place) for place in places]


def walk(rng: np.random.Generator, duration: float, speed: float = 0.5, knot: float = 20.0) -> TracerPath:
    """A smooth random walk: velocities at knots forget a tenth each, and are pulled back to the middle."""
    count = int(duration / knot) + 4
    places, velocities = np.empty((count, 3)), np.empty((count, 3))
    places[0], velocities[0] = rng.uniform(-50, 50, 3), speed * rng.normal(size=3)
    for i in range(1, count):
        velocities[i] = 0.9 * velocities[i - 1] + 0.5 * speed * rng.normal(size=3) - 4e-5 * knot * places[i - 1]
        places[i] = places[i - 1] + knot * velocities[i]
    t = knot * np.arange(-1, count - 1)
    return CubicHermiteSpline(t, CENTRE + places, np.gradient(places, knot, axis=0))


def bounce(rng: np.random.Generator, speed: float, half: float = 120.0) -> TracerPath:
    """Free flight in a box, with sudden reversals at its walls."""
    direction = rng.normal(size=3)
    velocity, start = speed * direction / np.linalg.norm(direction), rng.uniform(-40, 40, 3)
    return lambda t: CENTRE + np.abs((start + np.outer(t, velocity) - half) % (4 * half) - 2 * half) - half


# ---------------------------------------------------------------- lines
@dataclass(frozen=True)
class Experiment:
    """Lines (N, 7), which tracer each is of (N,), or -1, and the truth."""

    lines: Array
    labels: NDArray[np.int64]
    truth: scoring.Truth

    @property
    def duration(self) -> float:
        return len(self.lines) / RATE


def lines_of(
    paths: Sequence[TracerPath], count: int, noise: float, rng: np.random.Generator, activity: Sequence[float] = ()
) -> Experiment:
    """Lines of tracers between two screens, at z = 0 and 712 mm, within 41 degrees of z, and background anywhere."""
    t = np.sort(rng.uniform(0, count / RATE, count))
    shares = np.array(activity or [1.0] * len(paths))
    tracer = rng.choice(len(paths), count, p=shares / shares.sum())
    labels = np.where(rng.random(count) < noise, -1, tracer)
    place = np.stack([path(t) for path in paths])[tracer, np.arange(count)]
    cosine, azimuth = rng.uniform(LEAST_COSINE, 1, count), rng.uniform(0, 2 * np.pi, count)
    slope = np.sqrt(1 / cosine**2 - 1)[:, None] * np.column_stack([np.cos(azimuth), np.sin(azimuth)])
    ends = []
    for screen in (0.0, SCREENS):
        met = place[:, :2] + (screen - place[:, 2:]) * slope + rng.normal(0, BLUR, (count, 2))
        anywhere = np.column_stack([rng.uniform(*XLIM, count), rng.uniform(*YLIM, count)])
        ends.append(np.where(labels[:, None] < 0, anywhere, met))
        ends.append(np.full((count, 1), screen))
    truth = scoring.Truth(paths, np.array([[0.0, count / RATE]] * len(paths)))
    return Experiment(np.column_stack([t, *ends]), labels, truth)


# ---------------------------------------------------------------- cases
Make = Callable[[np.random.Generator], Experiment]


def case(paths: Sequence[TracerPath], count: int, noise: float = 0.5, activity: Sequence[float] = ()) -> Make:
    return lambda rng: lines_of(paths, count, noise, rng, activity)


def resting(rng: np.random.Generator) -> Experiment:
    return lines_of([*wheel(4), *at_rest(rng, 4)], 120_000, 0.5, rng)


def walking(rng: np.random.Generator) -> Experiment:
    return lines_of([walk(rng, 600.0), walk(rng, 600.0)], 60_000, 0.5, rng)


def bouncing(rng: np.random.Generator) -> Experiment:
    return lines_of([bounce(rng, 1.0)], 100_000, 0.5, rng)


CASES: dict[str, tuple[str, Make]] = {
    **{f"one-{n}": (f"1 tracer, {n} % noise", case([circle(90, 42, 0.3)], 60_000, n / 100)) for n in (50, 70, 90)},
    **{f"many-{k}": (f"{k} tracers, 50 %", case(wheel(k), 60_000)) for k in (2, 4)},
    "many-8": ("8 tracers, 50 % (4 on circles, 4 at rest)", resting),
    **{f"rpm-{n}": (f"{n} rpm", case([circle(90, n, 0.3)], 60_000)) for n in (300, 1000)},
    "walks": ("two smooth random walks", walking),
    **{
        f"cross-{gap}": (
            f"head-on, passing at {gap} mm",
            case([circle(90, 42, 0.3), circle(90, -42, 2.06, gap)], 40_000),
        )
        for gap in (20, 10, 5, 2, 0)
    },
    "activities": ("activities 10 : 3 : 1", case(wheel(3), 90_000, activity=(10, 3, 1))),
    "bounces": ("bounces, 1 m/s in 240 mm", bouncing),
}


# ---------------------------------------------------------------- who finds them
Find = Callable[[str, Experiment, int | None], scoring.Found]


def motion_of(experiment: Experiment, passes: int) -> scoring.Found:
    """What one finds who knows the labels."""
    tracers = len(experiment.truth.paths)
    times = np.linspace(0, experiment.duration, len(experiment.lines) // (40 * tracers))
    first = changes(experiment.truth.at(times), times[1] - times[0])
    motion = line_tracker.track(experiment.lines, first, experiment.labels, passes=passes)
    labels = np.repeat(np.arange(tracers), len(motion.t))
    places, spread = motion.states[:, :, :3].reshape(-1, 3), motion.covariances[:, :, :3, :3].reshape(-1, 3, 3)
    return scoring.Found(np.tile(motion.t, tracers), places, labels, spread)


def changes(places: Array, step: float) -> Array:
    """Process noise (K,) of paths (K, n, 3), at least 1e-6: mean squared changes of velocity per axis and ms."""
    jumps = np.diff(places, 2, axis=1) / step
    return np.maximum(1e-6, (jumps**2).mean(axis=(1, 2)) / step)


def tracked(name: str, experiment: Experiment, tracers: int | None) -> scoring.Found:
    """What a recipe finds that is told the number of tracers and nothing else."""
    lines = LineData(experiment.lines)
    if name == LIVE:
        points = LineTracker(tracers, lag="settled").fit(lines)
    else:
        points = recipes.RECIPES[name](tracers=tracers).fit(lines, verbose=False)
    return scoring.Found.of(points.points, points.columns)


def tracked_by_command(name: str, experiment: Experiment, tracers: int | None) -> scoring.Found:
    """The same through the command line, from a file to a file."""
    command = [sys.executable, "-m", "lumentrace", "pept", "track", "lines.npy", "--recipe", name, "--out", "out"]
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "lines.npy"), experiment.lines)
        told = [] if tracers is None else ["--tracers", str(tracers)]
        subprocess.run([*command, *told], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (path,) = Path(folder, "out").rglob("trajectories.parquet")
        table = pl.read_parquet(path)
    return scoring.Found.of(table.to_numpy(), table.columns)


def usable(name: str, tracers: int) -> bool:
    return name != "birmingham" or tracers == 1


def run(key: str, seed: int, names: Sequence[str], passes: int, find: Find) -> dict[str, scoring.Score]:
    """Scores of the floor, unless it has no passes, and of the recipes in one run of one case."""
    made = CASES[key][1](np.random.default_rng([seed, *key.encode()]))
    frames = np.arange(0.0, made.duration + BIN / 2, BIN)
    found = {FLOOR: motion_of(made, passes)} if passes else {}
    tracers = len(made.truth.paths)
    found |= {name: find(name, made, tracers) for name in names if usable(name, tracers)}
    return {name: scoring.trajectories(made.truth, each, frames) for name, each in found.items()}


# ---------------------------------------------------------------- tables
HEAD = "| case | who | median | / floor | 90 % | / floor | located | trajectories | swaps | in 68 % | in 95 % |"


def rows(key: str, runs: Sequence[dict[str, scoring.Score]]) -> Iterator[str]:
    """Lines of the table for one case."""
    known = [each for each in runs if FLOOR in each]
    floor = scoring.pooled([each[FLOOR] for each in known])
    for name in runs[0]:
        scores = [each[name] for each in runs if name in each]
        score = scoring.pooled([each[name] for each in known])
        median, most = score.quantile(0.5), score.quantile(0.9)
        numbers = sorted({each.trajectories for each in scores})
        cells = [
            CASES[key][0],
            name,
            f"{median:.3f}",
            f"{median / floor.quantile(0.5):.2f}",
            f"{most:.3f}",
            f"{most / floor.quantile(0.9):.2f}",
            f"{score.share:.3f}",
            f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}",
            f"{sum(each.swaps for each in scores)} of {len(scores)}",
            *(f"{score.coverage(level):.2f}" if len(score.squares) else "" for level in (0.68, 0.95)),
        ]
        yield f"| {' | '.join(cells)} |"


def total(runs: Sequence[dict[str, scoring.Score]], name: str) -> str:
    """Coverage over all cases."""
    squares = np.concatenate([each[name].squares for each in runs if name in each])
    if not len(squares):
        return ""
    inside = scoring.pooled([each[name] for each in runs if name in each])
    return f"{name}: {inside.coverage(0.68):.3f} in the 68 % and {inside.coverage(0.95):.3f} in the 95 % ellipsoids"


# ---------------------------------------------------------------- how many tracers
def random_experiment(rng: np.random.Generator) -> Experiment:
    """1 to 8 tracers with 10 to 80 % noise at 0 to 5 m/s, at rest, on circles, bouncing or walking."""
    paths: list[TracerPath] = []
    tracers = rng.integers(1, 9)
    count = 40_000 + 10_000 * tracers
    for _ in range(tracers):
        speed, radius = rng.uniform(0, 5), rng.uniform(30, 100)
        rpm = rng.choice([-1, 1]) * speed / radius * 30_000 / np.pi
        kinds = [
            circle(radius, rpm, rng.uniform(0, 2 * np.pi), rng.uniform(-60, 60)),
            at_rest(rng, 1)[0],
            bounce(rng, speed),
            walk(rng, count / RATE, min(speed, 1.0) / 2),
        ]
        paths.append(kinds[rng.integers(len(kinds))])
    return lines_of(paths, count, rng.uniform(0.1, 0.8), rng)


def counted(seed: int, names: Sequence[str], find: Find) -> dict[str, Any]:
    """How many tracers recipes find that are not told their number."""
    made = random_experiment(np.random.default_rng([seed, 77]))
    noise = (made.labels < 0).mean()
    found = {name: len(np.unique(find(name, made, None).labels)) for name in names}
    return {"seed": seed, "noise": noise, "tracers": len(made.truth.paths), **found}


def print_counts(results: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    for name in names:
        wrong = [each for each in results if each[name] != each["tracers"]]
        print(f"{name}: the right number of trajectories in {len(results) - len(wrong)} of {len(results)} experiments")
        for each in wrong:
            of = f"{each['tracers']} tracers with {each['noise']:.0%} noise"
            print(f"  seed {each['seed']}: {each[name]} instead of {of}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--recipes", nargs="*", default=["peptml", "lines"], metavar="RECIPE")
    parser.add_argument("--runs", type=int, default=3, help="seeds per case")
    parser.add_argument("--crossings", type=int, default=20, help="seeds per crossing")
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--passes", type=int, default=15, help="of the floor's expectation-maximisation")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time")
    parser.add_argument("--count", type=int, default=0, metavar="N", help="random experiments of unknown tracers")
    parser.add_argument("--cli", action="store_true", help="through the command line")
    options = parser.parse_args()
    find = tracked_by_command if options.cli else tracked
    names = [name for name in options.recipes if name in {*recipes.RECIPES, LIVE}]
    for name in sorted({*options.recipes} - {*names}):
        print(f"there is no recipe {name!r}, it is left out")
    started = time.perf_counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        if options.count:
            seeds = range(options.seed, options.seed + options.count)
            print_counts(list(pool.map(partial(counted, names=names, find=find), seeds)), names)
            return
        jobs = {}
        for key in options.cases:
            runs = options.crossings if key.startswith("cross") else options.runs
            seeds = range(options.seed, options.seed + runs)
            jobs[key] = [
                pool.submit(run, key, seed, names, options.passes * (seed < options.seed + options.runs), find)
                for seed in seeds
            ]
        print(f"{HEAD}\n|{'---|' * HEAD.count(' | ')}---|")
        everything = []
        for key, waiting in jobs.items():
            done = [each.result() for each in waiting]
            everything += done
            print("\n".join(rows(key, done)), flush=True)
    print("\n" + "\n".join(filter(None, (total(everything, name) for name in [FLOOR, *names]))))
    print(f"\nseeds from {options.seed}, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
