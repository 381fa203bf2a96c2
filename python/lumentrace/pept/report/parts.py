"""What the figures of a tracking report have in common: colours, the time axis, bins, and curves with breaks."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray
from lumentrace.pept.tracks import GAP_INTERVALS, Indices, Tracks
from lumentrace.plots.linked import whole
from lumentrace.plots.numbers import drawn, spell
from lumentrace.plots.palette import NEUTRAL, PALETTE, translucent
from lumentrace.plots.tables import Floats
from lumentrace.plots.times import Times

from .rows import Rows

COLOURED = 8
TRAJECTORY = "trajectory"
"""What trajectories are called where they are marked."""
BINS = 160


@dataclass(frozen=True)
class Panel:
    """A figure with all that the reader sees around it."""

    title: str
    fig: go.Figure
    caption: str
    height: int = 340
    times: Times | None = None


@dataclass(frozen=True)
class Group:
    """Points drawn in one colour: a trajectory, or all of the smaller ones together."""

    name: str
    colour: str
    rows: Rows
    label: float | None = None

    @property
    def link(self) -> dict[str, object]:
        """Settings of its traces, by which it is marked in all figures."""
        return {} if self.label is None else whole(TRAJECTORY, self.label)

    @property
    def layer(self) -> int:
        """Grey curves lie behind coloured ones."""
        return -1 if self.colour == NEUTRAL else 0


def groups(paths: Tracks) -> list[Group]:
    """The largest trajectories in order of their labels, then the others as one group."""
    by_size = np.argsort(-paths.counts, kind="stable")
    chosen, others = np.sort(by_size[:COLOURED]), by_size[COLOURED:]
    found = [
        Group(
            f"trajectory {paths.labels[i]:g}",
            PALETTE[number],
            Rows(paths.starts[i : i + 1], paths.ends[i : i + 1] + 1),
            float(paths.labels[i]),
        )
        for number, i in enumerate(chosen)
    ]
    if len(others):
        edges = np.sort(np.concatenate([paths.starts[chosen], paths.ends[chosen] + 1]))
        between = Rows(np.append(0, edges[1::2]), np.append(edges[::2], len(paths.t)))
        found.append(Group(f"{spell(len(others))} others", NEUTRAL, between))
    return found


def others_note(paths: Tracks) -> str:
    """What the grey curves are, if there are any."""
    more = len(paths.labels) - COLOURED
    return f" The {COLOURED} longest trajectories are coloured, {spell(more)} others are grey." if more > 0 else ""


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


def speed_unit(paths: Tracks) -> str:
    """Unit of speed; mm/ms is m/s."""
    length, time = paths.units["x"], paths.units["t"]
    return "m/s" if (length, time) == ("mm", "ms") else f"{length}/{time}"


def gap_rule(paths: Tracks) -> str:
    """The time above which two points of a trajectory have a gap between them, in words."""
    unit = paths.units["t"]
    if paths.max_gap is not None:
        return f"{spell(paths.max_gap)} {unit}"
    known = paths.gaps[np.isfinite(paths.gaps)]
    typical = f" ({spell(float(np.median(known)))} {unit})" if len(known) else ""
    return f"{GAP_INTERVALS:g} times the median interval of a trajectory{typical}"


def visible_breaks(paths: Tracks, time: Clock, drawn_points: int) -> tuple[Indices, str]:
    """Points before which lines break, and the rule in words: of a long table only gaps that can be seen."""
    rule = f"Lines break at gaps of more than {gap_rule(paths)}"
    if drawn_points >= len(paths.t):
        return paths.breaks, rule
    least = (time.end - time.start) / 1000
    return paths.breaks_from(least), f"{rule} and 0.1 % of the time shown"


def segments(breaks: Indices, rows: Indices) -> Indices:
    """The number of the stretch without a break that each of some points is in."""
    return np.searchsorted(breaks, rows, side="right")


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
    return start + width * np.arange(math.floor((end - start) / width + 1e-9) + 1, dtype=np.float64)


def histogram(blocks: Iterable[Floats], edges: Floats) -> NDArray[np.int64]:
    """How many of the numbers in blocks fall into each bin."""
    counts = np.zeros(len(edges) - 1, dtype=np.int64)
    for block in blocks:
        counts += np.histogram(block, edges)[0]
    return counts


def steps(edges: Floats, heights: AnyArray, colour: str, name: str, **style: object) -> go.Scatter:
    """A stepped curve: one height for each bin."""
    return go.Scatter(
        x=edges,
        y=np.append(heights, heights[-1]).astype(np.float32),
        mode="lines",
        line={"shape": "hv", "width": 1.2, "color": colour},
        fillcolor=translucent(colour, 0.25),
        name=name,
        **style,
    )


def broken(values: Floats, segment: AnyArray, dtype: type = np.float64) -> AnyArray:
    """`values` with a NaN between points of different segments, so that lines break there."""
    return np.insert(values.astype(dtype), np.flatnonzero(np.diff(segment)) + 1, np.nan)


def outline(lower: Floats, upper: Floats, segment: AnyArray) -> Floats:
    """The closed outline of each segment, there along `lower` and back along `upper`, with NaNs between."""
    ends = np.append(np.flatnonzero(np.diff(segment)) + 1, len(segment))
    pieces: list[Floats] = []
    start = 0
    for end in ends:
        pieces += [lower[start:end], upper[start:end][::-1], np.array([np.nan])]
        start = end
    return np.concatenate(pieces)[:-1]


def kept(shown: int, total: int) -> str:
    """How much of the data a curve drawn by `extremes` shows."""
    note = drawn(shown, total, "points")
    return note if shown >= total else f"{note}, the lowest and highest of every stretch among them"


def sentence(text: str) -> str:
    """`text` with a capital at its beginning."""
    return text[0].upper() + text[1:]
