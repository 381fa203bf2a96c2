"""Tuning curves: mean responses to the stimuli of a set, with confidence bands."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.respond.resampling import (
    Seed,
    check,
    counts,
    interval,
    means,
    resampled,
    standard_errors,
)
from lumentrace.twophoton.respond.resampling import (
    draws as drawn_trials,
)
from lumentrace.twophoton.respond.trial_responses import TrialResponses

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class TuningCurves:
    """Mean responses to each stimulus.

    Attributes
    ----------
    roi_labels : tuple of str
    parameter : str
    stimuli : ndarray
        (stimuli,), ascending.
    count : ndarray of int
        (stimuli, regions): trials with a value.
    mean : ndarray
        (stimuli, regions) dF/F; NaN where no trial has a value.
    sem : ndarray
        (stimuli, regions): standard error; NaN where there are fewer than two trials.
    low, high : ndarray
        (stimuli, regions): confidence band of the means, by drawing trials anew; NaN as the standard error.
    level : float
        Of the band.
    provenance : Provenance
    """

    roi_labels: tuple[str, ...]
    parameter: str
    stimuli: Floats
    count: Integers = field(repr=False)
    mean: Floats = field(repr=False)
    sem: Floats = field(repr=False)
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)
    level: float = 0.95
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    def preferred(self) -> Floats:
        """The stimulus of the largest mean response (regions,); NaN for regions without."""
        held = np.where(np.isfinite(self.mean), self.mean, -np.inf)
        return np.where(np.isfinite(held).any(axis=0), self.stimuli[held.argmax(axis=0)], np.nan)


def tuning_curves(trials: TrialResponses, *, draws: int = 1000, level: float = 0.95, seed: Seed = 0) -> TuningCurves:
    """Mean response to each stimulus, its standard error, and a band by bootstrap.

    Trials of each stimulus are drawn anew, with repetition. With n trials the drawn means have (n - 1) / n of the
    variance that means have: their deviations are stretched by as much, and by Student's quantile for n - 1 degrees of
    freedom over the normal one, since the variance is not known either.

    Parameters
    ----------
    trials : TrialResponses
    draws : int, default 1000
    level : float, default 0.95
    seed : int, Generator or None, default 0

    Returns
    -------
    TuningCurves

    Raises
    ------
    ValueError
        If `draws` or `level` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> stimulus, repeat = np.tile([0.0, 90.0], 3), np.repeat([1, 2, 3], 2)
    >>> values = np.array([[1.0], [9.0], [2.0], [10.0], [3.0], [11.0]])
    >>> trials = twophoton.TrialResponses(("a",), "direction", stimulus, repeat, values, np.zeros((6, 1)))
    >>> curves = twophoton.tuning_curves(trials)
    >>> curves.mean[:, 0].tolist(), curves.preferred().tolist(), bool(curves.low[1, 0] > curves.high[0, 0])
    ([2.0, 10.0], [90.0], True)

    References
    ----------
    Efron, B. and Tibshirani, R.: An Introduction to the Bootstrap. Chapman and Hall (1993). Hesterberg, T. C.: What
    teachers should know about the bootstrap. Am. Stat. 69 (2015) 371.
    """
    watch = Watch()
    check(draws, level)
    stimuli, places = trials.places()
    drawn = drawn_trials(places, draws, seed)

    def band(found: Floats, _: slice) -> Floats:
        return np.stack(interval(found, level))

    count, mean = counts(trials.values, places).astype(np.int64), means(trials.values, places)
    low, high = mean + _student(count, level) * (resampled(trials.values, places, drawn, band) - mean)
    return TuningCurves(
        trials.roi_labels,
        trials.parameter,
        stimuli,
        count,
        mean,
        standard_errors(trials.values, places),
        low,
        high,
        level,
        provenance=watch.after(trials.provenance, "tuning_curves", {"draws": draws, "level": level, "seed": seed}),
    )


def _student(count: Integers, level: float) -> Floats:
    """Student's quantile over the normal one; NaN for fewer than two trials."""
    from scipy.stats import norm, t

    share = (1 + level) / 2
    return np.where(count > 1, t.ppf(share, np.maximum(count - 1, 1)) / norm.ppf(share), np.nan)
