"""Clusters of points around tracers."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.data.points import PointData
from lumentrace.engine.samples.native import NativeStep, PointFilter

NOISE = -1


class HDBSCAN(PointFilter):
    """Label the points of every sample by the tracer they belong to.

    Hierarchical density-based clustering [1]_ with one length scale: at least ``true_fraction / max_tracers`` of the
    points surround a tracer. The labels depend on nothing but the points: no random numbers, no thread count.

    Parameters
    ----------
    true_fraction : float
        Fraction of the points near tracers, in (0, 1]; 0.15 for cutpoints, 0.6 for a second pass over centroids.
    max_tracers : int, default 1
        Most tracers in the field of view.
    engine : {"lumentrace", "hdbscan"}, default "lumentrace"
        Who does the clustering: the Rust core, or the `hdbscan` package (extra ``lumentrace[hdbscan]``), which is
        slower and gives the same clusters but for points on a tie between two.
    injection : float, default 1.5
        Where artificial points are added, which make a single tracer one of two clusters: so many interquartile ranges
        beyond the third quartile on each axis. 2 is slightly better for one tracer with little noise, and worse with
        70 % of bad lines.

    Raises
    ------
    ValueError
        If `true_fraction` is outside (0, 1], `max_tracers` below 1, `engine` unknown or `injection` not above 0.
    ImportError
        When a sample is processed, if the `hdbscan` package is asked for and missing.

    Notes
    -----
    The result has one more column, `label`: 0, 1, ... for clusters, -1 for noise and points that are not
    finite. Samples of one point or none give an empty table.

    References
    ----------
    .. [1] Campello R. J. G. B., Moulavi D., Sander J., Density-based clustering based on hierarchical density
       estimates, PAKDD 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import HDBSCAN
    >>> rng = np.random.default_rng(0)
    >>> blob, far = rng.normal(0, 1, (60, 4)), rng.uniform(-200, 200, (40, 4))
    >>> labelled = HDBSCAN(true_fraction=0.6).fit_sample(PointData(np.vstack([blob, far])))
    >>> int((labelled["label"][:60] == 0).sum()), int((labelled["label"][60:] == 0).sum())
    (60, 0)
    """

    def __init__(
        self,
        true_fraction: float,
        max_tracers: int = 1,
        engine: Literal["lumentrace", "hdbscan"] = "lumentrace",
        injection: float = 1.5,
    ) -> None:
        if not 0 < true_fraction <= 1:
            raise ValueError(f"`true_fraction`: expected a number in (0, 1], found {true_fraction}")
        if int(max_tracers) != max_tracers or max_tracers < 1:
            raise ValueError(f"`max_tracers`: expected a whole number >= 1, found {max_tracers}")
        if engine not in ("lumentrace", "hdbscan"):
            raise ValueError(f"`engine`: expected 'lumentrace' or 'hdbscan', found {engine!r}")
        if not 0 < injection < math.inf:
            raise ValueError(f"`injection`: expected a finite number > 0, found {injection}")
        self.true_fraction = float(true_fraction)
        self.max_tracers = int(max_tracers)
        self.engine = engine
        self.injection = float(injection)

    def fit_sample(self, sample_points: Any) -> Any:
        """Cluster the points of one sample."""
        return super().fit_sample(sample_points)

    def native(self, columns: list[str]) -> NativeStep | None:
        """The step of the Rust core; None for the other engine."""
        if self.engine != "lumentrace":
            return None
        options = {"true_fraction": self.true_fraction, "max_tracers": self.max_tracers, "injection": self.injection}
        return NativeStep("hdbscan", options, [*columns, "label"])

    def fit_python(self, sample: PointData) -> PointData:
        """Label the points with the `hdbscan` package."""
        if not isinstance(sample, PointData):
            raise TypeError(f"HDBSCAN: expected PointData, found {type(sample).__name__}")
        points = sample.points if len(sample.points) > 1 else sample.points[:0]
        finite = np.isfinite(points[:, 1:4]).all(axis=1)
        labels = np.full(len(points), float(NOISE))
        labels[finite] = self._clusters(np.ascontiguousarray(points[finite, :4]))
        return sample.copy(data=np.column_stack([points, labels]), columns=[*sample.columns, "label"])

    def _clusters(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Labels of finite points, after those of the `hdbscan` package for the points and the injected ones."""
        clusterer = _clusterer()
        if len(points) < 2:
            return np.full(len(points), NOISE)
        if (points[:, 1:] == points[0, 1:]).all():
            return np.zeros(len(points), dtype=np.int64)
        injected, smallest = _core.tracer_injection(points, self.true_fraction, self.max_tracers, self.injection)
        everything = np.vstack([points[:, 1:], injected])
        found = clusterer(smallest, min_samples=smallest, approx_min_span_tree=False, core_dist_n_jobs=1)
        return _renumbered(*np.split(found.fit_predict(everything), [len(points)]))


def _clusterer() -> Any:
    try:
        import hdbscan
    except ImportError as error:
        raise ImportError("HDBSCAN(engine='hdbscan') needs that package: pip install 'lumentrace[hdbscan]'") from error
    return hdbscan.HDBSCAN


def _renumbered(real: NDArray[np.int64], injected: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels of the real points by first appearance; clusters that are mostly injected are noise."""
    labels = np.full(len(real), NOISE)
    for name in dict.fromkeys(real[real != NOISE].tolist()):
        own, foreign = (real == name).sum(), (injected == name).sum()
        if foreign <= own and 2 * foreign <= len(injected):
            labels[real == name] = labels.max() + 1
    return labels
