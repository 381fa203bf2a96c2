"""The figures of the PEPT report. Each function returns a figure and its caption."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from .decimate import every, extremes, shares
from .numbers import drawn, spell
from .palette import NEUTRAL, PALETTE, translucent
from .tables import Floats
from .tracks import XYZ, Tracks

Panel: TypeAlias = tuple[go.Figure, str]
COLOURED = 8
BINS = 160
DENSE = 500
LINES_DRAWN = 400


@dataclass(frozen=True)
class Group:
    """Points drawn in one colour: a trajectory, or all of the smaller ones together."""

    name: str
    colour: str
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class Clock:
    """The time axis of all panels: from `start` to `end`, where data times are multiplied by `scale`."""

    unit: str
    scale: float
    start: float
    end: float

    def put_on(self, fig: go.Figure, **place: int) -> None:
        """Make this the x axis of a figure."""
        margin = 0.01 * (self.end - self.start) or 0.5
        limits = [(self.start - margin) * self.scale, (self.end + margin) * self.scale]
        fig.update_xaxes(range=limits)
        fig.update_xaxes(title_text=f"<i>t</i> ({html.escape(self.unit)})", **place)

    def spell(self, t: float) -> str:
        """A time with as many decimals as the range needs."""
        span = (self.end - self.start) * self.scale
        decimals = max(0, 2 - math.floor(math.log10(span))) if span > 0 else 3
        return f"{t * self.scale:.{decimals}f}"


def clock(unit: str, start: float, end: float) -> Clock:
    """Milliseconds become seconds from ten seconds on; other units stay."""
    seconds = unit == "ms" and end - start >= 10_000
    return Clock("s" if seconds else unit, 1e-3 if seconds else 1.0, start, end)


def groups(paths: Tracks) -> list[Group]:
    """The largest trajectories in order of their labels, then the others as one group."""
    by_size = np.argsort(-paths.counts, kind="stable")
    chosen, others = np.sort(by_size[:COLOURED]), by_size[COLOURED:]
    found = [
        Group(f"trajectory {paths.labels[i]:g}", PALETTE[number], np.arange(paths.counts[i]) + paths.starts[i])
        for number, i in enumerate(chosen)
    ]
    if len(others):
        rows = np.flatnonzero(np.isin(paths.label, paths.labels[others]))
        found.append(Group(f"{spell(len(others))} others", NEUTRAL, rows))
    return found


def others_note(paths: Tracks) -> str:
    """What the grey curves are, if there are any."""
    more = len(paths.labels) - COLOURED
    return f" The {COLOURED} longest trajectories are coloured, {spell(more)} others are grey." if more > 0 else ""


def lines_and_paths(lines: Floats, total: int, paths: Tracks, parts: Sequence[Group], limit: int) -> Panel:
    """A sample of the LoRs between their detector hits, with the trajectories.

    Parameters
    ----------
    lines : (L, 7) array
        The sample to draw.
    total : int
        How many LoRs there are.
    """
    broken = np.full((len(lines), 3, 3), np.nan, dtype=np.float32)
    broken[:, 0], broken[:, 1] = lines[:, 1:4], lines[:, 4:7]
    x, y, z = broken.reshape(-1, 3).T.copy()
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
    shown = _add_paths(fig, paths, parts, limit)
    _space(fig, paths.units["x"])
    caption = f"{spell(len(lines))} of {spell(total)} LoRs, evenly spaced in the list"
    if len(paths.t):
        caption += f"; {drawn(shown, len(paths.t), 'points of trajectories')}"
    return fig, f"{caption}. Equal scales; y points up."


def paths_in_space(paths: Tracks, parts: Sequence[Group], limit: int) -> Panel:
    """The trajectories, one colour each, and the points that belong to none."""
    fig = go.Figure()
    shown = _add_paths(fig, paths, parts, limit)
    loose = every(len(paths.loose_t), limit // 4)
    if len(loose):
        x, y, z = paths.loose_xyz[loose].astype(np.float32).T.copy()
        marker = {"size": 1.6, "color": NEUTRAL, "opacity": 0.6}
        fig.add_trace(go.Scatter3d(x=x, y=y, z=z, mode="markers", marker=marker, name="unassigned"))
    _space(fig, paths.units["x"])
    caption = f"{drawn(shown, len(paths.t), 'points')[0].upper()}{drawn(shown, len(paths.t), 'points')[1:]}"
    if len(loose):
        caption += f"; {drawn(len(loose), len(paths.loose_t), 'unassigned points')}"
    return fig, f"{caption}.{others_note(paths)} Equal scales; y points up."


def _add_paths(fig: go.Figure, paths: Tracks, parts: Sequence[Group], limit: int) -> int:
    """Add a trace per group, joined by lines unless points are left out; returns the number of points drawn."""
    quota = shares([len(part.rows) for part in parts], limit)
    shown = 0
    for part, share in zip(parts, quota, strict=True):
        rows = part.rows[every(len(part.rows), share)]
        shown += len(rows)
        whole = len(rows) == len(part.rows)
        segment = paths.segment[rows] if whole else np.zeros(len(rows))
        x, y, z = (_broken(paths.xyz[rows, i], segment, np.float32) for i in range(3))
        fig.add_trace(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="lines+markers" if whole else "markers",
                line={"width": 2, "color": translucent(part.colour, 0.6)},
                marker={"size": 2.2 if whole else 1.8, "color": part.colour},
                name=part.name,
            )
        )
    return shown


def _space(fig: go.Figure, unit: str) -> None:
    axes = {f"{axis}axis": {"title": {"text": f"<i>{axis}</i> ({html.escape(unit)})"}} for axis in XYZ}
    camera = {"up": {"x": 0, "y": 1, "z": 0}, "eye": {"x": 1.48, "y": 0.75, "z": 1.48}, "center": {"x": 0, "y": -0.14, "z": 0}}
    fig.update_layout(scene={"aspectmode": "data", "camera": camera, **axes}, margin={"l": 0, "r": 0, "t": 30, "b": 0})


def coordinates_in_time(paths: Tracks, parts: Sequence[Group], time: Clock, limit: int) -> Panel:
    """x, y and z against time, each with a band of plus or minus the error."""
    fig = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.04)
    curves = 1 if paths.error is None else 3
    quota = shares([len(part.rows) for part in parts], limit // curves)
    shown = 0
    for part, share in zip(parts, quota, strict=True):
        rows = part.rows[extremes(paths.xyz[part.rows], share)]
        shown += len(rows)
        for number in range(3):
            for trace in _band_and_curve(paths, part, rows, number, time):
                trace.showlegend = bool(trace.showlegend) and number == 0
                fig.add_trace(trace, row=number + 1, col=1)
    for number, axis in enumerate(XYZ, start=1):
        fig.update_yaxes(title_text=f"<i>{axis}</i> ({html.escape(paths.units['x'])})", row=number, col=1)
    time.put_on(fig, row=3, col=1)
    caption = f"Lines break where two points of a trajectory are more than {_duration(paths.gap, paths)} apart; "
    caption += _kept(shown, len(paths.t))
    if paths.error is not None:
        caption += ". The shaded band is ± the column “error” of the points, the same for x, y and z"
    return fig, f"{caption}.{others_note(paths)}"


def _band_and_curve(paths: Tracks, part: Group, rows: NDArray[np.intp], axis: int, time: Clock) -> list[go.Scatter]:
    t, values, segment = paths.t[rows] * time.scale, paths.xyz[rows, axis], paths.segment[rows]
    mode = "lines" if len(part.rows) > DENSE else "lines+markers"
    curve = go.Scatter(
        x=_broken(t, segment),
        y=_broken(values, segment, np.float32),
        mode=mode,
        line={"width": 1.4, "color": part.colour},
        marker={"size": 3, "color": part.colour},
        name=part.name,
        legendgroup=part.name,
        showlegend=True,
    )
    if paths.error is None:
        return [curve]
    error = np.nan_to_num(paths.error[rows], nan=0.0, posinf=0.0, neginf=0.0)
    band = go.Scatter(
        x=_outline(t, t, segment),
        y=_outline(values - error, values + error, segment).astype(np.float32),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=translucent(part.colour, 0.3),
        hoverinfo="skip",
        legendgroup=part.name,
        showlegend=False,
    )
    return [band, curve]


def speed_in_time(
    paths: Tracks, parts: Sequence[Group], speed: Floats, window: int, time: Clock, limit: int
) -> Panel:
    """Speed against time."""
    fig = go.Figure()
    quota = shares([len(part.rows) for part in parts], limit)
    shown = 0
    for part, share in zip(parts, quota, strict=True):
        rows = part.rows[extremes(speed[part.rows, None], share)]
        shown += len(rows)
        segment = paths.segment[rows]
        fig.add_trace(
            go.Scatter(
                x=_broken(paths.t[rows] * time.scale, segment),
                y=_broken(speed[rows], segment, np.float32),
                mode="lines",
                line={"width": 1.4, "color": part.colour},
                name=part.name,
                showlegend=True,
            )
        )
    time.put_on(fig)
    fig.update_yaxes(title_text=f"speed ({html.escape(speed_unit(paths))})", rangemode="tozero")
    caption = (
        f"Slope of the straight line fitted by least squares to {window} consecutive points of a trajectory "
        f"(centred); no value next to gaps and ends. Position noise adds to the speed; {_kept(shown, len(paths.t))}"
    )
    return fig, f"{caption}.{others_note(paths)}"


def speed_unit(paths: Tracks) -> str:
    """Unit of speed; mm/ms is m/s."""
    length, time = paths.units["x"], paths.units["t"]
    return "m/s" if (length, time) == ("mm", "ms") else f"{length}/{time}"


def round_width(span: float, wanted: int) -> float:
    """1, 2 or 5 times a power of ten, so that `span` has at most `wanted` such widths."""
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))


def time_bins(start: float, end: float) -> Floats:
    """Edges of bins of a round width from `start` on, as many as fit whole."""
    if not end > start:
        return np.array([start - 0.5, start + 0.5])
    width = round_width(end - start, BINS)
    return start + width * np.arange(math.floor((end - start) / width + 1e-9) + 1)


def rate_in_time(times: Floats, edges: Floats, time: Clock, unit: str) -> Panel:
    """LoRs per unit of time."""
    width = float(edges[1] - edges[0])
    rate = np.histogram(times, edges)[0] / width
    fig = go.Figure(_steps(edges * time.scale, rate, PALETTE[0], "LoRs", fill="tozeroy"))
    time.put_on(fig)
    fig.update_yaxes(title_text=f"LoRs per {html.escape(unit)}", rangemode="tozero")
    return fig, f"Bins of {width:g} {unit}, whole ones only."


def located_in_time(paths: Tracks, parts: Sequence[Group], edges: Floats, time: Clock) -> Panel:
    """Located points per bin of time, stacked."""
    fig = go.Figure()
    for part in parts:
        counts = np.histogram(paths.t[part.rows], edges)[0]
        fig.add_trace(_steps(edges * time.scale, counts, part.colour, part.name, stackgroup="points"))
    if len(paths.loose_t):
        counts = np.histogram(paths.loose_t, edges)[0]
        fig.add_trace(_steps(edges * time.scale, counts, NEUTRAL, "unassigned", stackgroup="points"))
    time.put_on(fig)
    fig.update_yaxes(title_text="points per bin", rangemode="tozero")
    return fig, f"Stacked; bins of {edges[1] - edges[0]:g} {paths.units['t']}, whole ones only."


def _steps(edges: Floats, heights: Any, colour: str, name: str, **style: Any) -> go.Scatter:
    return go.Scatter(
        x=edges,
        y=np.append(heights, heights[-1]).astype(np.float32),
        mode="lines",
        line={"shape": "hv", "width": 1.2, "color": colour},
        fillcolor=translucent(colour, 0.25),
        name=name,
        **style,
    )


def distances_histogram(values: Floats, parts: Sequence[Group], title: str, unit: str) -> Panel:
    """Distribution of non-negative values for each group, up to the 99.5th percentile of all."""
    known = values[np.isfinite(values)]
    top = float(np.quantile(known, 0.995)) or float(known.max()) or 1.0
    width = round_width(top, 60)
    edges = width * np.arange(math.ceil(top / width) + 1)
    fig = go.Figure()
    for part in parts:
        counts = np.histogram(values[part.rows], edges)[0]
        fig.add_trace(_steps(edges, counts, part.colour, part.name, fill="tozeroy"))
    fig.update_xaxes(title_text=f"{title} ({html.escape(unit)})", range=[0, float(edges[-1])])
    fig.update_yaxes(title_text="points per bin", rangemode="tozero")
    beyond = int((known > edges[-1]).sum())
    return fig, f"Bins of {width:g} {unit}; {spell(beyond)} of {spell(len(known))} points lie beyond the right edge."


def truth_in_time(paths: Tracks, parts: Sequence[Group], distance: Floats, time: Clock, limit: int) -> Panel:
    """Distance from the truth against time."""
    fig = go.Figure()
    quota = shares([len(part.rows) for part in parts], limit)
    shown = 0
    for part, share in zip(parts, quota, strict=True):
        rows = part.rows[extremes(distance[part.rows, None], share)]
        shown += len(rows)
        fig.add_trace(
            go.Scatter(
                x=paths.t[rows] * time.scale,
                y=distance[rows].astype(np.float32),
                mode="markers",
                marker={"size": 3, "opacity": 0.7, "color": part.colour},
                name=part.name,
                showlegend=True,
            )
        )
    time.put_on(fig)
    fig.update_yaxes(title_text=f"distance from truth ({html.escape(paths.units['x'])})", rangemode="tozero")
    kept = _kept(shown, len(paths.t))
    return fig, f"{kept[0].upper()}{kept[1:]}."


def _kept(shown: int, total: int) -> str:
    note = drawn(shown, total, "points")
    return note if shown >= total else f"{note}, the lowest and highest of every stretch among them"


def _duration(gap: float, paths: Tracks) -> str:
    return "n/a" if math.isnan(gap) else f"{spell(gap)} {paths.units['t']}"


def _broken(values: Floats, segment: NDArray[Any], dtype: type = np.float64) -> NDArray[Any]:
    """`values` with a NaN between points of different segments, so that lines break there."""
    return np.insert(values.astype(dtype), np.flatnonzero(np.diff(segment)) + 1, np.nan)


def _outline(lower: Floats, upper: Floats, segment: NDArray[Any]) -> Floats:
    """The closed outline of each segment, there along `lower` and back along `upper`, with NaNs between."""
    ends = np.append(np.flatnonzero(np.diff(segment)) + 1, len(segment))
    pieces: list[Any] = []
    start = 0
    for end in ends:
        pieces += [lower[start:end], upper[start:end][::-1], [np.nan]]
        start = end
    return np.concatenate(pieces)[:-1]
