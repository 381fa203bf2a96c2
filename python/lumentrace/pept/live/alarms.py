"""Events from updates: raised once when something is amiss for long enough, cleared once when it is well again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from lumentrace.pept.live.conditions import ABSORBED, conditions
from lumentrace.pept.live.events import CLEARED, RAISED, Bounds, Event, Finding, event
from lumentrace.pept.tracking.update import TracerNow, Update

LOST = 100
"""Tracers that are remembered as lost, at most."""


@dataclass
class _Latch:
    """An alarm: whether it is raised, and since when it should not be as it is."""

    found: Finding
    raised: bool = False
    since: float | None = None

    def turn(self, found: Finding, time: float) -> str | None:
        """The state it changes to, if it does."""
        self.found = found
        if found.bad is None or found.bad == self.raised:
            self.since = None
            return None
        if self.since is None or time < self.since:
            self.since = time
        if time - self.since < (found.after if self.raised else found.before):
            return None
        self.raised, self.since = not self.raised, None
        return RAISED if self.raised else CLEARED


class Alarms:
    """Watches updates and tells what is amiss.

    Parameters
    ----------
    bounds : Bounds, optional
    clock : callable
        Seconds, for sources that fall silent; everything else goes by the times of the lines.

    Examples
    --------
    >>> from lumentrace.pept.live import Alarms, Bounds
    >>> alarms = Alarms(Bounds(tracers=2, stuck_below=0.01))
    >>> alarms.now
    []
    """

    def __init__(self, bounds: Bounds | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._conditions = conditions(bounds or Bounds(), clock)
        self._latches: dict[tuple[str, tuple[int, ...]], _Latch] = {}
        self._before: dict[int, TracerNow] = {}
        self._lost: dict[int, list[Finding]] = {}

    @property
    def now(self) -> list[Finding]:
        """What is raised."""
        lost = [found for findings in self._lost.values() for found in findings]
        return [*lost, *(latch.found for latch in self._latches.values() if latch.raised)]

    def feed(self, update: Update) -> list[Event]:
        """What an update changes.

        Parameters
        ----------
        update : Update

        Returns
        -------
        list of Event
            Each alarm is raised once, and cleared once.
        """
        return [*self._watched(update), *self._coming_and_going(update)]

    def _watched(self, update: Update) -> Iterator[Event]:
        seen = set()
        for condition in self._conditions:
            for found in condition.find(update):
                key = found.kind, found.tracers
                seen.add(key)
                state = self._latches.setdefault(key, _Latch(found)).turn(found, _clock(update))
                if state is not None:
                    yield event(found, state, update.time)
        gone = {tracer for tracer in self._before if tracer not in {each.label for each in update.tracers}}
        for key in [key for key in self._latches if key not in seen and gone.intersection(key[1])]:
            latch = self._latches.pop(key)
            if latch.raised:
                who = ", ".join(map(str, sorted(gone.intersection(key[1]))))
                over = replace(latch.found, message=f"{latch.found.kind}: over, tracer {who} is not there any more")
                yield event(over, CLEARED, update.time)

    def _coming_and_going(self, update: Update) -> Iterator[Event]:
        """Tracers that are lost, and those that are seen again: they come back under another number."""
        here = {each.label: each for each in update.tracers}
        for label in sorted(here.keys() - self._before.keys()):
            if self._lost:
                lost = label if label in self._lost else next(iter(self._lost))
                who = " again" if lost == label else f"; it may be tracer {lost} that was lost"
                for found in self._lost.pop(lost):
                    text = f"tracer {label} is seen{who}"
                    yield event(replace(found, message=text), CLEARED, update.time)
        for label in sorted(self._before.keys() - here.keys()):
            findings = list(self._losses(self._before[label], here))
            self._lost[label] = findings
            if len(self._lost) > LOST:
                del self._lost[next(iter(self._lost))]
            yield from (event(found, RAISED, update.time) for found in findings)
        self._before = here

    def _losses(self, tracer: TracerNow, here: dict[int, TracerNow]) -> Iterator[Finding]:
        place = ", ".join(f"{value:.0f}" for value in tracer.position)
        text = f"tracer {tracer.label} is lost; it was at ({place}) mm at {tracer.time:.0f} ms"
        yield Finding("lost", True, len(here), len(self._before), text, (tracer.label,))
        for other in here.values():
            away, reach = math.dist(tracer.position, other.position), ABSORBED * max(tracer.blur, other.blur)
            if away < reach:
                text = f"tracer {tracer.label} was lost {away:.1f} mm from tracer {other.label}: they may be one now"
                yield Finding("merged", True, away, reach, text, (tracer.label, other.label))


def _clock(update: Update) -> float:
    """Time by which alarms wait; before the first line there is none."""
    return 0.0 if math.isnan(update.time) else update.time
