"""Rows that workers elsewhere cannot open are put into a file that they can."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base import mapping
from lumentrace.base.files import replacing
from lumentrace.base.provenance import content
from lumentrace.data.iterable_samples import IterableSamples

logger = logging.getLogger(__name__)

NAME = "rows.npy"
LEAST = 64 * 2**20
"""Bytes of rows from which on they go to a file; fewer travel with the tasks."""


def spooled(samples: Any, folder: Path) -> Any:
    """The same `samples`, with many rows in a file of `folder`, which is written once, block by block.

    Raises
    ------
    OSError
        If the disk is full.
    """
    if not isinstance(samples, IterableSamples) or samples.data.nbytes < LEAST:
        return samples
    if mapping.is_shared(samples.data):
        return samples
    place = folder / NAME
    if not (place.exists() and _same(place, samples.data)):
        logger.warning("%s: %d rows are written there, for all workers to read", place, len(samples.data))
        _write(place, samples.data)
    moved = samples.copy(deep=False, data=np.load(place, mmap_mode="r"))
    moved.samples_indices = samples.samples_indices
    return moved


def _same(place: Path, rows: np.ndarray[Any, Any]) -> bool:
    try:
        found = np.load(place, mmap_mode="r", allow_pickle=False)
    except ValueError:
        return False
    return found.dtype == np.float64 and found.shape == rows.shape and content(found) == content(rows)


def _write(place: Path, rows: np.ndarray[Any, Any]) -> None:
    with replacing(place) as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": rows.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in mapping.blocks(rows):
            file.write(np.ascontiguousarray(block).data)
