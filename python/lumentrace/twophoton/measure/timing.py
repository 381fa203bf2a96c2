"""When epochs of the stimulus began, by the photodiode."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.measure.photodiode import (
    FRACTION,
    SPIKES,
    PhotodiodeEvent,
    Stimulus,
    detect_photodiode_events,
    find_stimulus,
    has_spikes,
    true_runs,
    without_spikes,
)
from lumentrace.twophoton.measure.windows import STATED_COLUMNS, EpochFrameWindow, epoch_window
from lumentrace.twophoton.read.recording import ConvertedRecording, recording_frame_rate_hz

Floats = NDArray[np.float64]

FLASH = 0.5
LONG = 1.25
CLOCKS = 0.01
"""Share by which the clocks of microscope and projector may differ."""
LEFT_OUT = "photodiode_spikes_left_out"
CLASSIFIED, INTERPOLATED, STATED = "classified_photodiode", "interpolated_epochs", "stimulus_table"

Run = tuple[int, int, int]
"""First row, end and number of an epoch."""


@dataclass(frozen=True)
class RecordingTiming:
    """Windows of epochs and how they were found.

    Attributes
    ----------
    frame_rate_hz : float
    epoch_windows : tuple of EpochFrameWindow
    source : str
        'classified_photodiode', 'interpolated_epochs', or 'stimulus_table' where a table says which frames they are.
    metadata : dict
    provenance : Provenance
        That of the recording, and how the windows were found.
    """

    frame_rate_hz: float
    epoch_windows: tuple[EpochFrameWindow, ...]
    source: str
    metadata: dict[str, Any]
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)


def resolve_recording_timing(recording: ConvertedRecording) -> RecordingTiming:
    """Find the frames of each epoch.

    They are those that the stimulus table names, if it does; else they follow from flashes at every change, if there
    are any; otherwise from the stimulus clock.

    Flashes are looked for as documented. Where that finds another number than the stimulus table has, or flashes or
    gaps shorter than half a frame of the projector, spikes are taken out of the fast signal first, and the slow one is
    looked at only where the fast one flashes; ``metadata["photodiode_spikes_left_out"]`` says so.

    Raises
    ------
    ValueError
        If flashes are missing, or do not fit the stimulus.

    Warns
    -----
    UserWarning
        If spikes were left out.
    """
    watch = Watch()
    found = _resolved(recording)
    return replace(found, provenance=watch.after(recording.provenance, "timing", {"source": found.source}))


def _resolved(recording: ConvertedRecording) -> RecordingTiming:
    rate = recording_frame_rate_hz(recording)
    if set(STATED_COLUMNS) <= set(recording.stimulus_data_column_names):
        return _stated(recording, rate)
    runs = epoch_runs(recording)
    flash = recording.stimulus_column("photodiode_flash")
    segments = [] if flash is None else true_runs(flash > FLASH)
    if not segments:
        return interpolated_timing(recording)
    expected = len(runs) + 1
    if len(segments) < expected:
        raise ValueError(f"expected {expected} flashes in the stimulus table, found {len(segments)}: it is incomplete")
    changes = [runs[0][0], *(stop for _, stop, _ in runs)] if runs else []
    if len(segments) > expected or [start for start, _ in segments] != changes:
        return interpolated_timing(recording)
    return _classified(recording, rate, runs, len(segments))


def _stated(recording: ConvertedRecording, rate: float) -> RecordingTiming:
    """Each row of the table is a window."""
    columns = (recording.stimulus_data_column_names.index(name) for name in STATED_COLUMNS[1:])
    rows = recording.stimulus_data[:, list(columns)].tolist()
    windows = tuple(
        epoch_window(
            index, int(start), int(stop), int(epoch), _name(recording, int(epoch)), None if math.isnan(onset) else onset
        )
        for index, (epoch, start, stop, onset) in enumerate(rows)
    )
    return RecordingTiming(rate, windows, STATED, {"window_count": len(windows)})


def epoch_runs(recording: ConvertedRecording) -> list[Run]:
    """Runs of rows with the same epoch, those without left out."""
    column = recording.stimulus_column("epoch_number")
    if column is None:
        raise ValueError("expected a stimulus table with epoch numbers, found none")
    return _runs(np.nan_to_num(column).astype(np.int64))


def _runs(numbers: NDArray[np.int64]) -> list[Run]:
    edges = np.flatnonzero(np.diff(numbers)) + 1
    bounds = [0, *edges.tolist(), len(numbers)]
    return [
        (start, stop, int(numbers[start])) for start, stop in pairwise(bounds) if stop > start and numbers[start] > 0
    ]


def _classified(recording: ConvertedRecording, rate: float, runs: list[Run], segments: int) -> RecordingTiming:
    """Each flash is a change from one epoch to the next."""
    high, frames, recovered = _flashes(recording, rate, segments)
    if any(later <= earlier for earlier, later in pairwise(frames)):
        raise ValueError("expected flashes in different frames, found two in one")
    per_frame = len(recording.high_res_pd) / recording.movie.shape[0]
    windows = tuple(
        epoch_window(
            number, frames[number], frames[number + 1], epoch, _name(recording, epoch), high[number].start / per_frame
        )
        for number, (_, _, epoch) in enumerate(runs)
    )
    metadata = {
        "event_count": len(high),
        "window_count": len(windows),
        "high_res_event_count": len(high),
        "imaging_res_event_count": len(frames),
        "stimulus_flash_segment_count": segments,
        "stimulus_epoch_run_count": len(runs),
        "flash_threshold": FLASH,
        "long_flash_factor": LONG,
        "typical_transition_high_res_duration_samples": _typical(high),
        **recovered,
    }
    return RecordingTiming(rate, windows, CLASSIFIED, metadata)


def _flashes(
    recording: ConvertedRecording, rate: float, segments: int
) -> tuple[tuple[PhotodiodeEvent, ...], list[int], dict[str, Any]]:
    """Flashes in the fast signal, their frames, and what is to be told if spikes had to be left out."""
    signals = recording.high_res_pd, recording.imaging_res_pd
    high, imaging = (detect_photodiode_events(signal) for signal in signals)
    per_frame = len(signals[0]) / len(signals[1])
    flashes = high
    if len(high) != segments or has_spikes(high, per_frame * rate):
        flashes = detect_photodiode_events(without_spikes(signals[0], per_frame * rate))
    frames: list[int] | None = [event.start for event in imaging]
    if len(flashes) == segments != len(imaging):
        frames = _lit_frames(signals[1], flashes, per_frame)
    if len(flashes) != segments or frames is None:
        raise ValueError(
            f"expected {segments} flashes in both photodiode signals, found {len(high)} in the fast and {len(imaging)} "
            f"in the one per frame, and {len(flashes)} in the fast one without spikes: dropped flashes?"
        )
    if flashes is high and len(imaging) == segments:
        return high, [event.start for event in imaging], {}
    told = {"high_res_events_with_spikes": len(high), "imaging_res_events_with_spikes": len(imaging)}
    warnings.warn(
        f"{recording.path}: photodiode: {SPIKES}: {segments} flashes of {len(high)} events in the fast signal and "
        f"{len(imaging)} in the one per frame",
        stacklevel=5,
    )
    return flashes, frames, {LEFT_OUT: True, **told}


def _lit_frames(imaging: Floats, flashes: tuple[PhotodiodeEvent, ...], per_frame: float) -> list[int] | None:
    """First lit frame of each flash in the fast signal, by levels that spikes do not move; None if one is dark."""
    spans = [(int(flash.start // per_frame), int((flash.stop - 1) // per_frame) + 2) for flash in flashes]
    dark = np.ones(len(imaging), bool)
    for first, last in spans:
        dark[first:last] = False
    dark &= np.isfinite(imaging)
    if not dark.any():
        return None
    low = float(np.median(imaging[dark]))
    values = np.where(np.isfinite(imaging), imaging, low)
    level = low + FRACTION * (float(np.median([values[first:last].max() for first, last in spans])) - low)
    lit = [np.flatnonzero(values[first:last] > level) for first, last in spans]
    return [first + int(own[0]) for own, (first, _) in zip(lit, spans, strict=True)] if all(map(len, lit)) else None


def _typical(events: tuple[PhotodiodeEvent, ...]) -> float:
    """Median length of the flashes between the first and the last."""
    inner = [event.duration for event in events[1:-1]] or [event.duration for event in events]
    return float(np.median(inner))


def _name(recording: ConvertedRecording, epoch: int) -> str:
    return recording.epoch_names.get(epoch, f"epoch_{epoch}")


def interpolated_timing(recording: ConvertedRecording) -> RecordingTiming:
    """Frames of each epoch, with those of the stimulus spread evenly over the stimulus clock.

    Raises
    ------
    ValueError
        If the photodiode does not say when the stimulus ended, or the stimulus table does not fit.
    """
    rate = recording_frame_rate_hz(recording)
    stimulus = find_stimulus(recording.high_res_pd, recording.movie.shape[0], rate)
    start, count = stimulus.start_frame, stimulus.stop_frame - stimulus.start_frame
    times, epochs = (recording.stimulus_column(name) for name in ("time_seconds", "epoch_number"))
    if times is None or epochs is None:
        raise ValueError("expected a stimulus table with times and epoch numbers, found none")
    used = (epochs != 0) & (times <= count / rate)
    if not used.any():
        raise ValueError("expected rows of the stimulus table with an epoch, found none")
    onsets = _interpolated_onsets(times, epochs, stimulus, rate)
    times, numbers = times[used], epochs[used].astype(np.int64)
    if (np.diff(times) < 0).any():
        raise ValueError("expected times of the stimulus table in order, found others")
    rows = _nearest(times, np.linspace(times[0], times[-1], count))
    began = np.maximum.accumulate(np.where(np.diff(numbers, prepend=-1) != 0, np.arange(len(numbers)), 0))
    windows = tuple(
        epoch_window(
            number, start + first, start + last, epoch, _name(recording, epoch), onsets(times[began[rows[first]]])
        )
        for number, (first, last, epoch) in enumerate(_runs(numbers[rows]))
    )
    metadata: dict[str, Any] = {"start_frame": start, "stop_frame": stimulus.stop_frame, "frame_count": count}
    metadata |= {"window_count": len(windows), **({LEFT_OUT: True} if stimulus.spikes else {})}
    return RecordingTiming(rate, windows, INTERPOLATED, metadata)


def _interpolated_onsets(
    times: Floats, epochs: Floats, stimulus: Stimulus, rate: float
) -> Callable[[float], float | None]:
    """Where a time of the table lies in the movie, in fractions of a frame.

    The first flash is the first row with an epoch, the one at the end the row after the last epoch; clocks run evenly
    in between. None if they differ by more than `CLOCKS`: the table then does not say when the end flash was.
    """
    shown = np.flatnonzero(np.nan_to_num(epochs))
    first, last = times[shown[0]], shown[-1] + 1
    end = times[last] if last < len(times) else times[-1] + np.median(np.diff(times))
    span = stimulus.end_flash - stimulus.first_flash
    if not abs(span - (end - first) * rate) <= CLOCKS * span:
        return lambda time: None
    return lambda time: float(stimulus.first_flash + (time - first) * span / (end - first))


def _nearest(times: Floats, wanted: Floats) -> NDArray[np.int64]:
    """Row of the nearest time; the earlier of two that are as near."""
    above = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    above = np.minimum(above, len(times) - 1)
    below = np.maximum(above - 1, 0)
    return np.where(wanted - times[below] <= times[above] - wanted, below, above)
