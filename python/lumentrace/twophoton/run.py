"""A run: what the cells of a recording answer, with tables, maps, kernels and a report."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.base.provenance import Provenance, content
from lumentrace.engine import outcome, settings
from lumentrace.engine.outcome import REPORT
from lumentrace.engine.progress import Verbose
from lumentrace.engine.record import RECORD, RunRecord
from lumentrace.engine.run import Run
from lumentrace.engine.settings import setting
from lumentrace.twophoton.convert.converted_files import DATA_FILE
from lumentrace.twophoton.convert.opened import opened
from lumentrace.twophoton.exchange.kernel_files import load_stimulus_kernels, save_stimulus_kernels, write_kernels_csv
from lumentrace.twophoton.exchange.label_tiff import load_roi_labels
from lumentrace.twophoton.exchange.outputs import save_analysis_outputs, write_grouped_csv, write_trials_csv
from lumentrace.twophoton.exchange.saved_run import load_recording_responses
from lumentrace.twophoton.read.recording import ConvertedRecording, recording_frame_rate_hz, recording_hemisphere
from lumentrace.twophoton.regions.rois import RoiSet, grid_roi_set, load_roi_set, make_roi_set_from_label_image
from lumentrace.twophoton.regions.watershed import watershed_roi_set
from lumentrace.twophoton.report.page import write_report
from lumentrace.twophoton.respond.kernels import StimulusKernelOptions, StimulusKernels, fit_recording_stimulus_kernels
from lumentrace.twophoton.respond.maps import (
    RecordingResponseMaps,
    compute_recording_response_maps,
    load_response_map_data,
    save_response_map_data,
)
from lumentrace.twophoton.respond.processing import (
    CorrelationFilterOptions,
    LowPassFilterOptions,
    ResponseProcessingOptions,
    SmoothingOptions,
)
from lumentrace.twophoton.respond.responses import RecordingResponses, compute_recording_responses

RESULTS, MAPS, KERNELS = "analysis_outputs.h5", "response_maps.h5", "kernels.h5"
WATERSHED = {"smoothing_sigma": 1.0, "min_pixels": 10, "foreground": "otsu"}
"""Regions around bright spots: joined over a pixel, and nothing of the background."""
TIMING = {"classified_photodiode": "flashes", "interpolated_epochs": "interpolated"}


@dataclass(frozen=True)
class Settings(settings.Settings):
    """How a recording is analyzed; `lumentrace twophoton analyze` has an option for each."""

    rois: str = setting("watershed", "regions: a file, watershed (bright spots of the mean image), or grid:12 (pixels)")
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
        if self.rois != "watershed" and _grid(self.rois) is None and not Path(self.rois).is_file():
            raise FileNotFoundError(f"rois (--rois): expected a file, watershed or grid:12, found {self.rois!r}")
        self.processing()

    def processing(self) -> ResponseProcessingOptions:
        """Options of the processing of responses."""
        return processing(self.smoothing, self.low_pass, self.minimum_correlation)


@dataclass(frozen=True, eq=False)
class Outcome(outcome.Outcome):
    """Responses of a recording.

    Attributes
    ----------
    responses : RecordingResponses
    maps : RecordingResponseMaps or None
    kernels : StimulusKernels or None
    """

    technique: ClassVar[str] = "twophoton"

    responses: RecordingResponses = field(repr=False)
    maps: RecordingResponseMaps | None = field(repr=False)
    kernels: StimulusKernels | None = field(repr=False)

    def figures(self) -> dict[str, Any]:
        """Regions, trials, how the timing was found, and the decay of bleaching."""
        return _figures(self.responses)

    def write(self, folder: Path) -> list[Path]:
        """Write results and tables."""
        tables = folder / "exports" / "csvs"
        trials, grouped = tables / "response_summary_trials.csv", tables / "response_summary_grouped.csv"
        save_analysis_outputs(folder / RESULTS, self.responses)
        write_trials_csv(trials, self.responses.grouped_responses)
        write_grouped_csv(grouped, self.responses.grouped_responses)
        files = [folder / RESULTS, trials, grouped]
        if self.maps is not None:
            save_response_map_data(folder / MAPS, self.maps)
            files.append(folder / MAPS)
        if self.kernels is not None:
            save_stimulus_kernels(folder / KERNELS, self.kernels)
            write_kernels_csv(tables / "kernels.csv", self.kernels)
            files += [folder / KERNELS, tables / "kernels.csv"]
        return files

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the report."""
        return write_report(
            path,
            self.responses,
            maps=self.maps,
            kernels=self.kernels,
            notes=self.notices,
            provenance=self.provenance,
        )


