"""Locations from the difference in the arrival of two photons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import LineDataFilter, PointDataFilter
from lumentrace.pept.tracking.cutpoints import COLUMNS, INDICES, checked_cutoffs, find_cutpoints, get_cutoffs

SPEED_OF_LIGHT = 299_792_458.0
"""In mm/ms."""

FWHM_PER_SIGMA = 2.3548
TOF = "tof"
SHIFTS = 10_000
"""Most steps to the place of highest density."""


class TimeOfFlight(LineDataFilter):
    """Locate every annihilation along its line by the arrival times of the two photons.

    The point lies at the fraction ``1/2 - c (t2 - t1) / (2 |P2 - P1|)`` of the line, seen from its first point.

    Parameters
    ----------
    temporal_resolution : float, optional
        Full width at half maximum of the time difference in ms.
    points : bool, default False
        Return the points instead of the lines.

    Notes
    -----
    Lines need a column `t2`, or an eighth column, with the time at the second point. The result is the lines with the
    points as attribute `tof`; these have the attributes `temporal_resolution` and `spatial_resolution` (c times that,
    in mm) and the time of the annihilation, ``t1 - |point - P1| / c``. Lines without a length or a time give NaN.

    Raises
    ------
    ValueError
        If samples have fewer than 8 columns, or `temporal_resolution` is not positive.

    Examples
    --------
    >>> from lumentrace import LineData
    >>> from lumentrace.pept.tracking import TimeOfFlight
    >>> names = ["t", "x1", "y1", "z1", "x2", "y2", "z2", "t2"]
    >>> lines = LineData([[1, 0, 0, 0, 600, 0, 0, 1 + 1e-6]], columns=names)
    >>> TimeOfFlight(points=True).fit_sample(lines)["x"].round(2)
    array([150.1])
    """

    def __init__(self, temporal_resolution: float | None = None, points: bool = False) -> None:
        if temporal_resolution is not None and not temporal_resolution > 0:
            raise ValueError(f"`temporal_resolution`: expected a time > 0 ms, found {temporal_resolution}")
        self.temporal_resolution = temporal_resolution
        self.points = bool(points)

    def fit_sample(self, sample: Any) -> Any:
        """Locate the annihilations of one sample."""
        if not isinstance(sample, LineData):
            sample = LineData(sample)
        rows = sample.lines
        if rows.shape[1] < 8:
            raise ValueError(f"TimeOfFlight: expected a column `t2` or 8 columns, found {sample.columns}")
        second = rows[:, sample.columns.index("t2") if "t2" in sample.columns else 7]
        p, u = rows[:, 1:4], rows[:, 4:7] - rows[:, 1:4]
        length = np.linalg.norm(u, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = 0.5 - 0.5 * SPEED_OF_LIGHT * (second - rows[:, 0]) / length
        share[length == 0] = np.nan
        times = rows[:, 0] - np.abs(share) * length / SPEED_OF_LIGHT
        located = PointData(np.column_stack([times, p + share[:, None] * u]), **self._resolutions())
        return located if self.points else sample.copy(deep=False, tof=located)

    def _resolutions(self) -> dict[str, Any]:
        if self.temporal_resolution is None:
            return {"temporal_resolution": None, "spatial_resolution": None}
        spatial = SPEED_OF_LIGHT * self.temporal_resolution
        return {"temporal_resolution": self.temporal_resolution, "spatial_resolution": spatial}


class CutpointsToF(LineDataFilter):
    """Cutpoints of lines whose time-of-flight points are near each other.

    Parameters
    ----------
    max_distance : float, optional
        Largest distance between the two time-of-flight points in mm, exclusive. By default twice their
        `spatial_resolution`, but no more than the largest standard deviation of their coordinates.
    cutoffs : (6,) array-like, optional
        ``[xmin, xmax, ymin, ymax, zmin, zmax]`` in mm: cutpoints must lie strictly inside. By default the box around
        the points of the sample's lines.
    append_indices : bool, default False
        Append columns `line_index1` and `line_index2`, the rows of the two lines (both the same for a time-of-flight
        point), and keep the lines as the hidden attribute `_lines`.
    cutpoints_only : bool, default False
        Leave the time-of-flight points themselves out of the result.

    Raises
    ------
    ValueError
        If samples have no attribute `tof` (put `TimeOfFlight` first), or `cutoffs` are not six numbers.

    Examples
    --------
    >>> from lumentrace import LineData
    >>> from lumentrace.pept.tracking import CutpointsToF, TimeOfFlight
    >>> rows = [[1, 0, 5, 5, 9, 5, 5, 1], [1, 4, 0, 5.2, 4, 9, 5.2, 1]]
    >>> chain = TimeOfFlight() + CutpointsToF(max_distance=5, cutpoints_only=True)
    >>> chain.fit_sample(LineData(rows)).points.round(6).tolist()
    [[1.0, 4.0, 5.0, 5.1]]
    """

    def __init__(
        self,
        max_distance: float | None = None,
        cutoffs: ArrayLike | None = None,
        append_indices: bool = False,
        cutpoints_only: bool = False,
    ) -> None:
        self.max_distance = max_distance
        self.cutoffs = None if cutoffs is None else checked_cutoffs(cutoffs)
        self.append_indices, self.cutpoints_only = bool(append_indices), bool(cutpoints_only)

    def fit_sample(self, sample: LineData) -> PointData:
        """Find the cutpoints of one sample."""
        tof = getattr(sample, "attrs", {}).get(TOF)
        if tof is None:
            raise ValueError("CutpointsToF: expected lines with an attribute `tof`; put TimeOfFlight before it")
        cutoffs = get_cutoffs(sample) if self.cutoffs is None else self.cutoffs
        limit = self._limit(tof)
        # Every pair has a cutpoint; which ones count is decided by the time-of-flight points.
        pairs = find_cutpoints(sample, np.inf, self.cutoffs, append_indices=True).points
        first, second = (tof.points[pairs[:, column].astype(int)] for column in (4, 5))
        rows = pairs[np.linalg.norm(first[:, 1:4] - second[:, 1:4], axis=1) < limit]
        rows[:, 0] = self._times(tof, rows)
        if not self.cutpoints_only:
            own = np.arange(len(tof.points), dtype=np.float64)
            rows = np.vstack([rows, np.column_stack([tof.points[:, :4], own, own])])
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        hidden: dict[str, Any] = {"_max_distance": limit, "_cutoffs": cutoffs}
        if self.append_indices:
            return PointData(rows, columns=COLUMNS + INDICES, **tof.extra_attrs(), **hidden, _lines=sample)
        return PointData(rows[:, :4], columns=COLUMNS, **tof.extra_attrs(), **hidden)

    def _limit(self, tof: PointData) -> float:
        if self.max_distance is not None:
            return float(self.max_distance)
        spread = float(tof.points[:, 1:4].std(axis=0).max(initial=0.0)) if len(tof.points) else 0.0
        resolution = tof.attrs.get("spatial_resolution")
        return spread if resolution is None else min(2 * resolution, spread)

    @staticmethod
    def _times(tof: PointData, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        pair = rows[:, 4:6].astype(int)
        times: NDArray[np.float64] = tof.points[pair, 0].mean(axis=1)
        return times


class GaussianDensity(PointDataFilter):
    """Weight points by a Gaussian about the place where they are densest.

    Parameters
    ----------
    sigma : float, optional
        Width in mm; by default the attribute `spatial_resolution` of the samples divided by 2.3548.

    Raises
    ------
    ValueError
        If `sigma` is not positive, or neither is given.

    Notes
    -----
    Adds a column `weight`, ``exp(-d² / 2 sigma²)`` with d the distance from the place at which the sum of these over
    all points is largest. `Centroids` uses it. O(N²) for N points.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import GaussianDensity
    >>> points = PointData([[0, 1, 1, 1], [1, 1, 1, 2], [2, 1, 1, 3], [3, 90, 90, 90]])
    >>> GaussianDensity(sigma=1).fit_sample(points)["weight"].round(3)
    array([0.607, 1.   , 0.607, 0.   ])
    """

    def __init__(self, sigma: float | None = None) -> None:
        if sigma is not None and not sigma > 0:
            raise ValueError(f"`sigma`: expected a width > 0 mm, found {sigma}")
        self.sigma = sigma

    def fit_sample(self, sample: Any) -> PointData:
        """Weight the points of one sample."""
        points = sample if isinstance(sample, PointData) else PointData(sample)
        weights = np.exp(-_from_densest(points.points[:, 1:4], self._width(points)))
        return points.copy(data=np.column_stack([points.points, weights]), columns=[*points.columns, "weight"])

    def _width(self, sample: PointData) -> float:
        if self.sigma is not None:
            return float(self.sigma)
        resolution = sample.attrs.get("spatial_resolution")
        if resolution is None:
            raise ValueError("GaussianDensity: expected `sigma`, or samples with an attribute `spatial_resolution`")
        return float(resolution) / FWHM_PER_SIGMA


@np.errstate(all="ignore")
def _from_densest(xyz: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """``d² / 2 sigma²`` from the place where the density is highest, climbed to from the densest point (mean shift)."""
    finite = xyz[np.isfinite(xyz).all(axis=1)]
    if not len(finite):
        return np.full(len(xyz), np.nan)

    def exponents(place: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
        square: NDArray[np.float64] = ((points - place) ** 2).sum(axis=1) / (2 * sigma**2)
        return square

    place = max(finite, key=lambda point: float(np.exp(-exponents(point, finite)).sum()))
    for _ in range(SHIFTS):
        near = np.exp(-exponents(place, finite))
        moved = near @ finite / near.sum()
        if np.abs(moved - place).max() < 1e-12 * sigma:
            break
        place = moved
    return exponents(place, xyz)
