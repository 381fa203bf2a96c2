"""Checksums of large arrays, block by block, in several threads."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.engine import executors

BLOCK_BYTES = 4 << 20
"""An array is handled in blocks of as many whole rows (steps of its first axis) as fit in this, at least one."""
THREADS = 4
"""More are not faster than memory."""


def block_rows(shape: tuple[int, ...], itemsize: int) -> int:
    """Count the rows in a block of an array."""
    row = itemsize
    for extent in shape[1:]:
        row *= extent
    return max(1, BLOCK_BYTES // max(row, 1))


def spans(shape: tuple[int, ...], itemsize: int) -> Iterator[slice]:
    """Cut an array into its blocks, as slices of its first axis; an array without elements has none."""
    if 0 in shape:
        return iter(())
    step = block_rows(shape, itemsize)
    return (slice(start, min(start + step, shape[0])) for start in range(0, shape[0], step))


def of_blocks(blocks: Iterable[NDArray[Any]]) -> str:
    """Compute ``sha256(sha256(block 0) + sha256(block 1) + ...)``, in hexadecimal.

    The blocks are hashed in background threads while the caller's iterator reads or writes the next ones; at most a
    few blocks wait at any time.

    Parameters
    ----------
    blocks : iterable of C-contiguous arrays
        Must not be changed after they were yielded.
    """
    total = hashlib.sha256()
    iterator = iter(blocks)
    first = next(iterator, None)
    second = next(iterator, None)
    if first is None or second is None:
        total.update(b"" if first is None else _digest(first))
        return total.hexdigest()
    with executors.threads(at_most=THREADS) as pool:
        waiting: deque[Future[bytes]] = deque([pool.submit(_digest, first), pool.submit(_digest, second)])
        for block in iterator:
            waiting.append(pool.submit(_digest, block))
            if len(waiting) > 2 * THREADS:
                total.update(waiting.popleft().result())
        for future in waiting:
            total.update(future.result())
    return total.hexdigest()


def of_array(array: NDArray[Any]) -> str:
    """Compute the checksum of an array in memory."""
    return of_blocks(_blocks(array))


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    if array.ndim == 0:
        return iter((array,))
    return (np.ascontiguousarray(array[span]) for span in spans(array.shape, array.itemsize))


def _digest(block: NDArray[Any]) -> bytes:
    return hashlib.sha256(block.reshape(-1).view(np.uint8).data).digest()
