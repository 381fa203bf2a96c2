"""Passes over a movie: its noise, its bins, and what follows the time courses of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.twophoton.read.frames_done import FramesDone
from lumentrace.twophoton.read.recording import ConvertedRecording

Floats = NDArray[np.float64]
Span = tuple[int, int]
Taker = _core.PixelNoise | _core.BinnedMovie | _core.MovieProjections
"""A kernel that takes frames block by block."""
Part = tuple[Span, Span, Sequence[int]]
"""Rows, columns, and numbers of the time courses that are looked for there."""

MOST_BYTES = 1 << 27
"""Of the bins of a movie that are held."""
LEAST_BINS = 20
"""Bins below which nothing can be said about what pixels do together."""
MOST_PASSES = 4


@dataclass(frozen=True)
class Binning:
    """How a movie is binned.

    Attributes
    ----------
    frames : int
        Of a bin.
    bins : int
    window : int
        Bins over which slow changes are taken out.
    """

    frames: int
    bins: int
    window: int

    @classmethod
    def of(cls, kept: int, rate_hz: float, seconds: float, window_seconds: float) -> Binning:
        """Bins of about so many seconds, of so many frames in all.

        Raises
        ------
        ValueError
            If there are too few frames.
        """
        frames = max(1, min(round(seconds * rate_hz), kept // (5 * LEAST_BINS)))
        if kept < LEAST_BINS:
            raise ValueError(f"expected {LEAST_BINS} frames at least to find cells, found {kept}")
        window = max(LEAST_BINS, round(window_seconds * rate_hz / frames))
        return cls(frames, kept // frames, min(window, kept // frames))

    def within(self, cells: int) -> Binning:
        """Longer bins if those of so many cells of a grid would need too much memory."""
        most = max(5 * LEAST_BINS, MOST_BYTES // (2 * cells))
        times = -(-self.bins // most)
        return Binning(self.frames * times, self.bins // times, max(LEAST_BINS, self.window // times))


class Passes:
    """Passes over frames of a recording that did not move too far, in the part of the frame that is always valid."""

    def __init__(self, recording: ConvertedRecording) -> None:
        self._movie, self.crop = recording.movie, recording.alignment_valid_crop
        self._kept = ~recording.motion_artifact_mask
        self.frames = int(np.count_nonzero(self._kept))
        self._done = FramesDone(self._movie.shape[0], MOST_PASSES * self._movie.shape[0])

    def over(self, taker: Taker) -> None:
        """Hand all frames over."""
        for begin, frames, span in self._movie.iter_kernel_batches(0, self._movie.shape[0]):
            kept = self._kept[begin : begin + span[1] - span[0]]
            _core.hand_frames(frames, taker, span, *self.crop.spans, kept, progress=self._done.kernel())
            self._done.add(span[1] - span[0])

    def noise(self) -> tuple[Floats, Floats]:
        """Mean and noise (rows, columns) of each pixel.

        Raises
        ------
        ValueError
            If no pixel has noise.
        """
        taker = _core.PixelNoise(*self.crop.shape)
        self.over(taker)
        mean, noise = taker.images()
        if not (noise > 0).any():
            raise ValueError("expected pixels that change from frame to frame, found none: NaN, clipped or constant")
        return mean, noise

    def binned(self, mean: Floats, noise: Floats, factor: int, binning: Binning) -> _core.BinnedMovie:
        """Bins of the movie, `factor` pixels along the side of a cell of the grid."""
        taker = _core.BinnedMovie(mean, noise, factor, binning.frames, binning.bins, binning.window)
        self.over(taker)
        return taker

    def projected(self, mean: Floats, frames: int, courses: Floats, parts: Sequence[Part]) -> list[Floats]:
        """Sums of the products of pixels and time courses, (courses, rows, columns) of each part."""
        taker = _core.MovieProjections(mean, frames, np.ascontiguousarray(courses), list(parts))
        self.over(taker)
        return [
            sums.reshape(len(which), rows[1] - rows[0], columns[1] - columns[0])
            for sums, (rows, columns, which) in zip(taker.sums(), parts, strict=True)
        ]
