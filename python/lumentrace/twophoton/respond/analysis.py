"""An analysis from a recording to files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lumentrace.twophoton.exchange.outputs import save_analysis_outputs
from lumentrace.twophoton.exchange.response_csv import write_grouped_csv, write_trials_csv
from lumentrace.twophoton.measure.background import Method
from lumentrace.twophoton.measure.dff import FitMode
from lumentrace.twophoton.measure.traces import Domain
from lumentrace.twophoton.measure.windows import EpochFrameWindow, FrameWindow
from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.regions.rois import RoiSet
from lumentrace.twophoton.respond.processing import ResponseProcessingOptions
from lumentrace.twophoton.respond.response_options import BaselineMode
from lumentrace.twophoton.respond.responses import RecordingResponses, compute_recording_responses

Path_ = str | os.PathLike[str]


@dataclass(frozen=True)
class RecordingAnalysis(RecordingResponses):
    """Responses of a recording, and where they were written."""

    output_path: Path
    response_summary_trials_csv_path: Path | None
    response_summary_grouped_csv_path: Path | None


def analyze_recording_responses(
    recording: ConvertedRecording | Path_,
    rois: RoiSet | Path_,
    *,
    output_path: Path_ | None = None,
    response_summary_trials_csv_path: Path_ | None = None,
    response_summary_grouped_csv_path: Path_ | None = None,
    write_summary_csv: bool = True,
    response_window_auto: bool | None = None,
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
) -> RecordingAnalysis:
    """Compute responses and write them.

    Parameters
    ----------
    recording : ConvertedRecording or path
    rois : RoiSet or path
    output_path : path, optional
        ``analysis_outputs.h5`` beside the recording by default.
    response_summary_trials_csv_path, response_summary_grouped_csv_path : path, optional
        ``exports/csvs/response_summary_trials.csv`` and ``..._grouped.csv`` beside that by default.
    write_summary_csv : bool, default True
    response_window_auto : bool, optional
        Kept with the responses: whether their windows were chosen by a program.
    epoch_windows, baseline_windows, ..., options
        Those of `compute_recording_responses`, which also tells what is raised.
    """
    run = compute_recording_responses(
        recording,
        rois,
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
        response_processing_options=response_processing_options,
        options=options,
    )
    run = replace(run, grouped_responses=replace(run.grouped_responses, response_window_auto=response_window_auto))
    output = (
        run.recording.path.parent / "analysis_outputs.h5" if output_path is None else Path(output_path).expanduser()
    )
    save_analysis_outputs(output, run)
    tables: list[Path | None] = [None, None]
    if write_summary_csv:
        folder = output.parent / "exports" / "csvs"
        for place, (given, name, write) in enumerate(
            (
                (response_summary_trials_csv_path, "trials", write_trials_csv),
                (response_summary_grouped_csv_path, "grouped", write_grouped_csv),
            )
        ):
            path = folder / f"response_summary_{name}.csv" if given is None else Path(given)
            tables[place] = write(path, run.grouped_responses)
    return RecordingAnalysis(
        **vars(run),
        output_path=output,
        response_summary_trials_csv_path=tables[0],
        response_summary_grouped_csv_path=tables[1],
    )
