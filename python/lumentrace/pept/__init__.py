"""Positron emission particle tracking: from lines of response to trajectories."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lumentrace.data.lines import LineData as LineData
    from lumentrace.data.points import PointData as PointData
    from lumentrace.data.samples import AdaptiveWindow as AdaptiveWindow
    from lumentrace.data.samples import TimeWindow as TimeWindow
    from lumentrace.engine.pipeline import Pipeline as Pipeline
    from lumentrace.pept.utilities import read_csv as read_csv
    from lumentrace.storage import load as load
    from lumentrace.storage import save as save

_HOMES = {
    "AdaptiveWindow": "lumentrace.data.samples",
    "LineData": "lumentrace.data.lines",
    "Pipeline": "lumentrace.engine.pipeline",
    "PointData": "lumentrace.data.points",
    "TimeWindow": "lumentrace.data.samples",
    "load": "lumentrace.storage",
    "read_csv": "lumentrace.pept.utilities",
    "save": "lumentrace.storage",
}
_PACKAGES = {
    "base": "lumentrace.pept.base",
    "plots": "lumentrace.pept.plots",
    "recipes": "lumentrace.pept.recipes",
    "scanners": "lumentrace.pept.scanners",
    "simulation": "lumentrace.pept.simulation",
    "tracking": "lumentrace.pept.tracking",
    "utilities": "lumentrace.pept.utilities",
    "visualisation": "lumentrace.pept.visualisation",
}

__all__ = [*_HOMES, *_PACKAGES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _PACKAGES:
        return import_module(_PACKAGES[name])
    raise AttributeError(f"module 'lumentrace.pept' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
