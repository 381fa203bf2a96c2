"""Simulated experiments with known truth, tracked by lumentrace and by the peer.

    python benches/truth.py [--shared ../shared] [--peers .peers] [--no-peer] [--runs 5]

One, two and four tracers at 42 rpm, 30 to 70 % of the lines scattered or random, 100 lines per ms. Several runs with
seeds of their own are pooled: the peer draws random numbers, so one run cannot tell differences below one per cent.
Prints for each way of tracking the number of locations, the median and the 90 % quantile of their distance from the
nearest tracer in mm, and two shares of all (tracer, time step of one sample) bins: those that hold a location within
5 mm ("bins"; the times of locations scatter by a good part of a step, so even one location per sample leaves 3 to 15 %
of bins empty), and those whose centre is at most one step away from such a location ("located").

All passes see the same samples with the same settings. "first pass" and "second pass" are those of each side's
recipe: the peer's documented one takes the centroids of clustered cutpoints, ours the points nearest to their lines.
"first as doc." and "second as doc." are ours from the peer's documented transformers. "recipe" is ours with its own
samples, which keep the ends. "both" are medians of both sides on the locations that both have.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peers import HERE, module_of, peer_python

SAMPLES = 400
STEP = 50
CLOSE = 5.0
AS_DOCUMENTED = {"first as doc.": "first pass", "second as doc.": "second pass"}


@dataclass(frozen=True)
class Score:
    """Distances of locations from the truth in mm; time bins that hold one, are near one, all."""

    distances: NDArray[np.float64]
    held: int
    located: int
    bins: int

    @classmethod
    def pooled(cls, scores: list[Score]) -> Score:
        return cls(
            np.concatenate([score.distances for score in scores]),
            sum(score.held for score in scores),
            sum(score.located for score in scores),
            sum(score.bins for score in scores),
        )

    def __str__(self) -> str:
        median, most = np.quantile(self.distances, [0.5, 0.9]) if len(self.distances) else (np.nan, np.nan)
        shares = f"{self.held / self.bins:6.3f} {self.located / self.bins:7.3f}"
        return f"{len(self.distances):6} {median:7.3f} {most:7.3f} {shares}"


def simulator(shared: Path) -> ModuleType:
    return module_of(shared / "tools" / "make_pept_data.py")


def score(make: ModuleType, params: dict[str, Any], points: NDArray[np.float64], tracers: int) -> Score:
    """How far locations are from the truth, and how much of it they hold."""
    step = STEP * tracers / params["rate"]
    edges = np.arange(0, params["duration"] + step / 2, step)
    bins = tracers * (len(edges) - 1)
    if not len(points):
        return Score(np.empty(0), 0, 0, bins)
    distance = np.linalg.norm(make.truth_at(params, points[:, 0]) - points[:, 1:4], axis=2)
    nearest, least = distance.argmin(axis=0), distance.min(axis=0)
    held = located = 0
    for tracer in range(tracers):
        times = np.sort(points[(nearest == tracer) & (least < CLOSE), 0])
        held += int((np.histogram(times, edges)[0] > 0).sum())
        near = np.abs(edges[:-1, None] + step / 2 - times).min(axis=1, initial=np.inf) <= step
        located += int(near.sum())
    return Score(least, held, located, bins)


def on_common(
    make: ModuleType, params: dict[str, Any], sides: list[NDArray[np.float64]], tracers: int
) -> NDArray[np.float64]:
    """Distances of both sides on the locations that both have: of one tracer, a quarter of a step apart; ``(n, 2)``."""
    step = STEP * tracers / params["rate"]
    found = []
    for points in sides:
        distance = np.linalg.norm(make.truth_at(params, points[:, 0]) - points[:, 1:4], axis=2)
        near = distance.min(axis=0) < CLOSE
        found.append((points[near, 0], distance.argmin(axis=0)[near], distance.min(axis=0)[near]))
    (times, tracer, least), (others, other_tracer, other_least) = found
    if not len(times) or not len(others):
        return np.empty((0, 2))
    apart = np.abs(times[:, None] - others) + 1e9 * (tracer[:, None] != other_tracer)
    partner = apart.argmin(axis=1)
    mutual = (apart.min(axis=1) <= step / 4) & (apart.argmin(axis=0)[partner] == np.arange(len(times)))
    return np.column_stack([least[mutual], other_least[partner[mutual]]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared", help="folder with tools/")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".peers", help="folder of the peers' environments")
    parser.add_argument("--no-peer", action="store_true", help="lumentrace alone")
    parser.add_argument("--tracers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--noise", type=float, nargs="+", default=[0.3, 0.5, 0.7], help="share of bad lines")
    parser.add_argument("--seed", type=int, default=42, help="of the first run")
    parser.add_argument("--runs", type=int, default=1, help="seeds pooled per line of the table")
    options = parser.parse_args()
    make = simulator(options.shared)
    sides = [("ours", Path(sys.executable))]
    if not options.no_peer:
        sides.append(("peer", peer_python("pept", options.peers)))
    heads = f"{'points':>6} {'median':>7} {'90 %':>7} {'bins':>6} {'located':>7}"
    print(f"{'k':>2} {'noise':>5} {'who':5} {'stage':14} {heads}")
    for tracers in options.tracers:
        for noise in options.noise:
            for line in compared(make, tracers, noise, sides, range(options.seed, options.seed + options.runs)):
                print(f"{tracers:2} {noise:5} {line}", flush=True)


def compared(
    make: ModuleType, tracers: int, noise: float, sides: list[tuple[str, Path]], seeds: range
) -> Iterator[str]:
    """Lines of the table for one kind of experiment, pooled over seeds."""
    scores: dict[tuple[str, str], list[Score]] = {}
    common: dict[str, list[NDArray[np.float64]]] = {}
    for seed in seeds:
        n = (SAMPLES * STEP + 150) * tracers
        made = make.simulate(n=n, tracers=["circle"] * tracers, noise=noise, seed=100 * seed + tracers)
        found = {who: tracked(python, who, made["lors"], tracers) for who, python in sides}
        for who, stages in found.items():
            for stage, points in stages.items():
                scores.setdefault((who, stage), []).append(score(make, made["params"], points, tracers))
        for stage, points in found["ours"].items():
            theirs = found.get("peer", {}).get(AS_DOCUMENTED.get(stage, stage))
            if theirs is not None:
                pair = on_common(make, made["params"], [points, theirs], tracers)
                common.setdefault(stage, []).append(pair)
    for (who, stage), parts in scores.items():
        yield f"{who:5} {stage:14} {Score.pooled(parts)}"
    for stage, pairs in common.items():
        if not any(map(len, pairs)):
            continue
        ours, theirs = np.median(np.concatenate(pairs), axis=0)
        won = sum(np.diff(np.median(pair, axis=0))[0] >= 0 for pair in pairs if len(pair))
        counted = f"{sum(map(len, pairs)):6} {ours:7.3f} against {theirs:7.3f}"
        yield f"both  {stage:14} {counted}, not above in {won} of {len(pairs)} runs"


def tracked(python: Path, who: str, lines: NDArray[np.float64], tracers: int) -> dict[str, NDArray[np.float64]]:
    """Locations of each way of tracking, found by a child process."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "lines.npy", lines)
        script = HERE / "peer_scripts" / f"truth_{who}.py"
        subprocess.run([python, "-W", "ignore", script, folder, str(tracers)], check=True)
        with np.load(Path(folder) / "points.npz") as found:
            return dict(found)


if __name__ == "__main__":
    main()
