"""What bumps of a levelled film stand on, by the film itself, and from which height something is a bump."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SMOOTHING = 1.5
"""Standard deviation in pixels of the Gaussian before thresholds: noise falls to a fifth, three pixels stay."""
NOISES = 5.0
"""Noises that a bump has to rise above the ground: of a million independent places less than one does by chance."""
ROUGHNESSES = 6.0
"""The same in spreads of the ground, which unlike noise has hills: those of simulated rough surfaces reach 5.1."""
PARTED, PEAKS = 3.0, 12
"""Distance of peaks from pits, over the sum of the spreads of both, that tells a lattice of bumps, and the least number
of each to say so: simulated noise and rough surfaces reach 2.1, lattices of Gaussians four standard deviations
apart have 2.8 to 4.6, further apart more."""
CLASSES = 0.8
"""Least share of the variance between two classes of heights: a Gaussian has 0.64, equally frequent heights 0.75."""
SAMPLE = 4_000_000
"""Pixels from which ground and noise are taken, evenly spread over the frames."""


@dataclass(frozen=True)
class Ground:
    """What bumps stand on, in the unit of the film.

    Attributes
    ----------
    level, roughness : float
        Median, and spread below it.
    noise : float
        Standard deviation of the noise that is left after smoothing.
    threshold : float
        Height from which something is a bump; inf where no height parts bumps from the ground.
    """

    level: float
    roughness: float
    noise: float
    threshold: float


def smoothed(frame: Floats) -> Floats:
    """A frame with less noise; pixels that are not finite count as the median."""
    from scipy import ndimage

    finite = np.isfinite(frame)
    if finite.all():
        return np.asarray(ndimage.gaussian_filter(frame, SMOOTHING))
    middle = np.median(frame[finite]) if finite.any() else 0.0
    return np.asarray(ndimage.gaussian_filter(np.where(finite, frame, middle), SMOOTHING))


def ground(frames: Floats, smooth: Floats) -> Ground:
    """The ground of a film.

    Parameters
    ----------
    frames, smooth : ndarray
        (frames, height, width), as it is and after `smoothed`.
    """
    step = max(1, frames.size // SAMPLE)
    heights = smooth[::step].ravel()
    noise = _noise(frames[::step])
    if not heights.size or not np.isfinite(noise):
        return Ground(np.nan, np.nan, np.nan, np.inf)
    low, level = np.quantile(heights, (0.1587, 0.5)).tolist()
    lattice = _lattice(smooth[::step], noise)
    if lattice is not None:
        return lattice
    rise = max(ROUGHNESSES * (level - low), NOISES * noise)
    if level + rise < heights.max():
        return Ground(level, level - low, noise, level + rise)
    return _classes(heights, noise) or Ground(level, level - low, noise, np.inf)


def _lattice(smooth: Floats, noise: float) -> Ground | None:
    """A film full of bumps, which has no ground but the pits between them."""
    from scipy import ndimage

    square = (1, 5, 5)
    peaks = smooth[ndimage.maximum_filter(smooth, square) == smooth]
    pits = smooth[ndimage.minimum_filter(smooth, square) == smooth]
    if min(len(peaks), len(pits)) < PEAKS:
        return None
    top, bottom = float(np.median(peaks)), float(np.median(pits))
    spreads = [
        1.4826 * float(np.median(np.abs(heights - middle))) for heights, middle in ((peaks, top), (pits, bottom))
    ]
    if top - bottom < max(PARTED * sum(spreads), NOISES * noise):
        return None
    return Ground(bottom, spreads[1], noise, (top + bottom) / 2)


def _classes(heights: Floats, noise: float) -> Ground | None:
    """A film of plateaus that cover half of it: two classes of heights."""
    from skimage.filters import threshold_otsu

    if not heights.max() > heights.min():
        return None
    cut = float(threshold_otsu(heights, nbins=512))  # type: ignore[no-untyped-call]  # untyped library
    above = heights > cut
    bottom, top, share = float(heights[~above].mean()), float(heights[above].mean()), float(above.mean())
    between = share * (1 - share) * (top - bottom) ** 2 / float(heights.var())
    if between < CLASSES or top - bottom < NOISES * noise:
        return None
    return Ground(bottom, float(heights[~above].std()), noise, cut)


def _noise(frames: Floats) -> float:
    """Noise after smoothing, as if lines of a scan were independent of each other, but pixels of a line were not."""
    spreads = [_spread(np.diff(frames, 2, axis=axis)) for axis in (1, 2)]
    kept = 1 / np.sqrt(2 * np.sqrt(np.pi) * SMOOTHING)
    return float(max(spreads) * kept)


def _spread(second: Floats) -> float:
    """Standard deviation of values, from their second differences."""
    known = second[np.isfinite(second)]
    return float(1.4826 * np.median(np.abs(known)) / np.sqrt(6)) if known.size else float("nan")


def typical_height(smooth: Floats, base: Ground) -> float:
    """Median height of what is above the threshold of a frame; nan if nothing is."""
    from scipy import ndimage

    labels, count = ndimage.label(smooth > base.threshold)
    if not count:
        return float("nan")
    return float(np.median(ndimage.maximum(smooth, labels, np.arange(1, count + 1)))) - base.level
