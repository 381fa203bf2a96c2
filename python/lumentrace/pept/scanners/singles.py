"""Singles that GATE simulated, as text, sorted into coincidences."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.gate_columns import SINGLE, Columns, Mask, columns, mask_of
from lumentrace.pept.scanners.gate_lines import read_lines, with_provenance
from lumentrace.pept.scanners.gate_rows import first_fields, line_rows, numbers_in
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import line_blocks

Floats = NDArray[np.float64]
_S_PER_NS = 1e-9
_MOST = 2**18
"""Singles that may be near each other: the window of a scanner holds a few."""


def gate_singles(
    filepath: str | os.PathLike[str],
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    *,
    window: float = 10.0,
    mask: Mask = None,
    memory_map: bool | None = None,
) -> LineData:
    r"""Read lines of response from the ASCII singles of a GATE simulation (``gateSingles.dat``).

    Singles, each no more than `window` after the one before, belong together; two of them make a line. Single ones
    have no partner, and of three or more nobody knows which belong together: both are left out and counted.

    Parameters
    ----------
    filepath : path
        The file. Each line holds run, event, source, three coordinates of the source, the numbers of the volumes,
        time in s, energy in MeV, x, y, z in mm, four numbers of scatterings and two names of volumes [1]_.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    window : float, default 10
        In ns.
    mask : str or sequence of 0 and 1, optional
        What the macro of the simulation gives to ``/gate/output/ascii/setSingleMask``.
    memory_map : bool, optional
        Keep the lines in a temporary file rather than in memory; by default, from 256 MiB on.

    Returns
    -------
    LineData
        As of `gate_coincidences`; the provenance tells how many singles were left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If a line is not that of a single, there is no coincidence, or all singles are within each other's window.
    ValueError
        If the mask is not made of 0 and 1, or the window is not above 0.

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
    ...     path = Path(folder) / "gateSingles.dat"
    ...     _ = path.write_text("0.001 -400 0 0\n0.001000002 400 0 0\n0.2 1 1 1\n")
    ...     scanners.gate_singles(path, verbose=False).lines[:, :7].tolist()
    [[1.0, -400.0, 0.0, 0.0, 400.0, 0.0, 0.0]]
    """
    watch = provenance.Watch()
    if not 0 < window < np.inf:
        raise ValueError(f"`window`: expected a time above 0 in ns, found {window!r}")
    path = Path(filepath)
    source = TextSource(path)
    sorter = _Sorter(source, mask_of(source, mask), window * _S_PER_NS)
    expected = "GATE singles with coincidences"
    lines = read_lines([path], sorter, expected, (sample_size, overlap), verbose, memory_map)
    settings = {"filepath": str(path), "window": window, "alone": sorter.alone, "multiple": sorter.multiple}
    return with_provenance(lines, [path], "gate_singles", settings, watch)


class _Sorter:
    """Sorts singles by time and pairs those that belong together."""

    def __init__(self, source: TextSource, mask: tuple[bool, ...] | None, window: float) -> None:
        self._source, self._mask, self._window = source, mask, window
        self._columns: Columns | None = None
        self.alone = self.multiple = 0

    @property
    def wanted(self) -> tuple[str, ...]:
        """Variables of each single."""
        return () if self._columns is None else self._columns.wanted

    def blocks(self, advance: Any) -> Iterator[Floats]:
        waiting = None
        for number, block, _ in line_blocks(self._source):
            singles = self._singles(number, block)
            advance(len(block))
            if singles is None:
                continue
            if waiting is not None:
                singles = np.concatenate([waiting, singles])
            rows, waiting = self._paired(singles, is_last=False)
            if len(waiting) > _MOST:
                raise FormatError(
                    f"{self._source.name}: expected singles that are more than {self._window / _S_PER_NS:g} ns apart, "
                    f"found {len(waiting)} in a row that are not"
                )
            if len(rows):
                yield rows
        if waiting is not None:
            rows, _ = self._paired(waiting, is_last=True)
            if len(rows):
                yield rows

    def _singles(self, first_line: int, block: bytes) -> Floats | None:
        if self._columns is None:
            found = first_fields(block)
            if found is None:
                return None
            place = f"{self._source.name}, line {first_line + found[0]}"
            self._columns = columns(SINGLE, self._mask, found[1], place)
        wanted = [self._columns.places[name] for name in self._columns.wanted]
        return numbers_in(self._source.name, first_line, block, self._columns.width, wanted)

    def _paired(self, singles: Floats, is_last: bool) -> tuple[Floats, Floats]:
        """Lines between pairs of singles, and the singles whose partner may yet come."""
        assert self._columns is not None
        singles = singles[np.argsort(singles[:, 0], kind="stable")]
        starts = np.flatnonzero(np.diff(singles[:, 0], prepend=-np.inf) > self._window)
        end = len(singles) if is_last or not len(starts) else int(starts[-1])
        starts = starts[starts < end]
        counts = np.diff(starts, append=end)
        self.alone += int((counts == 1).sum())
        self.multiple += int(counts[counts > 2].sum())
        first = starts[counts == 2]
        return line_rows(singles[first], singles[first + 1], self._columns.wanted), singles[end:]
