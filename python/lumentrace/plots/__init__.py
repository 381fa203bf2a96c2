"""Interactive figures and self-contained HTML reports.

Everything is loaded on first use, because importing Plotly takes longer than importing the rest of the package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .formatting import format_fig as format_fig
    from .formatting import histogram as histogram
    from .grapher import PlotlyGrapher as PlotlyGrapher
    from .grapher2d import PlotlyGrapher2D as PlotlyGrapher2D
    from .tracking.report import pept_report as pept_report

_HOME = {
    "PlotlyGrapher": "grapher",
    "PlotlyGrapher2D": "grapher2d",
    "format_fig": "formatting",
    "histogram": "formatting",
    "pept_report": "tracking.report",
}

__all__ = ["PlotlyGrapher", "PlotlyGrapher2D", "format_fig", "histogram", "pept_report"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
