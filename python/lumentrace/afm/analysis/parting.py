"""Bumps of a frame parted from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bumps import NOISES, Floats, Ground, Mask

SADDLE = 0.15
"""Share of the height of a typical bump by which peaks have to rise above the saddle between them to be two."""
HALF = 0.5
"""A bump reaches down to this share of its height: a size that depends on neither threshold nor noise."""
EIGHT = np.ones((3, 3), dtype=bool)


def parted(smooth: Floats, base: Ground, height: float) -> Mask:
    """The bumps of a frame, down to half of their heights, with a gap between any two.

    Parameters
    ----------
    smooth : ndarray
        A frame after `smoothed`.
    base : Ground
    height : float
        Of a typical bump above the ground.
    """
    from scipy import ndimage
    from skimage.segmentation import watershed

    mask = smooth > base.threshold
    peaks, count = ndimage.label((ndimage.maximum_filter(smooth, footprint=EIGHT) == smooth) & mask, EIGHT)
    if not count:
        return np.zeros(smooth.shape, dtype=bool)
    basins = watershed(-smooth, peaks, mask=mask, connectivity=2)  # type: ignore[no-untyped-call]  # untyped library
    labels = _joined(smooth, basins, max(NOISES * base.noise, SADDLE * height))
    tops = ndimage.maximum(smooth, labels, np.arange(count + 1))
    whole = np.where((labels > 0) & (smooth > base.level + HALF * (tops[labels] - base.level)), labels, 0)
    return np.asarray((whole > 0) & (ndimage.maximum_filter(whole, footprint=EIGHT) == whole))


def _joined(smooth: Floats, basins: NDArray[np.int32], least: float) -> NDArray[np.int32]:
    """Basins joined over the highest saddles first, where the lower peak rises less than `least` above the saddle."""
    tops = np.full(basins.max() + 1, -np.inf)
    np.maximum.at(tops, basins, smooth)
    owner = np.arange(len(tops), dtype=np.int32)
    for height, one, other in _saddles(smooth, basins):
        low, high = sorted((_root(owner, one), _root(owner, other)), key=lambda basin: tops[basin])
        if low != high and tops[low] - height < least:
            owner[low] = high
    return np.array([_root(owner, basin) for basin in range(len(owner))], dtype=np.int32)[basins]


def _root(owner: NDArray[np.int32], basin: int) -> int:
    while owner[basin] != basin:
        basin = int(owner[basin])
    return basin


def _saddles(smooth: Floats, basins: NDArray[np.int32]) -> list[tuple[float, int, int]]:
    """Height of the saddle between any two basins that touch, highest first."""
    found: dict[tuple[int, int], float] = {}
    for here, there in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    ):
        one, other = basins[here], basins[there]
        meets = (one != other) & (one > 0) & (other > 0)
        heights = np.minimum(smooth[here], smooth[there])[meets].tolist()
        for height, *pair in zip(heights, one[meets].tolist(), other[meets].tolist(), strict=True):
            key = (min(pair), max(pair))
            found[key] = max(height, found.get(key, -np.inf))
    return sorted(((height, *pair) for pair, height in found.items()), reverse=True)
