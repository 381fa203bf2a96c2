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


def smoothed(shifts: Floats, errors: Floats, roughness: float, rounds: int = 3, huber: float = 3.0) -> Floats:
    """The most probable field (rows, columns) of one axis, by a dense solution."""
    rows, columns = shifts.shape
    number = np.arange(shifts.size).reshape(rows, columns)
    matrix = np.zeros((shifts.size, shifts.size))
    for first, second in ((number[:-1], number[1:]), (number[:, :-1], number[:, 1:])):
        for one, other in zip(first.ravel(), second.ravel(), strict=True):
            matrix[one, one] += 1
            matrix[other, other] += 1
            matrix[one, other] -= 1
            matrix[other, one] -= 1
    known = np.where(np.isfinite(shifts), errors**-2.0, 0.0).ravel()
    own = np.where(np.isfinite(shifts), shifts, 0.0).ravel()
    trust = np.ones(shifts.size)
    for _ in range(rounds):
        field = np.linalg.solve(np.diag(known * trust) + matrix / roughness**2, known * trust * own)
        away = np.sqrt(known) * np.abs(own - field)
        trust = np.where(away > huber, huber / np.maximum(away, huber), 1.0)
    return np.asarray(field.reshape(rows, columns))
