"""What a report says of neuropil and of events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lumentrace.plots.decimate import extremes
from lumentrace.plots.linked import each, identity, whole
from lumentrace.plots.palette import NEUTRAL, PALETTE
from lumentrace.plots.report import Report
from lumentrace.twophoton.measure.neuropil import NeuropilCorrectedTraces
from lumentrace.twophoton.measure.spikes import Spikes
from lumentrace.twophoton.respond.recording_spikes import spikes_table
from lumentrace.twophoton.respond.responses import RecordingResponses

from .panels import MOST_ROWS, first_rows
from .places import REGION

MOST_EVENTS, POINTS = 20_000, 3000
FITS = 6
"""Regions whose calcium is drawn over dF/F."""
NORMAL = 1.96


def report_neuropil(report: Report, neuropil: NeuropilCorrectedTraces) -> None:
    """Coefficients with intervals, and why some regions have none."""
    report.section("Neuropil")
    known = np.flatnonzero(np.isfinite(neuropil.coefficients))
    missing = [place for place, reason in enumerate(neuropil.reasons) if reason]
    if len(known):
        caption = (
            "How much of the light around a region is in the region: 0 none, 1 as bright as the surroundings. Bars: "
            "95 %. It was taken away before dF/F."
        )
        report.figure(_coefficients(neuropil, known), "Coefficients", caption, height=300)
    if missing:
        rows = [(place + 1, neuropil.labels[place], neuropil.reasons[place]) for place in missing[:MOST_ROWS]]
        report.table(["number", "label", "why there is no coefficient, and no dF/F"], rows, first_rows(len(missing)))


def _coefficients(neuropil: NeuropilCorrectedTraces, known: NDArray[np.int64]) -> go.Figure:
    numbers = known + 1
    figure = go.Figure()
    figure.add_scatter(
        x=numbers,
        y=neuropil.coefficients[known],
        error_y={"array": NORMAL * neuropil.standard_errors[known], "thickness": 1, "width": 0},
        mode="markers",
        marker={"color": PALETTE[0], "size": 6},
        hovertemplate="region %{x}: %{y:.3f}<extra></extra>",
        **each(REGION, numbers),
    )
    figure.add_hline(0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="region")
    figure.update_yaxes(title_text="coefficient")
    return figure


def report_events(report: Report, run: RecordingResponses, spikes: Spikes) -> None:
    """Events over time, calcium over dF/F of the most active regions, and the table."""
    report.section("Events")
    labels = run.dff.labels
    table = spikes_table(labels, spikes)
    known = [place for place, reason in enumerate(spikes.reasons) if not reason]
    if known:
        rate = float(run.grouped_responses.data_rate_hz)
        events = np.nan_to_num(spikes.spikes)
        figure, some = _raster(events, run.dff.start_frame, rate)
        caption = f"Each dot is what a frame adds to the calcium of a region, larger for more.{some}"
        report.figure(figure, "Events", caption, height=int(np.clip(120 + 8 * len(labels), 260, 900)))
        best = sorted(known, key=lambda place: -float(events[:, place].sum()))[:FITS]
        caption = f"dF/F (grey) and the calcium that follows from the events; the {len(best)} most active regions."
        figure = _fits(run, spikes, sorted(best), rate)
        report.figure(figure, "Calcium over dF/F", caption, height=120 + 70 * len(best))
    else:
        report.text("No region has events.", notice=True)
    header = [name.replace("_", " ") for name in table.columns]
    caption = (
        f"Frames with events that follow each other are one event. Noise is that of a frame.{first_rows(len(labels))}"
    )
    marks = [identity(REGION, number) for number in range(1, len(labels) + 1)]
    report.table(header, table.head(MOST_ROWS).rows(), caption, marks[:MOST_ROWS])


def _raster(events: NDArray[np.float64], start: int, rate: float) -> tuple[go.Figure, str]:
    """Dots, and a note if the smallest are not drawn."""
    frames, regions = np.nonzero(events > 0)
    sizes = events[frames, regions]
    some = ""
    if len(sizes) > MOST_EVENTS:
        kept = np.sort(np.argsort(-sizes, kind="stable")[:MOST_EVENTS])
        some = f" The {MOST_EVENTS:,} largest of {len(sizes):,}."
        frames, regions, sizes = frames[kept], regions[kept], sizes[kept]
    full = float(np.percentile(sizes, 95)) if len(sizes) else 1.0
    figure = go.Figure()
    figure.add_scattergl(
        x=((frames + start) / rate).astype(np.float32),
        y=(regions + 1).astype(np.int32),
        mode="markers",
        marker={"size": (1.5 + 5 * np.minimum(sizes / full, 1)).astype(np.float32), "color": PALETTE[0]},
        customdata=sizes.astype(np.float32),
        hovertemplate="region %{y}, %{x:.2f} s: %{customdata:.3f} dF/F<extra></extra>",
    )
    figure.update_xaxes(title_text="time (s)")
    figure.update_yaxes(title_text="region", range=[events.shape[1] + 0.7, 0.3])
    return figure, some


def _fits(run: RecordingResponses, spikes: Spikes, shown: Sequence[int], rate: float) -> go.Figure:
    dff = run.dff
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (dff.fluorescence - dff.baseline) / dff.baseline
    calcium = spikes.baseline + spikes.calcium
    apart = float(np.nanmax(np.ptp(np.nan_to_num(values[:, shown]), axis=0)))
    figure = go.Figure()
    for place, own in enumerate(shown):
        level = apart * (len(shown) - 1 - place)
        rows = extremes(np.stack([values[:, own], calcium[:, own]], 1), POINTS)
        times = ((rows + dff.start_frame) / rate).astype(np.float32)
        for data, colour, width in ((values, NEUTRAL, 1), (calcium, PALETTE[place % len(PALETTE)], 1.5)):
            figure.add_scattergl(
                x=times,
                y=(data[rows, own] + level).astype(np.float32),
                mode="lines",
                line={"color": colour, "width": width},
                hoverinfo="skip",
                showlegend=False,
                **whole(REGION, own + 1),
            )
    figure.update_xaxes(title_text="time (s)")
    ticks = {"tickvals": [apart * (len(shown) - 1 - place) for place in range(len(shown))]}
    figure.update_yaxes(title_text="region", ticktext=[str(own + 1) for own in shown], **ticks)
    return figure
