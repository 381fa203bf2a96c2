"""Scale bars over pictures whose pixels have a size."""

from __future__ import annotations

import plotly.graph_objects as go

from .numbers import bar_length

EDGE = 0.03
"""Distance of a bar from the edges, as a share of the picture."""


def add_scale_bar(
    figure: go.Figure, size: tuple[float, float], pixel: float, unit: str, corner: tuple[float, float] = (0.0, 0.0)
) -> None:
    """Draw a bar of a round length into the left lower corner of a picture, with its length above it.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Its y axis points down.
    size : (float, float)
        Width and height of the picture in the units of its axes.
    pixel : float
        How long one of the axes' units is.
    unit : str
        Of `pixel`.
    corner : (float, float), optional
        x and y of the left upper corner.

    Examples
    --------
    >>> figure = go.Figure()
    >>> add_scale_bar(figure, (256, 256), 0.2, "µm")
    >>> figure.data[-1].text
    ('10 µm', '')
    """
    length = bar_length(size[0] * pixel)
    left, low = corner[0] + EDGE * size[0], corner[1] + (1 - EDGE) * size[1]
    ends = {"x": [left, left + length / pixel], "y": [low, low]}
    style = {"showlegend": False, "hoverinfo": "skip"}
    figure.add_scatter(**ends, mode="lines", line={"color": "#000000", "width": 6}, **style)
    figure.add_scatter(
        **ends,
        mode="lines+text",
        line={"color": "#ffffff", "width": 4},
        text=[f"{length:g} {unit}", ""],
        textposition="top right",
        textfont={"color": "#ffffff", "size": 13, "shadow": "auto"},
        **style,
    )
