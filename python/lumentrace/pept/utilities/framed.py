"""A file that only grows, frame by frame: what a kill, a full disk or a power cut leaves of it can be read.

A frame is a marker of four bytes, a kind of one byte, the length of its content and a checksum of kind, length and
content (little-endian, ``<4scII``, CRC-32), then the content. The first frame is of the kind `HEAD`: JSON that says
what the file holds. `ROWS` are float64 numbers, little-endian, row by row; `NOTE` is JSON.

One file that grows, rather than a file for each piece: there is one to copy, one call of the system puts a frame
there, and the number of files does not grow with the hours.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.json_text import json_text

MARKER = b"\xf0LTf"
HEAD, ROWS, NOTE = b"H", b"R", b"N"
SCHEMA = "lumentrace-frames-1"
MOST = 2**22
"""Bytes of content at most."""
PIECE = 2**16
"""Bytes of rows in a frame, about: what a full disk refuses."""

_HEADER = struct.Struct("<4scII")
_CHUNK = 2**20


class FramedFile:
    """A new file of frames, open for adding.

    Parameters
    ----------
    path : path
        Must not exist.
    columns : mapping
        Names and units of the columns of its rows.

    Attributes
    ----------
    count : int
        Rows in it.

    Raises
    ------
    OSError
        If the file exists or cannot be made.
    """

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        self.path = path
        self._file = open(path, "xb", buffering=0)  # noqa: SIM115 (closed by `close`)
        self._end = self.count = 0
        self.note({"schema": SCHEMA, "columns": list(columns), "units": dict(columns)}, HEAD)

    def rows(self, rows: NDArray[np.float64]) -> None:
        """Add rows, in as many frames as they need."""
        step = max(1, PIECE // (8 * rows.shape[1]))
        for start in range(0, len(rows), step):
            piece = rows[start : start + step]
            self._add(ROWS, np.ascontiguousarray(piece, "<f8").tobytes())
            self.count += len(piece)

    def note(self, values: Mapping[str, Any], kind: bytes = NOTE) -> None:
        """Add plain values."""
        self._add(kind, json_text(values).encode())

    def flush(self) -> None:
        """Wait until everything is on the disk."""
        with named(self.path):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Flush and close; does nothing the second time."""
        if not self._file.closed:
            try:
                self.flush()
            finally:
                with named(self.path):
                    self._file.close()

    def _add(self, kind: bytes, content: bytes) -> None:
        frame = _frame(kind, content)
        with named(self.path):
            try:
                _write_all(self._file, frame)
            except BaseException:
                self._file.truncate(self._end)
                self._file.seek(self._end)
                raise
        self._end += len(frame)


class FramedReader:
    """What a file of frames holds; frames that are cut off or damaged are passed over and counted.

    Parameters
    ----------
    path : path

    Attributes
    ----------
    columns : list of str
    units : dict
    torn : int
        Bytes of a last frame that is not complete.
    damaged : int
        Bytes before the end that are no frame, or one whose checksum is wrong.

    Raises
    ------
    FormatError
        If the file does not begin with a head.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = self.damaged = 0
        first = next(iter(self.frames()), None)
        head = json.loads(first[1]) if first is not None and first[0] == HEAD else {}
        if head.get("schema") != SCHEMA:
            found = "nothing" if first is None else repr(head.get("schema", first[1][:20]))
            raise FormatError(f"{path}: expected a file of frames that begins with {SCHEMA!r}, found {found}")
        self.columns, self.units = list(head["columns"]), dict(head["units"])

    def frames(self) -> Iterator[tuple[bytes, bytes]]:
        """Kind and content of each frame."""
        self.torn = self.damaged = 0
        with open(regular(self.path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            place = 0
            while place < size:
                found = _read(file, place)
                if found is not None:
                    yield found
                    place += _HEADER.size + len(found[1])
                    continue
                after = _next(file, place + 1, size)
                if after == size:
                    self.torn = size - place
                else:
                    self.damaged += after - place
                place = after

    def rows(self) -> Iterator[NDArray[np.float64]]:
        """The rows of each frame."""
        for kind, content in self.frames():
            if kind == ROWS:
                yield np.frombuffer(content, "<f8").reshape(-1, len(self.columns))

    def notes(self) -> Iterator[dict[str, Any]]:
        """The plain values of each frame that has some."""
        for kind, content in self.frames():
            if kind == NOTE:
                yield json.loads(content)

    def notices(self) -> Iterator[str]:
        """In words, what was passed over when the frames were last read to the end."""
        if self.damaged:
            yield f"{self.path.name}: {self.damaged:,} damaged bytes were passed over"
        if self.torn:
            yield f"{self.path.name}: its end is cut off; {self.torn:,} bytes were left out"


def remove_without_rows(path: Path) -> None:
    """Remove a file of frames that holds no row: a process was killed before it wrote one."""
    if path.exists() and (not path.stat().st_size or not any(len(rows) for rows in FramedReader(path).rows())):
        path.unlink()


@contextmanager
def named(path: Path | str) -> Iterator[None]:
    """Errors of the system inside the block name the file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _frame(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(content, zlib.crc32(kind + len(content).to_bytes(4, "little")))
    return _HEADER.pack(MARKER, kind, len(content), check) + content


def _write_all(file: Any, data: bytes) -> None:
    """Write everything: a full disk may take a part, and refuse the rest."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _read(file: BinaryIO, place: int) -> tuple[bytes, bytes] | None:
    """The frame at a place; None if there is no whole and sound one."""
    file.seek(place)
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    marker, kind, length, _ = _HEADER.unpack(header)
    if marker != MARKER or length > MOST:
        return None
    content = file.read(length)
    sound = len(content) == length and _frame(kind, content)[: _HEADER.size] == header
    return (kind, content) if sound else None


def _next(file: BinaryIO, start: int, size: int) -> int:
    """Where the next sound frame is; the end of the file if there is none."""
    place = start
    while place < size:
        file.seek(place)
        found = file.read(_CHUNK + len(MARKER)).find(MARKER)
        if found < 0:
            place += _CHUNK
            continue
        place += found
        if _read(file, place) is not None:
            return place
        place += 1
    return size
