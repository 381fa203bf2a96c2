"""When epochs of the stimulus began, by the photodiode."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.photodiode import PhotodiodeEvent, detect_photodiode_events, stimulus_bounds, true_runs
from lumentrace.twophoton.recording import ConvertedRecording, recording_frame_rate_hz
from lumentrace.twophoton.windows import STATED_COLUMNS, EpochFrameWindow, epoch_window

Floats = NDArray[np.float64]

FLASH = 0.5
LONG = 1.25
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
    """

    frame_rate_hz: float
    epoch_windows: tuple[EpochFrameWindow, ...]
    source: str
    metadata: dict[str, Any]


def resolve_recording_timing(recording: ConvertedRecording) -> RecordingTiming:
    """Find the frames of each epoch.

    They are those that the stimulus table names, if it does; else they follow from flashes at every change, if there
    are any; otherwise from the stimulus clock.

    Raises
    ------
    ValueError
        If flashes are missing, or do not fit the stimulus.
    """
    rate = recording_frame_rate_hz(recording)
    if set(STATED_COLUMNS) <= set(recording.stimulus_data_column_names):
        return _stated(recording, rate)
    runs = _epoch_runs(recording)
    flash = recording.stimulus_column("photodiode_flash")
    segments = [] if flash is None else true_runs(flash > FLASH)
    if not segments:
        return _interpolated(recording, rate)
    expected = len(runs) + 1
    if len(segments) < expected:
        raise ValueError(f"expected {expected} flashes in the stimulus table, found {len(segments)}: it is incomplete")
    changes = [runs[0][0], *(stop for _, stop, _ in runs)] if runs else []
    if len(segments) > expected or [start for start, _ in segments] != changes:
        return _interpolated(recording, rate)
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


def _epoch_runs(recording: ConvertedRecording) -> list[Run]:
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
    high, imaging = (detect_photodiode_events(diode) for diode in (recording.high_res_pd, recording.imaging_res_pd))
    if not len(high) == len(imaging) == segments:
        raise ValueError(
            f"expected {segments} flashes in both photodiode signals, found {len(high)} in the fast and {len(imaging)} "
            "in the one per frame: spikes or dropped flashes?"
        )
    frames = [event.start for event in imaging]
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
        "imaging_res_event_count": len(imaging),
        "stimulus_flash_segment_count": segments,
        "stimulus_epoch_run_count": len(runs),
        "flash_threshold": FLASH,
        "long_flash_factor": LONG,
        "typical_transition_high_res_duration_samples": _typical(high),
    }
    return RecordingTiming(rate, windows, CLASSIFIED, metadata)


def _typical(events: tuple[PhotodiodeEvent, ...]) -> float:
    """Median length of the flashes between the first and the last."""
    inner = [event.duration for event in events[1:-1]] or [event.duration for event in events]
    return float(np.median(inner))


def _name(recording: ConvertedRecording, epoch: int) -> str:
    return recording.epoch_names.get(epoch, f"epoch_{epoch}")


def _interpolated(recording: ConvertedRecording, rate: float) -> RecordingTiming:
    """Frames of the stimulus, spread evenly over the stimulus clock."""
    start, stop = stimulus_bounds(recording.high_res_pd, recording.movie.shape[0], rate)
    count = stop - start
    times, epochs = (recording.stimulus_column(name) for name in ("time_seconds", "epoch_number"))
    if times is None or epochs is None:
        raise ValueError("expected a stimulus table with times and epoch numbers, found none")
    used = (epochs != 0) & (times <= count / rate)
    if not used.any():
        raise ValueError("expected rows of the stimulus table with an epoch, found none")
    times, numbers = times[used], epochs[used].astype(np.int64)
    if (np.diff(times) < 0).any():
        raise ValueError("expected times of the stimulus table in order, found others")
    own = numbers[_nearest(times, np.linspace(times[0], times[-1], count))]
    windows = tuple(
        epoch_window(number, start + first, start + last, epoch, _name(recording, epoch))
        for number, (first, last, epoch) in enumerate(_runs(own))
    )
    metadata = {"start_frame": start, "stop_frame": stop, "frame_count": count, "window_count": len(windows)}
    return RecordingTiming(rate, windows, INTERPOLATED, metadata)


def _nearest(times: Floats, wanted: Floats) -> NDArray[np.int64]:
    """Row of the nearest time; the earlier of two that are as near."""
    above = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    above = np.minimum(above, len(times) - 1)
    below = np.maximum(above - 1, 0)
    return np.where(wanted - times[below] <= times[above] - wanted, below, above)
