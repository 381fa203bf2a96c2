"""Uniform looks for Plotly figures, and histograms that carry their bins rather than all the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from .palette import PALETTE
from .theme import ALONE


def format_fig(
    fig: go.Figure,
    size: float = 20,
    font: str = "Computer Modern",
    template: str = "plotly_white",
    legend: bool | None = None,
) -> go.Figure:
    """Give a figure one font, one text size and one template, in place.

    Parameters
    ----------
    fig : plotly.graph_objects.Figure
    size : float, default 20
        Text size in pixels for titles, axes, ticks, subplot titles and legend.
    font : str, default "Computer Modern"
    template : str, default "plotly_white"
    legend : bool, optional
        Show or hide the legend; left as it is by default.

    Returns
    -------
    plotly.graph_objects.Figure
        The same figure.

    Examples
    --------
    >>> import plotly.graph_objects as go
    >>> format_fig(go.Figure(), size=16).layout.font.size
    16
    """
    if not isinstance(fig, go.Figure):
        raise TypeError(f"`fig`: expected a plotly Figure, found {type(fig).__name__}")
    text = {"family": font, "size": size}
    fig.update_layout(font=text, title_font=text, legend_font=text, template=template)
    fig.update_annotations(font=text)
    fig.update_xaxes(title_font=text, tickfont=text)
    fig.update_yaxes(title_font=text, tickfont=text)
    if legend is not None:
        fig.update_layout(showlegend=legend)
    return fig


def histogram(
    data: object,
    bins: int | Sequence[float] | str = "auto",
    limits: tuple[float, float] | None = None,
    density: bool = False,
    xlabel: str = "",
    ylabel: str | None = None,
    color: str = PALETTE[0],
) -> go.Figure:
    """A histogram whose figure holds only the bins, so it stays small for any amount of data.

    Parameters
    ----------
    data : array-like
        Numbers of any shape; values that are not finite are left out.
    bins : int, sequence of float or str, default "auto"
        As for `numpy.histogram_bin_edges`.
    limits : (float, float), optional
        Range of the bins; the data's own by default.
    density : bool, default False
        Draw the probability density instead of counts.
    xlabel, ylabel : str, optional
        Axis titles; `ylabel` is "count" or "density" by default.
    color : str, optional

    Returns
    -------
    plotly.graph_objects.Figure

    Examples
    --------
    >>> histogram([1, 1, 2], bins=[0.5, 1.5, 2.5]).data[0].y
    array([2, 1])
    """
    values = np.asarray(data, dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    heights, edges = np.histogram(values, bins=bins, range=limits, density=density)
    bars = go.Bar(x=(edges[1:] + edges[:-1]) / 2, y=heights, width=np.diff(edges), marker={"color": color})
    axes = {"xaxis_title": xlabel, "yaxis_title": ylabel or ("density" if density else "count")}
    return go.Figure(bars, layout={"template": ALONE, "bargap": 0, **axes})
