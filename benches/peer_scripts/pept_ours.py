"""Our side: ``pept_ours.py FOLDER REPEAT``."""

import sys
from pathlib import Path

import numpy as np
from measure import best

from lumentrace import pept
from lumentrace.pept.tracking import (
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
    jobs = {
        "recipe": lambda: recipe.fit(pept.LineData(wheel, 400, 300), verbose=False),
        "birmingham": lambda: BirminghamMethod(0.5).fit(pept.LineData(wheel, 200, 150), verbose=False),
        "adac_read": lambda: pept.scanners.adac_forte(str(folder / "lines.da01"), verbose=False),
        "find_cutpoints_2000": lambda: pept.tracking.peptml.find_cutpoints(lines[:2000], 0.5, cutoffs),
        "segregate_100k": lambda: Segregate(20, 10).fit(pept.PointData(points)),
    }
    best(jobs, repeat)


if __name__ == "__main__":
    main()
