"""Settings of `lumentrace stain` as its commands take them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lumentrace.stain.settings import Settings

Params = Annotated[
    list[str], typer.Option("--param", "-p", help="A setting: `-p offset=true`; may be given several times.")
]
Raw = Annotated[Path, typer.Option("--raw", help="Folder with a folder per sample.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for results; SAMPLE/DYE in it for each pair of images.")]
Canvas = Annotated[
    bool,
    typer.Option("--canvas", help="Write images with the border of exo2micro: 2000 pixels, or those of `-p pad=500`."),
]


class Format(StrEnum):
    """Formats of the images that are written."""

    tiff = "tiff"
    fits = "fits"
    both = "both"


Formats = Annotated[
    Format | None, typer.Option("--format", help="Format of the images that are written.", show_default="tiff")
]

Value = bool | float | str | None


def settings_of(given: list[str], config: Path | None, image_format: Format | None, canvas: bool) -> Settings:
    """Settings of a file, overridden by ``name=value``."""
    from lumentrace.engine.settings import read_mapping
    from lumentrace.stain.compat import DEFAULTS, StainParameters

    found: dict[str, Value] = {"pad": DEFAULTS["pad"] if canvas else 0}
    if config is not None:
        found |= read_mapping(config)
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"expected name=value, found {text!r}", param_hint="--param")
        found[name.strip()] = _value(value.strip())
    if image_format is not None:
        found["checkpoint_format"] = image_format.value
    return StainParameters.from_mapping(found, "--param" if config is None else str(config)).plain()


def _value(text: str) -> Value:
    plain = {"true": True, "false": False, "none": None}
    if text.lower() in plain:
        return plain[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
