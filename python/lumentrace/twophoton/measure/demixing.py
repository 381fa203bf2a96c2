"""Fluorescence of regions that overlap, told apart by their footprints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Floats = NDArray[np.float64]
Pixels = Sequence[NDArray[np.int64]]


class Unmixing:
    """Least squares for regions that overlap: ``y(p) = sum_k a_k(p) f_k`` in each frame.

    Weights ``a_k`` have a mean of 1 over the pixels of a region, so that ``f_k`` is the fluorescence that the region
    has on average. Regions are solved in groups that overlap; those that no frame can tell apart share what they have.

    Parameters
    ----------
    pixels : list of ndarray
        Of each region; f is NaN for a region without.
    footprints : list of ndarray
        Weights of these pixels, above 0.
    size : int
        Pixels of the frame.
    """

    def __init__(self, pixels: Pixels, footprints: Sequence[Floats], size: int) -> None:
        scaled = [own / own.mean() if own.size else own for own in footprints]
        self.weights = np.concatenate([*scaled, np.empty(0)])
        self.totals = np.array([own.sum() for own in scaled])
        starts = np.concatenate([[0], np.cumsum([own.size for own in pixels], dtype=np.int64)])
        places = np.concatenate([*pixels, np.empty(0, np.int64)])
        matrix = sparse.csr_matrix((self.weights, places, starts), shape=(len(pixels), size))
        self._products = (matrix @ matrix.T).tocsr()
        count, group = csgraph.connected_components(self._products, directed=False)
        order = np.argsort(group, kind="stable")
        self._groups = np.split(order, np.searchsorted(group[order], np.arange(1, count)))

    def solve(self, sums: Floats) -> Floats:
        """Fluorescence (frames, regions) from weighted sums of pixels (frames, regions)."""
        found = np.full(sums.shape, np.nan)
        for group in self._groups:
            if self.totals[group].all():
                products = self._products[group][:, group].toarray()
                found[:, group] = sums[:, group] @ np.linalg.pinv(products, hermitian=True)
        return found
