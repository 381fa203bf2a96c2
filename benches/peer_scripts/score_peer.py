"""Trajectories by the peer's documented chains, for `scoreboard.py`."""

from jobs import serve
from pept.tracking import (
    FPI,
    HDBSCAN,
    BirminghamMethod,
    Centroids,
    Cutpoints,
    Segregate,
    SplitLabels,
    Stack,
    Voxelize,
)

import pept

ALONE = {"executor": "sequential", "verbose": False}


def peptml(lines, k):
    chain = pept.Pipeline(
        [
            Cutpoints(0.5),
            HDBSCAN(0.15, k),
            SplitLabels() + Centroids(error=True),
            Stack(30 * k, 30 * k - 1),
            HDBSCAN(0.6, k),
            SplitLabels() + Centroids(),
            Segregate(20 * k, 10),
        ]
    )
    return chain.fit(pept.LineData(lines, 200 * k, 150 * k), **ALONE)


def birmingham(lines, k):
    chain = pept.Pipeline([BirminghamMethod(0.5), Stack(), Segregate(20, 10)])
    return chain.fit(pept.LineData(lines, 200, 150), **ALONE)


def fpi(lines, k):
    chain = pept.Pipeline([Voxelize((50, 50, 50)), FPI(3, 0.4), Stack(), Segregate(20 * k, 10)])
    return chain.fit(pept.LineData(lines, 400 * k, 350 * k), **ALONE)


if __name__ == "__main__":
    serve({"peptml": peptml, "birmingham": birmingham, "fpi": fpi})
