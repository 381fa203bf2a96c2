"""What each region answered, and why something is missing: the table of regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.polars import pl
from lumentrace.twophoton.respond.epochs import EpochMean, peaks
from lumentrace.twophoton.respond.responses import RecordingResponses

REGION_COLUMNS = ["number", "roi_label", "pixels", "used_pixels", "peak_dff", "epoch_name", "correlation", "remarks"]
EDGES = tuple(f"spatial_axis{axis}_{end}" for axis in (0, 1) for end in ("start", "stop"))


@dataclass(frozen=True)
class RegionResponse:
    """A row of the table of regions.

    Attributes
    ----------
    number : int
        From 1 on, in the order of the set of regions.
    label : str
    pixels, used : int
        All pixels, and those in the part of the frame that is used.
    peak : float
        The largest mean response after the onset, with its sign (dF/F); NaN if there is none.
    epoch : str
        To which epoch; empty if there is none.
    score : float
        Correlation of trials; NaN if it was not asked for, or there are too few.
    reasons : tuple of str
        What the reader should know; why there is no peak, if there is none.
    """

    number: int
    label: str
    pixels: int
    used: int
    peak: float
    epoch: str
    score: float
    reasons: tuple[str, ...]


def region_table(run: RecordingResponses, epochs: Sequence[EpochMean]) -> list[RegionResponse]:
    """What is known of each region.

    Parameters
    ----------
    run : RecordingResponses
    epochs : sequence of EpochMean
        Its mean responses.
    """
    edges = [run.traces.metadata.get(name) for name in EDGES]
    counts = [_counts(own, run.roi_set.shape[1], edges) for own in run.roi_set.regions()]
    place = {label: number for number, label in enumerate(run.traces.labels)}
    values, names = peaks(epochs)
    scores = run.correlation_scores
    rows = []
    for number, label in enumerate(run.roi_set.labels):
        own = place.get(label)
        whole, used = counts[number]
        if own is None:
            left_out = ("left out: not all inside the crop",)
            rows.append(RegionResponse(number + 1, label, whole, used, np.nan, "", np.nan, left_out))
            continue
        score = np.nan if scores is None else float(scores.scores[own])
        reasons = tuple(_reasons(run, own, whole, used, float(values[own])))
        rows.append(RegionResponse(number + 1, label, whole, used, float(values[own]), names[own], score, reasons))
    return rows


def regions_frame(rows: Sequence[RegionResponse]) -> pl.DataFrame:
    """The table of regions with the columns of ``regions.csv``; NaN where there is no value."""
    cells = [(*astuple(row)[:-1], "; ".join(row.reasons)) for row in rows]
    types = [pl.Int64, pl.String, pl.Int64, pl.Int64, pl.Float64, pl.String, pl.Float64, pl.String]
    return pl.DataFrame(cells, dict(zip(REGION_COLUMNS, types, strict=True)), orient="row")


def _counts(pixels: NDArray[np.int64], width: int, edges: Sequence[int | None]) -> tuple[int, int]:
    """How many pixels a region has, and how many of them in the part of the frame that is used."""
    inside = np.ones(pixels.shape, bool)
    for place, (first, last) in zip(np.divmod(pixels, width), (edges[:2], edges[2:]), strict=True):
        if first is not None and last is not None:
            inside &= (place >= first) & (place < last)
    return pixels.size, int(inside.sum())


def _reasons(run: RecordingResponses, own: int, pixels: int, used: int, peak: float) -> list[str]:
    reasons = []
    if not used:
        return ["no pixel inside the crop"]
    if run.neuropil is not None and run.neuropil.reasons[own]:
        return [f"no coefficient of the neuropil: {run.neuropil.reasons[own]}"]
    if used < pixels:
        reasons.append(f"{pixels - used} of {pixels} pixels outside the crop")
    if not run.dff.amplitudes[own] > 0:
        reasons.append(f"baseline of {run.dff.amplitudes[own]:.3g} is not above 0: dF/F means nothing")
    scores = run.correlation_scores
    if scores is not None and not scores.included_mask[own]:
        least = run.response_processing_options.correlation_filter.minimum_correlation
        reasons.append(f"trials do not agree: correlation below {least:g}")
    if not reasons and not np.isfinite(peak):
        reasons.append("no finite value in any trial")
    return reasons
