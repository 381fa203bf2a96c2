"""Tracers watched while they are measured. Everything is imported when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.pept.live.alarms import Alarms as Alarms
    from lumentrace.pept.live.events import Bounds as Bounds
    from lumentrace.pept.live.events import Event as Event
    from lumentrace.pept.live.finishing import finish as finish
    from lumentrace.pept.live.record import Record as Record
    from lumentrace.pept.live.recording import recorded as recorded
    from lumentrace.pept.live.server import Page as Page
    from lumentrace.pept.live.watching import watch as watch

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Alarms": "lumentrace.pept.live.alarms",
        "Bounds": "lumentrace.pept.live.events",
        "Event": "lumentrace.pept.live.events",
        "Page": "lumentrace.pept.live.server",
        "Record": "lumentrace.pept.live.record",
        "finish": "lumentrace.pept.live.finishing",
        "recorded": "lumentrace.pept.live.recording",
        "watch": "lumentrace.pept.live.watching",
    },
)
