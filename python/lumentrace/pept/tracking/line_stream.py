"""Tracers followed while their lines come in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base import mapping
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import LineDataFilter
from lumentrace.pept.sources.block import Block
from lumentrace.pept.tracking.locations import COLUMNS, UNITS, table
from lumentrace.pept.tracking.update import Fitted, TracerNow, Update

SETTLED = "settled"
"""The lag after which later lines do not change a location any more."""
ROWS = 100_000
"""Most lines that are given to the kernel at a time."""
TELLING = 10_000
"""Lines of which it is told how many were left out."""
SHARE = 0.01
"""The share of them that is told."""


def updates(
    blocks: Iterable[Block], tracers: int | None, every: float | None, lag: float | None, threads: int = 0
) -> Iterator[Update]:
    """What is new after each block, and after the last one."""
    kernel = _core.LineStream(tracers, every, lag)
    unused, dropped = _Unused(), 0
    for block in blocks:
        dropped += block.dropped
        notices = block.notices
        for first in range(0, max(1, len(block.rows)), ROWS):
            told = kernel.feed(np.ascontiguousarray(block.rows[first : first + ROWS]), threads)
            yield _update(*told, dropped, notices + unused.notices(told[2]))
            notices = ()
    told = kernel.finish(threads)
    yield _update(*told, dropped, unused.notices(told[2]))


class LaggedTracker(LineDataFilter):
    """Locations that are told for good after a lag: those of a stream of all lines of a sample."""

    def __init__(self, tracers: int | None, every: float | None, lag: float | None) -> None:
        self.tracers = tracers
        self.every = every
        self.lag = lag

    def fit_sample(self, sample: LineData) -> PointData:
        """The smoothed locations of `updates`."""
        parts = [update.smoothed.points for update in updates(_released(sample), self.tracers, self.every, self.lag)]
        return located(np.concatenate(parts))


def located(rows: NDArray[np.float64]) -> PointData:
    """Locations with their names and units."""
    points = PointData(rows, columns=COLUMNS)
    points.units = UNITS
    return points


def _released(sample: LineData) -> Iterator[Block]:
    """The lines of a sample, piece by piece; those on a file do not stay in memory."""
    for first in range(0, len(sample.lines), ROWS):
        yield Block(sample.lines[first : first + ROWS])
        mapping.release(sample.lines)


class _Unused:
    """Tells of lines that were left out, where these are many."""

    def __init__(self) -> None:
        self._lines = self._unused = 0

    def notices(self, about: dict[str, Any]) -> tuple[str, ...]:
        lines, unused = about["lines"] - self._lines, about["unused"] - self._unused
        if lines < TELLING:
            return ()
        self._lines, self._unused = about["lines"], about["unused"]
        if unused < SHARE * lines:
            return ()
        return (f"{unused} of {lines} lines left out: not finite, of no length, or far out of order of time",)


def _update(
    filtered: NDArray[np.float64],
    smoothed: NDArray[np.float64],
    about: dict[str, Any],
    dropped: int,
    notices: tuple[str, ...],
) -> Update:
    tracers = tuple(TracerNow(**each) for each in about["tracers"])
    return Update(
        located(table(filtered)),
        located(table(smoothed)),
        time=about["time"],
        lines=about["lines"],
        rate=about["rate"],
        lag=about["lag"],
        unused=about["unused"],
        dropped=dropped,
        explained=sum(tracer.share for tracer in tracers) if tracers else float("nan"),
        tracers=tracers,
        notices=notices + tuple(_in_words(*event) for event in about["events"]),
        fitted=tuple(Fitted(*each) for each in about["fitted"]),
    )


def _in_words(kind: str, after: float, time: float) -> str:
    if kind == "gap":
        return f"no lines for {time:.6g} ms after {after:.9g} ms"
    return f"the clock went back by {time:.6g} ms at {after:.9g} ms; later times are counted on from there"
