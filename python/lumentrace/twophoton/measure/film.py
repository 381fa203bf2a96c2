"""Parts of a film beside each other: how far they moved, and pixels that are clipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.twophoton.read.recording import ConvertedRecording

Floats = NDArray[np.float64]

PARTS, FRAMES = 16, 32
"""Parts of a film that are looked at, and most frames of each: enough for slow motion, and read in a second or two."""
FINE, COARSE = 1.0, 8.0
"""Standard deviations of Gaussians between which structure is looked at: cells, but neither noise nor uneven light."""
SMALLEST = 16
"""Side of a film, in pixels, below which motion cannot be told."""
PILE = 2.0
"""By how much the greatest value is more frequent than the next one if pixels are clipped; else it is rarer."""


@dataclass(frozen=True)
class FilmParts:
    """Parts of a film.

    Attributes
    ----------
    shifts : ndarray
        (parts,): distance of each part from the median place, in pixels; NaN if it cannot be told.
    alike : ndarray
        (parts,): correlation of each part with the mean of all, where they fit best.
    clipped : float
        Share of the pixels of regions at the greatest value, if that is more frequent than the one below it.
    """

    shifts: Floats = field(repr=False)
    alike: Floats = field(repr=False)
    clipped: float


def film_parts(recording: ConvertedRecording, regions: Sequence[NDArray[np.int64]], start: int, stop: int) -> FilmParts:
    """Look at parts of a film, in frames from `start` up to `stop` that did not move too far.

    Parameters
    ----------
    recording : ConvertedRecording
    regions : sequence of ndarray
        Pixels of each region, counted along rows.
    start, stop : int
    """
    inside = np.zeros(recording.movie.shape[1] * recording.movie.shape[2], bool)
    inside[np.concatenate([np.zeros(0, np.int64), *regions])] = True
    images: list[Floats] = []
    top: Counter[float] = Counter()
    total = 0
    for frames, taken in _read(recording, start, stop):
        images.append(frames[(slice(None), *recording.alignment_valid_crop.slices)].mean(axis=0, dtype=np.float64))
        values = taken.reshape(len(taken), -1)[:, inside]
        values = values[np.isfinite(values)]
        total += values.size
        top.update(_greatest(values))
    places, alike = _registered(np.array(images))
    shifts = np.hypot(*(places - np.median(places, axis=0)).T) if len(places) else np.full(len(images), np.nan)
    return FilmParts(shifts, alike, _clipped(top, total))


def _read(
    recording: ConvertedRecording, start: int, stop: int
) -> Iterator[tuple[NDArray[np.generic], NDArray[np.generic]]]:
    """Frames, and the same as the detector gave them: between pixels nothing is clipped any more."""
    movie, taken = recording.movie, recording.movie.as_taken
    edges = np.linspace(start, stop, min(PARTS, stop - start) + 1).astype(int)
    for first, last in pairwise(edges):
        begin = first + max(0, last - first - FRAMES) // 2
        end = min(begin + FRAMES, last)
        kept = ~recording.motion_artifact_mask[begin:end]
        if kept.any():
            frames = movie.read_frames(begin, end)[kept]
            yield frames, frames if taken is movie else taken.read_frames(begin, end)[kept]


def _greatest(values: NDArray[np.generic]) -> dict[float, int]:
    """The two greatest values, and how often they occur."""
    found: dict[float, int] = {}
    for _ in range(2):
        if values.size:
            most = values.max()
            rest = values[values < most]
            found[float(most)] = int(values.size - rest.size)
            values = rest
    return found


def _clipped(top: Counter[float], total: int) -> float:
    highest = sorted(top, reverse=True)[:2]
    if len(highest) < 2 or top[highest[0]] <= PILE * top[highest[1]]:
        return 0.0
    return top[highest[0]] / total


def _registered(images: Floats) -> tuple[Floats, Floats]:
    """Place of each image against their mean (rows, columns), and how well it fits there."""
    if len(images) < 2 or min(images.shape[1:]) < SMALLEST:
        return np.zeros((0, 2)), np.full(len(images), np.nan)
    spectra = np.array([np.fft.rfft2(_structure(image)) for image in images])
    mean = spectra.mean(axis=0)
    found = [_place(np.fft.irfft2(own * mean.conj(), images.shape[1:])) for own in spectra]
    sizes = [np.sqrt(np.fft.irfft2(np.abs(own) ** 2, images.shape[1:])[0, 0]) for own in (*spectra, mean)]
    heights = np.array([height for _, height in found])
    products = np.array(sizes[:-1]) * sizes[-1]
    alike = np.divide(heights, products, out=np.zeros(len(heights)), where=products > 0)
    return np.array([place for place, _ in found]), alike


def _structure(image: Floats) -> Floats:
    left = ndimage.gaussian_filter(image, FINE) - ndimage.gaussian_filter(image, COARSE)
    return np.asarray(left * np.hanning(len(left))[:, None] * np.hanning(left.shape[1]))


def _place(correlation: Floats) -> tuple[tuple[float, float], float]:
    """Where the correlation is greatest, to a fraction of a pixel by a parabola along each axis, and how great."""
    best = np.unravel_index(int(correlation.argmax()), correlation.shape)
    place = []
    for axis, (peak, size) in enumerate(zip(best, correlation.shape, strict=True)):
        before, at, after = np.roll(np.moveaxis(correlation, axis, 0)[:, best[1 - axis]], 1 - int(peak))[:3]
        bend = before - 2 * at + after
        whole = (int(peak) + size // 2) % size - size // 2
        place.append(whole + (0.5 * (before - after) / bend if bend < 0 else 0.0))
    return (place[0], place[1]), float(correlation[best])
