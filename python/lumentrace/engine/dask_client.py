"""What a Dask client needs beyond `submit`: workers of our version, and words for what gets lost."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

from lumentrace.base.provenance import environment

logger = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at who is there."""


def is_client(executor: Any) -> bool:
    """Whether an executor is a Dask client."""
    return hasattr(executor, "ncores")


def cores(client: Any) -> int:
    """How many tasks the workers that are there take at a time."""
    return sum(client.ncores().values())


def check_versions(client: Any) -> None:
    """Refuse workers with another version of lumentrace, whose results would differ.

    Raises
    ------
    ValueError
        If there is one, or one without lumentrace; the message names it.
    """

    def version() -> str:
        # Sent as code: an older lumentrace knows nothing of this module.
        try:
            import lumentrace
        except ImportError as error:
            return f"none ({error})"
        return str(lumentrace.__version__)

    own = environment()["lumentrace"]
    others = {address: found for address, found in client.run(version).items() if found != own}
    if others:
        each = ", ".join(f"{found} at {address}" for address, found in sorted(others.items())[:5])
        raise ValueError(f"{_address(client)}: expected workers with lumentrace {own}, as here, found {each}")


@contextmanager
def losses_told(client: Any) -> Iterator[None]:
    """Log workers that go while the block runs, and that none is left; say plainly that the scheduler is gone.

    Raises
    ------
    ConnectionError
        If the client loses the scheduler, which forgets what was under way.
    RuntimeError
        If the same task has ended several workers.
    """
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(client, ended), daemon=True)
    watch.start()
    try:
        yield
    except Exception as error:
        told = _told(error, client)
        if told is None:
            raise
        raise told from error
    finally:
        ended.set()
        watch.join(LOOK)


def _told(error: Exception, client: Any) -> Exception | None:
    """A plain error instead of one of Dask's own, if it is one."""
    kind = type(error).__name__
    cut_off = "connection-lost" in str(error) or client.status != "running"
    if kind == "CommClosedError" or (isinstance(error, CancelledError) and cut_off):
        return ConnectionError(
            f"{_address(client)}: the scheduler is gone; what was finished is kept in the run directory, if there is "
            "one: start scheduler and workers again, and the same call goes on from there"
        )
    if kind == "KilledWorker":
        return RuntimeError(f"{_address(client)}: the same samples have ended several workers (memory?): {error}")
    return None


def _watch(client: Any, ended: threading.Event) -> None:
    """Log who goes, until the block has ended or the scheduler is gone."""
    first = _look(client, -math.inf)
    if first is None:
        return
    known, losses = first
    told = {worker for _, worker in losses}
    since = max((when for when, _ in losses), default=-math.inf)
    over = False
    while not over:
        over = ended.wait(LOOK)
        found = _look(client, since)
        if found is None:
            return
        now, losses = found
        # One that came and went between two looks is in the log of the scheduler alone, which may not keep one.
        lost = [worker for _, worker in losses] + sorted(known - now - told - {worker for _, worker in losses})
        for worker in lost:
            logger.warning("worker %s is gone; what it was working on is done again by another one", worker)
        if known and not now:
            logger.warning("%s: no worker is left; waiting for one", _address(client))
        since = max((when for when, _ in losses), default=since)
        known, told = now, set(lost)


def _look(client: Any, since: float) -> tuple[set[str], list[tuple[float, str]]] | None:
    """Who is there, and who was lost when after a time; None if the scheduler is gone: who waits is told of that."""
    try:
        events = client.get_events("all")
        there = set(client.ncores())
    except (OSError, RuntimeError, CancelledError):
        return None
    removed = [(when, event) for when, event in events if when > since and event.get("action") == "remove-worker"]
    return there, [(when, str(event["worker"])) for when, event in removed if not event.get("expected")]


def _address(client: Any) -> str:
    return str(getattr(getattr(client, "scheduler", None), "address", client))
