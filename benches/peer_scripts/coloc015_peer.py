"""napari-colocalization 0.1.5: ``coloc015_peer.py FOLDER REPEAT``."""

import os
import sys
from pathlib import Path

import numpy as np
from measure import best

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from napari_colocalization._analysis import analyse_pairwise
from napari_colocalization._metrics import costes_threshold, li_icq, manders, pearson, spearman


def jobs(a, b, labels, version):
    return {
        f"costes:{version}": lambda: costes_threshold(a, b),
        f"pearson:{version}": lambda: pearson(a, b),
        f"spearman:{version}": lambda: spearman(a, b),
        f"icq:{version}": lambda: li_icq(a, b),
        f"manders:{version}": lambda: manders(a, b, 500, 500),
        f"cells_four_metrics:{version}": lambda: analyse_pairwise(
            a, b, label_mask=labels, metrics=("pcc", "srcc", "icq", "mcc")
        ),
    }


def main(version="0.1.5"):
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    a, b, labels = (np.load(folder / f"{name}.npy") for name in ("a", "b", "labels"))
    best(jobs(a, b, labels, version), 1 if version == "0.1.5" else repeat)


if __name__ == "__main__":
    main()
