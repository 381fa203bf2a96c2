"""An analysis from a recording to files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumentrace.twophoton.outputs import save_analysis_outputs, write_grouped_csv, write_trials_csv
from lumentrace.twophoton.recording import ConvertedRecording
from lumentrace.twophoton.responses import RecordingResponses, compute_recording_responses
from lumentrace.twophoton.rois import RoiSet

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
    **settings: Any,
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
    **settings
        See `compute_recording_responses`.
    """
    run = compute_recording_responses(recording, rois, **settings)
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
