"""What images say about themselves: clipped pixels, structure, shifts between channels, labels that are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray

Floats = NDArray[np.float64]

PILE = 2.0
"""By how much the greatest value is more frequent than the next one if pixels are clipped; else it is rarer."""
STANDS_OUT = 6.0
"""Standard deviations of the correlations of all shifts that chance does not reach among a million of them."""

GAIN = 0.02
"""Share of the correlation that a shift must add; the greatest of a broad peak strays by a pixel or two for less."""


def share_clipped(pixels: AnyArray) -> float:
    """Share of the pixels at the greatest value; 0 if that is no more frequent than the one below it."""
    return clipped(greatest(pixels), pixels.size)


def greatest(pixels: AnyArray) -> dict[float, int]:
    """The greatest value and the next one, if there are so many that are finite, with the numbers of their pixels."""
    found: dict[float, int] = {}
    rest = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels.ravel()
    while rest.size and len(found) < 2:
        top = rest.max()
        below = rest[rest < top]
        found[top.item()] = rest.size - below.size
        rest = below
    return found


def clipped(tops: Mapping[float, int], pixels: int) -> float:
    """The share of `share_clipped`, of the numbers of pixels at greatest values, among so many pixels."""
    first, *others = (tops[value] for value in sorted(tops, reverse=True)[:2]) if tops else (0,)
    if not others or first <= PILE * others[0]:
        return 0.0
    return float(first / pixels)


def plane(pixels: AnyArray) -> Floats:
    """The mean of all planes, one at a time."""
    planes = pixels.reshape(-1, *np.atleast_2d(pixels).shape[-2:])
    total = np.zeros(planes.shape[1:])
    for each in planes:
        total += np.nan_to_num(each.astype(np.float64), posinf=0.0, neginf=0.0)
    return total / max(len(planes), 1)


def neighbour_correlation(image: Floats) -> tuple[float, float]:
    """Correlation of neighbours in a plane, and its standard deviation if there is none; NaN for a constant image."""
    left = image - image.mean()
    variance = float((left**2).mean())
    pairs = [(left[1:], left[:-1]), (left[:, 1:], left[:, :-1])]
    count = sum(one.size for one, _ in pairs)
    if not variance > 0 or not count:
        return float("nan"), float("nan")
    return float(sum((one * other).sum() for one, other in pairs) / count / variance), float(1 / np.sqrt(count))


@dataclass(frozen=True)
class Compared:
    """How two channels lie on each other.

    Attributes
    ----------
    r : float
        Pearson's coefficient of their planes.
    chance : float
        Share of cyclic shifts at which they correlate as well.
    shift : float
        Distance of the shift at which they correlate best, in pixels; 0 if none stands out or it adds next to nothing.
    """

    r: float
    chance: float
    shift: float


def compared(one: AnyArray, other: AnyArray) -> Compared:
    """Correlate two channels at all cyclic shifts."""
    a, b = plane(one), plane(other)
    spread = a.std() * b.std() * a.size
    if not spread > 0:
        return Compared(float("nan"), 0.0, 0.0)
    spectrum = np.fft.rfft2(a - a.mean()).conj() * np.fft.rfft2(b - b.mean())
    found = np.asarray(np.fft.irfft2(spectrum, a.shape) / spread)
    best = np.unravel_index(int(found.argmax()), found.shape)
    away = [(int(place) + size // 2) % size - size // 2 for place, size in zip(best, found.shape, strict=True)]
    most, here = float(found.max()), float(found[0, 0])
    shifted = most > STANDS_OUT * float(found.std()) and most - here > GAIN * most
    return Compared(here, float((found >= here).mean()), float(np.hypot(*away)) if shifted else 0.0)


def neighbours_alike(labels: AnyArray) -> float:
    """Share of the pairs of neighbours with a label that have the same one; 1 without labels."""
    same = pairs = 0
    for one, other in ((labels[..., 1:], labels[..., :-1]), (labels[..., 1:, :], labels[..., :-1, :])):
        inside = (one != 0) | (other != 0)
        pairs += int(inside.sum())
        same += int((one == other)[inside].sum())
    return same / pairs if pairs else 1.0


def pieces(labels: AnyArray) -> tuple[int, float]:
    """Number of labels, and the median number of pieces that each is in."""
    from skimage.measure import label

    joined = np.asarray(label(labels, background=0, connectivity=1))  # type: ignore[no-untyped-call]  # scikit-image has no types
    inside = joined > 0
    if not inside.any():
        return 0, 0.0
    first = np.unique(joined[inside], return_index=True)[1]
    counts = np.unique(labels[inside][first], return_counts=True)[1]
    return len(counts), float(np.median(counts))
