"""`lumentrace convert`: images and tables from one format to another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lumentrace.base.digits import number_of
from lumentrace.base.errors import FormatError
from lumentrace.cli.console import console, plural, warning, warnings_told

if TYPE_CHECKING:
    from lumentrace.data.lazy_image import LazyImage

IMAGES = (".tif", ".tiff", ".zarr")
"""What names of images that can be written end with."""


@warnings_told()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="An image, or a table of lines or points.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="File to write: an image as .ome.tif or .ome.zarr, a table as .csv, .parquet or .h5, tracks as .vtp, "
            ".pvd or .trackmate.csv too.",
            show_default=False,
        ),
    ],
    channel: Annotated[
        str | None, typer.Option(help="Channel to write, by its name or number; all by default.", show_default=False)
    ] = None,
    level: Annotated[int, typer.Option(min=0, help="Of an image with smaller copies: 0 is the full size.")] = 0,
    axes: Annotated[
        str | None,
        typer.Option(
            help="A letter for each axis of an image whose file does not say, such as CZYX.", show_default=False
        ),
    ] = None,
    step: Annotated[
        float | None,
        typer.Option(
            help="Length of a time step of .pvd, in the unit of t; every different time is one by default.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Convert an image or a table to another format; what is lost on the way is told.

    Images keep axes, names and colours of channels, sizes of pixels and times; tables keep units, and their provenance
    in Parquet and .h5. Images may be larger than memory.

    **Examples**

    `lumentrace convert cells.czi cells.ome.zarr`

    `lumentrace convert cells.ome.zarr dna.ome.tif --channel dna --level 1`

    `lumentrace convert results/trajectories.parquet trajectories.vtp`

    `lumentrace convert results/trajectories.parquet trajectories.pvd --step 10`

    `lumentrace convert results/tracks.parquet tracks.trackmate.csv`

    Exit codes: 0 done, 2 wrong usage, or the file cannot be read or written.
    """
    from lumentrace.cli import table_files

    suffix = table_files.ending(out)
    if out.exists() and source.exists() and out.samefile(source):
        raise ValueError(f"expected another file to write than the one to read, found {out} twice")
    if step is not None and suffix != ".pvd":
        raise ValueError("--step is for .pvd")
    if suffix in IMAGES:
        told = _image(source, out, channel, level, axes)
    elif suffix in table_files.SUFFIXES:
        if channel is not None or level or axes is not None:
            raise ValueError("--channel, --level and --axes are for images")
        told = _table(source, out, step)
    else:
        known = ", ".join((*IMAGES, *table_files.SUFFIXES))
        raise ValueError(f"OUT: expected a name that ends with one of {known}, found {out.name!r}")
    console.print(f"wrote {told} to {out}", soft_wrap=True, markup=False)


def _image(source: Path, out: Path, channel: str | None, level: int, axes: str | None) -> str:
    from lumentrace.storage import open_image, write_image

    with open_image(source, axes=axes) as whole:
        image = whole
        if channel is not None:
            number = None if channel in whole.channel_names else number_of(channel)
            image = whole.channel(channel if number is None else number)
        image = image.level(level)
        if not set("YX") <= set(image.axes) <= set("TCZYX"):
            raise ValueError(
                f"{source}: expected axes Y and X, and others among T, C and Z, found {image.axes or 'none'}; "
                "say with --axes what they are"
            )
        try:
            write_image(out, image)
        except FormatError:
            raise
        except ValueError as error:
            raise ValueError(f"{source}: cannot be written as {out.name}: {error}") from error
        with open_image(out) as written:
            for what in _changed(image, written):
                warning(f"{out}: does not keep the {what}")
        return " x ".join(f"{letter} {length}" for letter, length in zip(image.axes, image.shape, strict=True))


def _changed(image: LazyImage, written: LazyImage) -> list[str]:
    """What the file that was written does not say as the one that was read."""
    pairs = {
        "names of channels": (image.channel_names, written.channel_names),
        "colours": (image.colours, written.colours),
        "sizes of pixels": (_sizes(image), _sizes(written)),
        "times": (_rounded(image.times), _rounded(written.times)),
    }
    return [name for name, (before, after) in pairs.items() if before and before != after]


def _sizes(image: LazyImage) -> dict[str, str]:
    return {axis: f"{size:.9g}" for axis, size in image.spacing.items()}


def _rounded(values: Iterable[float]) -> list[str]:
    return [f"{value:.9g}" for value in values]


def _table(source: Path, out: Path, step: float | None) -> str:
    from lumentrace.cli.table_files import lost, read_table, write_table_file
    from lumentrace.data.iterable_samples import IterableSamples

    table = read_table(source)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_table_file(out, table, step)
    missing = lost(out, table)
    if missing:
        warning(f"{out}: does not keep {', '.join(missing)} of {source}; .h5 keeps all")
    return plural(len(table.data) if isinstance(table, IterableSamples) else table.height, "row")
