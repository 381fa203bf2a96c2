"""Trials drawn again: weights of trials, means of stimuli under them, and quantiles of what comes out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Seed = int | np.random.Generator | None

BLOCK = 1 << 22
"""Numbers that are held of a block of regions or of draws."""


def members(places: Integers) -> Floats:
    """Which trials show which stimulus: (stimuli, trials), 0 and 1."""
    return np.asarray(places == np.arange(places.max() + 1)[:, None], dtype=np.float64)


def draws(places: Integers, count: int, seed: Seed) -> Floats:
    """How often each trial is drawn (draws, trials) when those of each stimulus are drawn anew, with repetition."""
    random = np.random.default_rng(seed)
    found = np.empty((count, len(places)))
    for stimulus in range(int(places.max()) + 1):
        own = np.flatnonzero(places == stimulus)
        found[:, own] = random.multinomial(own.size, np.full(own.size, 1 / own.size), size=count)
    return found


def counts(values: Floats, places: Integers) -> Floats:
    """How many trials with a value there are: (stimuli, regions)."""
    return np.asarray(members(places) @ np.isfinite(values))


def means(values: Floats, places: Integers) -> Floats:
    """Mean response to each stimulus (stimuli, regions); NaN where no trial has a value."""
    held = np.isfinite(values)
    which = members(places)
    count = which @ held
    total = which @ np.where(held, values, 0.0)
    return np.asarray(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0))


def standard_errors(values: Floats, places: Integers) -> Floats:
    """Standard deviation (n - 1) over the root of n (stimuli, regions); NaN where n is below 2."""
    left = values - means(values, places)[places]
    squares = members(places) @ np.where(np.isfinite(left), left, 0.0) ** 2
    count = counts(values, places)
    variance = np.divide(squares, count * (count - 1), out=np.full(count.shape, np.nan), where=count > 1)
    return np.asarray(np.sqrt(variance))


def resampled(values: Floats, places: Integers, drawn: Floats, measure: Callable[[Floats, slice], Floats]) -> Floats:
    """What a measure gives for the mean responses of each draw, regions block by block.

    Deviations of the drawn means from the means are stretched by the root of n / (n - 1), since those of n trials have
    as much less variance.

    Parameters
    ----------
    values : ndarray
        (trials, regions)
    places : ndarray of int
        (trials,)
    drawn : ndarray
        (draws, trials): weights.
    measure : callable
        From means (draws, stimuli, some regions) and the slice of regions to numbers (draws, ..., some regions).
    """
    stimuli, regions = int(places.max()) + 1, values.shape[1]
    step = max(1, BLOCK // (len(drawn) * stimuli))
    parts = []
    for start in range(0, max(regions, 1), step):
        own = slice(start, min(start + step, regions))
        parts.append(measure(_drawn_means(values[:, own], places, drawn), own))
    return np.concatenate(parts, axis=-1)


def _drawn_means(values: Floats, places: Integers, drawn: Floats) -> Floats:
    """Mean responses (draws, stimuli, regions)."""
    held = np.isfinite(values)
    filled, whole = np.where(held, values, 0.0), bool(held.all())
    middle, known = means(values, places), counts(values, places)
    stretch = np.sqrt(np.divide(known, known - 1, out=np.full(known.shape, np.nan), where=known > 1))
    found = np.empty((len(drawn), len(middle), values.shape[1]))
    for stimulus in range(len(middle)):
        own = np.flatnonzero(places == stimulus)
        total = drawn[:, own] @ filled[own]
        count = np.full(total.shape, float(own.size)) if whole else drawn[:, own] @ held[own]
        mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        found[:, stimulus] = middle[stimulus] + (mean - middle[stimulus]) * stretch[stimulus]
    return found


def interval(samples: Floats, level: float) -> tuple[Floats, Floats]:
    """Quantiles along the first axis that leave out as much below as above; NaN where fewer than half are known."""
    shares = ((1 - level) / 2, (1 + level) / 2)
    known = np.isfinite(samples).sum(axis=0)
    ordered = np.sort(np.where(np.isfinite(samples), samples, np.inf), axis=0)
    found = []
    for share in shares:
        place = share * np.maximum(known - 1, 0)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(known - 1, 0))
        below, above = (np.take_along_axis(ordered, each[None], axis=0)[0] for each in (low, high))
        with np.errstate(invalid="ignore"):
            value = below + (place - low) * (above - below)
        found.append(np.where(2 * known >= len(samples), value, np.nan))
    return found[0], found[1]


def check(draws_asked: int, level: float) -> None:
    """ValueError unless draws and level can be used."""
    if isinstance(draws_asked, bool) or draws_asked != int(draws_asked) or not 10 <= draws_asked <= 1_000_000:
        raise ValueError(f"`draws`: expected a whole number from 10 to 1000000, found {draws_asked!r}")
    if not 0 < level < 1:
        raise ValueError(f"`level`: expected a share between 0 and 1, found {level!r}")
