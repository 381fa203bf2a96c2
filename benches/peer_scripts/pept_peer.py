"""The peer's side, by its documented interface: ``pept_peer.py FOLDER REPEAT``."""

import sys
from pathlib import Path

import numpy as np
from measure import best
from pept.tracking import (
    FPI,
    HDBSCAN,
    BirminghamMethod,
    Centroids,
    Cutpoints,
    Minpoints,
    Segregate,
    SplitLabels,
    Stack,
    Velocity,
    Voxelize,
)

import pept

ALONE = {"executor": "sequential", "verbose": False}


def tracking(wheel, lines, points):
    recipe = pept.Pipeline(
        [
            Cutpoints(0.5),
            HDBSCAN(0.15, 2),
            SplitLabels() + Centroids(error=True),
            Stack(60, 59),
            HDBSCAN(0.6, 2),
            SplitLabels() + Centroids(),
            Segregate(40, 10),
        ]
    )
    cutoffs = np.array(
        [lines[:2000, [k, k + 3]].max() if m else lines[:2000, [k, k + 3]].min() for k in (1, 2, 3) for m in (0, 1)]
    )
    jobs = {}
    for executor in ("sequential", "joblib"):
        jobs[f"recipe:{executor}"] = lambda executor=executor: recipe.fit(
            pept.LineData(wheel, 400, 300), executor=executor, max_workers=2, verbose=False
        )
        jobs[f"birmingham:{executor}"] = lambda executor=executor: BirminghamMethod(0.5).fit(
            pept.LineData(wheel, 200, 150), executor=executor, max_workers=2, verbose=False
        )
    jobs["find_cutpoints_2000"] = lambda: pept.utilities.find_cutpoints(lines[:2000], 0.5, cutoffs)
    jobs["minpoints_3_of_200"] = lambda: Minpoints(3, 0.5).fit(pept.LineData(lines[:400], 200), **ALONE)
    jobs["segregate_100k"] = lambda: Segregate(20, 10).fit(pept.PointData(points))
    jobs["velocity"] = lambda: Velocity(11).fit(pept.PointData(points[:5000]), **ALONE)
    return jobs


def grids(lines):
    edges = [np.linspace(lines[:100_000, [k, k + 3]].min(), lines[:100_000, [k, k + 3]].max(), 101) for k in (1, 2, 3)]
    peaks = pept.Pipeline([Voxelize((50, 50, 50)), FPI(3, 0.4)])
    return {
        "voxelize_fpi": lambda: peaks.fit(pept.LineData(lines[:20_000], 400, 200), **ALONE),
        "traverse3d_100": lambda: pept.utilities.traverse3d(np.zeros((100, 100, 100)), lines[:100_000], *edges),
    }


def scanners(folder, places):
    efficiency = pept.scanners.ADACGeometricEfficiency(500)
    return {
        "adac_read": lambda: pept.scanners.adac_forte(str(folder / "lines.da01"), verbose=False),
        "geometric_efficiency": lambda: efficiency(*places.T),
    }


def main() -> None:
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    names = ("wheel", "lines", "points", "places")
    wheel, lines, points, places = (np.load(folder / f"{name}.npy") for name in names)
    best(tracking(wheel, lines, points) | grids(lines) | scanners(folder, places), repeat)


if __name__ == "__main__":
    main()
