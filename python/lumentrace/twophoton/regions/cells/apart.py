"""How much of a candidate is its own, and not what better candidates have together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]

LEAST = 0.25
"""Own share from which on noise is at most doubled by telling candidates apart."""


def own_shares(
    footprints: Sequence[tuple[NDArray[np.int64], Floats]], size: int, scores: Sequence[float], threshold: float
) -> Floats:
    """The squared share of each footprint that is no mixture of those of better candidates which it overlaps.

    Its inverse is the factor by which the variance of a time course grows if it is told apart from theirs by least
    squares.

    Parameters
    ----------
    footprints : sequence of (ndarray, ndarray)
        Pixels and weights of each candidate.
    size : int
        Pixels of the frame.
    scores : sequence of float
    threshold : float
        Candidates below it count for no others, and neither do those that have less than `LEAST` of their own.

    Returns
    -------
    ndarray
        (candidates,); 1 for those that overlap no better one.
    """
    starts = np.concatenate([[0], np.cumsum([own.size for own, _ in footprints], dtype=np.int64)])
    values = np.concatenate([*(own / np.sqrt(own @ own) for _, own in footprints), np.empty(0)])
    places = np.concatenate([*(own for own, _ in footprints), np.empty(0, np.int64)])
    matrix = sparse.csr_matrix((values, places, starts), shape=(len(footprints), size))
    products = (matrix @ matrix.T).tocsr()
    found, counts = np.ones(len(footprints)), np.zeros(len(footprints), bool)
    for number in np.argsort(-np.asarray(scores), kind="stable"):
        row = products[number]
        others = row.indices[counts[row.indices]]
        if len(others):
            shared = row[:, others].toarray().ravel()
            among = products[others][:, others].toarray()
            found[number] = 1 - float(shared @ np.linalg.pinv(among, hermitian=True) @ shared)
        counts[number] = scores[number] >= threshold and found[number] >= LEAST
    return found
