"""Traces that responses are made of: from the first trial to the last, with or without neuropil."""

from __future__ import annotations

from collections.abc import Sequence

from lumentrace.twophoton.measure.background import BackgroundOptions
from lumentrace.twophoton.measure.neuropil import NeuropilCorrectedTraces, subtract_neuropil
from lumentrace.twophoton.measure.traces import BackgroundCorrectedRoiTraces, TraceOptions, corrected_traces
from lumentrace.twophoton.measure.windows import EpochFrameWindow
from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.regions.annuli import neuropil_roi_set
from lumentrace.twophoton.regions.rois import RoiSet
from lumentrace.twophoton.respond.response_options import ResponseOptions


def response_traces(
    recording: ConvertedRecording,
    rois: RoiSet,
    windows: Sequence[EpochFrameWindow],
    rate: float,
    options: ResponseOptions,
) -> BackgroundCorrectedRoiTraces:
    """Traces from the first trial to the last, with the time before and after them."""
    before, after = (
        round(options.response_pre_window_seconds * rate),
        round(options.response_post_window_seconds * rate),
    )
    chosen = TraceOptions(
        BackgroundOptions(options.background_method),
        start_frame=max(0, min(each.window.start_frame for each in windows) - before),
        stop_frame=min(recording.movie.shape[0], max(each.window.stop_frame for each in windows) + after),
        chunk_frames=options.chunk_frames,
        spatial_domain=options.spatial_domain,
        statistic=options.statistic,
    )
    return corrected_traces(recording, rois, chosen)


def without_neuropil(
    recording: ConvertedRecording,
    rois: RoiSet,
    traces: BackgroundCorrectedRoiTraces,
    rate: float,
    options: ResponseOptions,
) -> NeuropilCorrectedTraces:
    """Traces without the light of what is around the regions."""
    asked = options.neuropil
    if asked != "fit" and (isinstance(asked, bool) or not isinstance(asked, (int, float))):
        raise ValueError(f"`neuropil`: expected 'fit', a number or None, found {asked!r}")
    chosen = TraceOptions(
        BackgroundOptions(options.background_method),
        start_frame=traces.start_frame,
        stop_frame=traces.stop_frame,
        chunk_frames=options.chunk_frames,
        spatial_domain=options.spatial_domain,
    )
    around = corrected_traces(recording, neuropil_roi_set(rois), chosen)
    return subtract_neuropil(traces, around, rate_hz=rate, coefficient=None if asked == "fit" else float(asked))
