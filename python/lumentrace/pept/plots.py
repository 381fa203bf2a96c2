"""Interactive figures, under the name they are documented by."""

from lumentrace.plots import PlotlyGrapher, PlotlyGrapher2D, format_fig, histogram, make_video

__all__ = ["PlotlyGrapher", "PlotlyGrapher2D", "format_fig", "histogram", "make_video"]
