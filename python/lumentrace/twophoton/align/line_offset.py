"""By how much the lines of a bidirectional scan are apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.align.films import Film

FRAMES, GROUPS = 80, 8
"""Frames that are looked at, and parts of them that errors are told from."""
BLUR_PX = 1.0
STEPS = 20
SURE, LEAST_PX = 4.0, 0.05
"""Standard errors, and pixels, from which on there is an offset."""


@dataclass(frozen=True)
class LineOffset:
    """By how much odd rows are moved along columns.

    Attributes
    ----------
    pixels, sigma : float
        NaN where it cannot be told.
    used : float
        The offset that is taken out: 0 if it is not above its error.
    """

    pixels: float
    sigma: float
    used: float


def line_offset(film: Film) -> LineOffset:
    """The offset of odd rows against the mean of the even rows beside them, by correlation.

    Slopes along columns, blurred by a pixel, are correlated; the peak of the band-limited correlation is found by
    Newton's method; its standard error is that of a jackknife over groups of frames.
    """
    spectra = _spectra(film)
    if spectra is None or len(spectra) < 2:
        return LineOffset(np.nan, np.nan, 0.0)
    total = spectra.sum(axis=0)
    offset = _peak(total, film.shape[2])
    others = np.array([_peak(total - own, film.shape[2]) for own in spectra])
    count = len(others)
    sigma = float(np.sqrt((count - 1) / count * ((others - others.mean()) ** 2).sum()))
    sure = np.isfinite(sigma) and abs(offset) > max(SURE * sigma, LEAST_PX)
    return LineOffset(offset, sigma, offset if sure else 0.0)


def _spectra(film: Film) -> NDArray[np.complex128] | None:
    """Cross spectra (groups, frequencies) of even and odd rows."""
    frames = np.unique(np.linspace(0, film.shape[0] - 1, FRAMES).astype(int))
    groups: dict[int, NDArray[np.complex128]] = {}
    for place, number in enumerate(frames):
        frame = film.read(int(number), int(number) + 1)[0].astype(np.float64)
        if np.isfinite(frame).all() and np.ptp(frame) > 0:
            own = groups.setdefault(place % GROUPS, np.zeros(film.shape[2] // 2 + 1, complex))
            own += _cross(frame / max(abs(frame.mean()), 1e-12))
    return np.array(list(groups.values())) if groups else None


def _cross(frame: NDArray[np.float64]) -> NDArray[np.complex128]:
    odd = frame[1:-1:2]
    even = (frame[0:-2:2] + frame[2::2])[: len(odd)] / 2
    window = np.hanning(frame.shape[1] + 2)[1:-1]
    frequency = 2 * np.pi * np.arange(frame.shape[1] // 2 + 1) / frame.shape[1]
    first, second = (
        np.fft.rfft((rows - rows.mean(axis=1, keepdims=True)) * window, axis=1) for rows in (even, odd[: len(even)])
    )
    return np.asarray((first.conj() * second).sum(axis=0) * frequency**2 * np.exp(-((BLUR_PX * frequency) ** 2)))


def _peak(cross: NDArray[np.complex128], columns: int) -> float:
    """Where the correlation with this spectrum is highest, within an eighth of the row."""
    frequency = 2 * np.pi * np.arange(len(cross)) / columns
    whole = np.fft.irfft(cross, columns)
    reach = max(2, columns // 8)
    lags = np.arange(-reach, reach + 1)
    place = float(lags[np.argmax(whole[lags % columns])])
    for _ in range(STEPS):
        turned = cross * np.exp(1j * frequency * place)
        slope, bend = -(frequency * turned.imag).sum(), -(frequency**2 * turned.real).sum()
        if not bend < 0:
            return float("nan")
        step = float(np.clip(slope / bend, -0.5, 0.5))
        place -= step
        if abs(step) < 1e-6:
            break
    return place
