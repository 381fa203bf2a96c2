"""Sending lines to whoever listens; one who listens slowly loses lines, not the others."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lumentrace.pept.sources.address import Address
from lumentrace.pept.sources.block import Block
from lumentrace.pept.sources.links import PATIENCE, Connection, Link, StandardOutput, listening
from lumentrace.pept.sources.waiting import MOST_LINES, LineQueue
from lumentrace.pept.sources.wire import HELLO, MOST_ROWS, dropped_frames, end_frame, line_frames

LONGEST_WAIT = 1.0
"""Seconds that lines wait for a client."""
_TICK = 0.1


class Client:
    """One who listens, and the thread that sends to it.

    Parameters
    ----------
    link : Link
        How to reach it.
    queue : LineQueue
        What is to be sent.

    Attributes
    ----------
    dropped : int
        Lines that it was told it lost.
    error : OSError or None
        Why nothing can be sent to it any more.
    """

    def __init__(self, link: Link, queue: LineQueue) -> None:
        self.link, self.queue = link, queue
        self.dropped = 0
        self.error: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="lumentrace client", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._send()
        except OSError as error:
            self.error = error
        self.queue.close()
        self.link.abort()

    def _send(self) -> None:
        self.link.write(HELLO)
        while (block := self.queue.get(1.0, MOST_ROWS)) is not None:
            self.dropped += block.dropped
            for frame in (*dropped_frames(block.dropped), *line_frames(block.rows)):
                self.link.write(frame)
        self.link.write(end_frame())
        self.link.finish()

    def finish(self, seconds: float) -> bool:
        """Send what is left within some seconds, and end; says whether that went well."""
        self.queue.close()
        self._thread.join(max(0.0, seconds))
        went_well = not self._thread.is_alive()
        self.link.abort()
        return went_well


class LineServer:
    """Sends lines to all its clients, in the format of `lumentrace.pept.sources.wire`.

    Each client gets the lines from when it came. Lines that a client is too slow for are given up, the oldest first,
    and it is told how many in a frame before the next ones. A context manager: ends all connections.

    Parameters
    ----------
    to : str
        ``"tcp://host:port"`` (port 0 for any that is free) or ``"unix:///path"``, where it listens; or ``"-"``:
        standard output is its only client.
    queue : int, default 1048576
        Lines that may wait for a client.
    wait : float, default 1.0
        Seconds that they may wait.

    Attributes
    ----------
    address : str
        Where it listens, with the number of the port.

    Raises
    ------
    OSError
        If it cannot listen there; the message says what to do.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept.sources import LineServer, open_source
    >>> with LineServer("tcp://127.0.0.1:0") as server, open_source(server.address) as blocks:
    ...     server.wait_for_client()
    ...     _ = server.send(np.ones((3, 7)))
    ...     _ = server.finish()
    ...     sum(len(block.rows) for block in blocks)
    3
    """

    def __init__(self, to: str, queue: int = MOST_LINES, wait: float = LONGEST_WAIT) -> None:
        self._queue, self._wait = queue, wait
        self._clients: list[Client] = []
        self._change = threading.Condition()
        self._closed = False
        self._dropped_by_gone = 0
        self._listener: socket.socket | None = None
        self._path = ""
        self.address = to
        if to == "-":
            self._add(StandardOutput())
        else:
            self._listen(Address.parse(to))

    @property
    def listens(self) -> bool:
        """Whether clients may still come."""
        return self._listener is not None and not self._closed

    @property
    def dropped(self) -> int:
        """Lines that clients lost, all together."""
        with self._change:
            return self._dropped_by_gone + sum(client.dropped for client in self._clients)

    def wait_for_client(self) -> None:
        """Wait until somebody listens."""
        with self._change:
            while not self._clients:
                self._change.wait(_TICK)

    def send(self, rows: NDArray[np.float64]) -> int:
        """Send (N, 7) rows to all clients; gives how many there are.

        Raises
        ------
        OSError
            If standard output cannot be written to, other than because its reader left.
        """
        block = Block(rows)
        with self._change:
            gone = [client for client in self._clients if not client.queue.put(block)]
            self._dropped_by_gone += sum(client.dropped for client in gone)
            self._clients = [client for client in self._clients if client not in gone]
        self._check(gone)
        return len(self._clients)

    def finish(self, patience: float = PATIENCE) -> int:
        """Send what waits, say that this was all, and end; gives the clients that did not take it in time.

        Raises
        ------
        OSError
            As `send`.
        """
        self._stop_listening()
        deadline = time.monotonic() + patience
        for client in self._clients:
            client.queue.close()
        cut_off = sum(not client.finish(deadline - time.monotonic()) for client in self._clients)
        self._check(self._clients)
        return cut_off

    def _check(self, clients: list[Client]) -> None:
        """Raise what went wrong with standard output; clients of sockets come and go."""
        for error in (client.error for client in clients if self._listener is None):
            if error is not None and not isinstance(error, ConnectionError):
                raise type(error)(error.errno, error.strerror, "standard output")

    def _listen(self, place: Address) -> None:
        self._listener, self._path = listening(place), place.path
        if not place.path:
            port = self._listener.getsockname()[1]
            self.address = place.text.removesuffix("/").rpartition(":")[0] + f":{port}"
        self._listener.settimeout(_TICK)
        threading.Thread(target=self._accept, args=(self._listener,), name="lumentrace server", daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._closed:
            try:
                self._add(Connection(listener.accept()[0]))
            except TimeoutError:
                continue
            except OSError:  # who came has left again, there are too many, or the server is closed
                time.sleep(_TICK)

    def _add(self, link: Link) -> None:
        with self._change:
            if self._closed:
                link.abort()
                return
            self._clients.append(Client(link, LineQueue(self.address, self._queue, self._wait)))
            self._change.notify_all()

    def _stop_listening(self) -> None:
        with self._change:
            self._closed = True
        if self._listener is not None:
            self._listener.close()
            if self._path:
                with suppress(FileNotFoundError):
                    os.unlink(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_listening()
        for client in self._clients:
            client.queue.close()
            client.link.abort()
