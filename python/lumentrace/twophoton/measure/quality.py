"""How well background and baselines were found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.measure.dff import RoiDeltaFOverF
from lumentrace.twophoton.measure.traces import BackgroundCorrectedRoiTraces
from lumentrace.twophoton.measure.windows import FrameWindow

Floats = NDArray[np.float64]

SPAN, FEWEST = 50, 10
"""Most and fewest frames of a piece of a trace that is looked at by itself."""


def background_left(
    traces: BackgroundCorrectedRoiTraces, baseline_windows: Sequence[FrameWindow], moved: NDArray[np.bool_]
) -> tuple[float, str]:
    """Median over regions of the correlation of what is left with what was subtracted; NaN and why if there is none.

    Only baseline windows are looked at, without frames that moved, in short pieces without their trends: responses and
    bleaching, which are also in the background, would count otherwise. Below 0, more was subtracted than there was, or
    the noise of the background has come into the regions.

    Parameters
    ----------
    traces : BackgroundCorrectedRoiTraces
    baseline_windows : sequence of FrameWindow
    moved : ndarray of bool
        (frames of the movie,): frames that moved too far.
    """
    if not np.any(traces.background_values):
        return float("nan"), "no background was subtracted"
    pieces = list(_pieces(traces, baseline_windows, moved))
    if not pieces:
        return float("nan"), f"no baseline window of {FEWEST} frames"
    found = []
    for own in range(len(traces.labels)):
        left, taken = (
            np.concatenate([_without_trend(values[piece, own]) for piece in pieces])
            for values in (traces.corrected_values, traces.background_values)
        )
        found.append(_correlation(left, taken))
    known = np.array(found)[np.isfinite(found)]
    return (float(np.median(known)), "") if known.size else (float("nan"), "no region with values")


def _pieces(
    traces: BackgroundCorrectedRoiTraces, windows: Sequence[FrameWindow], moved: NDArray[np.bool_]
) -> Iterator[NDArray[np.int64]]:
    """Rows of the traces in short pieces of baseline windows."""
    start = traces.start_frame
    for window in windows:
        for first in range(max(window.start_frame, start), window.stop_frame, SPAN):
            frames = np.arange(first, min(first + SPAN, window.stop_frame, traces.stop_frame))
            kept = frames[~moved[frames]]
            if len(kept) >= FEWEST:
                yield kept - start


def _without_trend(values: Floats) -> Floats:
    places = np.arange(len(values)) - (len(values) - 1) / 2
    slope = places @ values / (places @ places)
    return np.asarray(values - values.mean() - slope * places)


def _correlation(one: Floats, other: Floats) -> float:
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size > 1e-9 * max(len(one), 1) else float("nan")


def baseline_misfit(dff: RoiDeltaFOverF) -> float:
    """Median relative distance of sampled baselines from the fitted ones; NaN if none is above 0."""
    fitted = dff.amplitudes * np.exp(dff.tau * dff.baseline_frame_numbers)[:, None]
    usable = np.isfinite(fitted) & (fitted > 0) & np.isfinite(dff.baseline_fluorescence)
    if not usable.any():
        return float("nan")
    return float(np.median(np.abs(dff.baseline_fluorescence[usable] / fitted[usable] - 1)))
