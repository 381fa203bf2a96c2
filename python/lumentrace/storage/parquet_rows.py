"""The rows of a Parquet table as one array, in a temporary file if they are many."""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.big_array import BigArray
from lumentrace.base.polars import pl
from lumentrace.storage import checksum

LARGE = 256 * 2**20
"""Bytes of a file from which on its rows go to a temporary one."""
BATCH = 2**17
"""Rows that are read at a time."""


def read_rows(file: BufferedReader, path: str | os.PathLike[str]) -> tuple[list[str], NDArray[Any]]:
    """Names of the columns, and the rows (N, C), of a file that is open."""
    if os.fstat(file.fileno()).st_size < LARGE:
        file.seek(0)
        small = pl.read_parquet(file)
        return small.columns, small.to_numpy(order="c")
    frame = pl.scan_parquet(Path(path), glob=False)
    schema = frame.collect_schema()
    count = frame.select(pl.len()).collect().item()
    return schema.names(), _from_batches(frame, (count, len(schema)))


def _from_batches(frame: pl.LazyFrame, shape: tuple[int, int]) -> NDArray[np.float64]:

    rows, first = BigArray.empty(shape), 0
    for batch in frame.collect_batches(chunk_size=BATCH, maintain_order=True):
        rows[first : first + len(batch)] = batch.cast(pl.Float64).to_numpy()
        first += len(batch)
    return rows.whole


def checksum_of(rows: NDArray[Any]) -> str:
    """Checksum of rows that may be in a file, block by block."""
    whole = BigArray(rows)
    return checksum.of_blocks(np.ascontiguousarray(whole[span]) for span in checksum.spans(rows.shape, rows.itemsize))
