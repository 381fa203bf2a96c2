"""Whether lines can be those of a scanner: their units and their clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping
from lumentrace.data.lines import LineData
from lumentrace.engine.verdict import DOUBTFUL, NOT_RELIABLE, Evidence, Reason

BLOCK = 2**16
"""Rows that are read at a time."""
SAMPLED = 100_000
"""Times from which their quantiles are taken."""
SLOW, TOO_SLOW = 0.2, 0.001
"""Lines per ms: at 200 lines a second, half of them noise, a tracer at 0.1 m/s moves 12 mm in the time of a dozen lines
of its own; a line a second is the background of a scanner without a source."""
FAST, TOO_FAST = 2000.0, 10_000.0
"""Lines per ms: scanners for animals peak at about a million coincidences a second, those for whole bodies at ten."""
SMALL, TOO_SMALL = 100.0, 10.0
"""Largest extent of the ends of lines in mm: detectors around a mouse are 100 mm apart; a crystal has some mm."""
LARGE, TOO_LARGE = 3000.0, 10_000.0
"""Largest extent in mm: the longest scanners have 2 m; none fills a hall."""
USUAL_RATE, USUAL_EXTENT = 50.0, 600.0
"""Lines per ms and mm of an ADAC Forte, about; that unit is guessed which comes nearest."""
LEAST_EXTENT = 1e-3
"""Extent in mm, a µm, below which no unit is guessed better."""
TIMES = {"s": 1e3, "µs": 1e-3, "ns": 1e-6, "ps": 1e-9}
LENGTHS = {"m": 1e3, "cm": 10.0, "µm": 1e-3}
"""Units that tables may be in, and what to multiply them by."""
BACK, FAR_BACK = 0.01, 0.1
"""Shares of the duration by which times may fall back: buffers of coincidences are written out of order, by some ms."""
STRAY, FAR_STRAY = 3.0, 100.0
"""Duration as a multiple of that of 98 % of the lines; 1.02 of an even rate, below 2 of a source that decays."""
PAUSE, INTERVALS = 0.1, 20.0
"""Longest time without lines, as a share of the duration and in mean intervals; by chance it is 20 once in 10⁸."""
LOST, MUCH_LOST = 0.01, 0.5
"""Shares of lines that are not finite."""


@dataclass(frozen=True)
class LineFacts:
    """What an acquisition is like, as far as plausibility needs it.

    Attributes
    ----------
    count, finite : int
        Lines, and those of them that are finite.
    duration : float
        From the least to the greatest time, ms.
    bulk : float
        Time that holds the middle 98 % of the lines, ms.
    extent : float
        Largest extent of the ends of the lines along x, y or z, mm.
    back : float
        Furthest that a time is behind an earlier line's, ms.
    pause : float
        Longest time without lines, ms, as far as times ascend.
    """

    count: int
    finite: int
    duration: float
    bulk: float
    extent: float
    back: float
    pause: float

    @classmethod
    def of(cls, lines: LineData) -> Self:
        """Read all lines once, block by block: they may be on disk."""
        finite, back, pause, latest = 0, 0.0, 0.0, -math.inf
        low, high = np.full(4, np.inf), np.full(4, -np.inf)
        times = []
        for block in _blocks(lines.lines):
            finite += len(block)
            ends = [block[:, :1], block[:, 1:4], block[:, 4:7]]
            low = np.minimum(low, [ends[0].min(), *np.minimum(ends[1].min(axis=0), ends[2].min(axis=0))])
            high = np.maximum(high, [ends[0].max(), *np.maximum(ends[1].max(axis=0), ends[2].max(axis=0))])
            known = np.maximum.accumulate(np.append(latest, block[:, 0]))
            back = max(back, float((known[1:] - block[:, 0]).max()))
            steps = np.diff(known[np.isfinite(known)])
            pause = max(pause, float(steps.max(initial=0.0)))
            latest = known[-1]
            times.append(block[:: -(-len(lines.lines) // SAMPLED), 0].copy())
        if not finite:
            return cls(len(lines.lines), 0, math.nan, math.nan, math.nan, math.nan, math.nan)
        first, last = np.quantile(np.concatenate(times), [0.01, 0.99])
        sizes = high - low
        return cls(len(lines.lines), finite, float(sizes[0]), float(last - first), float(sizes[1:].max()), back, pause)

    @property
    def rate(self) -> float:
        """Lines per ms while there are any."""
        return 0.98 * self.finite / self.bulk if self.bulk > 0 else math.nan


def implausible(facts: LineFacts) -> list[Reason]:
    """What speaks against lines, whatever was tracked in them."""
    if not facts.finite:
        return [Reason(NOT_RELIABLE, "there are no lines", "look at the file")]
    if not facts.bulk > 0:
        text = "nearly all lines have the same time, so that nothing is known of motion"
        evidence = Evidence("time of 98 % of the lines", 0.0, "ms", "above 0")
        return [Reason(NOT_RELIABLE, text, "look at the column of times", (evidence,))]
    return [reason for check in CHECKS for reason in check(facts)]


def _blocks(table: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """The finite rows, block by block."""
    for start in range(0, len(table), BLOCK):
        block = np.asarray(table[start : start + BLOCK, :7])
        finite = block[np.isfinite(block).all(axis=1)]
        if len(finite):
            yield finite
        mapping.release(table)


def _finite(facts: LineFacts) -> list[Reason]:
    share = 1 - facts.finite / facts.count
    if share <= LOST:
        return []
    level = NOT_RELIABLE if share > MUCH_LOST else DOUBTFUL
    evidence = Evidence("share of the lines", share, "", f"at most {LOST:g}")
    return [Reason(level, "lines are not finite, and were passed over", "look at what wrote the file", (evidence,))]


def _order(facts: LineFacts) -> list[Reason]:
    share = facts.back / facts.duration
    if share <= BACK:
        return []
    level = NOT_RELIABLE if share > FAR_BACK else DOUBTFUL
    evidence = Evidence("furthest step back", facts.back, "ms", f"at most {BACK:.0%} of {facts.duration:.4g} ms")
    advice = "track runs by themselves; if the lines are those of one run, sort the file by time"
    return [Reason(level, "times go backwards: several runs in a file, or a clock that was reset", advice, (evidence,))]


def _stray(facts: LineFacts) -> list[Reason]:
    if facts.duration <= STRAY * facts.bulk:
        return []
    level = NOT_RELIABLE if facts.duration > FAR_STRAY * facts.bulk else DOUBTFUL
    evidence = (
        Evidence("duration", facts.duration, "ms", f"at most {STRAY:g} times that of most lines"),
        Evidence("time of 98 % of the lines", facts.bulk, "ms", "most of the duration"),
    )
    text = "a few lines have times far from those of the others"
    return [Reason(level, text, "leave them out, or find out when the clock jumped", evidence)]


def _pause(facts: LineFacts) -> list[Reason]:
    share, mean = facts.pause / facts.duration, facts.duration / facts.finite
    if share <= PAUSE or facts.pause <= INTERVALS * mean or facts.duration > STRAY * facts.bulk:
        return []
    evidence = Evidence("longest time without lines", facts.pause, "ms", f"at most {PAUSE:.0%} of the duration")
    advice = "look at the rate in the report: did the scanner pause, or its clock jump?"
    return [Reason(DOUBTFUL, "for a long time there are no lines", advice, (evidence,))]


def _rate(facts: LineFacts) -> list[Reason]:
    if SLOW <= facts.rate <= FAST:
        return []
    level = DOUBTFUL if TOO_SLOW <= facts.rate <= TOO_FAST else NOT_RELIABLE
    unit, advice = _unit("times", TIMES, facts.rate / USUAL_RATE)
    evidence = (
        Evidence("rate", facts.rate, "lines/ms", f"{SLOW:g} to {FAST:g}"),
        Evidence("duration", facts.duration, "ms", "as in the logbook"),
    )
    return [Reason(level, f"times {unit}: no scanner is like that", advice, evidence)]


def _extent(facts: LineFacts) -> list[Reason]:
    if SMALL <= facts.extent <= LARGE:
        return []
    level = DOUBTFUL if TOO_SMALL <= facts.extent <= TOO_LARGE else NOT_RELIABLE
    unit, advice = _unit("lengths", LENGTHS, USUAL_EXTENT / max(facts.extent, LEAST_EXTENT))
    evidence = Evidence("largest extent of the ends of lines", facts.extent, "mm", f"{SMALL:g} to {LARGE:g}")
    return [Reason(level, f"lengths {unit}: no scanner is that size", advice, (evidence,))]


def _unit(what: str, units: dict[str, float], factor: float) -> tuple[str, str]:
    """Words and advice that name the unit that comes nearest to what is usual; none if that is the unit as it is."""
    nearest = min({**units, "": 1.0}.items(), key=lambda each: abs(math.log(each[1] / max(factor, 1e-300))))
    if not nearest[0]:
        return "may have another unit", f"check the unit of {what}"
    return f"look like {nearest[0]}", f"if so, multiply {what} by {nearest[1]:g} and track again"


CHECKS: tuple[Callable[[LineFacts], list[Reason]], ...] = (_rate, _extent, _order, _stray, _pause, _finite)
