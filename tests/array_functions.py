"""The public functions that take arrays, found by their signatures."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

ROOMS = (
    "lumentrace",
    *(f"lumentrace.{name}" for name in ("afm", "coloc", "pept", "stain", "twophoton", "storage")),
    *(f"lumentrace.pept.{name}" for name in ("processing", "scanners", "simulation", "utilities")),
    *(f"lumentrace.afm.{name}" for name in ("masks", "processing.filters", "processing.video")),
)
ALSO = {"traverse2d": "lines", "traverse3d": "lines", "occupancy2d": "points", "occupancy3d": "points"}
"""Parameters that are arrays although their annotation does not say so."""
ARRAYS = re.compile(r"Array|Image\b|Floats|\bFrame\b")

Given = dict[str, Any]
"""Arguments by name."""


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions of all packages, by their full names."""
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in getattr(module, "__all__", vars(module)):
            found = getattr(module, name)
            home = getattr(found, "__module__", "")
            if inspect.isfunction(found) and not name.startswith("_") and home.startswith("lumentrace"):
                yield f"{home}.{name}", found


def arrays_of(function: Callable[..., Any]) -> list[str]:
    """Names of the parameters that are arrays, among other things."""
    parameters = inspect.signature(function).parameters.values()
    also = ALSO.get(function.__name__, "")
    return [each.name for each in parameters if ARRAYS.search(str(each.annotation)) or each.name == also]


TAKING = {name: function for name, function in public_functions() if arrays_of(function)}


def called(function: Callable[..., Any], given: Given) -> Any:
    """Call with all arguments by name, also those that are taken by place only."""
    kinds = {each.name: each.kind for each in inspect.signature(function).parameters.values()}
    placed = [value for name, value in given.items() if kinds.get(name) is inspect.Parameter.POSITIONAL_ONLY]
    named = {name: value for name, value in given.items() if kinds.get(name) is not inspect.Parameter.POSITIONAL_ONLY}
    return function(*placed, **named)
