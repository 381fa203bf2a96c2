"""Simulated experiments with known truth, tracked by lumentrace and by the peer.

    python benches/truth.py [--shared ../shared] [--peers .peers] [--no-peer]

One, two and four tracers at 42 rpm, 30 to 70 % of the lines scattered or random, 100 lines per ms. Prints for each
way of tracking the number of locations, the median and the 90 % quantile of their distance from the nearest tracer in
mm, and two shares of all (tracer, time step of one sample) bins: those that hold a location within 5 mm ("bins"; the
times of locations scatter by a good part of a step, so even one location per sample leaves 3 to 15 % of bins empty),
and those whose centre is at most one step away from such a location ("located"). "both" are medians of both sides on
the locations that both have.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peers import HERE, peer_python

TRACERS = (1, 2, 4)
SAMPLES = 400
STEP = 50
CLOSE = 5.0


def simulator(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_pept_data", shared / "tools" / "make_pept_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(make: ModuleType, params: dict[str, Any], points: NDArray[np.float64], tracers: int) -> list[float]:
    """Number, median and 90 % quantile of the distances, share of bins, located share."""
    if not len(points):
        return [0, np.nan, np.nan, 0.0, 0.0]
    distance = np.linalg.norm(make.truth_at(params, points[:, 0]) - points[:, 1:4], axis=2)
    nearest, least = distance.argmin(axis=0), distance.min(axis=0)
    step = STEP * tracers / params["rate"]
    edges = np.arange(0, params["duration"] + step / 2, step)
    held = located = 0
    for tracer in range(tracers):
        times = np.sort(points[(nearest == tracer) & (least < CLOSE), 0])
        held += (np.histogram(times, edges)[0] > 0).sum()
        located += (np.abs(edges[:-1, None] + step / 2 - times).min(axis=1, initial=np.inf) <= step).sum()
    bins = tracers * (len(edges) - 1)
    return [len(points), np.median(least), np.quantile(least, 0.9), held / bins, located / bins]


def on_common(make: ModuleType, params: dict[str, Any], sides: list[NDArray[np.float64]], tracers: int) -> list[float]:
    """Median distances of both sides on the locations that both have: of one tracer, a quarter of a step apart."""
    step = STEP * tracers / params["rate"]
    found = []
    for points in sides:
        distance = np.linalg.norm(make.truth_at(params, points[:, 0]) - points[:, 1:4], axis=2)
        near = distance.min(axis=0) < CLOSE
        found.append((points[near, 0], distance.argmin(axis=0)[near], distance.min(axis=0)[near]))
    (times, tracer, least), (others, other_tracer, other_least) = found
    if not len(times) or not len(others):
        return [0, np.nan, np.nan]
    apart = np.abs(times[:, None] - others) + 1e9 * (tracer[:, None] != other_tracer)
    partner = apart.argmin(axis=1)
    mutual = (apart.min(axis=1) <= step / 4) & (apart.argmin(axis=0)[partner] == np.arange(len(times)))
    return [mutual.sum(), np.median(least[mutual]), np.median(other_least[partner[mutual]])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared", help="folder with tools/")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".peers", help="folder of the peers' environments")
    parser.add_argument("--no-peer", action="store_true", help="lumentrace alone")
    parser.add_argument("--seed", type=int, default=4200)
    options = parser.parse_args()
    make = simulator(options.shared)
    sides = [("ours", Path(sys.executable))]
    if not options.no_peer:
        sides.append(("peer", peer_python("pept", options.peers)))
    heads = f"{'points':>6} {'median':>7} {'90 %':>7} {'bins':>6} {'located':>7}"
    print(f"{'k':>2} {'noise':>5} {'who':5} {'stage':12} {heads}")
    for tracers in TRACERS:
        for noise in (0.3, 0.5, 0.7):
            n = (SAMPLES * STEP + 150) * tracers
            made = make.simulate(n=n, tracers=["circle"] * tracers, noise=noise, seed=options.seed + tracers)
            found = {who: tracked(python, who, made["lors"], tracers) for who, python in sides}
            for who, stages in found.items():
                for stage, points in stages.items():
                    number, median, most, held, located = score(make, made["params"], points, tracers)
                    figures = f"{number:6.0f} {median:7.3f} {most:7.3f} {held:6.3f} {located:7.3f}"
                    print(f"{tracers:2} {noise:5} {who:5} {stage:12} {figures}", flush=True)
            for stage in found.get("peer", {}):
                pair = [found[who][stage] for who in ("ours", "peer")]
                number, ours, theirs = on_common(make, made["params"], pair, tracers)
                print(
                    f"{tracers:2} {noise:5} both  {stage:12} {number:6.0f} {ours:7.3f} against {theirs:7.3f}",
                    flush=True,
                )


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
