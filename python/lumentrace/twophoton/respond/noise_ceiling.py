"""How much of a response can be explained at all: signal and noise of repeated trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.recorded import Recorded, Recorder

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NoiseCeiling(Recorded):
    """Explainable variance of each region.

    Attributes
    ----------
    signal : ndarray
        (regions,): variance over time of what repeats have in common; below 0 by chance where there is none.
    noise : ndarray
        (regions,): variance of what they have not.
    single, mean : ndarray
        (regions,): the largest share of the variance of one repeat, and of the mean of all, that a model of the
        stimulus can explain; NaN where nothing varies.
    """

    signal: Floats = field(repr=False)
    noise: Floats = field(repr=False)
    single: Floats = field(repr=False)
    mean: Floats = field(repr=False)


@unmasked
def noise_ceiling(repeats: NDArray[Any]) -> NoiseCeiling:
    """Signal and noise power of responses to the same stimulus, shown several times.

    With N repeats, signal = (N var(mean) - mean of var) / (N - 1), where variances are over time: unbiased for noise
    that is independent between repeats.

    Parameters
    ----------
    repeats : ndarray
        (repeats, frames, regions): at least two of each; a frame that is not finite in one repeat is left out for its
        region.

    Returns
    -------
    NoiseCeiling
        Divide an explained variance by `single`, if it was measured in single repeats, or by `mean`.

    Raises
    ------
    ValueError
        If there are fewer than two repeats or frames.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> random = np.random.default_rng(0)
    >>> signal, noise = random.normal(size=(4000, 1)), random.normal(0, 2, (5, 4000, 1))
    >>> float(twophoton.noise_ceiling(signal + noise).single[0].round(1))  # 1 of 1 + 4
    0.2

    References
    ----------
    Sahani, M. and Linden, J. F.: How linear are auditory cortical responses? Adv. Neural Inf. Process. Syst. 15 (2003)
    109.
    """
    recorder = Recorder()
    found = np.require(repeats, np.float64, ["C", "A"])
    if found.ndim != 3 or min(found.shape[:2]) < 2:
        raise ValueError(f"`repeats`: expected shape (repeats, frames, regions) with two at least, found {found.shape}")
    known = np.isfinite(found).all(axis=0)
    count = known.sum(axis=0)
    total = _variance(np.where(known, found, 0.0), known).mean(axis=0)
    of_mean = _variance(np.where(known, found, 0.0).mean(axis=0)[None], known)[0]
    signal = np.where(count > 1, (len(found) * of_mean - total) / (len(found) - 1), np.nan)
    single, mean = (
        np.divide(signal, whole, out=np.full(signal.shape, np.nan), where=whole > 0) for whole in (total, of_mean)
    )
    result = NoiseCeiling(signal, total - signal, single, mean)
    return recorder.told(result, "noise_ceiling", {"repeats": repeats}, {})


def _variance(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Variances over known frames: (repeats, regions) of (repeats, frames, regions)."""
    count = np.maximum(known.sum(axis=0), 1)
    left = np.where(known, values - values.sum(axis=1, keepdims=True) / count, 0.0)
    return np.asarray((left**2).sum(axis=1) / count)
