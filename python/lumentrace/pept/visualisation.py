"""Another name of `lumentrace.pept.plots`."""

from lumentrace.pept.plots import PlotlyGrapher, PlotlyGrapher2D, format_fig, histogram

__all__ = ["PlotlyGrapher", "PlotlyGrapher2D", "format_fig", "histogram"]
