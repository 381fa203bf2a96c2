"""One two-photon recording after another: convert, analyze, write, report."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from lumentrace import FormatError, twophoton
from lumentrace.base import provenance
from lumentrace.base.files import replacing
from lumentrace.cli.console import console
from lumentrace.twophoton.config import optional_config
from lumentrace.twophoton.converted_files import DATA_FILE
from lumentrace.twophoton.places import FOLDER, output_place
from lumentrace.twophoton.recording import recording_frame_rate_hz, recording_hemisphere

RESULTS, MAPS, KERNELS, REPORT, RECORD = (
    "analysis_outputs.h5",
    "response_maps.h5",
    "kernels.h5",
    "report.html",
    "run.json",
)
WATERSHED = {"smoothing_sigma": 1.0, "min_pixels": 10, "foreground": "otsu"}
"""Regions around bright spots: joined over a pixel, and nothing of the background."""
TIMING = {"classified_photodiode": "flashes", "interpolated_epochs": "interpolated"}


@contextmanager
def frames(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar over the frames of a movie; to be called with (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(escape(title), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def _steps(name: str, total: int) -> Iterator[Callable[[str], None]]:
    """A progress bar over the steps of an analysis; to be called with what is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f"{escape(name)}: analyzing", total=total, said="")
        yield lambda said: progress.update(task, advance=1, said=said)


@dataclass(frozen=True)
class Conversion:
    """How recordings are converted."""

    force: bool = False
    mean_start: int | None = None
    mean_stop: int | None = None

    def convert(self, source: Path, place: Path | None) -> dict[str, Any]:
        """Convert a recording into a folder, if need be."""
        folder = place or converted_folder(source)
        began = time.perf_counter()
        recording = None if self.force else converted(source, folder)
        if recording is None:
            with frames(f"{source.name}: converting") as bar:
                paths = self._converted(source, place, bar)
            shape, seconds = paths.movie_shape, time.perf_counter() - began
            console.print(f"{source.name}: converted, see {paths.path}", soft_wrap=True)
        else:
            shape, seconds = recording.movie.shape, 0.0
            console.print(f"{source.name}: converted before, see {recording.path}", soft_wrap=True)
        size = f"{shape[1]} x {shape[2]}"
        return {"file": source.name, "frames": shape[0], "pixels": size, "seconds": round(seconds, 3)}

    def _converted(self, source: Path, place: Path | None, bar: Callable[[int, int], None]) -> Any:
        folder = converted_folder(source) if place is None and optional_config() is None else place
        try:
            return twophoton.convert_recording_to_twopy(
                source, folder, mean_start_frame=self.mean_start, mean_stop_frame=self.mean_stop, verbose=bar
            )
        except KeyError as error:
            raise FormatError(str(error.args[0])) from error


def converted_folder(source: Path) -> Path:
    """Where a recording is converted to: as the settings say, or beside it if there are none."""
    return source / FOLDER if optional_config() is None else output_place(source).folder


def converted(source: Path, folder: Path) -> Any:
    """The converted recording in a folder; None if there is none, it is damaged or older than its source."""
    try:
        recording = twophoton.load_converted_recording(folder)
    except (FileNotFoundError, FormatError):
        return None
    files = [path for part in (source, source / "stimulusData") for path in part.glob("*") if path.is_file()]
    newest = max((path.stat().st_mtime for path in files), default=0.0)
    return recording if recording.path.stat().st_mtime >= newest else None


def opened(path: Path) -> Any:
    """A recording from a converted file or folder, or from a recording folder that is converted first if need be."""
    if path.suffix == ".h5" or (path / DATA_FILE).exists():
        return twophoton.load_converted_recording(path)
    folder = converted_folder(path)
    found = converted(path, folder)
    if found is None:
        Conversion().convert(path, None)
        found = twophoton.load_converted_recording(folder)
    return found


