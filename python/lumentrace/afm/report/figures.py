"""The figures of a report on a film of heights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go  # untyped: its figures are Any
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray
from lumentrace.plots.linked import whole
from lumentrace.plots.palette import NEUTRAL, PALETTE
from lumentrace.plots.pictures import BUTTONS, picture

from .drawing import ANCHORS, Range, annotated, coloured, magnified

MOST_SHOWN = 8
COLUMNS = (4, 5, 3)
CELL = 300
GAP = 6
MOST_TRACKS = 2000
TRACK = "track"
"""What tracks are called where they are marked."""


def montage(frames: AnyArray, pixel_size_nm: float, times: AnyArray, limits: Range, unit: str) -> tuple[go.Figure, int]:
    """Some frames side by side, evenly spread over the film, and how many rows of them."""
    shown = np.unique(np.linspace(0, len(frames) - 1, min(MOST_SHOWN, len(frames))).round().astype(int)).tolist()
    columns = min(COLUMNS, key=lambda columns: (-len(shown) % columns, abs(columns - 4)))
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    cells = [_cell(frames[number], pixel_size_nm, f"{number}: {times[number]:.4g} s", limits) for number in shown]
    tall, wide = cells[0].shape[:2]
    sheet = np.full((rows * (tall + GAP) - GAP, columns * (wide + GAP) - GAP, 3), 255, np.uint8)
    for place, cell in enumerate(cells):
        top, left = (place // columns) * (tall + GAP), (place % columns) * (wide + GAP)
        sheet[top : top + tall, left : left + wide] = cell
    figure = picture(sheet)
    _add_bar(figure, limits, unit)
    return figure, rows


def _cell(frame: AnyArray, pixel_size_nm: float, text: str, limits: Range) -> NDArray[np.uint8]:
    step = max(1, max(frame.shape) // (2 * CELL))
    image = magnified(coloured(frame[::step, ::step], limits), CELL)
    return annotated(image, pixel_size_nm * frame.shape[1] / image.shape[1], None, text, lines=13)


def _add_bar(figure: go.Figure, limits: Range, unit: str) -> None:
    """A bar of the colours of heights beside a picture."""
    low, high = limits
    scale = [[place, f"rgb{colour}"] for place, colour in ANCHORS]
    marker = {"color": [0], "cmin": low, "cmax": high, "colorscale": scale, "showscale": True}
    marker["colorbar"] = {"title": {"text": height_title(unit), "side": "right"}}
    figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=marker, showlegend=False, hoverinfo="skip"))


def height_title(unit: str) -> str:
    """What a bar of colours is about; only lengths are heights."""
    return "height (nm)" if unit == "nm" else f"value ({unit})" if unit else "value"


def tracks_over(
    mean: AnyArray,
    tracks: Sequence[tuple[AnyArray, AnyArray]],
    numbers: Sequence[int],
    size_nm: tuple[float, float],
    limits: Range,
    unit: str,
) -> go.Figure:
    """Tracks (x and y in nm) over the mean of all frames."""
    figure = picture(magnified(coloured(mean, limits), 600))
    figure.data = ()
    wide, tall = size_nm
    figure.add_layout_image(
        source=_source(magnified(coloured(mean, limits), 600)),
        xref="x",
        yref="y",
        x=0,
        y=0,
        sizex=wide,
        sizey=tall,
        sizing="stretch",
        layer="below",
    )
    for place, (number, (x, y)) in enumerate(zip(numbers[:MOST_TRACKS], tracks, strict=False)):
        colour = PALETTE[place % len(PALETTE)]
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="lines+markers" if len(x) < 100 else "lines",
                line={"color": colour, "width": 2},
                marker={"size": 4},
                name=f"track {number}",
                hovertemplate="%{x:.4g} nm, %{y:.4g} nm",
                **whole(TRACK, number),
            )
        )
    _add_bar(figure, limits, unit)
    shared = {"visible": True, "showgrid": False, "constrain": "domain"}
    figure.update_xaxes(range=[0, wide], title_text="x (nm)", **shared)
    figure.update_yaxes(range=[tall, 0], title_text="y (nm)", scaleanchor="x", **shared)
    figure.update_layout(showlegend=False, margin={"l": 70, "r": 20, "t": BUTTONS, "b": 50})
    return figure


def _source(image: NDArray[np.uint8]) -> str:
    return str(picture(image).data[0].source)


def over_time(times: AnyArray, values: AnyArray, title: str) -> go.Figure:
    """A line over time."""
    mode = "lines+markers" if len(times) < 60 else "lines"
    figure = go.Figure(go.Scatter(x=times, y=values, mode=mode, line={"color": PALETTE[0]}))
    figure.update_xaxes(title_text="time (s)")
    figure.update_yaxes(title_text=title, rangemode="tozero")
    figure.update_layout(showlegend=False)
    return figure


def displacement(lag_s: AnyArray, msd: AnyArray, pairs: AnyArray) -> go.Figure:
    """Mean squared displacement by lag, with the slope of free diffusion."""
    figure = go.Figure(
        go.Scatter(
            x=lag_s,
            y=msd,
            mode="lines+markers",
            line={"color": PALETTE[0]},
            name="all tracks",
            customdata=pairs,
            hovertemplate="%{x:.4g} s: %{y:.4g} nm², %{customdata} pairs<extra></extra>",
        )
    )
    if len(lag_s) and msd[0] > 0 and lag_s[0] > 0:
        line = msd[0] * np.asarray(lag_s) / lag_s[0]
        dash = {"color": NEUTRAL, "dash": "dash"}
        figure.add_trace(go.Scatter(x=lag_s, y=line, mode="lines", line=dash, name="free diffusion", hoverinfo="skip"))
    figure.update_xaxes(title_text="lag (s)")
    figure.update_yaxes(title_text="mean squared displacement (nm²)")
    if len(lag_s) > 5 and bool((np.asarray(msd) > 0).all()):
        figure.update_xaxes(type="log", dtick="D2")
        figure.update_yaxes(type="log", dtick="D2")
    return figure
