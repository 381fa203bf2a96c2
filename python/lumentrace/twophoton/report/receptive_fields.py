"""Figures of receptive fields: where they lie, and how they change with the time before the response."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lumentrace.plots.linked import whole
from lumentrace.plots.palette import NEUTRAL, PALETTE, translucent
from lumentrace.twophoton.respond.receptive_fields import ReceptiveFields

from .panels import axis_titles, panels
from .places import COLUMNS, DIVERGING, REGION

NORMAL = 1.96
"""Standard errors of a band of 95 %."""


def field_maps(
    fields: ReceptiveFields,
    numbers: Sequence[int | str],
    shown: Sequence[int],
    titles: Sequence[str],
    frame_rate_hz: float,
    columns: int = COLUMNS,
) -> tuple[go.Figure, int]:
    """Weights at the lag of the largest one, a panel for each region with colours of its own; and the number of rows.

    Blue is below 0, white 0, red above.
    """
    columns = min(columns, max(len(shown), 1))
    rows = max(1, -(-len(shown) // columns))
    peaks = fields.peaks()
    names = [f"{titles[own]} ({max(peaks[own, 0], 0) / frame_rate_hz:.2f} s before)" for own in shown]
    spacing = {"horizontal_spacing": 0.06 / columns, "vertical_spacing": 0.22 / rows}
    figure = make_subplots(rows=rows, cols=columns, subplot_titles=[html.escape(name) for name in names], **spacing)
    figure.update_annotations(font_size=13)
    for number, own in enumerate(shown):
        image = fields.weights[own, max(peaks[own, 0], 0)]
        limit = float(np.nanmax(np.abs(image), initial=0.0)) or 1.0
        colours = {"colorscale": DIVERGING, "zmin": -limit, "zmax": limit, "showscale": False}
        hover = "row %{y}, column %{x}: weight %{z:.4f}<extra></extra>"
        figure.add_trace(
            go.Heatmap(z=image.astype(np.float32), hovertemplate=hover, **colours, **whole(REGION, numbers[own])),
            row=number // columns + 1,
            col=number % columns + 1,
        )
    for number in range(1, len(shown) + 1):
        name = "" if number == 1 else str(number)
        figure.update_layout({f"yaxis{name}": {"scaleanchor": f"x{name}", "constrain": "domain"}})
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed")
    figure.update_layout(margin={"l": 20, "r": 20, "t": 40, "b": 20})
    return figure, rows


def field_courses(
    fields: ReceptiveFields,
    numbers: Sequence[int | str],
    shown: Sequence[int],
    titles: Sequence[str],
    frame_rate_hz: float,
    columns: int = COLUMNS,
) -> tuple[go.Figure, int]:
    """Weights of the pixel of the largest one over the time before the response; and the number of rows."""
    figure, rows, places = panels([titles[own] for own in shown], columns)
    peaks = np.maximum(fields.peaks(), 0)
    seconds = np.arange(fields.weights.shape[1]) / frame_rate_hz
    for own, place in zip(shown, places, strict=True):
        _, row, column = peaks[own]
        mean, error = fields.weights[own, :, row, column], NORMAL * fields.standard_error[own, :, row, column]
        if np.isfinite(mean).all():
            along, across = np.append(seconds, seconds[::-1]), np.append(mean + error, (mean - error)[::-1])
            band = {"fill": "toself", "fillcolor": translucent(PALETTE[0], 0.25), "line": {"width": 0}}
            figure.add_trace(
                go.Scatter(x=along, y=across, mode="lines", hoverinfo="skip", showlegend=False, **band), **place
            )
        line, hover = {"color": PALETTE[0], "width": 1.8}, "%{x:.2f} s: weight %{y:.4f}"
        style = {"line": line, "hovertemplate": hover, "showlegend": False}
        figure.add_trace(go.Scatter(x=seconds, y=mean, mode="lines", **style, **whole(REGION, numbers[own])), **place)
    figure.add_hline(0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    axis_titles(figure, rows, places, "stimulus before response (s)", "weight")
    return figure, rows
