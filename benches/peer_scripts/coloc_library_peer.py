"""scipy and plain numpy, in our own environment: ``coloc_library_peer.py FOLDER REPEAT``."""

import sys
from pathlib import Path

import numpy as np
from measure import best
from scipy import stats

BLOCK = 8


def shuffles(a, b, count):
    """Costes' randomisation as one would write it: whole blocks, a gather and a product per shuffle."""
    rows = []
    for image in (a, b):
        tall, wide = (length // BLOCK for length in image.shape)
        split = image.reshape(tall, BLOCK, wide, BLOCK).transpose(0, 2, 1, 3).reshape(tall * wide, -1)
        rows.append(((split - split.mean()) / split.std()).astype(np.float32))
    random = np.random.default_rng(0)
    return [np.vdot(rows[0][random.permutation(len(rows[0]))], rows[1]) / rows[0].size for _ in range(count)]


def main():
    folder, repeat = Path(sys.argv[1]), int(sys.argv[2])
    a, b = (np.load(folder / f"{name}.npy") for name in ("a", "b"))
    best(
        {
            "spearman:scipy": lambda: stats.spearmanr(a.ravel(), b.ravel()),
            "spearman_f32:scipy": lambda: stats.spearmanr(a.ravel().astype("f4"), b.ravel().astype("f4")),
            "kendall:scipy": lambda: stats.kendalltau(a.ravel(), b.ravel()),
            "shuffles_1000:numpy": lambda: shuffles(a, b, 1000),
        },
        min(repeat, 1),
    )


if __name__ == "__main__":
    main()
