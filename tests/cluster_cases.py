"""Random clustering problems, and how answers to them are compared."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twins import cluster as twin

Array = NDArray[np.float64]
Labels = NDArray[np.int32]

NOISE = -1
KINDS = ("blobs", "uniform", "duplicates", "collinear", "cutpoints")


def cloud(kind: str, n: int, rng: np.random.Generator) -> Array:
    """Points (n, 3) of one kind."""
    if kind == "uniform":
        return rng.uniform(0, 100, (n, 3))
    if kind == "duplicates":
        return cloud("blobs", n, rng)[rng.integers(0, max(1, n // 3), n)]
    if kind == "collinear":
        along = rng.normal(size=n) * rng.choice([1.0, 30.0], n)
        return np.outer(along, rng.normal(size=3)) + rng.integers(0, 3, (n, 1)) * 100.0
    centres = rng.uniform(-100, 100, (rng.integers(1, 6), 3))
    centre = centres[rng.integers(0, len(centres), n)]
    if kind == "cutpoints":
        return centre + np.clip(2 * rng.standard_cauchy((n, 3)), -400, 400)
    points = centre + rng.normal(size=(n, 3)) * rng.uniform(0.5, 15, (n, 1))
    noise = rng.random(n) < rng.uniform(0, 0.6)
    points[noise] = rng.uniform(-150, 150, (noise.sum(), 3))
    return points


def case(seed: int, largest: int) -> tuple[Array, int, int]:
    """Points, min_cluster_size and min_samples of a numbered random case."""
    rng = np.random.default_rng(seed)
    n = int(np.exp(rng.uniform(np.log(5), np.log(largest))))
    size = int(rng.integers(2, max(3, n // 4))) if rng.random() < 0.5 else int(rng.integers(2, 25))
    samples = size if rng.random() < 0.4 else int(rng.integers(1, max(2, n // 4)))
    return cloud(KINDS[seed % len(KINDS)], n, rng), size, samples


def same_partition(a: Any, b: Any) -> bool:
    """Whether two labellings are equal up to the numbers of the clusters; noise is noise."""
    pairs = set(zip(np.asarray(a).tolist(), np.asarray(b).tolist(), strict=True))
    one_to_one = len(pairs) == len({x for x, _ in pairs}) == len({y for _, y in pairs})
    return one_to_one and all((x == NOISE) == (y == NOISE) for x, y in pairs)


def on_a_rim(points: Array, min_samples: int, births: Any) -> NDArray[np.bool_]:
    """Points whose core distance is that at which some cluster was born: they belong to either side of the split."""
    core = twin.core_distances(points, min_samples)
    return np.isclose(core[:, None], np.asarray(births, float)[None], rtol=1e-9, atol=0).any(axis=1)


def library(points: Array, size: int, samples: int, algorithm: str = "generic") -> tuple[Labels, Array]:
    """Labels of the hdbscan package, and the distances at which its clusters were born."""
    import hdbscan

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = hdbscan.HDBSCAN(
            min_cluster_size=size, min_samples=samples, algorithm=algorithm, approx_min_span_tree=False
        ).fit(points)
        tree = found.condensed_tree_._raw_tree
        return found.labels_, 1 / tree["lambda_val"][tree["child_size"] > 1]


def agrees(ours: Labels, theirs: Labels, points: Array, samples: int, births: Any) -> bool:
    clear = ~on_a_rim(points, samples, births)
    return same_partition(ours[clear], theirs[clear])


def shuffled(points: Array, size: int, samples: int, expected: Labels, algorithm: str = "generic") -> bool:
    """Whether the hdbscan package gives another partition for some other order of the rows."""
    for seed in range(30):
        order = np.random.default_rng(seed).permutation(len(points))
        if not same_partition(library(points[order], size, samples, algorithm)[0], expected[order]):
            return True
    return False
