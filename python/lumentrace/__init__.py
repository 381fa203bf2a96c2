"""From raw detector events and image stacks to trajectories, traces and tables.

The techniques are `lumentrace.pept`; the shared classes are on this page. Everything is imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lumentrace import pept as pept
    from lumentrace.data.lines import LineData as LineData
    from lumentrace.data.points import PointData as PointData
    from lumentrace.data.samples import AdaptiveWindow as AdaptiveWindow
    from lumentrace.data.samples import TimeWindow as TimeWindow
    from lumentrace.engine.pipeline import Pipeline as Pipeline
    from lumentrace.errors import FormatError as FormatError
    from lumentrace.storage import load as load
    from lumentrace.storage import save as save

__version__ = "0.1.0"

_HOMES = {
    "AdaptiveWindow": "lumentrace.data.samples",
    "FormatError": "lumentrace.errors",
    "LineData": "lumentrace.data.lines",
    "Pipeline": "lumentrace.engine.pipeline",
    "PointData": "lumentrace.data.points",
    "TimeWindow": "lumentrace.data.samples",
    "load": "lumentrace.storage",
    "save": "lumentrace.storage",
}
_PACKAGES = ("pept",)

__all__ = ["__version__", *_HOMES, *_PACKAGES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _PACKAGES:
        return import_module(f"lumentrace.{name}")
    raise AttributeError(f"module 'lumentrace' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
