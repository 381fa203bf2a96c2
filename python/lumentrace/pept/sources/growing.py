"""Reading a file from its start while it grows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import IO

from lumentrace.base.errors import FormatError
from lumentrace.pept.sources.block import Block
from lumentrace.pept.sources.silence import Silence
from lumentrace.pept.sources.sniffing import Reader

PIECE = 2**20
"""Bytes that are read at a time."""
POLL = 0.1
"""Seconds between looks at the end of a file for more."""
_KNOWN = 64
"""Last bytes before the place of reading that must not change."""


class GrowingBytes:
    """The bytes of an open file in pieces; refuses a file that is not only added to.

    Parameters
    ----------
    file : binary file
        Open at its start.
    name : str
        Its name in messages.
    path : path, optional
        Where it is; another file in its place is refused.
    """

    def __init__(self, file: IO[bytes], name: str, path: str | None = None) -> None:
        self._file, self._name, self._path = file, name, path
        self._offset = file.tell()
        self._last = b""

    def read(self) -> bytes:
        """The next bytes; none if there are no more yet.

        Raises
        ------
        FormatError
            If the file was truncated, changed, replaced or removed.
        """
        start = self._offset - len(self._last)
        self._file.seek(start)
        data = self._file.read(len(self._last) + PIECE)
        if len(data) < len(self._last):
            raise self._error(f"the file was truncated to {start + len(data)} bytes")
        if not data.startswith(self._last):
            raise self._error("what was read before has changed")
        data = data[len(self._last) :]
        self._offset += len(data)
        self._last = (self._last + data)[-_KNOWN:]
        if not data and self._path is not None:
            self._check_place(self._path)
        return data

    def _check_place(self, path: str) -> None:
        try:
            there = os.stat(path)
        except FileNotFoundError:
            raise self._error("the file was removed") from None
        mine = os.fstat(self._file.fileno())
        if (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            raise self._error("another file took its place")

    def _error(self, what: str) -> FormatError:
        return FormatError(
            f"{self._name}: expected a file that is only added to, found at byte {self._offset}, "
            f"while it was read, that {what}"
        )


def file_blocks(pieces: GrowingBytes, name: str, reader: Reader, follow: bool) -> Iterator[Block]:
    """The lines of a file; with `follow`, wait for more at its end, with an empty block now and then."""
    silence = Silence(name)
    while not reader.ended:
        data = pieces.read()
        if data:
            block = reader.feed(data)
        elif follow:
            time.sleep(POLL)
            block = reader.feed(b"")  # there may be something to tell
        else:
            break
        yield Block(block.rows, block.dropped, (*block.notices, *silence.after(len(block.rows))))
    left = reader.finish()
    if len(left.rows) or left.notices:
        yield left
