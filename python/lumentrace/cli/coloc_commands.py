"""The commands of `lumentrace coloc` besides `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumentrace.cli.batch import each
from lumentrace.cli.console import console, facts
from lumentrace.cli.options import Input, Page, Results, Seed, Template
from lumentrace.cli.settings_file import offer


def info(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Images (TIFF, OME-TIFF, OME-Zarr, MRC, slides, those of bioio), or folders of them.",
            show_default=False,
        ),
    ],
    channel_axis: Annotated[
        int | None, typer.Option(help="Axis of the channels, where the file does not say; may be negative.")
    ] = None,
) -> None:
    """Say what is in an image: axes, type, pixel size, and the range and saturation of every channel.

    **Example**: `lumentrace coloc info cells.ome.tif`

    Exit codes: 0 all read, 2 wrong usage, 3 some files could not be read.
    """
    from lumentrace.coloc import files
    from lumentrace.coloc.description import describe

    each(files.images(paths), lambda path: facts(str(path), describe(path, channel_axis)))


def simulate(
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, ending in .ome.tif.")] = Path(
        "cells.ome.tif"
    ),
    size: Annotated[int, typer.Option(min=16, help="Side of the image, in pixels.")] = 256,
    structures: Annotated[int, typer.Option(min=1, help="Number of structures in each channel.")] = 40,
    shared: Annotated[float, typer.Option(min=0, max=1, help="Share of the structures that both channels have.")] = 0.6,
    noise: Annotated[
        float, typer.Option(min=0, max=1, help="Noise of the brightest structure, as a share of it.")
    ] = 0.05,
    seed: Seed = 0,
) -> None:
    """Write an image of two channels whose overlap is known, and a table of the truth.

    The truth is a table `NAME.truth.csv`: Pearson's r without noise, and the shares M1 and M2 of the signals that lie
    in structures of both channels.

    **Example**: `lumentrace coloc simulate --out cells.ome.tif --shared 0.3; lumentrace coloc run cells.ome.tif`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.coloc.simulation import simulate as make

    if not out.name.lower().endswith(".ome.tif"):
        raise typer.BadParameter(f"expected a name ending in .ome.tif, found {out}", param_hint="--out")
    truth = make(size, structures, shared, noise, seed).save(out)
    console.print(f"wrote {out}, the truth to {truth}; try: lumentrace coloc run {out}", soft_wrap=True, markup=False)


def config(out: Template = None) -> None:
    """Print a settings file for `lumentrace coloc run --config`, with a comment on every setting.

    **Example**: `lumentrace coloc config --out coloc.toml`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.coloc.settings import Settings

    offer(Settings().to_toml("Settings of `lumentrace coloc run --config`."), out, "coloc run FILE")


def report(folder: Results, source: Input = None, out: Page = None) -> None:
    """Make the report again from saved tables and the image; nothing is measured.

    **Example**: `lumentrace coloc report results --out for_paul.html`

    Exit codes: 0 done, 2 wrong usage, or files are missing, damaged or do not belong together.
    """
    from lumentrace.coloc.saved import load_outcome
    from lumentrace.engine.outcome import REPORT

    outcome = load_outcome(folder, source)
    console.print(f"wrote {outcome.report(out or folder / REPORT)}", soft_wrap=True)
