"""Ctrl-C that lets a live run come to its end."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

from lumentrace.pept.sources.block import Block

INSIST = 3
"""Times Ctrl-C has to be pressed to interrupt even what must be done whole."""


class Stop:
    """While it is entered, SIGINT and SIGTERM end the blocks of `until`, so that the tracker tells its last locations.

    A second one raises `KeyboardInterrupt`, but not before the end of a `hold`.

    Attributes
    ----------
    asked : int
        How often Ctrl-C was pressed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.asked = 0
        self._clock = clock
        self._held = 0
        self._before: dict[signal.Signals, Any] = {}

    def until(self, blocks: Iterable[Block], seconds: float = math.inf) -> Iterator[Block]:
        """Blocks until Ctrl-C is pressed or the time is up; a source gives five a second at least."""
        end = self._clock() + seconds
        for block in blocks:
            yield block
            if self.asked or self._clock() >= end:
                return

    @contextmanager
    def hold(self) -> Iterator[None]:
        """What is inside the block is not interrupted; when it is done, `KeyboardInterrupt` is raised if it was due."""
        asked, self._held = self.asked, self._held + 1
        try:
            yield
        finally:
            self._held -= 1
        if self.asked > max(asked, 1) and not self._held:
            raise KeyboardInterrupt

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked += 1
        if self.asked >= INSIST or (self.asked > 1 and not self._held):
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
