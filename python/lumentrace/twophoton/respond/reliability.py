"""Whether trials of the same epoch are more alike than trials of different ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.respond.epochs import EpochMean
from lumentrace.twophoton.respond.trials import Epoch, GroupedRoiResponses, ResponseTrial

Floats = NDArray[np.float64]

BINS = 4
"""Parts of a trial whose means are compared, so that rises and falls count as well as levels."""
SHUFFLES = 1999
"""So many that a p-value of 0.01 is known to a fifth of itself."""


@dataclass(frozen=True)
class Reliability:
    """How well epochs are told apart.

    Attributes
    ----------
    p : float
        Share of shuffled orders of epochs that tell them apart as well; NaN if there are not two epochs to compare.
    least : float
        The smallest share that so many trials allow.
    """

    p: float
    least: float


def reliability(grouped: GroupedRoiResponses, epochs: Sequence[EpochMean]) -> Reliability:
    """Shuffle the epochs of trials, and look how often they are told apart as well as in their own order.

    Epochs without baselines are compared, if two of them were shown more than once; otherwise all. Means of parts of
    trials are compared by the likelihood ratio of normal distributions, an epoch each against one for all.

    Parameters
    ----------
    grouped : GroupedRoiResponses
    epochs : sequence of EpochMean
        Those of `grouped`.
    """
    baselines = {(epoch.number, epoch.name) for epoch in epochs if epoch.baseline}
    again = {epoch: trials for epoch, trials in grouped.by_epoch() if len(trials) > 1}
    others = {epoch: trials for epoch, trials in again.items() if epoch not in baselines}
    chosen = others if len(others) > 1 else again
    if len(chosen) < 2:
        return Reliability(math.nan, math.nan)
    features = _features([trial for trials in chosen.values() for trial in trials])
    if not features.shape[1]:
        return Reliability(math.nan, math.nan)
    order = np.repeat(np.arange(len(chosen)), [len(trials) for trials in chosen.values()])
    random = np.random.default_rng(0)
    own = _apart(features, order)
    as_well = sum(_apart(features, random.permutation(order)) >= own * (1 - 1e-9) for _ in range(SHUFFLES))
    return Reliability((1 + as_well) / (1 + SHUFFLES), _least(chosen))


def _features(trials: Sequence[ResponseTrial]) -> Floats:
    """Means (trials, parts and regions) of parts of trials, less those over trials."""
    inside = [trial.values[trial.time_seconds >= 0] for trial in trials]
    bins = min(BINS, *map(len, inside))
    rows = []
    for values in inside:
        parts = [np.asarray(part) for part in np.array_split(values, bins)] if bins else []
        known = [np.isfinite(part).sum(axis=0) for part in parts]
        sums = [np.where(np.isfinite(part), part, 0.0).sum(axis=0) for part in parts]
        means = [np.where(n > 0, total / np.maximum(n, 1), np.nan) for total, n in zip(sums, known, strict=True)]
        rows.append(np.concatenate([np.zeros(0), *means]))
    found = np.array(rows)
    found = found[:, np.isfinite(found).any(axis=0)]
    left = found - np.nanmean(found, axis=0)
    return np.asarray(np.nan_to_num(left[:, np.nanmax(np.abs(left), axis=0) > 0]))


def _apart(features: Floats, order: NDArray[np.int64]) -> float:
    """Sum of logarithms of the variance of all trials over that within epochs."""
    members = (order == np.arange(order.max() + 1)[:, None]).astype(np.float64)
    between = ((members @ features) ** 2 / members.sum(axis=1)[:, None]).sum(axis=0)
    return float(-np.log1p(-(1 - 1e-9) * between / (features**2).sum(axis=0)).sum())


def _least(chosen: dict[Epoch, tuple[ResponseTrial, ...]]) -> float:
    """One over the number of ways to put trials together; epochs with as many trials may change places."""
    sizes = [len(trials) for trials in chosen.values()]
    ways = math.factorial(sum(sizes))
    for repeats in (*sizes, *Counter(sizes).values()):
        ways //= math.factorial(repeats)
    return 1 / ways
