"""Movies without their motion, made frame by frame when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.twophoton.align.films import Film, film_of
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.ranges import frame_range

if TYPE_CHECKING:
    from lumentrace.twophoton.align.motion import Motion

Floats = NDArray[np.float64]
Sampling = Literal["cubic", "linear", "nearest"]


def middles(shape: tuple[int, int], blocks: tuple[int, int]) -> tuple[Floats, Floats]:
    """Middles of equal blocks along rows and columns, px."""
    rows, columns = ((np.arange(count) + 0.5) * size / count - 0.5 for size, count in zip(shape, blocks, strict=True))
    return rows, columns


def aligned(
    frames: NDArray[Any],
    nodes: tuple[Floats, Floats],
    shifts: NDArray[np.floating[Any]],
    line_offset: float,
    sampling: str,
    threads: int,
) -> NDArray[np.float32]:
    """Frames without displacements `shifts` (frames, rows, columns, 2) at `nodes`; NaN where they show nothing."""
    held = np.ascontiguousarray(shifts.reshape(len(frames), -1, 2), np.float64)
    return _core.apply_motion(frames, nodes, held, line_offset, sampling, threads)


@dataclass(frozen=True)
class CorrectedFrames:
    """Frames of float32 without their motion, as an array; each is read and moved when it is indexed.

    What lies outside a frame is NaN, and so are frames without a shift.

    Attributes
    ----------
    film : Film
    motion : Motion
    sampling : {'cubic', 'linear', 'nearest'}
    crop : SpatialCrop
        The part that is shown.
    """

    film: Film
    motion: Motion
    sampling: Sampling
    crop: SpatialCrop

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""
        return (self.film.shape[0], *self.crop.shape)

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """32-bit numbers."""
        return np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        """Three."""
        return 3

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def read_frames(self, start: int | None = None, stop: int | None = None) -> NDArray[np.float32]:
        """Frames from `start` up to `stop`.

        Raises
        ------
        FormatError
            If the file is damaged.
        ValueError
            If the range lies outside the movie.
        """
        first, end = frame_range(start, stop, len(self))
        nodes = self.motion.block_rows, self.motion.block_columns
        shifts = self.motion.block_shifts[first:end]
        frames = self.film.read(first, end)
        moved = aligned(frames, nodes, shifts, self.motion.line_offset.used, self.sampling, 0)
        return np.ascontiguousarray(moved[(slice(None), *self.crop.slices)])

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """The first frame of some, and those, until all were made."""
        step = self.film.step()
        for start in range(0, len(self), step):
            yield start, self.read_frames(start, min(start + step, len(self)))

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        first, rest = (key[0], key[1:]) if isinstance(key, tuple) else (key, ())
        wanted = np.arange(len(self))[first]
        if not wanted.size:
            return np.empty((0, *self.crop.shape), self.dtype)[(slice(None), *rest)]
        low, high = int(wanted.min()), int(wanted.max()) + 1
        chosen = self.read_frames(low, high)[wanted - low]
        return np.asarray(chosen[(*[slice(None)] * np.ndim(wanted), *rest)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("frames are made when they are read: expected copy=True or None, found False")
        return self[:].astype(dtype or self.dtype, copy=False)


def corrected(
    movie: Any, motion: Motion, *, sampling: Sampling = "cubic", crop: bool | SpatialCrop = False
) -> CorrectedFrames:
    """A movie without its motion, whose frames are moved when they are read.

    Parameters
    ----------
    movie : path or array_like
        That whose motion was measured, or another channel of it.
    motion : Motion
    sampling : {'cubic', 'linear', 'nearest'}, default 'cubic'
        How values between pixels are found; 'nearest' takes pixels as they are.
    crop : bool or SpatialCrop, default False
        True for what all frames with a shift show.

    Returns
    -------
    CorrectedFrames

    Raises
    ------
    ValueError
        If the movie has other frames than the one that was measured.

    Examples
    --------
    >>> from lumentrace import twophoton
    >>> made = twophoton.simulate_raw(twophoton.RawScene(frames=30, rows=48, columns=48, cells=4), seed=1)
    >>> motion = twophoton.estimate_motion(made.movie)
    >>> still = twophoton.corrected(made.movie, motion, crop=True)
    >>> still[10:12].shape == (2, *motion.crop.shape)
    True
    """
    film = film_of(movie)
    if film.shape != (motion.frames, *motion.shape):
        raise ValueError(f"`movie`: expected the shape {(motion.frames, *motion.shape)}, found {film.shape}")
    if sampling not in get_args(Sampling):
        raise ValueError(f"`sampling`: expected one of {', '.join(get_args(Sampling))}, found {sampling!r}")
    whole = SpatialCrop.whole(motion.shape)
    part = crop if isinstance(crop, SpatialCrop) else motion.crop if crop else whole
    return CorrectedFrames(film, motion, sampling, part)
