"""Members of zip archives, within limits: what an archive says of their size is compared before memory is taken."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any

import numpy as np

from lumentrace.base.arrays import AnyArray
from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised

MOST_BYTES, MOST_INFLATION = 1 << 28, 1100
"""Bytes of all members that are read: of any archive, and beyond for each of its bytes."""
MOST_MEMBERS = 1 << 16
HEADER = 1 << 14
"""Bytes of an array in which its header ends: numpy reads none of more than 10 000."""


class Archive:
    """An open archive whose members are read, never written anywhere, whatever their names are.

    Parameters
    ----------
    name : str
        Of the archive in messages.
    held : ZipFile
    size : int
        Bytes of it.
    """

    def __init__(self, name: str, held: zipfile.ZipFile, size: int) -> None:
        self._name, self._held = name, held
        self._left = self._most = raised(MOST_BYTES) + MOST_INFLATION * size

    @property
    def members(self) -> list[str]:
        """Their names."""
        return self._held.namelist()

    def start(self, member: str, count: int) -> bytes:
        """The first bytes of a member."""
        with self._held.open(member) as file:
            return file.read(count)

    def read(self, member: str) -> bytes:
        """The content of a member.

        Raises
        ------
        FormatError
            If there is none of this name, or more is in it than the limit leaves.
        """
        try:
            about = self._held.getinfo(member)
        except KeyError:
            raise FormatError(f"{self._name}: expected {member!r} in the archive, found none") from None
        self._left -= about.file_size
        if self._left < 0:
            raise FormatError(
                f"{self._name}: expected at most {self._most:,} bytes in the archive (the limit), found more "
                f"with {member!r}"
            )
        return self._held.read(about)


@contextmanager
def archive(name: str, file: IO[bytes]) -> Iterator[Archive]:
    """The archive in an open file; what is raised on damaged ones names it.

    Raises
    ------
    FormatError
        If it is damaged, has more than `MOST_MEMBERS` members, or no archive.
    """
    try:
        with zipfile.ZipFile(file) as held:
            if len(held.infolist()) > MOST_MEMBERS:
                raise FormatError(f"{name}: expected at most {MOST_MEMBERS:,} members (the limit), found more")
            yield Archive(name, held, file.seek(0, 2))
    except (FormatError, MemoryError):
        raise
    except Exception as error:
        # The reader raises what it likes on damaged archives; the cause is kept.
        raise FormatError(f"{name}: expected a zip archive, found a damaged or different one ({error})") from error


def arrays(name: str, file: IO[bytes]) -> dict[str, AnyArray]:
    """The arrays of an ``.npz`` file; none that its member does not hold takes memory, and no object is made.

    Raises
    ------
    FormatError
        If it is damaged, or exceeds a limit.
    """
    with archive(name, file) as held:
        return {member.removesuffix(".npy"): _array(held.read(member)) for member in held.members}


def headers(name: str, file: IO[bytes]) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """The shapes and types of the arrays of an ``.npz`` file, of which nothing else is read.

    Raises
    ------
    FormatError
        If it is damaged, or holds something else.
    """
    with archive(name, file) as held:
        found = {}
        for member in held.members:
            shape, _, dtype = _header(BytesIO(held.start(member, HEADER)))
            found[member.removesuffix(".npy")] = shape, dtype
        return found


def _header(file: BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type."""
    version = np.lib.format.read_magic(file)
    read: Any = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    found: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(file)
    return found


def _array(content: bytes) -> AnyArray:
    file = BytesIO(content)
    shape, columns_first, dtype = _header(file)
    if dtype.hasobject or any(length < 0 for length in shape):
        raise ValueError(f"an array of {dtype} of shape {shape}")
    values = np.frombuffer(content, dtype, offset=file.tell())
    return values.reshape(shape, order="F" if columns_first else "C").copy()
