"""When the lines of a recording are due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping

Rows = NDArray[np.float64]

TICK = 0.005
"""Seconds between pieces."""
RESET = 1000.0
"""A clock that jumps back by more ms was reset; less is lines out of order."""
_SLAB = 2**18


class Schedule:
    """Seconds from the first line to others, in pieces; they never decrease.

    Parameters
    ----------
    speed : float
        How many times faster than they were measured.
    rate : float, optional
        Lines per second instead, evenly.

    Attributes
    ----------
    latest : float
        When the latest line so far is due.
    """

    def __init__(self, speed: float = 1.0, rate: float | None = None) -> None:
        self._speed, self._rate = speed, rate
        self._lines = 0
        self._last = np.nan
        self._elapsed = self._highest = 0.0
        self.latest = 0.0

    def due(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """When the next lines, with these times in ms, are due."""
        due = self._by_time(times) if self._rate is None else self._by_number(len(times), self._rate)
        if len(due):
            self.latest = float(due[-1])
        return due

    def _by_number(self, count: int, rate: float) -> NDArray[np.float64]:
        numbers = self._lines + np.arange(count, dtype=np.float64)
        self._lines += count
        return numbers / rate

    def _by_time(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        elapsed = self._elapsed + np.cumsum(self._steps(times))
        highest = np.maximum(np.maximum.accumulate(elapsed), self._highest)
        if len(times):
            self._elapsed, self._highest = float(elapsed[-1]), float(highest[-1])
        return highest / (1000.0 * self._speed)

    def _steps(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """From each time to the next, without those to or from times that are none and without resets."""
        finite = np.isfinite(times)
        known = times[finite]
        steps = np.zeros(len(times))
        if len(known):
            steps[finite] = np.diff(known, prepend=known[0] if np.isnan(self._last) else self._last)
            self._last = float(known[-1])
        steps[steps < -RESET] = 0.0
        return steps


def paced(
    rows: Rows,
    schedule: Schedule,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
    began: float | None = None,
) -> Iterator[Rows]:
    """The rows in pieces, each when its lines are due; without delay as long as they are late.

    Parameters
    ----------
    rows : (N, 7) array
        They may be on a memory map.
    schedule : Schedule
        When they are due.
    clock, sleep : callable
        In seconds.
    began : float, optional
        What the clock said when the first line of the schedule was due; now by default.
    """
    began = clock() if began is None else began
    for first in range(0, len(rows), _SLAB):
        slab = np.array(rows[first : first + _SLAB])
        mapping.release(rows)
        due = schedule.due(slab[:, 0])
        start = 0
        while start < len(slab):
            now = clock() - began
            end = int(np.searchsorted(due, now, side="right"))
            if end > start:
                yield slab[start:end]
                start = end
            if start < len(slab):
                sleep(max(TICK, due[start] - now))
