"""Mean responses to epochs, their standard errors, and the largest of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.measure.windows import EpochFrameWindow, FrameWindow
from lumentrace.twophoton.respond.statistics import finite_mean_and_sem
from lumentrace.twophoton.respond.trials import GroupedRoiResponses, aligned

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class EpochMean:
    """Mean response to an epoch, as tables and reports show it.

    Attributes
    ----------
    number, name : int, str
    trials : int
    baseline : bool
        Whether baselines were sampled in it.
    times : ndarray
        (times,) s from the start of the epoch, each that some trial reaches.
    mean, sem : ndarray
        (times, regions); those of `finite_mean_and_sem`: where `count` is below 2 the standard error cannot be known,
        and is 0 as documented for CSV files and plots.
    count : ndarray of int
        (times, regions): trials with a value.
    reached : ndarray of int
        (times,): trials that are so long.
    """

    number: int
    name: str
    trials: int
    baseline: bool
    times: Floats = field(repr=False)
    mean: Floats = field(repr=False)
    sem: Floats = field(repr=False)
    count: Integers = field(repr=False)
    reached: Integers = field(repr=False)

    def common(self) -> EpochMean:
        """As far as half of the trials reach, so that a single long one does not stand for all."""
        kept = 2 * self.reached >= self.trials
        parts = {name: getattr(self, name)[kept] for name in ("times", "mean", "sem", "count", "reached")}
        return replace(self, **parts)


def epoch_means(responses: GroupedRoiResponses, baselines: Collection[int] = ()) -> list[EpochMean]:
    """Mean and standard error over trials of each epoch, in the order of first trials.

    Parameters
    ----------
    responses : GroupedRoiResponses
    baselines : collection of int
        Numbers of epochs that baselines were sampled in.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> from lumentrace.twophoton.respond.epochs import epoch_means
    >>> frames = np.arange(2)
    >>> trials = [
    ...     twophoton.ResponseTrial(2, "odour", each, 0, 0, 2, frames, frames / 10, np.full((2, 1), float(each)))
    ...     for each in (1, 3)
    ... ]
    >>> (epoch,) = epoch_means(twophoton.GroupedRoiResponses(("a",), 10.0, tuple(trials)))
    >>> epoch.mean[:, 0].tolist(), epoch.sem[:, 0].tolist()
    ([2.0, 2.0], [1.0, 1.0])
    """
    found = []
    for (number, name), trials in responses.by_epoch():
        times, values = aligned(trials)
        mean, sem = finite_mean_and_sem(values, axis=0)
        grids = np.concatenate([np.round(trial.time_seconds, 9) for trial in trials])
        reached = np.bincount(np.searchsorted(times, grids), minlength=len(times))
        count = np.isfinite(values).sum(axis=0)
        found.append(EpochMean(number, name, len(trials), number in baselines, times, mean, sem, count, reached))
    return found


def baseline_epochs(epoch_windows: Sequence[EpochFrameWindow], baseline_windows: Sequence[FrameWindow]) -> set[int]:
    """Numbers of epochs whose windows are baselines."""
    baselines = {(window.start_frame, window.stop_frame) for window in baseline_windows}
    return {
        each.epoch_number for each in epoch_windows if (each.window.start_frame, each.window.stop_frame) in baselines
    }


def answered(epochs: Sequence[EpochMean]) -> list[EpochMean]:
    """Epochs that are no baseline; all of them if there are no others."""
    return [epoch for epoch in epochs if not epoch.baseline] or list(epochs)


def peaks(epochs: Sequence[EpochMean]) -> tuple[Floats, list[str]]:
    """The largest mean response of each region after the start of an epoch, with its sign, and to which epoch.

    Times that less than half of the trials reach do not count.
    """
    found = np.full(epochs[0].mean.shape[1], np.nan)
    names = [""] * len(found)
    for epoch in answered(epochs):
        common = epoch.common()
        inside = common.mean[common.times >= 0]
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
