"""Where bytes go to: a connection, or standard output."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from contextlib import suppress
from typing import Protocol

from lumentrace.pept.sources.address import Address, unix_socket

PATIENCE = 10.0
"""Seconds that a receiver has for the last bytes."""


class Link(Protocol):
    """What a client is reached by."""

    def write(self, data: bytes) -> None:
        """Send all of it."""

    def finish(self) -> None:
        """Say that this was all."""

    def abort(self) -> None:
        """End it at once, also while `write` waits."""


class Connection:
    """A connected socket."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.settimeout(None)
        if connected.family != getattr(socket, "AF_UNIX", None):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # small frames leave at once

    def write(self, data: bytes) -> None:
        """Send all of it."""
        self._socket.sendall(data)

    def finish(self) -> None:
        """Say that this was all, and wait until the other side has it and leaves."""
        self._socket.shutdown(socket.SHUT_WR)
        self._socket.settimeout(PATIENCE)
        while self._socket.recv(2**12):
            pass

    def abort(self) -> None:
        """End it at once, also while `write` waits."""
        with suppress(OSError):  # it is not connected any more
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class StandardOutput:
    """Standard output, past Python's buffers, which a thread that waits could not leave.

    Raises
    ------
    ValueError
        If it is a terminal.
    """

    def __init__(self) -> None:
        self._number = sys.stdout.fileno()
        if os.isatty(self._number):
            raise ValueError("-: expected standard output to be a pipe or a file, found a terminal")

    def write(self, data: bytes) -> None:
        """Send all of it."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._number, left) :]

    def finish(self) -> None:
        """Nothing is left to do."""

    def abort(self) -> None:
        """Nothing can be done."""


def listening(place: Address) -> socket.socket:
    """A socket that listens at an address.

    Raises
    ------
    OSError
        If it cannot; the message says what to do.
    """
    try:
        if place.path:
            return _unix(place)
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        return socket.create_server((place.host, place.port), family=family)
    except OSError as error:
        raise type(error)(error.errno, _advice(place, error), place.text) from None


def _unix(place: Address) -> socket.socket:
    if os.path.exists(place.path) and stat.S_ISSOCK(os.stat(place.path).st_mode) and not _answers(place):
        os.unlink(place.path)  # left behind by a server that was killed
    made = unix_socket(place.text)
    try:
        made.bind(place.path)
        made.listen()
    except BaseException:
        made.close()
        raise
    return made


def _answers(place: Address) -> bool:
    try:
        place.connect(1.0).close()
    except ConnectionRefusedError:
        return False
    return True


def _advice(place: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE and place.path:
        return "another program listens there, or it is a file; take another path"
    if error.errno == errno.EADDRINUSE:
        other = place.text.removesuffix("/").rpartition(":")[0] + f":{place.port % 65535 + 1}"
        return f"the port is in use by another program; end that one, or take another port, such as {other}"
    if error.errno == errno.EACCES and not place.path and place.port < 1024:
        return "ports below 1024 are for administrators; take a higher one, such as 9321"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine does not have that address; take tcp://127.0.0.1 or one of its own"
    return error.strerror or str(error)
