"""Values as a JSON document that refers to a list of arrays, and back.

The document is what a reader without this package sees, so plain values look plain: None, bool, int, finite float, str,
list and dict with text keys are themselves. Everything else is a JSON object whose first key starts with ``$``:

================================  ================================================================
``{"$array": 3}``                 array number 3; with ``"rows": [a, b]``, its rows a to b
``{"$object": "PointData", ...}``  one of our classes, with its ``version`` and ``state``
``{"$same": 0}``                  the object that was met as number 0, once more
``{"$class": {...}}``             a class that a file may name, by ``module`` and ``name``
``{"$tuple": [...]}``             tuple
``{"$set": [...]}``               set
``{"$dict": [[key, value], ...]}`` dict whose keys are not all plain text
``{"$float": "nan"}``             nan, inf or -inf
``{"$complex": [re, im]}``        complex
``{"$bytes": "..."}``             bytes, in base64
``{"$scalar": "<f4", "value": x}`` numpy scalar
================================  ================================================================
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.engine.samples.results import Results
from lumentrace.storage import classes, types

Json = Any
Path = tuple[str | int, ...]

SMALL_ARRAY = 1 << 16
"""Arrays of at most this many bytes inside lists are stored one after the other in a common data set."""

_NUMBERS, _TEXTS, _TIMES = "biufc", "SU", "mM"


@dataclass
class Piece:
    """An array to be stored: a single one, or several with rows alike, one after the other."""

    path: str
    parts: list[NDArray[Any]] = field(default_factory=list)
    rows: int = 0
    labels: dict[str, list[str]] = field(default_factory=dict)
    """Names and units of the columns, for readers that look at the data set alone."""

    def array(self) -> NDArray[Any]:
        """Join the parts."""
        return self.parts[0] if len(self.parts) == 1 else np.concatenate(self.parts, dtype=self.parts[0].dtype)


class Encoder:
    """Turns one value into JSON and a list of arrays.

    Attributes
    ----------
    pieces : list of Piece
        The arrays, in the order of their numbers.
    """

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._pools: dict[tuple[str, np.dtype[Any], tuple[int, ...]], int] = {}
        self._paths: set[str] = set()
        self._met: dict[int, tuple[int, Any]] = {}
        self._open: set[int] = set()

    def encode(self, value: Any) -> Json:
        """Turn `value` into JSON and add its arrays to `pieces`.

        Raises
        ------
        TypeError
            If something in `value` cannot be stored; the message names it.
        ValueError
            If `value` contains itself or is nested too deeply.
        """
        try:
            return self._value(value, () if types.of(value) else ("value",))
        except RecursionError:
            raise ValueError("the value is nested too deeply to be stored") from None

    def _value(self, value: Any, path: Path) -> Json:
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind in _PLAIN:
            return _PLAIN[kind](value)
        if kind in (np.ndarray, np.memmap):
            return self._array(value, path)
        if isinstance(value, np.generic):
            return _scalar(value, path)
        if classes.may_be_named(value):
            return {"$class": classes.place(value)}
        known = types.of(value)
        if known is None and kind not in (list, tuple, set, dict, Results):
            raise _unsupported(path, f"a value of type {kind.__name__}")
        if known is not None and id(value) in self._met and id(value) not in self._open:
            return {"$same": self._met[id(value)][0]}
        if id(value) in self._open:
            raise ValueError(f"`{'/'.join(str(part) for part in path)}`: contains itself, which cannot be stored")
        self._open.add(id(value))
        try:
            return self._object(value, known, path) if known is not None else self._container(value, path)
        finally:
            self._open.discard(id(value))

    def _object(self, value: Any, known: types.Stored, path: Path) -> Json:
        self._met[id(value)] = (len(self._met), value)
        state = known.to_state(value)
        node = {name: self._value(item, (*path, name)) for name, item in state.items()}
        if "columns" in state and "rows" not in node["data"]:
            units = value.units
            labels = {"columns": state["columns"], "units": [units.get(name, "") for name in state["columns"]]}
            self.pieces[node["data"]["$array"]].labels = labels
        return {"$object": known.name, "version": known.version, "state": node}

    def _container(self, value: Any, path: Path) -> Json:
        if type(value) is dict:
            return self._dict(value, path)
        ordered = sorted(value, key=repr) if type(value) is set else value
        items = [self._value(item, (*path, i)) for i, item in enumerate(ordered)]
        return {f"${type(value).__name__}": items} if type(value) in (tuple, set) else items

    def _dict(self, value: dict[Any, Any], path: Path) -> Json:
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: self._value(item, (*path, key)) for key, item in value.items()}
        return {
            "$dict": [
                [self._value(key, (*path, 2 * i)), self._value(item, (*path, 2 * i + 1))]
                for i, (key, item) in enumerate(value.items())
            ]
        }

    def _array(self, array: NDArray[Any], path: Path) -> Json:
        dtype = array.dtype
        if not _storable(dtype):
            raise _unsupported(path, f"an array of dtype {dtype}")
        listed = any(isinstance(part, int) for part in path)
        if not listed or array.ndim == 0 or array.nbytes > SMALL_ARRAY or dtype.kind in _TEXTS:
            self.pieces.append(Piece(self._free([str(part) for part in path]), [array]))
            return {"$array": len(self.pieces) - 1}
        last = len(path) - 1
        common = [("items" if n == last else "item") if isinstance(part, int) else part for n, part in enumerate(path)]
        key = ("/".join(common), dtype, array.shape[1:])
        if key not in self._pools:
            self._pools[key] = len(self.pieces)
            self.pieces.append(Piece(self._free(common)))
        piece = self.pieces[self._pools[key]]
        piece.parts.append(array)
        piece.rows += len(array)
        return {"$array": self._pools[key], "rows": [piece.rows - len(array), piece.rows]}

    def _free(self, path: list[str]) -> str:
        """Find an HDF5 path for a data set; a number is added if several arrays want the same."""
        base = "/".join(_link_name(part) for part in path)
        candidate, number = base, 1
        while candidate in self._paths:
            number += 1
            candidate = f"{base}#{number}"
        self._paths.add(candidate)
        return candidate


class Decoder:
    """Turns JSON made by `Encoder` into the value again.

    Parameters
    ----------
    array : callable
        Gives the array of a number.
    """

    def __init__(self, array: Callable[[int], NDArray[Any]]) -> None:
        self._array = array
        self._met: list[Any] = []

    def decode(self, node: Json) -> Any:
        """Make the value that `node` was made from.

        Raises
        ------
        FormatError
            If `node` needs a newer version of this package.
        LookupError, TypeError, ValueError
            If `node` was not made by `Encoder`.
        """
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        tag = next(iter(node), "")
        if not tag.startswith("$"):
            return {key: self.decode(item) for key, item in node.items()}
        if tag == "$array":
            return self._rows(node)
        if tag == "$object":
            return self._object(node)
        if tag == "$same":
            return self._met[node[tag]]
        if tag == "$tuple":
            return tuple(self.decode(item) for item in node[tag])
        if tag == "$set":
            return {self.decode(item) for item in node[tag]}
        if tag == "$dict":
            return {self.decode(key): self.decode(item) for key, item in node[tag]}
        return _UNTAG[tag](node)

    def _rows(self, node: Json) -> NDArray[Any]:
        array = self._array(node["$array"])
        if "rows" not in node:
            return array
        start, end = node["rows"]
        if not 0 <= start <= end <= len(array):
            raise ValueError(f"rows {start} to {end} of an array of {len(array)}")
        return array[start:end] if isinstance(array, np.memmap) else array[start:end].copy()

    def _object(self, node: Json) -> Any:
        known = types.named(node["$object"])
        if known is None or node["version"] > known.version:
            raise FormatError(
                f"it holds a {node['$object']} of version {node['version']}, which needs a newer version of lumentrace"
            )
        number = len(self._met)
        self._met.append(None)
        state = {name: self.decode(item) for name, item in node["state"].items()}
        self._met[number] = known.build(state, node["version"])
        return self._met[number]


def _link_name(part: str) -> str:
    return {"": "%", ".": "%2E"}.get(part) or quote(part, safe=" +()", errors="surrogatepass")


def _storable(dtype: np.dtype[Any]) -> bool:
    if dtype.kind in _TEXTS:
        return dtype.itemsize > 0
    widest = 16 if dtype.kind == "c" else 8
    return dtype.kind in _NUMBERS + _TIMES and dtype.itemsize <= widest


def _unsupported(path: Path, what: str) -> TypeError:
    return TypeError(
        f"`{'/'.join(str(part) for part in path)}`: {what} cannot be stored; expected None, bool, int, float, complex, "
        f"str, bytes, a numpy scalar or plain array of numbers, times or text, a list, tuple, set or dict of these, a "
        f"Filter, Reducer or Pipeline, or one of {', '.join(types.names())}"
    )


def _float(value: float) -> Json:
    return value if math.isfinite(value) else {"$float": repr(value)}


def _complex(value: complex) -> Json:
    return {"$complex": [_float(value.real), _float(value.imag)]}


def _bytes(value: bytes) -> Json:
    return {"$bytes": base64.b64encode(value).decode("ascii")}


_PLAIN: dict[type, Callable[[Any], Json]] = {float: _float, complex: _complex, bytes: _bytes}


def _scalar(value: np.generic, path: Path) -> Json:
    dtype = value.dtype
    if not (_storable(dtype) or dtype.kind in _TEXTS):
        raise _unsupported(path, f"a numpy scalar of dtype {dtype}")
    item = int(value.view(np.int64)) if dtype.kind in _TIMES else value.item()
    return {"$scalar": dtype.str, "value": _PLAIN.get(type(item), lambda same: same)(item)}


def _unscalar(node: Json) -> np.generic:
    dtype, item = np.dtype(node["$scalar"]), node["value"]
    if dtype.kind not in _NUMBERS + _TEXTS + _TIMES:
        raise ValueError(f"a numpy scalar of dtype {dtype}")
    if isinstance(item, dict):
        item = _UNTAG[next(iter(item))](item)
    scalar: np.generic = np.int64(item).view(dtype) if dtype.kind in _TIMES else dtype.type(item)
    return scalar


def _uncomplex(node: Json) -> complex:
    real, imaginary = (part if isinstance(part, float) else _UNTAG["$float"](part) for part in node["$complex"])
    return complex(real, imaginary)


_UNTAG: dict[str, Callable[[Json], Any]] = {
    "$class": lambda node: classes.find(**node["$class"]),
    "$float": lambda node: float(node["$float"]),
    "$complex": _uncomplex,
    "$bytes": lambda node: base64.b64decode(node["$bytes"], validate=True),
    "$scalar": _unscalar,
}
