"""Our side: ``coloc_ours.py FOLDER REPEAT``."""

import sys
from pathlib import Path

import numpy as np
from measure import best

from lumentrace import coloc


def main():
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    a, b, labels = (np.load(folder / f"{name}.npy") for name in ("a", "b", "labels"))
    best(
        {
            "costes": lambda: coloc.costes_threshold(a, b),
            "costes_exact": lambda: coloc.costes(a, b, search="exact-orthogonal"),
            "pearson": lambda: coloc.pearson(a, b),
            "spearman": lambda: coloc.spearman(a, b),
            "spearman_f32": lambda: coloc.spearman(a.astype("f4"), b.astype("f4")),
            "icq": lambda: coloc.li_icq(a, b),
            "manders": lambda: coloc.manders(a, b, 500, 500),
            "kendall": lambda: coloc.kendall_tau(a, b),
            "cells_four_metrics": lambda: coloc.analyse_pairwise(a, b, label_mask=labels),
            "cells_rwc": lambda: coloc.colocalization_table([a, b], label_mask=labels, metrics=("rwc",)),
            "cells_costes_orthogonal": lambda: coloc.analyse_pairwise(
                a, b, label_mask=labels, metrics="mcc", threshold_method="costes-orthogonal"
            ),
            "shuffles_1000": lambda: coloc.costes_randomization(a, b, block=8, n=1000),
        },
        repeat,
    )


if __name__ == "__main__":
    main()
