"""Variables of MATLAB 5 to 7 files, parsed by code of ours that checks every size before memory is taken."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised

MOST_BYTES, MOST_INFLATION = 1 << 28, 50
"""Bytes that variables may take when they are inflated: in any file, and beyond for each of its bytes."""
MOST_VALUES = 1 << 20


@dataclass(frozen=True)
class Unread:
    """Stands for a value that is not read.

    Attributes
    ----------
    kind : str
        What it is: a sparse array, a function handle or an object of a class.
    """

    kind: str


def read_matlab(
    path: str | os.PathLike[str],
    name: str | None = None,
    *,
    squeeze: bool = True,
    most_bytes: int | None = None,
    most_values: int | None = None,
) -> dict[str, Any]:
    """Read variables of a MATLAB file (versions 5 to 7; those of version 7.3 are HDF5 files, and refused).

    Numbers become arrays of the type they are stored in, which of MATLAB's doubles may be
    a smaller one if they are whole; a number alone becomes a Python number, a text a str, a struct a dict, arrays of
    structs and cells arrays of objects. Sparse arrays, function handles and objects of classes become `Unread`.

    Parameters
    ----------
    path : path
        An ordinary file.
    name : str, optional
        Read this variable alone; all by default.
    squeeze : bool, default True
        Drop axes of length 1, and take a value out of an array that holds no other.
    most_bytes : int, optional
        Bytes that compressed variables may take when they are inflated; by default 256 MiB and 50 times the file.
    most_values : int, optional
        Arrays, cells and fields that the file may hold; 1048576 by default.

    Returns
    -------
    dict
        By name; empty if there is no such variable.

    Raises
    ------
    FormatError
        If the file is damaged, of another format, or exceeds a limit.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import savemat
    >>> from lumentrace.storage.matlab import read_matlab
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     savemat(f"{folder}/run.mat", {"run": {"fly": 5, "name": "w;+"}})
    ...     read_matlab(f"{folder}/run.mat")
    {'run': {'fly': 5, 'name': 'w;+'}}
    """
    content = _bytes(Path(path))
    most = raised(MOST_BYTES) + MOST_INFLATION * content.size if most_bytes is None else most_bytes
    try:
        found = _core.matlab_variables(content, name, most, raised(MOST_VALUES) if most_values is None else most_values)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    return {own: _value(value, squeeze) for own, value in found}


def _bytes(path: Path) -> NDArray[np.uint8]:
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise FormatError(f"{path}: expected a MATLAB file, found no ordinary file")
        return np.fromfile(file, np.uint8)


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe without waiting for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _value(value: tuple[Any, ...], squeeze: bool) -> Any:
    """A value as the kernel hands it over, as Python has it."""
    kind, *parts = value
    if kind == "numbers":
        shape, real, imaginary = parts
        return _shaped(real if imaginary is None else real + 1j * imaginary, shape, squeeze)
    if kind == "text":
        shape, rows = parts
        return _shaped(np.array(rows), shape, squeeze)
    if kind == "cell":
        shape, items = parts
        return _shaped(_objects([_value(item, squeeze) for item in items]), shape, squeeze)
    if kind == "struct":
        shape, fields, items = parts
        values, width = [_value(item, squeeze) for item in items], len(fields)
        records = [
            dict(zip(fields, values[width * place : width * (place + 1)], strict=True))
            for place in range(math.prod(shape))
        ]
        return _shaped(_objects(records), shape, squeeze)
    return Unread(*parts)


def _shaped(values: NDArray[Any], shape: list[int], squeeze: bool) -> Any:
    """The first axis is the fastest."""
    if not squeeze:
        return values.reshape(shape, order="F")
    if not values.size:
        return values
    if values.size == 1:
        return values.item()
    return values.reshape([length for length in shape if length != 1], order="F")


def _objects(items: list[Any]) -> NDArray[Any]:
    made = np.empty(len(items), object)
    for place, item in enumerate(items):
        made[place] = item
    return made
