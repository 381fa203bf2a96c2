"""Clusters of points around tracers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.points import PointData
from lumentrace.engine.native import NativeFilter, NativeStep

class HDBSCAN(NativeFilter):
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
        Who does the clustering: the Rust core, or the `hdbscan` package (extra ``lumentrace[hdbscan]``), which is slower
        and gives the same clusters.

    Raises
    ------
    ValueError
        If `true_fraction` is outside (0, 1], `max_tracers` below 1 or `engine` unknown.

    Notes
    -----
    The result has one more column, `label`: 0, 1, ... for clusters, -1 for noise and points that are not
    finite. Samples of one point or none give an empty table.

    References
    ----------
    .. [1] Campello R. J. G. B., Moulavi D., Sander J., Density-based clustering based on hierarchical density estimates,
       PAKDD 2013.

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
        self, true_fraction: float, max_tracers: int = 1, engine: Literal["lumentrace", "hdbscan"] = "lumentrace"
    ) -> None:
        if not 0 < true_fraction <= 1:
            raise ValueError(f"`true_fraction`: expected a number in (0, 1], found {true_fraction}")
        if int(max_tracers) != max_tracers or max_tracers < 1:
            raise ValueError(f"`max_tracers`: expected a whole number >= 1, found {max_tracers}")
        if engine not in ("lumentrace", "hdbscan"):
            raise ValueError(f"`engine`: expected 'lumentrace' or 'hdbscan', found {engine!r}")
        self.true_fraction = float(true_fraction)
        self.max_tracers = int(max_tracers)
        self.engine = engine

    def native(self, columns: list[str]) -> NativeStep | None:
        """The step of the Rust core; None for the other engine."""
        if self.engine != "lumentrace":
            return None
        options = {"true_fraction": self.true_fraction, "max_tracers": self.max_tracers}
        return NativeStep("hdbscan", options, [*columns, "label"])
