"""A run: what the cells of a recording answer, with tables, maps, kernels and a report."""

from __future__ import annotations

import warnings
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import __version__
from lumentrace.base.provenance import Provenance, content, plain
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.outcome import REPORT
from lumentrace.engine.progress import Verbose
from lumentrace.engine.record import RECORD, RunRecord
from lumentrace.engine.run import Run
from lumentrace.engine.samples import fingerprint
from lumentrace.engine.saved import settings_of
from lumentrace.twophoton.align.estimate import estimate_motion
from lumentrace.twophoton.align.motion import MotionSettings
from lumentrace.twophoton.align.recording import aligned_recording
from lumentrace.twophoton.convert.converted_files import DATA_FILE
from lumentrace.twophoton.convert.opened import opened
from lumentrace.twophoton.exchange.cell_files import load_found_cells
from lumentrace.twophoton.exchange.kept import (
    CELLS,
    KERNELS,
    MAPS,
    MOTION,
    RESULTS,
    Told,
    keep_cells,
    keep_kernels,
    keep_maps,
    keep_motion,
    keep_responses,
    keep_spikes,
)
from lumentrace.twophoton.exchange.kept import SPIKES as SPIKES_FILE
from lumentrace.twophoton.exchange.kernel_files import load_stimulus_kernels
from lumentrace.twophoton.exchange.map_files import load_response_map_data
from lumentrace.twophoton.exchange.motion_file import load_motion
from lumentrace.twophoton.exchange.saved_run import load_recording_responses
from lumentrace.twophoton.exchange.spike_files import load_spikes
from lumentrace.twophoton.measure.spikes import Spikes
from lumentrace.twophoton.measure.traces import Statistic
from lumentrace.twophoton.outcome import Outcome as Outcome
from lumentrace.twophoton.read.recording import ConvertedRecording, recording_frame_rate_hz, recording_hemisphere
from lumentrace.twophoton.regions import chosen
from lumentrace.twophoton.regions.cells.found import FoundCells
from lumentrace.twophoton.report.page import write_report
from lumentrace.twophoton.respond.kernels import fit_recording_stimulus_kernels
from lumentrace.twophoton.respond.maps import compute_recording_response_maps
from lumentrace.twophoton.respond.recording_spikes import recording_spikes
from lumentrace.twophoton.respond.recording_tuning import recording_tuning
from lumentrace.twophoton.respond.responses import RecordingResponses, compute_recording_responses
from lumentrace.twophoton.respond.trial_responses import epoch_parameter
from lumentrace.twophoton.settings import NONE, SPIKES
from lumentrace.twophoton.settings import Settings as Settings


def run(
    source: str | PathLike[str] | ConvertedRecording,
    settings: Settings | None = None,
    *,
    verbose: Verbose = False,
    run_dir: str | PathLike[str] | None = None,
) -> Outcome:
    """Analyze a recording.

    Parameters
    ----------
    source : path or ConvertedRecording
        A converted file or folder, or a recording folder, which is converted first if need be.
    settings : Settings, optional
    verbose : bool or callable, default False
        True for a progress bar; it counts frames of the movie, once for each step.
    run_dir : path, optional
        A directory that keeps responses, maps and kernels when they are finished: the same call goes on after them.

    Returns
    -------
    Outcome

    Raises
    ------
    FormatError
        If a file is damaged.
    ValueError
        If settings do not fit the recording, or `run_dir` holds another run.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from lumentrace import twophoton
    >>> from lumentrace.twophoton.run import Settings, run
    >>> with TemporaryDirectory() as folder:
    ...     _ = twophoton.simulate_recording(folder, cells=3, rows=40, columns=40, repeats=1, seed=1)
    ...     converted = twophoton.convert_recording_to_twopy(folder, folder)
    ...     outcome = run(converted.path, Settings(maps=True))
    >>> outcome.figures()["regions"], [step.name for step in outcome.provenance.steps]
    (3, ['responses', 'maps'])
    """
    own = settings or Settings()
    recording = source if isinstance(source, ConvertedRecording) else opened(Path(source), verbose)
    if own.kernels == "olfaction" and not own.hemisphere:
        recording_hemisphere(recording)
    if own.tuning:
        epoch_parameter(recording, own.tuning)
    identity = _identity(recording)
    directory = None if run_dir is None else RunDirectory(run_dir, _run_identity(identity, recording, own))
    frames = recording.movie.shape[0]
    name = Path(str(recording.source_session_dir).replace("\\", "/")).name
    title = f"{name}: analyzing"
    with Run(Provenance(identity), frames, _steps(own), verbose, title, "frame", directory) as steps:
        motion = cells = spikes = tuning = maps = kernels = None
        if own.motion != "none":
            asked = MotionSettings(mode=own.motion)  # type: ignore[arg-type]  # checked before
            motion = steps.step("motion", vars(asked), lambda: estimate_motion(recording.movie, asked), keep_motion())
            recording = aligned_recording(recording, motion)
        if chosen.are_cells(own.rois):
            cells = steps.step("cells", {}, lambda: chosen.chosen_cells(own.rois, recording), keep_cells())
        about = {"rois": own.rois, **own.responses()}
        told = steps.step("responses", about, lambda: _responses(recording, own, cells), keep_responses(recording))
        responses = told.responses
        if own.spikes != NONE:
            spikes = steps.step("spikes", _event_options(own), lambda: _spikes(responses, own), keep_spikes())
        if own.tuning:
            tuning = steps.step("tuning", {"parameter": own.tuning}, lambda: recording_tuning(responses, own.tuning))
        if own.maps:
            windows = responses.epoch_windows
            maps = steps.step(
                "maps", {}, lambda: compute_recording_response_maps(recording, epoch_windows=windows), keep_maps()
            )
        if own.kernels:
            fit = own.kernel_options()
            kernels = steps.step(
                "kernels", vars(fit), lambda: fit_recording_stimulus_kernels(responses, fit), keep_kernels()
            )
    return Outcome(
        f"Two-photon: {name}",
        own,
        steps.provenance,
        told.notices,
        responses,
        maps,
        kernels,
        motion=motion,
        cells=cells,
        spikes=spikes,
        tuning=tuning,
    )


