"""A live run on a terminal: a table that is drawn anew, or a line a second where there is no terminal."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lumentrace.pept.live.events import RAISED, Event
from lumentrace.pept.tracking.update import TracerNow, Update

REDRAW = 0.2
"""Seconds between two drawings of a terminal, at least."""
LINE = 1.0
"""Seconds between two lines."""
SAID = 8
"""Alarms and notices that stay on the screen."""
ROWS = 20
"""Tracers that are listed; there may be hundreds."""
STYLES = {RAISED: "bold red", "cleared": "green", "notice": "yellow"}


class Lines:
    """A line a second, and one for each alarm and notice.

    Parameters
    ----------
    tell : callable
        Prints a line of what is measured.
    warn : callable
        Prints a notice.
    alarm : callable
        Prints an event.
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        warn: Callable[[str], None],
        alarm: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell, self._warn, self._alarm = tell, warn, alarm
        self._clock, self._next = clock, -math.inf

    def show(self, update: Update, events: Sequence[Event]) -> None:
        """Print what is new."""
        for event in events:
            self._alarm(event)
        for notice in update.notices:
            self._warn(notice)
        if self._clock() >= self._next:
            self._next = self._clock() + LINE
            self._tell(line(update))

    def close(self) -> None:
        """Nothing is left open."""


class Screen:
    """A table of tracers, drawn anew at most five times a second, with the latest alarms below it.

    Parameters
    ----------
    console : rich.console.Console
    title : str
        What is tracked.
    clock : callable
        Seconds.
    """

    def __init__(self, console: Console, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._title, self._clock, self._next = title, clock, -math.inf
        self._first: dict[int, float] = {}
        self._said: deque[tuple[str, str]] = deque(maxlen=SAID)
        self._latest: Update | None = None
        self._live = Live(console=console, auto_refresh=False)
        self._live.start()

    def show(self, update: Update, events: Sequence[Event]) -> None:
        """Draw it, unless that was done just now."""
        self._latest = update
        self._first = {each.label: self._first.get(each.label, each.time) for each in update.tracers}
        for event in events:
            self._said.append((event.state, f"{event.time_ms / 1000:.1f} s  {event.message}"))
        self._said.extend(("notice", notice) for notice in update.notices)
        if self._clock() >= self._next:
            self._next = self._clock() + REDRAW
            self._draw(update)

    def close(self) -> None:
        """Draw the latest once more and let it stand."""
        if self._latest is not None:
            self._draw(self._latest)
        self._live.stop()

    def _draw(self, update: Update) -> None:
        said = [Text(text, STYLES[kind], overflow="ellipsis", no_wrap=True) for kind, text in self._said]
        self._live.update(
            Group(Text(self._title, "bold"), Text(state(update)), self._table(update), *said), refresh=True
        )

    def _table(self, update: Update) -> Table:
        table = Table("tracer")
        for name in ("x (mm)", "y (mm)", "z (mm)", "± (mm)", "speed (m/s)", "lines/ms", "blur (mm)", "age (s)"):
            table.add_column(name, justify="right")
        for each in update.tracers[:ROWS]:
            age = (each.time - self._first[each.label]) / 1000
            place = (f"{value:.1f}" for value in each.position)
            figures = (f"{_sigma(each):.2f}", f"{_speed(each):.3f}", f"{each.rate:.3g}", f"{each.blur:.2f}")
            table.add_row(str(each.label), *place, *figures, f"{age:.1f}")
        if len(update.tracers) > ROWS:
            table.add_row(f"and {len(update.tracers) - ROWS} more")
        return table


def state(update: Update) -> str:
    """What is known of the lines, in a line."""
    parts = [
        f"{_number(update.time / 1000, '.1f')} s",
        f"{update.lines:,} lines",
        f"{_number(update.rate, '.3g')} lines/ms",
        f"{_number(update.explained, '.0%')} explained",
        f"lag {_number(update.lag, '.0f')} ms",
        f"{update.dropped:,} dropped",
    ]
    return "  ".join(parts)


def line(update: Update) -> str:
    """The state and the tracers, in a line."""
    tracers = "; ".join(_told(each) for each in update.tracers[:ROWS])
    more = len(update.tracers) - ROWS
    return f"{state(update)}  {tracers or 'no tracer'}{f'; and {more} more' if more > 0 else ''}"


def _told(tracer: TracerNow) -> str:
    place = ", ".join(f"{value:.1f}" for value in tracer.position)
    return f"tracer {tracer.label} at ({place}) ± {_sigma(tracer):.2f} mm, {_speed(tracer):.3f} m/s"


def _sigma(tracer: TracerNow) -> float:
    return math.hypot(*tracer.sigma)


def _speed(tracer: TracerNow) -> float:
    return math.hypot(*tracer.velocity)


def _number(value: float, form: str) -> str:
    return "n/a" if math.isnan(value) else format(value, form)
