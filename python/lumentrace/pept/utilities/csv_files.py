"""Reading tables of numbers from text files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lumentrace.base.errors import FormatError
from lumentrace.pept.utilities.csv_settings import CsvSettings, damage_named
from lumentrace.pept.utilities.row_table import gather
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import WHITE_SPACE, Skip, TextTable

_BLOCK = 2**20


def read_csv(
    filepath_or_buffer: Any,
    skiprows: Skip = None,
    nrows: int | None = None,
    dtype: DTypeLike = float,
    sep: str = WHITE_SPACE,
    header: int | None = None,
    engine: str = "c",
    na_filter: bool = False,
    quoting: int = 3,
    memory_map: bool = True,
    **kwargs: Any,
) -> NDArray[Any]:
    r"""Read a table of numbers from a text file.

    Blank lines and lines that start with ``#`` are skipped. Every other line must hold as many numbers as the first;
    a last line that is cut off is left out with a warning. With `header`, `engine`, `na_filter`, `quoting` and
    `memory_map` left as they are, and no other keyword, the file is read in blocks by a fast parser; anything else is
    handed to `pandas.read_csv`, which must then be installed.

    Parameters
    ----------
    filepath_or_buffer : path, address or readable
        The file, or something open such as `io.StringIO`, or a ``file://`` address; other addresses go to pandas.
    skiprows : int, list of int or callable, optional
        Lines to leave out: how many at the start, or their numbers from 0, or a function that tells from the number.
    nrows : int, optional
        Most rows to read; what comes after them is not looked at.
    dtype : numpy dtype, default float
        Type of the result.
    sep : str, default \s+
        One character between the numbers, or ``\s+`` for white space.
    header, engine, na_filter, quoting, memory_map, **kwargs
        As in `pandas.read_csv`.

    Returns
    -------
    (N, C) ndarray
        The numbers.

    Raises
    ------
    FormatError
        If a line is not numbers, or has another number of them than the first; it is named. Also if there is no row.
    FileNotFoundError
        If there is no such file.

    Warns
    -----
    CutOffWarning
        If the last line is cut off.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept import read_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "points.csv"
    ...     _ = path.write_text("# t x y z\n0 1 2 3\n1 4 5 6\n")
    ...     read_csv(path)
    array([[0., 1., 2., 3.],
           [1., 4., 5., 6.]])
    """
    settings = CsvSettings(sep, header, engine, na_filter, quoting, memory_map, kwargs)
    if not settings.are_plain_for(filepath_or_buffer):
        frame = settings.pandas("read_csv")(filepath_or_buffer, skiprows=skiprows, nrows=nrows)
        with damage_named(filepath_or_buffer):
            return np.asarray(frame.to_numpy(dtype=dtype))
    source = TextSource(filepath_or_buffer)
    rows = gather(TextTable(source, sep).blocks(skiprows, nrows), source.size())
    if rows is None:
        raise FormatError(f"{source.name}: expected rows of numbers, found none")
    return rows.astype(dtype, copy=False)


def read_csv_chunks(
    filepath_or_buffer: Any,
    chunksize: int,
    skiprows: Skip = None,
    nrows: int | None = None,
    dtype: DTypeLike = float,
    sep: str = WHITE_SPACE,
    header: int | None = None,
    engine: str = "c",
    na_filter: bool = False,
    quoting: int = 3,
    memory_map: bool = True,
    **kwargs: Any,
) -> Iterator[NDArray[Any]]:
    r"""Read a table of numbers from a text file, some rows at a time.

    Parameters
    ----------
    filepath_or_buffer : path, address or readable
        The file, as for `read_csv`.
    chunksize : int
        Rows of each chunk; the last one may be shorter.
    skiprows, nrows, dtype, sep, header, engine, na_filter, quoting, memory_map, **kwargs
        As in `read_csv`.

    Yields
    ------
    (n, C) ndarray
        The next `chunksize` rows.

    Raises
    ------
    ValueError
        If `chunksize` is not positive; `FormatError` as in `read_csv`.
    """
    if chunksize < 1:
        raise ValueError(f"`chunksize`: expected at least 1, found {chunksize}")
    settings = CsvSettings(sep, header, engine, na_filter, quoting, memory_map, kwargs)
    if not settings.are_plain_for(filepath_or_buffer):
        read = settings.pandas("read_csv_chunks")
        with (
            damage_named(filepath_or_buffer),
            read(filepath_or_buffer, skiprows=skiprows, nrows=nrows, chunksize=chunksize) as frames,
        ):
            yield from (np.asarray(frame.to_numpy(dtype=dtype)) for frame in frames)
        return
    waiting: list[NDArray[np.float64]] = []
    count = 0
    for block in TextTable(filepath_or_buffer, sep).blocks(skiprows, nrows):
        waiting.append(block)
        count += len(block)
        if count >= chunksize:
            rows = np.concatenate(waiting)
            whole = count - count % chunksize
            for start in range(0, whole, chunksize):
                yield rows[start : start + chunksize].astype(dtype)
            waiting, count = [rows[whole:]], count - whole
    if count:
        yield np.concatenate(waiting).astype(dtype)


def number_of_lines(filepath_or_buffer: Any) -> int:
    """Count the lines of a text file; a last one without a line break counts too.

    Parameters
    ----------
    filepath_or_buffer : path, file:// address or readable
        The file.

    Returns
    -------
    int
        Its lines, whatever is in them.
    """
    lines, last = 0, b"\n"
    with TextSource(filepath_or_buffer).open() as file:
        while block := file.read(_BLOCK):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")
