"""A smooth displacement fitted to shifts of small parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]

TUKEY = 4.685
ROUNDS = 8
"""Rounds of re-weighting."""
EASE = 2.0
"""Standard deviation of second differences between nodes that is thought likely, in pixels."""


@dataclass(frozen=True)
class Displacement:
    """Shifts at the nodes of a regular grid, cubic between them, added to post-stain coordinates before the matrix.

    Attributes
    ----------
    origin, spacing : tuple of float
        Position of the first node and distance between nodes, (x, y) in pixels.
    shifts : ndarray
        (rows, columns, 2): shift in x and y of each node, in pixels.
    """

    origin: tuple[float, float]
    spacing: tuple[float, float]
    shifts: Floats

    @classmethod
    def over(cls, shape: tuple[int, ...], nodes: int) -> Self:
        """No displacement yet, on a grid over an image with so many nodes along its longer side."""
        space = max(shape) / (nodes - 1)
        rows, columns = (max(2, round(length / space) + 1) for length in shape)
        spacing = (shape[1] - 1) / (columns - 1), (shape[0] - 1) / (rows - 1)
        return cls((0.0, 0.0), spacing, np.zeros((rows, columns, 2)))

    def native(self) -> tuple[list[float], list[float], Floats]:
        """What the kernels take."""
        return list(self.origin), list(self.spacing), np.ascontiguousarray(self.shifts)

    def at(self, points: Floats) -> Floats:
        """Shifts (n, 2) at points (n, 2) of (x, y)."""
        weights = self._weights(points)
        return np.asarray(weights @ self.shifts.reshape(-1, 2))

    def reduced(self, by: float) -> Displacement:
        """The same for images reduced by a factor."""
        x, y = ((start + 0.5) / by - 0.5 for start in self.origin)
        return Displacement((x, y), (self.spacing[0] / by, self.spacing[1] / by), self.shifts / by)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` reads back."""
        return {"origin": list(self.origin), "spacing": list(self.spacing), "shifts": self.shifts.tolist()}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The displacement that `record` was made from."""
        (x, y), (width, height) = record["origin"], record["spacing"]
        return cls((float(x), float(y)), (float(width), float(height)), np.asarray(record["shifts"], dtype=np.float64))

    def _weights(self, points: Floats) -> sparse.csr_array:
        """How much each node counts at each point."""
        rows, columns = self.shifts.shape[:2]
        across = _taps((points[:, 0] - self.origin[0]) / self.spacing[0], columns)
        down = _taps((points[:, 1] - self.origin[1]) / self.spacing[1], rows)
        places = down[0][:, :, None] * columns + across[0][:, None, :]
        values = down[1][:, :, None] * across[1][:, None, :]
        starts = np.arange(len(points) + 1) * 16
        return sparse.csr_array((values.reshape(-1), places.reshape(-1), starts), (len(points), rows * columns))

    def fitted(self, points: Floats, shifts: Floats, information: Floats) -> tuple[Displacement, Floats, Floats]:
        """The smooth displacement nearest to shifts that were measured.

        Parameters
        ----------
        points, shifts : ndarray
            (n, 2)
        information : ndarray
            (n, 3): the inverse of each shift's covariance (xx, xy, yy), up to a common factor.

        Returns
        -------
        displacement : Displacement
        weights : ndarray
            (n,): from 1 for shifts that agree to 0 for those that do not.
        errors : ndarray
            (n,): standard error of the displacement at each point, in pixels.
        """
        basis = self._weights(points)
        flipped = basis.T.tocsr()
        bending = _bending(self.shifts.shape[:2]) / EASE**2
        xx, xy, yy = information.T
        weights = np.ones(len(points))
        scatter = 1.0
        nodes = basis.shape[1]
        for _ in range(ROUNDS):
            scaled = weights / scatter
            across, mixed, down = ((flipped @ (basis * (scaled * item)[:, None])).toarray() for item in (xx, xy, yy))
            normal = np.block([[across + bending, mixed], [mixed, down + bending]])
            right = np.concatenate(
                [
                    flipped @ (scaled * (xx * shifts[:, 0] + xy * shifts[:, 1])),
                    flipped @ (scaled * (xy * shifts[:, 0] + yy * shifts[:, 1])),
                ]
            )
            inverse = np.linalg.inv(normal)
            found = (inverse @ right).reshape(2, nodes).T
            left = shifts - basis @ found
            distance = np.sqrt(
                np.maximum(xx * left[:, 0] ** 2 + 2 * xy * left[:, 0] * left[:, 1] + yy * left[:, 1] ** 2, 0)
            )
            # The median of the length of a normal vector in the plane is 1.1774.
            # Shifts are never better than independent pixels would make them.
            scatter = max((float(np.median(distance)) / 1.1774) ** 2, 1.0)
            weights = np.maximum(1 - distance**2 / (scatter * TUKEY**2), 0) ** 2
        dense = basis.toarray()
        variance = sum(
            np.einsum("ij,jk,ik->i", dense, inverse[part, part], dense)
            for part in (slice(0, nodes), slice(nodes, None))
        )
        return Displacement(self.origin, self.spacing, found.reshape(self.shifts.shape)), weights, np.sqrt(variance)


def _taps(places: Floats, nodes: int) -> tuple[NDArray[np.int64], Floats]:
    """The four nodes around each place and their weights, as in the kernels."""
    places = np.clip(places, 0, nodes - 1)
    base = np.minimum(np.floor(places), nodes - 2).astype(np.int64)
    t = places - base
    weights = 0.5 * np.stack([2 * t**2 - t - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2], 1)
    return np.clip(base[:, None] + np.arange(-1, 3), 0, nodes - 1), weights


def _bending(shape: tuple[int, int]) -> Floats:
    """Sum of squared second differences (along both axes and mixed) as a matrix, and a little of all."""
    rows, columns = shape
    down, across = np.diff(np.eye(rows), axis=0), np.diff(np.eye(columns), axis=0)
    twist = np.kron(down, across)
    total = 1e-6 * np.eye(rows * columns) + 2 * twist.T @ twist
    for parts, other, first in ((rows, columns, True), (columns, rows, False)):
        second = np.diff(np.eye(parts), n=2, axis=0)
        square = second.T @ second
        total += np.kron(square, np.eye(other)) if first else np.kron(np.eye(other), square)
    return np.asarray(total)
