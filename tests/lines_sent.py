"""What tests of sources share: lines as they travel, and what a source gives of them."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers import simulate
from lumentrace.pept.sources import Block, open_source, wire
from lumentrace.pept.sources.sniffing import Hints, Sniffer

ROWS = simulate(3000, seed=1)[0]


def collected(blocks: Iterable[Block]) -> tuple[NDArray[np.float64], int, list[str]]:
    rows, dropped, notices = [np.empty((0, 7))], 0, []
    for block in blocks:
        rows.append(block.rows)
        dropped += block.dropped
        notices += block.notices
    return np.concatenate(rows), dropped, notices


def read(source: Any, **options: Any) -> tuple[NDArray[np.float64], int, list[str]]:
    with open_source(source, **options) as blocks:
        return collected(blocks)


def as_stream(rows: NDArray[np.float64]) -> bytes:
    return wire.HELLO + b"".join(wire.line_frames(rows)) + wire.end_frame()


def as_text(rows: NDArray[np.float64]) -> bytes:
    text = io.BytesIO()
    np.savetxt(text, rows, fmt="%.17g")
    return text.getvalue()


def fed(content: bytes, cuts: Iterable[int], hints: Hints) -> tuple[NDArray[np.float64], int, list[str]]:
    """What a reader makes of the content in pieces."""
    reader = Sniffer("it", hints)
    edges = [0, *sorted(cuts), len(content)]
    blocks = [reader.feed(content[start:end]) for start, end in pairwise(edges)]
    return collected([*blocks, reader.finish()])


@contextmanager
def serving(talk: Callable[[socket.socket], None], times: int = 1, port: int = 0) -> Iterator[str]:
    """Somebody who talks to whoever connects, so many times."""
    server = socket.create_server(("127.0.0.1", port))

    def serve() -> None:
        for _ in range(times):
            connection, _ = server.accept()
            with connection:
                talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with closing(server):
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
    thread.join(5)
