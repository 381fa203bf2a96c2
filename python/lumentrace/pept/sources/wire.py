"""The format in which lines of response go over sockets and pipes.

A stream begins with the line `HELLO`, in ASCII. Frames follow, of 12 bytes and what they carry:

========  ==========================================================================================
bytes     meaning
========  ==========================================================================================
0 to 3    what it is: ``LUML`` lines, ``LUMD`` lines that the sender dropped, ``LUME`` the end
4 to 7    n, how many lines, unsigned, little-endian; 0 for the end; lines: at most 16384
8 to 11   CRC-32 (that of zlib, PNG and Ethernet) of bytes 4 to 7 and all that follows these 12
12 on     ``LUML`` only: n rows of 7 little-endian float64: t (ms), x1, y1, z1, x2, y2, z2 (mm)
========  ==========================================================================================
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.base.errors import FormatError
from lumentrace.pept.sources.block import COLUMNS, Block, joined
from lumentrace.pept.sources.garbage import Garbage
from lumentrace.pept.sources.tally import Tally

GREETING = b"lumentrace-lines "
"""How a stream in this format begins."""
HELLO = GREETING + b"1 t:ms x1:mm y1:mm z1:mm x2:mm y2:mm z2:mm\n"
"""Name and version of the format, columns and units."""
MOST_ROWS = 2**14
"""Rows in a frame."""

_MARK = b"LUM"
_LINES, _DROPPED, _END = _MARK + b"L", _MARK + b"D", _MARK + b"E"
_HEAD = struct.Struct("<4sII")
_ROW_BYTES = 8 * COLUMNS
_MOST_COUNT = 2**32 - 1
_MOST_GARBAGE = 4 * MOST_ROWS * _ROW_BYTES
_LONGEST_HELLO = 256


def line_frames(rows: ArrayLike) -> Iterator[bytes]:
    """Frames that carry (N, 7) rows; none if there is no row.

    Examples
    --------
    >>> from lumentrace.pept.sources import wire
    >>> [len(frame) for frame in wire.line_frames([[0.5, 1, 2, 3, 4, 5, 6]])]
    [68]
    """
    table = np.ascontiguousarray(rows, dtype="<f8")
    for start in range(0, len(table), MOST_ROWS):
        piece = table[start : start + MOST_ROWS]
        yield _frame(_LINES, len(piece), piece.tobytes())


def dropped_frames(count: int) -> Iterator[bytes]:
    """Frames that say how many lines the sender gave up; none for 0."""
    while count > 0:
        part = min(count, _MOST_COUNT)
        yield _frame(_DROPPED, part)
        count -= part


def end_frame() -> bytes:
    """The frame after which nothing comes."""
    return _frame(_END, 0)


def _frame(kind: bytes, count: int, content: bytes = b"") -> bytes:
    return _HEAD.pack(kind, count, _checksum(count, content)) + content


def _checksum(count: int, content: bytes | bytearray) -> int:
    return zlib.crc32(content, zlib.crc32(count.to_bytes(4, "little")))


class WireReader:
    """Reads a stream in pieces of any length.

    After bytes that are no frame it finds the next one; what was left out is told in a notice.

    Parameters
    ----------
    name : str
        Name of the stream in messages.

    Attributes
    ----------
    ended : bool
        Whether the sender said that nothing else comes.

    Examples
    --------
    >>> from lumentrace.pept.sources import wire
    >>> reader = wire.WireReader("example")
    >>> frames = wire.line_frames([[0.5, 1, 2, 3, 4, 5, 6]])
    >>> reader.feed(wire.HELLO + b"".join(frames) + wire.end_frame()).rows.shape, reader.ended
    ((1, 7), True)
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._buffer = bytearray()
        self._offset = 0
        self._greeted = False
        self._garbage = Garbage(name, "frames", "bytes", _MOST_GARBAGE)
        self._lost = Tally()
        self.ended = False

    def feed(self, data: bytes) -> Block:
        """Take the next bytes; gives the lines that they complete.

        Raises
        ------
        FormatError
            If the stream has another version or other columns, or goes on without a frame.
        """
        self._buffer += data
        if not self._greeted and not self._greet():
            return Block()
        return joined([*self._frames(), Block(notices=self._told(last=self.ended))])

    def finish(self) -> Block:
        """Say that no more bytes come."""
        notices = self._told(last=True)
        if self._buffer and not self.ended:
            end = self._offset + len(self._buffer)
            notices = (*notices, f"{self._name}: ends at byte {end} within a frame, which is left out")
        return Block(notices=notices)

    def _told(self, last: bool) -> tuple[str, ...]:
        lost = self._lost.due(last)
        notices = self._garbage.told(last)
        return (*notices, f"{self._name}: the sender dropped {lost} lines") if lost else notices

    def _greet(self) -> bool:
        end = self._buffer.find(b"\n", 0, _LONGEST_HELLO) + 1
        if not end and len(self._buffer) < _LONGEST_HELLO:
            return False
        found = bytes(self._buffer[: end or _LONGEST_HELLO])
        if found.replace(b"\r\n", b"\n") != HELLO:
            raise FormatError(f"{self._name}: expected the first line {HELLO!r}, found {found!r}")
        self._take(end)
        self._greeted = True
        return True

    def _frames(self) -> Iterator[Block]:
        while not self.ended:
            start = self._buffer.find(_MARK)
            if start:
                self._leave_out(max(0, len(self._buffer) - len(_MARK) + 1) if start < 0 else start)
            if len(self._buffer) < _HEAD.size:
                return
            kind, count, checksum = _HEAD.unpack_from(self._buffer)
            size = _size(kind, count)
            if size is None:
                self._leave_out(len(_MARK))
                continue
            if len(self._buffer) < _HEAD.size + size:
                return
            content = self._buffer[_HEAD.size : _HEAD.size + size]
            if _checksum(count, content) != checksum:
                self._leave_out(len(_MARK))
                continue
            self._garbage.good()
            self._take(_HEAD.size + size)
            yield self._block(kind, count, content)

    def _block(self, kind: bytes, count: int, content: bytearray) -> Block:
        if kind == _LINES:
            return Block(np.frombuffer(content, dtype="<f8").reshape(count, COLUMNS))
        if kind == _DROPPED:
            self._lost.add(count)
            return Block(dropped=count)
        self.ended = True
        return Block()

    def _leave_out(self, count: int) -> None:
        if count:
            self._garbage.add(count, f"byte {self._offset}", repr(bytes(self._buffer[: min(count, 16)])))
            self._take(count)

    def _take(self, count: int) -> None:
        del self._buffer[:count]
        self._offset += count


def _size(kind: bytes, count: int) -> int | None:
    """Bytes after the head of a frame; None if there is no such frame."""
    if kind == _LINES and count <= MOST_ROWS:
        return count * _ROW_BYTES
    return 0 if kind == _DROPPED or (kind == _END and not count) else None
