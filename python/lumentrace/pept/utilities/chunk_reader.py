"""A text file as a sequence of chunks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lumentrace.pept.utilities.text_table import WHITE_SPACE, TextTable


class ChunkReader:
    r"""Reads a table of numbers from a text file chunk by chunk, in any order.

    Only whole chunks are read: the lines that do not fill the last one are left out.

    Parameters
    ----------
    filepath_or_buffer : path
        The file.
    chunksize : int
        Lines of a chunk.
    skiprows : int, optional
        Lines to leave out at the start.
    nrows : int, optional
        Most lines to use.
    dtype : numpy dtype, default float
        Type of the chunks.
    sep : str, default ``\s+``
        One character between the numbers, or ``\s+`` for white space.

    Raises
    ------
    EOFError
        If no line is left after `skiprows`.
    ValueError
        If `chunksize` is not positive, or `skiprows` or `nrows` is negative.
    FormatError
        When a chunk is read that is not a table of numbers.

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
        filepath_or_buffer: str | os.PathLike[str],
        chunksize: int,
        skiprows: int | None = None,
        nrows: int | None = None,
        dtype: DTypeLike = float,
        sep: str = WHITE_SPACE,
    ) -> None:
        self.filepath = filepath_or_buffer
        self.dtype, self.sep = dtype, sep
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
    def skiprows(self) -> int | None:
        """Lines left out at the start."""
        return self._skiprows

    @skiprows.setter
    def skiprows(self, skiprows: int | None) -> None:
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
        with open(self.filepath, "rb") as file:
            file.seek(start)
            lines = file.read(end - start)
        first_line = (self._skiprows or 0) + index * self._chunksize + 1
        return TextTable(self.filepath, self.sep).parse(lines, first_line).astype(self.dtype, copy=False)

    def _index(self) -> None:
        """Find where in the file each chunk begins, and the last one ends."""
        skip = self._skiprows or 0
        if self._chunksize < 1:
            raise ValueError(f"`chunksize`: expected at least 1, found {self._chunksize}")
        if skip < 0 or (self._nrows is not None and self._nrows < 0):
            raise ValueError(f"`skiprows`, `nrows`: expected no negative number, found {skip}, {self._nrows}")
        self._file_lines, starts = _line_starts(self.filepath, skip, self._chunksize)
        if skip >= self._file_lines:
            raise EOFError(f"{self.filepath}: expected more than {skip} lines to skip, found {self._file_lines}")
        lines = self._file_lines - skip
        chunks = (lines if self._nrows is None else min(self._nrows, lines)) // self._chunksize
        self._starts = starts[: chunks + 1]


def _line_starts(path: str | os.PathLike[str], first: int, step: int) -> tuple[int, list[int]]:
    """Count the lines, and find where lines `first`, `first + step`, ... begin (from 0); the end begins one too."""
    starts = [0] if first == 0 else []
    lines = size = 0
    last = b"\n"
    with open(path, "rb") as file:
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
