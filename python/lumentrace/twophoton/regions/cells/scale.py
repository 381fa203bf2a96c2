"""The diameter of the cells of a movie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import _core

Floats = NDArray[np.float64]

DIAMETERS = (3.0, 4.0, 5.0, 6.0, 7.5, 9.0, 11.0, 13.0, 16.0)
"""Of filters that are tried, in cells of the grid."""
WIDER = 1.27
"""How much wider than a cell the filter is under which it stands out most: 1.2 for blurred discs, 1.35 for rings."""
CLEAR = 50.0
"""Activity from which on a spot tells something."""
MOST = 200
"""Spots that are asked, the most active ones."""


def estimated(binned: _core.BinnedMovie, window: int, smallest: int) -> float | None:
    """The diameter at which spots stand out most, in cells of the grid: the median over spots; None without a spot.

    Each spot is a maximum of activity over places and scales (Lindeberg 1998).

    Parameters
    ----------
    binned : BinnedMovie
    window : int
        Bins over which slow changes are taken out.
    smallest : int
        Side of the grid; cells are no larger than a quarter of it.
    """
    tried = [diameter for diameter in DIAMETERS if 4 * diameter <= max(smallest, 4 * DIAMETERS[0])]
    heights = np.array([binned.activity(min(diameter, float(smallest)), window) for diameter in tried])
    peaks = (heights == ndimage.maximum_filter(heights, size=(len(tried), 5, 5))) & (heights > CLEAR)
    scales, strengths = np.nonzero(peaks)[0], heights[peaks]
    if not scales.size:
        return None
    chosen = np.sort(scales[np.argsort(-strengths, kind="stable")[:MOST]])
    return float(np.interp((chosen.size - 1) / 2, np.arange(chosen.size), np.array(tried)[chosen])) / WIDER
