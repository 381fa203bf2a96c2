"""What a constant background, as cameras and media add, does to Manders' coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray

Floats = NDArray[np.float64]

DARKEST = 1.0
"""Percentile of the pixels that is taken for the background: noise makes it rather too low than too high."""
MOST, MOST_SORTED = 1 << 22, 1 << 18
"""Pixels that are summed, and among which the darkest are looked for; of larger images these are evenly spaced."""


def moved(
    a: AnyArray, b: AnyArray, labels: AnyArray | None, regions: NDArray[np.int64], thresholds: tuple[Floats, Floats]
) -> Floats:
    """By how much M1 and M2 of each region would change if the background of both channels were taken off.

    Parameters
    ----------
    a, b : ndarray
        Channels.
    labels : ndarray or None
        Of the regions; None if the whole image is the only one.
    regions : ndarray
        Labels, in ascending order.
    thresholds : (ndarray, ndarray)
        Of both channels in each region.

    Returns
    -------
    ndarray, shape (2, regions)
        NaN where a coefficient cannot be measured.
    """
    step = -(-a.size // MOST)
    first, second = (each.reshape(-1)[::step].astype(np.float64) for each in (a, b))
    whole = np.isfinite(first) & np.isfinite(second)
    first, second = first[whole], second[whole]
    if not first.size:
        return np.full((2, len(regions)), np.nan)
    place = np.zeros(first.size, np.intp)
    inside = np.ones(first.size, bool)
    if labels is not None:
        each = np.broadcast_to(labels, a.shape).reshape(-1)[::step][whole]
        place = np.minimum(np.searchsorted(regions, each), len(regions) - 1)
        inside = regions[place] == each
    pairs = ((first, second, thresholds[1]), (second, first, thresholds[0]))
    return np.array([_moved(one, other > at[place], place, inside, len(regions)) for one, other, at in pairs])


def _moved(
    values: Floats, above: NDArray[np.bool_], place: NDArray[np.intp], inside: NDArray[np.bool_], regions: int
) -> Floats:
    """Of a channel, of which some pixels are above the threshold of the other one."""
    dark = max(float(np.percentile(values[:: -(-values.size // MOST_SORTED)], DARKEST)), 0.0)
    counted = inside & above
    found = []
    for signal in (values, np.maximum(values - dark, 0.0)):
        total = np.bincount(place[inside], signal[inside], regions)
        part = np.bincount(place[counted], signal[counted], regions)
        found.append(np.divide(part, total, out=np.full(regions, np.nan), where=total > 0))
    change: Floats = np.abs(found[1] - found[0])
    return change
