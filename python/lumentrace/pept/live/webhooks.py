"""Events posted to addresses, in a thread of their own that nothing waits for."""

from __future__ import annotations

import ipaddress
import queue
import threading
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.parse import urlsplit

from lumentrace.pept.live.events import Event
from lumentrace.pept.tracking.update import Update

WAITING = 100
"""Events that wait to be posted, at most; others are counted as failed."""
TIMEOUT = 2.0
"""Seconds in which an address has to answer."""


class Webhooks:
    """Posts each event as JSON to some addresses.

    Parameters
    ----------
    addresses : sequence of str
        ``http://`` or ``https://``, of this machine unless `remote`.
    tell : callable
        Told in words of the first failure of each address.
    remote : bool, default False
        Allow other machines.

    Raises
    ------
    ValueError
        If an address is none, or that of another machine.
    """

    def __init__(self, addresses: Sequence[str], tell: Callable[[str], None], remote: bool = False) -> None:
        for address in addresses:
            check_address(address, remote)
        self.failed = 0
        self._addresses, self._tell = tuple(addresses), tell
        self._told: set[str] = set()
        self._queue: queue.Queue[Event | None] = queue.Queue(WAITING)
        # No proxy and no redirection: what is allowed is the address itself.
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay()).open
        self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
        if self._addresses:
            self._thread.start()

    def post(self, event: Event) -> None:
        """Have an event posted; returns at once."""
        if not self._addresses:
            return
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self._fail("its queue", f"{WAITING} events wait already")

    def show(self, update: Update, events: Sequence[Event]) -> None:
        """Post the events of an update."""
        for event in events:
            self.post(event)

    def close(self, seconds: float = 0.3) -> None:
        """Post what waits, as far as the seconds allow."""
        if not self._thread.is_alive():
            return
        try:
            self._queue.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _work(self) -> None:
        while (event := self._queue.get()) is not None:
            for address in self._addresses:
                self._send(address, event.to_json().encode())

    def _send(self, address: str, body: bytes) -> None:
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="POST")
        try:
            with self._open(request, timeout=TIMEOUT):
                pass
        except (OSError, HTTPException) as error:
            self._fail(address, str(error))

    def _fail(self, address: str, why: str) -> None:
        self.failed += 1
        if address not in self._told:
            self._told.add(address)
            self._tell(f"webhook {address}: {why}; further failures are counted only")


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: it ends as an error."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def check_address(address: str, remote: bool) -> None:
    """Refuse what is no address, and other machines unless `remote`.

    Raises
    ------
    ValueError
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"--webhook: expected an address like http://127.0.0.1:8000/alarm, found {address!r}")
    if not remote and not is_loopback(parts.hostname):
        raise ValueError(
            f"--webhook: expected an address of this machine, found {parts.hostname!r}; --allow-remote posts there, too"
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
