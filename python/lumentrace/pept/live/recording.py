"""Lines on their way to the tracker that are kept, even those that it is too slow for."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

from lumentrace.pept.live.record import Record
from lumentrace.pept.sources.block import Block
from lumentrace.pept.sources.streams import Stop, in_thread
from lumentrace.pept.sources.waiting import LineQueue


def recorded(blocks: Iterable[Block], record: Record, name: str, drop: bool) -> AbstractContextManager[Iterator[Block]]:
    """The same blocks, kept by `record` in a thread of its own.

    Parameters
    ----------
    blocks : iterable of Block
    record : Record
    name : str
        Of the source.
    drop : bool
        Whether lines that come faster than they are tracked are given up after they were kept. Else `blocks` waits.
    """

    def work(queue: LineQueue, stop: Stop) -> None:
        for block in blocks:
            record.keep(block.rows, block.dropped)
            if stop.is_set() or not queue.put(block):
                return

    return in_thread(work, LineQueue(f"{name} (kept, not tracked live)", drop=drop), name)


def waits(source: str) -> bool:
    """Whether a source is a regular file, which can wait until its lines are wanted."""
    if "://" in source:
        return False
    try:
        status = os.fstat(sys.stdin.fileno()) if source == "-" else os.stat(source)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode)
