"""Whether an HDF5 file keeps to itself and to what it can hold: links, external data, sizes, its own structures."""

from __future__ import annotations

import hashlib
import math
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised
from lumentrace.storage import guard

MOST_COMPRESSION = 1100
"""Deflate cannot do better than 1032 to 1."""
MOST_EMPTY = 1 << 28
"""Bytes that a data set may claim without storing them; more if they may be compressed."""
OWN = "data in the file itself"
SEAL = b"lumentrace sha256 "
SEAL_BYTES = len(SEAL) + 64
_BLOCK = 1 << 20


def seal(content: Any) -> bytes:
    """What follows the bytes of a file to show later that they are the same."""
    return SEAL + hashlib.sha256(content).hexdigest().encode()


def check(path: Path, kind: str) -> None:
    """Refuse a file that would read others, claims more than it holds, or crashes or hangs the HDF5 library.

    Files that end with a seal are compared with it.
    That happens in a child process (`guard`). A version of a file is looked at once.

    Raises
    ------
    FormatError
        If it is refused.
    OSError
        If it cannot be read.
    """
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise FormatError(f"{path}: expected {kind}, found no ordinary file")
    if not about.st_size:
        raise FormatError(f"{path}: expected {kind}, found an empty file")
    _once(path, about, sealed=True)


def look_at(path: Path) -> None:
    """The same for a file whose content is compared with checksums of its own afterwards: a seal is not.

    Raises
    ------
    FormatError
        If it is refused.
    OSError
        If it cannot be read.
    """
    _once(path, path.stat(), sealed=False)


def _once(path: Path, about: os.stat_result, sealed: bool) -> None:
    _check(str(path), sealed, about.st_mtime_ns, about.st_size, about.st_ino)


@lru_cache(maxsize=256)
def _check(path: str, sealed: bool, *version: int) -> None:
    if sealed:
        _check_seal(path)
    guard.look("hdf5", path, raised(MOST_EMPTY))


def _check_seal(path: str) -> None:
    with open(path, "rb") as file:
        left = file.seek(0, os.SEEK_END) - SEAL_BYTES
        file.seek(max(left, 0))
        found = file.read(SEAL_BYTES)
        if not found.startswith(SEAL):
            return
        file.seek(0)
        total = hashlib.sha256()
        while left:
            block = file.read(min(left, _BLOCK))
            if not block:
                break
            total.update(block)
            left -= len(block)
    if total.hexdigest().encode() != found[len(SEAL) :]:
        raise FormatError(f"{path}: the file changed since it was written (checksum)")


def check_file(path: str, most_empty: int) -> None:
    """Go through all links and objects; the message of a FormatError does not name the file."""
    import h5py

    size = os.path.getsize(path)
    try:
        with open(path, "rb") as file, h5py.File(file, "r") as h5:
            # What visitors return ends the visit; an exception from them would upset the library.
            claims = _Claims(size, most_empty)
            refused = h5.visititems_links(_link_refused) or _refused("/", h5, claims)
            refused = refused or h5.visititems(lambda name, found: _refused(name, found, claims))
    except MemoryError:
        raise
    except Exception as error:
        # h5py raises what it likes on damaged data; the cause is kept.
        raise FormatError(f"expected an HDF5 file, found a damaged or different one ({error})") from error
    if refused:
        raise FormatError(refused)


def _link_refused(name: str, link: Any) -> str | None:
    import h5py

    return f"{name}: expected {OWN}, found a link to {link.filename}" if isinstance(link, h5py.ExternalLink) else None


@dataclass
class _Claims:
    """What the data sets of a file claim together, and how much of that is stored without chunks."""

    size: int
    most_empty: int
    claimed: int = 0
    stored: int = 0

    @property
    def most(self) -> int:
        """Bytes that they may claim."""
        return MOST_COMPRESSION * self.size + self.most_empty

    def refused(self, name: str, claimed: int, stored: int) -> str | None:
        """Why one more is refused; None if it is not."""
        self.claimed += claimed
        self.stored += stored
        if self.stored > self.size:
            return f"{name}: expected data of its own, found bytes that several data sets use"
        if self.claimed > self.most:
            return f"{name}: the data sets claim {self.claimed:,} bytes, expected at most {self.most:,} (the limit)"
        return None


def _refused(name: str, found: Any, claims: _Claims) -> str | None:
    """Why an object is refused; None if it is not."""
    import h5py

    for attribute in found.attrs:
        found.attrs[attribute]  # texts lie in a heap without checksums
    if not isinstance(found, h5py.Dataset):
        return None
    if found.external:
        return f"{name}: expected {OWN}, found data in {found.external[0][0]}"
    others = {source.file_name for source in found.virtual_sources()} - {"."} if found.is_virtual else set()
    if others:
        return f"{name}: expected {OWN}, found a virtual data set of {', '.join(sorted(others))}"
    sizes = _contiguous_refused if found.chunks is None else _chunks_refused
    refused = sizes(name, found, claims)
    if refused is None and found.dtype.hasobject:
        found[()]
    return refused


def _contiguous_refused(name: str, data: Any, claims: _Claims) -> str | None:
    claimed, stored = (data.size or 0) * data.dtype.itemsize, data.id.get_storage_size()
    if claimed > max(stored, claims.most_empty):
        return f"{name}: claims {claimed:,} bytes, but {stored:,} bytes are stored"
    end = (data.id.get_offset() or 0) + stored
    if end > claims.size:
        return f"{name}: expected data up to byte {end:,}, found a file of {claims.size:,} bytes"
    return claims.refused(name, claimed, stored)


def _chunks_refused(name: str, data: Any, claims: _Claims) -> str | None:
    size = claims.size
    claimed = math.prod(max(pair) for pair in zip(data.shape, data.chunks, strict=True)) * data.dtype.itemsize
    if claimed > claims.most:
        return f"{name}: claims {claimed:,} bytes, but {data.id.get_storage_size():,} bytes are stored"
    beyond: list[int] = []

    def look(own: Any) -> None:
        if own.byte_offset + own.size > size:
            beyond.append(own.byte_offset + own.size)

    data.id.chunk_iter(look)
    if beyond:
        return f"{name}: expected a chunk up to byte {beyond[0]:,}, found a file of {size:,} bytes"
    return claims.refused(name, claimed, 0)
