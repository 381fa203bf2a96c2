"""Makes the images: ``coloc_inputs.py FOLDER SHARED``."""

import sys
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

SIDE = 2048


def pair():
    """Two channels with common and own structures on a background: correlated at every level, the slowest case."""
    random = np.random.default_rng(11)
    common, own_a, own_b = (gaussian_filter(random.normal(size=(SIDE, SIDE)), 6) for _ in range(3))
    structures = [np.clip(own + 1.5 * common, 0, None) for own in (own_a, own_b)]
    return [random.poisson(200 + 2000 * image / image.max()).astype(np.uint16) for image in structures]


def cells():
    """Discs on a jittered grid, about 530."""
    random = np.random.default_rng(12)
    labels = np.zeros((SIDE, SIDE), dtype=np.int32)
    y, x = np.mgrid[-36:37, -36:37]
    number = 0
    for row in range(44, SIDE - 44, 86):
        for column in range(44, SIDE - 44, 86):
            number += 1
            radius = random.uniform(18, 36)
            dy, dx = random.integers(-6, 7, 2)
            inside = y**2 + x**2 < radius**2
            labels[row + dy - 36 : row + dy + 37, column + dx - 36 : column + dx + 37][inside] = number
    return labels


def main():
    folder = Path(sys.argv[1])
    a, b = pair()
    for name, array in (("a", a), ("b", b), ("labels", cells())):
        np.save(folder / f"{name}.npy", array)


if __name__ == "__main__":
    main()
