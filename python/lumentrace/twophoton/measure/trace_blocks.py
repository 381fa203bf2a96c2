"""Traces of regions as kernels take them: some at a time, each in one piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_BYTES = 1 << 26
"""Of traces that are copied at a time."""


def trace_table(traces: NDArray[Any]) -> NDArray[Any]:
    """Traces (frames, regions) of float32, or of float64 if they are anything else; no copy if they are either.

    Raises
    ------
    ValueError
        If they have another shape.
    """
    table = np.asarray(traces)
    if table.ndim != 2:
        raise ValueError(f"`traces`: expected shape (frames, regions), found {table.shape}")
    return table if table.dtype in (np.float32, np.float64) else table.astype(np.float64)


def blocks(table: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """First region and traces (regions, frames) of each block, in C order and the machine's byte order."""
    frames, regions = table.shape
    step = max(1, BLOCK_BYTES // max(frames * table.itemsize, 1))
    for start in range(0, regions, step):
        block = table[:, start : start + step].T
        yield start, np.ascontiguousarray(block, dtype=table.dtype.newbyteorder("="))


def positive(name: str, value: float) -> float:
    """A finite number above 0.

    Raises
    ------
    ValueError
        If it is not; the message names it.
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = np.nan
    if not 0 < found < np.inf:
        raise ValueError(f"`{name}`: expected a number above 0, found {value!r}")
    return found
