"""The commands of `lumentrace pept` besides `run`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lumentrace.cli.batch import attempt, each, folders, leave, table
from lumentrace.cli.console import Bar, console, facts, plural, show, warnings_told
from lumentrace.cli.options import Input, Out, Page, Results, Seed, Template, whole_number
from lumentrace.cli.pept_options import Files, Lenient, Reader, Recipe, RecipeName, Scanner, ScannerOption, Separation
from lumentrace.cli.settings_file import offer


def info(
    files: Files,
    scanner: ScannerOption = Scanner.auto,
    separation: Separation = None,
    reader: Reader = None,
    lenient: Lenient = False,
) -> None:
    """Say what is in a file: lines, time, rate, field of view.

    **Example**: `lumentrace pept info run.da01`

    Exit codes: 0 all read, 2 wrong usage, 3 some files could not be read.
    """
    from lumentrace.pept.scanners import any_file

    @warnings_told()
    def tell(path: Path) -> None:
        facts(str(path), any_file.describe(any_file.read(path, scanner.value, separation, lenient, reader or ())))

    each(files, tell)


class PathKind(StrEnum):
    """Ways that simulated tracers go."""

    circle = "circle"
    static = "static"
    wander = "wander"


def simulate(
    file: Annotated[
        Path | None, typer.Argument(help="File to write, as with --out.", metavar="[FILE]", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .da01, .csv, .npy, .h5 or .parquet.")] = Path(
        "run.da01"
    ),
    tracers: Annotated[int, typer.Option(min=1, help="Number of tracers.")] = 1,
    path: Annotated[PathKind, typer.Option(help="How they move: on a wheel, not at all, or about at random.")] = (
        PathKind.circle
    ),
    radius: Annotated[float, typer.Option(min=0, help="Of the wheel or of the region, in mm.")] = 80.0,
    rpm: Annotated[float, typer.Option(help="Turns of the wheel per minute.")] = 42.0,
    lines: Annotated[
        int, typer.Option(parser=whole_number, metavar="NUMBER", help="Number of lines of response, such as 1e9.")
    ] = 100_000,
    rate: Annotated[float, typer.Option(help="Lines per ms.")] = 100.0,
    noise: Annotated[float, typer.Option(help="Share of the lines that are random or scattered.")] = 0.5,
    blur: Annotated[float, typer.Option(help="Standard deviation of measured positions, in mm.")] = 2.5,
    separation: Annotated[float, typer.Option(help="Distance of the two heads of the camera, in mm.")] = 500.0,
    seed: Seed = 0,
) -> None:
    """Simulate what a camera sees of some tracers, and write it with the truth beside it.

    The truth is a table `NAME.truth.csv` of t, x, y, z and the number of the tracer, every ms, of long simulations at
    100 000 times. Any number of lines fits into memory if the file ends with .npy or .da01.

    **Examples**

    `lumentrace pept simulate --out run.da01 --tracers 2 --noise 0.7`

    `lumentrace pept run run.da01 --tracers 2 --out results`

    `lumentrace pept simulate --lines 1e9 --out day.npy`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.cli import pept_simulate
    from lumentrace.pept.simulation import Experiment

    chosen = pept_simulate.paths(path, tracers, radius, rpm, seed)
    experiment = Experiment(chosen, lines, rate=rate, noise=noise, blur=blur, seed=seed, separation=separation)
    place = file or out
    with Bar(place.name, lines, "lines") as bar:
        written, truth = pept_simulate.write(place, experiment, bar)
    seconds = max(written.times[1] - written.times[0], 0.0) / 1000
    console.print(f"wrote {plural(written.lines, 'line')} ({seconds:.2f} s) to {place}, the truth to {truth}")


class Plane(StrEnum):
    """Planes that maps lie in."""

    xy = "xy"
    xz = "xz"
    yz = "yz"


def occupancy(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Trajectories that `run` wrote: .parquet, .csv or .h5, or its folder, which may be of any size.",
            show_default=False,
        ),
    ],
    out: Out = Path("out"),
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
    results = [attempt(path, folder, maps.write) for path, folder in zip(files, folders(files, out), strict=True)]
    show(table(results))
    leave(results, accept=True)


def config(recipe: Recipe = None, out: Template = None) -> None:
    """Print a settings file for `lumentrace pept run --config`, with a comment on every setting.

    **Example**: `lumentrace pept config --recipe peptml --out run.toml`

    Exit codes: 0 done, 2 wrong usage.
    """
    offer(template(recipe or RecipeName.lines), out, "pept run FILE")


def template(recipe: RecipeName) -> str:
    """A commented settings file with the defaults of a recipe."""
    from lumentrace.pept.recipes import RECIPES
    from lumentrace.pept.settings import Settings

    return Settings(RECIPES[recipe.value]()).to_toml("Settings of `lumentrace pept run --config`.")


def report(folder: Results, source: Input = None, out: Page = None) -> None:
    """Make the report again from saved trajectories; nothing is tracked.

    **Example**: `lumentrace pept report results --out for_paul.html`

    Exit codes: 0 done, 2 wrong usage, or files are missing, damaged or do not belong together.
    """
    from lumentrace.engine.outcome import REPORT
    from lumentrace.pept.saved import load_outcome

    outcome = load_outcome(folder, source)
    console.print(f"wrote {outcome.report(out or folder / REPORT)}", soft_wrap=True)
