"""Where in a tracer decays take place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Shape:
    """A solid tracer that decays evenly everywhere.

    Parameters
    ----------
    x, y, z : float, default 0.5
        Half its extents in mm.
    seed : int, optional
        The same seed gives the same points.

    Raises
    ------
    ValueError
        If an extent is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept.simulation import Shape
    >>> bool(np.linalg.norm(Shape(2, 2, 2, seed=1).sphere()) <= 2)
    True
    """

    def __init__(self, x: float = 0.5, y: float = 0.5, z: float = 0.5, *, seed: int | None = None) -> None:
        for name, value in (("x", x), ("y", y), ("z", z)):
            if not 0 <= value < np.inf:
                raise ValueError(f"`{name}`: expected a number >= 0, found {value}")
        self.x, self.y, self.z = float(x), float(y), float(z)
        self._rng = np.random.default_rng(seed)

    def sphere(self) -> Floats:
        """A point (3,) in the sphere, or ellipsoid, in mm from its centre."""
        point: Floats = self.offsets("sphere", 1, self._rng)[0]
        return point

    def cylinder(self, angleX: float = 0, angleY: float = 0, angleZ: float = 0) -> Floats:
        """A point (3,) in the cylinder along z, turned by angles in radians about x, then y, then z."""
        point: Floats = self.offsets("cylinder", 1, self._rng)[0]
        for axis, angle in enumerate((angleX, angleY, angleZ)):
            point = _turn(axis, angle) @ point
        return point

    def offsets(self, name: str, count: int, rng: np.random.Generator) -> Floats:
        """Many points (count, 3) of the "sphere" or the "cylinder"."""
        if name == "sphere":
            direction = rng.normal(size=(count, 3))
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            unit = direction * rng.random((count, 1)) ** (1 / 3)
        else:
            angle, radius = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
            unit = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), rng.uniform(-1, 1, count)])
        points: Floats = unit * [self.x, self.y, self.z]
        return points


def _turn(axis: int, angle: float) -> Floats:
    """A rotation about an axis."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[second, first], matrix[first, second] = np.sin(angle), -np.sin(angle)
    return matrix
