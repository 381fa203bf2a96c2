"""From a recording and its regions to responses."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.measure.background import Method
from lumentrace.twophoton.measure.dff import FitMode, RoiDeltaFOverF, compute_roi_delta_f_over_f
from lumentrace.twophoton.measure.neuropil import NeuropilCorrectedTraces
from lumentrace.twophoton.measure.timing import RecordingTiming, resolve_recording_timing
from lumentrace.twophoton.measure.traces import (
    BackgroundCorrectedRoiTraces,
    Domain,
    Statistic,
)
from lumentrace.twophoton.measure.windows import (
    EpochFrameWindow,
    FrameWindow,
    default_baseline_epoch_number,
    select_baseline_frame_windows,
    whole_window,
)
from lumentrace.twophoton.read.recording import ConvertedRecording, load_converted_recording, recording_frame_rate_hz
from lumentrace.twophoton.regions.rois import RoiSet, load_roi_set
from lumentrace.twophoton.respond.epochs import EpochMean, baseline_epochs, epoch_means
from lumentrace.twophoton.respond.processing import ResponseProcessingOptions, low_pass, smooth
from lumentrace.twophoton.respond.response_options import BaselineMode, Neuropil, ResponseOptions
from lumentrace.twophoton.respond.response_traces import response_traces, without_neuropil
from lumentrace.twophoton.respond.trials import (
    CorrelationScores,
    GroupedRoiResponses,
    correlation_filtered,
    group_responses,
    normalized,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RecordingResponses:
    """Responses of a recording, with everything on the way.

    Attributes
    ----------
    recording : ConvertedRecording
    roi_set : RoiSet
    traces : BackgroundCorrectedRoiTraces
    dff : RoiDeltaFOverF
    timing : RecordingTiming or None
        None if windows were given.
    epoch_windows, baseline_windows : tuple
    grouped_responses : GroupedRoiResponses
    response_processing_options : ResponseProcessingOptions
    normalization_factors : ndarray or None
    correlation_scores : CorrelationScores or None
    neuropil : NeuropilCorrectedTraces or None
        What dF/F was made of, if neuropil was taken away.
    provenance : Provenance
        The recording and how it was made, and every step since, with its time.
    """

    recording: ConvertedRecording = field(repr=False)
    roi_set: RoiSet = field(repr=False)
    traces: BackgroundCorrectedRoiTraces = field(repr=False)
    dff: RoiDeltaFOverF = field(repr=False)
    timing: RecordingTiming | None = field(repr=False)
    epoch_windows: tuple[EpochFrameWindow, ...] = field(repr=False)
    baseline_windows: tuple[FrameWindow, ...] = field(repr=False)
    grouped_responses: GroupedRoiResponses
    response_processing_options: ResponseProcessingOptions
    normalization_factors: Floats | None
    correlation_scores: CorrelationScores | None
    neuropil: NeuropilCorrectedTraces | None = field(default=None, repr=False, kw_only=True)
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    def epoch_means(self) -> list[EpochMean]:
        """Mean responses to the epochs with their standard errors, by number."""
        baselines = baseline_epochs(self.epoch_windows, self.baseline_windows)
        return sorted(epoch_means(self.grouped_responses, baselines), key=lambda epoch: (epoch.number, epoch.name))


def compute_recording_responses(
    recording: ConvertedRecording | str | os.PathLike[str],
    rois: RoiSet | str | os.PathLike[str],
    *,
    epoch_windows: Sequence[EpochFrameWindow] | None = None,
    baseline_windows: Sequence[FrameWindow] | None = None,
    baseline_mode: BaselineMode = "epoch",
    baseline_epoch_number: int | None = None,
    baseline_epoch_name: str | None = None,
    background_method: Method = "movie_global_percentile",
    baseline_sample_seconds: float | None = 1.0,
    fit_mode: FitMode = "direct_bounded_tau",
    apply_motion_mask: bool = True,
    data_rate_hz: float | None = None,
    chunk_frames: int = 128,
    spatial_domain: Domain = "alignment_valid_crop",
    response_pre_window_seconds: float = 2.0,
    response_post_window_seconds: float = 0.0,
    response_processing_options: ResponseProcessingOptions | None = None,
    options: ResponseProcessingOptions | None = None,
    statistic: Statistic = "mean",
    neuropil: Neuropil | None = None,
) -> RecordingResponses:
    """Traces, dF/F and trials of a recording.

    Parameters
    ----------
    recording : ConvertedRecording or path
    rois : RoiSet or path
    epoch_windows, baseline_windows : sequence, optional
        Found from the photodiode and the stimulus if left out.
    baseline_mode : {'epoch', 'no_baseline_epoch'}
        Baseline windows are those of an epoch, or one window over all epochs from one on.
    baseline_epoch_number, baseline_epoch_name : int, str, optional
        The lowest epoch called gray, grey or interleave by default, else 1.
    background_method, baseline_sample_seconds, fit_mode, chunk_frames, spatial_domain
        See `extract_background_corrected_roi_traces` and `compute_roi_delta_f_over_f`.
    apply_motion_mask : bool, default True
        Frames that moved too far are NaN.
    data_rate_hz : float, optional
        That of the recording by default.
    response_pre_window_seconds, response_post_window_seconds : float
    response_processing_options, options : ResponseProcessingOptions, optional
        Two names of the same.
    statistic : {'mean', 'demixed'}, default 'mean'
        See `extract_background_corrected_roi_traces`.
    neuropil : 'fit' or float, optional
        Take the light of the surroundings away before dF/F: with a coefficient that is fitted to each region, or with
        this one. See `neuropil_roi_set` and `subtract_neuropil`.

    Raises
    ------
    TypeError
        If both names of the options are used.
    ValueError
        If there is no baseline window, or a step cannot be done.
    """
    if options is not None and response_processing_options is not None:
        raise TypeError("expected `options` or `response_processing_options`, found both")
    return respond(
        recording if isinstance(recording, ConvertedRecording) else load_converted_recording(recording),
        rois if isinstance(rois, RoiSet) else load_roi_set(rois),
        ResponseOptions(
            epoch_windows=epoch_windows,
            baseline_windows=baseline_windows,
            baseline_mode=baseline_mode,
            baseline_epoch_number=baseline_epoch_number,
            baseline_epoch_name=baseline_epoch_name,
            background_method=background_method,
            baseline_sample_seconds=baseline_sample_seconds,
            fit_mode=fit_mode,
            apply_motion_mask=apply_motion_mask,
            data_rate_hz=data_rate_hz,
            chunk_frames=chunk_frames,
            spatial_domain=spatial_domain,
            response_pre_window_seconds=response_pre_window_seconds,
            response_post_window_seconds=response_post_window_seconds,
            statistic=statistic,
            neuropil=neuropil,
            processing=options or response_processing_options or ResponseProcessingOptions(),
        ),
    )


def respond(recording: ConvertedRecording, rois: RoiSet, options: ResponseOptions) -> RecordingResponses:
    """`compute_recording_responses` with its settings in one piece."""
    rate = recording_frame_rate_hz(recording) if options.data_rate_hz is None else float(options.data_rate_hz)
    timing = resolve_recording_timing(recording) if options.epoch_windows is None else None
    windows = tuple(options.epoch_windows or ()) if timing is None else timing.epoch_windows
    if not windows:
        raise ValueError("`epoch_windows`: expected one at least, found none")
    name, number = _baseline_epoch(recording, options)
    baseline = _baseline_windows(windows, name, number, options)
    traces = response_traces(recording, rois, windows, rate, options)
    neuropil = None if options.neuropil is None else without_neuropil(recording, rois, traces, rate, options)
    seconds = options.baseline_sample_seconds
    dff = compute_roi_delta_f_over_f(
        traces if neuropil is None else neuropil,
        baseline,
        data_rate_hz=rate,
        baseline_sample_seconds=seconds,
        fit_mode=options.fit_mode,
    )
    history = recording.provenance if timing is None else timing.provenance
    made = (traces, dff) if neuropil is None else (traces, neuropil, dff)
    for step in (each.provenance.steps[-1] for each in made):
        history = history.with_step(step)
    about = {"baseline_mode": options.baseline_mode, **({} if number is None else {"baseline_epoch_number": number})}
    watch, chosen = Watch(), options.processing
    dff = _processed(dff, recording, chosen, rate, options.apply_motion_mask, about)
    history = watch.after(history, "processing", options.of_traces())
    dff, watch = replace(dff, provenance=history), Watch()
    grouped = group_responses(
        dff,
        windows,
        data_rate_hz=rate,
        pre_window_seconds=options.response_pre_window_seconds,
        post_window_seconds=options.response_post_window_seconds,
    )
    grouped, factors = normalized(grouped, chosen.normalization)
    grouped, scores = correlation_filtered(grouped, chosen.correlation_filter)
    history = watch.after(history, "trials", {**about, **options.of_trials()})
    return RecordingResponses(
        recording=recording,
        roi_set=rois,
        traces=traces,
        dff=dff,
        timing=timing,
        epoch_windows=windows,
        baseline_windows=baseline,
        grouped_responses=replace(grouped, provenance=history),
        response_processing_options=chosen,
        normalization_factors=factors,
        correlation_scores=scores,
        neuropil=neuropil,
        provenance=history,
    )


def _baseline_epoch(recording: ConvertedRecording, options: ResponseOptions) -> tuple[str | None, int | None]:
    """Name and number of the epoch of baselines."""
    name, number = options.baseline_epoch_name, options.baseline_epoch_number
    if name is None and number is None:
        number = default_baseline_epoch_number(recording.epoch_names)
    return name, number


def _baseline_windows(
    windows: Sequence[EpochFrameWindow], name: str | None, number: int | None, options: ResponseOptions
) -> tuple[FrameWindow, ...]:
    if options.baseline_windows is not None:
        baseline = tuple(options.baseline_windows)
    elif options.baseline_mode == "no_baseline_epoch":
        baseline = whole_window(windows, first_number=number, first_name=name)
    elif options.baseline_mode == "epoch":
        baseline = select_baseline_frame_windows(windows, epoch_name=name, epoch_number=number)
    else:
        raise ValueError(f"`baseline_mode`: expected epoch or no_baseline_epoch, found {options.baseline_mode!r}")
    if not baseline:
        known = ", ".join(dict.fromkeys(f"{each.epoch_number} ({each.epoch_name})" for each in windows))
        wanted = number if name is None else name
        raise ValueError(f"expected a baseline window of epoch {wanted!r}, found those of {known}")
    return baseline


def _processed(
    dff: RoiDeltaFOverF,
    recording: ConvertedRecording,
    options: ResponseProcessingOptions,
    rate: float,
    mask_motion: bool,
    about: dict[str, Any],
) -> RoiDeltaFOverF:
    """Without frames that moved, smoothed, filtered."""
    values = dff.values.copy()
    metadata = {**dff.metadata, **about}
    if mask_motion:
        moved = recording.motion_artifact_mask[dff.start_frame : dff.stop_frame]
        values[moved] = np.nan
        metadata["motion_artifact_masked_frame_count"] = int(moved.sum())
    values = low_pass(smooth(values, options.smoothing), options.low_pass, rate)
    return replace(dff, values=values, metadata=metadata)
