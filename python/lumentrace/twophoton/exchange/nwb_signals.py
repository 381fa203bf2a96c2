"""Epochs and photodiode signals of a recording for NWB files."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.respond.responses import RecordingResponses

COMPRESSION = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
NO_UNIT = "a.u."
TRIAL_COLUMNS = {
    "epoch_number": "Number of the epoch of the stimulus.",
    "epoch_name": "Its name.",
    "trial_index": "Which trial of this epoch it is, from 1 on.",
    "window_index": "Which window of the recording it is, from 0 on.",
    "start_frame": "First frame of the movie.",
    "stop_frame": "First frame after it.",
}
ONSET = {"onset_time": "When it began by the fast photodiode or the table of the stimulus, in seconds; NaN if unknown."}


def packed(values: NDArray[Any]) -> Any:
    """Values as a compressed data set."""
    from pynwb import H5DataIO

    return H5DataIO(data=np.ascontiguousarray(values), **COMPRESSION)


def when(recording: ConvertedRecording, rate: float, start: int, stop: int) -> dict[str, Any]:
    """When frames were taken: each of them where the microscope said it, else the first one and the rate."""
    times = recording.frame_times_s
    return {"starting_time": start / rate, "rate": rate} if times is None else {"timestamps": times[start:stop]}


def seconds(recording: ConvertedRecording, rate: float, frame: float) -> float:
    """When a frame began, or a fraction of one; before the first and after the last one by the rate."""
    times = recording.frame_times_s
    if times is None:
        return frame / rate
    last = len(times) - 1
    beyond = min(frame, 0.0) + max(frame - last, 0.0)
    return float(np.interp(frame, np.arange(len(times)), times)) + beyond / rate


def add_trials(content: Any, run: RecordingResponses) -> None:
    """A row for each epoch, without the time before and after that responses include."""
    rate = run.grouped_responses.data_rate_hz
    told = any(each.onset_frame_exact is not None for each in run.epoch_windows)
    for name, description in (TRIAL_COLUMNS | (ONSET if told else {})).items():
        content.add_trial_column(name=name, description=description)
    for each, trial in zip(run.epoch_windows, run.grouped_responses.trials, strict=True):
        window, onset = each.window, each.onset_frame_exact
        content.add_trial(
            start_time=seconds(run.recording, rate, window.start_frame),
            stop_time=seconds(run.recording, rate, window.stop_frame),
            epoch_number=each.epoch_number,
            epoch_name=each.epoch_name,
            trial_index=trial.trial_index,
            window_index=window.index,
            start_frame=window.start_frame,
            stop_frame=window.stop_frame,
            **({"onset_time": math.nan if onset is None else seconds(run.recording, rate, onset)} if told else {}),
        )


def add_photodiode(content: Any, run: RecordingResponses) -> None:
    """Add the signals that the recording has."""
    from pynwb import TimeSeries

    recording, rate = run.recording, run.grouped_responses.data_rate_hz
    per_frame = len(recording.high_res_pd) / recording.movie.shape[0]
    for name, signal, samples, told in (
        ("photodiode", recording.imaging_res_pd, 1.0, "Flashes of the stimulus: a sample per frame of the movie."),
        ("photodiode_fast", recording.high_res_pd, per_frame, f"Flashes: {per_frame:g} samples per frame."),
    ):
        if np.isfinite(signal).any():
            content.add_acquisition(
                TimeSeries(
                    name=name,
                    data=packed(signal),
                    unit=NO_UNIT,
                    starting_time=0.0,
                    rate=rate * samples,
                    description=told,
                )
            )
