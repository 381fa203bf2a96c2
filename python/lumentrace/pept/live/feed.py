"""What a page shows of a live run, ten times a second, and what is remembered for those who come later."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.json_text import json_text
from lumentrace.data.points import SIGMAS, VELOCITIES, XYZ
from lumentrace.pept.live.events import Event
from lumentrace.pept.tracking.locations import UNITS
from lumentrace.pept.tracking.update import TracerNow, Update

EVERY = 0.1
"""Seconds between frames, at least."""
RECENT, OLDER = 600, 1740
"""Frames that are remembered: a minute of all, and one a second of half an hour."""
COARSE = 1.0
"""Seconds between older frames."""
TRACERS, POINTS = 64, 8
"""Tracers in a frame, and smoothed locations of each, at most."""
SAID = 20
"""Alarms and notices in a frame, at most."""

_NAMES = list(UNITS)
_TIME, _LABEL = _NAMES.index("t"), _NAMES.index("label")
_PLACE, _SIGMA, _VELOCITY = ([_NAMES.index(name) for name in names] for names in (XYZ, SIGMAS, VELOCITIES))

Frame = dict[str, Any]


class Feed:
    """Makes frames of updates and remembers them, in bounded memory.

    A frame is a mapping: its number `i`; the figures of the update under their own names; `tracers`, each ``[label, x,
    y, z, sigma, speed, rate, blur, share]``; `points`, smoothed locations since the last frame, each ``[label, t, x, y,
    z, sigma_x, sigma_y, sigma_z, speed]``; and `said`, alarms and notices.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._next, self._count = clock, -math.inf, 0
        self._rows: list[NDArray[np.float64]] = []
        self._said: deque[Frame] = deque(maxlen=SAID)
        self._lock = threading.Lock()
        self._recent: deque[Frame] = deque()
        self._older: deque[Frame] = deque(maxlen=OLDER)
        self._kept = -math.inf

    def add(self, update: Update, events: Sequence[Event] = ()) -> Frame | None:
        """Take an update; a frame if it is time for one."""
        if len(update.smoothed.points):
            self._rows.append(update.smoothed.points)
        self._said.extend({"kind": each.kind, "state": each.state, "text": each.message} for each in events)
        self._said.extend({"kind": "notice", "state": "notice", "text": each} for each in update.notices)
        now = self._clock()
        if now < self._next:
            return None
        self._next = now + EVERY
        frame = self._frame(update)
        with self._lock:
            self._remember(frame, now)
        return frame

    def history(self) -> list[Frame]:
        """What is remembered, oldest first; may be called from another thread."""
        with self._lock:
            return [*self._older, *self._recent]

    def _frame(self, update: Update) -> Frame:
        self._count += 1
        names = ("time", "lines", "rate", "lag", "unused", "dropped", "explained")
        figures = {name: _short(getattr(update, name)) for name in names}
        said = [{**each, "time": figures["time"]} for each in self._said]
        rows = np.concatenate(self._rows) if self._rows else np.empty((0, len(UNITS)))
        self._rows.clear()
        self._said.clear()
        return {
            "i": self._count,
            **figures,
            "count": len(update.tracers),
            "tracers": [_tracer(each) for each in update.tracers[:TRACERS]],
            "points": _points(rows),
            "said": said,
        }

    def _remember(self, frame: Frame, now: float) -> None:
        frame = {**frame, "wall": now}
        self._recent.append(frame)
        if len(self._recent) <= RECENT:
            return
        old = self._recent.popleft()
        if self._older and old["wall"] < self._kept + COARSE:
            last = self._older[-1]
            last["said"] = [*last["said"], *old["said"]][-SAID:]
            return
        self._kept = old["wall"]
        self._older.append({**old, "points": _last_of_each(old["points"])})


def encoded(kind: str, **values: Any) -> str:
    """A message to a page."""
    return json_text({"kind": kind, **values}, separators=(",", ":"), ensure_ascii=False)


def _tracer(now: TracerNow) -> list[Any]:
    sigma, speed = math.hypot(*now.sigma), math.hypot(*now.velocity)
    return [now.label, *map(_short, (*now.position, sigma, speed, now.rate, now.blur, now.share))]


def _points(rows: NDArray[np.float64]) -> list[list[Any]]:
    """A few locations of each tracer, evenly spaced, the last one among them."""
    found: list[list[Any]] = []
    for label in np.unique(rows[:, _LABEL])[:TRACERS]:
        own = rows[rows[:, _LABEL] == label]
        chosen = own[np.unique(np.linspace(len(own) - 1, 0, min(POINTS, len(own))).astype(int))]
        speeds = np.linalg.norm(chosen[:, _VELOCITY], axis=1)
        table = np.column_stack([chosen[:, _TIME], chosen[:, _PLACE], chosen[:, _SIGMA], speeds])
        found.extend([int(label), *map(_short, each)] for each in table.tolist())
    return found


def _last_of_each(points: list[list[Any]]) -> list[list[Any]]:
    return list({point[0]: point for point in points}.values())


def _short(value: float) -> float:
    """Three digits behind the point are a µm; four for shares and speeds."""
    return value if isinstance(value, int) else round(value, 4)