def processing(smoothing: str, low_pass: float | None, minimum_correlation: float | None) -> Any:
    """Options of the processing of responses.

    Raises
    ------
    ValueError
        If the smoothing is not understood.
    """
    method, _, rest = smoothing.partition(":")
    told = f"--smoothing: expected none, moving_average:7 or savgol:7,2, found {smoothing!r}"
    if method not in ("none", "moving_average", "savgol"):
        raise ValueError(told)
    try:
        numbers = [int(part) for part in rest.split(",")] if rest else []
    except ValueError:
        raise ValueError(told) from None
    if len(numbers) > {"none": 0, "moving_average": 1, "savgol": 2}[method]:
        raise ValueError(told)
    chosen = dict(zip(("window_frames", "polynomial_order"), numbers, strict=False))
    low = twophoton.LowPassFilterOptions("none" if low_pass is None else "butterworth", low_pass)
    reference: Any = "none" if minimum_correlation is None else "epoch_mean"
    return twophoton.ResponseProcessingOptions(
        smoothing=twophoton.SmoothingOptions(method, **chosen),  # type: ignore[arg-type]  # checked above
        low_pass=low,
        correlation_filter=twophoton.CorrelationFilterOptions(reference, minimum_correlation or 0.0),
    )


@dataclass(frozen=True)
class Analysis:
    """How recordings are analyzed."""

    rois: str
    background: str
    fit_mode: str
    baseline_epoch: str | None
    baseline_mode: str
    processing: Any
    maps: bool
    kernels: str | None
    kernel_method: str
    hemisphere: str | None

    def check(self) -> None:
        """ValueError or FileNotFoundError unless regions can be made."""
        if self.rois != "watershed" and _grid(self.rois) is None and not Path(self.rois).is_file():
            raise FileNotFoundError(f"--rois: expected a file, watershed or grid:12, found {self.rois!r}")

    def analyze(self, path: Path, place: Path | None) -> dict[str, Any]:
        """Analyze a recording and write everything into a folder."""
        started, began = provenance.now(), time.perf_counter()
        recording = opened(path)
        if self.kernels == "olfaction" and self.hemisphere is None:
            recording_hemisphere(recording)
        folder = recording.path.parent if place is None else place
        with _steps(path.name, 2 + self.maps + (self.kernels is not None)) as step:
            run = self._responses(recording)
            step("responses")
            maps = kernels = None
            if self.maps:
                maps = twophoton.compute_recording_response_maps(recording, epoch_windows=run.epoch_windows)
                step("maps")
            if self.kernels is not None:
                kernels = twophoton.fit_recording_stimulus_kernels(run, self._kernel_options())
                step("kernels")
            seconds = time.perf_counter() - began
            record = provenance.Provenance(_identity(recording))
            record = record.then("analyze", asdict(self), started, seconds)
            write(folder, run, maps, kernels, record)
            step("report")
        console.print(f"{path.name}: see {folder / REPORT}", soft_wrap=True)
        return {"file": path.name, **_figures(run), "seconds": round(seconds, 3)}

    def _responses(self, recording: Any) -> Any:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            run = twophoton.compute_recording_responses(
                recording,
                regions(self.rois, recording),
                background_method=self.background,  # type: ignore[arg-type]  # one of the choices
                fit_mode=self.fit_mode,  # type: ignore[arg-type]  # one of the choices
                baseline_mode=self.baseline_mode,  # type: ignore[arg-type]  # one of the choices
                options=self.processing,
                **self._baseline(),
            )
        for warning in said:
            console.print(f"[yellow]warning[/] {escape(str(warning.message))}", soft_wrap=True)
        return run

    def _baseline(self) -> dict[str, Any]:
        if self.baseline_epoch is None:
            return {}
        if self.baseline_epoch.isdecimal():
            return {"baseline_epoch_number": int(self.baseline_epoch)}
        return {"baseline_epoch_name": self.baseline_epoch}

    def _kernel_options(self) -> Any:
        exact: dict[str, Any] = {"joint": True, "timing": "exact"} if self.kernel_method == "smooth" else {}
        return twophoton.StimulusKernelOptions(
            stimulus_modality=self.kernels,  # type: ignore[arg-type]  # one of the choices
            method=self.kernel_method,  # type: ignore[arg-type]  # one of the choices
            hemisphere=self.hemisphere,
            **exact,
        )