def _steps(own: Settings) -> int:
    """How many steps a run has."""
    asked = own.motion != NONE, chosen.are_cells(own.rois), own.spikes != NONE, own.tuning, own.maps, own.kernels
    return 1 + sum(map(bool, asked))


def _run_identity(identity: dict[str, Any], recording: ConvertedRecording, own: Settings) -> dict[str, Any]:
    """What tells this run from any other: the recording, the settings, and the regions if they are in a file."""
    regions = Path(own.rois).read_bytes() if chosen.is_file(own.rois) else b""
    clocks = recording.stimulus_data, recording.high_res_pd, recording.imaging_res_pd
    frame = recording.motion_artifact_mask, recording.alignment_valid_crop.spans
    return {
        "version": __version__,
        "input": plain(identity),
        "stimulus": fingerprint.of_values(*clocks, recording.stimulus_parameters, recording.run_metadata, *frame),
        "settings": plain(own.to_dict()),
        "regions": content(np.frombuffer(regions, np.uint8)),
    }


def _responses(recording: ConvertedRecording, own: Settings, cells: FoundCells | None) -> Told:
    """Responses, and the warnings that were given on the way."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        rois = chosen.chosen_regions(own.rois, recording) if cells is None else cells.roi_set
        statistic: Statistic = "mean" if rois.weights is None else "demixed"
        found = compute_recording_responses(recording, rois, statistic=statistic, **own.responses())
    return Told(found, tuple(dict.fromkeys(str(warning.message) for warning in said)))


def _event_options(own: Settings) -> dict[str, Any]:
    return {"order": SPIKES[own.spikes], "tau": own.decay}


def _spikes(responses: RecordingResponses, own: Settings) -> Spikes:
    return recording_spikes(responses, **_event_options(own))


def report_again(outputs: Path, recording: Path | None = None, out: Path | None = None) -> Path:
    """Make the report from saved results.

    Raises
    ------
    FormatError
        If a file is damaged, or they do not fit each other.
    FileNotFoundError
        If one is missing.
    """
    place = outputs / RESULTS if outputs.is_dir() else outputs
    folder = place.parent
    record = RunRecord.read(folder / RECORD) if (folder / RECORD).exists() else None
    if recording is None and record is not None and not (folder / DATA_FILE).exists():
        recording = Path(str(record.provenance.input["path"]))
    responses = load_recording_responses(place, recording)
    # Without a record, whatever lies beside the results is taken for theirs.
    made: dict[str, Any] = {} if record is None else record.settings
    with_maps = made.get("maps", (folder / MAPS).exists())
    with_kernels = made.get("kernels", (folder / KERNELS).exists())
    with_motion = made.get("motion", "none") != "none" if made else (folder / MOTION).exists()
    with_cells = chosen.are_cells(str(made.get("rois", ""))) if made else (folder / CELLS).exists()
    with_spikes = made.get("spikes", NONE) != NONE if made else (folder / SPIKES_FILE).exists()
    tuning = str(made.get("tuning", ""))
    motion = load_motion(folder / MOTION) if with_motion else None
    if motion is not None:
        responses = replace(responses, recording=aligned_recording(responses.recording, motion))
    target = folder / REPORT if out is None else out
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_report(
        target,
        responses,
        maps=load_response_map_data(folder / MAPS) if with_maps else None,
        kernels=load_stimulus_kernels(folder / KERNELS) if with_kernels else None,
        motion=motion,
        cells=load_found_cells(folder / CELLS) if with_cells else None,
        spikes=load_spikes(folder / SPIKES_FILE) if with_spikes else None,
        tuning=recording_tuning(responses, tuning) if tuning else None,
        provenance=None if record is None else record.provenance,
        verdict=None if record is None else record.verdict,
        settings=None if record is None else settings_of(record, Settings, folder),
    )


def _identity(recording: ConvertedRecording) -> dict[str, Any]:
    """What tells this recording from any other."""
    return {
        "path": str(recording.path.resolve()),
        "source": recording.source_session_dir,
        "movie": recording.movie.shape,
        "xxh3 of the mean image": content(recording.mean_image),
        "frame rate (Hz)": recording_frame_rate_hz(recording),
    }
