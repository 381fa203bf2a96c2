"""All steps that come with lumentrace, of processing and of analysis."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .analysis.registry import BUILT_IN, load_analysis_module
from .masks import MASKS
from .processing.edits import EDITS
from .processing.filters import FILTERS
from .processing.video import VIDEO_FILTERS

KINDS: dict[str, Mapping[str, Callable[..., Any]]] = {
    "filter": FILTERS,
    "film": VIDEO_FILTERS,
    "mask": MASKS,
    "edit": EDITS,
}
GIVEN = ("data", "mask", "n_frames")
"""Arguments that a pipeline gives."""


@dataclass(frozen=True)
class StepInfo:
    """What a step is.

    Attributes
    ----------
    name : str
    kind : str
        'filter', 'film', 'mask', 'edit' or 'analysis'.
    settings : list of str
    text : str
        What it does, in a line.
    """

    name: str
    kind: str
    settings: list[str]
    text: str


def built_in() -> list[StepInfo]:
    """All steps, in the order in which they may be used.

    Examples
    --------
    >>> from lumentrace.afm.steps import built_in
    >>> next(step for step in built_in() if step.name == "polynomial_flatten").settings
    ['order']
    """
    steps = [
        StepInfo(
            name, kind, [each for each in inspect.signature(function).parameters if each not in GIVEN], _line(function)
        )
        for kind, group in KINDS.items()
        for name, function in group.items()
    ]
    modules = [load_analysis_module(name) for name in BUILT_IN]
    return [*steps, *(StepInfo(each.name, "analysis", each.settings(), _line(type(each))) for each in modules)]


def _line(described: object) -> str:
    return (inspect.getdoc(described) or "").split("\n")[0]
