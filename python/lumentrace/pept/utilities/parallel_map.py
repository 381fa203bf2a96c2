"""A function applied to all chunks of a file at once."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from numpy.typing import DTypeLike

from lumentrace.engine import executors
from lumentrace.pept.utilities.csv_files import read_csv
from lumentrace.pept.utilities.text_source import TextSource


def parallel_map_file(
    func: Callable[..., Any],
    fname: Any,
    start: int,
    end: int,
    chunksize: int,
    *args: Any,
    dtype: DTypeLike = float,
    processes: int | None = None,
    callback: Callable[[Any], object] | None = None,
    error_callback: Callable[[BaseException], object] | None = None,
    **kwargs: Any,
) -> list[Any]:
    r"""Call a function with each chunk of rows of a text file, in processes of their own.

    Parameters
    ----------
    func : callable
        Called as ``func(chunk, number, *args, **kwargs)``, where `chunk` is an array of `chunksize` rows and `number`
        counts from 0. It must be possible to pickle it: a function of a module. In a script, the
        call belongs under ``if __name__ == "__main__":``.
    fname : path, file:// address or readable
        The file; something open is read at once, and every process is sent its lines only.
    start, end : int
        First line of the file that is used, and the one after the last.
    chunksize : int
        Lines of a chunk. What is left over at the end is not used.
    *args, **kwargs
        Further arguments of `func`.
    dtype : numpy dtype, default float
        Type of the chunks.
    processes : int, optional
        Processes to start; all cores by default.
    callback, error_callback : callable, optional
        Called with each result, or exception, in the order of the chunks.

    Returns
    -------
    list
        Results in the order of the chunks.

    Raises
    ------
    ValueError
        If `chunksize` is not positive, or `start` is negative or beyond `end`.
    Exception
        That of `func`, unless there is an `error_callback`; the result is then None.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept.utilities import parallel_map_file
    >>> def total(chunk, number):
    ...     return float(chunk.sum())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "points.csv"
    ...     _ = path.write_text("1 2\n3 4\n5 6\n7 8\n")
    ...     parallel_map_file(total, path, 0, 4, 2)  # doctest: +SKIP
    [10.0, 26.0]
    """
    if chunksize < 1 or start < 0 or end < start:
        raise ValueError(
            f"expected `chunksize` > 0 and 0 <= `start` <= `end`, found chunksize={chunksize}, {start} to {end}"
        )
    source = TextSource(fname)
    count = (end - start) // chunksize
    results: list[Any] = []
    with executors.processes(processes) as pool:
        tasks = [
            pool.submit(_call, func, *piece, chunksize, dtype, number, args, kwargs)
            for number, piece in enumerate(_pieces(source, start, chunksize, count))
        ]
        try:
            for task in tasks:
                results.append(_result(task, callback, error_callback))
        finally:
            for task in tasks:
                task.cancel()
    return results


def _pieces(source: TextSource, start: int, chunksize: int, count: int) -> Iterator[tuple[Any, int]]:
    """What each process reads, and after how many lines."""
    firsts = range(start, start + count * chunksize, chunksize)
    if source.path is not None:
        yield from ((source.path, first) for first in firsts)
        return
    with source.open() as lines:
        for _ in itertools.islice(lines, start):
            pass
        for _ in firsts:
            yield io.BytesIO(b"".join(itertools.islice(lines, chunksize))), 0


def _call(
    func: Callable[..., Any],
    source: Any,
    skiprows: int,
    chunksize: int,
    dtype: DTypeLike,
    number: int,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    return func(read_csv(source, skiprows=skiprows, nrows=chunksize, dtype=dtype), number, *args, **kwargs)


def _result(
    task: Future[Any],
    callback: Callable[[Any], object] | None,
    error_callback: Callable[[BaseException], object] | None,
) -> Any:
    error = task.exception()
    if error is not None:
        if error_callback is None:
            raise error
        error_callback(error)
        return None
    if callback is not None:
        callback(task.result())
    return task.result()
