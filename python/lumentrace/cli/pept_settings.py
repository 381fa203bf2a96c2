"""Settings of a tracking run: from a TOML file, then from the command line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.pept.recipes import RECIPES, BaseRecipe


def template(name: str) -> str:
    """A commented settings file with the defaults of the recipe."""
    lines = [
        "# Settings of `lumentrace pept track --config`.",
        f'recipe = "{name}"  # one of: {", ".join(RECIPES)}',
        "",
    ]
    for setting, value, text in RECIPES[name]().describe():
        lines.append(f"{setting} = {value}  # {text}")
    return "\n".join(lines)


def chosen(config: Path | None, recipe: str | None, tracers: int | None) -> BaseRecipe:
    """The recipe of the settings file, with what the command line says on top.

    Raises
    ------
    FormatError
        If the file is not TOML or has settings that the recipe does not know.
    """
    settings = _read(config) if config else {}
    name = recipe or settings.pop("recipe", "peptml")
    settings.pop("recipe", None)
    if name not in RECIPES:
        raise FormatError(f"{config}: expected recipe to be one of {', '.join(RECIPES)}, found {name!r}")
    if tracers is not None:
        settings["tracers"] = tracers
    try:
        return RECIPES[name].from_settings(settings)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{config}: {error}" if config else str(error)) from None


def _read(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{config}: expected a TOML file, found {error}") from None
