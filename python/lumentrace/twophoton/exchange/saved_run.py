"""Results on disk, brought back with their recording."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.storage.hdf5 import opened
from lumentrace.twophoton.exchange.outputs import read_outputs, strings, values
from lumentrace.twophoton.history import read_history
from lumentrace.twophoton.measure.timing import RecordingTiming
from lumentrace.twophoton.measure.windows import EpochFrameWindow
from lumentrace.twophoton.read.recording import ConvertedRecording, load_converted_recording
from lumentrace.twophoton.respond.processing import (
    CorrelationFilterOptions,
    LowPassFilterOptions,
    NormalizationOptions,
    ResponseProcessingOptions,
    SmoothingOptions,
)
from lumentrace.twophoton.respond.responses import RecordingResponses
from lumentrace.twophoton.respond.trials import CorrelationScores

Path_ = str | os.PathLike[str]

NEEDED = ("roi_set", "traces", "dff", "epoch_windows", "baseline_windows", "grouped_responses")
KINDS = {"smoothing": SmoothingOptions, "low_pass": LowPassFilterOptions, "normalization": NormalizationOptions}
WORDS = ("method", "reference")
"""Settings for which "none" is a value, not the lack of one."""


def load_recording_responses(
    path: Path_, recording: ConvertedRecording | Path_ | None = None, *, movie_path: Path_ | None = None
) -> RecordingResponses:
    """Read what `compute_recording_responses` found and `save_analysis_outputs` wrote, with its recording.

    Parameters
    ----------
    path : path
        ``analysis_outputs.h5``.
    recording : ConvertedRecording or path, optional
        ``recording_data.h5`` beside it by default.
    movie_path : path, optional
        See `load_converted_recording`.

    Raises
    ------
    FormatError
        If a file is something else or damaged, a part is missing, or results and recording do not fit each other.
    FileNotFoundError
        If a file is missing.
    """
    place = Path(path).expanduser()
    with opened(place, "results of an analysis") as h5:
        parts = read_parts(place, h5)
    if not isinstance(recording, ConvertedRecording):
        recording = load_converted_recording(place.parent if recording is None else recording, movie_path=movie_path)
    return together(place, parts, recording)


def read_parts(place: Path, h5: Any) -> dict[str, Any]:
    """All of a `RecordingResponses` but its recording, from an open file."""
    found = read_outputs(place, h5)
    missing = [name for name in NEEDED if getattr(found, name) is None]
    if missing:
        raise FormatError(f"{place}: expected all results of an analysis; missing {', '.join(missing)}")
    parts: dict[str, Any] = {name: getattr(found, name) for name in NEEDED}
    timing = _read_timing(h5["timing"], parts["epoch_windows"]) if "timing" in h5 else None
    processing = _read_processing(h5["response_processing"]) if "response_processing" in h5 else _plain()
    return {**parts, **processing, "timing": timing, "neuropil": found.neuropil, "provenance": found.provenance}


def together(place: Path, parts: dict[str, Any], recording: ConvertedRecording) -> RecordingResponses:
    """Results and their recording; FormatError if they do not fit each other."""
    frames = recording.movie.shape
    if parts["roi_set"].shape != frames[1:] or parts["dff"].stop_frame > frames[0]:
        raise FormatError(f"{place}: expected results of {recording.path} with frames of {frames}, found others")
    return RecordingResponses(recording=recording, **parts)


def _read_timing(group: Any, windows: tuple[EpochFrameWindow, ...]) -> RecordingTiming:
    about = values(group)
    source, rate = str(about.pop("source")), float(about.pop("frame_rate_hz"))
    return RecordingTiming(rate, windows, source, about, provenance=read_history(group, {}))


def _plain() -> dict[str, Any]:
    options = ResponseProcessingOptions()
    return {"response_processing_options": options, "normalization_factors": None, "correlation_scores": None}


def _read_processing(group: Any) -> dict[str, Any]:
    chosen: dict[str, Any] = {name: kind(**_settings(group[name])) for name, kind in KINDS.items()}
    own = _settings(group["correlation_filter"])
    window = own.pop("window_start_seconds"), own.pop("window_stop_seconds")
    chosen["correlation_filter"] = CorrelationFilterOptions(**own, window_seconds=window)
    factors = group["normalization"]["factors"][()] if "factors" in group["normalization"] else None
    scores = None
    if "correlation_scores" in group:
        held = group["correlation_scores"]
        included = held["included_mask"][()].astype(bool)
        scores = CorrelationScores(strings(held["roi_labels"]), held["scores"][()], included)
    options = ResponseProcessingOptions(**chosen)
    return {"response_processing_options": options, "normalization_factors": factors, "correlation_scores": scores}


def _settings(group: Any) -> dict[str, Any]:
    """Attributes, with None for what is written as "none"."""
    found = values(group)
    missing = {name for name, value in found.items() if name not in WORDS and isinstance(value, str)}
    return {name: None if name in missing and value == "none" else value for name, value in found.items()}
