"""What alarms tell, and when they do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lumentrace.base.json_text import json_text
from lumentrace.base.provenance import now

RAISED, CLEARED = "raised", "cleared"


@dataclass(frozen=True)
class Event:
    """A condition that has come about, or is over.

    Attributes
    ----------
    kind : str
        'lost', 'stuck', 'merged', 'number', 'rate', 'silent', 'explained' or 'dropped'.
    state : str
        'raised' or 'cleared'.
    time_ms : float
        Time of the latest line.
    wall_time : str
        The present moment, ISO 8601 in UTC.
    tracers : tuple of int
        Labels of those that it is about.
    value, bound : float
        What was measured, and what it was held against.
    message : str
        In words, with units.
    """

    kind: str
    state: str
    time_ms: float
    wall_time: str
    tracers: tuple[int, ...]
    value: float
    bound: float
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "tracers": list(self.tracers)}

    def to_json(self) -> str:
        """A line of JSON; a number that there is none of is null."""
        return json_text(self.to_dict(), ensure_ascii=False)


@dataclass(frozen=True)
class Bounds:
    """When alarms are raised.

    Attributes
    ----------
    tracers : int or None
        How many there should be; fewer of them for `patience` are an alarm. None for any number.
    stuck_below : float or None
        m/s, that is mm/ms. A tracer that is slower for `stuck_for` is an alarm.
    stuck_for : float
        Seconds.
    rate_below : float or None
        Lines per ms; fewer for `patience` are an alarm.
    fall : float
        Share of their median over the last minute that rate and explained share may fall to.
    explained_below : float
        Least share of the lines that tracers explain; that of verdicts.
    patience : float
        Seconds.

    Raises
    ------
    ValueError
        If a bound is not above 0, or `fall` not between 0 and 1.
    """

    tracers: int | None = None
    stuck_below: float | None = None
    stuck_for: float = 2.0
    rate_below: float | None = None
    fall: float = 0.5
    explained_below: float = 0.05
    patience: float = 2.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and not value > 0:
                raise ValueError(f"`{name}`: expected a number above 0, found {value}")
        if self.fall >= 1:
            raise ValueError(f"`fall`: expected a share below 1, found {self.fall}")


@dataclass(frozen=True)
class Finding:
    """How a condition stands.

    Attributes
    ----------
    kind, tracers, value, bound, message
        As of `Event`.
    bad : bool or None
        None between the bounds: it stays as it was.
    before, after : float
        ms for which it has to be bad before it is raised, and good before it is cleared.
    """

    kind: str
    bad: bool | None
    value: float
    bound: float
    message: str
    tracers: tuple[int, ...] = ()
    before: float = 0.0
    after: float = 0.0


def event(found: Finding, state: str, time: float) -> Event:
    """The event that a condition has become."""
    moment = now().isoformat(timespec="milliseconds")
    return Event(found.kind, state, time, moment, found.tracers, found.value, found.bound, found.message)
