"""What a report says of the motion that was taken out."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lumentrace.plots.decimate import extremes
from lumentrace.plots.palette import PALETTE
from lumentrace.plots.pictures import stretched
from lumentrace.plots.report import Report
from lumentrace.twophoton.align.motion import REASONS, Motion

Floats = NDArray[np.float64]

POINTS = 4000
HEIGHT = 320
AXES = ("down (rows)", "across (columns)")


def report_motion(report: Report, motion: Motion, frame_rate_hz: float) -> None:
    """Shifts over time, the mean of frames before and after, and why frames have no shift."""
    report.section("Motion")
    sigma = motion.figures()["median standard error (px)"]
    caption = (
        f"Shifts of whole frames against the reference; standard error {sigma:.2g} px (median). Crosses: frames "
        f"without a shift, which are left out."
    )
    report.figure(_traces(motion, frame_rate_hz), "Shifts", caption, height=HEIGHT)
    before, after = (
        np.repeat((255 * stretched(image)).astype(np.uint8)[..., None], 3, axis=2)
        for image in (motion.unaligned, motion.reference)
    )
    caption = "Mean of frames from all of the film, as they are and aligned; both from the same frames."
    report.swipe(("before", before), ("after", after), "Mean image before and after", caption)
    counts = np.bincount(motion.codes, minlength=len(REASONS))
    table = [(REASONS[code], int(count)) for code, count in enumerate(counts) if code and count]
    if table:
        report.table(["why a frame has no shift", "frames"], table)
    if motion.line_offset.used:
        offset = f"{motion.line_offset.used:.3g} ± {motion.line_offset.sigma:.2g} px"
        report.text(f"Odd rows were moved back by {offset}, the offset of a bidirectional scan.")


def _traces(motion: Motion, frame_rate_hz: float) -> go.Figure:
    figure = go.Figure()
    known = np.flatnonzero(~motion.flags)
    for axis, (name, colour) in enumerate(zip(AXES, PALETTE, strict=False)):
        values = motion.shifts[known, axis]
        rows = extremes(values[:, None], POINTS) if len(values) else np.empty(0, int)
        figure.add_scattergl(
            x=(known[rows] / frame_rate_hz).astype(np.float32),
            y=values[rows].astype(np.float32),
            mode="lines",
            line={"color": colour, "width": 1},
            name=name,
            hovertemplate="%{x:.2f} s: %{y:.2f} px",
        )
    missing = np.flatnonzero(motion.flags)[:POINTS]
    if len(missing):
        figure.add_scatter(
            x=missing / frame_rate_hz,
            y=np.zeros(len(missing)),
            mode="markers",
            marker={"symbol": "x", "color": PALETTE[3], "size": 7},
            name="without a shift",
            text=[REASONS[code] for code in motion.codes[missing]],
            hovertemplate="%{x:.2f} s: %{text}",
        )
    figure.update_xaxes(title_text="time (s)")
    figure.update_yaxes(title_text="shift (px)")
    return figure
