"""Opening whatever a user names as a source of lines."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from lumentrace.base.documents import regular
from lumentrace.pept.scanners.any_file import ADAC_SUFFIX
from lumentrace.pept.sources.address import SCHEMES, Address
from lumentrace.pept.sources.block import Block, given_blocks
from lumentrace.pept.sources.growing import GrowingBytes, file_blocks
from lumentrace.pept.sources.list_mode import calibrated
from lumentrace.pept.sources.sniffing import KINDS, Hints, Sniffer
from lumentrace.pept.sources.streams import in_thread, pipe_work, socket_work
from lumentrace.pept.sources.waiting import LONGEST_WAIT, MOST_LINES, LineQueue
from lumentrace.pept.sources.whole import SUFFIXES, table_blocks

STDIN = "-"


@contextmanager
def open_source(
    source: Any,
    *,
    follow: bool = True,
    scanner: str = "auto",
    separation: float | None = None,
    ticks_per_ms: float | None = None,
    reconnect: bool = True,
    drop: bool = True,
    queue: int = MOST_LINES,
    wait: float = LONGEST_WAIT,
) -> Iterator[Iterable[Block]]:
    r"""Lines of response as they come.

    Parameters
    ----------
    source : path, address, open binary file, or iterable
        - a path: a file that may still grow, read from its start as fast as its lines are taken. List mode, text and
          ``.npy`` come as they are written; a container of `lumentrace.save` or a Parquet table has to be complete.
        - ``"tcp://host:port"`` or ``"unix:///path"``: a socket on which a source listens, in the format of
          `lumentrace.pept.sources.wire` or as text.
        - ``"-"``: standard input; or something open for reading in binary.
        - an iterable of `Block`, `LineData` or (N, C >= 7) arrays, pulled when a block is asked for; or one such table.
    follow : bool, default True
        Wait for more at the end of a file, rather than stop there. An array or a table that is complete ends anyway.
    scanner : str, default 'auto'
        'adac', 'modular', 'screens' or 'lines', as for `lumentrace pept run`; guessed from name and first bytes.
    separation : float, optional
        Distance of two screens in mm, where the text does not say.
    ticks_per_ms : float, optional
        Rate of the ticks of an ADAC camera. By default that of the file as far as it is there, if it has at least 1000
        clock readings or is not followed; otherwise the camera's usual 2.3837.
    reconnect : bool, default True
        Connect again to a socket that went away or is not there yet, until its sender says that it ends.
    drop : bool, default True
        Give up the oldest lines of sockets, pipes and devices where they are taken too slowly. Otherwise their senders
        have to wait. Files and iterables wait in any case.
    queue : int, default 1048576
        Lines that may wait at a time.
    wait : float, default 0.5
        Seconds that a line may wait.

    Yields
    ------
    iterable of Block
        At least one every 0.2 s, empty where nothing comes; an iterable of yours is waited for.

    Raises
    ------
    FormatError
        If a file is not what it should be, or is truncated, changed or replaced while it is read; if a source sends
        1000 records in a row that are none.
    ValueError
        If `source` is no source, or an option is out of its range.
    OSError
        If a file or socket cannot be opened or read.

    Notes
    -----
    Lines that were given up are counted in `Block.dropped` and told in a notice, as are records that are none (with
    their place), silence of 2 s, and sources that go away or come back.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept.sources import open_source
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.csv"
    ...     _ = path.write_text("0.5 1 2 3 4 5 6\n0.7 1 2 3 6 5 4\n")
    ...     with open_source(path, follow=False) as blocks:
    ...         [block.rows[:, 4].tolist() for block in blocks]
    [[4.0, 6.0]]
    """
    hints = Hints(_known(scanner), separation, ticks_per_ms)
    _check(queue, wait, separation, ticks_per_ms)

    def waiting(name: str) -> LineQueue:
        return LineQueue(name, queue, wait, drop)

    if isinstance(source, str) and source.startswith(SCHEMES):
        work = socket_work(Address.parse(source), hints, reconnect)
        with in_thread(work, waiting(source), source) as blocks:
            yield blocks
    elif source == STDIN if isinstance(source, str) else hasattr(source, "read"):
        name, file = _opened(source)
        if _is_regular(file):
            reader = Sniffer(name, replace(hints, cut_row_counts=True))
            yield file_blocks(GrowingBytes(file, name), name, reader, follow=False)
        else:
            with in_thread(pipe_work(file, Sniffer(name, hints)), waiting(name), name) as blocks:
                yield blocks
    elif isinstance(source, (str, os.PathLike)):
        with _path_blocks(Path(source), hints, follow, waiting) as blocks:
            yield blocks
    elif isinstance(source, Iterable):
        yield given_blocks(source)
    else:
        raise ValueError(
            "`source`: expected a path, tcp://host:port, unix:///path, '-', an open binary file or an iterable of "
            f"tables, found {type(source).__name__}"
        )


@contextmanager
def _path_blocks(path: Path, hints: Hints, follow: bool, waiting: Any) -> Iterator[Iterator[Block]]:
    name = str(path)
    if path.suffix.lower() in SUFFIXES:
        with open(regular(path), "rb"):  # so that a file that is not there is told as such
            yield table_blocks(path)
        return
    with open(path, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            with in_thread(pipe_work(file, Sniffer(name, hints)), waiting(name), name) as blocks:
                yield blocks
            return
        if hints.kind == "auto" and ADAC_SUFFIX.fullmatch(path.suffix):
            hints = replace(hints, kind="adac")
        if hints.kind == "adac" and hints.ticks_per_ms is None:
            hints = replace(hints, calibration=calibrated(name, file, whole=not follow))
            file.seek(0)
        reader = Sniffer(name, replace(hints, cut_row_counts=not follow))
        yield file_blocks(GrowingBytes(file, name, name), name, reader, follow)


def _opened(source: Any) -> tuple[str, IO[bytes]]:
    file = getattr(sys.stdin, "buffer", None) if source == STDIN else source
    if file is None or isinstance(file, io.TextIOBase):
        raise ValueError(f"`source`: expected a file open for reading in binary, found {file!r}")
    name = "standard input" if source == STDIN else str(getattr(file, "name", f"<{type(file).__name__}>"))
    return name, file


def _is_regular(file: IO[bytes]) -> bool:
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except (OSError, AttributeError):
        return bool(getattr(file, "seekable", bool)())


def _known(scanner: str) -> str:
    if scanner not in KINDS:
        raise ValueError(f"`scanner`: expected one of {', '.join(KINDS)}, found {scanner!r}")
    return str(scanner)


def _check(queue: int, wait: float, separation: float | None, ticks_per_ms: float | None) -> None:
    limits = {"queue": queue, "wait": wait, "separation": separation, "ticks_per_ms": ticks_per_ms}
    for name, value in limits.items():
        if value is not None and not value > 0:
            raise ValueError(f"`{name}`: expected a number above 0, found {value!r}")
