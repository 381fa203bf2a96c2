"""Figures of timing: what the photodiode saw, and what was made of it."""

from __future__ import annotations

import html
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from lumentrace.plots.decimate import extremes
from lumentrace.plots.palette import NEUTRAL
from lumentrace.twophoton.respond.responses import RecordingResponses

POINTS = 4000


def photodiode(run: RecordingResponses, colours: Mapping[int, str]) -> go.Figure:
    """The fast photodiode over time, and where epochs begin."""
    signal = np.asarray(run.recording.high_res_pd, dtype=np.float64)
    rate = float(run.grouped_responses.data_rate_hz)
    seconds = run.recording.movie.shape[0] / rate / len(signal)
    rows = extremes(signal[:, None], POINTS)
    figure = go.Figure(
        go.Scattergl(
            x=(rows * seconds).astype(np.float32),
            y=signal[rows].astype(np.float32),
            mode="lines",
            line={"color": NEUTRAL, "width": 1},
            name="photodiode",
            hoverinfo="skip",
        )
    )
    low, high = float(np.nanmin(signal)), float(np.nanmax(signal))
    level = high + 0.12 * ((high - low) or 1.0)
    groups: dict[tuple[int, str], list[float]] = {}
    for each in run.epoch_windows:
        onset = each.window.start_frame if each.onset_frame_exact is None else each.onset_frame_exact
        groups.setdefault((each.epoch_number, each.epoch_name), []).append(onset / rate)
    for (number, name), onsets in groups.items():
        figure.add_scatter(
            x=onsets,
            y=[level] * len(onsets),
            mode="markers",
            marker={"symbol": "triangle-down", "size": 9, "color": colours[number]},
            name=html.escape(name),
            hovertemplate="%{x:.3f} s",
        )
    figure.update_xaxes(title_text="time (s)")
    figure.update_yaxes(title_text="photodiode", range=[low - 0.05 * (high - low), level + 0.1 * (high - low)])
    return figure


def durations(run: RecordingResponses, colours: Mapping[int, str]) -> go.Figure:
    """How long each window is."""
    rate = float(run.grouped_responses.data_rate_hz)
    lengths = [each.window.frames / rate for each in run.epoch_windows]
    return _per_window(run, lengths, "duration (s)", colours, "%{y:.3f} s")


def onsets(run: RecordingResponses, colours: Mapping[int, str]) -> go.Figure:
    """How far the true start of each window is from the start of its first frame."""
    return _per_window(
        run,
        [each.onset_offset for each in run.epoch_windows],
        "onset - first frame (frames)",
        colours,
        "%{y:.3f} frames",
    )


def _per_window(
    run: RecordingResponses, values: list[float], title: str, colours: Mapping[int, str], hover: str
) -> go.Figure:
    figure = go.Figure()
    for number in dict.fromkeys(each.epoch_number for each in run.epoch_windows):
        own = [place for place, each in enumerate(run.epoch_windows) if each.epoch_number == number]
        figure.add_scatter(
            x=[place + 1 for place in own],
            y=[values[place] for place in own],
            mode="markers",
            marker={"color": colours[number], "size": 8},
            name=html.escape(run.epoch_windows[own[0]].epoch_name),
            hovertemplate=hover,
        )
    figure.update_xaxes(title_text="window")
    figure.update_yaxes(title_text=title)
    figure.update_layout(showlegend=False)
    return figure
