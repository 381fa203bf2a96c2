"""The figures of a tracking report that show space."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lumentrace.data.points import XYZ
from lumentrace.pept.tracks import Tracks
from lumentrace.plots.decimate import every, shares
from lumentrace.plots.linked import timed
from lumentrace.plots.numbers import drawn, spell
from lumentrace.plots.palette import NEUTRAL, translucent
from lumentrace.plots.times import Times

from .lines import Lines
from .parts import TRAJECTORY, Clock, Group, Panel, broken, others_note, segments, sentence

SPACE_HEIGHT = 460
TAIL = 0.05
"""Share of the whole time that is seen behind a tracer."""
LEAST_SHARE = 0.25
"""Least length of an axis, as a share of the longest."""
FLAT = 1.4
"""Diagonal of a scene that is seen whole from near; from farther away, one that is as deep as wide."""


def lines_and_paths(lines: Lines, paths: Tracks, parts: Sequence[Group], time: Clock, limit: int) -> Panel:
    """A sample of the LoRs between their detector hits, with the trajectories."""
    ends = np.full((len(lines.sample), 3, 3), np.nan, dtype=np.float32)
    ends[:, 0], ends[:, 1] = lines.sample[:, 1:4], lines.sample[:, 4:7]
    x, y, z = ends.reshape(-1, 3).T.copy()
    fig = go.Figure(
        go.Scatter3d(
            x=x,
            y=y,
            z=z,
            mode="lines",
            line={"width": 1, "color": NEUTRAL},
            opacity=0.35,
            name="LoRs",
            hoverinfo="skip",
        )
    )
    shown = _add_paths(fig, paths, parts, time, limit)
    _space(fig, paths.units["x"])
    caption = f"{spell(len(lines.sample))} of {spell(lines.count)} LoRs, evenly spaced in the list"
    if len(paths.t):
        caption += f"; {drawn(shown, len(paths.t), 'points of trajectories')}"
    return Panel("Lines of response", fig, f"{caption}. Equal scales; y points up.", SPACE_HEIGHT)


def paths_in_space(paths: Tracks, parts: Sequence[Group], time: Clock, limit: int) -> Panel:
    """The trajectories, one colour each, and the points that belong to none."""
    fig = go.Figure()
    shown = _add_paths(fig, paths, parts, time, limit)
    loose = every(len(paths.loose_t), limit // 4)
    if len(loose):
        x, y, z = paths.loose_xyz[loose].astype(np.float32).T.copy()
        marker = {"size": 1.4, "color": NEUTRAL, "opacity": 0.4}
        fig.add_trace(go.Scatter3d(x=x, y=y, z=z, mode="markers", marker=marker, name="unassigned"))
    _space(fig, paths.units["x"])
    caption = sentence(drawn(shown, len(paths.t), "points"))
    if len(loose):
        caption += f"; {drawn(len(loose), len(paths.loose_t), 'unassigned points')}"
    note = f"{caption}.{others_note(paths)} Equal scales; y points up."
    return Panel("Trajectories", fig, note, SPACE_HEIGHT, _times(time))


def _times(time: Clock) -> Times | None:
    span = (time.end - time.start) * time.scale
    return Times(time.start * time.scale, time.end * time.scale, TAIL * span, time.unit) if span > 0 else None


def _add_paths(fig: go.Figure, paths: Tracks, parts: Sequence[Group], time: Clock, limit: int) -> int:
    """Add a trace per group, joined by lines unless points are left out; returns the number of points drawn."""
    quota = shares([len(part.rows) for part in parts], limit)
    shown = 0
    unit = html.escape(paths.units["x"])
    for part, share in zip(parts, quota, strict=True):
        rows = part.rows[every(len(part.rows), share)]
        shown += len(rows)
        when = "" if part.label is None else f"<br>t: %{{customdata}} {html.escape(time.unit)}"
        hover = f"x: %{{x}} {unit}<br>y: %{{y}} {unit}<br>z: %{{z}} {unit}{when}<extra>{part.name}</extra>"
        whole = len(rows) == len(part.rows)
        segment = segments(paths.breaks, rows) if whole else np.zeros(len(rows))
        x, y, z = (broken(paths.xyz[rows, i], segment, np.float32) for i in range(3))
        t = broken(paths.t[rows] * time.scale, segment, np.float32)
        fig.add_trace(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="lines+markers" if whole else "markers",
                line={"width": 2, "color": translucent(part.colour, 0.6)},
                marker={"size": 2.2 if whole else 1.8, "color": part.colour},
                name=part.name,
                hovertemplate=hover,
                **({} if part.label is None else timed(TRAJECTORY, part.label, t)),
            )
        )
    return shown


def _space(fig: go.Figure, unit: str) -> None:
    bounds = [_bounds(fig, axis) for axis in XYZ]
    longest = max(high - low for low, high in bounds)
    ratio: dict[str, float] = {}
    scene: dict[str, object] = {"aspectmode": "manual", "aspectratio": ratio}
    for axis, (low, high) in zip(XYZ, bounds, strict=True):
        # A flat axis keeps room for its labels; the scales stay equal.
        span = max(1.1 * (high - low), LEAST_SHARE * longest) or 1.0
        middle = (low + high) / 2
        title = {"text": f"<i>{axis}</i> ({html.escape(unit)})"}
        ticks = 6 if span > 0.5 * longest else 2
        scene[f"{axis}axis"] = {"title": title, "range": [middle - span / 2, middle + span / 2], "nticks": ticks}
        ratio[axis] = span / (1.1 * longest) if longest else 1.0
    away = max(1.0, math.hypot(*ratio.values()) / FLAT)
    scene["camera"] = {
        "up": {"x": 0, "y": 1, "z": 0},
        "eye": {"x": 1.2 * away, "y": 0.7 * away, "z": 1.6 * away},
        "center": {"x": 0, "y": -0.05, "z": 0},
    }
    below = {"y": 0, "yanchor": "top"}
    fig.update_layout(scene=scene, legend=below, margin={"l": 0, "r": 0, "t": 0, "b": 0})


def _bounds(fig: go.Figure, axis: str) -> tuple[float, float]:
    values = np.concatenate([np.asarray(trace[axis], dtype=float) for trace in fig.data] or [np.empty(0)])
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
