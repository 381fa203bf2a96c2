"""Steps of processing by name: ours, and those of plugins."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from lumentrace.base.errors import did_you_mean

from .. import compat
from ..masks import MASKS
from ..plugins import entries, loaded
from .edits import EDITS
from .filters import FILTERS, NATIVE
from .native import FrameFilter
from .video import VERSION, VIDEO_FILTERS

GROUPS = {
    "plugin": ("lumentrace.afm.filters", "playnano.filters"),
    "video_plugin": ("lumentrace.afm.video_processing", "playnano.video_processing"),
}
"""Groups of entry points in which plugins are looked for, by what they are."""


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
    native : FrameFilter or None
        What runs in Rust, of a 'filter'.
    """

    name: str
    kind: str
    function: Callable[..., Any]
    version: str | None
    native: FrameFilter | None = None

    @property
    def settings(self) -> list[str] | None:
        """Names of the settings; None if any are taken."""
        if self.native is not None:
            return self.native.settings
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
    turned = compat.mask(name)
    if name == "clear":
        return Step(name, "clear", _clear, None)
    if turned in MASKS:
        return Step(turned, "mask", MASKS[turned], "0.1.0")
    if name in FILTERS:
        native = NATIVE[name]
        return Step(name, "filter", FILTERS[name], native.version, native)
    if name in VIDEO_FILTERS:
        return Step(name, "video_filter", VIDEO_FILTERS[name], VERSION)
    if name in EDITS:
        return Step(name, "stack_edit", EDITS[name], VERSION)
    plugins = [(kind, entry) for kind, groups in GROUPS.items() for entry in entries(entry_points, groups)]
    for kind, entry in plugins:
        if entry.name == name:
            return Step(name, kind, loaded("step", entry, "a function"), getattr(entry.dist, "version", None))
    known = ["clear", *MASKS, *FILTERS, *VIDEO_FILTERS, *EDITS, *(entry.name for _, entry in plugins)]
    raise ValueError(f"step: expected one of {', '.join(known)}, found {name!r}{did_you_mean(name, known)}")
