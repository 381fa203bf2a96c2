"""Lines of response from blocks of GATE's singles, as all its readers give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.files import identity
from lumentrace.pept.scanners.gate_rows import line_columns
from lumentrace.pept.scanners.progress import reading
from lumentrace.pept.scanners.text import warn_of_unsorted
from lumentrace.pept.utilities.row_table import gather, limit_for

Floats = NDArray[np.float64]


class Blocks(Protocol):
    """Reads a file block by block."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """Variables of each single, once a block was read."""

    def blocks(self, advance: Callable[[int], object]) -> Iterator[Floats]:
        """Rows of lines; `advance` is told the bytes that were read."""


def read_lines(
    paths: Sequence[Path],
    reader: Blocks,
    what: str,
    sampling: tuple[Any, Any],
    verbose: bool,
    memory_map: bool | None,
) -> LineData:
    """All lines of one or more files, without a provenance.

    Raises
    ------
    FormatError
        If there is none; `what` there should be.
    """
    size = sum(path.stat().st_size for path in paths)
    with reading(verbose, size) as advance:
        rows = gather(reader.blocks(advance), size, limit_for(memory_map))
    if rows is None:
        raise FormatError(f"{paths[0]}: expected {what}, found none")
    warn_of_unsorted(rows[:, 0])
    lines = LineData(rows, *sampling, columns=line_columns(reader.wanted))
    lines.units = {"t2": "ms"}
    return lines


def with_provenance(
    lines: LineData, paths: Sequence[Path], name: str, settings: dict[str, Any], watch: provenance.Watch
) -> LineData:
    """The lines, with what they were read from and how."""
    sources = [identity(path) for path in paths]
    history = provenance.Provenance(input=sources[0] if len(sources) == 1 else {"files": sources})
    lines.provenance = watch.after(history, name, settings)
    return lines
