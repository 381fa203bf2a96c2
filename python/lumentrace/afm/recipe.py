"""Steps of an AFM run as text, and as settings files list them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from lumentrace.base.errors import FormatError

Step = tuple[str, dict[str, Any]]
Steps = tuple[Step, ...]

WORDS = {"true": True, "false": False, "none": None, "null": None}


def parse(text: str) -> Steps:
    """'remove_plane; polynomial_flatten:order=2' as names and settings.

    Raises
    ------
    ValueError
        If a setting has no value.
    """
    steps: list[Step] = []
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
    return tuple(steps)


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


def steps(value: Any, source: str) -> Steps:
    """Steps as a settings file lists them: text, names, or tables with `step`.

    Raises
    ------
    FormatError
        If it is none of these.
    """
    if isinstance(value, str):
        return parse(value)
    if not isinstance(value, (list, tuple)):
        raise FormatError(f"{source}: expected a list of steps, found {type(value).__name__}")
    return tuple(_step(listed, f"{source}, step {number}") for number, listed in enumerate(value, 1))


def _step(listed: Any, source: str) -> Step:
    if isinstance(listed, (list, tuple)) and len(listed) == 2:
        return str(listed[0]), dict(listed[1])
    entry = {"step": listed} if isinstance(listed, str) else listed
    settings = dict(entry) if isinstance(entry, Mapping) else {}
    name = settings.pop("step", settings.pop("name", None))
    if not isinstance(name, str):
        raise FormatError(f"{source}: expected a table with `step`, found {entry!r}")
    # The settings may also be kept together, as other programs do.
    inner = settings.pop("params", {})
    return name, {**settings, **inner}


PROCESS: Steps = parse(
    "iterative_flatten:order=2,factor=2.5; mask_mean_offset:factor=1.5; row_median_align; clear; zero_median"
)
ANALYSE: Steps = parse(
    "bump_mask; feature_detection:mask_key=bump_mask.mask,min_size=1,remove_edge=false; bump_positions; "
    "particle_tracking:detection_module=bump_positions,method=optimal,max_distance_nm=auto,max_gap_s=auto,"
    "distance_scale=sqrt,min_track_length=3; track_statistics"
)

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
step = "bump_mask"  # what stands out of the noise and the ground of the film itself, down to half of its height

[[analyse]]
step = "feature_detection"
mask_key = "bump_mask.mask"  # instead of it e.g. mask_fn = "mask_threshold" and threshold = 1.5
min_size = 1  # pixels
remove_edge = false  # keep what the border cuts: tracks go on there

[[analyse]]
step = "bump_positions"  # between pixels, and of particles that touch

[[analyse]]
step = "particle_tracking"
detection_module = "bump_positions"
method = "optimal"  # or "greedy"
max_distance_nm = "auto"  # or nm from frame to frame
max_gap_s = "auto"  # or seconds that a track may be missed
distance_scale = "sqrt"  # the range grows with the square root of the frames missed
min_track_length = 3  # points; shorter ones are left out

[[analyse]]
step = "track_statistics"
"""
