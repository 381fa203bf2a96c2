"""Trials of cells with known tuning, responses to noise with known receptive fields, and sessions of known cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lumentrace import twophoton

DIRECTIONS = np.arange(0.0, 360.0, 45.0)


@dataclass
class Tuned:
    """Trials of cells, and the curves they were drawn from.

    Attributes
    ----------
    trials : TrialResponses
    curves : ndarray
        (directions, cells)
    """

    trials: Any
    curves: Any

    def true_index(self, harmonic: int) -> Any:
        """The index by vectors of each cell, from its curve."""
        phase = np.exp(1j * harmonic * np.deg2rad(DIRECTIONS))
        return np.abs(phase @ self.curves) / self.curves.sum(axis=0)

    def true_ratio(self) -> Any:
        """Preferred less null over their sum."""
        place, cells = self.curves.argmax(axis=0), np.arange(self.curves.shape[1])
        best, null = self.curves[place, cells], self.curves[(place + 4) % 8, cells]
        return (best - null) / (best + null)


def simulate_trials(cells: int, repeats: int, snr: float, seed: int, tuned: bool = True) -> Tuned:
    """Double von Mises tuning over eight directions, shuffled in each repeat, and drift from repeat to repeat.

    `snr` is the variance of a cell's mean responses over the variance of a trial about them.
    """
    random = np.random.default_rng(seed)
    preferred, balance = random.uniform(0, 360, cells), random.uniform(0, 1, cells)
    sharp, base = random.uniform(1, 4, cells), random.uniform(0.1, 1, cells)
    apart = np.deg2rad(DIRECTIONS[:, None] - preferred)
    curves = base + np.exp(sharp * (np.cos(apart) - 1)) + balance * np.exp(-sharp * (np.cos(apart) + 1))
    noise = np.sqrt(curves.var(axis=0) / snr)
    if not tuned:
        curves = np.broadcast_to(curves.mean(axis=0), curves.shape)
    order = np.concatenate([random.permutation(8) for _ in range(repeats)])
    repeat = np.repeat(np.arange(1, repeats + 1), 8)
    values = curves[order] + noise * random.normal(size=(len(order), cells))
    before = noise * random.normal(size=values.shape)
    labels = tuple(f"cell {number}" for number in range(cells))
    return Tuned(twophoton.TrialResponses(labels, "direction", DIRECTIONS[order], repeat, values, before), curves)


@dataclass
class Noise:
    """A noise stimulus, responses to it, and the fields behind them (cells, lags, rows, columns)."""

    stimulus: Any
    responses: Any
    fields: Any


def simulate_noise(
    cells: int, frames: int, shape: tuple[int, int], lags: int, snr: float, seed: int, blind: int = 0
) -> Noise:
    """Binary white noise, and a Gabor patch in space with two phases in time for each cell; the last are blind.

    `snr` is the variance of the response without noise over that of the noise, frame by frame.
    """
    random = np.random.default_rng(seed)
    stimulus = random.choice([-1.0, 1.0], size=(frames, *shape))
    rows, columns = np.indices(shape)
    fields = np.zeros((cells, lags, *shape))
    for cell in range(cells):
        centre = [random.uniform(0.3 * length, 0.7 * length) for length in shape]
        y, x, angle = rows - centre[0], columns - centre[1], random.uniform(0, np.pi)
        along = x * np.cos(angle) + y * np.sin(angle)
        size = random.uniform(0.12, 0.18) * min(shape)
        space = np.exp(-(x**2 + y**2) / (2 * size**2)) * np.cos(along / size + random.uniform(-1, 1))
        time = np.arange(lags)
        course = np.exp(-((time - 2) ** 2) / 2) - 0.4 * np.exp(-((time - 5) ** 2) / 3)
        fields[cell] = course[:, None, None] * space / np.linalg.norm(space)
    signal = np.zeros((frames, cells))
    for lag in range(lags):
        signal[lag:] += np.tensordot(stimulus[: frames - lag], fields[:, lag], ((1, 2), (1, 2)))
    noise = signal.std(axis=0) / np.sqrt(snr)
    fields[cells - blind :], signal[:, cells - blind :] = 0.0, 0.0
    return Noise(stimulus, signal + noise * random.normal(size=signal.shape), fields)


def simulate_sessions(
    cells: int, lost: int, shift: tuple[int, int], jitter: float, seed: int, side: int = 200
) -> tuple[Any, Any, Any, Any, Any]:
    """Two sets of round regions and their images; in each session `lost` cells are missing, and centres move a little.

    Returns both sets, both images, and for each region of the first set its number in the second one, or -1.
    """
    random = np.random.default_rng(seed)
    centres: list[Any] = []
    while len(centres) < cells:
        centre = random.uniform(10, side - 10, 2)
        if all(np.hypot(*(centre - other)) > 9 for other in centres):
            centres.append(centre)
    present = [np.sort(random.permutation(cells)[lost:]) for _ in range(2)]
    rows, columns = np.indices((side, side))
    sets, images = [], []
    for session, own in enumerate(present):
        masks, image = [], np.full((side, side), 20.0)
        for cell in own:
            moved = centres[cell] + random.normal(0, jitter, 2) + (np.array(shift) if session else 0)
            far = (rows - moved[0]) ** 2 + (columns - moved[1]) ** 2
            masks.append(far < random.uniform(3.0, 4.5) ** 2)
            image = image + random.uniform(0.5, 1.5) * 30 * np.exp(-far / 18)
        inside = [mask for mask in masks if mask.any()]
        assert len(inside) == len(masks)
        sets.append(twophoton.make_roi_set(np.stack(masks)))
        images.append(random.poisson(image).astype(np.float64))
    where = {cell: number for number, cell in enumerate(present[1])}
    return *sets, *images, np.array([where.get(cell, -1) for cell in present[0]])
