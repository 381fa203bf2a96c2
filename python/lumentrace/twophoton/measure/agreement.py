"""Whether the clocks of microscope and stimulus agree on how long epochs were."""

from __future__ import annotations

import math

import numpy as np

from lumentrace.twophoton.measure.timing import CLOCKS, STATED, RecordingTiming, epoch_runs
from lumentrace.twophoton.read.recording import ConvertedRecording


def clocks_apart(recording: ConvertedRecording, timing: RecordingTiming) -> tuple[float, float]:
    """By how much windows differ from the stimulus table: all together as a share, and the worst one in frames.

    For one window, a difference of `CLOCKS` is let go. NaN where there is nothing to compare: without times, or where
    the table says itself which frames it means.

    Parameters
    ----------
    recording : ConvertedRecording
    timing : RecordingTiming
    """
    times = recording.stimulus_column("time_seconds")
    if timing.source == STATED or times is None:
        return math.nan, math.nan
    ends = np.append(times, times[-1] + np.median(np.diff(times)))
    table = np.array([ends[stop] - ends[start] for start, stop, _ in epoch_runs(recording)]) * timing.frame_rate_hz
    windows = np.array([float(each.window.frames) for each in timing.epoch_windows])
    whole = abs(windows.sum() / table.sum() - 1)
    if len(windows) != len(table):
        return float(whole), math.inf
    return float(whole), float((np.abs(windows - table) - CLOCKS * table).max())
