"""Interactive figures and self-contained HTML reports.

Everything is loaded on first use, because importing Plotly takes longer than importing the rest of the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.plots.formatting import format_fig as format_fig
    from lumentrace.plots.formatting import histogram as histogram
    from lumentrace.plots.grapher import PlotlyGrapher as PlotlyGrapher
    from lumentrace.plots.grapher2d import PlotlyGrapher2D as PlotlyGrapher2D
    from lumentrace.plots.video import make_video as make_video

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "PlotlyGrapher": "lumentrace.plots.grapher",
        "PlotlyGrapher2D": "lumentrace.plots.grapher2d",
        "format_fig": "lumentrace.plots.formatting",
        "histogram": "lumentrace.plots.formatting",
        "make_video": "lumentrace.plots.video",
    },
)
