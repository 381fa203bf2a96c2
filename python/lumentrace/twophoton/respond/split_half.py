"""Reliability of tuning: whether two halves of the trials have the same curve."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.respond.resampling import Seed
from lumentrace.twophoton.respond.trial_responses import TrialResponses
from lumentrace.twophoton.respond.trials import finite_mean

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_STIMULI = 3
"""Two points always lie on a line."""


@dataclass(frozen=True)
class SplitHalf:
    """Reliability of each region's tuning curve; NaN for fewer than three stimuli with two trials.

    Attributes
    ----------
    roi_labels : tuple of str
    r : ndarray
        (regions,): mean correlation of the curves of two halves of the trials.
    corrected : ndarray
        (regions,): that of the curve of all trials with another one of as many, 2 r / (1 + r) (Spearman and Brown);
        r itself where it is not positive.
    splits : int
    provenance : Provenance
    """

    roi_labels: tuple[str, ...]
    r: Floats = field(repr=False)
    corrected: Floats = field(repr=False)
    splits: int
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)


def split_half_reliability(trials: TrialResponses, *, splits: int = 100, seed: Seed = 0) -> SplitHalf:
    """Correlate the tuning curves of random halves of the trials.

    Parameters
    ----------
    trials : TrialResponses
        Of each stimulus one half goes to either curve; of an odd number one trial is left out.
    splits : int, default 100
    seed : int, Generator or None, default 0

    Returns
    -------
    SplitHalf

    Raises
    ------
    ValueError
        If `splits` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> stimulus, repeat = np.tile([0.0, 90.0, 180.0, 270.0], 4), np.repeat([1, 2, 3, 4], 4)
    >>> values = np.stack([stimulus, np.random.default_rng(0).normal(size=16)], axis=1)
    >>> trials = twophoton.TrialResponses(("a", "b"), "direction", stimulus, repeat, values, np.zeros((16, 2)))
    >>> found = twophoton.split_half_reliability(trials)
    >>> float(found.r[0].round(6)), bool(found.r[1] < 0.9)
    (1.0, True)

    References
    ----------
    Brown, W.: Some experimental results in the correlation of mental abilities. Br. J. Psychol. 3 (1910) 296. Spearman,
    C.: Correlation calculated from faulty data. Br. J. Psychol. 3 (1910) 271.
    """
    watch = Watch()
    if isinstance(splits, bool) or splits != int(splits) or not 1 <= splits <= 100_000:
        raise ValueError(f"`splits`: expected a whole number from 1 to 100000, found {splits!r}")
    _, places = trials.places()
    random = np.random.default_rng(seed)
    held = np.isfinite(trials.values)
    filled = np.where(held, trials.values, 0.0)
    found = [_correlation(*_halves(filled, held, places, random)) for _ in range(splits)]
    r = finite_mean(np.stack(found), 0)
    history = watch.after(trials.provenance, "split_half_reliability", {"splits": splits, "seed": seed})
    corrected = np.where(r > 0, 2 * r / (1 + np.maximum(r, 0)), r)
    return SplitHalf(trials.roi_labels, r, corrected, splits, provenance=history)


def _halves(
    filled: Floats, held: NDArray[np.bool_], places: Integers, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Mean responses (stimuli, regions) of two halves of the trials; NaN where a half has none."""
    stimuli = int(places.max()) + 1
    weights = np.zeros((2, stimuli, len(places)))
    for stimulus in range(stimuli):
        own = random.permutation(np.flatnonzero(places == stimulus))
        half = own.size // 2
        weights[0, stimulus, own[:half]] = weights[1, stimulus, own[half : 2 * half]] = 1
    count = weights @ held
    mean = np.divide(weights @ filled, count, out=np.full(count.shape, np.nan), where=count > 0)
    return mean[0], mean[1]


def _correlation(one: Floats, other: Floats) -> Floats:
    """Pearson's coefficient along the stimuli (regions,) where both are known; NaN for too few or constant ones."""
    known = np.isfinite(one) & np.isfinite(other)
    a, b = (np.where(known, each - finite_mean(np.where(known, each, np.nan), 0), 0.0) for each in (one, other))
    size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    enough = (known.sum(axis=0) >= LEAST_STIMULI) & (size > 0)
    return np.asarray(np.divide((a * b).sum(axis=0), size, out=np.full(size.shape, np.nan), where=enough))
