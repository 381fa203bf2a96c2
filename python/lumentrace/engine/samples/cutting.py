"""Cutting rows into samples while they come: the samples that `data.samples` finds in all of them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.samples import AdaptiveWindow, TimeWindow, normalise

Times = NDArray[np.float64]
Range = tuple[int, int]

_ANY_NUMBER = 2**62
_NEAR = 1e-9
"""Part of a window by which the last time may miss its end; that of `lumentrace._core.time_windows`."""


class Cutter(Protocol):
    """Finds samples in rows of which only the latest are known."""

    needed: int
    """The first row that samples to come may have."""

    def cut(self, times: Times, first: int, closed: bool) -> list[Range]:
        """First and last (exclusive) row of the samples that are complete and were not given before.

        Parameters
        ----------
        times : (N,) array
            Of the rows from number `first` on, which is at most `needed`.
        first : int
        closed : bool
            Whether no more rows come.
        """


class Cut:
    """How a stream is cut.

    Parameters
    ----------
    sample_size, overlap
        As for `LineData`; what would make one sample of all rows is refused, as it would never end.

    Raises
    ------
    ValueError, TypeError
        If they are impossible.
    """

    def __init__(self, sample_size: object, overlap: object) -> None:
        size, shared = normalise(sample_size, overlap, _ANY_NUMBER)
        if sample_size is None or (isinstance(size, int) and size == 0):
            raise ValueError(
                f"`sample_size`: expected a size of samples, as a stream has no end, found {sample_size!r} (all rows)"
            )
        self._listed = int(np.sum(np.asarray(sample_size, dtype=np.int64))) if np.ndim(_plain(sample_size)) else 0
        self.cutter = _cutter(size, shared)

    def check_end(self, rows: int) -> None:
        """Refuse a stream that ended before its listed samples.

        Raises
        ------
        ValueError
            If it did.
        """
        if rows < self._listed:
            raise ValueError(f"`sample_size`: expected lengths adding up to at most {rows} rows, found {self._listed}")


def _plain(size: object) -> Any:
    return 0 if isinstance(size, (TimeWindow, AdaptiveWindow)) else size


def _cutter(size: Any, overlap: Any) -> Cutter:
    if isinstance(size, TimeWindow):
        return ByTime(size.window, overlap.window)
    if isinstance(size, AdaptiveWindow):
        return ByTimeOrNumber(size.window, overlap.window, size.max_elems)
    return ByLengths(size) if isinstance(size, np.ndarray) else ByNumber(size, overlap)


class ByNumber:
    """Samples of `size` rows."""

    def __init__(self, size: int, overlap: int) -> None:
        self._size, self._step, self.needed = size, size - overlap, 0

    def cut(self, times: Times, first: int, closed: bool) -> list[Range]:
        """Samples that are complete."""
        starts = range(self.needed, first + len(times) - self._size + 1, self._step)
        self.needed += len(starts) * self._step
        return [(start, start + self._size) for start in starts]


class ByLengths:
    """Samples of listed lengths, one after the other."""

    def __init__(self, lengths: NDArray[np.int64]) -> None:
        self._ends, self._given, self.needed = np.cumsum(lengths), 0, 0

    def cut(self, times: Times, first: int, closed: bool) -> list[Range]:
        """Samples that are complete."""
        ready = int(np.searchsorted(self._ends, first + len(times), side="right"))
        edges = [self.needed, *self._ends[self._given : ready].tolist()]
        self._given = ready
        self.needed = edges[-1] if ready < len(self._ends) else first + len(times)
        return list(pairwise(edges))


class _Sorted:
    """Checks times as they come, as windows need them in order."""

    def __init__(self) -> None:
        self._checked, self._last = 0, -math.inf

    def check(self, times: Times, first: int) -> None:
        """Refuse times that are not finite or not in order.

        Raises
        ------
        ValueError
            That names the row.
        """
        new = times[self._checked - first :]
        wrong = np.flatnonzero(~np.isfinite(new))
        if len(wrong):
            row = int(wrong[0])
            raise ValueError(f"`times`: expected finite times, found {new[row]} at row {self._checked + row}")
        before = np.concatenate([[self._last], new[:-1]])[: len(new)]
        wrong = np.flatnonzero(before > new)
        if len(wrong):
            row = int(wrong[0])
            raise ValueError(
                f"`times`: expected times in ascending order, found {before[row]} before {new[row]} at row "
                f"{self._checked + row}"
            )
        if len(new):
            self._checked, self._last = first + len(times), float(new[-1])


class ByTime:
    """Full windows of `window` ms that start every ``window - overlap`` ms; those without a row are left out."""

    def __init__(self, window: float, overlap: float) -> None:
        self._window, self._step = window, window - overlap
        self._sorted = _Sorted()
        self._start: float | None = None
        self._number = 0.0
        self.needed = 0

    def cut(self, times: Times, first: int, closed: bool) -> list[Range]:
        """Windows that are complete."""
        self._sorted.check(times, first)
        if not len(times) or not self._window:
            self.needed = first + len(times)
            return []
        if self._start is None:
            self._start = float(times[0])
        found, last = [], float(times[-1])
        while True:
            begin = self._start + self._number * self._step
            end = begin + self._window
            if not (last >= end or (closed and end <= last + _NEAR * self._window)):
                break
            start, stop = np.searchsorted(times, [begin, end])
            if stop > start:
                found.append((first + int(start), first + int(stop)))
                self._number += 1.0
            else:
                self._number = self._next(float(times[start]) if start < len(times) else last, self._start)
        self.needed = first + int(np.searchsorted(times, begin))
        return found

    def _next(self, time: float, start: float) -> float:
        """The first window after this one that can hold a time."""
        return max(self._number + 1.0, math.floor((time - self._window - start) / self._step))


class ByTimeOrNumber:
    """Windows of at most `window` ms and `most` rows; the last, short one counts too."""

    def __init__(self, window: float, overlap: float, most: float) -> None:
        self._window, self._overlap = window, overlap
        self._most = _ANY_NUMBER if math.isinf(most) else int(most)
        self._sorted = _Sorted()
        self._last_end = -1
        self.needed = 0

    def cut(self, times: Times, first: int, closed: bool) -> list[Range]:
        """Windows that are complete."""
        self._sorted.check(times, first)
        rows, found = first + len(times), []
        if not self._window:
            self.needed = rows
        while self._last_end < rows and self.needed < rows:
            start = self.needed
            limit = float(times[start - first]) + self._window
            end = min(first + int(np.searchsorted(times, limit, side="right")), start + self._most)
            if end == rows and not closed and end < start + self._most:
                break
            found.append((start, end))
            self._last_end = end
            inside = int(np.searchsorted(times[: end - first], limit - self._overlap, side="right")) - (start - first)
            self.needed = end if inside <= 0 else start + inside
        return found
