"""The figures of a tracking report that show errors."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

import numpy as np
import plotly.graph_objects as go

from lumentrace.base import selection
from lumentrace.base.big_array import BigArray
from lumentrace.pept.tracks import Errors, Tracks
from lumentrace.plots.decimate import every, shares
from lumentrace.plots.numbers import drawn, spell
from lumentrace.plots.tables import Floats

from .parts import Clock, Group, Panel, histogram, round_width, sentence, steps
from .rows import Chosen

FILLED = 3
HISTOGRAMS = {
    "spread": ("error", "The column “error”, as the tracking method defines it."),
    "sigma": ("sigma", "Standard uncertainty: the square root of the sum of its squares along x, y and z."),
}
"""Title of the axis and definition, by the name of the errors."""


def errors_histogram(paths: Tracks, parts: Sequence[Group], errors: Errors) -> Panel:
    """Distribution of the errors that the table tells."""
    title, definition = HISTOGRAMS[errors.name]
    fig, caption = _distribution(errors.total, parts, title, paths.units["x"])
    return Panel("Error of the points", fig, f"{definition} {caption}")


def truth_histogram(paths: Tracks, parts: Sequence[Group], distance: BigArray) -> Panel:
    """Distribution of the distance from the truth."""
    fig, caption = _distribution(distance, parts, "distance from truth", paths.units["x"])
    definition = "Distance from the true path of the tracer nearest on average."
    return Panel("Distance from the truth", fig, f"{definition} {caption}")


def _distribution(values: BigArray, parts: Sequence[Group], title: str, unit: str) -> tuple[go.Figure, str]:
    """Histogram of values in each group, from 0 to the 99.5th percentile of all, and its caption."""
    limits = (selection.quantile(values.blocks, share) for share in (0.995, 1.0))
    top = next((limit for limit in limits if limit > 0), 1.0)
    width = round_width(top, 60)
    edges = width * np.arange(math.ceil(top / width) + 1, dtype=np.float64)
    fig = go.Figure()
    for part in parts:
        own = Chosen(values, part.rows)
        percent = 100 * histogram(own.blocks(), edges) / max(1, _count(own.blocks()))
        fill = "tozeroy" if len(parts) <= FILLED else None
        fig.add_trace(steps(edges, percent, part.colour, part.name, fill=fill, showlegend=True))
    fig.update_xaxes(title_text=f"{title} ({html.escape(unit)})", range=[0, float(edges[-1])])
    fig.update_yaxes(title_text="share of points (%)", rangemode="tozero")
    beyond = _count(values.blocks(), above=float(edges[-1]))
    text = f"{spell(beyond)} of {spell(_count(values.blocks()))} points lie beyond the right edge."
    return fig, f"Bins of {width:g} {unit}; {text}"


def _count(blocks: Iterable[Floats], above: float = -np.inf) -> int:
    """How many finite numbers there are above a limit."""
    return sum(int((np.isfinite(block) & (block > above)).sum()) for block in blocks)


def truth_in_time(paths: Tracks, parts: Sequence[Group], distance: BigArray, time: Clock, limit: int) -> Panel:
    """Distance from the truth against time."""
    fig = go.Figure()
    quota = shares([len(part.rows) for part in parts], limit)
    shown = 0
    for part, share in zip(parts, quota, strict=True):
        rows = part.rows[every(len(part.rows), share)]
        shown += len(rows)
        fig.add_trace(
            go.Scatter(
                x=paths.t[rows] * time.scale,
                y=distance[rows].astype(np.float32),
                mode="markers",
                marker={"size": 3, "opacity": 0.7, "color": part.colour},
                name=part.name,
                showlegend=True,
                zorder=part.layer,
                **part.link,
            )
        )
    time.put_on(fig)
    fig.update_yaxes(title_text=f"distance from truth ({html.escape(paths.units['x'])})", rangemode="tozero")
    spacing = ", evenly spaced" if shown < len(paths.t) else ""
    caption = f"{sentence(drawn(shown, len(paths.t), 'points'))}{spacing}."
    return Panel("Distance from the truth in time", fig, caption)
