"""The peer's side, by its documented interface: ``pept_peer.py FOLDER REPEAT``."""

import sys
from pathlib import Path

import numpy as np
import pept
from measure import best
from pept.tracking import (
    HDBSCAN,
    BirminghamMethod,
    Centroids,
    Cutpoints,
    Segregate,
    SplitLabels,
    Stack,
)


def main() -> None:
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    wheel, lines, points = (np.load(folder / f"{name}.npy") for name in ("wheel", "lines", "points"))
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
    jobs["adac_read"] = lambda: pept.scanners.adac_forte(str(folder / "lines.da01"), verbose=False)
    jobs["find_cutpoints_2000"] = lambda: pept.utilities.find_cutpoints(lines[:2000], 0.5, cutoffs)
    jobs["segregate_100k"] = lambda: Segregate(20, 10).fit(pept.PointData(points))
    best(jobs, repeat)


if __name__ == "__main__":
    main()
