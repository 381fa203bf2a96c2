"""Where traces are and how far they reach, read from the traces themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from plotly.basedatatypes import BaseTraceType

Span = tuple[float, float]


def trace_place(trace: BaseTraceType) -> str:
    """The subplot a trace belongs to: the name of its scene or of its x axis."""
    if "scene" in trace:
        return trace.scene or "scene"
    return trace.xaxis or "x"


def trace_bounds(trace: BaseTraceType, axis: str) -> Span | None:
    """Least and greatest finite coordinate of a trace along an axis, or None if it has none."""
    if trace.type == "image":
        return _image_bounds(trace, axis)
    if axis not in trace or trace[axis] is None:
        return None
    values = np.asarray(trace[axis], dtype=np.float64).ravel()
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    margin = _half_cell(trace, axis, len(values)) * float(np.ptp(finite))
    return float(finite.min()) - margin, float(finite.max()) + margin


def _half_cell(trace: BaseTraceType, axis: str, count: int) -> float:
    """Half a cell of a heatmap as a fraction of the distance between its outer cell centres, otherwise 0."""
    if trace.type != "heatmap" or count < 2:
        return 0.0
    height, width = np.shape(trace.z)
    cells = width if (axis == "x") != bool(trace.transpose) else height
    return 0.5 / (count - 1) if count == cells else 0.0


def _image_bounds(trace: BaseTraceType, axis: str) -> Span:
    height, width = np.shape(trace.z)[:2]
    count = {"x": width, "y": height}[axis]
    start, step = trace[f"{axis}0"] or 0.0, trace[f"d{axis}"] or 1.0
    ends = start - step / 2, start + (count - 0.5) * step
    return min(ends), max(ends)
