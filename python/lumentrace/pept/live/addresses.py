"""Where a page is served."""

from __future__ import annotations

import errno
import socket

from lumentrace.pept.sources.address import Address

NOT_HOSTS = set("/?#@")
"""What has a meaning of its own in addresses."""


def address(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> from lumentrace.pept.live.addresses import address
    >>> address("127.0.0.1:8321"), address("[::1]:0")
    (('127.0.0.1', 8321), ('::1', 0))
    """
    try:
        if NOT_HOSTS & set(text):
            raise ValueError
        found = Address.parse(f"tcp://{text}")
    except ValueError:
        raise ValueError(f"--serve: expected HOST:PORT, as 127.0.0.1:8321, found {text!r}") from None
    return found.host, found.port


def listener(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises
    ------
    OSError
        If the port is in use, must not be used, or the host is not one of this machine; the message says what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=100)
    except (OSError, OverflowError) as error:
        where = f"{host}:{port}"
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            raise OSError(f"{where}: the port is in use; --serve {host}:{port + 1} takes another, :0 any") from None
        if number == errno.EACCES:
            raise PermissionError(f"{where}: ports below 1024 need rights of an administrator; try 8321") from None
        raise OSError(f"{where}: cannot be listened at ({error})") from None


def shown(host: str) -> str:
    """How a host stands in an address that browsers open; one that stands for all is the name of this machine."""
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"[{name}]" if ":" in name else name
