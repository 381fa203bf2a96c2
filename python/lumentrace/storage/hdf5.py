"""Opening and making HDF5 files: what goes wrong names the file, and is raised where it happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.storage.hdf5_check import MOST_COMPRESSION, check, seal

LAYOUT = ("v110", "v110")
"""The oldest and the newest layout of files that are written: the first whose structures all carry checksums."""


@contextmanager
def opened(path: Path, kind: str) -> Iterator[Any]:
    """An open file that was checked (`hdf5_check.check`); what HDF5 raises on damaged data names the file.

    Raises
    ------
    FormatError
        If the file is damaged, would read other files, or something is missing.
    OSError
        If it cannot be read.
    """
    import h5py

    check(path, kind)
    with path.open("rb") as file:
        try:
            with h5py.File(file, "r") as h5:
                yield h5
        except (FormatError, FileNotFoundError, MemoryError):
            raise
        except Exception as error:
            # h5py raises what it likes on damaged data; the cause is kept.
            raise FormatError(f"{path}: expected {kind}, found a damaged or different file ({error})") from error


@contextmanager
def written(file: BinaryIO) -> Iterator[Any]:
    """A new HDF5 file, made in memory and written when the block ends: for results, which are small beside movies.

    It has the layout with checksums (1.10), and ends with a checksum of all its bytes, which other programs pass over.
    HDF5 crashes the process after it failed to write, so that it must never see a full disk.

    Raises
    ------
    OSError
        If `file` cannot be written.

    Examples
    --------
    >>> from io import BytesIO
    >>> from lumentrace.storage.hdf5 import written
    >>> file = BytesIO()
    >>> with written(file) as h5:
    ...     h5.attrs["answer"] = 42
    >>> file.getvalue()[1:4]
    b'HDF'
    """
    import h5py

    held = BytesIO()
    with h5py.File(held, "w", libver=LAYOUT) as h5:
        yield h5
    file.write(held.getbuffer())
    file.write(seal(held.getbuffer()))


def check_format(path: Path, h5: Any, expected: str) -> None:
    """FormatError unless an open file says that it is of a kind of ours."""
    found = h5.attrs.get("lumentrace_format")
    if found != expected:
        raise FormatError(f"{path}: expected format {expected!r}, found {found!r}")


def attribute(group: Any, name: str) -> Any:
    """An attribute as a plain value; texts may be kept as bytes.

    Raises
    ------
    KeyError
        If it is missing.
    """
    if name not in group.attrs:
        raise KeyError(f"attribute {name!r} of {group.name} is missing")
    value = group.attrs[name]
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value.item() if isinstance(value, np.generic) else value


def optional(group: Any, name: str, default: Any = None) -> Any:
    """An attribute, or something else if it is missing."""
    return attribute(group, name) if name in group.attrs else default


def check_size(path: Path, dataset: Any) -> None:
    """Refuse a data set that claims more than the file can hold.

    Raises
    ------
    FormatError
        If so.
    """
    claimed = int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if claimed > stored * MOST_COMPRESSION:
        raise FormatError(f"{path}: {dataset.name} claims {claimed:,} bytes, but {stored:,} bytes are stored")
