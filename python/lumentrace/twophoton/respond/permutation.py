"""Permutation tests of every region at once: whether it is tuned, and whether it responds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.respond.resampling import BLOCK, Seed, members
from lumentrace.twophoton.respond.selectivity_indices import phases
from lumentrace.twophoton.respond.trial_responses import TrialResponses

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Weights = NDArray[np.float64]
Tuned = Literal["any", "direction", "orientation"]

HARMONICS = {"direction": 1, "orientation": 2}
AS_LARGE = 1 - 1e-9
"""Statistics of the same trials in another order are as large as the own, but for rounding."""
MOST_PERMUTATIONS = 1_000_000


@dataclass(frozen=True)
class PermutationTest:
    """A test of each region.

    Attributes
    ----------
    roi_labels : tuple of str
    statistic : ndarray
        (regions,)
    p : ndarray
        (regions,): (b + 1) / (m + 1), where b of m permutations gave at least the statistic; NaN for regions without
        values.
    q : ndarray
        (regions,): the least rate of false discoveries at which the region is found, by Benjamini and Hochberg.
    permutations : int
    least : float
        The smallest p that so many trials and permutations allow.
    provenance : Provenance
    """

    roi_labels: tuple[str, ...]
    statistic: Floats = field(repr=False)
    p: Floats = field(repr=False)
    q: Floats = field(repr=False)
    permutations: int
    least: float
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    def found(self, rate: float = 0.05) -> NDArray[np.bool_]:
        """Regions (regions,) that are discoveries at a rate of false ones."""
        return np.asarray(self.q <= rate)


def false_discovery_rates(p: Floats) -> Floats:
    """Adjusted p-values of Benjamini and Hochberg, NaN where p is.

    References
    ----------
    Benjamini, Y. and Hochberg, Y.: Controlling the false discovery rate. J. R. Stat. Soc. B 57 (1995) 289.
    """
    from scipy.stats import false_discovery_control

    found, known = np.full(p.shape, np.nan), np.isfinite(p)
    if known.any():
        found[known] = false_discovery_control(p[known], method="bh")
    return found


def tuning_test(
    trials: TrialResponses, *, statistic: Tuned = "any", permutations: int = 9999, seed: Seed = 0
) -> PermutationTest:
    """Whether responses depend on the stimulus: stimuli are shuffled among the trials of each repeat.

    Slow changes from repeat to repeat, as by bleaching, are the same for all orders and do no harm.

    Parameters
    ----------
    trials : TrialResponses
        Trials of one `repeat` change places; repeats with one trial or stimulus only tell nothing.
    statistic : {'any', 'direction', 'orientation'}, default 'any'
        Sum of squares between stimuli; or length of the vector sum at once or twice the angle (stimuli in degrees),
        which finds weak tuning of that form better.
    permutations : int, default 9999
        Cost: permutations x trials x stimuli x regions.
    seed : int, Generator or None, default 0

    Returns
    -------
    PermutationTest

    Raises
    ------
    ValueError
        If a setting is unknown or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> random = np.random.default_rng(0)
    >>> stimulus, repeat = np.tile([0.0, 90.0, 180.0, 270.0], 6), np.repeat(np.arange(1, 7), 4)
    >>> values = random.normal(size=(24, 2)) + np.outer(stimulus == 90, [4.0, 0.0])
    >>> trials = twophoton.TrialResponses(("a", "b"), "direction", stimulus, repeat, values, np.zeros((24, 2)))
    >>> twophoton.tuning_test(trials).found().tolist()
    [True, False]

    References
    ----------
    Phipson, B. and Smyth, G. K.: Permutation p-values should never be zero. Stat. Appl. Genet. Mol. Biol. 9 (2010) 39.
    """
    watch = Watch()
    _check(permutations)
    if statistic != "any" and statistic not in HARMONICS:
        raise ValueError(f"`statistic`: expected any, direction or orientation, found {statistic!r}")
    stimuli, places = trials.places()
    orders = _shuffled(trials.repeat, permutations, np.random.default_rng(seed))

    def weights(rows: slice) -> Weights:
        shown = places[orders[rows]][:, None] == np.arange(len(stimuli))[:, None]
        return np.asarray(shown, dtype=np.float64)

    def measure(total: Floats, count: Floats) -> Floats:
        if statistic == "any":
            return _between(total, count)
        mean = np.divide(total, count, out=np.zeros(total.shape), where=count > 0)
        return np.asarray(np.abs(np.einsum("k,pkr->pr", phases(stimuli, HARMONICS[statistic]), mean)))

    values = _less_repeats(trials.values, trials.repeat)
    own, p = _tested(values, members(places)[None], weights, measure, permutations)
    ways = _orders(places, trials.repeat) - (math.lgamma(len(stimuli) + 1) if statistic == "any" else 0.0)
    settings = {"statistic": statistic, "permutations": permutations, "seed": seed}
    history = watch.after(trials.provenance, "tuning_test", settings)
    return _result(trials.roi_labels, own, p, permutations, ways, history)


def responsiveness_test(trials: TrialResponses, *, permutations: int = 9999, seed: Seed = 0) -> PermutationTest:
    """Whether a region responds to any stimulus: the times before and after the onset are swapped in random trials.

    The statistic is the sum over stimuli of the squared sum of the differences over their number, so that responses
    up and down count. What is left of a response when the next trial begins counts as a change down.

    Parameters
    ----------
    trials : TrialResponses
        With responses that the mean before the onset was not taken from.
    permutations : int, default 9999
    seed : int, Generator or None, default 0

    Returns
    -------
    PermutationTest

    Raises
    ------
    ValueError
        If `permutations` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> random = np.random.default_rng(0)
    >>> stimulus, repeat = np.tile([0.0, 90.0], 8), np.repeat(np.arange(1, 9), 2)
    >>> before, values = random.normal(size=(2, 16, 2))
    >>> values[:, 0] += 3
    >>> trials = twophoton.TrialResponses(("a", "b"), "direction", stimulus, repeat, values, before)
    >>> twophoton.responsiveness_test(trials).found().tolist()
    [True, False]
    """
    watch = Watch()
    _check(permutations)
    _, places = trials.places()
    which = members(places)
    signs = np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), size=(permutations, len(places)))

    def weights(rows: slice) -> Weights:
        return np.asarray(which * signs[rows][:, None])

    difference = trials.values - trials.before
    own, p = _tested(difference, which[None], weights, _between, permutations)
    ways = (len(places) - 1) * math.log(2)
    history = watch.after(trials.provenance, "responsiveness_test", {"permutations": permutations, "seed": seed})
    return _result(trials.roi_labels, own, p, permutations, ways, history)


def _check(permutations: int) -> None:
    whole = not isinstance(permutations, bool) and permutations == int(permutations)
    if not whole or not 1 <= permutations <= MOST_PERMUTATIONS:
        raise ValueError(
            f"`permutations`: expected a whole number from 1 to {MOST_PERMUTATIONS}, found {permutations!r}"
        )


def _shuffled(repeat: Integers, permutations: int, random: np.random.Generator) -> NDArray[np.int32]:
    """Orders (permutations, trials) in which trials keep within their repeats."""
    orders = np.tile(np.arange(len(repeat), dtype=np.int32), (permutations, 1))
    for number in np.unique(repeat):
        own = np.flatnonzero(repeat == number)
        orders[:, own] = random.permuted(orders[:, own], axis=1)
    return orders


def _less_repeats(values: Floats, repeat: Integers) -> Floats:
    """Values less the mean of their repeat."""
    _, places = np.unique(repeat, return_inverse=True)
    which, held = members(places.astype(np.int64)), np.isfinite(values)
    count = which @ held
    total = which @ np.where(held, values, 0.0)
    mean = np.divide(total, count, out=np.zeros(count.shape), where=count > 0)
    return np.asarray(values - mean[places])


def _between(total: Floats, count: Floats) -> Floats:
    """Sum over stimuli of squared sums over their number: (permutations, regions)."""
    return np.asarray(np.divide(total**2, count, out=np.zeros(total.shape), where=count > 0).sum(axis=1))


def _tested(
    values: Floats,
    true: Weights,
    weights: Callable[[slice], Weights],
    measure: Callable[[Floats, Floats], Floats],
    permutations: int,
) -> tuple[Floats, Floats]:
    """Statistic and p-value of each region.

    Parameters
    ----------
    values : ndarray
        (trials, regions)
    true : ndarray
        (1, stimuli, trials): weights of trials in the sums of each stimulus.
    weights : callable
        The same (some permutations, stimuli, trials) for a slice of the permutations.
    measure : callable
        From sums and numbers of trials (some permutations, stimuli, regions) to statistics (permutations, regions).
    """
    held = np.isfinite(values)
    filled, whole = np.where(held, values, 0.0), bool(held.all())

    def statistics(used: Weights) -> Floats:
        count = np.abs(used).sum(axis=2, keepdims=True) if whole else np.abs(used) @ held
        return measure(used @ filled, np.broadcast_to(count, (*used.shape[:2], values.shape[1])))

    own = statistics(true)[0]
    reached = np.zeros(values.shape[1], np.int64)
    step = max(1, BLOCK // max(1, true.shape[1] * max(values.shape)))
    for start in range(0, permutations, step):
        drawn = statistics(weights(slice(start, min(start + step, permutations))))
        reached += (drawn >= own * AS_LARGE).sum(axis=0)
    known = held.any(axis=0)
    return np.where(known, own, np.nan), np.where(known, (reached + 1) / (permutations + 1), np.nan)


def _orders(places: Integers, repeat: Integers) -> float:
    """Logarithm of the number of different orders of stimuli within repeats."""
    found = 0.0
    for number in np.unique(repeat):
        shown = np.bincount(places[repeat == number])
        found += math.lgamma(shown.sum() + 1) - sum(math.lgamma(count + 1) for count in shown)
    return found


def _result(
    labels: tuple[str, ...], own: Floats, p: Floats, permutations: int, ways: float, history: Provenance
) -> PermutationTest:
    least = max(1 / (permutations + 1), math.exp(-max(ways, 0.0)))
    return PermutationTest(labels, own, p, false_discovery_rates(p), permutations, least, provenance=history)
