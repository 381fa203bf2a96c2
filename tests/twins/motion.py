"""A readable twin of `lumentrace::frames::motion`: the likelihood of shifts, by loops over lags."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Twin:
    """What frames are compared with; names as in the kernel."""

    even: Floats
    odd: Floats
    rate: Floats
    gain: float
    zero: float
    tiles: tuple[int, int]
    lags: int
    roughness: float

    def surfaces(self, frame: Floats, start: tuple[int, int]) -> dict[tuple[int, int], Floats]:
        """Likelihood times the gain of each lag (rows, columns) around a shift, for each tile."""
        found = {}
        spans = [self._spans(axis, start[axis]) for axis in range(2)]
        lags = range(-self.lags, self.lags + 1)
        for row, (top, bottom) in enumerate(spans[0]):
            for column, (left, right) in enumerate(spans[1]):
                surface = np.zeros((len(lags), len(lags)))
                y, x = np.mgrid[top:bottom, left:right]
                counts = frame[top:bottom, left:right] - self.zero
                for down in lags:
                    for across in lags:
                        place = y - start[0] - down, x - start[1] - across
                        shown = np.where(y % 2 == 0, self.even[place], self.odd[place])
                        light = np.log(self.rate[place].sum())
                        value = (counts * (shown - self.even.mean())).sum() - counts.sum() * light
                        surface[down + self.lags, across + self.lags] = value
                found[row, column] = surface
        return found

    def _spans(self, axis: int, start: int) -> list[tuple[int, int]]:
        size, count = self.even.shape[axis], self.tiles[axis]
        low, high = max(0, start + self.lags), min(size, size + start - self.lags)
        edges = [low, *(min(max(number * size // count + start, low), high) for number in range(1, count)), high]
        return list(pairwise(edges))


def peak(surface: Floats, at: tuple[int, int]) -> Floats:
    """The maximum of the polynomial of degree 4 in each axis through the 5 x 5 points around a place, by scipy."""
    patch = surface[at[0] - 2 : at[0] + 3, at[1] - 2 : at[1] + 3]
    nodes = np.arange(-2, 3)
    powers = np.vander(nodes, 5, increasing=True)
    table = np.linalg.solve(powers, np.linalg.solve(powers, patch).T).T

    def value(place: Floats) -> float:
        down, across = (np.power(each, np.arange(5)) for each in place)
        return -float(down @ table @ across) / float(np.ptp(patch))

    found = optimize.minimize(value, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15})
    return np.asarray(found.x)


def told(pattern: Floats, rate: Floats, tiles: tuple[int, int], lags: int, axis: int, parts: int = 4) -> Floats:
    """Shares (tiles, parts, parts) of what parts of tiles tell of the shift along an axis."""
    padded = np.pad(pattern, 2, mode="edge")
    near, far = (np.roll(padded, -step, axis) - np.roll(padded, step, axis) for step in (1, 2))
    square = rate * ((8 * near - far)[2:-2, 2:-2] / 12) ** 2
    square[:lags], square[len(square) - lags :] = 0, 0
    square[:, :lags], square[:, square.shape[1] - lags :] = 0, 0
    edges = [
        np.arange(count * parts + 1) * size // (count * parts) for count, size in zip(tiles, rate.shape, strict=True)
    ]
    cells = np.add.reduceat(np.add.reduceat(square, edges[0][:-1], 0), edges[1][:-1], 1)
    cells = cells.reshape(tiles[0], parts, tiles[1], parts).swapaxes(1, 2).reshape(-1, parts, parts)
    return np.asarray(cells / cells.sum(axis=(1, 2), keepdims=True))


def smoothed(
    shifts: Floats, errors: Floats, whole: float, weights: Floats, roughness: float, growth: float
) -> tuple[Floats, Floats]:
    """Means over blocks (rows, columns) of the most probable field along an axis, with errors, by a dense solution."""
    (rows, columns), parts = shifts.shape, weights.shape[1]
    down, across = np.mgrid[: rows * parts, : columns * parts] / parts
    places = (down - down.mean()) + 1j * (across - across.mean())
    places = places.reshape(rows, parts, columns, parts).swapaxes(1, 2).ravel()
    grown = np.abs(places) ** growth
    field = 100 + roughness**2 * (grown + grown[:, None] - np.abs(places - places[:, None]) ** growth) / 2
    measure, mean = np.zeros((2, shifts.size, places.size))
    for tile in range(shifts.size):
        own = slice(tile * parts**2, (tile + 1) * parts**2)
        measure[tile, own], mean[tile, own] = weights[tile].ravel(), 1 / parts**2
    trust, error, away = np.ones(shifts.size), errors.ravel(), shifts.ravel() - whole
    for _ in range(3):
        weighted = measure @ field @ measure.T + np.diag(error**2 / trust)
        residual = error / trust * np.abs(np.linalg.solve(weighted, away))
        kept, trust = trust, np.minimum(1, 3 / np.maximum(residual, 3))
    inverse = np.linalg.inv(measure @ field @ measure.T + np.diag(error**2 / kept))
    gain = mean @ field @ measure.T @ inverse
    variance = np.diag(mean @ field @ mean.T - gain @ measure @ field @ mean.T)
    return (whole + gain @ away).reshape(rows, columns), np.sqrt(variance).reshape(rows, columns)
