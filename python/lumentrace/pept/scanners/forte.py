"""List-mode files of the ADAC Forte positron camera."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.base import provenance
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.files import identity, matching, word_pieces
from lumentrace.pept.scanners.progress import reading
from lumentrace.pept.utilities.row_table import RowTable, limit_for

_HEADER = 1008
_BYTES_PER_WORD = 4
_LEAST_BYTES_PER_LINE = 4 * _BYTES_PER_WORD
_SOUND = 0.9
"""Squared correlation of clock and ticks below which a file is damaged."""
_WIDEST = 5000
"""Distance of the heads in mm that no camera has."""


def adac_forte(
    filepath: str | os.PathLike[str],
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    memory_map: bool | None = None,
) -> LineData:
    """Read lines of response from binary list-mode files of the ADAC Forte (``.da01``).

    Coordinates are those of the two heads, 0.59 mm per unit, y upwards; the heads are at z = -10 and
    z = separation + 10. A line is timed by the word that completes it. What a damaged or cut-off file still holds is
    read; the header alone must be sound.

    The camera counts ticks and notes its clock now and then, from which the length of a tick is found. A file with
    fewer than three clock readings is read with the mean rate of the one interval, or with the camera's usual
    2.3837 ticks per ms, and a warning.

    Parameters
    ----------
    filepath : path
        The file. A ``*`` stands for any text: all files that match are read in natural order (``da01``, ``da02``,
        ``da02_02``, ``da10``) as one acquisition, each beginning at the last time of the one before.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    memory_map : bool, optional
        Keep the lines in a temporary file (in the folder that `tempfile.gettempdir` gives, of 56 bytes per line)
        rather than in memory; it is removed with the last reference to them. By default, from 256 MiB on.

    Returns
    -------
    LineData
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm).

    Raises
    ------
    FileNotFoundError
        If there is no such file, or none that matches.
    FormatError
        If a file is not an ADAC Forte file, or has no line of response.

    Warns
    -----
    UserWarning
        If the length of a tick could not be measured well, or the distance of the heads is not plausible.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import scanners, simulation
    >>> circle = simulation.simulate([simulation.Circle(radius=80, rpm=42)], n=5000, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     simulation.write_adac(Path(folder) / "run.da01", circle.lines, separation=500)
    ...     scanners.adac_forte(Path(folder) / "*.da01", sample_size=200, overlap=150, verbose=False)["z2"][:3]
    array([510., 510., 510.])
    """
    watch = provenance.Watch()
    paths = matching(filepath)
    size = sum(max(0, path.stat().st_size - _HEADER) for path in paths)
    table = RowTable(len(LineData.default_columns), size // _LEAST_BYTES_PER_LINE, limit_for(memory_map))
    sources, end = [], 0.0
    with reading(verbose, 2 * size) as advance:
        for path in paths:
            source, end = _append(path, table, end, advance)
            sources.append(source)
    lines = LineData(table.finish(), sample_size, overlap)
    history = provenance.Provenance(input=sources[0] if len(sources) == 1 else {"files": sources})
    lines.provenance = watch.after(history, "adac_forte", {"filepath": str(filepath)})
    return lines


def _append(
    path: Path, table: RowTable, start: float, advance: Callable[[int], object]
) -> tuple[dict[str, Any], float]:
    """Add the lines of one file, from time `start` on; return what identifies it, and its last time."""
    before, end = len(table), start
    with open(regular(path), "rb") as file:
        decoder = _decoder(path, file, advance)
        for words in word_pieces(file, _HEADER, advance):
            used = 0
            while len(words) - used >= _BYTES_PER_WORD:
                free = table.free()
                count, written = decoder.fill(words[used:], free)
                used += count
                if written:
                    free[:written, 0] += start
                    end = float(free[written - 1, 0])
                    table.keep(written)
    if len(table) == before:
        raise FormatError(f"{path}: expected at least one line of response, found none: not an ADAC Forte file?")
    _warn(path, decoder)
    clock = {"separation": decoder.separation, "ticks_per_ms": decoder.ticks_per_ms, "clock": decoder.clock_source}
    return {**identity(path), **clock}, end


def _decoder(path: Path, file: BufferedReader, advance: Callable[[int], object]) -> _core.AdacDecoder:
    head = np.frombuffer(file.read(_HEADER + _BYTES_PER_WORD), dtype=np.uint8)
    try:
        calibration = _core.AdacCalibration(head)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    for words in word_pieces(file, _HEADER, advance):
        calibration.push(words)
    return calibration.decoder()


def _warn(path: Path, decoder: _core.AdacDecoder) -> None:
    doubts = []
    if decoder.clock_source != "fit":
        doubts.append(
            f"no tick length can be fitted to {decoder.buffers} clock readings; times use the "
            f"{decoder.clock_source} rate of {decoder.ticks_per_ms:.4f} ticks per ms"
        )
    elif decoder.clock_correlation < _SOUND:
        doubts.append(
            f"the clock readings do not follow the ticks (squared correlation {decoder.clock_correlation:.3f}); "
            "times are not to be trusted"
        )
    if not 0 < decoder.separation <= _WIDEST:
        doubts.append(f"the heads are {decoder.separation} mm apart, which is not plausible")
    for doubt in doubts:
        warnings.warn(f"{path}: {doubt}", UserWarning, stacklevel=4)
