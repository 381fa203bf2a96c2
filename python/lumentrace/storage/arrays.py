"""Arrays in ``.npy`` files."""

from __future__ import annotations

import os

import numpy as np

from lumentrace.base.arrays import AnyArray
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError


def read_npy(path: str | os.PathLike[str]) -> AnyArray:
    """The array of a ``.npy`` file, mapped: none of it is in memory before it is used.

    Nothing is made room for that the file does not hold, and nothing in it is executed.

    Parameters
    ----------
    path : path

    Raises
    ------
    FormatError
        If the file is damaged, cut off, or something else.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace.storage.arrays import read_npy
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/a.npy", np.arange(3))
    ...     read_npy(f"{folder}/a.npy").tolist()
    [0, 1, 2]
    """
    place = regular(path)
    with place.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise FormatError(f"{path}: expected a .npy array of numbers, found something else")
    try:
        return np.lib.format.open_memmap(place, mode="r")
    except OSError:
        raise
    except Exception as error:
        # The parser of the header raises what it likes on damaged text; the cause is kept.
        raise FormatError(f"{path}: expected a .npy array of numbers, found a damaged file ({error})") from error
