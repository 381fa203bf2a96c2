"""`lumentrace twophoton`: calcium imaging, from recording folders to responses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from lumentrace.cli.batch import PARTIAL, attempt, folders, leave, table, tell
from lumentrace.cli.console import answers, console, plural, show

if TYPE_CHECKING:
    from lumentrace.twophoton import RecordingRecord
    from lumentrace.twophoton.run import Settings

MINUTES = len("2026-01-01 00:00")

app = typer.Typer(help="Two-photon imaging: find, convert and analyze recordings.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option("--config", help="Settings; ./config.yml or the user's by default.")]


class Background(StrEnum):
    """What is subtracted from regions."""

    none = "none"
    movie_global_percentile = "movie_global_percentile"
    movie_y_stripe_percentile = "movie_y_stripe_percentile"
    roi_y_stripe_percentile = "roi_y_stripe_percentile"


class Fit(StrEnum):
    """How bleaching is fitted."""

    direct_bounded_tau = "direct_bounded_tau"
    log_linear = "log_linear"
    direct_bounded_tau_and_log_amplitude = "direct_bounded_tau_and_log_amplitude"


class Modality(StrEnum):
    """Kinds of random stimuli."""

    olfaction = "olfaction"
    vision = "vision"


class Method(StrEnum):
    """How kernels are fitted."""

    smooth = "smooth"
    ols = "ols"
    xcorr = "xcorr"


class Side(StrEnum):
    """Hemispheres."""

    left = "left"
    right = "right"


class Stimulus(StrEnum):
    """What is simulated."""

    epochs = "epochs"
    olfaction = "olfaction"
    vision = "vision"


@app.command()
def find(
    year: Annotated[int | None, typer.Option(help="1 to 9999.")] = None,
    month: Annotated[int | None, typer.Option(help="1 to 12.")] = None,
    day: Annotated[int | None, typer.Option(help="1 to 31.")] = None,
    genotype: Annotated[str | None, typer.Option(help="Text that occurs in the genotype.")] = None,
    stimulus: Annotated[str | None, typer.Option(help="Text that occurs in the name of the stimulus.")] = None,
    sensor: Annotated[str | None, typer.Option(help="Text that occurs in the fluorescent protein.")] = None,
    cell_type: Annotated[str | None, typer.Option(help="Text that occurs in the cell type.")] = None,
    hemisphere: Annotated[Side | None, typer.Option(help="Hemisphere.")] = None,
    person: Annotated[str | None, typer.Option(help="Text that occurs in the name of the person.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most recordings that are shown.")] = 100,
    config: Config = None,
    paths: Annotated[bool, typer.Option("--paths", help="Print only folders, a line for each.")] = False,
) -> None:
    """Find recordings in the lab's database; all that is asked for must fit.

    **Examples**

    `lumentrace twophoton find --config config.yml --cell-type ALPN --year 2026`

    `lumentrace twophoton convert $(lumentrace twophoton find --stimulus odour --paths)`

    Exit codes: 0 done (even if none was found), 2 wrong usage or no database.
    """
    from lumentrace.twophoton import find_recordings

    found = find_recordings(
        year=year,
        month=month,
        day=day,
        genotype=genotype,
        stimulus=stimulus,
        sensor=sensor,
        cell_type=cell_type,
        hemisphere=None if hemisphere is None else hemisphere.value,
        person=person,
        limit=limit,
        config_path=config,
    )
    if paths:
        for record in found:
            folder = _folder(record)
            if folder is None:
                console.print(f"[yellow]no sensible path[/] {escape(record.relative_data_path)}", soft_wrap=True)
            else:
                print(folder)
        return
    names = ("genotype", "cell type", "sensor", "side", "stimulus", "person")
    shown = Table("id", Column("date", no_wrap=True), *(Column(name, overflow="fold") for name in names))
    for record in found:
        texts = (
            (record.date or "")[:MINUTES],
            record.genotype,
            record.cell_type,
            record.fluorescent_protein,
            record.hemisphere,
            record.stimulus_function,
            record.person,
        )
        cells = [escape(text or "") for text in texts]
        shown.add_row(str(record.stimulus_presentation_id), *cells)
    show(shown)
    for record in found:
        folder = _folder(record)
        there = "" if folder is not None and folder.is_dir() else " [red](missing)[/]"
        place = record.relative_data_path.replace("\\", "/")
        answers.print(f"{record.stimulus_presentation_id:>4}  {escape(place)}{there}", soft_wrap=True)
    more = f"; there may be more, see --limit {limit}" if len(found) == limit else ""
    console.print(f"{plural(len(found), 'recording')}{more}")


def _folder(record: RecordingRecord) -> Path | None:
    """Where a recording is, or would be; None if the database has no sensible path."""
    try:
        return record.session_dir
    except ValueError:
        return None


@app.command()
def convert(
    recordings: Annotated[list[Path], typer.Argument(help="Recording folders.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for results.", show_default="lumentrace in each recording"),
    ] = None,
    mean_start: Annotated[int | None, typer.Option(help="First frame of the mean image.")] = None,
    mean_stop: Annotated[int | None, typer.Option(help="End of the frames of the mean image.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Convert again what is converted.")] = False,
) -> None:
    """Convert recording folders to `recording_data.h5` and `aligned_movie.h5`.

    What is converted, whole and not older than its recording is left alone: the same command goes on where it stopped.
    A recording that cannot be converted does not stop the others.

    **Examples**

    `lumentrace twophoton convert fly1/10_15_49`

    `lumentrace twophoton convert data/*/* --out converted`

    Exit codes: 0 all done, 2 wrong usage, 3 some recordings could not be converted.
    """

    def work(source: Path, place: Path | None) -> dict[str, object]:
        return _convert(source, place, force, (mean_start, mean_stop))

    places = [None] * len(recordings) if out is None else folders(recordings, out)
    results = [
        attempt(path, path, lambda source, _, place=place: work(source, place))  # type: ignore[misc]  # mypy cannot infer it
        for path, place in zip(recordings, places, strict=True)
    ]
    _finish(results)


def _convert(
    source: Path, place: Path | None, force: bool, mean_range: tuple[int | None, int | None]
) -> dict[str, object]:
    """Convert a recording into a folder, if need be."""
    from lumentrace.twophoton.convert.opened import convert, converted, converted_folder

    began = time.perf_counter()
    recording = None if force else converted(source, place or converted_folder(source))
    if recording is None:
        with frames(f"{source.name}: converting") as bar:
            paths = convert(source, place, mean_range=mean_range, verbose=bar)
        shape, seconds = paths.movie_shape, time.perf_counter() - began
        console.print(f"{source.name}: converted, see {paths.path}", soft_wrap=True)
    else:
        shape, seconds = recording.movie.shape, 0.0
        console.print(f"{source.name}: converted before, see {recording.path}", soft_wrap=True)
    size = f"{shape[1]} x {shape[2]}"
    return {"file": source.name, "frames": shape[0], "pixels": size, "seconds": round(seconds, 3)}


@contextmanager
def frames(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar over the frames of a movie; to be called with (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(escape(title), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@app.command()
def analyze(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            help="Recording folders, converted or not, recording_data.h5, or with --epochs films as TIFF.",
            show_default=False,
        ),
    ],
    rois: Annotated[
        str,
        typer.Option(
            help="Regions: a file (of `save_roi_set`, or a label image as TIFF or NPY), **watershed** (bright spots of "
            "the mean image) or **grid:12** (squares of 12 pixels)."
        ),
    ] = "watershed",
    background: Annotated[Background, typer.Option(help="What is subtracted.")] = Background.movie_global_percentile,
    fit_mode: Annotated[Fit, typer.Option(help="How bleaching is fitted.")] = Fit.direct_bounded_tau,
    baseline_epoch: Annotated[
        str | None,
        typer.Option(
            help="Number or name of the epoch of baselines.", show_default="the first called gray or grey, or 1"
        ),
    ] = None,
    no_baseline_epoch: Annotated[
        bool, typer.Option("--no-baseline-epoch", help="There is none: baselines from that epoch on to the end.")
    ] = False,
    smoothing: Annotated[
        str, typer.Option(help="**none**, **moving_average:7** (frames) or **savgol:7,2** (frames, order).")
    ] = "none",
    low_pass: Annotated[float | None, typer.Option(help="Cutoff of a low-pass filter, in Hz.")] = None,
    minimum_correlation: Annotated[
        float | None, typer.Option(help="Leave out regions whose trials correlate less with the mean of the others.")
    ] = None,
    maps: Annotated[bool, typer.Option("--maps", help="Response maps, pixel by pixel.")] = False,
    kernels: Annotated[Modality | None, typer.Option(help="Kernels of a random stimulus.")] = None,
    kernel_method: Annotated[
        Method,
        typer.Option(help="**smooth**: both antennae at once, exact onsets, a penalty on bends; or as documented."),
    ] = Method.smooth,
    hemisphere: Annotated[Side | None, typer.Option(help="For kernels, if the recording does not say.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for results.", show_default="beside recording_data.h5"),
    ] = None,
    epochs: Annotated[
        Path | None,
        typer.Option(
            help="CSV table of the epochs of films: **start_s** and **stop_s** (s), or **start_frame** and "
            "**stop_frame** (from 0 on, the second after the epoch); **epoch_number** (from 1 on), **epoch_name**."
        ),
    ] = None,
    frame_rate: Annotated[float | None, typer.Option(help="Frames per second of films, with --epochs.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep finished steps, and go on after them.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Exit with 0 though results are not reliable.")] = False,
) -> None:
    """Traces, dF/F, responses, maps and kernels, with tables and a report.

    Writes `analysis_outputs.h5`, `exports/csvs/` with the responses trial by trial and on average and a table of the
    regions, `exports/parquet/` with dF/F and trials as long tables, `report.html` and `run.json`; with --maps
    `response_maps.h5`, with --kernels `kernels.h5` and `exports/csvs/kernels.csv`. A recording that is not converted
    yet is converted first; one that cannot be analyzed does not stop the others.

    **Examples**

    `lumentrace twophoton analyze fly1/10_15_49 --maps`

    `lumentrace twophoton analyze fly*/ --rois grid:12 --background movie_y_stripe_percentile --out results`

    `lumentrace twophoton analyze noise/ --rois rois.h5 --kernels olfaction --hemisphere right`

    `lumentrace twophoton analyze film.tif --epochs epochs.csv --frame-rate 13 --rois labels.tif`

    Exit codes: 0 all done, 2 wrong usage, 3 some recordings could not be analyzed, 4 some results are not
    reliable (0 with --accept).
    """
    from lumentrace.twophoton.run import Settings

    if (epochs is None) != (frame_rate is None):
        raise typer.BadParameter("expected both or neither", param_hint="--epochs, --frame-rate")
    film = None if epochs is None or frame_rate is None else (epochs, frame_rate)
    settings = Settings(
        rois=rois,
        background=background.value,
        fit_mode=fit_mode.value,
        baseline_epoch=baseline_epoch or "",
        no_baseline_epoch=no_baseline_epoch,
        smoothing=smoothing,
        low_pass=low_pass,
        minimum_correlation=minimum_correlation,
        maps=maps,
        kernels="" if kernels is None else kernels.value,
        kernel_method=kernel_method.value,
        hemisphere="" if hemisphere is None else hemisphere.value,
    )
    places = [None] * len(recordings) if out is None else folders(recordings, out)
    results = [
        attempt(path, path, lambda source, _, place=place: _analyze(source, place, settings, resume, film))  # type: ignore[misc]  # mypy cannot infer it
        for path, place in zip(recordings, places, strict=True)
    ]
    answers.print(table(results))
    leave(results, accept)


def _analyze(
    source: Path, place: Path | None, settings: Settings, resume: bool, film: tuple[Path, float] | None
) -> dict[str, object]:
    """Analyze a recording and write everything into a folder."""
    from lumentrace.engine.outcome import REPORT
    from lumentrace.twophoton.convert.opened import filmed, opened
    from lumentrace.twophoton.run import run

    began = time.perf_counter()
    with frames(f"{source.name}: analyzing") as bar:
        recording = opened(source, bar) if film is None else filmed(source, *film, place, bar)
        folder = recording.path.parent if place is None else place
        outcome = run(recording, settings, verbose=bar, run_dir=folder / "run" if resume else None)
    outcome.save(folder)
    tell(source.name, outcome.verdict)
    for notice in outcome.notices:
        console.print(f"[yellow]warning[/] {escape(notice)}", soft_wrap=True)
    console.print(f"{source.name}: see {folder / REPORT}", soft_wrap=True)
    seconds = round(time.perf_counter() - began, 3)
    return {"file": source.name, **outcome.figures(), "seconds": seconds, "verdict": outcome.verdict.level}


@app.command()
def report(
    outputs: Annotated[Path, typer.Argument(help="analysis_outputs.h5, or the folder it is in.", show_default=False)],
    recording: Annotated[
        Path | None,
        typer.Option(help="recording_data.h5 or its folder.", show_default="as run.json says, or beside the results"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write.", show_default="report.html beside the results")
    ] = None,
) -> None:
    """Make the report again from saved results, with the maps and kernels that are beside them.

    **Example**: `lumentrace twophoton report results/analysis_outputs.h5 --out for_paul.html`
    """
    from lumentrace.twophoton.run import report_again

    console.print(f"wrote {report_again(outputs, recording, out)}")


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")] = Path("lab"),
    recordings: Annotated[int, typer.Option(min=1, help="Number of recordings.")] = 2,
    stimulus: Annotated[
        Stimulus, typer.Option(help="Plain epochs, random odours or random contrasts.")
    ] = Stimulus.epochs,
    cells: Annotated[int, typer.Option(min=1, help="Cells in each.")] = 12,
    rows: Annotated[int, typer.Option(min=16, help="Rows of a frame.")] = 64,
    columns: Annotated[int, typer.Option(min=16, help="Columns of a frame.")] = 96,
    repeats: Annotated[int, typer.Option(min=1, help="How often each epoch is shown.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of the first recording.")] = 0,
) -> None:
    """Write a small lab to try things on: recordings with known truth, a database, pixel sizes and `config.yml`.

    **Example**: `lumentrace twophoton simulate; lumentrace twophoton find --config lab/config.yml`
    """
    from lumentrace.twophoton import simulate_lab

    with frames("simulating") as bar:
        made = simulate_lab(
            out,
            recordings,
            stimulus=stimulus.value,
            cells=cells,
            rows=rows,
            columns=columns,
            repeats=repeats,
            seed=seed,
            verbose=bar,
        )
    console.print(
        f"wrote {plural(recordings, 'recording')} below {out}, pixel sizes to {out / 'pixel_sizes.csv'}; try:",
        soft_wrap=True,
    )
    console.print(f"  lumentrace twophoton find --config {out / 'config.yml'}", soft_wrap=True)
    extra = "" if stimulus == Stimulus.epochs else f" --kernels {stimulus.value}"
    side = " --hemisphere right" if stimulus == Stimulus.olfaction else ""
    folder = made[0].folder
    console.print(f"  lumentrace twophoton analyze {escape(str(folder))} --maps{extra}{side}", soft_wrap=True)


def _finish(results: list[dict[str, object]]) -> None:
    """A row for each recording, and the exit code."""
    show(table(results))
    if any("reason" in result for result in results):
        raise typer.Exit(PARTIAL)
