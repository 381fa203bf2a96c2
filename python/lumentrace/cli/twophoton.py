"""`lumentrace twophoton`, and its command `run`."""

from __future__ import annotations

import time
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from lumentrace.cli import twophoton_commands, twophoton_lab
from lumentrace.cli.batch import attempt, folders, leave, table, tell
from lumentrace.cli.console import Bar, console, show
from lumentrace.cli.grammar import Technique, given
from lumentrace.cli.options import Accept, Config, Resume
from lumentrace.cli.twophoton_options import Channel, Epochs, FrameRate, Job, Plane, Side, jobs

if TYPE_CHECKING:
    from lumentrace.twophoton import ConvertedRecording
    from lumentrace.twophoton.settings import Settings

app = Technique("Two-photon calcium imaging: recordings to responses.")


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


class Moving(StrEnum):
    """What moves."""

    none = "none"
    rigid = "rigid"
    nonrigid = "nonrigid"


class Events(StrEnum):
    """How calcium follows from events."""

    none = "none"
    ar1 = "ar1"
    ar2 = "ar2"


class Modality(StrEnum):
    """Kinds of random stimuli."""

    olfaction = "olfaction"
    vision = "vision"


class Method(StrEnum):
    """How kernels are fitted."""

    smooth = "smooth"
    ols = "ols"
    xcorr = "xcorr"


@app.command("run")
@app.command("analyze", hidden=True)
def analyze(
    ctx: typer.Context,
    recordings: Annotated[
        list[Path],
        typer.Argument(
            help="Recording folders, converted or not, recording_data.h5, NWB; with --epochs recordings of ScanImage, "
            "Bruker, Scanbox and Thor, and films in TIFF, OME-Zarr, CZI, ...",
            show_default=False,
        ),
    ],
    motion: Annotated[
        Moving,
        typer.Option(
            help="Motion that is taken out first: of whole frames (**rigid**), or of blocks too (**nonrigid**)."
        ),
    ] = Moving.none,
    rois: Annotated[
        str,
        typer.Option(
            help="Regions: a file (of `save_roi_set`, NWB, or a label image as TIFF or NPY), **watershed** (bright "
            "spots of the mean image), **cells** (by their activity; **cells:10** with a diameter of 10 pixels) or "
            "**grid:12** (squares of 12 pixels)."
        ),
    ] = "watershed",
    background: Annotated[Background, typer.Option(help="What is subtracted.")] = Background.movie_global_percentile,
    neuropil: Annotated[
        str,
        typer.Option(
            help="Light of the surroundings that is taken away from regions: **none**, **fit** (a coefficient for each "
            "region, with its error) or a coefficient such as **0.7**."
        ),
    ] = "none",
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
    spikes: Annotated[
        Events,
        typer.Option(help="Events behind dF/F; calcium decays after each (**ar1**) or rises slowly, too (**ar2**)."),
    ] = Events.none,
    decay: Annotated[
        float | None, typer.Option(help="Decay of the indicator for --spikes ar1, in s.", show_default="estimated")
    ] = None,
    tuning: Annotated[
        str | None,
        typer.Option(
            help="What regions are tuned to: a parameter of the epochs or a column of their table, such as "
            "**direction**; curves with bands, selectivity, tests with false discovery rates.",
            show_default="none",
        ),
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
    suite2p: Annotated[
        bool, typer.Option("--suite2p", help="Also write `suite2p/plane0/`, a folder that Suite2p opens.")
    ] = False,
    nwb: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Also write `recording.nwb`; NWB asks when the recording began, such as **2026-03-01T14:30+01:00**.",
            show_default="none",
        ),
    ] = None,
    epochs: Epochs = None,
    frame_rate: FrameRate = None,
    channel: Channel = None,
    plane: Plane = None,
    config: Config = None,
    resume: Resume = False,
    accept: Accept = False,
) -> None:
    """From a recording, raw or aligned, to traces, dF/F, events, tuning, maps and kernels, with a report.

    Writes `analysis_outputs.h5`, `exports/csvs/` with the responses trial by trial and on average and a table of the
    regions, `exports/parquet/` with dF/F and trials as long tables, `report.html` and `run.json`; what is asked for
    besides adds `motion.h5`, `cells.h5`, `spikes.h5`, `response_maps.h5`, `kernels.h5` and tables of the same names. A
    recording that is not converted yet is converted first; one that cannot be analyzed does not stop the others.

    **Examples**

    `lumentrace twophoton run fly1/10_15_49 --maps`

    `lumentrace twophoton run fly*/ --rois grid:12 --background movie_y_stripe_percentile --out results`

    `lumentrace twophoton run noise/ --rois rois.h5 --kernels olfaction --hemisphere right`

    `lumentrace twophoton run film.tif --epochs epochs.csv --frame-rate 13 --rois labels.tif`

    `lumentrace twophoton run scan_00001.tif --epochs epochs.csv --channel 0 --plane all --out results`

    `lumentrace twophoton run raw.tif --epochs epochs.csv --frame-rate 10 --motion nonrigid --rois cells --neuropil fit
    --spikes ar1 --tuning direction`

    Exit codes: 0 all done, 2 wrong usage, 3 some recordings could not be analyzed, 4 some results are not
    reliable (0 with --accept).
    """
    from lumentrace.twophoton.convert.filmed import Asked, needs_rate
    from lumentrace.twophoton.settings import Settings

    if epochs is not None and frame_rate is None and any(map(needs_rate, recordings)):
        raise typer.BadParameter("expected with --epochs for films that do not say it", param_hint="--frame-rate")
    began = None if nwb is None else _began(nwb)
    asked = Asked(epochs, frame_rate, channel)
    found = Settings() if config is None else Settings.read(config)
    settings = found.changed({name: value for name, value in given(ctx).items() if name in found.to_dict()})
    places: list[Path | None] = [None] * len(recordings) if out is None else [*folders(recordings, out)]
    results = [
        attempt(job.source, job.source, lambda _, __, job=job: _analyze(job, settings, resume, suite2p, began))  # type: ignore[misc]  # mypy cannot infer it
        for job in jobs(recordings, places, asked, plane)
    ]
    show(table(results))
    leave(results, accept)


