"""Errors of the shifts of blocks beside planted motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.twophoton import Motion, RawMovie

Floats = NDArray[np.float64]
ROUNDS = 3
"""Of looking where the pixels of a frame are that show a block, and how far these are displaced."""


def block_truth(raw: RawMovie, blocks: tuple[int, int]) -> Floats:
    """Displacements of blocks (frames, rows, columns, 2): means over the pixels that show them."""
    truth = raw.truth.motion
    size = [length // count for length, count in zip((raw.scene.rows, raw.scene.columns), blocks, strict=True)]
    found = np.zeros((len(truth.shifts), *blocks, 2))
    for frame, row, column in np.ndindex(*found.shape[:3]):
        shift = truth.shifts[frame]
        for _ in range(ROUNDS):
            down = np.arange(row * size[0], (row + 1) * size[0]) + shift[0]
            across = np.arange(column * size[1], (column + 1) * size[1]) + shift[1]
            shift = truth.displacement(frame, down, across).mean(axis=(0, 1))
        found[frame, row, column] = shift
    return found


def block_errors(raw: RawMovie, motion: Motion) -> Floats:
    """Of the shifts of blocks, which show other places of the reference in each frame; that is no even plane itself."""
    shifts, (rows, columns) = raw.truth.motion.shifts, motion.block_shifts.shape[1:3]
    size = np.array([motion.shape[0] / rows, motion.shape[1] / columns])
    truth = block_truth(raw, (rows, columns))
    away = motion.block_shifts - truth
    static = np.nanmedian(away, axis=0)
    for frame, shift in enumerate(shifts):
        places = np.indices((rows, columns)) + np.moveaxis((shift - truth[frame]) / size, -1, 0)
        for axis in range(2):
            away[frame, ..., axis] -= ndimage.map_coordinates(static[..., axis], places, order=1, mode="nearest")
    return np.asarray(away - np.nanmedian(away, axis=0))
