"""`lumentrace pept`: positron emission particle tracking."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from lumentrace.cli.console import answers, cell, failure

app = typer.Typer(help="Positron emission particle tracking.", no_args_is_help=True, rich_markup_mode="markdown")

PARTIAL = 3
"""Exit code when some files could not be tracked."""


class Scanner(StrEnum):
    """Kinds of files with lines of response."""

    auto = "auto"
    adac = "adac"
    screens = "screens"
    lines = "lines"


class RecipeName(StrEnum):
    """Recipes of `lumentrace.pept.recipes`."""

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
        help="**adac**: ADAC Forte list mode (.da01). **screens**: text with t, x1, y1, x2, y2 of two parallel "
        "screens. **lines**: any table t, x1, y1, z1, x2, y2, z2 as text, .npy or .h5. **auto** looks at the file."
    ),
]
Separation = Annotated[
    float | None,
    typer.Option(help="Distance of the two screens in mm; read from the header of Birmingham sample files."),
]


@app.command()
def track(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of one acquisition each.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for results; a folder per file.")] = Path("out"),
    scanner: ScannerOption = Scanner.auto,
    separation: Separation = None,
    recipe: Annotated[
        RecipeName | None,
        typer.Option(
            help="**peptml**: any number of tracers, robust. **birmingham**: exactly one, fastest. **minpoints**: like "
            "peptml, from points near three lines. **fpi**: any number, from the peaks of voxelised lines."
        ),
    ] = None,
    tracers: Annotated[int | None, typer.Option(min=1, help="Most tracers in view; 1 by default.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings of the recipe, a TOML file.")] = None,
    create_config: Annotated[
        bool, typer.Option("--create-config", help="Print a commented settings file and exit.")
    ] = False,
    executor: Annotated[Where, typer.Option(help="Where the work runs.")] = Where.native,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads or processes; all cores by default.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep finished work in the folder and continue an interrupted run.")
    ] = False,
) -> None:
    """Track the tracers in one or more acquisitions.

    Writes `trajectories.parquet`, `.csv` and `.vtp` (for ParaView), `report.html` and `run.json` for each file. A file
    that cannot be tracked does not stop the others.

    **Examples**

    `lumentrace pept track run.da01 --tracers 2 --out results`

    `lumentrace pept track wheel.csv --scanner screens --separation 712 --tracers 2 --out results`

    `lumentrace pept track --create-config > run.toml`, edit it, then `lumentrace pept track run.da01 --config run.toml`

    Exit codes: 0 all done, 2 wrong usage, 3 some files could not be tracked.
    """
    from lumentrace.cli import pept_settings, pept_track

    if create_config:
        print(pept_settings.template(recipe or RecipeName.peptml))
        raise typer.Exit
    if not files:
        raise typer.BadParameter("give at least one file, or --create-config", param_hint="FILES")
    chosen = pept_settings.chosen(config, recipe, tracers)
    run = pept_track.Run(chosen, scanner, separation, executor, workers, resume)
    folders = pept_track.folders(files, out)
    results = [run.attempt(path, folder) for path, folder in zip(files, folders, strict=True)]
    answers.print(_table(results))
    if any("reason" in result for result in results):
        raise typer.Exit(PARTIAL)


@app.command()
def info(files: Files, scanner: ScannerOption = Scanner.auto, separation: Separation = None) -> None:
    """Say what is in a file: lines, time, rate, field of view.

    Exit codes: 0 all read, 2 wrong usage, 3 some files could not be read.
    """
    from lumentrace.cli import pept_files

    failed = False
    for path in files:
        try:
            facts = pept_files.describe(pept_files.read(path, scanner, separation))
        except (ValueError, OSError) as error:
            failure(error)
            failed = True
            continue
        table = Table(title=str(path), show_header=False, title_justify="left")
        for name, value in facts.items():
            table.add_row(name, cell(value))
        answers.print(table)
    if failed:
        raise typer.Exit(PARTIAL)


def _table(results: list[dict[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for result in results for name in result if name != "reason"))
    table = Table(*names, "")
    for result in results:
        figures = [cell(result[name]) if name in result else "" for name in names]
        table.add_row(*figures, "[red]failed, see above[/]" if "reason" in result else "ok")
    return table
