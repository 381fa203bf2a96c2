"""Steps of processing by name: ours, and those of plugins."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from lumentrace.errors import did_you_mean

from ..masks import MASKS
from .edits import EDITS
from .filters import FILTERS
from .native import FrameFilter
from .video import VERSION, VIDEO_FILTERS

FILTER_GROUPS = ("lumentrace.afm.filters", "playnano.filters")
VIDEO_GROUPS = ("lumentrace.afm.video_processing", "playnano.video_processing")
"""Groups of entry points in which plugins are looked for."""


@dataclass(frozen=True)
class Step:
    """A step that can be run.

    Attributes
    ----------
    name : str
    kind : str
        'clear', 'mask', 'filter', 'plugin', 'video_filter', 'video_plugin' or 'stack_edit'.
    function : callable
    version : str or None
    """

    name: str
    kind: str
    function: Callable[..., Any]
    version: str | None

    @property
    def settings(self) -> list[str] | None:
        """Names of the settings; None if any are taken."""
        if isinstance(self.function, FrameFilter):
            return list(self.function.settings)
        parameters = list(inspect.signature(self.function).parameters.values())
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return None
        return [parameter.name for parameter in parameters[1:]]

    @property
    def module(self) -> str:
        """Where the function is defined."""
        return str(getattr(self.function, "__module__", ""))


def _clear() -> None:
    """Takes off the mask."""


def find_step(name: str) -> Step:
    """A step by its name.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest.
    RuntimeError
        If a plugin cannot be imported.

    Examples
    --------
    >>> from lumentrace.afm.processing.registry import find_step
    >>> find_step("remove_plane").kind
    'filter'
    """
    turned = f"mask_{name.removesuffix('_mask')}" if name.endswith("_mask") else name
    if name == "clear":
        return Step(name, "clear", _clear, None)
    if turned in MASKS:
        return Step(turned, "mask", MASKS[turned], "0.1.0")
    if name in FILTERS:
        return Step(name, "filter", FILTERS[name], FILTERS[name].version)
    if name in VIDEO_FILTERS:
        return Step(name, "video_filter", VIDEO_FILTERS[name], VERSION)
    if name in EDITS:
        return Step(name, "stack_edit", EDITS[name], VERSION)
    plugins = [
        (kind, entry)
        for kind, groups in (("plugin", FILTER_GROUPS), ("video_plugin", VIDEO_GROUPS))
        for group in groups
        for entry in entry_points(group=group)
    ]
    for kind, entry in plugins:
        if entry.name == name:
            return Step(name, kind, _loaded(entry), getattr(entry.dist, "version", None))
    known = ["clear", *MASKS, *FILTERS, *VIDEO_FILTERS, *EDITS, *(entry.name for _, entry in plugins)]
    raise ValueError(f"step: expected one of {', '.join(known)}, found {name!r}{did_you_mean(name, known)}")


def _loaded(entry: EntryPoint) -> Callable[..., Any]:
    try:
        function = entry.load()
    except Exception as error:
        raise RuntimeError(f"step {entry.name!r}: the plugin cannot be imported ({error})") from error
    if not callable(function):
        raise TypeError(f"step {entry.name!r}: expected a function, found {type(function).__name__}")
    found: Callable[..., Any] = function
    return found
