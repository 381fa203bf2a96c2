"""Options that mean the same in every technique."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for results; a folder in it for each of many files.")]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="Settings in a TOML, YAML or JSON file; options beside it come first."),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Keep finished work in the folder `run` beside the results, and go on after it."),
]
Accept = Annotated[bool, typer.Option("--accept", help="Exit with 0 though results are not reliable.")]
Geojson = Annotated[bool, typer.Option("--geojson", help="Also write outlines as GeoJSON, for QuPath.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of random numbers: the same one gives the same result.")]
Template = Annotated[
    Path | None, typer.Option("--out", "-o", help="File to write; printed if there is none.", show_default=False)
]
Results = Annotated[Path, typer.Argument(help="Folder of results, with `run.json` in it.", show_default=False)]
Page = Annotated[
    Path | None, typer.Option("--out", "-o", help="File to write.", show_default="report.html in the folder")
]
Input = Annotated[
    Path | None,
    typer.Option("--input", help="What was measured, or its folder, if it is not where `run.json` says."),
]


def whole_number(text: str | int) -> int:
    """A whole number from 1, which may be written as 1e9; a default comes as a number.

    Raises
    ------
    BadParameter
        If it is none.
    """
    try:
        number = float(str(text).replace("_", ""))
    except ValueError:
        number = float("nan")
    if not (1 <= number < float("inf") and number == int(number)):
        raise typer.BadParameter(f"expected a whole number from 1, such as 100000 or 1e9, found {text!r}")
    return int(number)
