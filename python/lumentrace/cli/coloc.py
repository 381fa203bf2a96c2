"""`lumentrace coloc`, and its command `run`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from lumentrace.cli import coloc_commands
from lumentrace.cli.batch import attempt, folders, leave, table, tell
from lumentrace.cli.console import Bar, console, plural, show
from lumentrace.cli.grammar import FilesFirst, Technique, given
from lumentrace.cli.options import Accept, Config, Geojson, Out, Resume, Seed

if TYPE_CHECKING:
    from lumentrace.coloc.settings import Settings


class Threshold(StrEnum):
    """Methods for the thresholds of Manders' coefficients."""

    costes = "costes"
    costes_exact = "costes-exact"
    costes_orthogonal = "costes-orthogonal"
    coloc2 = "coloc2"
    otsu = "otsu"
    li = "li"
    triangle = "triangle"
    yen = "yen"
    isodata = "isodata"
    mean = "mean"


class NanPolicy(StrEnum):
    """What pixels that are not finite do."""

    propagate = "propagate"
    omit = "omit"
    raising = "raise"


app = Technique("Fluorescence colocalization of the channels of images.", FilesFirst)


@app.command()
def run(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Images (TIFF, OME-TIFF, OME-Zarr, MRC, slides, those of bioio), or folders of them.",
            show_default=False,
        ),
    ],
    out: Out = Path("out"),
    config: Config = None,
    channels: Annotated[
        str | None, typer.Option(help="Channels to compare, by name or number: dna,tub or 0,2. All by default.")
    ] = None,
    channel_axis: Annotated[
        int | None, typer.Option(help="Axis of the channels, where the file does not say; may be negative.")
    ] = None,
    time: Annotated[
        int | None, typer.Option("--time", min=0, help="Time point to measure, from 0. All of them as one by default.")
    ] = None,
    level: Annotated[int, typer.Option(min=0, help="Smaller copy to measure, where the file has some.")] = 0,
    together: Annotated[bool, typer.Option("--together", help="The files are the channels of one image.")] = False,
    labels: Annotated[
        Path | None, typer.Option(help="Label image of the regions, or a folder with one of the same name per image.")
    ] = None,
    pairs: Annotated[str, typer.Option(help="Pairs of channels: **all**, or dna:tub,dna:actin.")] = "all",
    metrics: Annotated[
        str,
        typer.Option(
            help="**pcc** Pearson, **srcc** Spearman, **icq** Li, **mcc** Manders, **overlap**, **tau** Kendall, "
            "**rwc**, **area**, **randomization** (Costes), **corrected** p-value; or **all**."
        ),
    ] = "pcc,srcc,icq,mcc",
    threshold: Annotated[Threshold, typer.Option(help="How thresholds are found.")] = Threshold.costes,
    slices: Annotated[bool, typer.Option("--slices", help="Measure each Z slice by itself.")] = False,
    nan_policy: Annotated[NanPolicy, typer.Option(help="What pixels that are not finite do.")] = NanPolicy.propagate,
    block: Annotated[int, typer.Option(min=1, help="Side of the blocks that are shuffled, in pixels.")] = 8,
    randomizations: Annotated[int, typer.Option(min=1, help="Number of shuffles.")] = 1000,
    seed: Seed = 0,
    memory: Annotated[
        int,
        typer.Option(min=0, help="Megabytes of pixels of a region to read at once where a measure needs all of them."),
    ] = 2000,
    resume: Resume = False,
    geojson: Geojson = False,
    accept: Accept = False,
) -> None:
    """Measure how the channels of images colocalize.

    Writes `colocalization.csv` and `.parquet` (a row per region and pair of channels, with the reason where a figure is
    missing), `report.html` and `run.json` for each image. An image that cannot be measured does not stop the others.
    The word `run` may be left out.

    **Examples**

    `lumentrace coloc run cells.ome.tif --out results`

    `lumentrace coloc run images/ --labels nuclei/ --channels dna,tub --metrics all --out results`

    `lumentrace coloc run actin.tif myosin.tif --together --threshold otsu`

    `lumentrace coloc run film.ome.zarr --channels dna,tub --time 3 --level 1`

    Exit codes: 0 all done, 2 wrong usage, 3 some images could not be measured, 4 some results are not reliable
    (0 with --accept).
    """
    from lumentrace.coloc import files
    from lumentrace.coloc.run import run as measured

    settings = _settings(config, given(ctx))

    def measure(source: Path | list[Path], name: str, folder: Path) -> dict[str, object]:
        began = perf_counter()
        with Bar(name, 1, "images") as bar:
            outcome = measured(source, settings, verbose=bar, run_dir=folder / "run" if resume else None)
        outcome.save(folder)
        if geojson:
            outcome.to_geojson(folder / "regions.geojson")
        seconds = perf_counter() - began
        tell(name, outcome.verdict)
        console.print(f"{name}: {plural(len(outcome.table), 'row')} in {seconds:.2f} s, see {folder}")
        return {"file": name, **outcome.figures(), "seconds": round(seconds, 3), "verdict": outcome.verdict.level}

    images = files.images(paths)
    if together:
        results = [attempt(images[0], out, lambda path, folder: measure(images, path.name, folder))]
    else:
        places = folders(images, out)
        results = [
            attempt(path, folder, lambda path, folder: measure(path, path.name, folder))
            for path, folder in zip(images, places, strict=True)
        ]
    show(table(results))
    leave(results, accept)


def _settings(config: Path | None, said: dict[str, object]) -> Settings:
    """Settings of a file, with what the command line says on top."""
    from lumentrace.coloc import EXTENDED_METRICS
    from lumentrace.coloc.settings import Settings

    found = Settings() if config is None else Settings.read(config)
    own = {name: value for name, value in said.items() if name in found.to_dict()}
    if "labels" in own:
        own["labels"] = str(own["labels"])
    if "metrics" in own:
        words = str(own["metrics"])
        own["metrics"] = EXTENDED_METRICS if words == "all" else tuple(word.strip() for word in words.split(","))
    return found.changed(own)


for command in (coloc_commands.info, coloc_commands.simulate, coloc_commands.config, coloc_commands.report):
    app.command()(command)
