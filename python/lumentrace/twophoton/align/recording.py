"""A recording whose movie is moved while it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.twophoton.align.corrected import aligned
from lumentrace.twophoton.align.motion import Motion
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.movie import BATCH, Movie
from lumentrace.twophoton.read.ranges import frame_range
from lumentrace.twophoton.read.recording import ConvertedRecording


@dataclass(frozen=True)
class AlignedMovie(Movie):
    """A movie in a file, without its motion: float32, NaN where a frame shows nothing or has no shift.

    Attributes
    ----------
    source : Movie
        As it is in the file.
    motion : Motion
    """

    source: Movie
    motion: Motion

    @property
    def as_taken(self) -> Movie:
        """The movie with its motion."""
        return self.source

    def read_frames(
        self, start: int | None = None, stop: int | None = None, *, spatial_crop: SpatialCrop | None = None
    ) -> NDArray[Any]:
        """Frames from `start` up to `stop`, or a part of them.

        Raises
        ------
        FormatError
            If the file is damaged.
        ValueError
            If the range lies outside the movie.
        """
        first, end = frame_range(start, stop, self.shape[0])
        own = self.motion
        nodes = own.block_rows, own.block_columns
        frames = self.source.read_frames(first, end)
        moved = aligned(frames, nodes, own.block_shifts[first:end], own.line_offset.used, "cubic", 0)
        crop = SpatialCrop.whole(self.shape[1:]) if spatial_crop is None else spatial_crop
        return np.ascontiguousarray(moved[(slice(None), *crop.slices)])

    def iter_kernel_batches(
        self, start: int, stop: int, chunk_frames: int = BATCH
    ) -> Iterator[tuple[int, _core.MovieFrames, tuple[int, int]]]:
        """Whole frames for kernels, some at a time: the first one, what holds them, and which of it they are."""
        if chunk_frames < 1:
            raise ValueError(f"`chunk_frames`: expected a whole number from 1 on, found {chunk_frames!r}")
        for begin, until in pairwise([*range(start, stop, chunk_frames), stop]):
            yield begin, _core.MovieFrames.memory(self.read_frames(begin, until)), (0, until - begin)


def aligned_recording(recording: ConvertedRecording, motion: Motion) -> ConvertedRecording:
    """A recording without the motion of its movie; frames without a shift count as those that moved too far.

    The mean image is the reference of the motion.

    Raises
    ------
    ValueError
        If the motion is that of another movie, no frame has a shift, or no place is shown by all that have one.
    """
    movie = recording.movie
    if movie.shape != (motion.frames, *motion.shape):
        raise ValueError(f"`motion`: expected that of a movie {movie.shape}, found {(motion.frames, *motion.shape)}")
    if motion.flags.all():
        told = ", ".join(f"{reason} ({count})" for reason, count in Counter(motion.reasons).most_common())
        raise ValueError(f"`motion`: expected frames with a shift, found none of {motion.frames}: {told}")
    crop = _common(recording.alignment_valid_crop, motion.crop)
    if not all(crop.shape):
        raise ValueError(
            f"`motion`: frames moved by up to {motion.figures()['largest shift (px)']:.3g} px, and no place of "
            f"{motion.shape} pixels is shown by all of them"
        )
    still = AlignedMovie(movie.path, movie.dataset_name, movie.shape, np.dtype(np.float32), source=movie, motion=motion)
    return replace(
        recording,
        movie=still,
        mean_image=motion.reference,
        alignment_valid_crop=crop,
        alignment_offset_pixels=motion.shifts[:, ::-1].copy(),
        alignment_shift_pixels=np.hypot(*motion.shifts.T),
        motion_artifact_mask=recording.motion_artifact_mask | motion.flags,
        provenance=motion.provenance,
    )


def _common(one: SpatialCrop, other: SpatialCrop) -> SpatialCrop:
    """What lies in both."""
    spans = [
        (max(first[0], second[0]), max(min(first[1], second[1]), first[0], second[0]))
        for first, second in zip(one.spans, other.spans, strict=True)
    ]
    return SpatialCrop(*spans[0], *spans[1], one.original_shape)
