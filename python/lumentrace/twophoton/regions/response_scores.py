"""How much each pixel looks like part of a cell that responds: strongly, like its neighbours, and each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FORWARD = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Steps to half of the neighbours; the other half are the same steps back."""


@dataclass(frozen=True)
class ResponseScores:
    """How much each pixel (rows, columns) of the domain looks like part of a responding cell.

    Attributes
    ----------
    amplitude_image : ndarray
        The largest response to any window.
    reliability_image : ndarray
        How alike responses to even and odd repeats are, 0 to 1; 1 everywhere if it cannot be told.
    coherence_image : ndarray
        How alike the responses of the neighbours are, 0 to 1.
    score_image : ndarray
        Product of all, with the largest amplitude as 1.
    reliability_available : bool
        Whether two epochs at least were repeated.
    """

    amplitude_image: Floats = field(repr=False)
    reliability_image: Floats = field(repr=False)
    coherence_image: Floats = field(repr=False)
    score_image: Floats = field(repr=False)
    reliability_available: bool


def response_scores(responses: Floats, epochs: Sequence[int]) -> ResponseScores:
    """Scores of pixels from their responses (windows, rows, columns) and the epoch of each window.

    Raises
    ------
    ValueError
        If no pixel has a positive score.
    """
    amplitude = responses.max(axis=0)
    coherence = _coherence(responses)
    reliability = _reliability(responses, epochs)
    most = amplitude.max()
    score = amplitude / most * coherence if most > 0 else np.zeros_like(amplitude)
    if reliability is not None:
        score = score * reliability
    if not (score > 0).any():
        raise ValueError("expected pixels that respond like their neighbours, found none")
    available = reliability is not None
    return ResponseScores(
        amplitude, np.ones_like(score) if reliability is None else reliability, coherence, score, available
    )


def _coherence(responses: Floats) -> Floats:
    """Mean cosine between the responses of a pixel and those of its neighbours."""
    norm = np.sqrt(np.einsum("nij,nij->ij", responses, responses))
    total, count = np.zeros(norm.shape), np.zeros(norm.shape)
    rows, columns = norm.shape
    for down, right in FORWARD:
        here = slice(0, rows - down), slice(max(-right, 0), columns - max(right, 0))
        there = slice(down, rows), slice(max(right, 0), columns + min(right, 0))
        cosine = _cosine(np.einsum("nij,nij->ij", responses[:, *here], responses[:, *there]), norm[here] * norm[there])
        for place in (here, there):
            total[place] += cosine
            count[place] += 1
    return total / np.maximum(count, 1)


def _cosine(product: Floats, norms: Floats) -> Floats:
    """0 to 1; 0 where there is no response."""
    return np.clip(np.divide(product, norms, out=np.zeros(product.shape), where=norms > 0), 0, 1)


def _reliability(responses: Floats, epochs: Sequence[int]) -> Floats | None:
    """Cosine between mean responses to even and to odd repeats; None if fewer than two epochs were repeated."""
    numbers = np.asarray(epochs)
    repeated = [number for number in dict.fromkeys(epochs) if np.count_nonzero(numbers == number) > 1]
    if len(repeated) < 2:
        return None
    even, odd = (
        np.stack([responses[np.flatnonzero(numbers == number)[first::2]].mean(axis=0) for number in repeated])
        for first in (0, 1)
    )
    norms = np.sqrt((even**2).sum(axis=0)) * np.sqrt((odd**2).sum(axis=0))
    return _cosine((even * odd).sum(axis=0), norms)
