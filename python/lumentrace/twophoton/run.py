"""A run: what the cells of a recording answer, with tables, maps, kernels and a report."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np

from lumentrace import __version__
from lumentrace.base import html
from lumentrace.base.provenance import Provenance, content, plain
from lumentrace.engine import outcome, settings
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.outcome import REPORT
from lumentrace.engine.progress import Verbose
from lumentrace.engine.record import RECORD, RunRecord
from lumentrace.engine.run import Run
from lumentrace.engine.samples import fingerprint
from lumentrace.engine.saved import settings_of
from lumentrace.engine.settings import setting
from lumentrace.engine.verdict import Verdict
from lumentrace.twophoton.align.estimate import estimate_motion
from lumentrace.twophoton.align.motion import Mode, Motion, MotionSettings
from lumentrace.twophoton.align.recording import aligned_recording
from lumentrace.twophoton.convert.converted_files import DATA_FILE
from lumentrace.twophoton.convert.opened import opened
from lumentrace.twophoton.exchange.dff_table import save_dff_table
from lumentrace.twophoton.exchange.kept import (
    KERNELS,
    MAPS,
    MOTION,
    RESULTS,
    Told,
    keep_kernels,
    keep_maps,
    keep_motion,
    keep_responses,
)
from lumentrace.twophoton.exchange.kernel_files import load_stimulus_kernels, save_stimulus_kernels, write_kernels_csv
from lumentrace.twophoton.exchange.map_files import load_response_map_data, save_response_map_data
from lumentrace.twophoton.exchange.motion_file import load_motion, save_motion
from lumentrace.twophoton.exchange.outputs import save_analysis_outputs
from lumentrace.twophoton.exchange.response_csv import write_grouped_csv, write_regions_csv, write_trials_csv
from lumentrace.twophoton.exchange.saved_run import load_recording_responses
from lumentrace.twophoton.exchange.trial_tables import save_trials_table, trials_table
from lumentrace.twophoton.judgement import judge
from lumentrace.twophoton.read.recording import ConvertedRecording, recording_frame_rate_hz, recording_hemisphere
from lumentrace.twophoton.regions import chosen
from lumentrace.twophoton.report.page import write_report
from lumentrace.twophoton.respond.kernels import StimulusKernelOptions, StimulusKernels, fit_recording_stimulus_kernels
from lumentrace.twophoton.respond.maps import RecordingResponseMaps, compute_recording_response_maps
from lumentrace.twophoton.respond.processing import ResponseProcessingOptions, processing_from_text
from lumentrace.twophoton.respond.region_table import RegionResponse, region_table, regions_frame
from lumentrace.twophoton.respond.responses import RecordingResponses, compute_recording_responses

if TYPE_CHECKING:
    import polars as pl

MOTIONS = ("none", *get_args(Mode))
TIMING = {"classified_photodiode": "flashes", "interpolated_epochs": "interpolated", "stimulus_table": "table"}


@dataclass(frozen=True)
class Settings(settings.Settings):
    """How a recording is analyzed; `lumentrace twophoton analyze` has an option for each."""

    motion: str = setting("none", "motion that is taken out first: none, rigid (whole frames) or nonrigid (blocks too)")
    rois: str = setting(
        "watershed",
        "regions: a file, watershed (bright spots of the mean image), cells or cells:10, or grid:12 (pixels)",
    )
    background: str = setting("movie_global_percentile", "what is subtracted")
    fit_mode: str = setting("direct_bounded_tau", "how bleaching is fitted")
    baseline_epoch: str = setting("", "number or name of the epoch of baselines; the first called gray if empty")
    no_baseline_epoch: bool = setting(False, "there is none: baselines from that epoch on to the end")
    smoothing: str = setting("none", "none, moving_average:7 (frames) or savgol:7,2 (frames, order)")
    low_pass: float | None = setting(None, "cutoff of a low-pass filter, Hz")
    minimum_correlation: float | None = setting(None, "least correlation of the trials of a region with their mean")
    maps: bool = setting(False, "response maps, pixel by pixel")
    kernels: str = setting("", "kernels of a random stimulus: olfaction or vision")
    kernel_method: str = setting("smooth", "smooth, ols or xcorr")
    hemisphere: str = setting("", "for kernels, if the recording does not say: left or right")

    def __post_init__(self) -> None:
        if self.motion not in MOTIONS:
            raise ValueError(f"`motion`: expected {', '.join(MOTIONS[:-1])} or {MOTIONS[-1]}, found {self.motion!r}")
        chosen.check(self.rois)
        self.processing()

    def processing(self) -> ResponseProcessingOptions:
        """Options of the processing of responses."""
        return processing_from_text(self.smoothing, self.low_pass, self.minimum_correlation)


@dataclass(frozen=True, eq=False)
class Outcome(outcome.Outcome):
    """Responses of a recording.

    Attributes
    ----------
    responses : RecordingResponses
    maps : RecordingResponseMaps or None
    kernels : StimulusKernels or None
    motion : Motion or None
        That which was taken out of the movie.
    """

    technique: ClassVar[str] = "twophoton"

    settings: Settings
    responses: RecordingResponses = field(repr=False)
    maps: RecordingResponseMaps | None = field(repr=False)
    kernels: StimulusKernels | None = field(repr=False)
    motion: Motion | None = field(default=None, repr=False)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the responses can be relied on."""
        named = bool(self.settings.baseline_epoch)
        return judge(self.responses, kernels=self.kernels, baseline_named=named)

    def figures(self) -> dict[str, Any]:
        """Regions, trials, how the timing was found, and the decay of bleaching."""
        return _figures(self.responses)

    def regions(self) -> list[RegionResponse]:
        """The table of regions: the largest mean response of each, and why it has none."""
        return region_table(self.responses, self.responses.epoch_means())

    @property
    def units(self) -> dict[str, str]:
        """Units of the columns of the tables; dF/F has none."""
        return {"pixels": "px", "used_pixels": "px", "time_s": "s"}

    def tables(self) -> dict[str, pl.DataFrame]:
        """The regions; all trials, a row for each trial, region and frame."""
        return {"regions": regions_frame(self.regions()), "trials": trials_table(self.responses)}

    def first_rows(self) -> tuple[pl.DataFrame, int]:
        """The first regions, and how many there are."""
        regions = self.regions()
        return regions_frame(regions[: html.ROWS]), len(regions)

    def write(self, folder: Path) -> list[Path]:
        """Write results and tables."""
        tables, long = folder / "exports" / "csvs", folder / "exports" / "parquet"
        trials, grouped = tables / "response_summary_trials.csv", tables / "response_summary_grouped.csv"
        regions = tables / "regions.csv"
        save_analysis_outputs(folder / RESULTS, self.responses)
        write_trials_csv(trials, self.responses.grouped_responses)
        write_grouped_csv(grouped, self.responses.grouped_responses)
        write_regions_csv(regions, self.regions())
        files = [folder / RESULTS, trials, grouped, regions]
        files += [save_dff_table(long / "dff.parquet", self.responses)]
        files += [save_trials_table(long / "trials.parquet", self.responses)]
        if self.maps is not None:
            save_response_map_data(folder / MAPS, self.maps)
            files.append(folder / MAPS)
        if self.kernels is not None:
            save_stimulus_kernels(folder / KERNELS, self.kernels)
            write_kernels_csv(tables / "kernels.csv", self.kernels)
            files += [folder / KERNELS, tables / "kernels.csv"]
        if self.motion is not None:
            files.append(save_motion(folder / MOTION, self.motion))
        return files

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the report."""
        return write_report(
            path,
            self.responses,
            maps=self.maps,
            kernels=self.kernels,
            motion=self.motion,
            notes=self.notices,
            provenance=self.provenance,
            verdict=self.verdict,
            settings=self.settings,
        )


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
    identity = _identity(recording)
    directory = None if run_dir is None else RunDirectory(run_dir, _run_identity(identity, recording, own))
    frames, count = recording.movie.shape[0], 1 + own.maps + bool(own.kernels) + (own.motion != "none")
    name = Path(str(recording.source_session_dir).replace("\\", "/")).name
    title = f"{name}: analyzing"
    with Run(Provenance(identity), frames, count, verbose, title, "frame", directory) as steps:
        options = _response_options(own)
        motion = None
        if own.motion != "none":
            asked = MotionSettings(mode=own.motion)  # type: ignore[arg-type]  # checked before
            motion = steps.step("motion", vars(asked), lambda: estimate_motion(recording.movie, asked), keep_motion())
            recording = aligned_recording(recording, motion)
        about = {"rois": own.rois, **options}
        told = steps.step("responses", about, lambda: _responses(recording, own), keep_responses(recording))
        responses, maps, kernels = told.responses, None, None
        if own.maps:
            windows = responses.epoch_windows
            maps = steps.step(
                "maps", {}, lambda: compute_recording_response_maps(recording, epoch_windows=windows), keep_maps()
            )
        if own.kernels:
            fit = _kernel_options(own)
            kernels = steps.step(
                "kernels", vars(fit), lambda: fit_recording_stimulus_kernels(responses, fit), keep_kernels()
            )
    return Outcome(f"Two-photon: {name}", own, steps.provenance, told.notices, responses, maps, kernels, motion)


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


def _response_options(own: Settings) -> dict[str, Any]:
    baseline: dict[str, Any] = {}
    if own.baseline_epoch.isdecimal():
        baseline["baseline_epoch_number"] = int(own.baseline_epoch)
    elif own.baseline_epoch:
        baseline["baseline_epoch_name"] = own.baseline_epoch
    return {
        "background_method": own.background,
        "fit_mode": own.fit_mode,
        "baseline_mode": "no_baseline_epoch" if own.no_baseline_epoch else "epoch",
        "options": own.processing(),
        **baseline,
    }


def _responses(recording: ConvertedRecording, own: Settings) -> Told:
    """Responses, and the warnings that were given on the way."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        rois = chosen.chosen_regions(own.rois, recording)
        found = compute_recording_responses(recording, rois, **_response_options(own))
    return Told(found, tuple(dict.fromkeys(str(warning.message) for warning in said)))


def _kernel_options(own: Settings) -> StimulusKernelOptions:
    exact: dict[str, Any] = {"joint": True, "timing": "exact"} if own.kernel_method == "smooth" else {}
    asked: Any = {"stimulus_modality": own.kernels, "method": own.kernel_method, "hemisphere": own.hemisphere or None}
    return StimulusKernelOptions(**asked, **exact)


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


def _figures(run: RecordingResponses) -> dict[str, Any]:
    """The figures of an analysis that fit into a table row."""
    known = np.isfinite(run.dff.values).any(axis=0)
    return {
        "regions": len(run.dff.labels),
        "without values": int((~known).sum()),
        "trials": len(run.grouped_responses.trials),
        "timing": None if run.timing is None else TIMING.get(run.timing.source, run.timing.source),
        "tau": "at its bound" if run.dff.metadata["tau_at_bound"] else float(run.dff.tau),
    }
