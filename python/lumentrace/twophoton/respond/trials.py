"""Responses of regions, trial by trial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance
from lumentrace.twophoton.measure.dff import RoiDeltaFOverF
from lumentrace.twophoton.measure.windows import EpochFrameWindow
from lumentrace.twophoton.respond.processing import CorrelationFilterOptions, NormalizationOptions

Floats = NDArray[np.float64]
Epoch = tuple[int, str]

TINY = 1e-12


@dataclass(frozen=True)
class ResponseTrial:
    """One trial.

    Attributes
    ----------
    epoch_number, epoch_name, trial_index : int, str, int
        Trials of an epoch count from 1.
    window_index : int
    start_frame, stop_frame : int
    frame_numbers : ndarray of int64
    time_seconds : ndarray
        From the start of the epoch.
    values : ndarray
        (frames, regions)
    """

    epoch_number: int
    epoch_name: str
    trial_index: int
    window_index: int
    start_frame: int
    stop_frame: int
    frame_numbers: NDArray[np.int64] = field(repr=False)
    time_seconds: Floats = field(repr=False)
    values: Floats = field(repr=False)

    @property
    def epoch(self) -> Epoch:
        """Number and name."""
        return self.epoch_number, self.epoch_name


@dataclass(frozen=True)
class GroupedRoiResponses:
    """Trials of a recording.

    Attributes
    ----------
    roi_labels : tuple of str
    data_rate_hz : float
    trials : tuple of ResponseTrial
    pre_window_seconds, post_window_seconds : float
        Of each trial before and after its epoch.
    response_window_auto : bool or None
        Whether a program chose them, if it was said.
    provenance : Provenance
        That of dF/F, and how the trials were made of it; without steps for those made by hand.
    """

    roi_labels: tuple[str, ...]
    data_rate_hz: float
    trials: tuple[ResponseTrial, ...] = field(repr=False)
    pre_window_seconds: float = 0.0
    post_window_seconds: float = 0.0
    response_window_auto: bool | None = None
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    @property
    def epoch_names(self) -> tuple[str, ...]:
        """Names of epochs in the order of their first trials."""
        return tuple(dict.fromkeys(trial.epoch_name for trial in self.trials))

    def by_epoch(self) -> Iterator[tuple[Epoch, tuple[ResponseTrial, ...]]]:
        """Trials of each epoch, in the order of first trials."""
        for epoch in dict.fromkeys(trial.epoch for trial in self.trials):
            yield epoch, tuple(trial for trial in self.trials if trial.epoch == epoch)


def group_responses(
    dff: RoiDeltaFOverF,
    epoch_windows: Sequence[EpochFrameWindow],
    *,
    data_rate_hz: float,
    pre_window_seconds: float = 2.0,
    post_window_seconds: float = 0.0,
) -> GroupedRoiResponses:
    """Cut traces into trials, with some time before and after each epoch."""
    before, after = round(pre_window_seconds * data_rate_hz), round(post_window_seconds * data_rate_hz)
    counts: dict[Epoch, int] = {}
    trials = []
    for each in epoch_windows:
        start = max(each.window.start_frame - before, dff.start_frame)
        stop = min(each.window.stop_frame + after, dff.stop_frame)
        if start >= stop:
            raise ValueError(f"window {each.window.index}: expected frames of {dff.start_frame} to {dff.stop_frame}")
        epoch = each.epoch_number, each.epoch_name
        counts[epoch] = counts.get(epoch, 0) + 1
        frames = np.arange(start, stop, dtype=np.int64)
        values = dff.values[start - dff.start_frame : stop - dff.start_frame]
        times = (frames - each.window.start_frame) / data_rate_hz
        trials.append(ResponseTrial(*epoch, counts[epoch], each.window.index, start, stop, frames, times, values))
    return GroupedRoiResponses(dff.labels, data_rate_hz, tuple(trials), pre_window_seconds, post_window_seconds)


def validate_grouped_roi_responses(grouped: GroupedRoiResponses) -> None:
    """Check that trials are what they say.

    Raises
    ------
    ValueError
        If a rate is not positive, or frames, times and values of a trial do not fit each other.
    """
    if not (np.isfinite(grouped.data_rate_hz) and grouped.data_rate_hz > 0):
        raise ValueError(f"`data_rate_hz`: expected a positive number, found {grouped.data_rate_hz!r}")
    for number, trial in enumerate(grouped.trials):
        told = f"trial {number}"
        values, frames, times = (np.asarray(item) for item in (trial.values, trial.frame_numbers, trial.time_seconds))
        if (
            values.ndim != 2
            or values.dtype.kind != "f"
            or values.shape[1] != len(grouped.roi_labels)
            or not len(values)
        ):
            raise ValueError(
                f"{told}: expected a column for each of {len(grouped.roi_labels)} regions, found {values.shape}"
            )
        expected = np.arange(trial.start_frame, trial.stop_frame)
        if frames.dtype.kind not in "iu" or not np.array_equal(frames, expected):
            raise ValueError(f"{told}: expected frames {trial.start_frame} to {trial.stop_frame}, found others")
        if times.dtype.kind != "f" or times.shape != frames.shape or not np.isfinite(times).all():
            raise ValueError(f"{told}: expected a finite time for each frame, found others")
        if len(values) != len(frames):
            raise ValueError(f"{told}: expected {len(frames)} rows, found {len(values)}")


def aligned(trials: Sequence[ResponseTrial]) -> tuple[Floats, Floats]:
    """Times that occur in some trial, and values (trials, times, regions) with NaN where a trial has none."""
    # Times are whole frames from the epoch's start; rounding joins those that differ in the last digits.
    grids = [np.round(trial.time_seconds, 9) for trial in trials]
    times = np.unique(np.concatenate(grids))
    values = np.full((len(trials), len(times), trials[0].values.shape[1]), np.nan)
    for place, (trial, grid) in enumerate(zip(trials, grids, strict=True)):
        values[place, np.searchsorted(times, grid)] = trial.values
    return times, values


def finite_mean(values: Floats, axis: int) -> Floats:
    """Mean of finite values; NaN where there is none."""
    held = np.isfinite(values)
    count = held.sum(axis=axis)
    total = np.where(held, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0))


def normalized(
    grouped: GroupedRoiResponses, options: NormalizationOptions
) -> tuple[GroupedRoiResponses, Floats | None]:
    """All trials over the greatest mean response of each region to an epoch, and these factors.

    Raises
    ------
    ValueError
        If the method is unknown, there is no such epoch, or a region does not respond to it.
    """
    if options.method == "none":
        return grouped, None
    if options.method != "epoch_abs_peak":
        raise ValueError(f"`method`: expected none or epoch_abs_peak, found {options.method!r}")
    chosen = [
        trial
        for trial in grouped.trials
        if options.epoch_number in (None, trial.epoch_number) and options.epoch_name in (None, trial.epoch_name)
    ]
    if not chosen:
        raise ValueError(f"`normalization`: no trial of epoch {options.epoch_number or options.epoch_name!r}")
    mean = np.abs(finite_mean(aligned(chosen)[1], 0))
    factors = np.where(
        np.isfinite(mean).any(axis=0), np.nanmax(np.where(np.isfinite(mean), mean, -np.inf), axis=0), np.nan
    )
    silent = [label for label, factor in zip(grouped.roi_labels, factors, strict=True) if not factor > TINY]
    if silent:
        raise ValueError(f"`normalization`: no response of {', '.join(silent[:5])} to divide by")
    return replace(
        grouped, trials=tuple(replace(trial, values=trial.values / factors) for trial in grouped.trials)
    ), factors


@dataclass(frozen=True)
class CorrelationScores:
    """How well trials of each region agree, and whether that is enough."""

    roi_labels: tuple[str, ...]
    scores: Floats
    included_mask: NDArray[np.bool_]


def correlation_filtered(
    grouped: GroupedRoiResponses, options: CorrelationFilterOptions
) -> tuple[GroupedRoiResponses, CorrelationScores | None]:
    """Regions whose trials do not agree become NaN; and the scores.

    Raises
    ------
    ValueError
        If the reference is unknown.
    """
    if options.reference == "none":
        return grouped, None
    if options.reference not in ("epoch_mean", "epoch_peak"):
        raise ValueError(f"`reference`: expected none, epoch_mean or epoch_peak, found {options.reference!r}")
    parts = [_agreement(trials, options) for _, trials in grouped.by_epoch()]
    scores = finite_mean(np.concatenate(parts), 0)
    included = np.isfinite(scores) & (scores >= options.minimum_correlation)
    trials = tuple(replace(trial, values=np.where(included, trial.values, np.nan)) for trial in grouped.trials)
    return replace(grouped, trials=trials), CorrelationScores(grouped.roi_labels, scores, included)


def _agreement(trials: Sequence[ResponseTrial], options: CorrelationFilterOptions) -> Floats:
    """Correlation (trials, regions) with the mean of the other trials, or with the trial of the largest peak."""
    times, values = aligned(trials)
    start, stop = options.window_seconds
    used = np.ones(len(times), bool) if start is None else times >= start - 1e-9
    values = values[:, used & (np.ones(len(times), bool) if stop is None else times < stop - 1e-9)]
    count, _, regions = values.shape
    found = np.full((count, regions), np.nan)
    for region in range(regions):
        own = values[:, :, region]
        best = _highest(own) if options.reference == "epoch_peak" else None
        for place in range(count):
            if place != best:
                reference = finite_mean(np.delete(own, place, 0), 0) if best is None else own[best]
                found[place, region] = _pearson(own[place], reference)
    return found


def _highest(values: Floats) -> int:
    """The trial of the largest peak."""
    return int(np.where(np.isfinite(values), values, -np.inf).max(axis=1).argmax())


def _pearson(one: Floats, other: Floats) -> float:
    held = np.isfinite(one) & np.isfinite(other)
    if held.sum() < 2:
        return float("nan")
    a, b = one[held] - one[held].mean(), other[held] - other[held].mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 0 else float("nan")
