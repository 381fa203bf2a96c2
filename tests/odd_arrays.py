"""Arrays that are laid out in odd ways, or hold odd numbers; and results as plain values that can be compared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lumentrace.data.iterable_samples import IterableSamples

Array = NDArray[Any]


# ---------------------------------------------------------------------- the same numbers, laid out otherwise
def big_endian(array: Array) -> Array:
    return array.astype(array.dtype.newbyteorder(">"))


def read_only(array: Array) -> Array:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def strided(array: Array) -> Array:
    held = np.full((*array.shape[:-1], 2 * array.shape[-1]), 99, array.dtype)
    held[..., ::2] = array
    return held[..., ::2]


def backwards(array: Array) -> Array:
    return np.ascontiguousarray(array[::-1])[::-1]


def columns_first(array: Array) -> Array:
    return np.asfortranarray(array)


def unaligned(array: Array) -> Array:
    held = np.zeros(array.nbytes + 1, np.uint8)
    moved = np.frombuffer(held.data, array.dtype, array.size, offset=1).reshape(array.shape)
    moved[...] = array
    return moved


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    each.__name__: each for each in (big_endian, read_only, strided, backwards, columns_first, unaligned)
}


# ---------------------------------------------------------------------- other numbers
def with_some(value: float) -> Callable[[Array], Array]:
    def change(array: Array) -> Array:
        changed = array.astype(np.float64)
        changed.reshape(-1)[:: max(changed.size // 7, 1)] = value
        return changed

    return change


def all_are(value: float) -> Callable[[Array], Array]:
    return lambda array: np.full(array.shape, value)


CONTENTS: dict[str, Callable[[Array], Array]] = {
    "some NaN": with_some(np.nan),
    "all NaN": all_are(np.nan),
    "some infinite": with_some(np.inf),
    "some minus infinite": with_some(-np.inf),
    "denormal": with_some(5e-324),
    "all denormal": all_are(5e-324),
    "huge": with_some(1e300),
    "all huge": all_are(-1.7e308),
    "no row": lambda array: array[:0],
    "no column": lambda array: array[..., :0],
    "an axis more": lambda array: array[None],
    "an axis less": lambda array: array[0],
    "no axis": lambda array: array.reshape(-1)[0:1].reshape(()),
    "objects": lambda array: array.astype(object),
    "words": lambda array: np.full(array.shape, "a"),
    "complex": lambda array: array + 1j,
    "truths": lambda array: array > array.mean(),
    "times": lambda array: array.astype("timedelta64[ns]"),
}


# ---------------------------------------------------------------------- results that can be compared
def plain(value: Any) -> Any:
    """A result as arrays, numbers, words, lists and dicts; files and times are left out."""
    if isinstance(value, IterableSamples):
        return [list(value.columns), np.asarray(value.data), np.asarray(value.samples_indices)]
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if isinstance(value, pl.DataFrame):
        return {name: value[name].to_list() for name in value.columns}
    if type(value).__module__.startswith("lumentrace"):
        names = [each.name for each in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else vars(value)
        return {name: plain(getattr(value, name)) for name in names if "provenance" not in name}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items() if key != "provenance"}
    if isinstance(value, (list, tuple, Iterator)):
        return [plain(item) for item in value]
    return None if isinstance(value, Path) else value


def assert_same(found: Any, expected: Any) -> None:
    """Two plain results with the same bits."""
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype.newbyteorder("=") == expected.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, expected, strict=False)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert_same(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == expected or (found != found and expected != expected)
