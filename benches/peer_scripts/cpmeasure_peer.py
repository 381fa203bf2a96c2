"""cp_measure, the measurements of CellProfiler: ``cpmeasure_peer.py FOLDER REPEAT``."""

import sys
from pathlib import Path

import numpy as np
from cp_measure.bulk import get_correlation_measurements
from measure import best


def main():
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    a, b, labels = (np.load(folder / f"{name}.npy") for name in ("a", "b", "labels"))
    a, b = (image / 65535 for image in (a, b))
    measure = get_correlation_measurements()
    best(
        {
            "cells_costes_orthogonal:cp_measure": lambda: measure["costes"](a, b, labels, scale_max=65535),
            "cells_rwc:cp_measure": lambda: measure["rwc"](a, b, labels),
        },
        min(repeat, 1),
    )


if __name__ == "__main__":
    main()
