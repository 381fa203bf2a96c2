"""The commands of `lumentrace afm` besides `run`."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Annotated

import typer

from lumentrace.base.polars import pl
from lumentrace.cli.batch import each
from lumentrace.cli.console import cell, console, facts, show, warnings_told
from lumentrace.cli.options import Input, Page, Results, Seed, Template
from lumentrace.cli.settings_file import offer


def info(
    files: Annotated[list[Path], typer.Argument(help="Films, as for `lumentrace afm run`.", show_default=False)],
    channel: Annotated[str, typer.Option(help="Channel; **height** finds the height in every format.")] = "height",
) -> None:
    """Say what is in a film, without reading its frames.

    **Example**: `lumentrace afm info film.asd`

    Exit codes: 0 all read, 2 wrong usage, 3 some files could not be read.
    """
    from lumentrace.afm import info as look

    @warnings_told()
    def tell(path: Path) -> None:
        found = look(path, channel)
        frames, height, width = found.shape
        x, y = found.pixel_size_nm
        rows = {
            "format": found.format,
            "frames": f"{frames:,} of {height} x {width} pixels",
            "pixel": f"{x:.6g} nm" if abs(x - y) < 1e-3 * x else f"{x:.6g} x {y:.6g} nm",
            "duration": "n/a" if isnan(found.duration_s) else f"{cell(found.duration_s)} s",
            "channel": f"{found.channel}, {found.unit or 'no unit'}",
            "channels": ", ".join(found.channels),
        }
        facts(str(path), rows | {name: each for name, each in found.acquisition.items() if each not in (None, "")})

    each(files, tell)


def simulate(
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, ending in .asd.")] = Path("film.asd"),
    frames: Annotated[int, typer.Option(min=1, help="Number of frames.")] = 60,
    particles: Annotated[int, typer.Option(min=0, help="Number of particles.")] = 12,
    size: Annotated[int, typer.Option(min=8, help="Rows and columns of a frame.")] = 128,
    diffusion: Annotated[float, typer.Option(min=0.0, help="Diffusion coefficient in nm²/s.")] = 10.0,
    noise: Annotated[float, typer.Option(min=0.0, help="Noise of pixels in nm.")] = 0.2,
    seed: Seed = 1,
) -> None:
    """Write a film of particles that diffuse on a tilted surface, and a table of where they are.

    **Example**: `lumentrace afm simulate --out film.asd; lumentrace afm run film.asd`

    Exit codes: 0 done, 2 wrong usage.
    """
    import numpy as np

    from lumentrace.afm.simulation import simulate_film, write_asd
    from lumentrace.base.files import replacing
    from lumentrace.storage.frames import write_csv_table

    if out.suffix.lower() != ".asd":
        raise typer.BadParameter(f"expected a name ending in .asd, found {out}", param_hint="--out")
    stack, truth = simulate_film(frames, particles, size, diffusion_nm2_s=diffusion, noise_nm=noise, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_asd(out, stack)
    number, particle = (index.ravel() for index in np.indices(truth.shape[:2]))
    places = truth.reshape(-1, 2)
    table = pl.DataFrame({"frame": number, "particle": particle, "x_nm": places[:, 0], "y_nm": places[:, 1]})
    with replacing(out.with_suffix(".truth.csv")) as file:
        write_csv_table(file, table)
    told = f"wrote {out}, the truth to {out.with_suffix('.truth.csv')}; try: lumentrace afm run {out}"
    console.print(told, soft_wrap=True, markup=False)


def steps() -> None:
    """List all filters, masks, edits and analyses with their settings.

    **Example**: `lumentrace afm steps`

    Exit codes: 0 done, 2 wrong usage.
    """
    from rich.table import Table

    from lumentrace.afm.steps import built_in

    shown = Table("step", "kind", "settings", "what it does")
    for step in built_in():
        shown.add_row(step.name, step.kind, ", ".join(step.settings), step.text)
    show(shown)


def config(out: Template = None) -> None:
    """Print a settings file for `lumentrace afm run --config`, with a comment on every step.

    **Example**: `lumentrace afm config --out recipe.toml`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.afm.recipe import TEMPLATE

    offer(TEMPLATE, out, "afm run FILM")


def report(folder: Results, source: Input = None, out: Page = None) -> None:
    """Make the report again from the saved record and the film, which is levelled again; nothing is analysed.

    **Example**: `lumentrace afm report results --out for_paul.html`

    Exit codes: 0 done, 2 wrong usage, or files are missing, damaged or do not belong together.
    """
    from lumentrace.afm.saved import load_outcome
    from lumentrace.engine.outcome import REPORT

    outcome = load_outcome(folder, source)
    console.print(f"wrote {outcome.report(out or folder / REPORT)}", soft_wrap=True)
