"""Rounds in which the reference of a movie becomes sharper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.twophoton.align.corrected import aligned, middles
from lumentrace.twophoton.align.films import Film
from lumentrace.twophoton.align.reference import Comparison, first_reference

Floats = NDArray[np.float64]

WHOLE = 4
"""Rounds in which whole frames are aligned."""
TOGETHER = 16
"""Frames that are worked on together."""
SPREAD = 0.4549
"""Median of the square of a standard normal number."""
LEAST_ROUGHNESS, MOST_ROUGHNESS, USUAL_ROUGHNESS = 0.02, 2.0, 0.3
"""Pixels."""


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
    roughness : float or None
        Standard deviation of the difference of neighbouring blocks, px; None if blocks move as the whole.
    """

    def __init__(self, film: Film, comparison: Comparison, threads: int) -> None:
        self._film, self._comparison, self._threads = film, comparison, threads
        self.shape = (film.shape[1], film.shape[2])
        wanted = comparison.settings.reference_frames
        self._samples = np.unique(np.linspace(0, film.shape[0] - 1, wanted).astype(int))
        self.reference, self._count = first_reference(film, self._samples)
        self.roughness: float | None = None
        for _ in range(WHOLE):
            self._again()
        if comparison.settings.mode == "nonrigid":
            self.roughness = self._again()
            self._again()
        self.unaligned = self._mean(np.zeros((len(self._samples), 1, 1, 2)))

    def template(self) -> _core.MotionTemplate:
        """What frames are compared with."""
        noise = self._comparison.noise
        known = self.reference[np.isfinite(self.reference)]
        light = float(known.mean()) - noise.zero if known.size else 0.0
        return self._comparison.template(self.reference, self._count * light / noise.gain, self.roughness)

    def _again(self) -> float:
        """Make the reference of the frames that are aligned to it, around the median of their shifts.

        Returns the roughness of the shifts of blocks, which are taken into account once it is known.
        """
        template = self.template()
        found = [template.estimate(frames, self._threads) for frames in self._batches()]
        codes, shifts, _, _, blocks = (np.concatenate(parts) for parts in zip(*found, strict=True))
        known, tiles = codes == 0, self._comparison.tiles(self.shape)
        if not known.any():
            return USUAL_ROUGHNESS
        away = shifts[:, None, None]
        if self.roughness is not None:
            own = blocks[..., :2].reshape(-1, *tiles, 2)
            away = np.where(np.isfinite(own), own, away)
        self.reference = self._mean(away - np.median(away[known], axis=0))
        self._count = int(known.sum())
        return roughness_of(blocks[known].reshape(-1, *tiles, 4))

    def _mean(self, away: Floats) -> Floats:
        """The mean of the frames without displacements."""
        nodes = middles(self.shape, (away.shape[1], away.shape[2]))
        total, held, done = np.zeros(self.shape), np.zeros(self.shape), 0
        for frames in self._batches():
            part = away[done : done + len(frames)]
            moved = aligned(frames, nodes, part, self._comparison.line_offset, "cubic", self._threads)
            inside = np.isfinite(moved)
            total += np.where(inside, moved, 0).sum(axis=0, dtype=np.float64)
            held += inside.sum(axis=0)
            done += len(frames)
        mean: Floats = np.divide(total, held, out=np.full(self.shape, np.nan), where=held > 0)
        return mean

    def _batches(self) -> Iterator[NDArray[Any]]:
        """The frames that the reference is made from, some at a time."""
        together = min(TOGETHER, self._film.step())
        for start in range(0, len(self._samples), together):
            numbers = self._samples[start : start + together]
            yield np.concatenate([self._film.read(int(number), int(number) + 1) for number in numbers])


def roughness_of(blocks: Floats) -> float:
    """Standard deviation of the differences of neighbouring blocks, without what their errors add, px.

    Parameters
    ----------
    blocks : ndarray
        (frames, rows of blocks, columns of blocks, 4): shifts and standard errors.
    """
    squares, errors = [], []
    for axis in (1, 2):
        first, second = (np.delete(blocks, end, axis) for end in (-1, 0))
        away = second[..., :2] - first[..., :2]
        known = np.asarray(np.isfinite(away).all(axis=-1))
        if known.any():
            away = away - np.nanmedian(np.where(known[..., None], away, np.nan), axis=0)
            squares.append((away[known] ** 2).ravel())
            errors.append((first[known][:, 2:] ** 2 + second[known][:, 2:] ** 2).ravel())
    if not squares:
        return USUAL_ROUGHNESS
    square, error = np.concatenate(squares), np.concatenate(errors)
    variance = float(np.median(square)) / SPREAD - float(np.median(error))
    return float(np.clip(np.sqrt(max(variance, 0.0)), LEAST_ROUGHNESS, MOST_ROUGHNESS))
