"""Rows that sit on a memory-mapped file travel to other processes as a path and a slice."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 2**16
"""Rows that are read at a time."""


@dataclass(frozen=True)
class MappedRows:
    """Where in a file a table of float64 rows begins, its shape, and which version of the file it is."""

    path: str
    offset: int
    shape: tuple[int, ...]
    version: tuple[int, ...]


def detach(rows: NDArray[np.float64]) -> NDArray[np.float64] | MappedRows:
    """`rows` themselves, or their place on disk if they are a view of a file that other processes can open."""
    base = _mapped(rows)
    if base is None or not is_shared(rows):
        return np.asarray(rows)
    # A view of a slice keeps its parent's `offset`, so the place is measured from the start of the mapping.
    start = base.offset - base.offset % mmap.ALLOCATIONGRANULARITY
    mapping = np.frombuffer(_buffer(base), dtype=np.uint8)
    distance = _address(rows) - _address(mapping)
    path = str(base.filename)
    return MappedRows(path, start + distance, rows.shape, version(path))


def attach(rows: Any) -> Any:
    """Undo `detach`.

    Raises
    ------
    ValueError
        If the file was replaced or changed since.
    """
    if not isinstance(rows, MappedRows):
        return rows
    if version(rows.path) != rows.version:
        raise ValueError(f"{rows.path}: changed while its rows were on their way to another process")
    if 0 in rows.shape:
        return np.empty(rows.shape)
    return np.memmap(rows.path, dtype=np.float64, mode="r", offset=rows.offset, shape=rows.shape)


def version(path: str) -> tuple[int, ...]:
    """What changes when the file at `path` is replaced or written to."""
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


def is_mapped(rows: NDArray[np.float64]) -> bool:
    """Whether `rows` are a view of a memory-mapped file."""
    return _mapped(rows) is not None


def is_shared(rows: NDArray[np.float64]) -> bool:
    """Whether `rows` are a view of a file that other processes can open: one with a name, mapped as it is."""
    base = _mapped(rows)
    return base is not None and base.mode != "c" and base.filename is not None and os.path.exists(base.filename)


def release(rows: NDArray[np.float64]) -> None:
    """Let the operating system take back the memory that holds pages of a mapped file, where it can."""
    base = _mapped(rows)
    # Pages of a copy-on-write mapping may hold changes that exist nowhere else.
    if base is not None and base.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):
        _buffer(base).madvise(mmap.MADV_DONTNEED)


def blocks(rows: NDArray[np.float64], columns: Sequence[int] | None = None) -> Iterator[NDArray[np.float64]]:
    """Copies of rows, block by block, without holding pages of a mapped file; all columns by default."""
    for start in range(0, len(rows), BLOCK):
        block = np.array(rows[start : start + BLOCK, slice(None) if columns is None else columns])
        release(rows)
        yield block


def _mapped(rows: Any) -> np.memmap[Any, Any] | None:
    return rows if isinstance(rows, np.memmap) and isinstance(_buffer(rows), mmap.mmap) else None


def _buffer(base: np.memmap[Any, Any]) -> mmap.mmap:
    buffer: mmap.mmap = base._mmap  # type: ignore[attr-defined]  # numpy's stubs leave it out
    return buffer


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
