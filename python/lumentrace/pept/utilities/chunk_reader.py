"""A text file as a sequence of chunks."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lumentrace.pept.utilities.csv_settings import CsvSettings
from lumentrace.pept.utilities.text_source import TextSource
from lumentrace.pept.utilities.text_table import WHITE_SPACE, Skip, TextTable, blanked, by_count, kept_lines


class ChunkReader:
    r"""Reads a table of numbers from a text file chunk by chunk, in any order.

    Only whole chunks are read: the lines that do not fill the last one are left out.

    Parameters
    ----------
    filepath_or_buffer : path, file:// address or readable
        The file.
    chunksize : int
        Lines of a chunk.
    skiprows : int, list of int or callable, optional
        Lines to leave out, as in `lumentrace.pept.read_csv`.
    nrows : int, optional
        Most lines to use.
    dtype : numpy dtype, default float
        Type of the chunks.
    sep : str, default \s+
        One character between the numbers, or ``\s+`` for white space.
    header, engine, na_filter, quoting, memory_map, **kwargs
        As in `pandas.read_csv`, which is used if any is changed.

    Raises
    ------
    EOFError
        If no line is left after `skiprows`.
    ValueError
        If `chunksize` is not positive, or `skiprows` or `nrows` is negative.
    FormatError
        When a chunk is read that is not a table of numbers.

    Warns
    -----
    CutOffWarning
        When the chunk of the last line is read, if that line is cut off: it is left out.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from lumentrace.pept.utilities import ChunkReader
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "points.csv"
    ...     _ = path.write_text("0 1 2 3\n1 4 5 6\n2 7 8 9\n3 0 1 2\n4 3 4 5\n")
    ...     chunks = ChunkReader(path, 2)
    ...     len(chunks), chunks[-1]
    (2, array([[2., 7., 8., 9.],
           [3., 0., 1., 2.]]))
    """

    def __init__(
        self,
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
    ) -> None:
        self.filepath_or_buffer = filepath_or_buffer
        self.dtype, self.sep = dtype, sep
        self._settings = CsvSettings(sep, header, engine, na_filter, quoting, memory_map, kwargs)
        self._source = TextSource(filepath_or_buffer)
        self._chunksize, self._skiprows, self._nrows = chunksize, skiprows, nrows
        self._index()

    @property
    def chunksize(self) -> int:
        """Lines of a chunk."""
        return self._chunksize

    @chunksize.setter
    def chunksize(self, chunksize: int) -> None:
        self._chunksize = chunksize
        self._index()

    @property
    def skiprows(self) -> Skip:
        """Lines left out."""
        return self._skiprows

    @skiprows.setter
    def skiprows(self, skiprows: Skip) -> None:
        self._skiprows = skiprows
        self._index()

    @property
    def nrows(self) -> int | None:
        """Most lines to use."""
        return self._nrows

    @nrows.setter
    def nrows(self, nrows: int | None) -> None:
        self._nrows = nrows
        self._index()

    @property
    def file_lines(self) -> int:
        """Lines of the file."""
        return self._file_lines

    @property
    def number_of_chunks(self) -> int:
        """How many whole chunks there are."""
        return len(self._starts) - 1

    def __len__(self) -> int:
        return self.number_of_chunks

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> NDArray[Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"chunk {index} of {len(self)} chunks")
        index = int(index) % len(self)
        start, end = self._starts[index : index + 2]
        lines = blanked(self._bytes(start, end), self._lines[index], self._skiprows)
        if self._settings.are_plain_for(self.filepath_or_buffer):
            table = TextTable(self._source, self.sep)
            rows = table.parse(lines, self._lines[index] + 1, end >= self._source.end())
            return rows.astype(self.dtype, copy=False)
        header = None if self._settings.header is None else 0
        frame = self._settings.pandas("ChunkReader")(io.BytesIO(self._header + lines), header=header)
        return np.asarray(frame.to_numpy(dtype=self.dtype))

    def _bytes(self, start: int, end: int) -> bytes:
        with self._source.open() as file:
            file.seek(start)
            return file.read(end - start)

    def _index(self) -> None:
        """Find which line each chunk begins with, and where in the file it and the end of the last one are."""
        if self._chunksize < 1:
            raise ValueError(f"`chunksize`: expected at least 1, found {self._chunksize}")
        skip = self._skiprows if isinstance(self._skiprows, SupportsIndex) else 0
        if int(skip) < 0 or (self._nrows is not None and self._nrows < 0):
            raise ValueError(f"`skiprows`, `nrows`: expected no negative number, found {skip}, {self._nrows}")
        if self._settings.header is None and by_count(self._skiprows):
            self._index_every(int(skip or 0))
        else:
            self._index_chosen()

    def _index_every(self, skip: int) -> None:
        self._file_lines, starts = _line_starts(self._source, skip, self._chunksize)
        chunks = self._chunks(self._file_lines - skip)
        self._header, self._starts = b"", starts[: chunks + 1]
        self._lines: Sequence[int] = range(skip, self._file_lines, self._chunksize)

    def _index_chosen(self) -> None:
        """The same where lines inside are left out, or one of them is a header."""
        self._file_lines, starts = _line_starts(self._source, 0, 1)
        kept = kept_lines(range(self._file_lines), self._skiprows)
        self._header, header = b"", self._settings.header
        if header is not None and header < len(kept):
            self._header = self._bytes(*starts[kept[header] : kept[header] + 2])
            kept = kept[header + 1 :]
        chunks = self._chunks(len(kept))
        ends = [kept[number * self._chunksize - 1] + 1 for number in range(1, chunks + 1)]
        self._lines = [kept[0], *ends]
        self._starts = [starts[line] for line in self._lines]

    def _chunks(self, lines: int) -> int:
        """How many chunks so many lines make."""
        if lines <= 0:
            skipped = self._file_lines - max(lines, 0) if by_count(self._skiprows) else "fewer"
            raise EOFError(f"{self._source.name}: expected more than {skipped} lines to skip, found {self._file_lines}")
        return (lines if self._nrows is None else min(self._nrows, lines)) // self._chunksize


def _line_starts(source: TextSource, first: int, step: int) -> tuple[int, list[int]]:
    """Count the lines, and find where lines `first`, `first + step`, ... begin (from 0); the end begins one too."""
    lines = 0
    last = b"\n"
    with source.open() as file:
        size = file.tell()
        starts = [size] if first == 0 else []
        while block := file.read(2**20):
            # Line `lines + k + 1` begins after the k-th line break.
            begins = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")) + size + 1
            offset = (first - lines - 1) % step if first <= lines else first - lines - 1
            starts += begins[offset::step].tolist()
            lines, size, last = lines + len(begins), size + len(block), block[-1:]
    if last != b"\n":
        lines += 1
        if lines >= first and (lines - first) % step == 0:
            starts.append(size)
    return lines, starts
