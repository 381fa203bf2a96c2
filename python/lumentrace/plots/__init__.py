"""Interactive figures and self-contained HTML reports.

Everything is loaded on first use, because importing Plotly takes longer than importing the rest of the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.plots.channels.report import coloc_report as coloc_report
    from lumentrace.plots.films.report import afm_report as afm_report
    from lumentrace.plots.formatting import format_fig as format_fig
    from lumentrace.plots.formatting import histogram as histogram
    from lumentrace.plots.grapher import PlotlyGrapher as PlotlyGrapher
    from lumentrace.plots.grapher2d import PlotlyGrapher2D as PlotlyGrapher2D
    from lumentrace.plots.recordings.report import twophoton_report as twophoton_report
    from lumentrace.plots.stains.report import stain_report as stain_report
    from lumentrace.plots.tracking.report import pept_report as pept_report
    from lumentrace.plots.video import make_video as make_video

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "PlotlyGrapher": "lumentrace.plots.grapher",
        "PlotlyGrapher2D": "lumentrace.plots.grapher2d",
        "afm_report": "lumentrace.plots.films.report",
        "coloc_report": "lumentrace.plots.channels.report",
        "format_fig": "lumentrace.plots.formatting",
        "histogram": "lumentrace.plots.formatting",
        "make_video": "lumentrace.plots.video",
        "pept_report": "lumentrace.plots.tracking.report",
        "stain_report": "lumentrace.plots.stains.report",
        "twophoton_report": "lumentrace.plots.recordings.report",
    },
)
