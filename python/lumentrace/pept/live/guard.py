"""Who may look at a live page."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lumentrace.pept.live.webhooks import is_loopback


@dataclass(frozen=True)
class Guard:
    """Refuses requests that are not from those the page is for.

    On this machine alone, the header `Host` has to name this machine, so that no name that leads here (DNS rebinding)
    lets another site look at it. Elsewhere the address has to hold the token. A page of another site must not open the
    WebSocket of this one: its `Origin` has to be the host that it asks.

    Attributes
    ----------
    local : bool
        Whether only this machine can reach it.
    token : str or None
        What the address has to hold, as ``?token=...``.
    """

    local: bool
    token: str | None

    @classmethod
    def of(cls, host: str, token: str | None) -> Guard:
        """The guard of a host; hosts other than this machine get a token if there is none.

        Raises
        ------
        ValueError
            If the token is too short to be one.
        """
        if token is not None and len(token) < 8:
            raise ValueError(f"--token: expected at least 8 characters, found {len(token)}")
        local = is_loopback(host)
        return cls(local, token if local or token else secrets.token_urlsafe(16))

    def refusal(self, scope: Any) -> str:
        """Why a request is refused; empty if it is not."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if self.local and not _is_here(host):
            return f"expected a request to this machine by its name localhost or number, found one to {host!r}"
        origin = headers.get(b"origin")
        if scope["type"] == "websocket" and origin is not None and urlsplit(origin).netloc != host:
            return "expected a page of this server, found one of another"
        if self.token is not None and scope["path"] in ("/", "/socket") and not self._knows(scope):
            return "expected an address with ?token=..., as `lumentrace pept live` printed it"
        return ""

    def _knows(self, scope: Any) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return hmac.compare_digest(given.encode(), (self.token or "").encode())


def _is_here(host: str) -> bool:
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
