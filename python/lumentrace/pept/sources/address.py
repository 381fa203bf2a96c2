"""Addresses of sockets: ``tcp://host:port`` and ``unix:///path``."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

SCHEMES = ("tcp://", "unix://")


@dataclass(frozen=True)
class Address:
    """Where a socket is.

    Attributes
    ----------
    text : str
        The address as it was given.
    host, port
        Of a TCP socket.
    path : str
        Of a Unix socket; empty for TCP.
    """

    text: str
    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address.

        Raises
        ------
        ValueError
            If it is none.

        Examples
        --------
        >>> from lumentrace.pept.sources.address import Address
        >>> Address.parse("tcp://127.0.0.1:9321").port
        9321
        """
        expected = "expected tcp://host:port, such as tcp://127.0.0.1:9321, or unix:///path"
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise ValueError(f"{text}: {expected}") from None
        if text.startswith("unix://") and parts.path and not parts.netloc:
            return cls(text, path=parts.path)
        if text.startswith("tcp://") and parts.hostname and port is not None and parts.path in ("", "/"):
            return cls(text, parts.hostname, port)
        raise ValueError(f"{text}: {expected}")

    def connect(self, timeout: float) -> socket.socket:
        """A socket that is connected to it.

        Raises
        ------
        OSError
            If nobody listens there, or it cannot be reached.
        """
        if not self.path:
            return socket.create_connection((self.host, self.port), timeout)
        made = unix_socket(self.text)
        try:
            made.settimeout(timeout)
            made.connect(self.path)
        except BaseException:
            made.close()
            raise
        return made


def unix_socket(address: str) -> socket.socket:
    """A Unix socket.

    Raises
    ------
    OSError
        If this system has none.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise OSError(f"{address}: this system has no Unix sockets; use tcp://")
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
