"""The reference that frames are compared with: made from frames that agree, and again from those aligned to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import _core
from lumentrace.twophoton.align.films import Film
from lumentrace.twophoton.align.motion import MotionSettings
from lumentrace.twophoton.align.noise import Noise

Floats = NDArray[np.float64]

ALIKE = 20
"""Frames that the first reference is the mean of."""
SMALL = 48
"""Pixels along the shorter side of frames that are compared with each other."""
DARKEST = 0.03
"""Least light of the reference, relative to its mean."""
PHOTONS, LEAST_BLUR, MOST_BLUR = 30.0, 0.7, 2.0
"""Photons per pixel of a reference that is blurred by a pixel, and limits of the blur."""
COARSE, LEAST_COARSE = 96, 24
"""Pixels along the shorter side of the coarse frame, at least; and where pixels have less than a photon."""


@dataclass(frozen=True)
class Roughness:
    """How the shifts of blocks differ: the variance is ``pixels**2 * distance**growth``, with distances in blocks.

    Attributes
    ----------
    pixels, growth : float
    """

    pixels: float = 0.3
    growth: float = 1.5


@dataclass(frozen=True)
class Comparison:
    """How frames of a movie are compared with a reference.

    Attributes
    ----------
    settings : MotionSettings
    noise : Noise
    line_offset : float
        Pixels.
    full : float
        Value of saturated pixels.
    """

    settings: MotionSettings
    noise: Noise
    line_offset: float
    full: float

    def reach(self, shape: tuple[int, int]) -> int:
        """Pixels that whole frames move at most."""
        shorter = min(shape)
        asked = self.settings.max_shift_px
        own = min(max(shorter / 10, 16), shorter / 4) if asked is None else asked
        return min(math.ceil(own), shorter - 1)

    def tiles(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of blocks; in mode 'rigid' too, as brightness may change block by block."""
        rows, columns = (max(1, round(size / self.settings.block_px)) for size in shape)
        return min(rows, 32), min(columns, 32)

    def lags(self, shape: tuple[int, int], bin_px: int, *, whole: bool = False) -> int:
        """Pixels around the first guess that are searched; fewer if blocks move as the whole."""
        blocks = self.settings.mode == "nonrigid" and not whole
        warp = math.ceil(self.settings.max_warp_px) if blocks else bin_px
        return max(2, min(warp + 2, (min(shape) - 8) // 4))

    def template(
        self, reference: Floats, photons: float, roughness: Roughness | None, *, whole: bool = False
    ) -> _core.MotionTemplate:
        """A reference that is ready for frames.

        Parameters
        ----------
        reference : ndarray
            (rows, columns): mean of frames, NaN where there is none.
        photons : float
            Per pixel, in all frames that it is the mean of.
        roughness : Roughness or None
        whole : bool, default False
            Whether only whole frames are asked for.
        """
        known = np.isfinite(reference)
        light = np.where(known, reference, reference[known].mean() if known.any() else 1.0) - self.noise.zero
        rate = np.maximum(light, DARKEST * max(float(light.mean()), 1e-12))
        blur = self.settings.smooth_px
        if blur is None:
            blur = float(np.clip((PHOTONS / max(photons, 1e-12)) ** 0.25, LEAST_BLUR, MOST_BLUR))
        pattern = np.log(ndimage.gaussian_filter(rate, blur, mode="nearest"))
        odd, shown = pattern, rate
        if self.line_offset:
            odd = ndimage.shift(pattern, (0, self.line_offset), order=3, mode="nearest")
            other = ndimage.shift(rate, (0, self.line_offset), order=1, mode="nearest")
            shown = (rate + other) / 2
        shape = (reference.shape[0], reference.shape[1])
        bin_px = coarse_bin(shape, float(rate.mean()) / self.noise.gain)
        return _core.MotionTemplate(
            pattern.astype(np.float32),
            odd.astype(np.float32),
            shown.astype(np.float32),
            bin=bin_px,
            gain=self.noise.gain,
            zero=self.noise.zero,
            full=self.full,
            tiles=self.tiles(shape),
            reach=self.reach(shape),
            lags=self.lags(shape, bin_px, whole=whole),
            **({} if roughness is None else {"roughness": roughness.pixels, "growth": roughness.growth}),
        )


def coarse_bin(shape: tuple[int, int], photons: float) -> int:
    """Pixels along each axis that make a coarse one, 1, 2, 4 and so on, given the photons of a pixel of a frame."""
    found = 1 << int(math.log2(max(min(shape) / COARSE, 1)))
    while photons * found**2 < 1 and min(shape) >= 2 * found * LEAST_COARSE:
        found *= 2
    return found


def first_reference(film: Film, samples: NDArray[np.int64]) -> tuple[Floats, int]:
    """The mean of frames that are most alike, and how many they are.

    Frames are compared without any shift, blurred and coarser: those that correlate best with each other were at nearly
    the same place.
    """
    small = np.array([_small(film.read(int(number), int(number) + 1)[0]) for number in samples])
    usable = np.flatnonzero(np.isfinite(small).all(axis=(1, 2)))
    if not len(usable):
        return film.read(int(samples[0]), int(samples[0]) + 1)[0].astype(np.float64), 1
    flat = small[usable].reshape(len(usable), -1)
    alike = flat @ flat.T
    count = min(ALIKE, len(usable))
    best = np.argsort(-alike, axis=1, kind="stable")[:, :count]
    middle = int(np.take_along_axis(alike, best, axis=1).mean(axis=1).argmax())
    chosen = samples[usable[np.sort(best[middle])]]
    total = np.zeros(film.shape[1:])
    held = np.zeros(film.shape[1:])
    for number in chosen:
        frame = film.read(int(number), int(number) + 1)[0].astype(np.float64)
        total += np.where(np.isfinite(frame), frame, 0.0)
        held += np.isfinite(frame)
    return np.divide(total, held, out=np.full(total.shape, np.nan), where=held > 0), count


def _small(frame: NDArray[np.generic]) -> Floats:
    """A coarse frame without slow changes, of length 1; NaN if it is blank or not finite."""
    step = max(1, min(frame.shape) // SMALL)
    rows, columns = (size // step for size in frame.shape)
    tall = frame[: rows * step, : columns * step].reshape(rows, step, -1).sum(axis=1, dtype=np.float64)
    mean = tall.reshape(rows, columns, step).mean(axis=2) / step
    if not np.isfinite(mean).all() or not np.ptp(mean) > 0:
        return np.full(mean.shape, np.nan)
    fine = ndimage.gaussian_filter(mean, 0.7) - ndimage.gaussian_filter(mean, max(3.0, min(mean.shape) / 6))
    return np.asarray(fine / max(float(np.sqrt((fine**2).sum())), 1e-12))
