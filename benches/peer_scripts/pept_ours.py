"""Our side: ``pept_ours.py FOLDER REPEAT``."""

import sys
from pathlib import Path

import numpy as np
from measure import best

from lumentrace import pept
from lumentrace.pept import recipes
from lumentrace.pept.processing import circles2d, occupancy2d
from lumentrace.pept.tracking import (
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


def tracking(wheel, lines, points):
    recipe = pept.Pipeline(
        [
            Cutpoints(0.5),
            HDBSCAN(0.15, 2),
            SplitLabels(),
            Centroids(error=True),
            Stack(60, 59),
            HDBSCAN(0.6, 2),
            SplitLabels(),
            Centroids(),
            Segregate(40, 10),
        ]
    )
    cutoffs = pept.tracking.cutpoints.get_cutoffs(lines[:2000])
    triples = pept.LineData(lines[:400], 200)
    return {
        "recipe": lambda: recipe.fit(pept.LineData(wheel, 400, 300), verbose=False),
        "lines": lambda: recipes.Lines(tracers=2).fit(pept.LineData(wheel), verbose=False),
        "birmingham": lambda: BirminghamMethod(0.5).fit(pept.LineData(wheel, 200, 150), verbose=False),
        "find_cutpoints_2000": lambda: pept.tracking.peptml.find_cutpoints(lines[:2000], 0.5, cutoffs),
        "minpoints_3_of_200": lambda: Minpoints(3, 0.5).fit(triples, verbose=False),
        "segregate_100k": lambda: Segregate(20, 10).fit(pept.PointData(points)),
        "velocity": lambda: Velocity(11).fit(pept.PointData(points[:5000]), verbose=False),
    }


def grids(lines):
    samples = pept.LineData(lines[:20_000], 400, 200)
    edges = [np.linspace(lines[:100_000, [k, k + 3]].min(), lines[:100_000, [k, k + 3]].max(), 101) for k in (1, 2, 3)]
    peaks = pept.Pipeline([Voxelize((50, 50, 50)), FPI(3, 0.4)])
    return {
        "voxelize_fpi": lambda: peaks.fit(samples, verbose=False),
        "traverse3d_100": lambda: pept.utilities.traverse3d(np.zeros((100, 100, 100)), lines[:100_000], *edges),
    }


def maps(track):
    box = {"xlim": [0, 500], "ylim": [0, 500], "verbose": False}
    jobs = {}
    for size in (100, 500):
        jobs[f"occupancy2d_{size}"] = lambda size=size: occupancy2d(track, (size, size), 5.0, **box)
        jobs[f"circles2d_{size}"] = lambda size=size: circles2d(track[:, 1:], (size, size), 5.0, **box)
    return jobs


def scanners(folder, places):
    efficiency = pept.scanners.ADACGeometricEfficiency(500)
    return {
        "adac_read": lambda: pept.scanners.adac_forte(str(folder / "lines.da01"), verbose=False),
        "geometric_efficiency": lambda: efficiency(*places.T),
    }


def main() -> None:
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    names = ("wheel", "lines", "points", "track", "places")
    wheel, lines, points, track, places = (np.load(folder / f"{name}.npy") for name in names)
    best(tracking(wheel, lines, points) | grids(lines) | maps(track) | scanners(folder, places), repeat)


if __name__ == "__main__":
    main()
