"""Rounds in which the reference of a movie becomes sharper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.twophoton.align.corrected import aligned, middles
from lumentrace.twophoton.align.films import Film
from lumentrace.twophoton.align.reference import Comparison, Roughness, first_reference

Floats = NDArray[np.float64]

WHOLE, BLOCKS = (4, 2, 1), (2, 1)
"""Rounds in which whole frames are aligned, and then blocks: every how many of the frames."""
FEW = 50
"""Frames of a round, at least, if there are as many."""
TOGETHER = 16
"""Frames that are worked on together."""
SPREAD = 0.4549
"""Median of the square of a standard normal number."""
LEAST_ROUGHNESS, MOST_ROUGHNESS = 0.01, 2.0
"""Pixels."""
LEAST_GROWTH, MOST_GROWTH = 0.5, 1.9


class Rounds:
    """A reference from frames of a movie, made when this is.

    Parameters
    ----------
    film : Film
    comparison : Comparison
    threads : int

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    reference : ndarray
        (rows, columns): mean of aligned frames, NaN where none shows the place.
    unaligned : ndarray
        (rows, columns): mean of the same frames as they are.
    roughness : Roughness or None
        None if blocks move as the whole.
    """

    def __init__(self, film: Film, comparison: Comparison, threads: int) -> None:
        self._film, self._comparison, self._threads = film, comparison, threads
        self.shape = (film.shape[1], film.shape[2])
        wanted = comparison.settings.reference_frames
        self._samples = np.unique(np.linspace(0, film.shape[0] - 1, wanted).astype(int))
        self.reference, self._count = first_reference(film, self._samples)
        self.roughness: Roughness | None = None
        blocks = comparison.settings.mode == "nonrigid"
        for step in WHOLE[:-1] if blocks else WHOLE:
            self._again(self._every(step), whole=True)
        if blocks:
            self.roughness = self._again(self._every(BLOCKS[0]))
            self._again(self._every(BLOCKS[1]))
        self.unaligned = self._mean(self._samples, np.zeros((len(self._samples), 1, 1, 2)))

    def template(self, *, whole: bool = False) -> _core.MotionTemplate:
        """What frames are compared with; only as wholes if that is asked for."""
        noise = self._comparison.noise
        known = self.reference[np.isfinite(self.reference)]
        light = float(known.mean()) - noise.zero if known.size else 0.0
        photons = self._count * light / noise.gain
        return self._comparison.template(self.reference, photons, self.roughness, whole=whole)

    def _every(self, step: int) -> NDArray[np.int64]:
        """Every so many of the frames, or more of them if that were few."""
        return self._samples[:: max(1, min(step, len(self._samples) // FEW))]

    def _again(self, samples: NDArray[np.int64], *, whole: bool = False) -> Roughness:
        """Make the reference of the frames that are aligned to it, around the median of their shifts.

        Returns the roughness of the shifts of blocks, which are taken into account once it is known.
        """
        template = self.template(whole=whole)
        found = [template.estimate(frames, self._threads) for frames in self._batches(samples)]
        codes, shifts, _, _, blocks = (np.concatenate(parts) for parts in zip(*found, strict=True))
        known, tiles = codes == 0, self._comparison.tiles(self.shape)
        if not known.any():
            return Roughness()
        away = shifts[:, None, None]
        if self.roughness is not None:
            own = blocks[..., :2].reshape(-1, *tiles, 2)
            away = np.where(np.isfinite(own), own, away)
        self.reference = self._mean(samples, away - np.median(away[known], axis=0))
        self._count = int(known.sum())
        return roughness_of(blocks[known].reshape(-1, *tiles, 4))

    def _mean(self, samples: NDArray[np.int64], away: Floats) -> Floats:
        """The mean of the frames without displacements."""
        nodes = middles(self.shape, (away.shape[1], away.shape[2]))
        total, held, done = np.zeros(self.shape), np.zeros(self.shape), 0
        for frames in self._batches(samples):
            part = away[done : done + len(frames)]
            moved = aligned(frames, nodes, part, self._comparison.line_offset, "cubic", self._threads)
            inside = np.isfinite(moved)
            total += np.where(inside, moved, 0).sum(axis=0, dtype=np.float64)
            held += inside.sum(axis=0)
            done += len(frames)
        mean: Floats = np.divide(total, held, out=np.full(self.shape, np.nan), where=held > 0)
        return mean

    def _batches(self, samples: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
        """Frames of the movie, some at a time."""
        together = min(TOGETHER, self._film.step())
        for start in range(0, len(samples), together):
            numbers = samples[start : start + together]
            yield np.concatenate([self._film.read(int(number), int(number) + 1) for number in numbers])


def roughness_of(blocks: Floats) -> Roughness:
    """How the shifts of blocks differ, without what their errors add.

    Parameters
    ----------
    blocks : ndarray
        (frames, rows of blocks, columns of blocks, 4): shifts and standard errors.
    """
    near, far = _variance(blocks, 1), _variance(blocks, 2)
    if near is None:
        return Roughness()
    pixels = float(np.clip(np.sqrt(max(near, 0.0)), LEAST_ROUGHNESS, MOST_ROUGHNESS))
    if far is None or not near > LEAST_ROUGHNESS**2:
        return Roughness(pixels)
    growth = np.log2(max(far, near) / near)
    return Roughness(pixels, float(np.clip(growth, LEAST_GROWTH, MOST_GROWTH)))


def _variance(blocks: Floats, distance: int) -> float | None:
    """Variance of the differences of blocks so far apart, px²; None if there are none."""
    squares, errors = [], []
    for axis in (1, 2):
        first, second = blocks.swapaxes(0, axis)[:-distance], blocks.swapaxes(0, axis)[distance:]
        away = second[..., :2] - first[..., :2]
        known = np.asarray(np.isfinite(away).all(axis=-1))
        if known.any():
            some = known.any(axis=axis, keepdims=True)
            held = np.where(known[..., None], away, np.where(some, np.nan, 0.0)[..., None])
            away = away - np.nanmedian(held, axis=axis, keepdims=True)
            squares.append((away[known] ** 2).ravel())
            errors.append((first[known][:, 2:] ** 2 + second[known][:, 2:] ** 2).ravel())
    if not squares:
        return None
    return float(np.median(np.concatenate(squares))) / SPREAD - float(np.median(np.concatenate(errors)))
