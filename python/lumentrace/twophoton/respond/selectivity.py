"""Selectivity for direction and orientation: preferred angles and indices, with intervals and their bias."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.respond.resampling import (
    Seed,
    check,
    interval,
    means,
    resampled,
    standard_errors,
)
from lumentrace.twophoton.respond.resampling import (
    draws as drawn_trials,
)
from lumentrace.twophoton.respond.selectivity_indices import FULL, Opposites, angle, is_even, over, vector_sum
from lumentrace.twophoton.respond.trial_responses import TrialResponses

Floats = NDArray[np.float64]

RAYLEIGH = np.sqrt(np.pi) / 2
"""Mean length of a vector of noise, over the root of its mean square."""
UNSURE = 3.0
"""Standard errors that the sum of the responses has to lie above 0 for indices to be relied on."""


@dataclass(frozen=True)
class SelectivityIndex:
    """An index of each region.

    Attributes
    ----------
    value : ndarray
        (regions,): of the mean responses.
    corrected : ndarray
        (regions,): less what noise adds to it.
    low, high : ndarray
        (regions,): confidence interval of the corrected index.
    """

    value: Floats
    corrected: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class PreferredAngle:
    """A preferred angle of each region.

    Attributes
    ----------
    value : ndarray
        (regions,) degrees: of the vector sum.
    low, high : ndarray
        (regions,) degrees: confidence interval, around `value`, so that `low` may be below 0.
    """

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class DirectionSelectivity:
    """Selectivity of each region; NaN with a reason where it cannot be measured.

    Attributes
    ----------
    roi_labels : tuple of str
    direction, orientation : PreferredAngle
        Up to 360 and up to 180 degrees.
    dsi_vector, osi_vector : SelectivityIndex
        Length of the vector sum at once and at twice the angle, over the sum of the responses: 1 - direction circular
        variance and 1 - circular variance.
    dsi_preferred_null, osi_preferred_orthogonal : SelectivityIndex
        Difference over sum of the responses to the preferred and the opposite direction, and to the preferred
        orientation and the one across.
    of_noise : ndarray
        (regions,): the index by vectors that a region without selectivity would have with as much noise.
    reasons : tuple of tuple of str
        For each region why something is NaN or uncertain.
    level : float
        Of the intervals.
    provenance : Provenance
    """

    roi_labels: tuple[str, ...]
    direction: PreferredAngle = field(repr=False)
    orientation: PreferredAngle = field(repr=False)
    dsi_vector: SelectivityIndex = field(repr=False)
    osi_vector: SelectivityIndex = field(repr=False)
    dsi_preferred_null: SelectivityIndex = field(repr=False)
    osi_preferred_orthogonal: SelectivityIndex = field(repr=False)
    of_noise: Floats = field(repr=False)
    reasons: tuple[tuple[str, ...], ...] = field(repr=False)
    level: float = 0.95
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)


def direction_selectivity(
    trials: TrialResponses, *, draws: int = 1000, level: float = 0.95, seed: Seed = 0
) -> DirectionSelectivity:
    """Preferred direction and orientation, DSI and OSI in both usual definitions, with intervals by bootstrap.

    Noise makes all indices larger: that by vectors because the length of a vector grows by noise of any direction, the
    other one because the largest response is taken. `corrected` is the root of the squared length less the squares of
    the standard errors for vectors; for the others it is the index less the bootstrap's estimate of its bias. Without
    selectivity the corrected index is 0 about half of the time, and `of_noise` is what `value` would be.

    Parameters
    ----------
    trials : TrialResponses
        Stimuli are directions in degrees; those within half a turn without opposites are orientations, which have no
        direction selectivity.
    draws : int, default 1000
    level : float, default 0.95
    seed : int, Generator or None, default 0

    Returns
    -------
    DirectionSelectivity

    Raises
    ------
    ValueError
        If directions are not spread evenly, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> degrees = np.tile(np.arange(0.0, 360.0, 45.0), 4)
    >>> values = 1 + np.cos(np.deg2rad(degrees - 90))[:, None]
    >>> repeat = np.repeat([1, 2, 3, 4], 8)
    >>> trials = twophoton.TrialResponses(("a",), "direction", degrees, repeat, values, np.zeros((32, 1)))
    >>> found = twophoton.direction_selectivity(trials)
    >>> float(found.direction.value[0].round(6)), float(found.dsi_vector.value[0].round(6))
    (90.0, 0.5)
    >>> float(found.dsi_preferred_null.value[0].round(6)), float(found.osi_vector.value[0].round(6))
    (1.0, 0.0)

    References
    ----------
    Ringach, D. L., Shapley, R. M. and Hawken, M. J.: Orientation selectivity in macaque V1: diversity and laminar
    dependence. J. Neurosci. 22 (2002) 5639. Niell, C. M. and Stryker, M. P.: Highly selective receptive fields in mouse
    visual cortex. J. Neurosci. 28 (2008) 7520. Mazurek, M., Kager, M. and Van Hooser, S. D.: Robust quantification of
    orientation selectivity and direction selectivity. Front. Neural Circuits 8 (2014) 92.
    """
    watch = Watch()
    check(draws, level)
    degrees, places = trials.places()
    opposites = Opposites.of(degrees)
    if not is_even(degrees, 2) or not (opposites.half or is_even(degrees, 1)):
        raise ValueError(f"`trials`: expected directions that are spread evenly, found {degrees.tolist()}")
    middle, errors = means(trials.values, places), standard_errors(trials.values, places)
    noise = (errors**2).sum(axis=0)

    def measured(found: Floats, own: slice) -> Floats:
        # Drawn means have the noise twice: that of the means, and that of drawing.
        return _measures(found, degrees, opposites, 2 * noise[own])

    drawn = resampled(trials.values, places, drawn_trials(places, draws, seed), measured)
    plain, corrected = (_measures(middle, degrees, opposites, taken) for taken in (np.zeros_like(noise), noise))
    low, high = interval(drawn, level)
    parts: list[SelectivityIndex] = []
    for place in range(4):
        value, better, bounds = plain[place], corrected[place], [low[place], high[place]]
        if place >= 2:
            bias = interval(drawn[:, place], 0.0)[0] - value
            better, bounds = value - bias, [each - 2 * bias for each in bounds]
        parts.append(SelectivityIndex(value, better, bounds[0], bounds[1]))
    direction, orientation = (_angle(place, plain[place], drawn[:, place], level) for place in (4, 5))
    total = middle.sum(axis=0)
    of_noise = over(RAYLEIGH * np.sqrt(noise), total)
    settings = {"draws": draws, "level": level, "seed": seed}
    return DirectionSelectivity(
        trials.roi_labels,
        direction,
        orientation,
        parts[0],
        parts[1],
        parts[2],
        parts[3],
        of_noise,
        tuple(_reasons(*each, opposites) for each in zip(total, noise, strict=True)),
        level,
        provenance=watch.after(trials.provenance, "direction_selectivity", settings),
    )


def _measures(mean: Floats, degrees: Floats, opposites: Opposites, noise: Floats) -> Floats:
    """Four indices and two angles of means (..., stimuli, regions): (..., 6, regions)."""
    total = mean.sum(axis=-2)
    found: list[Floats] = []
    angles: list[Floats] = []
    for harmonic in (1, 2):
        vector = vector_sum(mean, degrees, harmonic)
        length = np.sqrt(np.maximum(np.abs(vector) ** 2 - noise, 0))
        known = not (opposites.half and harmonic == 1)
        found.append(over(length, total) if known else np.full(total.shape, np.nan))
        angles.append(angle(vector, harmonic) if known else np.full(total.shape, np.nan))
    found += [opposites.preferred_null(mean), opposites.preferred_orthogonal(mean)]
    return np.stack([*found, *angles], axis=-2)


def _angle(place: int, value: Floats, drawn: Floats, level: float) -> PreferredAngle:
    """Interval of the differences from the angle, which are at most half of its period."""
    period = FULL / (place - 3)
    apart = (drawn - value + period / 2) % period - period / 2
    low, high = interval(apart, level)
    return PreferredAngle(value, value + low, value + high)


def _reasons(total: float, noise: float, opposites: Opposites) -> tuple[str, ...]:
    reasons = []
    if not np.isfinite(total):
        return ("some stimulus has no response",)
    if total <= 0:
        reasons.append(f"the sum of the responses, {total:.3g}, is not above 0: no index")
    elif not np.isfinite(noise):
        reasons.append("fewer than two trials of some stimulus: no interval and no correction")
    elif total < UNSURE * np.sqrt(noise):
        reasons.append(f"the sum of the responses, {total:.3g} ± {np.sqrt(noise):.2g}, hardly differs from 0")
    if opposites.half:
        reasons.append("orientations only: no direction")
    elif opposites.null is None:
        reasons.append("directions without opposites: no index of the preferred and the null direction")
    return tuple(reasons)
