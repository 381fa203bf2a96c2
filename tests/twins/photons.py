"""Directions of photons and their hits on two screens, as numpy says it."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def directions(cosines: Array, azimuths: Array, signs: Array) -> Array:
    sines = np.sqrt(1 - cosines**2)
    return signs * np.stack([sines * np.cos(azimuths), sines * np.sin(azimuths), cosines])


def turned(direction: Array, angles: Array, azimuths: Array) -> Array:
    """Rodrigues' rotation about an axis across the direction, which is turned about the direction itself."""
    axes = np.eye(3)[np.argmin(np.abs(direction), axis=0)]
    side = np.cross(direction.T, axes).T
    side /= np.linalg.norm(side, axis=0)
    towards = side * np.cos(azimuths) + np.cross(direction.T, side.T).T * np.sin(azimuths)
    return direction * np.cos(angles) + towards * np.sin(angles)


def screen_hits(origins: Array, direction: Array, x: Array, y: Array, z: Array) -> tuple[Array, Array]:
    plane = np.where(direction[2] < 0, *z)
    with np.errstate(divide="ignore", invalid="ignore"):
        points = origins + (plane - origins[2]) / direction[2] * direction
    points[2] = plane
    inside = [(place >= low) & (place <= high) for place, (low, high) in zip(points, (x, y), strict=False)]
    return points, np.all(inside, axis=0)
