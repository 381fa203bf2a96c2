"""Objects of all frames in as many clusters as there are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.checks import whole

from ... import compat
from ..clusters import ClusteringModule, Points, described, from_scikit_learn

Floats = NDArray[np.float64]
CRITERIA = ("bic", "playnano")
STARTS = 10
TOLERANCE = 1e-4


class XMeansClustering(ClusteringModule):
    """Cluster the objects of all frames by k-means, and find how many clusters there are.

    Outputs as of k-means, and `scores`: the score of each number of clusters that was tried.
    """

    name = "x_means_clustering"
    version = "0.1.0"

    def cluster(
        self,
        points: Points,
        *,
        min_k: int = 1,
        max_k: int = 10,
        replicates: int = 3,
        max_iter: int = 300,
        bic_threshold: float = 0.0,
        criterion: str = "bic",
        random_state: int = 42,
    ) -> dict[str, Any]:
        """Cluster points.

        Parameters
        ----------
        points : Points
        min_k, max_k : int, default 1 and 10
            Fewest and most clusters.
        replicates : int, default 3
            Starts of each k-means under the criterion 'playnano'; the other takes ten or more.
        max_iter : int, default 300
        bic_threshold : float, default 0
            By how much a split has to be better under the criterion 'playnano'.
        criterion : {'bic', 'playnano'}, default 'bic'
            'bic': k-means for every number of clusters, and that with the greatest Bayesian information criterion of
            spherical Gaussians of one variance (Pelleg & Moore, ICML 2000). 'playnano': clusters are split as long as
            that program's score grows, which makes too many; needs scikit-learn, whose k-means it uses.
        random_state : int, default 42
            Seed of the starts.

        Raises
        ------
        ValueError
            For settings out of range, and for a `min_k` above the number of objects.
        """
        known = compat.program(criterion)
        if known not in CRITERIA:
            raise ValueError(f"`criterion`: expected one of {', '.join(CRITERIA)}, found {criterion!r}")
        if not 1 <= min_k <= max_k:
            raise ValueError(f"`min_k`, `max_k`: expected 1 <= min_k <= max_k, found {min_k} and {max_k}")
        for name, value in (("replicates", replicates), ("max_iter", max_iter)):
            whole(name, value, 1)
        whole("random_state", random_state, 0)
        if not len(points.scaled):
            return described(points, points.frames, 0) | {"inertia": 0.0, "scores": {}}
        if min_k > len(points.scaled):
            raise ValueError(f"`min_k`: expected 1 to the {len(points.scaled)} objects, found {min_k}")
        most = min(max_k, len(points.scaled))
        if known == "bic":
            search = _Search(points.scaled, max(replicates, STARTS), random_state, max_iter)
            centres, scores = search.best(min_k, most)
        else:
            splits = _Splits(points.scaled, replicates, random_state, max_iter)
            centres, scores = splits.run(min_k, most, bic_threshold)
        squares = ((points.scaled[:, None] - centres) ** 2).sum(axis=2)
        labels = squares.argmin(axis=1).astype(np.int64)
        found = described(points, labels, len(centres))
        return found | {"inertia": float(squares.min(axis=1).sum()), "scores": scores}


class _Search:
    """K-means of one set of points for different numbers of clusters."""

    def __init__(self, points: Floats, starts: int, seed: int, max_iter: int):
        self._points, self._starts, self._seed, self._max_iter = points, starts, seed, max_iter

    def best(self, least: int, most: int) -> tuple[Floats, dict[int, float]]:
        """The centres with the greatest criterion, and all criteria."""
        fits = {k: self._fit(k) for k in range(least, most + 1)}
        scores = {k: _bic(labels, inertia, k, self._points.shape[1]) for k, (_, labels, inertia) in fits.items()}
        return fits[max(scores, key=scores.__getitem__)][0], scores

    def _fit(self, k: int) -> tuple[Floats, NDArray[np.int64], float]:
        return _core.k_means(self._points, k, self._starts, self._seed, self._max_iter, TOLERANCE)


class _Splits:
    """Splits of clusters as playNano makes them."""

    def __init__(self, points: Floats, starts: int, seed: int, max_iter: int):
        self._points, self._starts, self._seed, self._max_iter = points, starts, seed, max_iter

    def run(self, k: int, most: int, threshold: float) -> tuple[Floats, dict[int, float]]:
        """Centres once no split of a cluster has a better score, and what the splits gained."""
        gains: dict[int, float] = {}
        while True:
            centres, labels = self._fit(self._points, k)
            split = [self._gain(self._points[labels == number], centre) for number, centre in enumerate(centres)]
            better = [gain for gain in split if gain > threshold]
            gains[k] = sum(better)
            if not better or k + len(better) > most:
                return centres, gains
            k += len(better)

    def _fit(self, points: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
        kmeans = from_scikit_learn("KMeans", "`criterion='playnano'`")
        fitted = kmeans(k, n_init=self._starts, random_state=self._seed, max_iter=self._max_iter).fit(points)
        return fitted.cluster_centers_, fitted.labels_

    def _gain(self, own: Floats, centre: Floats) -> float:
        if len(own) < 2:
            return -np.inf
        centres, labels = self._fit(own, 2)
        children = [own[labels == number] for number in range(2)]
        if min(len(child) for child in children) < 2:
            return -np.inf
        scores = [_playnano_score(child, at) for child, at in zip(children, centres, strict=True)]
        return sum(scores) - _playnano_score(own, centre)


def _bic(labels: NDArray[np.int64], inertia: float, k: int, width: int) -> float:
    """Bayesian information criterion of spherical Gaussians of one variance."""
    n = len(labels)
    if n <= k:
        return -np.inf
    variance = max(inertia / (width * (n - k)), np.finfo(float).eps)
    sizes = np.bincount(labels, minlength=k)
    sizes = sizes[sizes > 0]
    likelihood = float((sizes * np.log(sizes / n)).sum())
    likelihood -= n * width / 2 * np.log(2 * np.pi * variance) + width * (n - k) / 2
    return float(likelihood - ((k - 1) + k * width + 1) / 2 * np.log(n))


def _playnano_score(points: Floats, centre: Floats) -> float:
    """The score of one cluster in playNano."""
    n, width = points.shape
    if n <= 1:
        return -np.inf
    squares = float(((points - centre) ** 2).sum())
    variance = squares / (n - 1) or np.finfo(float).eps
    spread = 0.5 * n * width * np.log(2 * np.pi * variance) + 0.5 * squares / variance
    return float(-spread - 0.5 * (width + 1) * np.log(n))
