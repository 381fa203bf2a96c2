"""Flashes in photodiode signals, and what they say about when the stimulus ran."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FRACTION = 0.3
"""Share of the range above which a flash is on."""
PROJECTOR_HZ = 60.0
LONG_FLASH = 19.0
"""Projector frames that a flash at the start or end lasts at least."""
SHORTEST = 0.5
"""Projector frames that a flash lasts at least; what is shorter is a spike."""
SPIKES = "spikes were left out"
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


def without_spikes(signal: NDArray[Any], samples_per_second: float) -> NDArray[np.float64]:
    """A signal less what is too short for a flash or a gap: its running median.

    Spikes of up to half a frame of the projector (a sample at least) are gone, steps and ramps stay as they are.
    Samples that are not finite count as dark.

    Parameters
    ----------
    signal : ndarray
    samples_per_second : float

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.twophoton.measure.photodiode import without_spikes
    >>> without_spikes(np.array([0, 0, 9, 0, 0, 5, 5, 5, 0, 5, 0, 0]), 120.0)
    array([0., 0., 0., 0., 0., 5., 5., 5., 5., 0., 0., 0.])
    """
    from scipy.ndimage import median_filter

    values = np.asarray(signal, dtype=np.float64).reshape(-1)
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("`signal`: expected finite samples, found none")
    shortest = max(2, math.ceil(samples_per_second / PROJECTOR_HZ * SHORTEST))
    found = median_filter(np.where(finite, values, np.median(values[finite])), size=2 * shortest - 1, mode="nearest")
    return np.asarray(found, dtype=np.float64)


def has_spikes(events: tuple[PhotodiodeEvent, ...], samples_per_second: float) -> bool:
    """Whether an event or a gap is shorter than half a frame of the projector, and so no flash."""
    shortest = samples_per_second / PROJECTOR_HZ * SHORTEST
    gaps = (later.start - earlier.stop for earlier, later in pairwise(events))
    return any(length < shortest for length in (*gaps, *(event.duration for event in events)))


@dataclass(frozen=True)
class Stimulus:
    """When the stimulus ran, in frames of the movie.

    Attributes
    ----------
    start_frame, stop_frame : int
        First frame, and the first one after it.
    first_flash, end_flash : float
        Where the first flash and the one at the end begin, in fractions of a frame.
    spikes : bool
        Whether spikes had to be left out.
    """

    start_frame: int
    stop_frame: int
    first_flash: float
    end_flash: float
    spikes: bool


def find_stimulus(high_res: NDArray[Any], frames: int, frame_rate_hz: float) -> Stimulus:
    """When the stimulus ran, from the first flash and the long one at its end.

    If spikes are among the flashes, or no long flash is found, the signal without spikes is looked at.

    Raises
    ------
    ValueError
        If the signal is no whole number of samples per frame, or has no or more than two long flashes.

    Warns
    -----
    UserWarning
        If spikes were left out.
    """
    samples = len(high_res)
    if samples % frames:
        raise ValueError(f"expected a whole number of photodiode samples for {frames} frames, found {samples}")
    per_frame = samples // frames
    rate = per_frame * frame_rate_hz
    events = every = detect_photodiode_events(high_res)
    place = _long_flash(events, rate)
    spikes = place is None or has_spikes(events, rate)
    if spikes:
        events = detect_photodiode_events(without_spikes(high_res, rate))
        place = _long_flash(events, rate)
    if place is None:
        found = sum(_is_long(event, rate) for event in every)
        raise ValueError(f"expected one or two long flashes of the photodiode, found {found}")
    if spikes:
        warnings.warn(f"photodiode: {SPIKES}: {len(events)} flashes of {len(every)} events", stacklevel=2)
    first, end = events[0].start, events[place].start
    return Stimulus(first // per_frame, (end - 1) // per_frame + 1, first / per_frame, end / per_frame, spikes)


def _is_long(event: PhotodiodeEvent, samples_per_second: float) -> bool:
    return event.duration / samples_per_second * PROJECTOR_HZ > LONG_FLASH


def _long_flash(events: tuple[PhotodiodeEvent, ...], samples_per_second: float) -> int | None:
    """Which flash ends the stimulus; None if there is no long one, or more than two."""
    long = [place for place, event in enumerate(events) if _is_long(event, samples_per_second)]
    if not 1 <= len(long) <= 2:
        return None
    return long[1] if len(long) == 2 and long[1] - long[0] > APART else long[0]
