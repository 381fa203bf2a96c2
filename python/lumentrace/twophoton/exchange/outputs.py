"""Results of an analysis on disk: HDF5 with everything, CSV with the responses."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance
from lumentrace.storage.hdf5 import opened, written
from lumentrace.twophoton.exchange.neuropil_group import read_neuropil, write_neuropil
from lumentrace.twophoton.history import read_history, write_history
from lumentrace.twophoton.measure.dff import RoiDeltaFOverF
from lumentrace.twophoton.measure.neuropil import NeuropilCorrectedTraces
from lumentrace.twophoton.measure.timing import RecordingTiming
from lumentrace.twophoton.measure.traces import BackgroundCorrectedRoiTraces
from lumentrace.twophoton.measure.windows import EpochFrameWindow, FrameWindow
from lumentrace.twophoton.read.recording import ORIENTATION
from lumentrace.twophoton.regions.rois import RoiSet, read_masks, write_masks
from lumentrace.twophoton.respond.processing import ResponseProcessingOptions
from lumentrace.twophoton.respond.responses import RecordingResponses
from lumentrace.twophoton.respond.trials import CorrelationScores, GroupedRoiResponses, ResponseTrial

FORMAT = "twopy-analysis-outputs"
DIGITS = 6
"""Digits of the numbers of trials in names."""

T = TypeVar("T")
Path_ = str | os.PathLike[str]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AnalysisOutputs:
    """What a file of results holds; None for what it does not, and a provenance without steps in older files."""

    roi_set: RoiSet | None
    traces: BackgroundCorrectedRoiTraces | None
    dff: RoiDeltaFOverF | None
    epoch_windows: tuple[EpochFrameWindow, ...] | None
    baseline_windows: tuple[FrameWindow, ...] | None
    grouped_responses: GroupedRoiResponses | None
    neuropil: NeuropilCorrectedTraces | None = None
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)


@unmasked
def save_analysis_outputs(
    path: Path_,
    run: RecordingResponses | None = None,
    *,
    roi_set: RoiSet | None = None,
    traces: BackgroundCorrectedRoiTraces | None = None,
    dff: RoiDeltaFOverF | None = None,
    epoch_windows: Sequence[EpochFrameWindow] | None = None,
    baseline_windows: Sequence[FrameWindow] | None = None,
    grouped_responses: GroupedRoiResponses | None = None,
    response_processing_options: ResponseProcessingOptions | None = None,
    normalization_factors: Floats | None = None,
    correlation_scores: CorrelationScores | None = None,
    timing: RecordingTiming | None = None,
    neuropil: NeuropilCorrectedTraces | None = None,
) -> Path:
    """Write the results of an analysis, or parts of them; the file appears whole or not at all.

    Parameters
    ----------
    path : path
    run : RecordingResponses, optional
        Everything; the parts override it.
    roi_set, traces, dff, epoch_windows, baseline_windows, grouped_responses, response_processing_options,
    normalization_factors, correlation_scores, timing, neuropil : optional

    Raises
    ------
    TypeError
        If `run` is something else.
    """
    given: dict[str, Any] = {
        "roi_set": roi_set,
        "traces": traces,
        "dff": dff,
        "epoch_windows": epoch_windows,
        "baseline_windows": baseline_windows,
        "grouped_responses": grouped_responses,
        "response_processing_options": response_processing_options,
        "normalization_factors": normalization_factors,
        "correlation_scores": correlation_scores,
        "timing": timing,
        "neuropil": neuropil,
    }
    if run is not None and not any(hasattr(run, name) for name in given):
        raise TypeError(f"`run`: expected responses of a recording, found {type(run).__name__}")
    parts = {name: getattr(run, name, None) if value is None else value for name, value in given.items()}
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        _write(file, parts, getattr(run, "provenance", None))
    return place


def write_responses(file: BinaryIO, run: RecordingResponses) -> None:
    """Write all results of an analysis into an open file."""
    _write(file, {name: getattr(run, name) for name in PARTS}, run.provenance)


def _write(file: BinaryIO, parts: dict[str, Any], history: Provenance | None) -> None:
    with written(file) as h5:
        h5.attrs["twopy_format"] = FORMAT
        if history is not None:
            write_history(h5, history)
        for name, write in WRITERS:
            if parts[name] is not None:
                write(h5.create_group("responses" if name == "grouped_responses" else name), parts[name])
        if parts["response_processing_options"] is not None:
            _write_processing(h5.create_group("response_processing"), parts)


def _texts(group: Any, name: str, values: Sequence[str]) -> None:
    import h5py

    group.create_dataset(name, data=list(values), dtype=h5py.string_dtype("utf-8"))


def _attributes(group: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        group.attrs[name] = "none" if value is None else value


def _packed(group: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        group.create_dataset(name, data=value, compression="gzip", shuffle=True)


def _write_rois(group: Any, rois: RoiSet) -> None:
    group.attrs["spatial_orientation"] = ORIENTATION
    write_masks(group, rois)
    _texts(group, "labels", rois.labels)
    write_history(group, rois.provenance)


def _write_traces(group: Any, traces: BackgroundCorrectedRoiTraces) -> None:
    _attributes(group, {name: getattr(traces, name) for name in ("start_frame", "stop_frame", "statistic", "method")})
    _attributes(group.create_group("metadata"), traces.metadata)
    _texts(group, "labels", traces.labels)
    write_history(group, traces.provenance)
    _packed(group, {name: getattr(traces, name) for name in ("raw_values", "background_values", "corrected_values")})


def _write_dff(group: Any, dff: RoiDeltaFOverF) -> None:
    _attributes(group, {name: getattr(dff, name) for name in ("start_frame", "stop_frame", "tau")})
    _attributes(group.create_group("metadata"), dff.metadata)
    _texts(group, "labels", dff.labels)
    write_history(group, dff.provenance)
    _packed(
        group, {name: getattr(dff, name) for name in ("fluorescence", "baseline", "values", "baseline_fluorescence")}
    )
    group["amplitudes"], group["baseline_frame_numbers"] = dff.amplitudes, dff.baseline_frame_numbers


def _write_windows(group: Any, windows: Sequence[FrameWindow]) -> None:
    group["window_index"] = np.array([each.index for each in windows], dtype=np.int64)
    group["start_frame"] = np.array([each.start_frame for each in windows], dtype=np.int64)
    group["stop_frame"] = np.array([each.stop_frame for each in windows], dtype=np.int64)
    _texts(group, "label", [each.label for each in windows])


def _write_epoch_windows(group: Any, windows: Sequence[EpochFrameWindow]) -> None:
    _write_windows(group, [each.window for each in windows])
    group["epoch_number"] = np.array([each.epoch_number for each in windows], dtype=np.int64)
    _texts(group, "epoch_name", [each.epoch_name for each in windows])
    exact = [np.nan if each.onset_frame_exact is None else each.onset_frame_exact for each in windows]
    group["onset_frame_exact"] = np.array(exact)


def _write_timing(group: Any, timing: RecordingTiming) -> None:
    _attributes(group, {"source": timing.source, "frame_rate_hz": timing.frame_rate_hz, **timing.metadata})
    write_history(group, timing.provenance)


def _write_responses(group: Any, grouped: GroupedRoiResponses) -> None:
    group.attrs["data_rate_hz"] = grouped.data_rate_hz
    group.attrs["pre_window_seconds"] = grouped.pre_window_seconds
    group.attrs["post_window_seconds"] = grouped.post_window_seconds
    if grouped.response_window_auto is not None:
        group.attrs["response_window_auto"] = grouped.response_window_auto
    _texts(group, "roi_labels", grouped.roi_labels)
    write_history(group, grouped.provenance)
    trials = group.create_group("trials")
    for number, trial in enumerate(grouped.trials, 1):
        own = trials.create_group(f"trial_{number:0{DIGITS}d}")
        for name in ("epoch_number", "epoch_name", "trial_index", "window_index", "start_frame", "stop_frame"):
            own.attrs[name] = getattr(trial, name)
        own["frame_numbers"], own["time_seconds"] = trial.frame_numbers, trial.time_seconds
        _packed(own, {"values": trial.values})


def _write_processing(group: Any, parts: dict[str, Any]) -> None:
    options: ResponseProcessingOptions = parts["response_processing_options"]
    for name in ("smoothing", "low_pass", "normalization"):
        _attributes(group.create_group(name), vars(getattr(options, name)))
    chosen = options.correlation_filter
    start, stop = chosen.window_seconds
    _attributes(
        group.create_group("correlation_filter"),
        {
            "reference": chosen.reference,
            "minimum_correlation": chosen.minimum_correlation,
            "window_start_seconds": start,
            "window_stop_seconds": stop,
        },
    )
    grouped = parts["grouped_responses"]
    if parts["normalization_factors"] is not None and grouped is not None:
        _texts(group["normalization"], "roi_labels", grouped.roi_labels)
        group["normalization"]["factors"] = parts["normalization_factors"]
    scores = parts["correlation_scores"]
    if scores is not None:
        own = group.create_group("correlation_scores")
        _texts(own, "roi_labels", scores.roi_labels)
        own["scores"], own["included_mask"] = scores.scores, scores.included_mask


WRITERS: tuple[tuple[str, Callable[[Any, Any], None]], ...] = (
    ("roi_set", _write_rois),
    ("traces", _write_traces),
    ("dff", _write_dff),
    ("epoch_windows", _write_epoch_windows),
    ("baseline_windows", _write_windows),
    ("grouped_responses", _write_responses),
    ("timing", _write_timing),
    ("neuropil", write_neuropil),
)
"""Who writes each part."""
PARTS = (*dict(WRITERS), "response_processing_options", "normalization_factors", "correlation_scores")


def load_analysis_outputs(path: Path_) -> AnalysisOutputs:
    """Read results that `save_analysis_outputs` wrote.

    Raises
    ------
    FormatError
        If the file is something else or damaged.
    """
    place = Path(path).expanduser()
    with opened(place, "results of an analysis") as h5:
        return read_outputs(place, h5)


def read_outputs(place: Path, h5: Any) -> AnalysisOutputs:
    """Results in an open file."""
    if h5.attrs.get("twopy_format") != FORMAT:
        raise FormatError(f"{place}: expected format {FORMAT!r}, found {h5.attrs.get('twopy_format')!r}")
    return AnalysisOutputs(
        roi_set=_if_there(h5, "roi_set", _read_rois),
        traces=_if_there(h5, "traces", _read_traces),
        dff=_if_there(h5, "dff", _read_dff),
        epoch_windows=_if_there(h5, "epoch_windows", _read_epoch_windows),
        baseline_windows=_if_there(h5, "baseline_windows", _read_windows),
        grouped_responses=_if_there(h5, "responses", _read_responses),
        neuropil=_if_there(h5, "neuropil", read_neuropil),
        provenance=read_history(h5, {}),
    )


def _if_there(h5: Any, name: str, read: Callable[[Any], T]) -> T | None:
    return read(h5[name]) if name in h5 else None


def strings(dataset: Any) -> tuple[str, ...]:
    """Texts of a data set."""
    return tuple(value.decode("utf-8") for value in dataset[()])


def values(group: Any) -> dict[str, Any]:
    """Attributes of a group as plain values."""
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in group.attrs.items()}


def _read_rois(group: Any) -> RoiSet:
    return read_masks(group).with_provenance(read_history(group, {}))


def _read_traces(group: Any) -> BackgroundCorrectedRoiTraces:
    arrays = {name: group[name][()] for name in ("raw_values", "background_values", "corrected_values")}
    metadata = values(group["metadata"])
    about: dict[str, Any] = {
        "labels": strings(group["labels"]),
        "metadata": metadata,
        "provenance": read_history(group, {}),
    }
    return BackgroundCorrectedRoiTraces(**arrays, **values(group), **about)


def _read_dff(group: Any) -> RoiDeltaFOverF:
    names = ("fluorescence", "baseline", "values", "amplitudes", "baseline_frame_numbers", "baseline_fluorescence")
    arrays = {name: group[name][()] for name in names}
    metadata = values(group["metadata"])
    about: dict[str, Any] = {
        "labels": strings(group["labels"]),
        "metadata": metadata,
        "provenance": read_history(group, {}),
    }
    return RoiDeltaFOverF(**arrays, **values(group), **about)


def _read_windows(group: Any) -> tuple[FrameWindow, ...]:
    columns = (group[name][()].tolist() for name in ("window_index", "start_frame", "stop_frame"))
    return tuple(FrameWindow(*row) for row in zip(*columns, strings(group["label"]), strict=True))


def _read_epoch_windows(group: Any) -> tuple[EpochFrameWindow, ...]:
    windows, numbers = _read_windows(group), group["epoch_number"][()].tolist()
    exact = group["onset_frame_exact"][()].tolist() if "onset_frame_exact" in group else [float("nan")] * len(windows)
    rows = zip(windows, numbers, strings(group["epoch_name"]), exact, strict=True)
    return tuple(EpochFrameWindow(*row[:3], None if row[3] != row[3] else row[3]) for row in rows)


def _read_responses(group: Any) -> GroupedRoiResponses:
    names = sorted(group["trials"], key=lambda name: int(name.rpartition("_")[2]))
    trials = []
    for name in names:
        own = group["trials"][name]
        arrays = {key: own[key][()] for key in ("frame_numbers", "time_seconds", "values")}
        trials.append(ResponseTrial(**values(own), **arrays))
    about = {**values(group), "provenance": read_history(group, {})}
    return GroupedRoiResponses(strings(group["roi_labels"]), about.pop("data_rate_hz"), tuple(trials), **about)
