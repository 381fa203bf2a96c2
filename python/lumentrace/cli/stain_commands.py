"""The commands of `lumentrace stain` besides `run`, `batch`, `info` and `plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lumentrace.cli.console import console, plural
from lumentrace.cli.options import Page, Seed, Template
from lumentrace.cli.settings_file import offer


def apply(
    image: Annotated[Path, typer.Argument(help="Another channel of the pre-stain photograph.", show_default=False)],
    registration: Annotated[Path, typer.Argument(help="A task's `pipeline_output/registration.json`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, ending in .tif or .tiff.")],
) -> None:
    """Put a saved registration to another image of the same pair.

    **Example**: `lumentrace stain apply pre_DAPI.tif results/pipeline_output/registration.json --out moved.tif`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.stain import apply_transform

    if out.suffix.lower() not in (".tif", ".tiff"):
        raise typer.BadParameter(f"expected a name ending in .tif or .tiff, found {out}", param_hint="--out")
    apply_transform(image, registration, out)
    console.print(f"wrote {out}")


def field(
    registration: Annotated[
        Path, typer.Argument(help="A task's `pipeline_output/registration.json`.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, ending in .mha.")],
    pixel_size: Annotated[
        float | None,
        typer.Option(help="Micrometres of a pixel; without it a pixel counts as a millimetre.", show_default=False),
    ] = None,
    step: Annotated[
        int | None, typer.Option(min=1, help="Pixels from vector to vector.", show_default="as many as it needs")
    ] = None,
) -> None:
    """Write a saved registration as a displacement field for ITK, elastix or ANTs.

    **Example**: `lumentrace stain field results/pipeline_output/registration.json --out field.mha --pixel-size 0.5`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.stain import Registration, save_field

    save_field(Registration.load(registration), out, spacing=pixel_size, step=step)
    console.print(f"wrote {out}", soft_wrap=True, markup=False)


def simulate(
    raw: Annotated[
        Path, typer.Option("--raw", "--out", "-o", help="Folder to write: a folder per sample in it.")
    ] = Path("raw"),
    samples: Annotated[int, typer.Option(min=1, help="Number of samples.")] = 1,
    dye: Annotated[str, typer.Option(help="Name of the dye.")] = "SybrGld",
    size: Annotated[int, typer.Option(min=64, help="Side of the images, in pixels.")] = 1000,
    angle: Annotated[float, typer.Option(help="Rotation, in degrees.")] = 2.0,
    scale: Annotated[float, typer.Option(help="How many times brighter tissue is after staining.")] = 1.3,
    spots: Annotated[int, typer.Option(min=0, help="Stained spots per sample.")] = 200,
    seed: Seed = 0,
) -> None:
    """Write simulated pairs into a raw folder, to try things out.

    **Example**: `lumentrace stain simulate --samples 2; lumentrace stain run S001 SybrGld`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.stain import simulate as make

    for number in range(samples):
        pair = make(size, angle, scale=scale, spots=spots, seed=seed + number)
        pair.save(raw, f"S{number + 1:03d}", dye)
    console.print(
        f"wrote {plural(samples, 'pair')} below {raw}; try: lumentrace stain run S001 {dye} --raw {raw}",
        soft_wrap=True,
        markup=False,
    )


def config(out: Template = None) -> None:
    """Print a settings file for `lumentrace stain run --config`, with a comment on every setting.

    **Example**: `lumentrace stain config --out stain.toml`

    Exit codes: 0 done, 2 wrong usage.
    """
    from lumentrace.stain.settings import Settings

    offer(Settings().to_toml("Settings of `lumentrace stain run --config`."), out, "stain run SAMPLE DYE")


def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a sample and dye, as `run` prints it.", show_default=False)],
    out: Page = None,
) -> None:
    """Make the report again from saved stages, for every choice of settings that there is; nothing is run.

    **Example**: `lumentrace stain report processed/S001/SybrGld`

    Exit codes: 0 done, 2 wrong usage, or files are missing or damaged.
    """
    from lumentrace.stain.saved import load_outcomes

    outcomes = load_outcomes(folder)
    if out is not None and len(outcomes) > 1:
        raise typer.BadParameter(f"expected a single run in {folder}, found {len(outcomes)}", param_hint="--out")
    for outcome in outcomes:
        place = outcome.place(outcome.folder, "report", ".html") if out is None else out
        console.print(f"wrote {outcome.report(place)}", soft_wrap=True)
