"""List-mode files of the modular positron camera."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.base import provenance
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.files import identity, word_pieces
from lumentrace.pept.scanners.progress import reading
from lumentrace.pept.utilities.row_table import RowTable, limit_for

_HEADER = 1000
_BYTES_PER_WORD = 4


def modular_camera(
    data_file: str | os.PathLike[str],
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    memory_map: bool | None = None,
) -> LineData:
    """Read lines of response from a list-mode file of the modular positron camera of the University of Birmingham.

    The camera has four faces, at x = ±250 and z = ±250 mm, of four modules each. Times are those of the tags, 2 ms per
    step; a pause of 32 ms or more cannot be seen in them. Events whose detectors the camera does not have are left
    out, and a warning says how many.

    Parameters
    ----------
    data_file : path
        The file.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    memory_map : bool, optional
        Keep the lines in a temporary file rather than in memory; by default, from 256 MiB on.

    Returns
    -------
    LineData
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If the file has no line of response.

    Warns
    -----
    UserWarning
        If events were left out.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import scanners
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.dat"
    ...     _ = path.write_bytes(bytes(1000) + 0x2000.to_bytes(4, "little"))
    ...     scanners.modular_camera(path, verbose=False).lines.round(1).tolist()
    [[0.0, 250.0, 285.0, 114.6, -250.0, 285.0, -114.6]]
    """
    watch = provenance.Watch()
    path = Path(data_file)
    words = max(0, path.stat().st_size - _HEADER) // _BYTES_PER_WORD
    table = RowTable(len(LineData.default_columns), words, limit_for(memory_map))
    decoder = _core.ModularDecoder()
    with reading(verbose, words * _BYTES_PER_WORD) as advance, open(regular(path), "rb") as file:
        for piece in word_pieces(file, _HEADER, advance):
            used = 0
            while len(piece) - used >= _BYTES_PER_WORD:
                count, written = decoder.fill(piece[used:], table.free())
                used += count
                table.keep(written)
    if not len(table):
        raise FormatError(f"{path}: expected at least one line of response, found none in {words} words")
    if decoder.skipped:
        share = decoder.skipped / (decoder.skipped + len(table))
        text = f"{path}: left out {decoder.skipped} events ({share:.1%}) of detectors that the camera does not have"
        warnings.warn(text, UserWarning, stacklevel=2)
    lines = LineData(np.asarray(table.finish()), sample_size, overlap)
    history = provenance.Provenance(input=identity(path))
    settings = {"data_file": str(data_file)}
    lines.provenance = watch.after(history, "modular_camera", settings)
    return lines
