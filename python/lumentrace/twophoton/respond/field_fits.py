"""Fits of receptive fields at several scales of smoothness; each region keeps that of the largest evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.respond.evidence import Ridge
from lumentrace.twophoton.respond.lagged_sums import lagged_sums
from lumentrace.twophoton.respond.smooth_bases import line_basis, plane_basis

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Scales = tuple[float, float]
Plan = Mapping[Scales, Integers]
"""Regions that a pair of scales, in pixels and in lags, is tried for."""

MOST_FUNCTIONS = 4000
"""Functions x lags that are fitted at once: their products take 128 MB."""


@dataclass
class FieldFit:
    """Fields of regions.

    Attributes
    ----------
    weights, errors : ndarray
        (regions, lags, rows, columns)
    gain, penalty, noise : ndarray
        (regions,): log evidence, of the ridge, standard deviation of the noise.
    scales : ndarray
        (regions, 2): in pixels and in lags.
    """

    weights: Floats
    errors: Floats
    gain: Floats
    penalty: Floats
    noise: Floats
    scales: Floats

    @classmethod
    def empty(cls, regions: int, shape: tuple[int, ...]) -> FieldFit:
        """Fields that are not known yet."""
        weights, errors = (np.full((regions, *shape), np.nan) for _ in range(2))
        gain, penalty, noise = (np.full(regions, np.nan) for _ in range(3))
        return cls(weights, errors, gain, penalty, noise, np.full((regions, 2), np.nan))

    def shaped(self, shape: tuple[int, int]) -> FieldFit:
        """The same with images of a shape."""
        weights, errors = (each.reshape(*each.shape[:2], *shape) for each in (self.weights, self.errors))
        return replace(self, weights=weights, errors=errors)

    def put(self, own: Integers, other: FieldFit) -> None:
        """Take over the fields of some regions."""
        for name, values in vars(other).items():
            getattr(self, name)[own] = values


def candidates(shape: tuple[int, ...], lags: int, pixels: Sequence[float], frames: Sequence[float]) -> list[Scales]:
    """Pairs of scales that are tried.

    Raises
    ------
    ValueError
        If a scale is out of range, or all need too many functions.
    """
    for name, scales in (("smoothness_pixels", pixels), ("smoothness_lags", frames)):
        if not len(scales) or not all(0 <= scale <= 1000 for scale in scales):
            raise ValueError(f"`{name}`: expected scales from 0 to 1000, found {list(scales)}")
    pairs = [(float(wide), float(long)) for wide in dict.fromkeys(pixels) for long in dict.fromkeys(frames)]
    found = [pair for pair in pairs if _functions(shape, lags, pair) <= MOST_FUNCTIONS]
    if not found:
        least = min(_functions(shape, lags, pair) for pair in pairs)
        raise ValueError(
            f"`smoothness_pixels`: expected at most {MOST_FUNCTIONS} functions x lags, found {least} at the largest "
            "scale; use fewer pixels or lags, or weights that are smoother"
        )
    return found


def _functions(shape: tuple[int, ...], lags: int, scales: Scales) -> int:
    """How many numbers a field of these scales has; the sums of products hold all lags."""
    pixels = shape[0] * shape[1]
    if scales[0] <= 0 and pixels * lags > MOST_FUNCTIONS:
        return pixels * lags
    return int(plane_basis((shape[0], shape[1]), scales[0]).shape[1]) * lags


def fitted(
    stimulus: Floats, y: Floats, rows: Integers, plan: Plan, lags: int, penalty: float | None, errors: bool = False
) -> FieldFit:
    """The fields of the largest evidence.

    Parameters
    ----------
    stimulus : ndarray
        (frames, rows, columns), finite.
    y : ndarray
        (frames, regions), finite in `rows`.
    rows : ndarray of int
        Frames that are used; all of the stimulus before them is.
    plan : mapping
    lags : int
    penalty : float or None
        Of the ridge; None for that of the largest evidence.
    errors : bool, default False
        Whether standard errors are wanted.
    """
    shape = (stimulus.shape[1], stimulus.shape[2])
    flat = stimulus.reshape(len(stimulus), -1)
    best = FieldFit.empty(y.shape[1], (lags, *shape))
    best.gain[:] = -np.inf
    for wide in dict.fromkeys(pair[0] for pair in plan):
        space = plane_basis(shape, wide)
        own = {long: regions for (scale, long), regions in plan.items() if scale == wide}
        used = np.unique(np.concatenate(list(own.values())))
        sums = lagged_sums(flat @ space, y[:, used], rows, lags)
        for long, regions in own.items():
            time = line_basis(lags, long)
            part = np.searchsorted(used, regions)
            gram, cross = sums.timed(time)
            ridge = Ridge.of(gram, cross[:, part], sums.squares[part], sums.rows)
            likely, gain = ridge.likely() if penalty is None else _given(ridge, penalty)
            better = gain > best.gain[regions]
            found = _fields(ridge.of_regions(better), likely[better], time, space, errors)
            found.gain[:], found.scales[:] = gain[better], (wide, long)
            best.put(regions[better], found.shaped(shape))
    return best


def _given(ridge: Ridge, penalty: float) -> tuple[Floats, Floats]:
    same = np.full(len(ridge.squares), penalty)
    return same, ridge.gain(same)


def _fields(ridge: Ridge, penalty: Floats, time: Floats, space: Floats, errors: bool) -> FieldFit:
    """Weights of pixels and lags from those of the functions; images are flat."""
    found = FieldFit.empty(len(penalty), (len(time), 1, len(space)))
    weights = ridge.weights(penalty).reshape(time.shape[1], space.shape[1], -1)
    found.weights[:, :, 0] = np.moveaxis(space @ np.tensordot(time, weights, (1, 0)), 2, 0)
    found.penalty[:], found.noise[:] = penalty, np.sqrt(ridge.noise(penalty))
    for lag, own in enumerate(time if errors else ()):
        found.errors[:, lag, 0] = np.sqrt(ridge.variances(penalty, np.kron(own[None], space))).T
    return found
