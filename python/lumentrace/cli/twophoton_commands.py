"""The commands of `lumentrace twophoton` besides `run`, `find` and `convert`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from lumentrace.cli.batch import each
from lumentrace.cli.console import Bar, console, facts, plural
from lumentrace.cli.options import Page, Seed, Template
from lumentrace.cli.settings_file import offer


class Stimulus(StrEnum):
    """What is simulated."""

    epochs = "epochs"
    olfaction = "olfaction"
    vision = "vision"


def info(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            help="Recording folders, converted or not, recording_data.h5; recordings of ScanImage, Bruker, Scanbox and "
            "Thor; NWB; films in TIFF, OME-Zarr, CZI, ...",
            show_default=False,
        ),
    ],
) -> None:
    """Say what is in a recording: frames, rate, channels, planes, epochs, the fly; nothing is converted.

    **Example**: `lumentrace twophoton info fly1/10_15_49`

    Exit codes: 0 all read, 2 wrong usage, 3 some recordings could not be read.
    """
    from lumentrace.twophoton.convert.description import describe

    each(recordings, lambda path: facts(str(path), describe(path)))


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
    raw: Annotated[
        bool, typer.Option("--raw", help="A raw movie instead, which moves: TIFF, `epochs.csv`, the truth.")
    ] = False,
    photons: Annotated[float, typer.Option(help="Mean photons per pixel of a raw movie.")] = 5.0,
    seed: Seed = 0,
) -> None:
    """Write a small lab to try things on: recordings with known truth, a database, pixel sizes and `config.yml`.

    With --raw a single movie instead, whose cells answer eight directions and whose tissue moves.

    **Examples**

    `lumentrace twophoton simulate; lumentrace twophoton find --config lab/config.yml`

    `lumentrace twophoton simulate --raw --photons 2 --out raw`

    Exit codes: 0 done, 2 wrong usage.
    """
    if raw:
        _simulate_raw(out, rows, columns, cells, repeats, photons, seed)
        return
    from lumentrace.twophoton import simulate_lab

    with Bar("simulating", None, "frames") as bar:
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
    console.print(f"  lumentrace twophoton run {escape(str(folder))} --maps{extra}{side}", soft_wrap=True)


def _simulate_raw(out: Path, rows: int, columns: int, cells: int, repeats: int, photons: float, seed: int) -> None:
    """Write a raw movie that shows each direction so many times."""
    from lumentrace.twophoton import save_raw_movie, simulate_raw
    from lumentrace.twophoton.simulate.raw_scene import directions_scene

    scene = directions_scene(repeats, rows=rows, columns=columns, cells=cells, photons=photons)
    with Bar("simulating", None, "frames") as bar:
        path = save_raw_movie(out, simulate_raw(scene, seed=seed), verbose=bar)
    console.print(f"wrote {scene.frames} frames to {path}, epochs and truth beside it; try:", soft_wrap=True)
    epochs = escape(str(path.with_name("epochs.csv")))
    rate = f"--frame-rate {scene.frame_rate_hz:g}"
    command = f"lumentrace twophoton run {escape(str(path))} --epochs {epochs} {rate} --motion nonrigid --rois cells"
    more = "--neuropil fit --spikes ar1 --tuning direction"
    console.print(f"  {command} {more}", soft_wrap=True)


def config(out: Template = None) -> None:
    """Print a settings file for `lumentrace twophoton run --config`, with a comment on every setting.

    **Example**: `lumentrace twophoton config --out run.toml`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.twophoton.settings import Settings

    offer(Settings().to_toml("Settings of `lumentrace twophoton run --config`."), out, "twophoton run RECORDING")


def report(
    outputs: Annotated[Path, typer.Argument(help="analysis_outputs.h5, or the folder it is in.", show_default=False)],
    recording: Annotated[
        Path | None,
        typer.Option(
            "--recording",
            "--input",
            help="What was measured: recording_data.h5 or its folder, if not where `run.json` says.",
        ),
    ] = None,
    out: Page = None,
) -> None:
    """Make the report again from saved results, with the maps and kernels that are beside them.

    **Example**: `lumentrace twophoton report results/analysis_outputs.h5 --out for_paul.html`

    Exit codes: 0 done, 2 wrong usage, or files are missing, damaged or do not belong together.
    """
    from lumentrace.twophoton.run import report_again

    console.print(f"wrote {report_again(outputs, recording, out)}", soft_wrap=True)
