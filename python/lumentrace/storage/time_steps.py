"""Times of rows as numbered steps, told block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.places import tally

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Blocks = Callable[[], Iterable[Floats]]
MOST = 20_000
"""Time steps that are files of their own."""


@dataclass(frozen=True)
class TimeSteps:
    """The steps that rows fall into: one for each different time, or intervals of one length.

    Attributes
    ----------
    times : (S,) array
        Of each step: the time of its rows, or the middle of the interval.
    counts : (S,) array of int
        Rows in each step; there is none without rows.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.storage.time_steps import TimeSteps
    >>> times = np.array([2.0, 2.0, 7.0, np.nan])
    >>> steps = TimeSteps.of(lambda: [times])
    >>> steps.times, steps.numbers(times)
    (array([2., 7.]), array([ 0,  0,  1, -1]))
    >>> TimeSteps.of(lambda: [times], step=4.0).times
    array([4., 8.])
    """

    times: Floats
    counts: Indices
    _found: Floats
    _first: float
    _step: float | None

    @classmethod
    def of(cls, blocks: Blocks, step: float | None = None) -> TimeSteps:
        """The steps of times that are told block by block, twice.

        Raises
        ------
        ValueError
            If `step` is no length of time, or there are more than `MOST` steps.
        """
        if step is not None and not 0 < step < np.inf:
            raise ValueError(f"`step`: expected a time above 0, found {step}")
        first = min((float(np.min(times)) for times in map(_finite, blocks()) if len(times)), default=0.0)
        found, counts = tally(_few((_intervals(times, first, step) for times in map(_finite, blocks())), step))
        _check(len(found), step)
        times = found if step is None else first + (found + 0.5) * step
        return cls(times, counts, found, first, step)

    def numbers(self, times: Floats) -> Indices:
        """The step of each time; -1 for what is no finite time."""
        known = np.isfinite(times)
        places = np.searchsorted(self._found, _intervals(times[known], self._first, self._step))
        result = np.full(len(times), -1, dtype=np.intp)
        result[known] = places
        return result


def _finite(times: Floats) -> Floats:
    return times[np.isfinite(times)]


def _intervals(times: Floats, first: float, step: float | None) -> Floats:
    return times if step is None else np.floor((times - first) / step)


def _few(blocks: Iterable[Floats], step: float | None) -> Iterator[Floats]:
    """The blocks, as long as none has too many different values by itself."""
    for block in blocks:
        _check(len(np.unique(block)), step)
        yield block


def _check(count: int, step: float | None) -> None:
    if count > MOST:
        found = "different times" if step is None else f"of {step:g}"
        raise ValueError(f"`step`: expected a time that gives at most {MOST:,} steps, found more than {MOST:,} {found}")
