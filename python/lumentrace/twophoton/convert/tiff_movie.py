"""A movie in TIFF files: one stack, several, or a file per frame."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.storage.tiff import check_chain, check_size, damage_named
from lumentrace.twophoton.convert.movie_source import MovieSource

if TYPE_CHECKING:
    import tifffile

SUFFIXES = (".tif", ".tiff", ".btf")
DATASET = "pages"
ORIENTATION = "rows_and_columns"

Path_ = str | os.PathLike[str]


@dataclass(frozen=True)
class _Stack:
    """A file: frames from `first` on, which lie in a row from byte `offset` on, or page by page if that is None."""

    path: Path
    first: int
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    offset: int | None

    @property
    def stop(self) -> int:
        return self.first + self.shape[0]


class TiffMovie(MovieSource):
    """Frames of TIFF or BigTIFF files, one file after the other; only those that are asked for are read.

    Parameters
    ----------
    movie : path or sequence of path
        A file, a folder (its TIFF files in the order of names, where ``2`` comes before ``10``), or files in order.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    FormatError
        If one is damaged, or its frames are no planes of one channel of real numbers, or differ from those before.
    """

    dataset, orientation = DATASET, ORIENTATION

    def __init__(self, movie: Path_ | Sequence[Path_]) -> None:
        paths = _files(movie)
        self.path = paths[0] if len(paths) == 1 else paths[0].parent
        self._stacks: list[_Stack] = []
        for path in paths:
            stack = _stack(path, self._stacks[-1].stop if self._stacks else 0)
            known = self._stacks[0] if self._stacks else stack
            if (stack.shape[1:], stack.dtype.newbyteorder("=")) != (known.shape[1:], known.dtype.newbyteorder("=")):
                raise FormatError(
                    f"{path}: expected frames of {known.dtype}, {known.shape[1:]}, as in {known.path.name}, found "
                    f"{stack.dtype}, {stack.shape[1:]}"
                )
            self._stacks.append(stack)
        self._open: tuple[Path, tifffile.TiffFile] | None = None

    def __enter__(self) -> TiffMovie:
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""
        _, rows, columns = self._stacks[0].shape
        return self._stacks[-1].stop, rows, columns

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the frames."""
        return self._stacks[0].dtype.newbyteorder("=")

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Frames from `start` up to `stop`; raises `FormatError` if they are damaged."""
        frames = np.empty((stop - start, *self.shape[1:]), self.dtype)
        for stack in self._stacks:
            first, last = max(start, stack.first), min(stop, stack.stop)
            if first < last:
                with damage_named(stack.path):
                    self._fill(frames[first - start : last - start], stack, first - stack.first)
        return frames

    def _fill(self, frames: NDArray[Any], stack: _Stack, first: int) -> None:
        import tifffile

        if stack.offset is not None:
            held = np.memmap(stack.path, stack.dtype, "r", stack.offset, stack.shape)
            frames[:] = held[first : first + len(frames)]
            return
        if self._open is None or self._open[0] != stack.path:
            self._close()
            self._open = stack.path, tifffile.TiffFile(stack.path)
        pages: Any = self._open[1].series[0].pages
        for number, frame in enumerate(frames, first):
            frame[:] = pages[number].asarray().reshape(frame.shape)


def _files(movie: Path_ | Sequence[Path_]) -> list[Path]:
    if not isinstance(movie, (str, os.PathLike)):
        paths = [Path(path).expanduser() for path in movie]
        if not paths:
            raise ValueError("`movie`: expected a TIFF file at least, found none")
        return paths
    place = Path(movie).expanduser()
    if not place.is_dir():
        return [place]
    found = [path for path in place.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith("._")]
    if not found:
        raise FileNotFoundError(f"{place}: expected TIFF files, found none")
    return sorted(found, key=lambda path: natural(path.name))


def natural(name: str) -> list[tuple[int, str]]:
    """Numbers in a name by their value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _stack(path: Path, first: int) -> _Stack:
    import tifffile

    size = path.stat().st_size
    if not size:
        raise FormatError(f"{path}: expected a TIFF image, found an empty file")
    with damage_named(path), tifffile.TiffFile(path) as file:
        check_chain(path, file)
        if len(file.series) != 1:
            raise FormatError(f"{path}: expected pages alike, found {len(file.series)} kinds")
        series = file.series[0]
        if series.is_multifile:
            raise FormatError(f"{path}: expected a file by itself, found one of several of an OME-TIFF")
        leading = [
            (axis, length) for axis, length in zip(series.axes[:-2], series.shape[:-2], strict=True) if length > 1
        ]
        if series.axes[-2:] != "YX" or len(leading) > 1 or any(axis in "CS" for axis, _ in leading):
            raise FormatError(
                f"{path}: expected frames of one channel and plane, found axes {series.axes} of {series.shape}"
            )
        if series.dtype.kind not in "uif":
            raise FormatError(f"{path}: expected frames of real numbers, found {series.dtype}")
        check_size(path, series.shape, series.dtype, [page for page in series.pages if page is not None], size)
        frames = int(np.prod(series.shape[:-2], dtype=np.int64))
        if series.dataoffset is None and len(series.pages) != frames:
            raise FormatError(f"{path}: expected a page for each of {frames} frames, found {len(series.pages)}")
        shape = frames, series.shape[-2], series.shape[-1]
        return _Stack(path, first, shape, series.dtype.newbyteorder(file.byteorder), series.dataoffset)
