"""Which files a path names, what identifies them, and their words."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import provenance

_PIECE = 2**20


def matching(path: str | os.PathLike[str]) -> list[Path]:
    """Find the file at `path`, or all files that it matches if it has a ``*``, in natural order (2 before 10).

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    text = os.fspath(path)
    if "*" not in text or os.path.exists(text):
        if not os.path.exists(text):
            raise FileNotFoundError(f"{text}: no such file")
        return [Path(text)]
    # Only the star is special: brackets and question marks are common in file names.
    pattern = glob.escape(text).replace("[*]", "*")
    found = [Path(name) for name in glob.glob(pattern) if os.path.isfile(name)]
    if not found:
        raise FileNotFoundError(f"{text}: no file matches")
    return sorted(found, key=natural)


def natural(path: Path) -> list[tuple[str, int]]:
    """Sort key under which numbers in a name count by their value."""
    parts = re.split(r"(\d+)", str(path))
    return [(text, int(number or 0)) for text, number in zip(parts[::2], [*parts[1::2], ""], strict=True)]


def identity(path: Path) -> dict[str, Any]:
    """Path, size and content hash of a file."""
    size = path.stat().st_size
    content = np.memmap(path, dtype=np.uint8, mode="r") if size else np.empty(0, dtype=np.uint8)
    return {"path": str(path), "bytes": size, "xxh3": provenance.content(content)}


def word_pieces(file: BufferedReader, header: int, advance: Callable[[int], object]) -> Iterator[NDArray[np.uint8]]:
    """Read all that follows `header` bytes, in pieces that are valid until the next."""
    buffer = np.empty(_PIECE, dtype=np.uint8)
    file.seek(header)
    while size := file.readinto(buffer.data):
        yield buffer[:size]
        advance(size)
