"""Locations by the peer's documented interface: ``truth_peer.py FOLDER TRACERS``."""

import sys
from pathlib import Path

import numpy as np
from pept.tracking import (
    FPI,
    HDBSCAN,
    BirminghamMethod,
    Centroids,
    Cutpoints,
    Segregate,
    SplitLabels,
    Stack,
    Voxelize,
)

import pept


def main() -> None:
    folder, k = Path(sys.argv[1]), int(sys.argv[2])
    lines = np.load(folder / "lines.npy")
    run = {"executor": "sequential", "verbose": False}
    samples = pept.LineData(lines, 200 * k, 150 * k)
    first = pept.Pipeline([Cutpoints(0.5), HDBSCAN(0.15, k), SplitLabels() + Centroids(error=True), Stack()])
    once = first.fit(samples, **run)
    second = pept.Pipeline(
        [Stack(30 * k, 30 * k - 1), HDBSCAN(0.6, k), SplitLabels() + Centroids(), Segregate(20 * k, 10)]
    )
    twice = second.fit(once, **run).points
    found = {"first pass": once.points, "second pass": twice[twice[:, -1] >= 0]}
    coarse = pept.LineData(lines, 400 * k, 350 * k)
    found["fpi"] = pept.Pipeline([Voxelize((50, 50, 50)), FPI(3, 0.4), Stack()]).fit(coarse, **run).points
    if k == 1:
        found["birmingham"] = pept.Pipeline([BirminghamMethod(0.5), Stack()]).fit(samples, **run).points
    np.savez(folder / "points.npz", **{name: points[:, :4] for name, points in found.items()})


if __name__ == "__main__":
    main()