def _grid(text: str) -> int | None:
    """Side of the squares of ``grid:12``; None for something else."""
    kind, colon, size = text.partition(":")
    return int(size) if kind == "grid" and colon and size.isdecimal() else None


def regions(text: str, recording: Any) -> Any:
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
        return twophoton.grid_roi_set(shape, grid_size_pixels=size, region_mask=inside)
    if text == "watershed":
        image = np.where(inside, recording.mean_image, recording.mean_image[inside].min())
        settings: dict[str, Any] = WATERSHED
        return twophoton.watershed_roi_set(image, region_mask=inside, **settings)
    path = Path(text)
    if path.suffix.lower() in (".tif", ".tiff"):
        return twophoton.load_roi_labels(path)
    return _labelled(path) if path.suffix.lower() == ".npy" else twophoton.load_roi_set(path)


def _labelled(path: Path) -> Any:
    try:
        return twophoton.make_roi_set_from_label_image(np.load(path))
    except (ValueError, EOFError) as error:
        raise FormatError(f"{path}: {error}") from error


def write(folder: Path, run: Any, maps: Any, kernels: Any, record: provenance.Provenance) -> None:
    """Write results, tables, report and record of an analysis."""
    from lumentrace.twophoton.outputs import write_grouped_csv, write_trials_csv

    tables = folder / "exports" / "csvs"
    twophoton.save_analysis_outputs(folder / RESULTS, run)
    write_trials_csv(tables / "response_summary_trials.csv", run.grouped_responses)
    write_grouped_csv(tables / "response_summary_grouped.csv", run.grouped_responses)
    if maps is not None:
        twophoton.save_response_map_data(folder / MAPS, maps)
    if kernels is not None:
        twophoton.save_stimulus_kernels(folder / KERNELS, kernels)
        twophoton.write_kernels_csv(tables / "kernels.csv", kernels)
    twophoton.write_report(folder / REPORT, run, maps=maps, kernels=kernels, provenance=record)
    with replacing(folder / RECORD) as file:
        file.write(json.dumps(record.to_dict(), indent=1).encode())


def report_again(outputs: Path, recording: Path | None, out: Path | None) -> Path:
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
    record = _record(folder / RECORD)
    if recording is None and record is not None and not (folder / DATA_FILE).exists():
        recording = Path(str(record.input["path"]))
    run = twophoton.load_recording_responses(place, recording)
    # Without a record, whatever lies beside the results is taken for theirs.
    made = {} if record is None else record.steps[-1].parameters
    maps = kernels = None
    if made.get("maps", (folder / MAPS).exists()):
        maps = twophoton.load_response_map_data(folder / MAPS)
    if made.get("kernels", (folder / KERNELS).exists()):
        kernels = twophoton.load_stimulus_kernels(folder / KERNELS)
    target = folder / REPORT if out is None else out
    target.parent.mkdir(parents=True, exist_ok=True)
    return twophoton.write_report(target, run, maps=maps, kernels=kernels, provenance=record)


def _record(path: Path) -> provenance.Provenance | None:
    if not path.exists():
        return None
    try:
        return provenance.Provenance.from_dict(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path}: expected the record of an analysis, found something else ({error})") from error


def _identity(recording: Any) -> dict[str, Any]:
    """What tells this recording from any other."""
    return {
        "path": str(recording.path.resolve()),
        "source": recording.source_session_dir,
        "movie": recording.movie.shape,
        "xxh3 of the mean image": provenance.content(recording.mean_image),
        "frame rate (Hz)": recording_frame_rate_hz(recording),
    }


def _figures(run: Any) -> dict[str, Any]:
    """The figures of an analysis that fit into a table row."""
    known = np.isfinite(run.dff.values).any(axis=0)
    return {
        "regions": len(run.dff.labels),
        "without values": int((~known).sum()),
        "trials": len(run.grouped_responses.trials),
        "timing": TIMING.get(run.timing.source, run.timing.source),
        "tau": "at its bound" if run.dff.metadata["tau_at_bound"] else float(run.dff.tau),
    }
