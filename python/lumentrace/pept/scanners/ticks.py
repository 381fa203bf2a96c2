"""Lines of a coarse clock, spread over its ticks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping

Floats = NDArray[np.float64]
_ROWS = 2**18


def spread_ticks(times: Floats, tick: float) -> None:
    """Spread times that are equal evenly from that tick to the next one, in place; the order stays.

    The k-th of n lines of a tick is set (k + 1/2) / n of the tick after its start, or of the time to the next mark if
    that comes sooner. O(n) time, O(1) memory.

    Parameters
    ----------
    times : (N,) array
        Each the start of its tick; may be a column of a memory map.
    tick : float
        From one mark to the next, in the same unit.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept.scanners.ticks import spread_ticks
    >>> times = np.array([0.0, 0.0, 5.0, 5.0, 5.0, 5.0])
    >>> spread_ticks(times, 1.0)
    >>> times
    array([0.25 , 0.75 , 5.125, 5.375, 5.625, 5.875])
    """
    first = 0
    for start in range(0, len(times), _ROWS):
        end = min(start + _ROWS, len(times))
        # Copies, since writing to the times of a run must not change what the next block compares with.
        block = np.array(times[start : end + 1])
        changes = start + 1 + np.flatnonzero(np.diff(block) != 0)
        bounds = np.concatenate([[first], changes[changes <= end]])
        if end == len(times):
            bounds = np.append(bounds, end)
        if len(bounds) > 1:
            _spread(times, bounds.astype(np.int64), tick)
        first = int(bounds[-1])
        mapping.release(times)


def _spread(times: Floats, bounds: NDArray[np.int64], tick: float) -> None:
    """Spread runs of equal times, each from one bound to the next."""
    starts = times[bounds[:-1]]
    following = np.append(starts[1:], times[bounds[-1]] if bounds[-1] < len(times) else np.inf)
    steps = np.minimum(tick, np.where(following > starts, following - starts, tick))
    counts = np.diff(bounds)
    for first in range(int(bounds[0]), int(bounds[-1]), _ROWS):
        rows = np.arange(first, min(first + _ROWS, int(bounds[-1])))
        run = np.searchsorted(bounds, rows, side="right") - 1
        times[rows[0] : rows[-1] + 1] = starts[run] + steps[run] * (rows - bounds[run] + 0.5) / counts[run]
