"""`lumentrace pept`: positron emission particle tracking."""

from __future__ import annotations

import time
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lumentrace.cli.batch import PARTIAL, attempt, leave, tell
from lumentrace.cli.batch import folders as batch_folders
from lumentrace.cli.batch import table as batch_table
from lumentrace.cli.console import Bar, cell, console, failure, plural, show, warning, warnings_told

if TYPE_CHECKING:
    from lumentrace.pept.run import Settings

FIT = ("lines explained", "passes", "settled", "tracers")
"""Figures of a fit that have a table of their own."""

app = typer.Typer(help="Positron emission particle tracking.", no_args_is_help=True, rich_markup_mode="markdown")


class Scanner(StrEnum):
    """Kinds of files with lines of response."""

    auto = "auto"
    adac = "adac"
    modular = "modular"
    screens = "screens"
    lines = "lines"


class RecipeName(StrEnum):
    """Recipes of `lumentrace.pept.recipes`."""

    lines = "lines"
    peptml = "peptml"
    birmingham = "birmingham"
    minpoints = "minpoints"
    fpi = "fpi"


class Where(StrEnum):
    """Executors that need no set-up."""

    native = "native"
    sequential = "sequential"
    joblib = "joblib"
    processes = "processes"


Files = Annotated[list[Path], typer.Argument(help="Files of one acquisition each.", show_default=False)]
ScannerOption = Annotated[
    Scanner,
    typer.Option(
        help="**adac**: ADAC Forte list mode (.da01). **modular**: list mode of the modular camera. **screens**: text "
        "with t, x1, y1, x2, y2 of two parallel screens. **lines**: any table t, x1, y1, z1, x2, y2, z2 as text "
        "(spaces or commas, with or without names of columns), .npy, .h5 or .parquet. **auto** looks at the file."
    ),
]
Separation = Annotated[
    float | None,
    typer.Option(help="Distance of the two screens in mm; read from the header of Birmingham sample files."),
]
Lenient = Annotated[
    bool,
    typer.Option(
        "--lenient",
        help="Leave out damaged lines of text and count them, rather than refuse the file. A last line that is cut off "
        "is always left out.",
    ),
]


