"""`lumentrace stain backsub`: background subtraction with the options of MCMICRO's Backsub."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lumentrace.cli.batch import UNRELIABLE
from lumentrace.cli.console import Bar, cell, console, show, warning
from lumentrace.cli.options import Accept

if TYPE_CHECKING:
    import polars as pl


class Scale(StrEnum):
    """Where factors come from."""

    EXPOSURE = "exposure"
    ESTIMATED = "estimated"


class Compression(StrEnum):
    """Kinds of compression; `deflate` is another name of `zlib`."""

    ZLIB = "zlib"
    DEFLATE = "deflate"
    LZW = "lzw"
    NONE = "none"


def backsub(
    root: Annotated[
        list[Path],
        typer.Option(
            "-r", "--root", "-in", "--input", help="What was measured: an image with all channels, or one per cycle."
        ),
    ],
    markers: Annotated[Path, typer.Option("-m", "--markers", help="Table of the channels, `markers.csv`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="OME-TIFF to write.")],
    marker_output: Annotated[
        Path, typer.Option("-mo", "--marker-output", help="Table of the channels that are written.")
    ],
    scale: Annotated[
        Scale, typer.Option(help="Factors: ratio of the exposures, or the most frequent ratio of the pixels.")
    ] = Scale.EXPOSURE,
    register: Annotated[
        str | None,
        typer.Option(help="Register cycles on the channel whose name begins so, such as DNA.", show_default=False),
    ] = None,
    factors: Annotated[
        Path | None, typer.Option(help="CSV file for factors, their errors and what was clipped.", show_default=False)
    ] = None,
    pixel_size: Annotated[
        float | None,
        typer.Option("-mpp", "--pixel-size", help="Micrometres, if the image does not say them.", show_default=False),
    ] = None,
    tile_size: Annotated[int, typer.Option("-ts", "--tile-size", help="Side of tiles, a multiple of 16.")] = 256,
    downscale_factor: Annotated[
        int, typer.Option("-dsf", "--downscale-factor", help="From each smaller copy to the next.")
    ] = 2,
    compression: Annotated[Compression, typer.Option("-comp", "--compression")] = Compression.ZLIB,
    save_ram: Annotated[
        bool, typer.Option("-sr", "--save-ram", help="Of Backsub; memory is small without it.")
    ] = False,
    accept: Accept = False,
) -> None:
    """Take background channels from the markers of multiplexed images, as Backsub does in MCMICRO.

    Each marker with a background becomes marker - factor * background, 0 where that is negative. With factors from
    exposures, pixels are those of Backsub 0.5.2.

    **Examples**

    `lumentrace stain backsub -r in.ome.tif -m markers.csv -o out.ome.tif -mo out.csv`

    `lumentrace stain backsub -r c1.ome.tif -r c2.ome.tif --register DNA --scale estimated -m markers.csv -o out.ome.tif
    -mo out.csv --factors factors.csv`

    Exit codes: 0 done, 2 wrong usage or an error, 4 done, but a cycle is not reliably registered (0 with --accept).
    """
    from lumentrace.base.files import replacing
    from lumentrace.stain import subtract_cycles
    from lumentrace.storage.tile_layout import Layout

    kind = "zlib" if compression is Compression.DEFLATE else compression.value
    with Bar(f"{output.name}", None, "rows") as progress:
        found = subtract_cycles(
            root,
            markers,
            output,
            marker_output,
            scale=scale.value,
            register_by=register,
            pixel_size=pixel_size,
            layout=Layout(tile_size, downscale_factor, kind),  # type: ignore[arg-type]  # values of the enumeration
            verbose=progress,
        )
    if factors is not None:
        with replacing(factors) as file:
            found.write_csv(file)
    _tell(found)
    console.print(f"wrote {output} and {marker_output}", soft_wrap=True, markup=False)
    if not accept and found["registration_ok"].eq(False).any():
        raise typer.Exit(UNRELIABLE)


def _tell(found: pl.DataFrame) -> None:
    """Show factors, and name cycles whose registration cannot be relied on."""
    names = ("marker_name", "background", "factor", "factor_error", "exposure_ratio", "clipped")
    rows = found.rows(named=True)
    shown = Table(*names)
    for row in rows:
        if row["factor"] is not None:
            shown.add_row(*("" if row[name] is None else cell(row[name]) for name in names))
    if shown.row_count:
        show(shown)
    for row in rows:
        if row["registration_ok"] is False:
            warning(f"{row['marker_name']}: the registration of its cycle is not reliable")
