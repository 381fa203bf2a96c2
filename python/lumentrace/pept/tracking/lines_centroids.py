"""One tracer per sample: the point nearest to its lines, the furthest removed step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples.native import NativeFilter, NativeStep, keep_public


class LinesCentroids(NativeFilter):
    """Locate the single tracer of every sample of lines by iterative rejection.

    From the point nearest to all n lines, in the least-squares sense, round i goes to the point nearest to the
    ``int(n (1 - remove i))`` lines that pass the point before most closely.

    Parameters
    ----------
    remove : float, default 0.1
        Share of all lines to remove in each round, from 0 to 1; two lines are always left.
    iterations : int, default 6
        Number of rounds.

    Raises
    ------
    ValueError
        If `remove` or `iterations` makes no sense.

    Notes
    -----
    Results have columns t, x, y, z: one row, or none with fewer than two lines or parallel ones. The time is the mean
    of that of all lines. A sample that is a list of tables, such as those of ``SplitLabels(extract_lines=True)``, gives
    the rows of all tables in their order.

    Examples
    --------
    >>> from lumentrace import LineData
    >>> from lumentrace.pept.tracking import LinesCentroids
    >>> lines = LineData([[0, 0, 5, 5, 9, 5, 5], [3, 4, 0, 5, 4, 9, 5], [6, 4, 5, 0, 4, 5, 9], [7, 1, 1, 0, 1, 9, 3]])
    >>> LinesCentroids(remove=0.25, iterations=1).fit_sample(lines).points.round(9)
    array([[4., 4., 5., 5.]])
    """

    takes = LineData

    def __init__(self, remove: float = 0.1, iterations: int = 6) -> None:
        if not 0 <= remove <= 1:
            raise ValueError(f"`remove`: expected a fraction from 0 to 1, found {remove}")
        if int(iterations) != iterations or iterations < 0:
            raise ValueError(f"`iterations`: expected a whole number >= 0, found {iterations}")
        self.remove = float(remove)
        self.iterations = int(iterations)

    def fit_sample(self, lines: Any) -> Any:
        """Locate one sample."""
        return super().fit_sample(lines)

    def native(self, columns: list[str]) -> NativeStep:
        """The step of the Rust core."""
        options = {"remove": self.remove, "iterations": self.iterations}
        return NativeStep("lines_centroids", options, ["t", "x", "y", "z"], attrs=keep_public)

    def fit_python(self, sample: Any) -> PointData:
        """Locate the tracer of every table of a list."""
        located = [self.fit_sample(lines) for lines in sample]
        together: PointData = located[0].copy(data=np.concatenate([each.points for each in located]))
        return together

    @staticmethod
    def centroid(lors: ArrayLike | LineData) -> NDArray[np.float64]:
        """The point nearest to all lines, shape (3,) in mm; NaN if there is no single one."""
        point = _core.lsq_point(LineData(lors).lines)
        return np.full(3, np.nan) if point is None else point

    @staticmethod
    def distance_matrix(x: ArrayLike, lors: ArrayLike | LineData) -> NDArray[np.float64]:
        """Squared distances of the point `x` from every line, shape (N,) in mm²."""
        lines = LineData(lors).lines
        w, u = np.asarray(x, dtype=np.float64) - lines[:, 1:4], lines[:, 4:7] - lines[:, 1:4]
        with np.errstate(invalid="ignore", divide="ignore"):
            along = (w * u).sum(axis=1) / (u * u).sum(axis=1)
        gap = w - along[:, None] * u
        distances: NDArray[np.float64] = (gap * gap).sum(axis=1)
        return distances

    def predict(self, lines: Any) -> NDArray[np.float64]:
        """The location t, x, y, z of one sample, shape (1, 4) or (0, 4)."""
        located: PointData = self.fit_sample(lines)
        return located.points