def run(
    source: str | PathLike[str] | ConvertedRecording, settings: Settings | None = None, *, verbose: Verbose = False
) -> Outcome:
    """Analyze a recording.

    Parameters
    ----------
    source : path or ConvertedRecording
        A converted file or folder, or a recording folder, which is converted first if need be.
    settings : Settings, optional
    verbose : bool or callable, default False
        True for a progress bar.

    Returns
    -------
    Outcome

    Raises
    ------
    FormatError
        If a file is damaged.
    ValueError
        If settings do not fit the recording.

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
    steps_count = 1 + own.maps + bool(own.kernels)
    name = Path(str(recording.source_session_dir).replace("\\", "/")).name
    with Run(Provenance(_identity(recording)), 1, steps_count, verbose, f"{name}: analyzing", "step") as steps:
        options = _response_options(own)
        told: list[str] = []
        responses = steps.step("responses", {"rois": own.rois, **options}, lambda: _responses(recording, own, told))
        maps = kernels = None
        if own.maps:
            windows = responses.epoch_windows
            maps = steps.step("maps", {}, lambda: compute_recording_response_maps(recording, epoch_windows=windows))
        if own.kernels:
            chosen = _kernel_options(own)
            kernels = steps.step("kernels", vars(chosen), lambda: fit_recording_stimulus_kernels(responses, chosen))
    return Outcome(f"Two-photon: {name}", own, steps.provenance, tuple(told), responses, maps, kernels)


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


def _responses(recording: ConvertedRecording, own: Settings, told: list[str]) -> RecordingResponses:
    """Responses; warnings are added to what is told."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = compute_recording_responses(recording, regions(own.rois, recording), **_response_options(own))
    told += dict.fromkeys(str(warning.message) for warning in said)
    return found


def _kernel_options(own: Settings) -> StimulusKernelOptions:
    exact: dict[str, Any] = {"joint": True, "timing": "exact"} if own.kernel_method == "smooth" else {}
    chosen: Any = {"stimulus_modality": own.kernels, "method": own.kernel_method, "hemisphere": own.hemisphere or None}
    return StimulusKernelOptions(**chosen, **exact)


def processing(smoothing: str, low_pass: float | None, minimum_correlation: float | None) -> ResponseProcessingOptions:
    """Options of the processing of responses.

    Raises
    ------
    ValueError
        If the smoothing is not understood.
    """
    method, _, rest = smoothing.partition(":")
    told = f"smoothing (--smoothing): expected none, moving_average:7 or savgol:7,2, found {smoothing!r}"
    if method not in ("none", "moving_average", "savgol"):
        raise ValueError(told)
    try:
        numbers = [int(part) for part in rest.split(",")] if rest else []
    except ValueError:
        raise ValueError(told) from None
    if len(numbers) > {"none": 0, "moving_average": 1, "savgol": 2}[method]:
        raise ValueError(told)
    chosen = dict(zip(("window_frames", "polynomial_order"), numbers, strict=False))
    low = LowPassFilterOptions("none" if low_pass is None else "butterworth", low_pass)
    reference: Any = "none" if minimum_correlation is None else "epoch_mean"
    return ResponseProcessingOptions(
        smoothing=SmoothingOptions(method, **chosen),  # type: ignore[arg-type]  # checked above
        low_pass=low,
        correlation_filter=CorrelationFilterOptions(reference, minimum_correlation or 0.0),
    )


def _grid(text: str) -> int | None:
    """Side of the squares of ``grid:12``; None for something else."""
    kind, colon, size = text.partition(":")
    return int(size) if kind == "grid" and colon and size.isdecimal() else None


def regions(text: str, recording: ConvertedRecording) -> RoiSet:
    """Regions as asked for.

    Raises
    ------
    FormatError
        If the file holds none.
    ValueError
        If none are found.
    """
    shape = recording.movie.shape[1:]
    inside = np.zeros(shape, bool)
    inside[recording.alignment_valid_crop.slices] = True
    size = _grid(text)
    if size is not None:
        return grid_roi_set(shape, grid_size_pixels=size, region_mask=inside)
    if text == "watershed":
        image = np.where(inside, recording.mean_image, recording.mean_image[inside].min())
        settings: dict[str, Any] = WATERSHED
        return watershed_roi_set(image, region_mask=inside, **settings)
    path = Path(text)
    if path.suffix.lower() in (".tif", ".tiff"):
        return load_roi_labels(path)
    return _labelled(path) if path.suffix.lower() == ".npy" else load_roi_set(path)


def _labelled(path: Path) -> RoiSet:
    try:
        return make_roi_set_from_label_image(np.load(path))
    except (ValueError, EOFError) as error:
        raise FormatError(f"{path}: {error}") from error


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
    made = {} if record is None else record.settings
    with_maps = made.get("maps", (folder / MAPS).exists())
    with_kernels = made.get("kernels", (folder / KERNELS).exists())
    target = folder / REPORT if out is None else out
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_report(
        target,
        responses,
        maps=load_response_map_data(folder / MAPS) if with_maps else None,
        kernels=load_stimulus_kernels(folder / KERNELS) if with_kernels else None,
        provenance=None if record is None else record.provenance,
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
