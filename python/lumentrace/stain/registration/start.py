"""Where to begin: all angles, both sides, some sizes, all shifts, by correlating small images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from lumentrace.engine.progress import each
from lumentrace.stain.registration.levels import Image
from lumentrace.stain.registration.turned import Canvas, Flip, Turn, even, shifted

SMALL = 112
"""Longest side of the images that are correlated."""
STEP = 6.0
"""Degrees between angles that are tried."""
SIZES = (0.85, 1.18)
"""Magnifications that are tried beside 1."""
LEAST_SHARE = 0.2
"""Share of the fixed image that must be in both."""
WORKERS = 2
"""Threads of a Fourier transform."""


@dataclass(frozen=True)
class Start:
    """A rough map from fixed to moving pixels of small images.

    Attributes
    ----------
    matrix : ndarray
        (3, 3)
    score : float
        Correlation, -1 to 1.
    mirrored : bool
    """

    matrix: NDArray[np.float64]
    score: float
    mirrored: bool


class _Fixed:
    """Spectra of the fixed image, its square and its footprint, flipped as asked."""

    def __init__(self, image: Image, shape: tuple[int, int]) -> None:
        known = np.isfinite(image)
        self.shape = shape
        self.pixels = image.size
        self.whole = bool(known.all())
        self._images = np.stack([even(image), even(image) ** 2, known.astype(np.float32)])
        self._spectra: dict[Flip, NDArray[np.complex64]] = {}

    def spectra(self, flip: Flip) -> NDArray[np.complex64]:
        """Those of one flip: (3, rows, columns)."""
        if flip not in self._spectra:
            axes = tuple(axis for axis, backwards in enumerate(flip, 1) if backwards)
            found = fft.rfft2(np.flip(self._images, axes), self.shape, workers=WORKERS)
            self._spectra[flip] = np.asarray(found, dtype=np.complex64)
        return self._spectra[flip]


def correlate(
    fixed: Image, moving: Image, angles: Sequence[float], sizes: Sequence[float], mirrors: Sequence[bool]
) -> list[Start]:
    """The best shift for each angle, size and side, the best first.

    Half a turn and a mirror image flip an image that was turned already: the fixed image is flipped in its place, and
    up to four maps share the spectra of one turned image.
    """
    canvas = Canvas((fixed.shape[0], fixed.shape[1]), (moving.shape[0], moving.shape[1]))
    tried = [Turn(*turn) for turn in product(mirrors, sizes, angles)]
    groups: dict[Turn, list[Turn]] = {}
    for turn in tried:
        groups.setdefault(turn.base, []).append(turn)
    targets = {size: _Fixed(fixed, canvas.room(base for base in groups if base.size == size)) for size in sizes}
    found: dict[Turn, Start] = {}
    for base, turns in each(list(groups.items())):
        found.update(_best(targets[base.size], moving, canvas, base, turns))
    return sorted((found[turn] for turn in tried), key=lambda start: -start.score)


def _best(
    fixed: _Fixed, moving: Image, canvas: Canvas, base: Turn, turns: Sequence[Turn]
) -> Iterator[tuple[Turn, Start]]:
    """Normalised correlation over what both have, at all shifts; the best of them for each turn of one base."""
    values = canvas.image(moving, base)
    known = np.isfinite(values)
    values = np.where(known, values, np.float32(0))
    images = np.stack([values, values**2, known.astype(np.float32)])
    value, square, inside = np.conj(fft.rfft2(images, fixed.shape, workers=WORKERS))
    weighed: tuple[NDArray[np.intp], NDArray[np.floating]] | None = None
    for turn in turns:
        of_value, of_square, of_inside = fixed.spectra(turn.flip)
        if weighed is None or not fixed.whole:
            others, count = _images([of_inside * square, of_inside * inside], fixed.shape)
            weighed = _weighed(others, count, fixed.pixels)
        places, weights = weighed
        if not places.size:
            yield turn, Start(shifted(canvas.turned(turn), 0, 0), -1.0, turn.mirrored)
            continue
        both, squares = _images([of_value * value, of_square * inside], fixed.shape)[:, places]
        score = both * weights / np.sqrt(np.maximum(squares, 1e-9))
        best = int(score.argmax())
        row, column = divmod(int(places[best]), fixed.shape[1])
        shift = canvas.shift(turn, (row, column), fixed.shape)
        yield turn, Start(shifted(canvas.turned(turn), *shift), float(score[best]), turn.mirrored)


def _images(spectra: Sequence[NDArray[np.complex64]], shape: tuple[int, int]) -> Image:
    """The images that spectra are of, their pixels in a row each."""
    images = fft.irfft2(np.stack(spectra), shape, workers=WORKERS)
    return np.asarray(images.reshape(len(spectra), -1))


def _weighed(others: Image, count: Image, pixels: int) -> tuple[NDArray[np.intp], NDArray[np.floating]]:
    """Places at which enough is in both images, and the factor of the correlation there that one image sets."""
    share = np.clip(count / pixels, 0, 1)
    places = np.flatnonzero(share >= LEAST_SHARE)
    return places, np.asarray(np.sqrt(share[places]) / np.sqrt(np.maximum(others[places], 1e-9)))