@app.command()
def track(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of one acquisition each.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for results; a folder per file.")] = Path("out"),
    scanner: ScannerOption = Scanner.auto,
    separation: Separation = None,
    lenient: Lenient = False,
    recipe: Annotated[
        RecipeName | None,
        typer.Option(
            help="**lines**, the default: any number of tracers, one model of all lines, with uncertainties. "
            "**peptml**: any number, from points near two lines. **birmingham**: exactly one. **minpoints**: like "
            "peptml, from points near three lines. **fpi**: any number, from the peaks of voxelised lines."
        ),
    ] = None,
    tracers: Annotated[
        int | None,
        typer.Option(min=1, help="Most tracers at a time; by default as many as there are, 1 for the other recipes."),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(min=0, help="Time between locations, ms; by default as often as there are lines for them."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Settings of the recipe, a TOML file.")] = None,
    create_config: Annotated[
        bool, typer.Option("--create-config", help="Print a commented settings file and exit.")
    ] = False,
    executor: Annotated[Where, typer.Option(help="Where the work runs.")] = Where.native,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads or processes; all cores by default.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep finished work in the folder and continue an interrupted run.")
    ] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Exit with 0 though results are not reliable.")] = False,
) -> None:
    """Track the tracers in one or more acquisitions.

    Writes `trajectories.parquet`, `.csv` and `.vtp` (for ParaView), `report.html` and `run.json` for each file. A file
    that cannot be tracked does not stop the others.

    **Examples**

    `lumentrace pept track run.da01 --tracers 2 --out results`

    `lumentrace pept track wheel.csv --scanner screens --separation 712 --tracers 2 --out results`

    `lumentrace pept track --create-config > run.toml`, edit it, then `lumentrace pept track run.da01 --config run.toml`

    Exit codes: 0 all done, 2 wrong usage, 3 some files could not be tracked, 4 some results are not reliable
    (0 with --accept).
    """
    if create_config:
        print(_template(recipe or RecipeName.lines))
        raise typer.Exit
    if not files:
        raise typer.BadParameter("give at least one file, or --create-config", param_hint="FILES")
    given = {"recipe": recipe and recipe.value, "tracers": tracers, "every": every, "separation": separation}
    settings = _settings(config, {**given, "scanner": scanner.value, "lenient": lenient})
    work = partial(_track, settings, executor.value, workers, resume)
    results = [attempt(path, folder, work) for path, folder in zip(files, batch_folders(files, out), strict=True)]
    show(batch_table(results))
    leave(results, accept)


def _settings(config: Path | None, given: dict[str, object]) -> Settings:
    """Settings of a file, with what the command line says on top."""
    from lumentrace.engine.settings import read_mapping
    from lumentrace.pept.run import Settings

    written = {} if config is None else read_mapping(config)
    said = {name: value for name, value in given.items() if value is not None}
    source = "settings" if config is None else str(config)
    try:
        return Settings.from_mapping({**written, **said}, source)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _template(recipe: str) -> str:
    """A commented settings file with the defaults of a recipe."""
    from lumentrace.pept.recipes import RECIPES

    head = f'# Settings of `lumentrace pept track --config`.\nrecipe = "{recipe}"  # one of: {", ".join(RECIPES)}\n'
    lines = (f"{name} = {value}  # {text}" for name, value, text in RECIPES[recipe]().describe())
    return "\n".join([head, *lines])


@warnings_told()
def _track(
    settings: Settings, executor: str, workers: int | None, resume: bool, path: Path, folder: Path
) -> dict[str, object]:
    """Track one file and write everything into `folder`."""
    from concurrent.futures import ProcessPoolExecutor

    from lumentrace.cli import pept_fit
    from lumentrace.pept.run import run
    from lumentrace.pept.scanners.any_file import DAMAGED, read
    from lumentrace.pept.tracking.fitted_model import FittedModel

    lines = read(path, settings.scanner, settings.separation, settings.lenient)
    began = time.perf_counter()
    where = {"native": None, "processes": ProcessPoolExecutor}.get(executor, executor)
    with Bar(path.name, len(lines.lines), "lines") as bar:
        kept = folder / "run" if resume else None
        outcome = run(lines, settings, executor=where, max_workers=workers, verbose=bar, run_dir=kept)
    seconds = time.perf_counter() - began
    outcome.save(folder)
    tell(path.name, outcome.verdict)
    for notice in outcome.notices:
        warning(f"{path.name}: {notice}")
    figures = outcome.figures()
    console.print(f"{path.name}: {plural(figures['locations'], 'location')} in {seconds:.2f} s, see {folder}")
    model = FittedModel.of(outcome.trajectories)
    if model is not None and model.tracers:
        show(pept_fit.table(path.name, model))
    shown = {name: value for name, value in figures.items() if name not in FIT and (name != DAMAGED or value)}
    return {"file": path.name, **shown, "seconds": round(seconds, 3), "verdict": outcome.verdict.level}


@app.command()
def info(
    files: Files, scanner: ScannerOption = Scanner.auto, separation: Separation = None, lenient: Lenient = False
) -> None:
    """Say what is in a file: lines, time, rate, field of view.

    Exit codes: 0 all read, 2 wrong usage, 3 some files could not be read.
    """
    from lumentrace.pept.scanners import any_file

    failed = False
    for path in files:
        try:
            with warnings_told():
                facts = any_file.describe(any_file.read(path, scanner.value, separation, lenient))
        except (ValueError, OSError) as error:
            failure(error)
            failed = True
            continue
        table = Table(title=str(path), show_header=False, title_justify="left")
        for name, value in facts.items():
            table.add_row(name, cell(value))
        show(table)
    if failed:
        raise typer.Exit(PARTIAL)


class PathKind(StrEnum):
    """Ways that simulated tracers go."""

    circle = "circle"
    static = "static"
    wander = "wander"


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="File to write: .da01, .csv, .npy, .h5 or .parquet.", show_default=False)],
    tracers: Annotated[int, typer.Option(min=1, help="Number of tracers.")] = 1,
    path: Annotated[PathKind, typer.Option(help="How they move: on a wheel, not at all, or about at random.")] = (
        PathKind.circle
    ),
    radius: Annotated[float, typer.Option(min=0, help="Of the wheel or of the region, in mm.")] = 80.0,
    rpm: Annotated[float, typer.Option(help="Turns of the wheel per minute.")] = 42.0,
    lines: Annotated[int, typer.Option(min=1, help="Number of lines of response.")] = 100_000,
    rate: Annotated[float, typer.Option(help="Lines per ms.")] = 100.0,
    noise: Annotated[float, typer.Option(help="Share of the lines that are random or scattered.")] = 0.5,
    blur: Annotated[float, typer.Option(help="Standard deviation of measured positions, in mm.")] = 2.5,
    separation: Annotated[float, typer.Option(help="Distance of the camera's heads in mm.")] = 500.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same file.")] = 0,
) -> None:
    """Simulate what a camera sees of some tracers, and write it with the truth beside it.

    The truth is a table `NAME.truth.csv` of t, x, y, z and the number of the tracer, every ms.

    **Examples**

    `lumentrace pept simulate run.da01 --tracers 2 --noise 0.7`

    `lumentrace pept track run.da01 --tracers 2 --out results`
    """
    from lumentrace.cli import pept_simulate
    from lumentrace.cli.console import console, plural
    from lumentrace.pept.simulation import Experiment

    chosen = pept_simulate.paths(path, tracers, radius, rpm, seed)
    experiment = Experiment(chosen, lines, rate=rate, noise=noise, blur=blur, seed=seed, separation=separation)
    written, truth = pept_simulate.write(out, experiment)
    seconds = float(written["t"][-1] - written["t"][0]) / 1000
    console.print(f"wrote {plural(len(written.lines), 'line')} ({seconds:.2f} s) to {out}, the truth to {truth}")


class Plane(StrEnum):
    """Planes that maps lie in."""

    xy = "xy"
    xz = "xz"
    yz = "yz"


@app.command()
def occupancy(
    files: Annotated[
        list[Path], typer.Argument(help="Trajectories that `track` wrote: .parquet, .csv or .h5.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for results; a folder per file.")] = Path("out"),
    diameter: Annotated[float, typer.Option(min=0, help="Of the tracer, in mm.")] = 5.0,
    plane: Annotated[Plane, typer.Option(help="Plane of the map.")] = Plane.xy,
    resolution: Annotated[int, typer.Option(min=1, help="Pixels along the longer side.")] = 256,
) -> None:
    """Map where the tracers of one or more runs spent their time.

    The time between two points is spread over all that the tracer passes on its way, by exact areas: the map adds up to
    the time of the trajectories. Writes `occupancy-xy.html`, `.csv` and `.h5` for each file.

    **Example**

    `lumentrace pept occupancy results/trajectories.parquet --plane xy --diameter 5 --out maps`

    Exit codes: 0 all done, 2 wrong usage, 3 some files could not be mapped.
    """
    from lumentrace.cli import pept_occupancy

    maps = pept_occupancy.Maps(diameter, plane, resolution)
    folders = batch_folders(files, out)
    results = [attempt(path, folder, maps.write) for path, folder in zip(files, folders, strict=True)]
    show(batch_table(results))
    if any("reason" in result for result in results):
        raise typer.Exit(PARTIAL)
