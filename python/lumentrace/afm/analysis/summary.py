"""Figures of a film and of what was found in it, the same in tables, records and reports."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray
from lumentrace.base.polars import pl

from ..stack import AFMImageStack
from .found import Found

COUNTS = {"feature_detection": "objects", "log_blob_detection": "spots", "bump_positions": "particles"}
"""What the objects of each detector are called."""


def key_figures(stack: AFMImageStack, found: Found) -> dict[str, float]:
    """Numbers of frames, objects, spots, tracks and clusters as far as they were looked for, and medians.

    Parameters
    ----------
    stack : AFMImageStack
    found : Found

    Returns
    -------
    dict
        `frames`; `objects`, `median_area_nm2`; `spots`; `tracks`, `median_speed_nm_s` (of the tracks' mean speeds);
        `clusters`. A median of nothing is NaN.

    Examples
    --------
    >>> from lumentrace.afm import AnalysisPipeline
    >>> from lumentrace.afm.analysis.found import Found
    >>> from lumentrace.afm.analysis.summary import key_figures
    >>> from lumentrace.afm.simulation import simulate_film
    >>> stack, _ = simulate_film(frames=3, particles=2, size=64, tilt_nm=0.0, seed=2)
    >>> pipeline = AnalysisPipeline()
    >>> pipeline.add("feature_detection", threshold=2.0)
    >>> sorted(key_figures(stack, Found.of(pipeline.run(stack))))
    ['frames', 'median_area_nm2', 'objects']
    """
    figures: dict[str, float] = {"frames": stack.n_frames}
    for name, outputs in found.detected.items():
        figures[COUNTS.get(name, "spots")] = sum(map(len, outputs["features_per_frame"]))
    if "feature_detection" in found.detected:
        figures["median_area_nm2"] = _median(found.areas_nm2)
    if found.tracked is not None:
        figures["tracks"] = found.tracked["n_tracks"]
    if found.measured is not None:
        figures["median_speed_nm_s"] = _median(found.speeds_nm_s)
    for clusters in found.clustered.values():
        figures["clusters"] = clusters["summary"]["n_clusters"]
    return figures


def seconds_between_frames(stack: AFMImageStack) -> float:
    """Mean time from a frame to the next; NaN if the file does not say."""
    times = [entry["timestamp"] for entry in stack.frame_metadata]
    return float("nan") if len(times) < 2 or None in times else float(np.diff(times).mean())


def frame_table(stack: AFMImageStack, found: Found) -> pl.DataFrame:
    """A row for each frame.

    Parameters
    ----------
    stack : AFMImageStack
    found : Found

    Returns
    -------
    polars.DataFrame
        `frame`; `time_s`; `roughness`, the standard deviation of the finite pixels in the unit of the film; a count for
        each detector, `objects` or `spots`.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.afm import AFMImageStack
    >>> from lumentrace.afm.analysis.found import Found
    >>> from lumentrace.afm.analysis.summary import frame_table
    >>> stack = AFMImageStack(np.array([[[1.0, 3.0]], [[np.nan, 2.0]]]), 1.0, "height_trace", "film.asd")
    >>> frame_table(stack, Found()).rows()
    [(0, 0.0, 1.0), (1, 1.0, 0.0)]
    """
    counts: dict[str, list[float]] = {
        COUNTS.get(name, name): [len(frame) for frame in outputs["features_per_frame"]]
        for name, outputs in found.detected.items()
    }
    columns: dict[str, list[float]] = {
        "frame": list(range(stack.n_frames)),
        "time_s": stack.get_frame_times(),
        "roughness": [_roughness(frame) for frame in stack.data],
        **counts,
    }
    whole = dict.fromkeys(("frame", *counts), pl.Int64)
    return pl.DataFrame(columns, schema={name: whole.get(name, pl.Float64) for name in columns})


def _roughness(frame: AnyArray) -> float:
    finite = frame[np.isfinite(frame)]
    return float(finite.std()) if finite.size else float("nan")


def _median(values: list[float] | NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else float("nan")
