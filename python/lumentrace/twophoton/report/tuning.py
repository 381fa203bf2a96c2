"""What a report says of tuning: curves with their bands, directions around a circle, a table."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lumentrace.plots.linked import identity, whole
from lumentrace.plots.palette import PALETTE, translucent
from lumentrace.plots.report import Report
from lumentrace.twophoton.respond.recording_tuning import SIGNIFICANT, RecordingTuning, is_angle
from lumentrace.twophoton.respond.selectivity import DirectionSelectivity
from lumentrace.twophoton.respond.tuning import TuningCurves

from .panels import MOST_ROWS, axis_titles, first_rows, panels, tall
from .places import COLUMNS, NARROW, REGION
from .responses import PANELS

COLOUR, ARROW = PALETTE[0], PALETTE[1]
BAND = translucent(COLOUR, 0.25)
COLUMNS_SHOWN = (
    "number",
    "roi_label",
    "preferred_stimulus",
    "preferred_response",
    "preferred_direction_deg",
    "preferred_orientation_deg",
    "dsi_vector_corrected",
    "osi_vector_corrected",
    "tuned_q",
    "responsive_q",
    "split_half_r",
    "remarks",
)
"""Of the table."""
POLAR = 250
"""Height of a row of circles."""


def report_tuning(report: Report, tuning: RecordingTuning) -> None:
    """How many regions are tuned, curves of the surest, and the table."""
    report.section("Tuning")
    curves, count = tuning.curves, len(tuning.curves.roi_labels)
    tuned = tuning.tuned_regions()
    report.text(
        f"{tuned} of {count} regions are tuned to {curves.parameter}: with q at most {SIGNIFICANT:g}, by shuffled "
        f"stimuli; {SIGNIFICANT:.0%} of those are false on average. {int((tuning.responsive.q <= SIGNIFICANT).sum())} "
        "respond at all."
    )
    numbers = list(range(1, count + 1))
    titles = [f"{number}  {label}" for number, label in zip(numbers, curves.roi_labels, strict=True)]
    order = np.lexsort((-np.nan_to_num(curves.mean, nan=-np.inf).max(axis=0), np.nan_to_num(tuning.tuned.p, nan=2.0)))
    shown = sorted(int(own) for own in order[:PANELS] if np.isfinite(curves.mean[:, own]).any())
    some = "" if count <= PANELS else f" The {len(shown)} surest of {count}."
    if not shown:
        report.text("No region has values.", notice=True)
        return
    caption = f"Means over trials; bands of 95 % by drawing trials anew.{some}"
    figure, rows = tuning_panels(curves, numbers, shown, titles)
    other, more = tuning_panels(curves, numbers, shown, titles, NARROW)
    report.figure(figure, "Tuning curves", caption, tall(rows), narrow=(other, tall(more)))
    if tuning.selectivity is not None:
        caption = f"The same around a circle; the line is the preferred direction, by the vector sum.{some}"
        figure, rows = polar_panels(curves, tuning.selectivity, numbers, shown, titles)
        other, more = polar_panels(curves, tuning.selectivity, numbers, shown, titles, NARROW)
        report.figure(figure, "Directions", caption, POLAR * rows, narrow=(other, POLAR * more))
    table = tuning.table()
    table = table.select([name for name in COLUMNS_SHOWN if name in table.columns])
    caption = (
        "Indices are less what noise adds; q: rate of false discoveries, by shuffled stimuli (tuned) or times "
        f"(responsive). tuning.csv has other definitions and intervals.{first_rows(count)}"
    )
    header = [name.replace("_", " ") for name in table.columns]
    marks = [identity(REGION, number) for number in numbers[:MOST_ROWS]]
    report.table(header, table.head(MOST_ROWS).rows(), caption, marks)


def tuning_panels(
    curves: TuningCurves,
    numbers: Sequence[int | str],
    shown: Sequence[int],
    titles: Sequence[str],
    columns: int = COLUMNS,
) -> tuple[go.Figure, int]:
    """Tuning curves with their confidence bands, a panel for each region; and the number of rows."""
    figure, rows, places = panels([titles[own] for own in shown], columns)
    for own, place in zip(shown, places, strict=True):
        low, high, mean = curves.low[:, own], curves.high[:, own], curves.mean[:, own]
        known = np.isfinite(low) & np.isfinite(high)
        along = np.concatenate([curves.stimuli[known], curves.stimuli[known][::-1]])
        across = np.concatenate([high[known], low[known][::-1]])
        style = {"fill": "toself", "fillcolor": BAND, "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_trace(go.Scatter(x=along, y=across, mode="lines", **style), **place)
        figure.add_trace(
            go.Scatter(
                x=curves.stimuli,
                y=mean,
                mode="lines+markers",
                line={"color": COLOUR, "width": 1.8},
                marker={"size": 5},
                showlegend=False,
                customdata=np.stack([low, high, curves.count[:, own]], axis=1),
                hovertemplate="%{x:g}: %{y:.3f} dF/F (%{customdata[0]:.3f} to %{customdata[1]:.3f}), "
                "n = %{customdata[2]}",
                **whole(REGION, numbers[own]),
            ),
            **place,
        )
    axis_titles(figure, rows, places, html.escape(curves.parameter), "dF/F")
    if is_angle(curves.parameter) and np.ptp(curves.stimuli) > 180:
        figure.update_xaxes(tickvals=[0, 90, 180, 270])
    return figure, rows


def polar_panels(
    curves: TuningCurves,
    selectivity: DirectionSelectivity,
    numbers: Sequence[int | str],
    shown: Sequence[int],
    titles: Sequence[str],
    columns: int = COLUMNS,
) -> tuple[go.Figure, int]:
    """Responses to directions around a circle with the preferred direction, a panel each; and the number of rows.

    Responses below 0 lie in the centre.
    """
    columns = min(columns, max(len(shown), 1))
    rows = max(1, -(-len(shown) // columns))
    figure = make_subplots(
        rows=rows,
        cols=columns,
        specs=[[{"type": "polar"}] * columns for _ in range(rows)],
        subplot_titles=[html.escape(titles[own]) for own in shown],
        horizontal_spacing=0.22 / columns,
        vertical_spacing=0.36 / rows,
    )
    figure.update_annotations(font_size=13, yshift=20)
    for number, own in enumerate(shown):
        place = {"row": number // columns + 1, "col": number % columns + 1}
        for trace in _around(curves, selectivity, own, numbers[own]):
            figure.add_trace(trace, **place)
    figure.update_polars(
        angularaxis={"tickmode": "array", "tickvals": [0, 90, 180, 270], "tickfont": {"size": 11}},
        radialaxis={"nticks": 3, "tickfont": {"size": 10}, "angle": 45, "rangemode": "tozero"},
    )
    figure.update_layout(margin={"l": 40, "r": 40, "t": 72, "b": 40}, showlegend=False)
    return figure, rows


def _around(
    curves: TuningCurves, selectivity: DirectionSelectivity, own: int, number: int | str
) -> list[go.Scatterpolar]:
    """The band, the means, and a line at the preferred direction."""
    ring = np.append(np.arange(len(curves.stimuli)), 0)
    angles = curves.stimuli[ring]
    mean, low, high = (np.maximum(each[ring, own], 0) for each in (curves.mean, curves.low, curves.high))
    found = []
    if np.isfinite(low).all() and np.isfinite(high).all():
        band = {"theta": np.concatenate([angles, angles[::-1]]), "r": np.concatenate([high, low[::-1]])}
        style = {"fill": "toself", "fillcolor": BAND, "line": {"width": 0}, "hoverinfo": "skip"}
        found.append(go.Scatterpolar(**band, mode="lines", **style))
    line = {"color": COLOUR, "width": 1.8}
    hover = "%{theta:g}°: %{r:.3f} dF/F<extra></extra>"
    found.append(
        go.Scatterpolar(theta=angles, r=mean, mode="lines", line=line, hovertemplate=hover, **whole(REGION, number))
    )
    preferred, top = selectivity.direction.value[own], np.nanmax(mean, initial=0.0)
    if np.isfinite(preferred) and top > 0:
        text = f"preferred: {preferred:.0f}°<extra></extra>"
        style = {"line": {"color": ARROW, "width": 2}, "hovertemplate": text}
        found.append(go.Scatterpolar(theta=[preferred] * 2, r=[0, top], mode="lines", **style))
    return found
