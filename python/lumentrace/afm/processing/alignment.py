"""Alignment of frames: against drift of the sample.

Shifts are what to add to a frame's rows and columns to put it on the reference. They are found by cross-correlation of
frames from which the mean of the finite pixels was subtracted; pixels that are not finite count as the mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import film
from lumentrace.base.masked import unmasked
from lumentrace.engine import executors, progress

Floats = NDArray[Any]
Moved = tuple[Floats, dict[str, Any]]

METHODS = ("fft_cross_correlation", "full_cross_correlation")
MODES = ("pad", "crop", "crop_square")


@unmasked
def align_frames(
    data: Floats,
    *,
    reference_frame: int = 0,
    method: str = "fft_cross_correlation",
    mode: str = "pad",
    max_shift: int | None = None,
    pre_filter_sigma: float | None = None,
    max_jump: float | None = None,
) -> Moved:
    """Shift frames by whole pixels onto one of them.

    Parameters
    ----------
    data : ndarray
        (frames, height, width)
    reference_frame : int, default 0
    method : {'fft_cross_correlation', 'full_cross_correlation'}
        Through Fourier transforms, or sum by sum; they give the same.
    mode : {'pad', 'crop', 'crop_square'}, default 'pad'
        The union of the frames with NaN where there is nothing, their intersection, or the largest square in the middle
        of that.
    max_shift : int, optional
        Largest shift along each axis.
    pre_filter_sigma : float, optional
        Smooth the frames for the search, not the result.
    max_jump : float, optional
        From the third frame on, a component that differs from the last one by more is replaced by what the two frames
        before predict.

    Returns
    -------
    aligned : ndarray
    metadata : dict
        `shifts` int (frames, 2) along rows and columns, `mode`, `border_mask`: bool (height, width), True where all
        frames have pixels.

    Raises
    ------
    ValueError
        For settings out of range.
    """
    _check(data, method, mode)
    if not 0 <= reference_frame < len(data):
        raise ValueError(f"`reference_frame`: expected 0 to {len(data) - 1}, found {reference_frame}")
    find = Correlation(prepared(data[reference_frame], pre_filter_sigma), max_shift, direct=method == METHODS[1])
    tell = progress.reporter()
    shifts = np.zeros((len(data), 2), dtype=np.int64)
    # The transforms leave the interpreter free.
    with executors.threads() as pool:
        for number, shift in enumerate(pool.map(lambda frame: find.shift_of(frame, pre_filter_sigma), data)):
            shifts[number] = shift
            if tell is not None:
                tell(number + 1)
    shifts[reference_frame] = 0
    if max_jump is not None:
        for number in range(2, len(data)):
            shifts[number] = _plausible(shifts, number, max_jump)
    return _placed(data, shifts, mode)


@unmasked
def rolling_frame_align(
    data: Floats,
    *,
    window: int = 5,
    mode: str = "pad",
    max_shift: int | None = None,
    pre_filter_sigma: float | None = None,
) -> Moved:
    """Shift frames by whole pixels, each onto the mean of the last ones that were placed.

    Parameters
    ----------
    data : ndarray
        (frames, height, width)
    window : int, default 5
        How many placed frames are averaged.
    mode, max_shift, pre_filter_sigma
        As of `align_frames`.

    Returns
    -------
    aligned : ndarray
    metadata : dict
        As of `align_frames`.

    Raises
    ------
    ValueError
        For settings out of range.
    """
    _check(data, METHODS[0], mode)
    if window < 1:
        raise ValueError(f"`window`: expected a whole number from 1 on, found {window}")
    images = [prepared(frame, pre_filter_sigma) for frame in data]
    tell = progress.reporter()
    shifts = np.zeros((len(data), 2), dtype=np.int64)
    for number in range(1, len(data)):
        last = range(max(0, number - window), number)
        # The mean of the placed frames, seen from the last one.
        seen = [_moved(images[other], shifts[other] - shifts[number - 1]) for other in last]
        find = Correlation(np.mean(seen, axis=0), max_shift)
        shifts[number] = shifts[number - 1] + find.shift(images[number])
        if tell is not None:
            tell(number + 1)
    return _placed(data, shifts, mode)


class Correlation:
    """Finds shifts onto a reference by full linear cross-correlation, in single precision.

    Parameters
    ----------
    reference : ndarray
        (height, width), mean 0.
    max_shift : int, optional
    direct : bool, default False
        Sum by sum instead of through Fourier transforms.
    """

    def __init__(self, reference: Floats, max_shift: int | None, direct: bool = False):
        from scipy import fft

        self._shape = reference.shape
        self._reach = [length - 1 if max_shift is None else min(int(max_shift), length - 1) for length in self._shape]
        self._size = [fft.next_fast_len(2 * length - 1, real=True) for length in self._shape]
        self._direct, self._reference = direct, reference
        self._transform = fft.rfft2(reference.astype(np.float32), self._size)

    def shift_of(self, frame: Floats, sigma: float | None) -> NDArray[np.int64]:
        """`shift` of a frame as it is, in any thread."""
        with np.errstate(all="ignore"):
            return self.shift(prepared(frame, sigma))

    def shift(self, image: Floats) -> NDArray[np.int64]:
        """What to add to the rows and columns of an image; 0 for one without any structure."""
        if not image.any():
            return np.zeros(2, dtype=np.int64)
        sums = self._through_transforms(image) if not self._direct else self._directly(image)
        # Shifts beyond the reach lie in the middle, negative ones at the far end.
        for axis, reach in enumerate(self._reach):
            beyond = slice(reach + 1, sums.shape[axis] - reach)
            sums[(slice(None), beyond) if axis else beyond] = -np.inf
        place = np.array(np.unravel_index(np.argmax(sums), sums.shape), dtype=np.int64)
        return np.asarray(np.where(place > self._reach, place - sums.shape, place))

    def _through_transforms(self, image: Floats) -> Floats:
        from scipy import fft

        transform = fft.rfft2(image.astype(np.float32), self._size)
        np.conj(transform, out=transform)
        transform *= self._transform
        return np.asarray(fft.irfft2(transform, self._size, overwrite_x=True))

    def _directly(self, image: Floats) -> Floats:
        from scipy import signal

        full = signal.correlate2d(self._reference, image)
        return np.roll(full, [1 - length for length in self._shape], axis=(0, 1))


def _check(data: Floats, method: str, mode: str) -> None:
    film("data", data)
    if method not in METHODS:
        raise ValueError(f"`method`: expected one of {', '.join(METHODS)}, found {method!r}")
    if mode not in MODES:
        raise ValueError(f"`mode`: expected one of {', '.join(MODES)}, found {mode!r}")
    if not len(data):
        raise ValueError("`data`: expected at least one frame, found none")


def filled(frame: Floats) -> tuple[Floats, NDArray[np.bool_] | None]:
    """A frame whose pixels that are not finite are the mean of the others, and which these are."""
    bad = ~np.isfinite(frame)
    if not bad.any():
        return frame.astype(np.float64), None
    return np.where(bad, 0.0 if bad.all() else frame[~bad].mean(), frame), bad


def prepared(frame: Floats, sigma: float | None) -> Floats:
    """A frame for the search of shifts: filled, smoothed, with mean 0."""
    image, _ = filled(frame)
    if sigma:
        from scipy import ndimage

        image = ndimage.gaussian_filter(image, sigma)
    return np.asarray(image - image.mean())


def _plausible(shifts: NDArray[np.int64], number: int, max_jump: float) -> NDArray[np.int64]:
    found, last, before = shifts[number], shifts[number - 1], shifts[number - 2]
    return np.asarray(np.where(np.abs(found - last) > max_jump, 2 * last - before, found))


def _moved(frame: Floats, shift: NDArray[np.int64], out: Floats | None = None) -> Floats:
    """A frame shifted by whole pixels; 0 where nothing comes from."""
    moved = np.zeros_like(frame) if out is None else out
    rows, columns = (_overlap(length, int(step)) for length, step in zip(frame.shape, shift, strict=True))
    moved[rows[0], columns[0]] = frame[rows[1], columns[1]]
    return moved


def _overlap(length: int, step: int) -> tuple[slice, slice]:
    """Where pixels go to, and where they come from."""
    if abs(step) >= length:
        return slice(0, 0), slice(0, 0)
    return slice(max(step, 0), length + min(step, 0)), slice(max(-step, 0), length + min(-step, 0))


def _placed(data: Floats, shifts: NDArray[np.int64], mode: str) -> Moved:
    """The frames on one canvas."""
    low, high = shifts.min(axis=0), shifts.max(axis=0)
    height, width = data.shape[1:]
    canvas = (height + int(high[0] - low[0]), width + int(high[1] - low[1]))
    inside = np.s_[int(high[0] - low[0]) : height, int(high[1] - low[1]) : width]
    metadata: dict[str, Any] = {"shifts": shifts, "mode": mode}
    border = np.zeros(canvas, dtype=bool)
    border[inside] = True
    places = shifts - low
    if mode == "pad":
        kind = data.dtype if data.dtype.kind == "f" else np.dtype(np.float64)
        placed = np.full((len(data), *canvas), np.nan, dtype=kind)
        for frame, (y, x), out in zip(data, places, placed, strict=True):
            out[y : y + height, x : x + width] = frame
        return placed, metadata | {"border_mask": border}
    rows, columns = _square(inside) if mode == "crop_square" else inside
    if rows.stop <= rows.start or columns.stop <= columns.start:
        raise ValueError(f"`mode`: {mode!r}: the frames have no pixel in common; 'pad' keeps all")
    placed = np.stack(
        [
            frame[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
            for frame, (y, x) in zip(data, places, strict=True)
        ]
    )
    return placed, metadata | {"border_mask": border[rows, columns]}


def _square(inside: tuple[slice, slice]) -> tuple[slice, slice]:
    side = min(part.stop - part.start for part in inside)
    starts = [part.start + (part.stop - part.start - side) // 2 for part in inside]
    return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)
