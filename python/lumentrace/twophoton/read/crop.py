"""The part of the frame that every frame shows, however the sample moved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGEST_UM = {False: 5.0, True: 15.0}
"""Largest movement in micrometres: of planes, of line scans."""
UM_PER_PIXEL = 0.4
PIXELS = 256.0


@dataclass(frozen=True)
class SpatialCrop:
    """Rows and columns: from `start` up to `stop` along axis 0 and 1."""

    axis0_start: int
    axis0_stop: int
    axis1_start: int
    axis1_stop: int
    original_shape: tuple[int, int]

    @property
    def slices(self) -> tuple[slice, slice]:
        """To index a frame with."""
        return slice(self.axis0_start, self.axis0_stop), slice(self.axis1_start, self.axis1_stop)

    @property
    def spans(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """First and end row, first and end column."""
        return (self.axis0_start, self.axis0_stop), (self.axis1_start, self.axis1_stop)

    @property
    def shape(self) -> tuple[int, int]:
        """Of the part."""
        return self.axis0_stop - self.axis0_start, self.axis1_stop - self.axis1_start

    @classmethod
    def whole(cls, shape: tuple[int, int]) -> SpatialCrop:
        """All of the frame."""
        return cls(0, shape[0], 0, shape[1], shape)


@dataclass(frozen=True)
class AlignmentCrop:
    """The crop, and what it was computed from.

    Attributes
    ----------
    crop : SpatialCrop
    offsets : ndarray
        (frames, 2): x and y, pixels.
    shifts : ndarray
        (frames,)
    moved : ndarray of bool
        (frames,): frames that moved too far.
    about : dict
        Numbers that are kept with the recording.
    """

    crop: SpatialCrop
    offsets: Floats
    shifts: Floats
    moved: NDArray[np.bool_]
    about: dict[str, Any]


def alignment_crop(
    alignment: Floats, shape: tuple[int, int, int], acquisition: dict[str, Any], bounds: tuple[int, int]
) -> AlignmentCrop:
    """The part of a movie of `shape` (frames, y, x) that is valid while the stimulus runs.

    Raises
    ------
    ValueError
        If there are fewer shifts than frames, or none is small enough.
    """
    frames, _, columns = shape
    if len(alignment) < frames:
        raise ValueError(f"expected a shift for each of {frames} frames, found {len(alignment)}")
    line = float(acquisition["acq.scanAngleMultiplierSlow"]) == 0
    offsets = alignment[:frames].astype(np.float64).copy()
    if line:
        offsets[:, 1] = 0
    zoom = float(acquisition["acq.zoomFactor"])
    threshold = LARGEST_UM[line] * UM_PER_PIXEL * zoom * PIXELS / columns
    return crop_of_shifts(offsets, shape[1:], threshold, (0, frames) if line else bounds, least_down=int(line))


def crop_of_shifts(
    offsets: Floats, shape: tuple[int, int], threshold: float, bounds: tuple[int, int], least_down: int = 0
) -> AlignmentCrop:
    """The part of a frame of `shape` that is valid from one frame to another.

    Parameters
    ----------
    offsets : ndarray
        (frames, 2): shifts in x and y, pixels.
    shape : tuple of int
        (rows, columns)
    threshold : float
        Frames that moved farther, in pixels, are left out.
    bounds : tuple of int
        First frame and end.
    least_down : int, default 0
        Rows that are cut off at least.

    Raises
    ------
    ValueError
        If all frames moved farther, or nothing is left.
    """
    (rows, columns), (first, last) = shape, bounds
    shifts = np.hypot(offsets[:, 0], offsets[:, 1])
    moved = shifts > threshold
    kept = offsets[first:last][~moved[first:last]]
    if not len(kept):
        raise ValueError(f"expected frames that moved by no more than {threshold:.3g} pixels, found none")
    across = math.ceil(np.abs(kept[:, 0]).max())
    down = max(least_down, math.ceil(np.abs(kept[:, 1]).max()))
    (top, bottom), (left, right) = _axis(rows, down), _axis(columns, across)
    about = {
        "alignment_frame_start": first,
        "alignment_frame_stop": last,
        "x_cutoff_pixels": across,
        "y_cutoff_pixels": down,
        "over_moved_frame_count": int(moved[first:last].sum()),
        "motion_threshold_pixels": threshold,
    }
    return AlignmentCrop(SpatialCrop(top, bottom, left, right, (rows, columns)), offsets, shifts, moved, about)


def _axis(length: int, cutoff: int) -> tuple[int, int]:
    """Valid part of an axis; the border is a pixel narrower than the cutoff, as documented."""
    if cutoff <= 1:
        return 0, length
    start, stop = cutoff - 1, length - cutoff + 1
    if start >= stop:
        raise ValueError(f"`alignment`: nothing of {length} pixels is left after movements of {cutoff:g}")
    return start, stop
