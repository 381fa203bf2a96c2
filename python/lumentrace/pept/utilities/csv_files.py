"""Reading tables of numbers from text files."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lumentrace.base.errors import FormatError
from lumentrace.pept.utilities.row_table import gather
from lumentrace.pept.utilities.text_table import WHITE_SPACE, TextTable

_PLAIN = {"header": None, "engine": "c", "na_filter": False, "quoting": 3, "memory_map": True}


def read_csv(
    filepath_or_buffer: str | os.PathLike[str],
    skiprows: int | None = None,
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

    Blank lines and lines that start with ``#`` are skipped. Every other line must hold as many numbers as the first.
    With `header`, `engine`, `na_filter`, `quoting` and `memory_map` left as they are, and no other keyword, the file is
    read in blocks by a fast parser; anything else is handed to `pandas.read_csv`, which must then be installed.

    Parameters
    ----------
    filepath_or_buffer : path
        The file.
    skiprows : int, optional
        Lines to leave out at the start.
    nrows : int, optional
        Most rows to read.
    dtype : numpy dtype, default float
        Type of the result.
    sep : str, default ``\s+``
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
    settings = {
        "header": header,
        "engine": engine,
        "na_filter": na_filter,
        "quoting": quoting,
        "memory_map": memory_map,
        **kwargs,
    }
    if not _is_plain(filepath_or_buffer, sep, settings):
        _need_pandas(settings)
        import pandas as pd

        frame: Any = pd.read_csv(filepath_or_buffer, skiprows=skiprows, nrows=nrows, sep=sep, **settings)
        return np.asarray(frame.to_numpy(dtype=dtype))
    table = TextTable(filepath_or_buffer, sep)
    rows = gather(table.blocks(skiprows or 0, nrows), os.path.getsize(filepath_or_buffer))
    if rows is None:
        raise FormatError(f"{filepath_or_buffer}: expected rows of numbers, found none")
    return rows.astype(dtype, copy=False)


def read_csv_chunks(
    filepath_or_buffer: str | os.PathLike[str],
    chunksize: int,
    skiprows: int | None = None,
    nrows: int | None = None,
    dtype: DTypeLike = float,
    sep: str = WHITE_SPACE,
) -> Iterator[NDArray[Any]]:
    r"""Read a table of numbers from a text file, some rows at a time.

    Parameters
    ----------
    filepath_or_buffer : path
        The file.
    chunksize : int
        Rows of each chunk; the last one may be shorter.
    skiprows, nrows, dtype, sep
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
    waiting: list[NDArray[np.float64]] = []
    count = 0
    for block in TextTable(filepath_or_buffer, sep).blocks(skiprows or 0, nrows):
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


def number_of_lines(filepath_or_buffer: str | os.PathLike[str]) -> int:
    """Count the lines of a text file; a last one without a line break counts too.

    Parameters
    ----------
    filepath_or_buffer : path
        The file.

    Returns
    -------
    int
        Its lines, whatever is in them.
    """
    lines, last = 0, b"\n"
    with open(filepath_or_buffer, "rb") as file:
        while block := file.read(2**20):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


def _is_plain(source: Any, sep: str, settings: dict[str, Any]) -> bool:
    one_character = len(sep.encode()) == 1 and sep not in "\r\n#"
    return settings == _PLAIN and isinstance(source, (str, os.PathLike)) and (sep == WHITE_SPACE or one_character)


def _need_pandas(settings: dict[str, Any]) -> None:
    if importlib.util.find_spec("pandas") is None:
        changed = [name for name, value in settings.items() if name not in _PLAIN or _PLAIN[name] != value]
        reason = ", ".join(changed) or "this source or separator"
        raise ImportError(f"read_csv with {reason} needs pandas: pip install lumentrace[pandas]")
