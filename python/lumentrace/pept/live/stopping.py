"""Ctrl-C that waits for what must be done whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

INSIST = 3
"""Times Ctrl-C has to be pressed to interrupt even that."""


class Stop:
    """While it is entered, SIGINT and SIGTERM raise `KeyboardInterrupt`, but not before the end of a `hold`."""

    def __init__(self) -> None:
        self.asked = 0
        self._held = 0
        self._before: dict[signal.Signals, Any] = {}

    @contextmanager
    def hold(self) -> Iterator[None]:
        """What is inside the block is not interrupted; when it is done, `KeyboardInterrupt` is raised if it was due."""
        asked, self._held = self.asked, self._held + 1
        try:
            yield
        finally:
            self._held -= 1
        if self.asked > asked and not self._held:
            raise KeyboardInterrupt

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked += 1
        if not self._held or self.asked >= INSIST:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for each in (signal.SIGINT, signal.SIGTERM):
                self._before[each] = signal.signal(each, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
