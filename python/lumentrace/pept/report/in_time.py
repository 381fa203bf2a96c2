"""The figures of a tracking report that show how things change in time."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from lumentrace.base.big_array import BigArray
from lumentrace.data.points import XYZ
from lumentrace.pept.tracks import Tracks
from lumentrace.plots.decimate import extremes, shares
from lumentrace.plots.palette import NEUTRAL, PALETTE, translucent
from lumentrace.plots.tables import Floats

from .lines import Lines
from .parts import (
    Clock,
    Group,
    Panel,
    broken,
    histogram,
    kept,
    others_note,
    outline,
    segments,
    speed_unit,
    steps,
    visible_breaks,
)
from .rows import Chosen

DENSE = 500
BANDS = {
    "spread": "± the column “error” of the points, the same for x, y and z",
    "sigma": "± one sigma along the axis: it holds the truth in 68 % of the cases, if the model is right",
}
"""What the bands around coordinates are, by the name of the errors."""


def coordinates_in_time(paths: Tracks, parts: Sequence[Group], time: Clock, limit: int) -> Panel:
    """x, y and z against time, each with a band of plus or minus the error."""
    fig = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.04)
    curves = 1 if paths.errors is None else 3
    quota = shares([len(part.rows) for part in parts], limit // curves)
    breaks, rule = visible_breaks(paths, time, sum(quota))
    shown = 0
    for part, share in zip(parts, quota, strict=True):
        rows = part.rows[extremes(Chosen(paths.xyz, part.rows), share)]
        shown += len(rows)
        for number in range(3):
            for trace in _band_and_curve(paths, part, rows, segments(breaks, rows), number, time):
                trace.showlegend = bool(trace.showlegend) and number == 0
                fig.add_trace(trace, row=number + 1, col=1)
    for number, axis in enumerate(XYZ, start=1):
        fig.update_yaxes(title_text=f"<i>{axis}</i> ({html.escape(paths.units['x'])})", row=number, col=1)
    time.put_on(fig, row=3, col=1)
    caption = f"{rule}; {kept(shown, len(paths.t))}"
    if paths.errors is not None:
        caption += f". The shaded band is {BANDS[paths.errors.name]}"
    return Panel("Coordinates", fig, f"{caption}.{others_note(paths)}", height=760)


def _band_and_curve(
    paths: Tracks, part: Group, rows: NDArray[np.intp], segment: NDArray[np.intp], axis: int, time: Clock
) -> list[go.Scatter]:
    t, values = paths.t[rows] * time.scale, paths.xyz[rows, axis]
    mode = "lines" if len(part.rows) > DENSE else "lines+markers"
    curve = go.Scatter(
        x=broken(t, segment),
        y=broken(values, segment, np.float32),
        mode=mode,
        line={"width": 1.4, "color": part.colour},
        marker={"size": 3, "color": part.colour},
        name=part.name,
        legendgroup=part.name,
        showlegend=True,
        zorder=part.layer,
        **part.link,
    )
    if paths.errors is None:
        return [curve]
    error = np.nan_to_num(paths.errors.axes[rows, axis], nan=0.0, posinf=0.0, neginf=0.0)
    band = go.Scatter(
        x=outline(t, t, segment),
        y=outline(values - error, values + error, segment).astype(np.float32),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=translucent(part.colour, 0.3),
        hoverinfo="skip",
        legendgroup=part.name,
        showlegend=False,
        zorder=part.layer,
    )
    return [band, curve]


def speed_in_time(
    paths: Tracks, parts: Sequence[Group], speed: BigArray, window: int, time: Clock, limit: int
) -> Panel:
    """Speed against time."""
    fig = go.Figure()
    quota = shares([len(part.rows) for part in parts], limit)
    breaks, _ = visible_breaks(paths, time, sum(quota))
    shown = 0
    for part, share in zip(parts, quota, strict=True):
        rows = part.rows[extremes(Chosen(speed, part.rows), share)]
        segment = segments(breaks, rows)
        shown += len(rows)
        fig.add_trace(
            go.Scatter(
                x=broken(paths.t[rows] * time.scale, segment),
                y=broken(speed[rows], segment, np.float32),
                mode="lines",
                line={"width": 1.4, "color": part.colour},
                name=part.name,
                showlegend=True,
                zorder=part.layer,
                **part.link,
            )
        )
    time.put_on(fig)
    fig.update_yaxes(title_text=f"speed ({html.escape(speed_unit(paths))})", rangemode="tozero")
    fitted = (
        f"Slope of the straight line fitted by least squares to {window} consecutive points of a trajectory "
        "(centred); no value next to gaps and ends. Position noise adds to the speed"
    )
    caption = fitted if paths.speed is None else "Length of the velocity in the columns vx, vy and vz"
    return Panel("Speed", fig, f"{caption}; {kept(shown, len(paths.t))}.{others_note(paths)}", height=380)


def sigmas_in_time(paths: Tracks, sigmas: BigArray, parts: Sequence[Group], time: Clock, limit: int) -> Panel:
    """Standard uncertainties (N, 3) along x, y and z against time."""
    fig = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.04)
    quota = shares([len(part.rows) for part in parts], limit)
    breaks, _ = visible_breaks(paths, time, sum(quota))
    shown = 0
    for part, share in zip(parts, quota, strict=True):
        rows = part.rows[extremes(Chosen(sigmas, part.rows), share)]
        segment = segments(breaks, rows)
        shown += len(rows)
        t = broken(paths.t[rows] * time.scale, segment)
        for axis in range(3):
            curve = go.Scatter(
                x=t,
                y=broken(sigmas[rows, axis], segment, np.float32),
                mode="lines",
                line={"width": 1.4, "color": part.colour},
                name=part.name,
                legendgroup=part.name,
                showlegend=axis == 0,
                zorder=part.layer,
                **part.link,
            )
            fig.add_trace(curve, row=axis + 1, col=1)
    for number, name in enumerate(XYZ, start=1):
        title = f"sigma <i>{name}</i> ({html.escape(paths.units['x'])})"
        fig.update_yaxes(title_text=title, rangemode="tozero", row=number, col=1)
    time.put_on(fig, row=3, col=1)
    caption = (
        "Standard uncertainty of each location along the axes; it grows at the ends, where lines are few, and where a "
        f"tracer turns; {kept(shown, len(paths.t))}"
    )
    return Panel("Uncertainty", fig, f"{caption}.{others_note(paths)}", height=520)


def rate_in_time(lines: Lines, edges: Floats, time: Clock, unit: str) -> Panel:
    """LoRs per unit of time."""
    width = float(edges[1] - edges[0])
    rate = lines.histogram(edges) / width
    fig = go.Figure(steps(edges * time.scale, rate, PALETTE[0], "LoRs", fill="tozeroy"))
    time.put_on(fig)
    fig.update_yaxes(title_text=f"LoRs per {html.escape(unit)}", rangemode="tozero")
    return Panel("Rate of LoRs", fig, f"Bins of {width * time.scale:g} {time.unit}, whole ones only.")


def located_in_time(paths: Tracks, parts: Sequence[Group], edges: Floats, time: Clock) -> Panel:
    """Located points per bin of time, stacked."""
    fig = go.Figure()
    for part in parts:
        counts = histogram(Chosen(paths.t, part.rows).blocks(), edges)
        fig.add_trace(steps(edges * time.scale, counts, part.colour, part.name, stackgroup="points"))
    if len(paths.loose_t):
        counts = histogram(paths.loose_t.blocks(), edges)
        fig.add_trace(steps(edges * time.scale, counts, NEUTRAL, "unassigned", stackgroup="points"))
    time.put_on(fig)
    fig.update_yaxes(title_text="points per bin", rangemode="tozero")
    return Panel(
        "Located points", fig, f"Stacked; bins of {(edges[1] - edges[0]) * time.scale:g} {time.unit}, whole ones only."
    )
