"""Records as HDF5: features as columns, masks compressed, and everything back as it was.

A dict is a group, an array a data set. A list of dicts with the same keys is a group of columns (attribute ``kind`` =
'table'); a list of such lists, as features by frame, has the lengths of the lists as ``counts`` too ('tables'); a list
of arrays alike is one data set ('arrays'); other lists with arrays or dicts are groups of numbered items ('list'). What
occurs twice is linked. Everything else is JSON, where a tuple is ``{"$tuple": [...]}`` and a number that is
not finite ``{"$float": "nan"}``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.storage.encoding import Decoder, Encoder
from lumentrace.storage.hdf5 import opened, written

COLUMN_TYPES: dict[type, Any] = {int: np.int64, float: np.float64, bool: np.bool_}


def write_record(path: str | os.PathLike[str], record: Mapping[str, Any], root: str) -> None:
    """Write a record into a group of a new file, which appears whole or not at all.

    Parameters
    ----------
    path : path
        Folders that are missing are made.
    record : mapping
        Of dicts, lists, tuples, arrays of numbers and plain values.
    root : str
        Name of the group.

    Raises
    ------
    TypeError
        If the record holds something that cannot be written.
    OSError
        If the file cannot be written.
    """
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file, written(file) as h5:
        _Writer().write(h5, root, dict(record))


def read_record(path: str | os.PathLike[str], root: str) -> dict[str, Any]:
    """Read a record that `write_record` wrote.

    Raises
    ------
    FormatError
        If the file is damaged or something else.
    OSError
        If it cannot be read.
    """
    with opened(Path(path), f"a record {root!r}") as h5:
        found: dict[str, Any] = _read(h5[root])
        return found


class _Writer:
    """Writes values and remembers where containers are, to link those that occur again."""

    def __init__(self) -> None:
        self._written: dict[int, tuple[Any, Any]] = {}

    def write(self, group: Any, name: str, value: Any, remember: bool = True) -> None:
        if id(value) in self._written:
            group[name] = self._written[id(value)][1]
            return
        made, kind = self._made(group, name, value)
        made.attrs["kind"] = kind
        if remember and isinstance(value, (Mapping, list, np.ndarray)):
            # Held, because another object may get the id of one that is gone.
            self._written[id(value)] = value, made

    def _made(self, group: Any, name: str, value: Any) -> tuple[Any, str]:
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            return _array(group, name, value), "array"
        if _alike_arrays(value):
            return _array(group, name, np.stack(value)), "arrays"
        if isinstance(value, list) and _is_table(value):
            return _table(group, name, value), "table"
        if isinstance(value, list) and all(isinstance(own, list) for own in value):
            rows = [row for own in value for row in own]
            if _is_table(rows):
                table = _table(group, name, rows)
                table["counts"] = np.array([len(own) for own in value], dtype=np.int64)
                return table, "tables"
        if isinstance(value, Mapping) and all(isinstance(key, str) and "/" not in key for key in value):
            return self._items(group, name, value.items()), "dict"
        if isinstance(value, Mapping) and any(isinstance(item, np.ndarray) for item in value.values()):
            # Arrays that a mapping makes when it is asked for them are not held.
            items = ((str(int(key)), item) for key, item in value.items())
            return self._items(group, name, items, isinstance(value, dict)), "numbered"
        if isinstance(value, list) and any(isinstance(item, (np.ndarray, Mapping)) for item in value):
            return self._items(group, name, ((str(key), item) for key, item in enumerate(value))), "list"
        return group.create_dataset(name, data=_json(name, value)), "json"

    def _items(self, group: Any, name: str, items: Iterable[tuple[str, Any]], remember: bool = True) -> Any:
        own = group.create_group(name, track_order=True)
        for key, item in items:
            self.write(own, key, item, remember)
        return own


def _array(group: Any, name: str, array: np.ndarray[Any, Any]) -> Any:
    compressed = {"compression": "gzip", "compression_opts": 1, "shuffle": True} if array.nbytes > 4096 else {}
    return group.create_dataset(name, data=array, **compressed)


def _alike_arrays(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 0
        and all(isinstance(item, np.ndarray) and item.dtype.kind in "biuf" for item in value)
        and len({(item.shape, item.dtype) for item in value}) == 1
    )


def _is_table(rows: Sequence[Any]) -> bool:
    """Whether rows have the same keys, and each column numbers of one type or tuples of as many."""
    if not rows or not all(isinstance(row, dict) and row for row in rows):
        return False
    names = list(rows[0])
    return all(list(row) == names for row in rows) and all(
        len({_kind(row[name]) for row in rows}) == 1 and _kind(rows[0][name]) is not None for name in names
    )


def _kind(value: Any) -> Any:
    if type(value) in COLUMN_TYPES:
        return type(value)
    if (
        isinstance(value, tuple)
        and value
        and len({type(item) for item in value}) == 1
        and type(value[0]) in COLUMN_TYPES
    ):
        return type(value[0]), len(value)
    return None


def _table(group: Any, name: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    own = group.create_group(name, track_order=True)
    columns = own.create_group("columns", track_order=True)
    for column in rows[0]:
        kind = _kind(rows[0][column])
        dtype = COLUMN_TYPES[kind[0] if isinstance(kind, tuple) else kind]
        _array(columns, column, np.array([row[column] for row in rows], dtype=dtype))
    return own


def _json(name: str, value: Any) -> str:
    encoder = Encoder()
    document = encoder.encode(value)
    if encoder.pieces:
        raise TypeError(f"{name!r}: expected arrays alone or in lists of equal shape, found them inside other values")
    return json.dumps(document, allow_nan=False)


def _read(node: Any) -> Any:
    kind = node.attrs["kind"]
    if kind == "dict":
        return {key: _read(item) for key, item in node.items()}
    if kind == "numbered":
        return {int(key): _read(item) for key, item in node.items()}
    if kind == "list":
        return [_read(item) for item in node.values()]
    if kind == "array":
        return node[()]
    if kind == "arrays":
        return list(node[()])
    if kind == "json":
        return Decoder(_no_arrays).decode(json.loads(node[()]))
    columns = {name: [_plain(item) for item in dataset[()].tolist()] for name, dataset in node["columns"].items()}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if kind == "table":
        return rows
    ends = np.cumsum(node["counts"][()]).tolist()
    return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _plain(item: Any) -> Any:
    return tuple(item) if isinstance(item, list) else item


def _no_arrays(number: int) -> Any:
    raise FormatError(f"expected no array, found a reference to number {number}")
