"""Figures of the frame: regions over the mean image, and maps of responses."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from lumentrace.plots.linked import each
from lumentrace.plots.palette import PALETTE
from lumentrace.plots.pictures import picture, reduced, step, stretched
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.respond.maps import RecordingResponseMaps

Floats = NDArray[np.float64]
Pixels = NDArray[np.int64]

MAGNIFIED = 600
"""Pixels that a small image is magnified to, so that its pixels stay sharp."""
DIVERGING = "RdBu_r"
UNKNOWN = (222, 224, 227)
USED, MISSED, EDGE = PALETTE[4], PALETTE[3], PALETTE[5]
MOST_NUMBERED = 150
COLUMNS, NARROW = 4, 2
"""Panels side by side in a wide and in a narrow window."""
PERCENTILE = 95
REGION = "region"
"""What regions are called where they are marked."""
ABOUT = {"hovertemplate": "region %{customdata}: x %{x:.0f} px, y %{y:.0f} px<extra></extra>"}


def outline(pixels: Pixels, width: int) -> tuple[Floats, Floats]:
    """Edges between a region and the rest, as lines (x and y) with NaN between them.

    Pixels are counted row by row in a frame of `width` columns.
    """
    rows, columns = pixels // width, pixels % width
    top, left = int(rows.min()), int(columns.min())
    mask = np.zeros((int(rows.max()) - top + 1, int(columns.max()) - left + 1), bool)
    mask[rows - top, columns - left] = True
    padded = np.pad(mask, 1)
    rows, columns = np.nonzero(padded[1:] != padded[:-1])
    down, across = np.nonzero(padded[:, 1:] != padded[:, :-1])
    x = np.concatenate([np.stack([columns - 1.0, columns + 0.0], 1), np.stack([across + 0.0, across + 0.0], 1)])
    y = np.concatenate([np.stack([rows + 0.0, rows + 0.0], 1), np.stack([down - 1.0, down + 0.0], 1)])
    gaps = np.full((len(x), 1), np.nan)
    return np.hstack([x + left, gaps]).ravel(), np.hstack([y + top, gaps]).ravel()


def _outlines(regions: Sequence[Pixels], numbers: Sequence[int], width: int) -> dict[str, object]:
    """Outlines of regions as one line, each marked by its number."""
    lines = [outline(own, width) for own in regions]
    x, y = (np.concatenate([line[place] for line in lines]).astype(np.float32) for place in range(2))
    return {"x": x, "y": y, **each(REGION, np.repeat(numbers, [len(line[0]) for line in lines]))}


def _source(colours: NDArray[np.uint8]) -> str:
    """A picture for a figure; small ones in larger pixels."""
    times = max(1, MAGNIFIED // max(colours.shape[:2]))
    image = picture(colours.repeat(times, axis=0).repeat(times, axis=1)).data[0]
    return str(image.source)


def regions_over(mean: Floats, regions: Sequence[Pixels], usable: Sequence[bool], crop: SpatialCrop) -> go.Figure:
    """Outlines and numbers of regions over the mean image, and the part of the frame that is valid."""
    rows, columns = mean.shape
    shown = (255 * stretched(reduced(mean) if step(mean.shape) > 1 else mean)).astype(np.uint8)
    figure = go.Figure()
    _place(figure, np.repeat(shown[..., None], 3, axis=2), (0, 0, columns, rows))
    for name, kept, colour in (("regions", True, USED), ("regions without values", False, MISSED)):
        numbers = [number for number, good in enumerate(usable, 1) if bool(good) is kept]
        if numbers:
            line, own = {"color": colour, "width": 1.5}, [regions[number - 1] for number in numbers]
            figure.add_scatter(**_outlines(own, numbers, columns), mode="lines", name=name, line=line, **ABOUT)
    x = np.array([crop.axis1_start, crop.axis1_stop])[[0, 1, 1, 0, 0]]
    y = np.array([crop.axis0_start, crop.axis0_stop])[[0, 0, 1, 1, 0]]
    line = {"color": EDGE, "width": 2, "dash": "dash"}
    figure.add_scatter(x=x, y=y, mode="lines", name="valid in every frame", line=line, hoverinfo="skip")
    if len(regions) <= MOST_NUMBERED:
        figure.add_trace(_numbers(regions, columns))
    _axes(figure, (0, 0, columns, rows))
    figure.update_layout(margin={"l": 60, "r": 20, "t": 56, "b": 50}, legend={"y": 1.03})
    return figure


def _numbers(regions: Sequence[Pixels], width: int) -> go.Scatter:
    centres = np.array([[(own // width).mean(), (own % width).mean()] for own in regions]) + 0.5
    numbers = [f"<b>{number}</b>" for number in range(1, len(regions) + 1)]
    font = {"color": "#ffffff", "size": 12 if len(regions) <= 40 else 9, "shadow": "auto"}
    style = {"text": numbers, "textfont": font, "showlegend": False, "marker": {"size": 14, "opacity": 0}}
    known = each(REGION, np.arange(1, len(regions) + 1))
    return go.Scatter(x=centres[:, 1], y=centres[:, 0], mode="markers+text", **style, **known, **ABOUT)


def _place(figure: go.Figure, colours: NDArray[np.uint8], box: Sequence[float], panel: int = 1) -> None:
    """Put a picture below the lines of a panel; `box` is left, top, right, bottom."""
    name = "" if panel == 1 else str(panel)
    left, top, right, bottom = box
    figure.add_layout_image(
        source=_source(colours),
        xref=f"x{name}",
        yref=f"y{name}",
        x=left,
        y=top,
        sizex=right - left,
        sizey=bottom - top,
        sizing="stretch",
        layer="below",
    )


def _axes(figure: go.Figure, box: Sequence[float]) -> None:
    left, top, right, bottom = box
    figure.update_xaxes(title_text="x (px)", range=[left, right], showgrid=False, constrain="domain", zeroline=False)
    figure.update_yaxes(
        title_text="y (px)", range=[bottom, top], showgrid=False, scaleanchor="x", constrain="domain", zeroline=False
    )


def display_limit(values: Sequence[Floats]) -> float:
    """The 95th percentile of absolute values that are finite; 0 if none is."""
    sizes = np.concatenate([np.abs(each[np.isfinite(each)]) for each in values]) if values else np.zeros(0)
    return float(np.percentile(sizes, PERCENTILE)) if sizes.size else 0.0


def coloured(values: Floats, limit: float) -> NDArray[np.uint8]:
    """Blue below zero, white at zero, red above; grey where unknown."""
    colours = sample_colorscale(DIVERGING, np.linspace(0, 1, 256).tolist(), colortype="tuple")
    table = np.rint(255 * np.array(colours)).astype(np.uint8)
    share = np.clip(np.nan_to_num(values, nan=0.0) / (2 * (limit or 1.0)) + 0.5, 0, 1)
    found = table[(255 * share).astype(np.uint8)]
    found[~np.isfinite(values)] = UNKNOWN
    return np.asarray(found)


def response_maps(
    maps: RecordingResponseMaps, regions: Sequence[Pixels], columns: int = COLUMNS
) -> tuple[go.Figure, int, float]:
    """Maps of all epochs in dF/F with the outlines of regions; rows of panels, and the value of full colour."""
    values = [np.asarray(epoch.response_values) * maps.response_scale for epoch in maps.epochs]
    limit = display_limit(values)
    columns = min(columns, len(values))
    rows = -(-len(values) // columns)
    titles = [f"{epoch.epoch_name} (n = {epoch.trial_count})" for epoch in maps.epochs]
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[html.escape(title) for title in titles],
        horizontal_spacing=0.02,
        vertical_spacing=0.16 / rows,
    )
    crop = maps.spatial_crop
    box = (crop.axis1_start, crop.axis0_start, crop.axis1_stop, crop.axis0_stop)
    line = {"color": "#000000", "width": 1}
    lines = _outlines(regions, range(1, len(regions) + 1), crop.original_shape[1])
    for number, image in enumerate(values):
        _place(figure, coloured(image, limit), box, number + 1)
        row, column = number // columns + 1, number % columns + 1
        figure.add_trace(go.Scatter(**lines, mode="lines", line=line, showlegend=False, **ABOUT), row=row, col=column)
    bar = {"title": {"text": "dF/F"}}
    marker = {"color": [0], "cmin": -limit, "cmax": limit, "colorscale": DIVERGING, "showscale": True, "colorbar": bar}
    figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=marker, showlegend=False), row=1, col=1)
    _axes(figure, box)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    for number in range(2, len(values) + 1):
        figure.update_layout({f"yaxis{number}": {"scaleanchor": f"x{number}"}})
    figure.update_annotations(font_size=13)
    figure.update_layout(margin={"l": 10, "r": 70, "t": 30, "b": 10})
    return figure, rows, limit
