"""Python pickles (old files of the PEPT library, .npy files of objects) read without running anything that is in them.

A pickle is a program: it may name any importable function and call it. Here it is read by an unpickler that knows a
short list of names, each replaced by an inert stand-in from this file, and refuses every other name before it is looked
up. That happens in a child process (`guard`), which hands its result back in our own container, not as a pickle.
"""

from __future__ import annotations

import math
import os
import pickle
import re
import struct
import sys
import tempfile
from io import BufferedReader
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.data.samples import AdaptiveWindow, TimeWindow
from lumentrace.storage import guard
from lumentrace.storage.container import load, save
from lumentrace.storage.guard_messages import Limits

MEMORY = 2 << 30
"""Bytes of memory that a child may take."""
MEMORY_PER_BYTE = 12
"""How many more for each byte of the file."""
_EVER = 4e6  # seconds; timers of the system know no infinity
_NPY = b"\x93NUMPY"


def import_pickle(path: str | os.PathLike[str], timeout: float = 600.0) -> Any:
    """Read a file that the PEPT library saved as a pickle, or a .npy file of Python objects.

    Parameters
    ----------
    path : path
        File written by ``pept.save``, ``LineData.save`` or ``PointData.save``; or by ``numpy.save`` of an array of
        dicts, lists, arrays and plain values.
    timeout : float, default 600
        Most seconds the child process may take; infinity for any.

    Returns
    -------
    LineData, PointData, ndarray, or list, tuple or dict of such
        With samples, columns and attributes as they were saved. An array of objects becomes a list, one without
        dimensions the object in it.

    Raises
    ------
    FormatError
        If the file is not a pickle, is damaged, needs too much time or memory, or names anything else than arrays,
        plain values, `LineData` and `PointData`. Nothing named in the file is ever called.
    ValueError
        If `timeout` is no number above 0.
    OSError
        If there is no such file or it cannot be read.

    Examples
    --------
    >>> from lumentrace.storage import import_pickle, save
    >>> save("run.h5", import_pickle("run.pickle"))  # doctest: +SKIP
    """
    if not isinstance(timeout, (int, float, np.integer, np.floating)) or not timeout > 0:
        raise ValueError(f"`timeout`: expected seconds above 0, found {timeout!r}")
    with open(regular(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
    seconds = float(min(timeout, _EVER))
    limits = Limits(seconds, seconds, MEMORY + MEMORY_PER_BYTE * size)
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "result.h5")
        for _ in guard.read("lumentrace.storage.pickles:convert", path, result, limits=limits):
            pass
        return load(result)


# ---------------------------------------------------------------------- in the child process
class _RefusedError(Exception):
    """The pickle holds something that is not read."""


class _Dtype:
    """Stands in for `numpy.dtype`."""

    def __init__(self, code: Any, align: Any = False, copy: Any = False) -> None:
        if not (isinstance(code, str) and re.fullmatch(r"[biufcSU]\d{1,6}|O\d", code)):
            raise _RefusedError(f"arrays of numpy type {code!r} cannot be read")
        self.code, self.order = code, "|"

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) >= 2 and state[1] in ("<", ">", "|", "=")):
            raise _RefusedError("damaged description of a numpy type")
        self.order = state[1]

    def dtype(self) -> np.dtype[Any]:
        """Make the numpy type."""
        return np.dtype(self.order + self.code)


class _Array:
    """Stands in for `numpy.ndarray`."""

    def __init__(self) -> None:
        self.value: NDArray[Any] | None = None
        self.objects: list[Any] | None = None
        self.single = False

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, raw = state
        if isinstance(raw, list):
            if shape not in ((), (len(raw),)) or (shape == () and len(raw) != 1):
                raise _RefusedError(f"array of Python objects: expected a row of {len(raw)}, found shape {shape}")
            self.objects, self.single = raw, shape == ()
        else:
            self.value = _array(raw, dtype, shape, "F" if fortran else "C")


def _array(raw: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    if not (isinstance(dtype, _Dtype) and isinstance(shape, tuple) and isinstance(raw, (bytes, bytearray))):
        raise _RefusedError("damaged or unusual array")
    kind = dtype.dtype()
    if kind.hasobject:
        raise _RefusedError("damaged array: expected Python objects, found bytes")
    if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) * kind.itemsize != len(raw):
        raise _RefusedError(f"damaged array: expected shape {shape} of {kind}, found {len(raw)} bytes")
    return np.frombuffer(raw, kind).reshape(shape, order="F" if order == "F" else "C").copy()


def _reconstruct(kind: Any, shape: Any, code: Any) -> _Array:
    if kind is not _Array:
        raise _RefusedError("damaged array")
    return _Array()


def _from_buffer(raw: Any, dtype: Any, shape: Any, order: Any, *axes: Any) -> NDArray[Any]:
    if any(axis is not None for axis in axes):
        raise _RefusedError("array with permuted axes")
    return _array(raw, dtype, shape, order)


