"""Readable numpy twin of the line tracker in ``rust/core/src/tracker``: tracers as states, lines as information.

A tracer has a position and a velocity, and is driven by white noise of acceleration, ``q`` in mm^2 / ms^3 per axis. A
line of a tracer passes its position at the line's own time; in the plane across the line it misses by a normal distance
of width ``sigma`` along either axis. Any other line is background of constant density, ``background`` in 1 / mm^2.

Lines are gathered in blocks. About the centre of its block a line is the information ``w (I - n n^T) / sigma^2`` on
the position at its time, with ``n`` its direction and ``w`` the probability that it is the tracer's. A Kalman filter
forward and a Rauch-Tung-Striebel smoother back give states and covariances; expectation-maximisation repeats this with
the widths, activities and process noises, and with the probabilities unless the true labels are given. With the true
labels it is the statistical floor: a tracker of this model that has to find the association cannot be better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PRIOR = np.diag([1e4] * 3 + [1e2] * 3)
"""Covariance of the first state before any line: mm^2 about the middle of the lines, (mm / ms)^2 about rest."""


@dataclass(frozen=True)
class Motion:
    """States (K, B, 6) and covariances (K, B, 6, 6) at block centres `t` (B,); `sigma`, `q` and `shares` (K,)."""

    t: Array
    states: Array
    covariances: Array
    sigma: Array
    q: Array
    shares: Array

    def at(self, tracer: int, t: Array) -> Array:
        """Positions (n, 3) at any times: the mean of white acceleration between two states is a cubic."""
        right = np.searchsorted(self.t, t).clip(1, len(self.t) - 1)
        h = (self.t[right] - self.t[right - 1])[:, None]
        u = (t - self.t[right - 1])[:, None] / h
        (x0, v0), (x1, v1) = (np.split(self.states[tracer, i], 2, axis=1) for i in (right - 1, right))
        cubic = x0 * (1 + 2 * u) * (1 - u) ** 2 + x1 * u**2 * (3 - 2 * u) + h * u * (1 - u) * (v0 * (1 - u) - v1 * u)
        before, after = x0 + u * h * v0, x1 + (u - 1) * h * v1
        return np.where(u < 0, before, np.where(u > 1, after, cubic))


class Lines:
    """Lines (N, 7) in order of time, cut into blocks of about `size`."""

    def __init__(self, rows: Array, size: int) -> None:
        self.t, self.points = rows[:, 0], rows[:, 1:4]
        along = rows[:, 4:7] - self.points
        along = along / np.linalg.norm(along, axis=1)[:, None]
        self.across = np.eye(3) - along[:, :, None] * along[:, None, :]
        count = max(2, len(rows) // size)
        edges = np.linspace(0, len(rows), count + 1).astype(int)
        self.first, self.block = edges[:-1], np.repeat(np.arange(count), np.diff(edges))
        self.centres = np.bincount(self.block, self.t) / np.diff(edges)
        self.late = self.t - self.centres[self.block]

    def missed(self, position: Array) -> Array:
        """Squared distances (N,) of the lines from one position each (N, 3)."""
        offset = position - self.points
        return np.einsum("ni,nij,nj->n", offset, self.across, offset)


def information(lines: Lines, weights: Array) -> tuple[Array, Array]:
    """Information matrices (B, 6, 6) and vectors (B, 6) on states of the blocks; `weights` (N,) are ``w / sigma^2``."""
    powers = weights[:, None] * lines.late[:, None] ** np.arange(3)
    through = np.einsum("nij,nj->ni", lines.across, lines.points)
    matrix = np.add.reduceat(powers[:, :, None, None] * lines.across[:, None], lines.first)
    vector = np.add.reduceat(powers[:, :2, None] * through[:, None], lines.first)
    m0, m1, m2 = matrix.transpose(1, 0, 2, 3)
    return np.block([[m0, m1], [m1, m2]]), vector.reshape(-1, 6)


def steps(h: Array) -> tuple[Array, Array]:
    """Transitions (n, 6, 6) over `h` (n,) ms, and the covariances that noise of acceleration with ``q = 1`` adds."""
    h = h[:, None, None]
    one = np.ones_like(h) * np.eye(3)
    transitions = np.block([[one, h * one], [0 * one, one]])
    return transitions, np.block([[h**3 / 3 * one, h**2 / 2 * one], [h**2 / 2 * one, h * one]])


def filtered(centres: Array, matrix: Array, vector: Array, q: Array, start: Array) -> tuple[Array, Array, list]:
    """The filter: states and covariances from the blocks up to each one, and the predicted ones of all but one."""
    tracers, blocks = vector.shape[:2]
    noise = q[:, None, None]
    moves, added = steps(np.diff(centres))
    mean, cov = np.empty((tracers, blocks, 6)), np.empty((tracers, blocks, 6, 6))
    expected, spread = start, np.tile(PRIOR, (tracers, 1, 1))
    ahead = []
    for b in range(blocks):
        if b:
            move = moves[b - 1]
            expected, spread = mean[:, b - 1] @ move.T, move @ cov[:, b - 1] @ move.T + noise * added[b - 1]
            ahead.append((expected, spread))
        known = np.linalg.inv(spread)
        cov[:, b] = np.linalg.inv(known + matrix[:, b])
        gathered = np.einsum("kij,kj->ki", known, expected) + vector[:, b]
        mean[:, b] = np.einsum("kij,kj->ki", cov[:, b], gathered)
    return mean, cov, ahead


def smoothed(centres: Array, matrix: Array, vector: Array, q: Array, start: Array) -> tuple[Array, Array, Array]:
    """States (K, B, 6), covariances (K, B, 6, 6), and the process noise (K,) that they suggest.

    `matrix` (K, B, 6, 6) and `vector` (K, B, 6) are the information of the blocks, `start` (K, 6) is expected first.
    """
    tracers, blocks = vector.shape[:2]
    moves, added = steps(np.diff(centres))
    least = np.linalg.inv(added)
    mean, cov, ahead = filtered(centres, matrix, vector, q, start)
    suggested = np.zeros(tracers)
    for b in range(blocks - 2, -1, -1):
        move, (expected, spread) = moves[b], ahead[b]
        gain = cov[:, b] @ move.T @ np.linalg.inv(spread)
        turned = gain.transpose(0, 2, 1)
        mean[:, b] += np.einsum("kij,kj->ki", gain, mean[:, b + 1] - expected)
        cov[:, b] += gain @ (cov[:, b + 1] - spread) @ turned
        jump = mean[:, b + 1] - mean[:, b] @ move.T
        both = cov[:, b + 1] @ turned @ move.T
        square = jump[:, :, None] * jump[:, None, :] + cov[:, b + 1] + move @ cov[:, b] @ move.T
        square -= both + both.transpose(0, 2, 1)
        suggested += np.einsum("ij,kji->k", least[b], square) / 6
    return mean, cov, suggested / (blocks - 1)


def live(rows: Array, labels: NDArray[np.int64], q: Array, size: int = 40) -> tuple[Array, Array]:
    """Times of blocks (B,) and where each tracer is by the lines up to the end of each block (K, B, 3): the filter that
    knows the association. Its noise and widths are those that the floor finds from `q`.
    """
    found = track(rows, q, labels, size=size)
    lines = Lines(rows, size * len(q))
    each = [information(lines, (labels == k) / found.sigma[k] ** 2) for k in range(len(q))]
    matrix, vector = (np.array(one) for one in zip(*each, strict=True))
    start = np.hstack([found.states[:, 0, :3], np.zeros((len(q), 3))])
    return lines.centres, filtered(lines.centres, matrix, vector, found.q, start)[0][:, :, :3]


def at_lines(lines: Lines, states: Array, covariances: Array) -> tuple[Array, Array]:
    """Where one tracer is at the times of the lines (N, 3), and the variance of that across each line (N,)."""
    late = lines.late[:, None]
    state, cov = states[lines.block], covariances[lines.block]
    mixed = cov[:, :3, 3:] + cov[:, 3:, :3]
    place = cov[:, :3, :3] + late[:, None] * mixed + late[:, None] ** 2 * cov[:, 3:, 3:]
    return state[:, :3] + late * state[:, 3:], np.einsum("nij,nji->n", lines.across, place)


def responsibilities(distances: Array, sigma2: Array, shares: Array, background: float) -> Array:
    """Probabilities (K, N) that lines are tracers' from expected squared distances (K, N)."""
    density = (shares / (2 * np.pi * sigma2))[:, None] * np.exp(-distances / (2 * sigma2[:, None]))
    return density / (density.sum(axis=0) + (1 - shares.sum()) * background)


