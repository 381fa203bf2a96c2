"""Figures of responses: traces, means over trials, and kernels."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from lumentrace.plots.decimate import extremes
from lumentrace.plots.linked import each, whole
from lumentrace.plots.palette import NEUTRAL, PALETTE, translucent
from lumentrace.twophoton.respond.epochs import EpochMean, answered
from lumentrace.twophoton.respond.kernels import StimulusKernels
from lumentrace.twophoton.respond.responses import RecordingResponses

from .panels import axis_titles, panels
from .places import COLUMNS, DIVERGING, REGION, display_limit

Floats = NDArray[np.float64]

MOST_TRACES = 30
LINE = "#6f7b87"
"""Seen on light and on dark ground."""
POINTS = 1000
"""Points that are drawn of a trace."""
PANELS = 12
MOST_CELLS = 150_000
"""Of all heat maps together."""
MOST_TICKED = 5
"""Epochs side by side whose axes have room for many numbers."""
MOST_TICKS = 60
STREAMS = {"ipsilateral": PALETTE[0], "contralateral": PALETTE[1], "contrast": PALETTE[0]}
VALUE = "%{x:.2f} s, %{customdata:.3f} dF/F"
DASHES = ("solid", "dash", "dot", "dashdot")


def epoch_colours(epochs: Sequence[EpochMean]) -> dict[int, str]:
    """A colour for each epoch by its number; grey for baselines."""
    others = [epoch.number for epoch in epochs if not epoch.baseline]
    return {
        epoch.number: NEUTRAL if epoch.baseline else PALETTE[others.index(epoch.number) % len(PALETTE)]
        for epoch in epochs
    }


def traces(
    run: RecordingResponses,
    shown: Sequence[int],
    numbers: Sequence[int],
    epochs: Sequence[EpochMean],
    colours: Mapping[int, str],
) -> go.Figure:
    """dF/F of some regions over time, one above the other, over the epochs."""
    dff, rate = run.dff, float(run.grouped_responses.data_rate_hz)
    values = np.asarray(dff.values)[:, shown]
    finite = values[np.isfinite(values)]
    apart = float(np.ptp(np.percentile(finite, [0.5, 99.5]))) if finite.size else 1.0
    apart = apart or 1.0
    times = (dff.start_frame + np.arange(len(values))) / rate
    figure = go.Figure()
    top = apart * (len(shown) - 0.2)
    for place, own in enumerate(shown):
        rows = extremes(values[:, place : place + 1], POINTS)
        height = apart * (len(shown) - 1 - place)
        figure.add_scatter(
            x=times[rows].astype(np.float32),
            y=(values[rows, place] + height).astype(np.float32),
            mode="lines",
            line={"color": LINE, "width": 1.2},
            showlegend=False,
            customdata=values[rows, place].astype(np.float32),
            hovertemplate=f"region {numbers[own]}, {html.escape(dff.labels[own])}: {VALUE}<extra></extra>",
            **whole(REGION, numbers[own]),
        )
    moved = np.flatnonzero(np.asarray(run.recording.motion_artifact_mask)[dff.start_frame : dff.stop_frame])
    if moved.size:
        marker = {"symbol": "line-ns-open", "size": 9, "color": PALETTE[6], "line": {"width": 2}}
        low = np.full(moved.size, -0.75 * apart)
        name = "frame moved too far"
        figure.add_scatter(x=times[moved], y=low, mode="markers", marker=marker, name=name, hovertemplate="%{x:.2f} s")
    figure.update_layout(shapes=_shades(run, rate, (-apart, top + apart), colours))
    for epoch in epochs:
        if not epoch.baseline:
            marker = {"symbol": "square", "size": 11, "color": translucent(colours[epoch.number], 0.5)}
            figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=html.escape(epoch.name))
    ticks = [apart * (len(shown) - 1 - place) for place in range(len(shown))]
    figure.update_yaxes(
        tickvals=ticks,
        ticktext=[str(numbers[own]) for own in shown],
        title_text=f"region (lines {apart:.2g} dF/F apart)",
        range=[-apart, top + apart],
        showgrid=False,
        zeroline=False,
    )
    figure.update_xaxes(title_text="time (s)", range=[times[0], times[-1]], showgrid=False)
    return figure


def _shades(
    run: RecordingResponses, rate: float, across: tuple[float, float], colours: Mapping[int, str]
) -> list[dict[str, object]]:
    """A rectangle for each window that is no baseline."""
    low, high = across
    return [
        {
            "type": "rect",
            "x0": each.window.start_frame / rate,
            "x1": each.window.stop_frame / rate,
            "y0": low,
            "y1": high,
            "fillcolor": translucent(colours[each.epoch_number], 0.22),
            "line": {"width": 0},
            "layer": "below",
        }
        for each in run.epoch_windows
        if colours[each.epoch_number] != NEUTRAL
    ]


def means(
    epochs: Sequence[EpochMean],
    numbers: Sequence[int],
    titles: Sequence[str],
    shown: Sequence[int],
    colours: Mapping[int, str],
    columns: int = COLUMNS,
) -> tuple[go.Figure, int]:
    """Mean responses with their standard errors, a panel for each region; and the number of rows."""
    figure, rows, places = panels([titles[own] for own in shown], columns)
    for number, (own, place) in enumerate(zip(shown, places, strict=True)):
        link = whole(REGION, numbers[own])
        for epoch in answered(epochs):
            colour = colours[epoch.number]
            group = {"legendgroup": f"{epoch.number}", "name": html.escape(epoch.name), "showlegend": number == 0}
            mean, sem = epoch.mean[:, own], epoch.sem[:, own]
            known = np.isfinite(mean) & np.isfinite(sem)
            band = np.concatenate([(mean + sem)[known], (mean - sem)[known][::-1]])
            along = np.concatenate([epoch.times[known], epoch.times[known][::-1]])
            style = {"fill": "toself", "fillcolor": translucent(colour, 0.25), "line": {"width": 0}}
            figure.add_trace(
                go.Scatter(
                    x=along.astype(np.float32),
                    y=band.astype(np.float32),
                    mode="lines",
                    hoverinfo="skip",
                    **style,
                    **{**group, "showlegend": False},
                ),
                **place,
            )
            figure.add_trace(
                go.Scatter(
                    x=epoch.times.astype(np.float32),
                    y=mean.astype(np.float32),
                    mode="lines",
                    line={"color": colour, "width": 1.8},
                    hovertemplate="%{x:.2f} s: %{y:.3f} dF/F",
                    **group,
                    **link,
                ),
                **place,
            )
    figure.add_vline(0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    axis_titles(figure, rows, places, "time from onset (s)", "dF/F")
    return figure, rows


def heat(
    epochs: Sequence[EpochMean], order: Sequence[int], numbers: Sequence[int], stacked: bool = False
) -> tuple[go.Figure, float]:
    """Mean responses of all regions to all epochs in colours, side by side or stacked; and the value of full colour."""
    used = answered(epochs)
    limit = display_limit([epoch.mean[:, list(order)] for epoch in used])
    cells = sum(len(epoch.times) for epoch in used) * max(len(order), 1)
    by = max(1, -(-cells // MOST_CELLS))
    widths = [float(np.ptp(epoch.times)) or 1.0 for epoch in used]
    titles = [f"{html.escape(epoch.name)} (n = {epoch.trials})" for epoch in used]
    if stacked:
        figure = make_subplots(rows=len(used), cols=1, subplot_titles=titles, vertical_spacing=0.28 / len(used))
    else:
        side = {"column_widths": widths, "shared_yaxes": True, "horizontal_spacing": 0.01}
        figure = make_subplots(rows=1, cols=len(used), subplot_titles=titles, **side)
    places = [{"row": number, "col": 1} if stacked else {"row": 1, "col": number} for number in range(1, len(used) + 1)]
    for epoch, place in zip(used, places, strict=True):
        times, values = _thinned(epoch.times, epoch.mean[:, list(order)], by)
        figure.add_trace(
            go.Heatmap(
                x=times.astype(np.float32),
                y=np.arange(len(order)),
                z=values.T.astype(np.float32),
                coloraxis="coloraxis",
                hovertemplate="region %{customdata}, %{x:.2f} s: %{z:.3f} dF/F<extra></extra>",
                **each(REGION, [numbers[own] for own in order]),
            ),
            **place,
        )
    figure.add_vline(0, line={"color": "#000000", "width": 1, "dash": "dot"})
    bar = {"title": {"text": "dF/F"}}
    figure.update_layout(coloraxis={"colorscale": DIVERGING, "cmin": -limit, "cmax": limit, "colorbar": bar})
    figure.update_annotations(font_size=13)
    figure.update_yaxes(autorange="reversed", showgrid=False, zeroline=False, showticklabels=False, ticks="")
    every = max(1, -(-len(order) // MOST_TICKS))
    names = [str(numbers[own]) for own in order][::every]
    for place in places if stacked else places[:1]:
        figure.update_yaxes(
            tickvals=list(range(0, len(order), every)),
            ticktext=names,
            title_text="region",
            showticklabels=True,
            ticks="outside",
            tickfont_size=10,
            **place,
        )
    figure.update_xaxes(title_standoff=4, showgrid=False, zeroline=False, nticks=6 if len(used) <= MOST_TICKED else 3)
    for place in places[-1:] if stacked else places[(len(places) - 1) // 2 :][:1]:
        figure.update_xaxes(title_text="time from onset (s)", **place)
    figure.update_layout(margin={"l": 60, "r": 70, "t": 40, "b": 50})
    return figure, limit


def _thinned(times: Floats, values: Floats, by: int) -> tuple[Floats, Floats]:
    """Means of `by` neighbours in time."""
    if by == 1:
        return times, values
    starts = np.arange(0, len(times), by)
    held = np.isfinite(values)
    total = np.add.reduceat(np.where(held, values, 0.0), starts, axis=0)
    count = np.add.reduceat(held.astype(np.float64), starts, axis=0)
    middle = np.add.reduceat(times, starts) / np.diff([*starts, len(times)])
    return middle, np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def order_by_preference(peaks: Floats, names: Sequence[str], epochs: Sequence[EpochMean]) -> list[int]:
    """All regions: by the epoch that they answer most, the strongest first; those without values last."""
    place = {epoch.name: number for number, epoch in enumerate(answered(epochs))}
    keys = [
        (not np.isfinite(peak), place.get(name, len(place)), -abs(peak) if np.isfinite(peak) else 0.0, number)
        for number, (peak, name) in enumerate(zip(peaks, names, strict=True))
    ]
    return [key[3] for key in sorted(keys)]


def kernel_panels(
    kernels: StimulusKernels,
    numbers: Sequence[int | str],
    shown: Sequence[int],
    titles: Sequence[str],
    columns: int = COLUMNS,
) -> tuple[go.Figure, int]:
    """Kernels of some regions; and the number of rows."""
    figure, rows, places = panels([titles[own] for own in shown], columns)
    several = len(kernels.epoch_names) > 1
    for number, (own, place) in enumerate(zip(shown, places, strict=True)):
        for stream, colour in STREAMS.items():
            values = getattr(kernels, stream)
            if values is None:
                continue
            for epoch, name in enumerate(kernels.epoch_names):
                figure.add_trace(
                    go.Scatter(
                        x=np.asarray(kernels.time_seconds, np.float32),
                        y=np.asarray(values[epoch, own], np.float32),
                        mode="lines",
                        line={"color": colour, "width": 1.8, "dash": DASHES[epoch % len(DASHES)]},
                        name=f"{stream}, {html.escape(name)}" if several else stream,
                        legendgroup=f"{stream}{epoch}",
                        showlegend=number == 0,
                        hovertemplate="%{x:.3f} s: weight %{y:.4f}",
                        **whole(REGION, numbers[own]),
                    ),
                    **place,
                )
    figure.add_vline(0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    axis_titles(figure, rows, places, "stimulus before response (s)", "weight")
    return figure, rows
