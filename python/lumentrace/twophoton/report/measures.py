"""What a report says in numbers about responses of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPAN, FEWEST = 50, 10
"""Most and fewest frames of a piece of a trace that is looked at by itself."""


@dataclass(frozen=True)
class EpochMean:
    """Mean response to an epoch.

    Attributes
    ----------
    number, name : int, str
    trials : int
    baseline : bool
        Whether baselines were sampled in it.
    times : ndarray
        (times,) s from the start of the epoch, as far as half of the trials reach.
    mean, sem : ndarray
        (times, regions); `sem` is NaN below two trials.
    """

    number: int
    name: str
    trials: int
    baseline: bool
    times: Floats = field(repr=False)
    mean: Floats = field(repr=False)
    sem: Floats = field(repr=False)


def epoch_means(run: Any) -> list[EpochMean]:
    """Mean and standard error over trials of each epoch, by number."""
    rate = float(run.grouped_responses.data_rate_hz)
    baselines = {(window.start_frame, window.stop_frame) for window in run.baseline_windows}
    sampled = {
        each.epoch_number
        for each in run.epoch_windows
        if (each.window.start_frame, each.window.stop_frame) in baselines
    }
    return [
        _mean(number, name, trials, rate, number in sampled)
        for (number, name), trials in sorted(run.grouped_responses.by_epoch(), key=lambda each: each[0])
    ]


def _mean(number: int, name: str, trials: Sequence[Any], rate: float, baseline: bool) -> EpochMean:
    grids = [np.rint(np.asarray(trial.time_seconds) * rate).astype(np.int64) for trial in trials]
    first = min(int(grid[0]) for grid in grids)
    length = max(int(grid[-1]) for grid in grids) - first + 1
    values = np.full((len(trials), length, trials[0].values.shape[1]), np.nan)
    present = np.zeros(length, np.int64)
    for place, (trial, grid) in enumerate(zip(trials, grids, strict=True)):
        values[place, grid - first] = trial.values
        present[grid - first] += 1
    common = 2 * present >= len(trials)
    values, times = values[:, common], ((first + np.arange(length)) / rate)[common]
    held = np.isfinite(values)
    count = held.sum(axis=0)
    total = np.where(held, values, 0.0).sum(axis=0)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    square = np.where(held, values - mean, 0.0) ** 2
    spread = np.divide(square.sum(axis=0), count - 1, out=np.full(total.shape, np.nan), where=count > 1)
    sem = np.sqrt(spread / np.maximum(count, 1))
    return EpochMean(number, name, len(trials), baseline, times, mean, sem)


def answered(epochs: Sequence[EpochMean]) -> list[EpochMean]:
    """Epochs that are no baseline; all of them if there are no others."""
    return [epoch for epoch in epochs if not epoch.baseline] or list(epochs)


def peaks(epochs: Sequence[EpochMean]) -> tuple[Floats, list[str]]:
    """The largest mean response of each region after the start of an epoch, with its sign, and to which epoch."""
    found = np.full(epochs[0].mean.shape[1], np.nan)
    names = [""] * len(found)
    for epoch in answered(epochs):
        inside = epoch.mean[epoch.times >= 0]
        size = np.where(np.isfinite(inside), np.abs(inside), -1.0)
        if not len(size):
            continue
        row = size.argmax(axis=0)
        for region, most in enumerate(size.max(axis=0)):
            if most >= 0 and not abs(found[region]) >= most:
                found[region], names[region] = inside[row[region], region], epoch.name
    return found, names


def ranked(values: Floats) -> list[int]:
    """Numbers of values that are known, the largest in size first."""
    known = np.flatnonzero(np.isfinite(values))
    return [int(place) for place in known[np.argsort(-np.abs(values[known]), kind="stable")]]


@dataclass(frozen=True)
class Region:
    """A row of the table of regions."""

    number: int
    label: str
    pixels: int
    used: int
    peak: float
    epoch: str
    score: float
    reasons: tuple[str, ...]


def _counts(pixels: NDArray[np.int64], width: int, edges: Sequence[Any]) -> tuple[int, int]:
    """How many pixels a region has, and how many of them in the part of the frame that is used."""
    inside = np.ones(pixels.shape, bool)
    for place, (first, last) in zip(np.divmod(pixels, width), (edges[:2], edges[2:]), strict=True):
        if first is not None and last is not None:
            inside &= (place >= first) & (place < last)
    return pixels.size, int(inside.sum())


def regions(run: Any, epochs: Sequence[EpochMean]) -> list[Region]:
    """What is known of each region, and why something is missing."""
    about = run.traces.metadata
    edges = [about.get(f"spatial_axis{axis}_{end}") for axis in (0, 1) for end in ("start", "stop")]
    counts = [_counts(own, run.roi_set.shape[1], edges) for own in run.roi_set.regions()]
    place = {label: number for number, label in enumerate(run.traces.labels)}
    values, names = peaks(epochs)
    scores = run.correlation_scores
    rows = []
    for number, label in enumerate(run.roi_set.labels):
        own = place.get(label)
        whole, used = counts[number]
        if own is None:
            rows.append(
                Region(number + 1, label, whole, used, np.nan, "", np.nan, ("left out: not all inside the crop",))
            )
            continue
        score = np.nan if scores is None else float(scores.scores[own])
        reasons = tuple(_reasons(run, own, whole, used, float(values[own])))
        rows.append(Region(number + 1, label, whole, used, float(values[own]), names[own], score, reasons))
    return rows


def _reasons(run: Any, own: int, pixels: int, used: int, peak: float) -> list[str]:
    reasons = []
    if not used:
        return ["no pixel inside the crop"]
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


def background_left(run: Any) -> tuple[float, str]:
    """Median over regions of the correlation of what is left with what was subtracted; NaN and why if there is none.

    Only baseline windows are looked at, without frames that moved, in short pieces without their trends: responses and
    bleaching, which are also in the background, would count otherwise. Below 0, more was subtracted than there was, or
    the noise of the background has come into the regions.
    """
    traces = run.traces
    if not np.any(traces.background_values):
        return float("nan"), "no background was subtracted"
    pieces = list(_pieces(run))
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


def _pieces(run: Any) -> Iterator[NDArray[np.int64]]:
    """Rows of the traces in short pieces of baseline windows."""
    start = run.traces.start_frame
    moved = np.asarray(run.recording.motion_artifact_mask)
    for window in run.baseline_windows:
        for first in range(max(window.start_frame, start), window.stop_frame, SPAN):
            frames = np.arange(first, min(first + SPAN, window.stop_frame, run.traces.stop_frame))
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


def baseline_misfit(dff: Any) -> float:
    """Median relative distance of sampled baselines from the fitted ones."""
    fitted = np.asarray(dff.amplitudes) * np.exp(dff.tau * np.asarray(dff.baseline_frame_numbers))[:, None]
    usable = np.isfinite(fitted) & (fitted > 0) & np.isfinite(dff.baseline_fluorescence)
    if not usable.any():
        return float("nan")
    return float(np.median(np.abs(dff.baseline_fluorescence[usable] / fitted[usable] - 1)))
