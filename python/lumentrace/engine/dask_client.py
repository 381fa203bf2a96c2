"""What a Dask client needs beyond `submit`: workers of our version, and words for what gets lost."""

from __future__ import annotations

import logging
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
    known = _names(client) or set()
    over = False
    while not over:
        over = ended.wait(LOOK)
        now = _names(client)
        if now is None:
            return
        for gone in sorted(known - now):
            logger.warning("worker %s is gone; what it was working on is done again by another one", gone)
        if known and not now:
            logger.warning("%s: no worker is left; waiting for one", _address(client))
        known = now


def _names(client: Any) -> set[str] | None:
    """Who is there; None if that cannot be told, since the scheduler is gone: who waits for results is told."""
    try:
        return set(client.ncores())
    except (OSError, RuntimeError, CancelledError):
        return None


def _address(client: Any) -> str:
    return str(getattr(getattr(client, "scheduler", None), "address", client))
