"""Text files of cameras with two parallel screens."""

from __future__ import annotations

import math
import os
import warnings
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base import provenance
from lumentrace.base.masked import unmasked
from lumentrace.data.lines import LineData
from lumentrace.pept.scanners.sample_header import read_header
from lumentrace.pept.scanners.text import LEFT_OUT, text_identity, text_rows, warn_of_unsorted
from lumentrace.pept.utilities.csv_files import read_csv
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import WHITE_SPACE, TextTable, by_count

_LEAST = 5
_COLUMNS = "t, x1, y1, x2, y2"


@unmasked
def parallel_screens(
    filepath_or_array: str | os.PathLike[str] | IO[Any] | ArrayLike,
    screen_separation: float | None = None,
    sample_size: Any = None,
    overlap: Any = None,
    verbose: bool = True,
    *,
    strict: bool = True,
    memory_map: bool | None = None,
    **kwargs: Any,
) -> LineData:
    r"""Read lines of response of a camera with two parallel screens, from a table t, x1, y1, x2, y2.

    The first screen is at z = 0, the second at z = `screen_separation`. Rows with nan or inf are kept (tracking passes
    over them) and rows stay in the order of the file; a warning says where times decrease.

    The header of the sample files of the University of Birmingham is recognised by its line ``Separation= 712`` and
    skipped.

    Parameters
    ----------
    filepath_or_array : path, readable or (N, C >= 5) array-like
        The table, in a file, something open or memory: columns t (ms), x1, y1, x2, y2 (mm) and any others. In text,
        blank lines and lines that start with ``#`` are skipped.
    screen_separation : float, optional
        Distance of the screens in mm. Needed unless the file's header has it; if both differ, this one is used.
    sample_size, overlap
        How the lines are cut into samples; see `lumentrace.LineData`.
    verbose : bool, default True
        Show a progress bar.
    strict : bool, default True
        Whether a damaged line in a file is an error. Otherwise it is left out, a warning says which ones were, and the
        provenance how many. A last line that is cut off is always left out, with a warning.
    memory_map : bool, optional
        Keep the lines in a temporary file rather than in memory; by default, from 256 MiB on.
    **kwargs
        `skiprows`, `nrows`, `sep` and other keywords of `lumentrace.pept.read_csv`.

    Returns
    -------
    LineData
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm), then the others.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FormatError
        If a line of the file is not numbers or not as many as in the first row; it is named. Also if there are no rows
        or fewer than 5 columns.
    ValueError
        If the array has fewer than 5 columns, or no usable separation is known.

    Warns
    -----
    CutOffWarning
        If the last line is cut off.
    DamagedLinesWarning
        If other lines were left out.
    UserWarning
        If times decrease or `screen_separation` is not what the header says.

    Examples
    --------
    >>> from lumentrace.pept import scanners
    >>> scanners.parallel_screens([[2, 100, 150, 200, 250], [4, 350, 250, 100, 150]], 500).lines
    array([[  2., 100., 150.,   0., 200., 250., 500.],
           [  4., 350., 250.,   0., 100., 150., 500.]])
    """
    watch = provenance.Watch()
    left_out = 0
    if isinstance(filepath_or_array, (str, os.PathLike)) or hasattr(filepath_or_array, "read"):
        text = TextSource(filepath_or_array)
        header = read_header(text)
        separation = _separation(screen_separation, header.separation, text.name)
        if by_count(kwargs.get("skiprows")):
            kwargs["skiprows"] = max(kwargs.get("skiprows") or 0, header.lines)
        rows, left_out = _from_file(text, separation, verbose, strict, memory_map, kwargs)
        source = text_identity(text)
    else:
        separation = _separation(screen_separation, None, "the array")
        rows = with_screens(_table(filepath_or_array), separation)
        source = provenance.identity(rows)
    lines = LineData(rows, sample_size, overlap)
    warn_of_unsorted(lines["t"])
    settings = {"screen_separation": separation, "strict": strict, LEFT_OUT: left_out, **kwargs}
    history = provenance.Provenance(input=source)
    lines.provenance = watch.after(history, "parallel_screens", settings)
    return lines


def _separation(given: float | None, in_header: float | None, source: object) -> float:
    if given is None:
        if in_header is None:
            raise ValueError(
                f"{source}: no header line 'Separation= ...' says how far the screens are apart; "
                "give `screen_separation` in mm"
            )
        return in_header
    try:
        separation = float(given)
    except (TypeError, ValueError):
        separation = math.nan
    if not 0 < separation < math.inf:
        raise ValueError(f"`screen_separation`: expected a positive distance in mm, found {given!r}")
    if in_header is not None and in_header != separation:
        text = f"{source}: the header says the screens are {in_header:g} mm apart, using the {separation:g} mm given"
        warnings.warn(text, UserWarning, stacklevel=3)
    return separation


def _from_file(
    text: TextSource, separation: float, verbose: bool, strict: bool, memory_map: bool | None, settings: dict[str, Any]
) -> tuple[NDArray[np.float64], int]:
    def convert(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return with_screens(rows, separation)

    if not settings.keys() <= {"skiprows", "nrows", "sep"}:
        return convert(_table(read_csv(text.again(), **settings))), 0
    table = TextTable(text, settings.get("sep", WHITE_SPACE), _LEAST, _COLUMNS, strict)
    rows = text_rows(table, _COLUMNS, verbose, memory_map, convert, settings["skiprows"], settings.get("nrows"))
    return rows, len(table.left_out)


def _table(array: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(array, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < _LEAST:
        raise ValueError(
            f"`filepath_or_array`: expected a 2-D table with at least {_LEAST} columns {_COLUMNS}, "
            f"found shape {table.shape}"
        )
    return table


def with_screens(table: NDArray[np.float64], separation: float) -> NDArray[np.float64]:
    """Columns t, x1, y1, x2, y2, ... with z1 = 0 and z2 = separation where they belong."""
    rows = np.empty((len(table), table.shape[1] + 2))
    rows[:, :3], rows[:, 3] = table[:, :3], 0.0
    rows[:, 4:6], rows[:, 6] = table[:, 3:5], separation
    rows[:, 7:] = table[:, 5:]
    return rows
