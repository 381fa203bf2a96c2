"""The figures of a report on a stained sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lumentrace.base.polars import pl
from lumentrace.plots.film import Bar
from lumentrace.plots.linked import each
from lumentrace.plots.palette import NEUTRAL, PALETTE
from lumentrace.plots.pictures import picture
from lumentrace.plots.scale_bars import add_scale_bar
from lumentrace.stain.measure.scale import Scale

Counts = NDArray[np.uint32]
Floats = NDArray[np.float64]

COLOURS = {"moffat": "#00cc88", "line": "#00cc88", "percentile": "#ff9933", "manual": "#ff3366"}
"""Colours of scales."""
POST, PRE = (1.0, 0.15, 0.55), (0.1, 0.9, 0.45)
"""Magenta and green; where both are equal they make a near white."""
COOL, WARM = np.array([60, 150, 255]), np.array([255, 170, 40])
BINS = 256
HOVER = "pre: %{x} counts<br>post: %{y} counts<br>log10 of pixels: %{z:.2f}<extra></extra>"
SPOT, RING = "spot", "#ffffff"
BRIGHT = 99.5
KNEE = 1.0
UNKNOWN = 96


def overlay(post: NDArray[np.float32], pre: NDArray[np.float32]) -> go.Figure:
    """Two images over each other: post in magenta, pre in green."""
    rows, columns = (max(one, other) for one, other in zip(post.shape, pre.shape, strict=True))
    shown = [np.zeros((rows, columns), np.float32) for _ in range(2)]
    for image, place in zip((post, pre), shown, strict=True):
        place[: image.shape[0], : image.shape[1]] = _bright(image)
    mixed = np.empty((rows, columns, 3), np.uint8)
    for channel, shares in enumerate(zip(POST, PRE, strict=True)):
        mixed[..., channel] = 255 * np.minimum(shares[0] * shown[0] + shares[1] * shown[1], 1)
    return picture(mixed)


def grey(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """An image as a picture; black where there is nothing."""
    return np.asarray(255 * _bright(image), dtype=np.uint8)


def _bright(image: NDArray[np.float32]) -> NDArray[np.float32]:
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0)
    positive = values[values > 0]
    top = np.percentile(positive, BRIGHT) if positive.size else 1.0
    return np.asarray(np.clip(values / np.float32(max(top, 1e-12)), 0, 1))


def signed(difference: NDArray[np.float32]) -> go.Figure:
    """A difference, compressed by asinh: orange above zero, blue below, black at zero, grey where unknown."""
    values = np.asarray(difference, dtype=np.float32)
    known = np.isfinite(values)
    size = np.abs(values[known])
    knee = np.float32(max(np.median(size), KNEE) if size.size else KNEE)
    pressed = np.arcsinh(np.nan_to_num(values, nan=0.0) / knee)
    top = np.percentile(np.arcsinh(size / knee), BRIGHT) if size.size else 1.0
    level = np.clip(127.5 + 127.5 * pressed / np.float32(max(top, 1e-12)), 0, 255).astype(np.uint8)
    share = np.linspace(-1, 1, 256)[:, None]
    table = np.where(share > 0, share * WARM, -share * COOL).astype(np.uint8)
    colours = table[level]
    colours[~known] = UNKNOWN
    return picture(colours)


def add_spots(figure: go.Figure, spots: pl.DataFrame, pad: int, factor: int) -> None:
    """Rings over a picture that is reduced by a factor, for spots in the pixels of an image with a border."""
    x, y = ((spots[axis].to_numpy() - pad + 0.5) / factor - 0.5 for axis in ("x", "y"))
    about = spots.select("x", "y", "intensity", "significance").rows()
    hover = "spot %{customdata}<br>%{text}<extra></extra>"
    texts = [f"x {a:.1f} px, y {b:.1f} px<br>{c:.4g} counts, {d:.3g} sigma" for a, b, c, d in about]
    marker = {"symbol": "circle-open", "size": 9, "color": RING, "line": {"width": 1}}
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="markers",
            marker=marker,
            text=texts,
            hovertemplate=hover,
            **each(SPOT, spots[SPOT].to_numpy()),
        )
    )
    figure.update_layout(showlegend=False)


def bar_of(shape: tuple[int, ...], pixel_um: float | None) -> Bar | None:
    """A scale bar for an image of this shape, if the size of a pixel is known."""
    return Bar.of(shape[1] * pixel_um, "{:g} µm".format) if pixel_um else None


def add_bar(figure: go.Figure, shape: tuple[int, ...], factor: int, pixel_um: float | None) -> None:
    """A scale bar over a picture of an image of this shape that is reduced by a factor."""
    if pixel_um:
        add_scale_bar(figure, (shape[1] / factor, shape[0] / factor), pixel_um * factor, "µm", (-0.5, -0.5))


def apart(points: Floats, shifts: Floats, shape: Sequence[int], start: int = 0) -> go.Figure:
    """Where the registered images are still apart, and how far: an arrow for each part, many times enlarged."""
    length = np.linalg.norm(shifts, axis=1)
    spread = max(float(np.percentile(length, 95)), 1e-6) if len(length) else 1.0
    enlarged = 0.03 * max(shape) / spread
    ends = points + enlarged * shifts
    gaps = np.full(len(points), np.nan)
    x = np.column_stack([points[:, 0], ends[:, 0], gaps]).ravel()
    y = np.column_stack([points[:, 1], ends[:, 1], gaps]).ravel()
    figure = go.Figure(go.Scattergl(x=x, y=y, mode="lines", line={"color": NEUTRAL, "width": 1}, hoverinfo="skip"))
    marker = {
        "color": length,
        "size": 7,
        "colorscale": "Viridis",
        "colorbar": {"title": {"text": "apart (px)", "side": "right"}},
        "cmin": 0,
    }
    hover = "x %{x:.0f} px, y %{y:.0f} px: %{marker.color:.3f} px<extra></extra>"
    figure.add_scattergl(x=points[:, 0], y=points[:, 1], mode="markers", marker=marker, hovertemplate=hover)
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title="x (px)", range=[start, start + shape[1]], constrain="domain")
    figure.update_yaxes(title="y (px)", range=[start + shape[0], start], scaleanchor="x", constrain="domain")
    return figure


def ratios(scale: Scale) -> go.Figure:
    """Histogram of the logarithms of post over pre, with the fit."""
    figure = go.Figure(
        go.Scatter(
            x=scale.centres, y=scale.counts, mode="lines", name="pixels", line={"color": PALETTE[0], "shape": "hvh"}
        )
    )
    if np.isfinite(scale.fitted).any():
        figure.add_scatter(x=scale.centres, y=scale.fitted, mode="lines", name="Moffat", line={"color": PALETTE[1]})
    figure.add_vline(float(np.log10(scale.value)), line={"color": NEUTRAL, "dash": "dash"})
    figure.update_xaxes(title="log10 (post / pre)")
    figure.update_yaxes(title="pixels")
    return figure


def joint(counts: Counts, most: Sequence[float], scales: Sequence[Scale], excess: bool = False) -> go.Figure:
    """How often values of pre and post occur together; or where post is the larger one more often."""
    small, post, pre = _gathered(counts, most)
    if excess:
        post, pre, small = _excess(small, post, pre)
    with np.errstate(divide="ignore"):
        shown = np.where(small > 0, np.log10(small), np.nan)
    bar = {"title": {"text": "log10 of pixels", "side": "right"}}
    figure = go.Figure(
        go.Heatmap(x=pre, y=post, z=shown.astype(np.float32), colorscale="Magma", colorbar=bar, hovertemplate=HOVER)
    )
    top = float(post[-1])
    line = np.array([0.0, float(pre[-1])])
    figure.add_scatter(x=line, y=line, mode="lines", name="equal", line={"color": NEUTRAL, "dash": "dot"})
    for scale in scales:
        colour = COLOURS.get(scale.method.split("_")[0], PALETTE[0])
        name = f"{scale.method}: {scale.value:.4g}"
        figure.add_scatter(x=line, y=scale.value * line + scale.offset, mode="lines", name=name, line={"color": colour})
    figure.update_xaxes(title="pre (counts)", range=[0, float(pre[-1])])
    figure.update_yaxes(title="post (counts)", range=[0, top])
    return figure


def _gathered(counts: Counts, most: Sequence[float]) -> tuple[Floats, Floats, Floats]:
    """The part of a joint histogram that holds something, in at most so many bins, and their centres."""
    held = [int(np.flatnonzero(counts.any(axis=1 - axis))[-1]) + 1 if counts.any() else 1 for axis in (0, 1)]
    by = [max(1, -(-length // BINS)) for length in held]
    sizes = [-(-length // step) for length, step in zip(held, by, strict=True)]
    wide = np.zeros((sizes[0] * by[0], sizes[1] * by[1]))
    part = counts[: wide.shape[0], : wide.shape[1]]
    wide[: part.shape[0], : part.shape[1]] = part
    small = wide.reshape(sizes[0], by[0], sizes[1], by[1]).sum(axis=(1, 3))
    axes = [
        (np.arange(size) * step + (step - 1) / 2) * top / length
        for size, step, top, length in zip(sizes, by, most, counts.shape, strict=True)
    ]
    return small, axes[0], axes[1]


def _excess(small: Floats, post: Floats, pre: Floats) -> tuple[Floats, Floats, Floats]:
    """Counts less those of the exchanged values, where post is the larger one."""
    edges = np.linspace(0, max(post[-1], pre[-1]), BINS + 1)
    rows, columns = (np.clip(np.searchsorted(edges, values, "right") - 1, 0, BINS - 1) for values in (post, pre))
    square = np.zeros((BINS, BINS))
    np.add.at(square, (rows[:, None], columns[None, :]), small)
    more = np.triu((square - square.T).T, 1).T
    centres = (edges[:-1] + edges[1:]) / 2
    return centres, centres, np.maximum(more, 0)


def levels(counts: Counts, most: Sequence[float]) -> go.Figure:
    """Histograms of both images where both have a value other than zero."""
    figure = go.Figure()
    for axis, name in ((0, "post"), (1, "pre, registered")):
        values = counts[1:, 1:].sum(axis=1 - axis)
        held = np.flatnonzero(values)
        last = int(held[-1]) + 1 if held.size else 1
        centres = (np.arange(1, last + 1)) * most[axis] / counts.shape[axis]
        figure.add_scatter(
            x=centres, y=values[:last], mode="lines", name=name, line={"color": PALETTE[axis], "shape": "hvh"}
        )
    figure.update_xaxes(title="value (counts)")
    figure.update_yaxes(title="pixels")
    return figure


def remainders(counts: Counts, most: Sequence[float], scale: Scale) -> go.Figure:
    """Histogram of the difference: of all pixels, and of those where both images have signal."""
    tall, wide = (top / length for top, length in zip(most, counts.shape, strict=True))
    rows, columns = np.nonzero(counts)
    values = rows * tall - scale.value * columns * wide - scale.offset
    weights = counts[rows, columns]
    both = (rows > 0) & (columns > 0)
    width = max(tall, np.ptp(values) / 1000) if values.size else 1.0
    edges = np.arange(np.floor(values.min() / width), np.ceil(values.max() / width) + 2) * width
    figure = go.Figure()
    for name, used, colour in (("all", np.ones(len(values), bool), NEUTRAL), ("both > 0", both, PALETTE[0])):
        found, _ = np.histogram(values[used], edges, weights=weights[used])
        shown = np.where(found > 0, found, np.nan)
        line = {"color": colour, "shape": "hvh"}
        figure.add_scatter(x=(edges[:-1] + edges[1:]) / 2, y=shown, mode="lines", name=name, line=line)
    figure.update_xaxes(title="difference (counts)")
    figure.update_yaxes(title="pixels", type="log")
    return figure
