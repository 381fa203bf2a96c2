"""`lumentrace coloc`: colocalization of the channels of images."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lumentrace.cli.batch import PARTIAL, attempt, folders, table
from lumentrace.cli.console import answers


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


def coloc(
    files: Annotated[
        list[Path], typer.Argument(help="TIFF or OME-TIFF files, or folders of them.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for results; a folder per image.")] = Path("out"),
    channels: Annotated[
        str | None, typer.Option(help="Channels to compare, by name or number: dna,tub or 0,2. All by default.")
    ] = None,
    channel_axis: Annotated[
        int | None, typer.Option(help="Axis of the channels, where the file does not say; may be negative.")
    ] = None,
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
    seed: Annotated[int, typer.Option(help="Seed of the shuffles.")] = 0,
) -> None:
    """Measure how the channels of images colocalize.

    Writes `colocalization.csv` and `.parquet` (a row per region and pair of channels, with the reason where a figure is
    missing), `report.html` and `run.json` for each image. An image that cannot be measured does not stop the others.

    **Examples**

    `lumentrace coloc cells.ome.tif --out results`

    `lumentrace coloc images/ --labels nuclei/ --channels dna,tub --metrics all --out results`

    `lumentrace coloc actin.tif myosin.tif --together --threshold otsu`

    Exit codes: 0 all done, 2 wrong usage, 3 some images could not be measured.
    """
    from lumentrace.cli import coloc_files
    from lumentrace.cli.coloc_run import Run
    from lumentrace.coloc.measures import checked_metrics
    from lumentrace.coloc.table import EXTENDED_METRICS

    names = EXTENDED_METRICS if metrics == "all" else tuple(word.strip() for word in metrics.split(","))
    chosen = checked_metrics(names, EXTENDED_METRICS)
    run = Run(channels, channel_axis, labels, pairs, chosen, threshold, slices, nan_policy, block, randomizations, seed)
    images = coloc_files.images(files)
    if together:
        results = [attempt(images[0], out, lambda _, folder: run.measure_together(images, folder))]
    else:
        places = folders(images, out)
        results = [attempt(path, folder, run.measure) for path, folder in zip(images, places, strict=True)]
    answers.print(table(results))
    if any("reason" in result for result in results):
        raise typer.Exit(PARTIAL)
