"""The conditions that alarms watch: each is told of every update and says how it stands."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from itertools import combinations
from statistics import median
from typing import Protocol

from lumentrace.pept.live.events import Bounds, Finding
from lumentrace.pept.tracking.update import TracerNow, Update

ABOVE = 1.1
"""A value that fell below a bound is well again once it is so many times the bound."""
SAMPLES, ENOUGH = 60, 10
"""Seconds over which medians are taken, and how many it takes to know one."""
REACH, STEPS = 250.0, 10
"""ms over which it is looked how far a tracer gets, and in how many steps."""
CLOSE, APART = 1.0, 1.5
"""Distance in widths of the blur below which two tracers are taken for merged, and above which they are two again."""
ABSORBED = 2.0
"""Distance in widths of the blur from another tracer within which one that is lost was absorbed."""
TOGETHER = 200.0
"""ms after which two tracers that are close are merged."""
QUIET, SILENT = 5000.0, 2.0
"""ms without drops after which that alarm is cleared; seconds without a line after which one is raised."""


class Condition(Protocol):
    """Something that alarms watch."""

    def find(self, update: Update) -> Iterator[Finding]:
        """How it stands now."""


class Number:
    """Fewer tracers than told."""

    def __init__(self, told: int, patience: float) -> None:
        self._told, self._wait = told, 1000 * patience

    def find(self, update: Update) -> Iterator[Finding]:
        """How it stands now."""
        count = len(update.tracers)
        message = f"{count} of {self._told} tracers are there"
        yield Finding("number", count < self._told, count, self._told, message, (), self._wait, self._wait)


class Fall:
    """A figure below a bound, or below a share of its own running median."""

    def __init__(self, kind: str, name: str, unit: str, below: float, share: float, patience: float) -> None:
        self._kind, self._name, self._unit = kind, name, unit
        self._below, self._share, self._wait = below, share, 1000 * patience
        self._known: deque[float] = deque(maxlen=SAMPLES)
        self._next = -math.inf

    def find(self, update: Update) -> Iterator[Finding]:
        """How it stands now."""
        value = getattr(update, self._name)
        if math.isnan(value):
            return
        usual = self._share * median(self._known) if len(self._known) >= ENOUGH else 0.0
        bound = max(self._below, usual)
        self._learn(update.time, value, bound)
        low = value < bound
        bad = None if not low and value < ABOVE * bound else low
        than = (
            f"{'half of ' if self._share == 0.5 else f'{self._share:g} of '}what is usual"
            if usual > self._below
            else "the bound"
        )
        message = f"{self._kind} is {value:.3g}{self._unit}; {than} is {bound:.3g}{self._unit}"
        yield Finding(self._kind, bad, value, bound, message, (), self._wait, self._wait)

    def _learn(self, time: float, value: float, bound: float) -> None:
        """Take a value a second into the median, unless it is low itself."""
        if value >= bound and not self._next - 1000 <= time < self._next:
            self._known.append(value)
            self._next = time + 1000


class Silence:
    """No lines at all, by the clock on the wall."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lines, self._since = clock, -1, clock()

    def find(self, update: Update) -> Iterator[Finding]:
        """How it stands now."""
        if update.lines != self._lines:
            self._lines, self._since = update.lines, self._clock()
        seconds = self._clock() - self._since
        message = f"no lines for {seconds:.0f} s" if seconds > SILENT else "lines come"
        yield Finding("silent", seconds > SILENT, seconds, SILENT, message)


class Drops:
    """Lines that the source gave up."""

    def __init__(self) -> None:
        self._dropped = 0

    def find(self, update: Update) -> Iterator[Finding]:
        """How it stands now."""
        more, self._dropped = update.dropped - self._dropped, update.dropped
        message = f"{update.dropped:,} lines dropped so far: they come faster than they are tracked"
        if not more:
            message = f"no more lines dropped; {update.dropped:,} in all"
        yield Finding("dropped", more > 0, update.dropped, 0, message, after=QUIET)


class Stuck:
    """A tracer that hardly gets anywhere, as far as its uncertainty lets one tell."""

    def __init__(self, below: float, seconds: float) -> None:
        self._below, self._wait = below, 1000 * seconds
        self._past: dict[int, deque[TracerNow]] = {}

    def find(self, update: Update) -> Iterator[Finding]:
        """How it stands now."""
        self._past = {each.label: self._past.get(each.label, deque()) for each in update.tracers}
        for tracer in update.tracers:
            past = self._past[tracer.label]
            if past and past[-1].time > tracer.time:
                past.clear()
            if past and tracer.time - past[0].time >= REACH:
                yield self._judge(tracer, past)
            if not past or tracer.time - past[-1].time >= REACH / STEPS:
                past.append(tracer)
            while len(past) > 1 and tracer.time - past[1].time >= REACH:
                past.popleft()

    def _judge(self, tracer: TracerNow, past: deque[TracerNow]) -> Finding:
        """How fast it went over the last quarter of a second, by the furthest that it was from where it is."""
        away = max(math.dist(tracer.position, each.position) for each in past)
        sigma = math.hypot(*tracer.sigma, *past[0].sigma)
        lasted = tracer.time - past[0].time
        speed, noise = max(away - 2 * sigma, 0.0) / lasted, 2 * sigma / lasted
        slow = speed < self._below
        unsure = noise > self._below or (not slow and speed < ABOVE * self._below)
        word = "is hardly moving" if slow else "is moving"
        message = f"tracer {tracer.label} {word}: {speed:.2g} m/s, the bound is {self._below:g} m/s"
        return Finding(
            "stuck", None if unsure else slow, speed, self._below, message, (tracer.label,), self._wait, REACH
        )


class Merged:
    """Two tracers that are nearer to each other than their blur."""

    def find(self, update: Update) -> Iterator[Finding]:
        """How it stands now."""
        for one, other in combinations(update.tracers, 2):
            away, blur = math.dist(one.position, other.position), max(one.blur, other.blur)
            close = away < CLOSE * blur
            bad = None if not close and away < APART * blur else close
            word = "cannot be told apart" if close else "are apart"
            pair = (one.label, other.label)
            message = f"tracers {one.label} and {other.label} {word}: {away:.1f} mm, their blur is {blur:.1f} mm"
            yield Finding("merged", bad, away, CLOSE * blur, message, pair, TOGETHER, TOGETHER)


def conditions(bounds: Bounds, clock: Callable[[], float]) -> list[Condition]:
    """All that are watched with these bounds."""
    found: list[Condition] = [
        Silence(clock),
        Fall("rate", "rate", " lines/ms", bounds.rate_below or 0.0, bounds.fall, bounds.patience),
        Fall("explained", "explained", "", bounds.explained_below, bounds.fall, bounds.patience),
        Drops(),
        Merged(),
    ]
    if bounds.tracers is not None:
        found.append(Number(bounds.tracers, bounds.patience))
    if bounds.stuck_below is not None:
        found.append(Stuck(bounds.stuck_below, bounds.stuck_for))
    return found
