"""Reading sockets, pipes and devices in a thread, so that a consumer that is slow does not make them wait."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from lumentrace.pept.sources.address import Address
from lumentrace.pept.sources.block import Block
from lumentrace.pept.sources.silence import Silence
from lumentrace.pept.sources.sniffing import Hints, Reader, Sniffer
from lumentrace.pept.sources.waiting import LineQueue

PIECE = 2**18
"""Bytes that are read at a time."""
AT_A_TIME = 2**14
"""Lines of a block, about."""
TICK = 0.1
"""Seconds between looks whether to stop."""
SIGN_OF_LIFE = 0.2
_AGAIN = 0.5
"""Seconds between attempts to connect."""

Stop = threading.Event
Work = Callable[[LineQueue, Stop], None]


@contextmanager
def in_thread(work: Work, queue: LineQueue, name: str) -> Iterator[Iterator[Block]]:
    """The blocks that `work`, which runs in a thread of its own, puts into the queue."""
    stop = Stop()

    def run() -> None:
        try:
            work(queue, stop)
        except BaseException as error:
            queue.close(error)
        else:
            queue.close()

    thread = threading.Thread(target=run, name=f"lumentrace {name}", daemon=True)
    thread.start()
    try:
        yield _taken(queue, name)
    finally:
        stop.set()
        queue.close()
        thread.join(5 * TICK)


def _taken(queue: LineQueue, name: str) -> Iterator[Block]:
    silence = Silence(name)
    while (block := queue.get(SIGN_OF_LIFE, AT_A_TIME)) is not None:
        yield Block(block.rows, block.dropped, (*block.notices, *silence.after(len(block.rows))))


def pipe_work(file: IO[bytes], reader: Reader) -> Work:
    """Reads something open that is no regular file, to its end."""
    read: Callable[[int], bytes | None] = getattr(file, "read1", file.read)

    def work(queue: LineQueue, stop: Stop) -> None:
        while not (stop.is_set() or reader.ended):
            if not _is_ready(file):
                queue.put(reader.feed(b""))  # there may be something to tell
                continue
            data = read(PIECE)
            if data == b"" or (data and not queue.put(reader.feed(data))):
                break
        queue.put(reader.finish())

    return work


def _is_ready(file: IO[bytes]) -> bool:
    """Whether reading would not wait, as far as this system can tell."""
    try:
        ready, _, _ = select.select([file], [], [], TICK)
    except (OSError, ValueError, TypeError):
        return True
    return bool(ready)


def socket_work(address: Address, hints: Hints, reconnect: bool) -> Work:
    """Reads a socket; connects again when it goes away, until the sender says that it ends."""

    def work(queue: LineQueue, stop: Stop) -> None:
        for number, connection in enumerate(_connections(address, queue, stop, reconnect)):
            name = address.text if not number else f"{address.text} (connection {number + 1})"
            reader = Sniffer(name, hints)
            with connection:
                _drain(connection, reader, queue, stop)
            queue.put(reader.finish())
            if reader.ended or not reconnect:
                return
            if not stop.is_set():
                queue.put(Block(notices=(f"{address.text}: the source went away; connecting again",)))

    return work


def _drain(connection: socket.socket, reader: Sniffer, queue: LineQueue, stop: Stop) -> None:
    connection.settimeout(TICK)
    while not (stop.is_set() or reader.ended):
        try:
            data = connection.recv(PIECE)
        except TimeoutError:
            queue.put(reader.feed(b""))  # there may be something to tell
            continue
        except ConnectionError:
            return
        if not data or not queue.put(reader.feed(data)):
            return


def _connections(address: Address, queue: LineQueue, stop: Stop, reconnect: bool) -> Iterator[socket.socket]:
    """A connection after the other; while nobody listens, tries again and says so."""
    was_there, away_since = False, time.monotonic()
    told = False
    while not stop.is_set():
        try:
            connection = address.connect(5.0)
        except (ConnectionError, FileNotFoundError, TimeoutError) as error:
            if not reconnect:
                raise _named(address, error) from None
            if not told and not was_there:
                queue.put(Block(notices=(f"{address.text}: nobody listens there yet; trying again",)))
            told = True
            stop.wait(_AGAIN)
            continue
        except OSError as error:
            raise _named(address, error) from None
        if was_there:
            away = time.monotonic() - away_since
            queue.put(Block(notices=(f"{address.text}: the source is back after {away:.1f} s",)))
        was_there = True
        yield connection
        away_since = time.monotonic()


def _named(address: Address, error: OSError) -> OSError:
    """The same error, with the address in its message."""
    if error.errno is None:
        return OSError(f"{address.text}: {error}")
    return type(error)(error.errno, error.strerror or str(error), address.text)
