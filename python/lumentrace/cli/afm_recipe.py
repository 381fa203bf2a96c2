"""Steps of an AFM run: from the command line, or from a YAML, JSON or TOML file."""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError, did_you_mean

Steps = list[tuple[str, dict[str, Any]]]

PROCESS = "iterative_flatten:order=2,factor=2.5; mask_mean_offset:factor=1.5; row_median_align; clear; zero_median"
ANALYSE = (
    "feature_detection:mask_fn=mask_mean_offset,factor=2.5,min_size=10; "
    "particle_tracking:max_distance=8,max_missing=2,method=optimal; track_statistics"
)
WORDS = {"true": True, "false": False, "none": None, "null": None}
KEYS = {"channel": "channel", "process": "process", "filters": "process", "analyse": "analyse", "analysis": "analyse"}


@dataclass
class Recipe:
    """What is done to every film.

    Attributes
    ----------
    channel : str
    process, analyse : list of (str, dict)
        Names and settings.
    """

    channel: str = "height_trace"
    process: Steps = field(default_factory=lambda: parse(PROCESS))
    analyse: Steps = field(default_factory=lambda: parse(ANALYSE))


def parse(text: str) -> Steps:
    """'remove_plane; polynomial_flatten:order=2' as names and settings.

    Raises
    ------
    ValueError
        If a setting has no value.
    """
    steps: Steps = []
    for part in text.split(";"):
        name, _, settings = part.strip().partition(":")
        if not name:
            continue
        pairs = {}
        for setting in _outside_brackets(settings):
            key, equals, value = setting.partition("=")
            if not equals or not key.strip():
                raise ValueError(f"step {name!r}: expected settings as name=value, found {setting.strip()!r}")
            pairs[key.strip()] = _value(value.strip())
        steps.append((name.strip(), pairs))
    return steps


def _outside_brackets(text: str) -> list[str]:
    """Parts between commas that are in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[(") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part.strip()]


def _value(text: str) -> Any:
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        # Literals only: nothing is run.
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def chosen(config: Path | None, channel: str | None, process: str | None, analyse: str | None) -> Recipe:
    """The recipe of a file, or the default one, with what the command line says on top."""
    recipe = Recipe() if config is None else read(config)
    if channel is not None:
        recipe.channel = channel
    if process is not None:
        recipe.process = parse(process)
    if analyse is not None:
        recipe.analyse = parse(analyse)
    return recipe


def read(path: Path) -> Recipe:
    """A recipe from a file.

    Raises
    ------
    FormatError
        If the file is damaged or says something that a recipe does not know.
    """
    content = _document(path)
    if not isinstance(content, Mapping):
        content = {"analyse": content}
    recipe = Recipe(process=[], analyse=[])
    for key, value in content.items():
        if key not in KEYS:
            raise FormatError(f"{path}: expected {', '.join(KEYS)}, found {key!r}{did_you_mean(str(key), KEYS)}")
        name = KEYS[key]
        setattr(recipe, name, str(value) if name == "channel" else _steps(path, name, value))
    return recipe


def _document(path: Path) -> Any:
    import yaml

    suffix = path.suffix.lower()
    if suffix not in (".toml", ".json", ".yaml", ".yml"):
        raise FormatError(f"{path}: expected a recipe ending in .toml, .json, .yaml or .yml, found {suffix!r}")
    try:
        text = path.read_text("utf-8")
        if suffix == ".toml":
            return tomllib.loads(text)
        return json.loads(text) if suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise FormatError(f"{path}: expected a {suffix[1:].upper()} file, found {error}") from None


def _steps(path: Path, key: str, value: Any) -> Steps:
    if isinstance(value, str):
        return parse(value)
    if not isinstance(value, list):
        raise FormatError(f"{path}: {key}: expected a list of steps, found {type(value).__name__}")
    steps: Steps = []
    for number, listed in enumerate(value, 1):
        entry = {"step": listed} if isinstance(listed, str) else listed
        settings = dict(entry) if isinstance(entry, Mapping) else {}
        name = settings.pop("step", settings.pop("name", None))
        if not isinstance(name, str):
            raise FormatError(f"{path}: {key}, step {number}: expected a table with `step`, found {entry!r}")
        # The settings may also be kept together, as other programs do.
        inner = settings.pop("params", {})
        steps.append((name, {**settings, **inner}))
    return steps


TEMPLATE = """\
# Recipe of `lumentrace afm run --config`. The same may be written in YAML or JSON.

channel = "height_trace"  # "height" finds the height in every format

# Processing, in this order. Masks cover what a fit shall leave out, until a step "clear".
# All steps: `lumentrace afm steps`.
[[process]]
step = "iterative_flatten"  # a polynomial that what stands out does not pull
order = 2
factor = 2.5

[[process]]
step = "mask_mean_offset"  # leave out of the next fit what is higher than the mean by `factor` standard deviations
factor = 1.5

[[process]]
step = "row_median_align"  # the median of each line becomes 0

[[process]]
step = "clear"

[[process]]
step = "zero_median"

# Analysis, in this order.
[[analyse]]
step = "feature_detection"
mask_fn = "mask_mean_offset"  # higher than the mean by `factor` standard deviations
factor = 2.5
min_size = 10  # pixels

[[analyse]]
step = "particle_tracking"
method = "optimal"  # or "greedy"
max_distance = 8  # pixels from frame to frame
max_missing = 2  # frames that a track may miss

[[analyse]]
step = "track_statistics"
"""
