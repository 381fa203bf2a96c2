"""Data turned onto its principal axes, or moved to an origin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.checks import shaped
from lumentrace.pept.tracking.stack import Stack, stacked_points


class Reorient(Reducer):
    """Turn all points about their mean onto their principal axes.

    Parameters
    ----------
    dimensions : str, default "xyz"
        Axes in order of falling variance: the direction in which the points spread most becomes the first one.
    basis : (3, 3) array-like, optional
        Axes to turn to, one per column, instead of the principal ones.
    origin : (3,) array-like, optional
        Point to turn about, in mm; by default the mean.

    Raises
    ------
    ValueError
        If `dimensions` is not an order of x, y, z, or `basis` or `origin` has another shape.

    Notes
    -----
    The results have the attributes `eigenvalues` (variances along the axes, falling), `basis` and `origin`. The sign of
    each axis is such that its largest component is positive. Points that are not finite do not count; without two
    finite ones nothing is turned.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Reorient
    >>> t = np.arange(5.0)
    >>> slanted = PointData(np.column_stack([t, t, t, 0 * t]))
    >>> np.ptp(Reorient("zxy").fit(slanted).points[:, 1:4], axis=0).round(6).tolist()
    [0.0, 0.0, 5.656854]
    """

    def __init__(
        self, dimensions: str = "xyz", basis: ArrayLike | None = None, origin: ArrayLike | None = None
    ) -> None:
        if sorted(dimensions) != ["x", "y", "z"]:
            raise ValueError(f"`dimensions`: expected an order of x, y, z, found {dimensions!r}")
        self.dimensions = dimensions
        self.basis = None if basis is None else shaped("basis", basis, (3, 3))
        self.origin = None if origin is None else shaped("origin", origin, (3,))

    @np.errstate(all="ignore")
    def fit(self, points: Any) -> PointData:
        """Turn all `points`: a `PointData` or anything that stacks into one."""
        stacked = stacked_points("Reorient", points)
        xyz = stacked.points[:, 1:4]
        finite = xyz[np.isfinite(xyz).all(axis=1)]
        if len(finite) < 2:
            return stacked.copy()
        origin = finite.mean(axis=0) if self.origin is None else self.origin
        values, axes = _principal(finite)
        basis = axes if self.basis is None else self.basis
        places = ["xyz".index(axis) for axis in self.dimensions]
        rows = stacked.points.copy()
        rows[:, [1 + place for place in places]] = (xyz - origin) @ basis + origin[places]
        return stacked.copy(data=rows, eigenvalues=values, basis=basis, origin=origin)


class Center(Reducer):
    """Move all data so that its origin is the median position, or a given point.

    Parameters
    ----------
    origin : (3,) array-like, optional
        What becomes (0, 0, 0), in mm; by default the median of each coordinate, without NaN.

    Raises
    ------
    ValueError
        If `origin` is not three numbers.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Center
    >>> Center().fit(PointData([[0, 1, 5, 5], [1, 2, 5, 5], [2, 9, 5, 5]]))["x"]
    array([-1.,  0.,  7.])
    """

    def __init__(self, origin: ArrayLike | None = None) -> None:
        self.origin = None if origin is None else shaped("origin", origin, (3,))

    @np.errstate(all="ignore")
    def fit(self, samples: Any) -> Any:
        """Move all `samples`: `LineData`, `PointData` or anything that stacks into one of them."""
        stacked = Stack().fit(samples)
        if not isinstance(stacked, IterableSamples):
            stacked = PointData(stacked)
        ends = [slice(1, 4), slice(4, 7)] if isinstance(stacked, LineData) else [slice(1, 4)]
        moved = stacked.copy()
        xyz = np.concatenate([stacked.data[:, end] for end in ends])
        known = np.isfinite(xyz).all(axis=1)
        if self.origin is None and not known.any():
            return moved
        origin = np.median(xyz[known], axis=0) if self.origin is None else self.origin
        for end in ends:
            moved.data[:, end] -= origin
        return moved


def _principal(xyz: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Variances in falling order and the axes they belong to, one per column."""
    variances = np.cov(xyz.T)
    if not np.isfinite(variances).all():
        raise ValueError(f"Reorient: expected positions with finite squares, found some up to {np.abs(xyz).max():g}")
    values, axes = np.linalg.eigh(variances)
    values, axes = values[::-1], axes[:, ::-1]
    largest = np.abs(axes).argmax(axis=0)
    return values, axes * np.sign(axes[largest, range(3)])
