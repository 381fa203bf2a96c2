"""`lumentrace pept`, and its command `run`."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lumentrace.cli import pept_commands, pept_live, pept_replay
from lumentrace.cli.batch import attempt, leave, tell
from lumentrace.cli.batch import folders as batch_folders
from lumentrace.cli.batch import table as batch_table
from lumentrace.cli.console import Bar, console, plural, show, warning, warnings_told
from lumentrace.cli.grammar import Technique
from lumentrace.cli.options import Accept, Config, Out, Resume
from lumentrace.cli.pept_options import Lenient, Reader, Recipe, RecipeName, Scanner, ScannerOption, Separation
from lumentrace.cli.pept_where import ExecutorOption, Mpi, Place, Processes, Scheduler, Where, Workers, place

if TYPE_CHECKING:
    from lumentrace.pept.run import Outcome
    from lumentrace.pept.settings import Settings

UNSAID = (None, Scanner.auto, False)
"""Values of options that leave what a settings file says."""
FIT = ("lines explained", "lines unused", "passes", "settled", "tracers")
"""Figures of a fit that have a table of their own."""

app = Technique("Positron emission particle tracking: lines to trajectories.")


@app.command("run")
@app.command("track", hidden=True)
def track(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of one acquisition each, or folders of live runs.", show_default=False),
    ] = None,
    out: Out = Path("out"),
    scanner: ScannerOption = Scanner.auto,
    separation: Separation = None,
    reader: Reader = None,
    lenient: Lenient = False,
    recipe: Recipe = None,
    tracers: Annotated[
        int | None,
        typer.Option(min=1, help="Most tracers at a time; by default as many as there are, 1 for the other recipes."),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(min=0, help="Time between locations, in ms; by default as often as there are lines for them."),
    ] = None,
    config: Config = None,
    create_config: Annotated[
        bool, typer.Option("--create-config", help="Print a commented settings file, as `lumentrace pept config` does.")
    ] = False,
    executor: ExecutorOption = Where.native,
    workers: Workers = None,
    processes: Processes = None,
    scheduler: Scheduler = None,
    mpi: Mpi = False,
    resume: Resume = False,
    accept: Accept = False,
) -> None:
    """Track the tracers in one or more acquisitions.

    Writes `trajectories.parquet`, `.csv` and `.vtp` (for ParaView), `report.html` and `run.json` for each file. A file
    that cannot be tracked does not stop the others.

    **Examples**

    `lumentrace pept run run.da01 --tracers 2 --out results`

    `lumentrace pept run wheel.csv --scanner screens --separation 712 --tracers 2 --out results`

    `lumentrace pept run masked.dat --scanner gate --reader mask="0 0 0 0 0 0 1 0 1 1 1"`

    `lumentrace pept run day.npy --scheduler tcp://node1:8786 --out results` (see "Large runs" in the documentation)

    `lumentrace pept config --out run.toml`, edit it, then `lumentrace pept run run.da01 --config run.toml`

    Exit codes: 0 all done, 2 wrong usage, 3 some files could not be tracked, 4 some results are not reliable
    (0 with --accept).
    """
    if create_config:
        print(pept_commands.template(recipe or RecipeName.lines))
        raise typer.Exit
    if not files:
        raise typer.BadParameter("give at least one file, or --create-config", param_hint="FILES")
    given = {"recipe": recipe and recipe.value, "tracers": tracers, "every": every, "separation": separation}
    settings = _settings(config, {**given, "scanner": scanner.value, "reader": reader, "lenient": lenient})
    with place(executor, workers, processes, scheduler, mpi) as where:
        work = partial(_track, settings, where, resume)
        results = [attempt(path, folder, work) for path, folder in zip(files, batch_folders(files, out), strict=True)]
    show(batch_table(results))
    leave(results, accept)


def _settings(config: Path | None, given: dict[str, object]) -> Settings:
    """Settings of a file, with what the command line says on top."""
    from lumentrace.engine.settings import read_mapping
    from lumentrace.pept.settings import Settings

    written = {} if config is None else read_mapping(config)
    said = {name: value for name, value in given.items() if value not in UNSAID}
    source = "settings" if config is None else str(config)
    try:
        return Settings.from_mapping({**written, **said}, source)
    except TypeError as error:
        raise ValueError(str(error)) from None


@warnings_told()
def _track(settings: Settings, where: Place, resume: bool, path: Path, folder: Path) -> dict[str, object]:
    """Track one file and write everything into `folder`."""
    from lumentrace.pept.run import run
    from lumentrace.pept.scanners.any_file import read

    if path.is_dir():
        return _finished(settings, path, folder)
    lines = read(path, settings.scanner, settings.separation, settings.lenient, settings.reader)
    began = time.perf_counter()
    kept = folder / "run" if resume or where.kept else None
    if kept is not None:
        console.print(f"{path.name}: finished work is kept in {kept}; the same command goes on after it")
    with Bar(path.name, len(lines.lines), "lines") as bar:
        outcome = run(
            lines, settings, executor=where.executor, max_workers=where.workers, verbose=bar, run_dir=kept, into=folder
        )
    return _told(outcome, time.perf_counter() - began, path, folder)


def _finished(settings: Settings, path: Path, folder: Path) -> dict[str, object]:
    """Finish a live run: its own settings count unless there are others."""
    from lumentrace.pept.live import finish

    began = time.perf_counter()
    with Bar(path.name, None, "lines") as bar:
        outcome = finish(path, None if settings == type(settings)() else settings, verbose=bar)
    return _told(outcome, time.perf_counter() - began, path, folder)


def _told(outcome: Outcome, seconds: float, path: Path, folder: Path) -> dict[str, object]:
    """Write everything and tell it."""
    from lumentrace.cli import pept_fit
    from lumentrace.pept.scanners.any_file import DAMAGED
    from lumentrace.pept.tracking.fitted_model import FittedModel

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


for command in (
    pept_commands.info,
    pept_commands.simulate,
    pept_replay.replay,
    pept_live.live,
    pept_commands.occupancy,
    pept_commands.config,
    pept_commands.report,
):
    app.command()(command)
