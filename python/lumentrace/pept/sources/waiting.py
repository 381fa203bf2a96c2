"""Lines that wait to be taken: a queue that never grows beyond a limit."""

from __future__ import annotations

import threading
import time
from collections import deque

from lumentrace.pept.sources.block import Block, joined
from lumentrace.pept.sources.tally import Tally

MOST_LINES = 2**20
"""Lines that may wait, 56 bytes each."""
LONGEST_WAIT = 0.5
"""Seconds that a line may wait."""
_MOST_NOTICES = 100
_MOST_BLOCKS = 2**14


class LineQueue:
    """Passes blocks from one thread to another.

    Where they are taken too slowly, the oldest lines are given up: those that waited too long or are too many.

    Parameters
    ----------
    name : str
        Name of the source in messages.
    most : int
        Lines that may wait.
    longest : float
        Seconds that a line may wait.
    drop : bool
        Whether lines are given up; otherwise `put` waits until there is room.
    """

    def __init__(self, name: str, most: int = MOST_LINES, longest: float = LONGEST_WAIT, drop: bool = True) -> None:
        self._name, self._most, self._longest, self._drop = name, most, longest, drop
        self._waiting: deque[tuple[float, Block]] = deque()
        self._lines = 0
        self._dropped, self._untold = 0, Tally()
        self._notices: deque[str] = deque(maxlen=_MOST_NOTICES)
        self._change = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None

    def put(self, block: Block) -> bool:
        """Add a block; says whether it is still wanted."""
        with self._change:
            if not self._drop:
                self._change.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                return False
            if not (len(block.rows) or block.dropped or block.notices):
                return True
            self._waiting.append((time.monotonic(), block))
            self._lines += len(block.rows)
            self._give_up()
            self._change.notify_all()
        return True

    def get(self, timeout: float, most: int) -> Block | None:
        """What waited, about `most` lines of it; an empty block after `timeout` seconds, None at the end.

        Raises
        ------
        BaseException
            That `close` was given, after all that came before it.
        """
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._closed, timeout)
            self._give_up()
            parts, lines = [], 0
            while self._waiting and lines < most:
                parts.append(self._waiting.popleft()[1])
                lines += len(parts[-1].rows)
            self._lines -= lines
            dropped, notices = self._dropped, (*self._notices, *self._told())
            self._dropped = 0
            self._notices.clear()
            self._change.notify_all()
            if self._closed and not (parts or dropped or notices):
                if self._error is not None:
                    raise self._error
                return None
        return joined([*parts, Block(dropped=dropped, notices=notices)])

    def close(self, error: BaseException | None = None) -> None:
        """Say that nothing else comes, because of an error if there is one."""
        with self._change:
            if not self._closed:
                self._closed, self._error = True, error
            self._change.notify_all()

    def _has_room(self) -> bool:
        return self._lines < self._most and len(self._waiting) < _MOST_BLOCKS

    def _give_up(self) -> None:
        """Drop the oldest lines where that is due; what else their blocks say is kept."""
        if not self._drop or self._closed:
            return
        oldest = time.monotonic() - self._longest
        while self._waiting and (self._lines > self._most or self._waiting[0][0] < oldest):
            came, block = self._waiting.popleft()
            count = len(block.rows) if came < oldest else min(len(block.rows), self._lines - self._most)
            if count < len(block.rows):
                self._waiting.appendleft((came, Block(block.rows[count:], block.dropped, block.notices)))
            else:
                self._dropped += block.dropped
                self._notices.extend(block.notices)
            self._lines -= count
            self._dropped += count
            self._untold.add(count)

    def _told(self) -> tuple[str, ...]:
        count = self._untold.due(last=self._closed)
        return (f"{self._name}: dropped {count} lines that came faster than they were taken",) if count else ()
