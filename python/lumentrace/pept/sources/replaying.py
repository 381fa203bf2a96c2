"""A recorded or simulated acquisition as a live source."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.lines import LineData
from lumentrace.engine.progress import Progress, Verbose
from lumentrace.pept.sources.block import COLUMNS
from lumentrace.pept.sources.pacing import Schedule, paced
from lumentrace.pept.sources.serving import LineServer

_TELL_EVERY = 0.1
"""Seconds between signs of progress."""


@dataclass(frozen=True)
class Replayed:
    """What was sent.

    Attributes
    ----------
    lines : int
        Lines that were sent.
    seconds : float
        How long that took.
    dropped : int
        Lines that clients lost because they were too slow, all together.
    late : float
        Seconds that the last line was behind its time.
    cut_off : int
        Clients that did not take the last lines in time.
    """

    lines: int
    seconds: float
    dropped: int
    late: float
    cut_off: int


def replay(
    lines: LineData | NDArray[np.float64],
    server: LineServer,
    *,
    speed: float = 1.0,
    rate: float | None = None,
    loop: bool = False,
    wait: bool = True,
    verbose: Verbose = False,
) -> Replayed:
    """Send lines as a scanner would, each at its time.

    Parameters
    ----------
    lines : LineData or (N, C >= 7) array
        What was recorded; it may be on a memory map.
    server : LineServer
        Sends them.
    speed : float, default 1
        How many times faster than they were measured.
    rate : float, optional
        Lines per second, evenly, whatever their times.
    loop : bool, default False
        Begin again at the end, for ever; the times go on.
    wait : bool, default True
        Wait for the first client before the first line.
    verbose : bool or callable, default False
        Show a progress bar, or call ``verbose(done, total)``.

    Returns
    -------
    Replayed
        What was sent; with `loop` only when standard output is closed.

    Raises
    ------
    ValueError
        If there is no line, or `speed` or `rate` is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept.sources import LineServer, open_source, replay
    >>> rows = np.column_stack([np.arange(100.0), np.ones((100, 6))])
    >>> with LineServer("tcp://127.0.0.1:0") as server, open_source(server.address) as blocks:
    ...     replay(rows, server, speed=100).lines
    ...     sum(len(block.rows) for block in blocks)
    100
    100
    """
    rows = (lines.lines if isinstance(lines, LineData) else lines)[:, :COLUMNS]
    for name, value in {"speed": speed, "rate": rate}.items():
        if value is not None and not 0 < value < np.inf:
            raise ValueError(f"`{name}`: expected a number above 0, found {value!r}")
    if not len(rows):
        raise ValueError("`lines`: expected at least one line, found none")
    if wait:
        server.wait_for_client()
    lasted = _duration(rows) if loop else 0.0
    began, sent, schedule = time.perf_counter(), 0, Schedule(speed, rate)
    there = True
    for number in count():
        with Progress(verbose, len(rows), "Replaying ", "line") as progress:
            there = _send(rows, number * lasted, server, schedule, began, progress.reach)
            sent += progress.done
        if not (loop and there):
            break
    seconds = time.perf_counter() - began
    late = max(0.0, seconds - schedule.latest)
    cut_off = server.finish() if there else 0
    return Replayed(sent, seconds, server.dropped, late, cut_off)


def _send(
    rows: NDArray[np.float64],
    shift: float,
    server: LineServer,
    schedule: Schedule,
    began: float,
    reach: Callable[[int], None],
) -> bool:
    """Send all rows, `shift` ms later than they say; says whether somebody is there whom others could follow."""
    done, told = 0, 0.0
    for piece in paced(rows, schedule, began=began):
        clients = server.send(piece + shift * np.eye(1, COLUMNS) if shift else piece)
        done += len(piece)
        now = time.perf_counter()
        if now - told >= _TELL_EVERY or done == len(rows):
            reach(done)
            told = now
        if not clients and not server.listens:
            reach(done)
            return False
    return True


def _duration(rows: NDArray[np.float64]) -> float:
    """From the first line to where the first line of the next round belongs, in ms."""
    times = rows[:, 0][np.isfinite(rows[:, 0])]
    if len(times) < 2:
        return 0.0
    lasted = float(times.max() - times.min())
    return lasted * len(times) / (len(times) - 1)
