"""The time window that gives samples of a wanted size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.samples import AdaptiveWindow
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.tracking.stack import Stack

HALVINGS = 60
WIDEST = 2.0**20


class OptimizeWindow(Reducer):
    """Cut data into adaptive time windows that hold about the wanted number of rows.

    The window is searched at which the median number of rows is nearest to `ideal_elems`, where samples far from that
    number, as of tracers out of view, do not count.

    Parameters
    ----------
    ideal_elems : int
        Wanted number of rows per sample; also the most a sample will hold.
    overlap : float, default 0
        Part of a window that consecutive ones share, from 0 to 1 (excluded).
    low, high : float, default 0.3, 3
        Samples of fewer than ``low * ideal_elems`` or more than ``high * ideal_elems`` rows do not count.

    Raises
    ------
    ValueError
        If a parameter makes no sense.

    Notes
    -----
    The result is the data itself with ``sample_size = AdaptiveWindow(window, ideal_elems)``; without rows it is handed
    on as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import LineData
    >>> from lumentrace.pept.tracking import OptimizeWindow
    >>> rows = np.column_stack([np.arange(1000.0), np.zeros((1000, 6))])
    >>> samples = OptimizeWindow(ideal_elems=50, overlap=0.5).fit(LineData(rows))
    >>> int(np.median([len(sample.lines) for sample in samples]))
    50
    """

    def __init__(self, ideal_elems: int, overlap: float = 0, low: float = 0.3, high: float = 3) -> None:
        if int(ideal_elems) != ideal_elems or ideal_elems < 1:
            raise ValueError(f"`ideal_elems`: expected a whole number of at least 1, found {ideal_elems}")
        if not 0 <= overlap < 1:
            raise ValueError(f"`overlap`: expected a fraction from 0 to below 1, found {overlap}")
        if not 0 <= low < 1 < high:
            raise ValueError(f"`low`, `high`: expected 0 <= low < 1 < high, found {low}, {high}")
        self.ideal_elems, self.overlap = int(ideal_elems), float(overlap)
        self.low, self.high = float(low), float(high)

    def fit(self, samples: Any) -> Any:
        """Cut all `samples`: `LineData`, `PointData` or anything that stacks into one of them."""
        stacked = Stack().fit(samples)
        if not isinstance(stacked, IterableSamples):
            raise TypeError(f"OptimizeWindow: expected LineData or PointData, found {type(stacked).__name__}")
        times = stacked.data[:, 0]
        if len(times) < 2 or not times[-1] > times[0]:
            return stacked
        window = self._window(times)
        size, overlap = AdaptiveWindow(window, self.ideal_elems), AdaptiveWindow(self.overlap * window)
        return stacked.copy(deep=False, sample_size=size, overlap=overlap)

    def _window(self, times: NDArray[np.float64]) -> float:
        """Bisect the logarithm of the window: wider ones hold more rows."""
        start = self.ideal_elems * max(float(np.median(np.diff(times))), float(np.ptp(times)) / WIDEST / len(times))
        low, high = np.log(start / WIDEST), np.log(start * WIDEST)
        best, least = start, np.inf
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            count = self._median(times, float(np.exp(middle)))
            if abs(count - self.ideal_elems) <= least:
                best, least = float(np.exp(middle)), abs(count - self.ideal_elems)
            low, high = (middle, high) if count < self.ideal_elems else (low, middle)
        return best

    def _median(self, times: NDArray[np.float64], window: float) -> float:
        """Median number of rows per window, of those that count.

        If they hold less than half of all rows, it is the number in the window of the median row.
        """
        ranges = _core.adaptive_windows(np.ascontiguousarray(times), window, 0.0, len(times))
        counts = np.diff(ranges, axis=1)[:, 0]
        counted = counts[(counts >= self.low * self.ideal_elems) & (counts <= self.high * self.ideal_elems)]
        if 2 * counted.sum() >= counts.sum():
            return float(np.median(counted))
        sizes = np.sort(counts)
        return float(sizes[np.searchsorted(sizes.cumsum(), counts.sum() / 2)])
