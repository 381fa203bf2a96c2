"""Flashes in photodiode signals, and what they say about when the stimulus ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FRACTION = 0.3
"""Share of the range above which a flash is on."""
PROJECTOR_HZ = 60.0
LONG_FLASH = 19.0
"""Projector frames that a flash at the start or end lasts at least."""
APART = 3
"""Flashes between the two long ones, if both are the start and the end."""


@dataclass(frozen=True)
class PhotodiodeEvent:
    """A flash.

    Attributes
    ----------
    start, stop : int
        First sample and end.
    peak : float
    """

    start: int
    stop: int
    peak: float

    @property
    def duration(self) -> int:
        """In samples."""
        return self.stop - self.start

    @property
    def centre(self) -> float:
        """Middle, in samples."""
        return self.start + (self.duration - 1) / 2


def photodiode_threshold(signal: NDArray[Any], fraction: float = FRACTION) -> float:
    """The level above which a flash is on: a share of the range.

    Raises
    ------
    ValueError
        If the share is not from 0 to 1, or no sample is finite.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"`fraction`: expected a number from 0 to 1, found {fraction!r}")
    values = np.asarray(signal, dtype=np.float64)
    if not np.isfinite(values).any():
        raise ValueError("`signal`: expected finite samples, found none")
    low, high = np.nanmin(values), np.nanmax(values)
    return float(low + fraction * (high - low))


def detect_photodiode_events(
    signal: NDArray[Any],
    *,
    threshold: float | None = None,
    merge_gap: int = 0,
    minimum_width: int = 1,
) -> tuple[PhotodiodeEvent, ...]:
    """Find flashes: runs of samples above a threshold.

    Parameters
    ----------
    signal : ndarray
    threshold : float, optional
        30 % of the range by default.
    merge_gap : int, default 0
        Runs so many samples apart, or fewer, are one.
    minimum_width : int, default 1
        Shorter runs are none.
    """
    values = np.asarray(signal, dtype=np.float64).reshape(-1)
    level = photodiode_threshold(values) if threshold is None else threshold
    runs: list[list[int]] = []
    for start, stop in true_runs(values > level):
        if runs and start - runs[-1][1] <= merge_gap:
            runs[-1][1] = stop
        else:
            runs.append([start, stop])
    kept = [(start, stop) for start, stop in runs if stop - start >= minimum_width]
    return tuple(PhotodiodeEvent(start, stop, float(np.nanmax(values[start:stop]))) for start, stop in kept)


def true_runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First index and end of each run of True."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in steps.reshape(-1, 2)]


def stimulus_bounds(high_res: NDArray[Any], frames: int, frame_rate_hz: float) -> tuple[int, int]:
    """First frame and end of the stimulus, from the long flash at its end.

    Raises
    ------
    ValueError
        If the signal is no whole number of samples per frame, or has no or more than two long flashes.
    """
    samples = len(high_res)
    if samples % frames:
        raise ValueError(f"expected a whole number of photodiode samples for {frames} frames, found {samples}")
    per_frame = samples // frames
    events = detect_photodiode_events(high_res)
    lengths = [event.duration / per_frame / frame_rate_hz * PROJECTOR_HZ for event in events]
    long = [place for place, length in enumerate(lengths) if length > LONG_FLASH]
    if not 1 <= len(long) <= 2:
        raise ValueError(f"expected one or two long flashes of the photodiode, found {len(long)}")
    last = long[1] if len(long) == 2 and long[1] - long[0] > APART else long[0]
    return events[0].start // per_frame, (events[last].start - 1) // per_frame + 1