def track(
    rows: Array,
    q: Array,
    labels: NDArray[np.int64] | None = None,
    start: Array | None = None,
    *,
    size: int = 40,
    passes: int = 15,
    sigma: float = 3.0,
    background: float = 1 / 116_000,
) -> Motion:
    """Track ``len(q)`` tracers through lines (N, 7).

    `q` are first guesses. Either the true `labels` (N,), 0, 1, ... or negative for the background, are given and kept:
    this is the floor. Or `start` (K, N, 3), about where each tracer is at each line's time: then labels are found.
    """
    tracers = len(q)
    lines = Lines(rows, size * tracers)
    q, sigma2 = np.asarray(q, dtype=float), np.full(tracers, sigma**2)
    shares = np.full(tracers, 0.5 / tracers)
    if labels is not None:
        weights = np.array([labels == k for k in range(tracers)], dtype=float)
    else:
        assert start is not None
        distances = np.array([lines.missed(each) for each in start])
    for _ in range(passes):
        if labels is None:
            weights = responsibilities(distances, sigma2, shares, background)
        shares = weights.mean(axis=1)
        found = [information(lines, each / width) for each, width in zip(weights, sigma2, strict=True)]
        matrix, vector = (np.array(each) for each in zip(*found, strict=True))
        middle = [np.linalg.lstsq(m[:, :3, :3].sum(0), v[:, :3].sum(0), rcond=None)[0] for m, v in found]
        first = np.hstack([middle, np.zeros((tracers, 3))])
        states, covariances, q = smoothed(lines.centres, matrix, vector, q, first)
        passing = [at_lines(lines, *each) for each in zip(states, covariances, strict=True)]
        distances = np.array([lines.missed(place) + variance for place, variance in passing])
        sigma2 = (weights * distances).sum(axis=1) / (2 * weights.sum(axis=1))
    return Motion(lines.centres, states, covariances, np.sqrt(sigma2), q, shares)