def _began(text: str) -> datetime:
    """When a recording began."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"expected a time such as 2026-03-01T14:30+01:00, found {text!r}") from error
    if found.tzinfo is None:
        raise typer.BadParameter(f"expected a time zone, such as {text}+01:00, found none in {text!r}")
    return found


def _analyze(job: Job, settings: Settings, resume: bool, suite2p: bool, nwb: datetime | None) -> dict[str, object]:
    """Analyze a recording and write everything into a folder."""
    from lumentrace.engine.outcome import REPORT
    from lumentrace.twophoton.run import run

    began = time.perf_counter()
    with Bar(job.name, None, "frames") as bar:
        recording = _recording(job, bar)
        folder = recording.path.parent if job.place is None else job.place
        outcome = run(recording, settings, verbose=bar, run_dir=folder / "run" if resume else None)
    outcome.save(folder)
    if suite2p:
        outcome.save_suite2p(folder / "suite2p" / "plane0")
    if nwb is not None:
        outcome.export_nwb(folder / "recording.nwb", session_start_time=nwb)
    tell(job.name, outcome.verdict)
    for notice in outcome.notices:
        console.print(f"[yellow]warning[/] {escape(notice)}", soft_wrap=True)
    console.print(f"{escape(job.name)}: see {folder / REPORT}", soft_wrap=True)
    seconds = round(time.perf_counter() - began, 3)
    return {"file": job.name, **outcome.figures(), "seconds": seconds, "verdict": outcome.verdict.level}


def _recording(job: Job, bar: Bar) -> ConvertedRecording:
    """A recording, converted if need be: films beside their results."""
    from lumentrace.twophoton.convert.filmed import check_epochs, convert_film, film_folder
    from lumentrace.twophoton.convert.opened import opened
    from lumentrace.twophoton.read.recording import load_converted_recording

    if job.film is None:
        return opened(job.source, bar)
    check_epochs(job.source, job.film)
    place = film_folder(job.source) if job.place is None else job.place
    return load_converted_recording(convert_film(job.source, job.film, place, verbose=bar).path)


for command in (
    twophoton_lab.find,
    twophoton_lab.convert,
    twophoton_commands.info,
    twophoton_commands.simulate,
    twophoton_commands.config,
    twophoton_commands.report,
):
    app.command()(command)
