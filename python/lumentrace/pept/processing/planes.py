"""Planes across a flow, and where trajectories cross them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.data.pept_object import PEPTObject
from lumentrace.data.points import PointData
from lumentrace.pept.checks import Floats, shaped


@dataclass(frozen=True)
class Plane(PEPTObject):
    """A plane with axes of its own.

    Attributes
    ----------
    origin, normal, basis1, basis2 : (3,) ndarray
        A point in mm; unit vectors across and in the plane.
    """

    origin: Floats
    normal: Floats
    basis1: Floats
    basis2: Floats

    @classmethod
    def across(cls, name: str, origin: ArrayLike, normal: ArrayLike, basis: ArrayLike | None = None) -> Plane:
        """The plane through `origin` across `normal`; its first axis is `basis` as seen in the plane.

        Raises
        ------
        ValueError
            If a vector has no length, or `basis` lies along `normal`.
        """
        along = _unit(name, shaped(name, normal, (3,)))
        hint = np.eye(3)[np.abs(along).argmin()] if basis is None else shaped("basis", basis, (3,))
        first = _unit("basis", hint - (hint @ along) * along)
        return cls(shaped(name, origin, (3,)), along, first, np.cross(along, first))

    def crossing(self, points: PointData, max_distance: float) -> Floats:
        """Where a trajectory first crosses the plane, along its two axes in mm.

        If it does not cross, its nearest point counts; NaN if that is further away than `max_distance`.
        """
        where = points.points[:, 1:4]
        where = where[np.isfinite(where).all(axis=1)] - self.origin
        height = where @ self.normal
        if not len(where):
            return np.full(2, np.nan)
        crossed = np.flatnonzero((height[:-1] < 0) != (height[1:] < 0))
        if len(crossed):
            at = crossed[0]
            place = where[at] + height[at] / (height[at] - height[at + 1]) * (where[at + 1] - where[at])
        else:
            nearest = np.abs(height).argmin()
            place = where[nearest] if abs(height[nearest]) <= max_distance else np.full(3, np.nan)
        return np.array([place @ self.basis1, place @ self.basis2])

    def crossings(self, paths: Sequence[PointData], max_distance: float) -> Floats:
        """`crossing` of each trajectory, shape (N, 2)."""
        return np.array([self.crossing(path, max_distance) for path in paths]).reshape(-1, 2)


def pair_of_planes(
    p1: ArrayLike,
    p2: ArrayLike,
    ax1: ArrayLike | None,
    ax2: ArrayLike | None,
    basis1: ArrayLike | None = None,
    basis2: ArrayLike | None = None,
) -> tuple[Plane, Plane]:
    """Planes through two points, across the way between them unless told otherwise.

    Raises
    ------
    ValueError
        If the points are the same and an axis is missing.
    """
    way = shaped("p2", p2, (3,)) - shaped("p1", p1, (3,))
    first = Plane.across("p1", p1, way if ax1 is None else ax1, basis1)
    return first, Plane.across("p2", p2, way if ax2 is None else ax2, first.basis1 if basis2 is None else basis2)


def planes_between(p1: ArrayLike, p2: ArrayLike, count: int) -> list[Plane]:
    """`count` parallel planes from `p1` to `p2`, across the way between them.

    Raises
    ------
    ValueError
        If the points are the same or `count` is below 2.
    """
    if int(count) != count or count < 2:
        raise ValueError(f"`num_divisions`: expected a whole number of at least 2, found {count}")
    start, end = shaped("p1", p1, (3,)), shaped("p2", p2, (3,))
    return [Plane.across("p1", origin, end - start) for origin in np.linspace(start, end, int(count))]


def _unit(name: str, vector: Floats) -> Floats:
    length = np.linalg.norm(vector)
    if not length > 1e-12:
        raise ValueError(f"`{name}`: expected a direction, found one of no length across the plane")
    return np.asarray(vector / length)
