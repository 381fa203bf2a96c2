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

LOOK = 5.0
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
    except CancelledError as error:
        if "connection-lost" not in str(error) and client.status == "running":
            raise
        raise ConnectionError(
            f"{_address(client)}: the scheduler is gone; what was finished is kept in the run directory, if there is "
            "one: start scheduler and workers again, and the same call goes on from there"
        ) from error
    except RuntimeError:
        raise
    except Exception as error:
        if type(error).__name__ != "KilledWorker":
            raise
        raise RuntimeError(f"{_address(client)}: the same samples ended several workers (memory?): {error}") from error
    finally:
        ended.set()
        watch.join()


def _watch(client: Any, ended: threading.Event) -> None:
    known = _names(client)
    while not ended.wait(LOOK):
        now = _names(client)
        for gone in sorted(known - now):
            logger.warning("worker %s is gone; what it was working on is done again by another one", gone)
        if not now and known:
            logger.warning("%s: no worker is left; waiting for one", _address(client))
        known = now


def _names(client: Any) -> set[str]:
    try:
        return set(client.ncores())
    except (OSError, RuntimeError, CancelledError):  # the scheduler is gone: whoever waits for results is told
        return set()


def _address(client: Any) -> str:
    return str(getattr(getattr(client, "scheduler", None), "address", client))
