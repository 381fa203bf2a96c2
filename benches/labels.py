"""Our HDBSCAN labels beside those of the hdbscan package, on random samples of 5 to 3000 points.

    python benches/labels.py [--cases 1000]

Counts the samples in which both give the same partition (adjusted Rand index 1), in which they differ only in points
on a rim (their core distance is that at which a cluster was born, so that they belong to either side), and in which
the package itself gives another partition once the rows are shuffled. Anything else is a fault; the exit code says so.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from sklearn.metrics import adjusted_rand_score

from lumentrace import _core

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from cluster_cases import agrees, case, library, shuffled


def verdict(seed: int) -> str:
    points, size, samples = case(seed, largest=3000)
    ours = _core.hdbscan_labels(points, size, samples)
    theirs, births = library(points, size, samples)
    if adjusted_rand_score(ours, theirs) == 1:
        return "equal"
    if agrees(ours, theirs, points, samples, births):
        return "equal but for points on a rim"
    if shuffled(points, size, samples, theirs):
        return "the package depends on the order of the rows"
    return "DIFFERENT"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    options = parser.parse_args()
    counts = Counter(verdict(seed) for seed in range(options.cases))
    for name, count in counts.most_common():
        print(f"{count:6}  {name}")
    sys.exit("DIFFERENT" in counts)


if __name__ == "__main__":
    main()
