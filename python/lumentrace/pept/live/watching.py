"""The loop of a live run: each update is kept, judged and shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from lumentrace.pept.live.alarms import Alarms
from lumentrace.pept.live.events import RAISED, Event
from lumentrace.pept.live.record import ALARMS, Record
from lumentrace.pept.live.stopping import Stop
from lumentrace.pept.tracking.update import Update
from lumentrace.pept.utilities.framed import named


class View(Protocol):
    """Something that shows a live run."""

    def show(self, update: Update, events: Sequence[Event]) -> None:
        """Show what is new; must not wait for anybody."""

    def close(self) -> None:
        """Show no more."""


@dataclass
class Watched:
    """What came of a live run.

    Attributes
    ----------
    latest : Update or None
    smoothed : int
        Locations.
    raised : int
        Alarms.
    seconds : float
    stopped : bool
        Whether the user stopped it.
    """

    latest: Update | None = None
    smoothed: int = 0
    raised: int = 0
    seconds: float = 0.0
    stopped: bool = field(default=False)


def watch(
    updates: Iterable[Update],
    *,
    record: Record | None = None,
    alarms: Alarms | None = None,
    views: Sequence[View] = (),
    stop: Stop | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Watched:
    """Follow a live run until its source ends, or the user presses Ctrl-C.

    Parameters
    ----------
    updates : iterable of Update
        What a tracker says, such as `LineTracker.stream`.
    record : Record, optional
        Keeps it on the disk; closed at the end.
    alarms : Alarms, optional
    views : sequence of View
        Each is told of every update, and closed at the end.
    stop : Stop, optional
        What ends the source at Ctrl-C, which then waits until the last update is kept.

    Returns
    -------
    Watched

    Raises
    ------
    OSError
        If the disk is full; what was written before is intact.

    Examples
    --------
    >>> from lumentrace.pept.live import watch
    >>> watch([]).smoothed
    0
    """
    found, began, stop = Watched(), clock(), stop or Stop()
    log = _Log(None if record is None else record.folder)
    judge = alarms or Alarms()
    try:
        for update in updates:
            with stop.hold():
                _take(update, found, record, judge, log, views)
        found.stopped = stop.asked > 0
    except KeyboardInterrupt:
        found.stopped = True
    finally:
        with stop.hold(), ExitStack() as stack:
            for view in views:
                stack.callback(view.close)
            stack.callback(log.close)
            if record is not None:
                stack.callback(record.close)
    found.seconds = clock() - began
    return found


def _take(
    update: Update, found: Watched, record: Record | None, judge: Alarms, log: _Log, views: Sequence[View]
) -> None:
    if record is not None:
        record.add(update)
    events = judge.feed(update)
    log.add(events)
    found.latest = update
    found.smoothed += len(update.smoothed.points)
    found.raised += sum(event.state == RAISED for event in events)
    for view in views:
        view.show(update, events)


class _Log:
    """Events as lines of JSON in a file, which is made with the first."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def add(self, events: Sequence[Event]) -> None:
        if self._folder is None or not events:
            return
        if self._file is None:
            self._file = open(self._folder / ALARMS, "a", encoding="utf-8")  # noqa: SIM115 (closed by `close`)
        with named(self._file.name):
            self._file.write("".join(f"{event.to_json()}\n" for event in events))
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            with named(self._file.name):
                self._file.close()
