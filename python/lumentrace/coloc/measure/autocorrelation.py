"""The p-value of a correlation between images, whose neighbouring pixels are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.recorded import Recorded, Recorder

from ..regions.selection import channel, check_shape, inside
from .metrics import pearson

NAN = float("nan")
FARTHEST = 0.5
"""Lags count up to this share of the image's length."""


@dataclass(frozen=True)
class Corrected(Recorded):
    """A correlation with its naive and its corrected p-value.

    Attributes
    ----------
    r : float
        Pearson's coefficient.
    p_naive : float
        As if pixels were independent.
    effective_n : float
        Number of independent pixels that would give r the same variance.
    p : float
        Two-tailed, of `effective_n` pixels.
    """

    r: float
    p_naive: float
    effective_n: float
    p: float


@unmasked
def corrected_pvalue(a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None) -> Corrected:
    """Pearson's correlation with a p-value that takes the autocorrelation of both channels into account.

    Structures larger than a pixel make neighbours alike, and a p-value that counts every pixel is far too small. The
    variance of r under independence is estimated from the autocorrelations, σ² = Σₛ n(s) ρa(s) ρb(s) / n², summed over
    shifts s up to half of the image's (or the mask's) extent with n(s) pairs of pixels; 1 + 1/σ² pixels count.

    Parameters
    ----------
    a, b : array_like
        Intensities of both channels, same shape.
    mask : array_like, optional
        Same shape; pixels other than 0 count.

    Returns
    -------
    Corrected
        NaN if r cannot be measured.

    Examples
    --------
    >>> from lumentrace.coloc import corrected_pvalue, make_sample_data
    >>> (a, *_), (b, *_) = make_sample_data()
    >>> found = corrected_pvalue(a, b)
    >>> found.effective_n < a.size / 100, found.p > found.p_naive
    (True, True)

    References
    ----------
    Clifford, P., Richardson, S., Hémon, D.: Assessing the significance of the correlation between two spatial
    processes. Biometrics 45 (1989) 123. Dutilleul, P.: Modifying the t test for assessing the correlation between two
    spatial processes. Biometrics 49 (1993) 305.
    """
    recorder = Recorder()
    first, second = channel("a", a), channel("b", b)
    check_shape("b", second, first.shape)
    found = corrected_of(first, second, inside(mask, first.shape))
    return recorder.told(found, "corrected_pvalue", {"a": a, "b": b, "mask": mask}, {})


def corrected_of(first: NDArray[Any], second: NDArray[Any], kept: NDArray[np.bool_] | None) -> Corrected:
    """The corrected p-value of the pixels of a mask."""
    r, naive = pearson(first, second, kept)
    if np.isnan(r):
        return Corrected(NAN, NAN, NAN, NAN)
    inner = np.ones(first.shape, dtype=bool) if kept is None else kept
    effective = _effective(*_cropped(first, second, inner))
    return Corrected(r, naive, effective, _p_value(r, effective))


def _cropped(a: NDArray[Any], b: NDArray[Any], mask: NDArray[np.bool_]) -> tuple[NDArray[Any], ...]:
    """All three within the bounding box of the mask."""
    places = np.nonzero(mask)
    box = tuple(slice(int(place.min()), int(place.max()) + 1) for place in places)
    return a[box], b[box], mask[box]


def _effective(a: NDArray[Any], b: NDArray[Any], mask: NDArray[Any]) -> float:
    from scipy import fft

    most = [int(FARTHEST * length) for length in a.shape]
    shape = [fft.next_fast_len(length + lag, real=True) for length, lag in zip(a.shape, most, strict=True)]

    def over_lags(values: NDArray[Any]) -> NDArray[np.float64]:
        spectrum = fft.rfftn(values, s=shape)
        whole = fft.irfftn((spectrum * spectrum.conj()).real, s=shape)
        for axis, lag in enumerate(most):
            whole = np.take(whole, np.arange(-lag, lag + 1), axis=axis)
        return np.asarray(whole)

    pairs = np.round(over_lags(mask.astype(np.float64)))
    products = over_lags(_standardised(a, mask)) * over_lags(_standardised(b, mask))
    known = pairs > 0
    n = int(mask.sum())
    variance = float((products[known] / pairs[known]).sum()) / n**2
    return float(np.clip(1 + 1 / variance, 2, n)) if variance > 0 else float(n)


def _standardised(values: NDArray[Any], mask: NDArray[Any]) -> NDArray[np.float64]:
    inner = values[mask].astype(np.float64)
    image = np.zeros(values.shape)
    image[mask] = (inner - inner.mean()) / inner.std()
    return image


def _p_value(r: float, n: float) -> float:
    from scipy import special

    if n <= 2:
        return 1.0
    return float(special.betainc((n - 2) / 2, 0.5, (1 - r) * (1 + r)))
