"""Tables that are in a file as a whole: our containers and Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lumentrace import storage
from lumentrace.base import mapping
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept import scanners
from lumentrace.pept.sources.block import COLUMNS, Block

SUFFIXES = {".h5", ".hdf5", ".parquet"}
_ROWS = 2**14


def table_blocks(path: Path) -> Iterator[Block]:
    """The lines of a table in blocks; those of a container that is not compressed are never in memory as a whole.

    Raises
    ------
    FormatError
        If it does not hold lines, or changes while it is read.
    """
    lines = _mapped(path) if path.suffix.lower() != ".parquet" else None
    if lines is None:
        lines = scanners.lines(path, verbose=False)
    place = mapping.detach(lines.lines)
    if not isinstance(place, mapping.MappedRows):
        for start in range(0, len(place), _ROWS):
            yield Block(place[start : start + _ROWS, :COLUMNS])
        return
    yield from _from_disk(path, place)


def _mapped(path: Path) -> LineData | None:
    """The lines of a container on disk; None if they cannot be left there."""
    try:
        found = storage.load(path, memory_map=True)
    except FormatError:
        raise
    except ValueError:
        return None
    if not isinstance(found, LineData):
        raise FormatError(f"{path}: expected lines of response, found {type(found).__name__}")
    return found


def _from_disk(path: Path, place: mapping.MappedRows) -> Iterator[Block]:
    """Read rather than look at mapped memory, where the end of a file that is cut off would end the program."""
    rows, width = place.shape
    with open(path, "rb") as file:
        file.seek(place.offset)
        for start in range(0, rows, _ROWS):
            count = min(_ROWS, rows - start)
            data = file.read(8 * width * count)
            if len(data) < 8 * width * count or mapping.version(place.path) != place.version:
                offset = place.offset + 8 * width * start
                raise FormatError(f"{path}: expected {rows} rows, found that the file changed at byte {offset}")
            yield Block(np.frombuffer(data, dtype="<f8").reshape(count, width)[:, :COLUMNS])
