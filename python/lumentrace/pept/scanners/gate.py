"""Coincidences that GATE simulated, as text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance
from lumentrace.base.errors import FormatError
from lumentrace.base.polars import pl
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.files import identity
from lumentrace.pept.scanners.progress import reading
from lumentrace.pept.scanners.text import warn_of_unsorted
from lumentrace.pept.utilities.row_table import gather, limit_for
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import line_blocks, tidy

_FIXED = 17
"""Columns of a single beside the numbers of the volumes it is in."""
_BEFORE, _AFTER = 6, 11
"""Of those, before and after the volumes."""
_MS_PER_S = 1000.0

Floats = NDArray[np.float64]


def gate_coincidences(
    filepath: str | os.PathLike[str], sample_size: Any = None, overlap: Any = None, verbose: bool = True
) -> LineData:
    r"""Read lines of response from the ASCII coincidences of a GATE simulation (``gateCoincidences.dat``).

    Each line of the file holds two singles: run, event, source, three coordinates of the source, the numbers of the
    volumes (as many as the system has), time in s, energy in MeV, x, y, z in mm, four numbers of scatterings, in the
    phantom and in the detectors, and two names of volumes.

    Parameters
    ----------
    filepath : path
        The file.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.

    Returns
    -------
    LineData
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm), t2 (ms), and, 0 or 1, `random` (photons of different decays) and
        `scattered` (a photon was scattered on its way or in a detector).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If a line is not that of a coincidence, or there is none.

    Warns
    -----
    UserWarning
        If times decrease.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import scanners
    >>> single = "0 7 0  1 2 3  0 0 0 0 0 0  1.5 0.511  {} 20 30  0 0 0 0  NULL NULL "
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "gateCoincidences.dat"
    ...     _ = path.write_text(single.format(-400) + single.format(400) + "\n")
    ...     lines = scanners.gate_coincidences(path, verbose=False)
    >>> lines.columns[7:], lines.lines[:, :7].tolist()
    (['t2', 'random', 'scattered'], [[1500.0, -400.0, 20.0, 30.0, 400.0, 20.0, 30.0]])
    """
    watch = provenance.Watch()
    path = Path(filepath)
    size = path.stat().st_size
    with reading(verbose, size) as advance:
        rows = gather(
            (_rows(path, number, block, advance) for number, block, _ in line_blocks(TextSource(path))),
            size,
            limit_for(None),
        )
    if rows is None or not len(rows):
        raise FormatError(f"{path}: expected GATE coincidences, found none")
    warn_of_unsorted(rows[:, 0])
    names = [*LineData.default_columns, "t2", "random", "scattered"]
    lines = LineData(rows, sample_size, overlap, columns=names)
    lines.units = {"t2": "ms"}
    history = provenance.Provenance(input=identity(path))
    settings = {"filepath": str(path)}
    lines.provenance = watch.after(history, "gate_coincidences", settings)
    return lines


def _rows(path: Path, first_line: int, block: bytes, advance: Any) -> Floats:
    text = tidy(block, None)
    advance(len(block))
    if not text:
        return np.empty((0, 10))
    width = len(text.split(b"\n", 1)[0].split())
    volumes = width // 2 - _FIXED
    if width % 2 or volumes < 0:
        raise FormatError(
            f"{path}, line {first_line}: expected two singles of at least {_FIXED} columns, found {width} columns"
        )
    single = [1, *(_BEFORE + volumes + column for column in range(9))]
    wanted = [start + column for start in (0, width // 2) for column in single]
    schema = {str(i): pl.Float64 if i in wanted else pl.String for i in range(width)}
    try:
        frame = pl.read_csv(text, has_header=False, separator=" ", schema=schema, quote_char=None)
        table = frame.select(str(i) for i in wanted).to_numpy().astype(np.float64)
    except pl.exceptions.PolarsError:
        raise FormatError(f"{path}, {_damage(block, first_line, width, wanted)}") from None
    if np.isnan(table).any():
        raise FormatError(f"{path}, {_damage(block, first_line, width, wanted)}")
    first, second = table[:, :10], table[:, 10:]
    rows = np.empty((len(table), 10))
    rows[:, 0], rows[:, 7] = first[:, 1] * _MS_PER_S, second[:, 1] * _MS_PER_S
    rows[:, 1:4], rows[:, 4:7] = first[:, 3:6], second[:, 3:6]
    rows[:, 8] = first[:, 0] != second[:, 0]
    rows[:, 9] = (first[:, 6:] > 0).any(axis=1) | (second[:, 6:] > 0).any(axis=1)
    return rows


def _damage(block: bytes, first_line: int, width: int, wanted: list[int]) -> str:
    """The first line that cannot be read, and why."""
    for number, line in enumerate(block.splitlines(), first_line):
        fields = line.split()
        if fields and len(fields) != width:
            return f"line {number}: expected {width} columns, found {len(fields)}"
        for column in wanted if fields else ():
            try:
                if np.isnan(float(fields[column])):
                    return f"line {number}: expected a number in column {column + 1}, found nan"
            except ValueError:
                text = fields[column][:40].decode("ascii", "backslashreplace")
                return f"line {number}: expected a number in column {column + 1}, found {text!r}"
    return f"line {first_line}: expected lines of equal width"