def _scalar(dtype: Any, raw: Any = b"") -> Any:
    return _array(raw, dtype, (), "C")[()]


class _Kept:
    """Stands in for a class of the PEPT library: keeps its attributes and does nothing else."""

    state: dict[str, Any]

    def __new__(cls) -> _Kept:
        new = object.__new__(cls)
        new.state = {}
        return new

    def __setstate__(self, state: Any) -> None:
        parts = state if isinstance(state, tuple) else (state,)
        self.state = {str(key): value for part in parts if isinstance(part, dict) for key, value in part.items()}

    def take(self, name: str) -> Any:
        """Take an attribute that must be there."""
        if name not in self.state:
            raise _RefusedError(f"expected an attribute {name} of a {type(self).__name__}, found {sorted(self.state)}")
        return self.state[name]


class _Table(_Kept):
    kind: ClassVar[type[IterableSamples]]

    def convert(self, converter: _Converter) -> IterableSamples:
        """Make our object in the place of this one."""
        size = converter.convert(self.take("_sample_size"))
        return self.kind.from_state(
            {
                "data": converter.convert(self.take("_data")),
                "samples_indices": converter.convert(self.take("_samples_indices")),
                "sample_size": size.astype(np.int64) if isinstance(size, np.ndarray) else _plain_int(size),
                "overlap": _plain_int(converter.convert(self.take("_overlap"))),
                "columns": converter.convert(self.take("_columns")),
                "attrs": converter.convert(self.take("_attrs")),
                "units": {},
                "provenance": None,
            }
        )


class _Lines(_Table):
    kind = LineData


class _Points(_Table):
    kind = PointData


class _TimeWindow(_Kept):
    def convert(self, converter: _Converter) -> TimeWindow:
        """Make our object in the place of this one."""
        return TimeWindow(float(self.take("window")))


class _AdaptiveWindow(_Kept):
    def convert(self, converter: _Converter) -> AdaptiveWindow:
        """Make our object in the place of this one."""
        most = self.take("max_elems")
        return AdaptiveWindow(float(self.take("window")), np.inf if most >= sys.maxsize else _plain_int(most))


def _plain_int(value: Any) -> Any:
    return int(value) if isinstance(value, np.integer) else value


_KNOWN: dict[tuple[str, str], Any] = {
    ("builtins", "complex"): complex,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    ("pept.base.line_data", "LineData"): _Lines,
    ("pept.base.point_data", "PointData"): _Points,
    ("pept.base.iterable_samples", "TimeWindow"): _TimeWindow,
    ("pept.base.iterable_samples", "AdaptiveWindow"): _AdaptiveWindow,
    ("pept.base.iterable_samples", "Selector"): _Kept,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise _RefusedError(
                f"the pickle names {module}.{name}; expected only numpy arrays, plain values, LineData and PointData"
            )
        return _KNOWN[module, name]


class _Converter:
    """Replaces the stand-ins in what was unpickled."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}
        self._open: set[int] = set()

    def convert(self, value: Any) -> Any:
        """Put our objects in the place of stand-ins; what was one object stays one."""
        if id(value) in self._done:
            return self._done[id(value)]
        if id(value) in self._open:
            raise _RefusedError("a value contains itself")
        self._open.add(id(value))
        self._done[id(value)] = self._convert(value)
        self._open.discard(id(value))
        return self._done[id(value)]

    def _convert(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(self.convert(item) for item in value)
        if isinstance(value, dict):
            return {self.convert(key): self.convert(item) for key, item in value.items()}
        if isinstance(value, _Array):
            if value.objects is not None:
                return self.convert(value.objects[0] if value.single else value.objects)
            if value.value is None:
                raise _RefusedError("damaged array: it has no content")
            return value.value
        if isinstance(value, (_Table, _TimeWindow, _AdaptiveWindow)):
            return value.convert(self)
        return value


def _skip_header(file: BufferedReader) -> None:
    """Go to the pickle in a .npy file: after the signature, the version, the length of the header and the header."""
    if file.read(len(_NPY)) != _NPY:
        file.seek(0)
        return
    form = "<H" if file.read(2)[0] == 1 else "<I"
    (length,) = struct.unpack(form, file.read(struct.calcsize(form)))
    if b"'|O'" not in file.read(length):
        raise _RefusedError("an .npy file without Python objects, which numpy.load reads")


def convert(source: str, result: str) -> None:
    """Save what a pickle holds as a container; what `guard` lets a child do."""
    try:
        with open(source, "rb") as file:
            _skip_header(file)
            save(result, _Converter().convert(_Unpickler(file).load()))
    except _RefusedError as refused:
        raise FormatError(str(refused)) from refused
    except (MemoryError, OSError):
        raise
    except Exception as error:
        # The bytes of a damaged pickle are a program that fails as it likes.
        raise FormatError(f"not a pickle that can be read, or damaged ({type(error).__name__}: {error})") from error
