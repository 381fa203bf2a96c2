"""What tells one run from another: the content of its input, and the parameters and code of its transformers."""

from __future__ import annotations

import json
from abc import ABC
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.base.provenance import content, plain
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine.samples.results import Results
from lumentrace.engine.samples.transformer import Transformer


def of_samples(samples: Any) -> str:
    """A digest of everything a result may depend on: rows, samples, columns, units and attributes."""
    return _digest(_parts(samples))


def of_values(*values: Any) -> str:
    """A digest of arrays, functions and plain values."""
    return _digest([_parts(value) for value in values])


def of_transformer(transformer: Transformer) -> list[Any]:
    """Name, parameters (private ones too) and, unless it is one of ours, a digest of its code."""
    kind = type(transformer)
    parameters = {name: _parts(value) for name, value in sorted(vars(transformer).items())}
    own = [base for base in kind.__mro__ if base not in (ABC, object) and not base.__module__.startswith("lumentrace.")]
    return [kind.__name__, parameters, _digest([list(_functions(base)) for base in own]) if own else None]


def _parts(value: Any) -> Any:
    if isinstance(value, IterableSamples):
        return [
            type(value).__name__,
            content(value.data),
            content(value.samples_indices),
            value.columns,
            value.units,
            _parts(value.attrs),
        ]
    if isinstance(value, Results):
        return [_parts(value.attrs(i)) for i in range(len(value))] + [
            value.kind.__name__,
            content(value.rows),
            content(value.ranges),
            content(value.owners),
            value.columns,
            value.units,
            value.listed,
        ]
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return [str(value.dtype), value.shape, content(value)]
    if isinstance(value, FunctionType):
        return [list(_code(value.__code__)), _parts(value.__defaults__), list(_closure(value))]
    if isinstance(value, Mapping):
        return {str(key): _parts(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_parts(item) for item in value]
    return plain(value)


def _functions(kind: type) -> Iterator[Any]:
    for name, member in sorted(vars(kind).items()):
        if isinstance(member, FunctionType):
            yield [name, _parts(member)]


def _closure(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        value = cell.cell_contents
        # A function may hold itself.
        yield list(_code(value.__code__)) if isinstance(value, FunctionType) else _parts(value)


def _code(code: CodeType) -> Iterator[Any]:
    yield from (code.co_code.hex(), code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield list(_code(constant))
        else:
            yield sorted(map(repr, constant)) if isinstance(constant, frozenset) else repr(constant)


def _digest(parts: Any) -> str:
    return _core.content_hash(np.frombuffer(json.dumps(parts).encode(), dtype=np.uint8))
