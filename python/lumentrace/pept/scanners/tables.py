"""Tables of lines of response in general files."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import storage
from lumentrace.base import provenance
from lumentrace.base.errors import CutOffWarning, FormatError
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.files import identity
from lumentrace.pept.scanners.layout import layout
from lumentrace.pept.scanners.text import LEFT_OUT, text_rows
from lumentrace.pept.utilities.framed import FramedReader
from lumentrace.pept.utilities.row_table import LIMIT, RowTable
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import TextTable
from lumentrace.storage.arrays import read_npy

LARGE = 256 * 2**20
"""Bytes of a saved file from which on its lines are mapped into memory."""
_LEAST = len(LineData.default_columns)
_COLUMNS = ", ".join(LineData.default_columns)


def lines(
    filepath: str | os.PathLike[str],
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    strict: bool = True,
) -> LineData:
    r"""Read lines of response from a file that holds a table t, x1, y1, z1, x2, y2, z2.

    Parameters
    ----------
    filepath : path
        A ``.npy`` array, which is not loaded but mapped into memory; a ``.h5`` or ``.hdf5`` file that `lumentrace.save`
        wrote; a ``.parquet`` table; the ``lines.frames`` of a live run; or a text file with white space, commas or
        semicolons between the numbers and, if need be, a line with the names of the columns, which may then be in any
        order and unit: t, time or timestamp; x1, x_1 or xa and x2, x_2 or xb, y and z alike; GATE's time1 and
        globalPosX1 or GlobalTime1 and PostPosition_X1; each with its unit as in ``t [s]``, ``x1 (cm)`` or ``t_us``, or
        in ms and mm.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`. If both are None, the samples are those of the
        saved object, if there are any.
    verbose : bool, default True
        Show a progress bar while a text file is read.
    strict : bool, default True
        Whether a damaged line in a text file is an error. Otherwise it is left out, a warning says which ones were, and
        the provenance how many. A last line that is cut off is always left out, with a warning.

    Returns
    -------
    LineData
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm), then the others.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If the file does not hold lines of response.

    Warns
    -----
    CutOffWarning
        If the last line of a text file, or the end of what a live run kept, is cut off.
    DamagedLinesWarning
        If other lines were left out.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import scanners
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "lines.csv"
    ...     _ = path.write_text("0.5 1 2 3 4 5 6\n0.7 1 2 3 6 5 4\n")
    ...     scanners.lines(path, verbose=False)["x2"]
    array([4., 6.])
    """
    path = Path(filepath)
    watch = provenance.Watch()
    suffix = path.suffix.lower()
    if suffix in {".h5", ".hdf5", ".parquet"}:
        return _saved(path, suffix, sample_size, overlap)
    settings: dict[str, Any] = {"filepath": str(path)}
    if suffix == ".npy":
        rows = _array(path)
    elif suffix == ".frames":
        rows = _kept(path)
    else:
        rows, left_out = _text(path, verbose, strict)
        settings |= {"strict": strict, LEFT_OUT: left_out}
    read = LineData(rows, sample_size, overlap)
    history = provenance.Provenance(input=identity(path))
    read.provenance = watch.after(history, "lines", settings)
    return read


def _saved(path: Path, suffix: str, sample_size: Any, overlap: Any) -> LineData:
    found = storage.read_parquet(path) if suffix == ".parquet" else _loaded(path)
    if not isinstance(found, LineData):
        raise FormatError(f"{path}: expected lines of response, found {type(found).__name__}")
    if sample_size is not None or overlap is not None:
        return found.copy(deep=False, sample_size=sample_size, overlap=overlap)
    return found


def _loaded(path: Path) -> Any:
    """What `save` wrote; of a large file the arrays stay there, unless they are compressed."""
    if path.stat().st_size >= LARGE:
        with suppress(ValueError):
            return storage.load(path, memory_map=True, check=True)
    return storage.load(path)


def _array(path: Path) -> NDArray[np.float64]:
    table = read_npy(path)
    if table.ndim != 2 or table.shape[1] < _LEAST or table.dtype.kind not in "fiu":
        raise FormatError(
            f"{path}: expected a 2-D table of at least {_LEAST} columns {_COLUMNS}, "
            f"found {table.dtype} of shape {table.shape}"
        )
    return table


def _kept(path: Path) -> NDArray[np.float64]:
    """The lines that a live run kept; what is damaged or cut off is left out with a warning."""
    reader = FramedReader(path)
    if reader.columns[:_LEAST] != list(LineData.default_columns):
        raise FormatError(f"{path}: expected columns {_COLUMNS}, found {', '.join(reader.columns)}")
    table = RowTable(len(reader.columns), path.stat().st_size // (8 * _LEAST), LIMIT)
    for rows in reader.rows():
        table.append(rows)
    for notice in reader.notices():
        warnings.warn(notice, CutOffWarning, stacklevel=4)
    return table.finish()


def _text(path: Path, verbose: bool, strict: bool) -> tuple[NDArray[np.float64], int]:
    source = TextSource(path)
    found = layout(source)
    table = TextTable(source, found.sep, _LEAST, _COLUMNS, strict)
    named = found.lines(source.name)
    rows = text_rows(
        table, _COLUMNS, verbose, convert=np.asarray if named is None else named.in_order, skiprows=found.skiprows
    )
    return rows, len(table.left_out)
