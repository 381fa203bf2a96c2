"""Layers of trajectories and locations of PEPT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.points import PointData
from lumentrace.napari.layers import Layer, kept

LABEL = "label"
UNITS = ("ns", "µs", "ms", "s", "min", "h", "nm", "µm", "mm", "cm", "m", "pixel")
"""What times and lengths are measured in; other names, as of frames, are those of no unit."""


def point_layers(points: PointData, name: str, path: Path | None = None) -> list[Layer]:
    """Labelled locations as tracks, others as points, in the units of the table.

    The axis of time counts steps of the length of ``scale[0]``, since napari shows whole numbers of them. Rows without
    a finite position or label are left out.
    """
    columns = points.columns
    rows = np.asarray(points.points)
    labelled = LABEL in columns
    used = [columns.index(axis) for axis in (*"tzyx", *([LABEL] if labelled else []))]
    rows = rows[np.isfinite(rows[:, used]).all(axis=1)]
    if not len(rows):
        return []
    start, step = _clock(rows[:, columns.index("t")])
    places = rows[:, used[:4]] - (start, 0, 0, 0)
    places[:, 0] /= step
    others = {column: rows[:, number] for number, column in enumerate(columns) if number not in used}
    settings: dict[str, Any] = {
        "name": name,
        "scale": (step, 1.0, 1.0, 1.0),
        "translate": (start, 0.0, 0.0, 0.0),
        "units": tuple(each if (each := points.units.get(axis, "")) in UNITS else "pixel" for axis in "tzyx"),
        "axis_labels": ("t", "z", "y", "x"),
        "features": others,
        "metadata": kept(path, points.provenance),
    }
    if not labelled:
        return [(places, {**settings, "size": 1.0}, "points")]
    tracks = np.column_stack((rows[:, columns.index(LABEL)].astype(int), places))
    order = np.lexsort((tracks[:, 1], tracks[:, 0]))
    settings["features"] = {column: values[order] for column, values in others.items()}
    return [(tracks[order], {**settings, "tail_length": 300, "tail_width": 4}, "tracks")]


def _clock(times: NDArray[np.float64]) -> tuple[float, float]:
    """The first time, and the median step between different times."""
    steps = np.diff(np.unique(times))
    return float(times.min()), float(np.median(steps)) if len(steps) else 1.0
