"""Locations by lumentrace: ``truth_ours.py FOLDER TRACERS``."""

import sys
from pathlib import Path

import numpy as np

from lumentrace import pept
from lumentrace.pept.recipes import PeptML
from lumentrace.pept.tracking import (
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


def main() -> None:
    folder, k = Path(sys.argv[1]), int(sys.argv[2])
    lines = np.load(folder / "lines.npy")
    samples = pept.LineData(lines, 200 * k, 150 * k)
    recipe = PeptML(tracers=k)
    documented = [Cutpoints(0.5), HDBSCAN(0.15, k), SplitLabels(), Centroids(error=True)]
    second = pept.Pipeline(
        [Stack(30 * k, 30 * k - 1), HDBSCAN(0.6, k), SplitLabels(), Centroids(), Segregate(20 * k, 10)]
    )
    found = {}
    for name, first in ((" pass", recipe.first_pass()), (" as doc.", documented)):
        once = pept.Pipeline([*first, Stack()]).fit(samples, verbose=False)
        twice = second.fit(once, verbose=False)
        found |= {"first" + name: once.points, "second" + name: twice.points[twice["label"] >= 0]}
    tracks = recipe.fit(pept.LineData(lines), verbose=False)
    found["recipe"] = tracks.points[tracks["label"] >= 0]
    coarse = pept.LineData(lines, 400 * k, 350 * k)
    found["fpi"] = pept.Pipeline([Voxelize((50, 50, 50)), FPI(3, 0.4), Stack()]).fit(coarse, verbose=False).points
    if k == 1:
        found["birmingham"] = pept.Pipeline([BirminghamMethod(0.5), Stack()]).fit(samples, verbose=False).points
    np.savez(folder / "points.npz", **{name: points[:, :4] for name, points in found.items()})


if __name__ == "__main__":
    main()
