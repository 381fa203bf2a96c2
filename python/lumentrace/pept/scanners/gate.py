"""Coincidences that GATE simulated, as text."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.files import matching
from lumentrace.pept.scanners.gate_columns import COINCIDENCE, SINGLE, Columns, Mask, columns, mask_of
from lumentrace.pept.scanners.gate_lines import read_lines, with_provenance
from lumentrace.pept.scanners.gate_rows import first_fields, line_rows, numbers_in
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import line_blocks

Floats = NDArray[np.float64]


def gate_coincidences(
    filepath: str | os.PathLike[str],
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    *,
    mask: Mask = None,
    memory_map: bool | None = None,
) -> LineData:
    r"""Read lines of response from the ASCII coincidences of a GATE simulation (``gateCoincidences.dat``).

    Each line of the file holds two singles: run, event, source, three coordinates of the source, time in s, energy in
    MeV, x, y, z in mm, the numbers of the volumes (as many as the system has), four numbers of scatterings, in the
    phantom and in the detectors, axial position and angle of the scanner [1]_. Files with a mask have fewer columns.
    Two lines of singles side by side, which end with the names of volumes, are read too.

    Parameters
    ----------
    filepath : path
        The file. A ``*`` stands for any text: all files that match are read in natural order (``Coincidences.dat``,
        ``Coincidences_1.dat``, ..., as GATE parts large ones).
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    mask : str or sequence of 0 and 1, optional
        What the macro of the simulation gives to ``/gate/output/ascii/setCoincidenceMask``. A comment of the file
        with this command counts too. Without it, singles of four columns hold time, x, y and z, and those of 17 or
        more hold everything.
    memory_map : bool, optional
        Keep the lines in a temporary file rather than in memory; by default, from 256 MiB on.

    Returns
    -------
    LineData
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm), t2 (ms), and, 0 or 1, where the file has what tells it, `random`
        (photons of different decays) and `scattered` (a photon was scattered on its way or in a detector).

    Raises
    ------
    FileNotFoundError
        If there is no such file, or none that matches.
    FormatError
        If a line is not that of a coincidence, there is none, or the columns do not fit the mask.
    ValueError
        If the mask is not made of 0 and 1.

    Warns
    -----
    UserWarning
        If times decrease.

    References
    ----------
    .. [1] OpenGATE collaboration, GATE documentation, "Data output".

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import scanners
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "masked.dat"
    ...     _ = path.write_text("1.5 -400 20 30  1.5 400 20 30\n")
    ...     lines = scanners.gate_coincidences(path, mask="0 0 0 0 0 0 1 0 1 1 1", verbose=False)
    >>> lines.columns[7:], lines.lines[:, :7].tolist()
    (['t2'], [[1500.0, -400.0, 20.0, 30.0, 400.0, 20.0, 30.0]])
    """
    watch = provenance.Watch()
    paths = matching(filepath)
    sources = [TextSource(path) for path in paths]
    reader = _Coincidences(sources, mask_of(sources[0], mask))
    lines = read_lines(paths, reader, "GATE coincidences", (sample_size, overlap), verbose, memory_map)
    settings = {"filepath": str(filepath), "mask": reader.mask and [int(bit) for bit in reader.mask]}
    return with_provenance(lines, paths, "gate_coincidences", settings, watch)


class _Coincidences:
    """Reads blocks of coincidences; the first line tells the columns."""

    def __init__(self, sources: Sequence[TextSource], mask: tuple[bool, ...] | None) -> None:
        self._sources, self.mask = sources, mask
        self._single: Columns | None = None

    @property
    def wanted(self) -> tuple[str, ...]:
        """Variables of each single."""
        return () if self._single is None else self._single.wanted

    def blocks(self, advance: Any) -> Iterator[Floats]:
        for source in self._sources:
            for number, block, _ in line_blocks(source):
                rows = self._rows(source.name, number, block)
                advance(len(block))
                if rows is not None and len(rows):
                    yield rows

    def _rows(self, name: str, first_line: int, block: bytes) -> Floats | None:
        if self._single is None:
            found = first_fields(block)
            if found is None:
                return None
            self._single = self._layout(f"{name}, line {first_line + found[0]}", found[1])
        single = self._single
        places = [single.places[name] for name in single.wanted]
        both = [*places, *(single.width + place for place in places)]
        table = numbers_in(name, first_line, block, 2 * single.width, both)
        return line_rows(table[:, : len(places)], table[:, len(places) :], single.wanted)

    def _layout(self, place: str, fields: list[bytes]) -> Columns:
        if len(fields) % 2:
            raise FormatError(f"{place}: expected two singles of equal width, found {len(fields)} columns")
        single = fields[: len(fields) // 2]
        ends_with_name = self.mask is None and len(single) > 1 and single[-1][:1].isalpha()
        return columns(SINGLE if ends_with_name else COINCIDENCE, self.mask, single, place)
