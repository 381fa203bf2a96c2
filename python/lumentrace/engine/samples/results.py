"""The results of a native plan: one block of rows, cut into objects when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.iterable_samples import IterableSamples

Attrs = Callable[[int], dict[str, Any]]


def _no_attrs(index: int) -> dict[str, Any]:
    return {}


@dataclass(eq=False)
class Results(Sequence[Any]):
    """One result per sample, made when it is indexed; otherwise it reads like the list of them.

    Attributes
    ----------
    kind : type
        Class of the objects, e.g. `PointData`.
    rows : (N, C) array
        Rows of all objects.
    ranges : (G, 2) array
        First and last (exclusive) row of each object.
    owners : (S + 1,) array
        Result i owns the objects ``owners[i]:owners[i + 1]``.
    columns : list of str
        Names of the columns.
    listed : bool
        Whether each result is a list of objects rather than one object.
    attrs : callable
        Attributes of the objects of result i.
    provenance : Provenance or None
        The history of all objects.
    units : dict
        Units of columns that are not the usual ones.
    """

    kind: type[IterableSamples]
    rows: NDArray[np.float64]
    ranges: NDArray[np.int64]
    owners: NDArray[np.int64]
    columns: list[str]
    listed: bool
    attrs: Attrs = field(default=_no_attrs, repr=False)
    provenance: Any = field(default=None, repr=False)
    units: dict[str, str] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.owners) - 1

    @overload
    def __getitem__(self, key: int) -> Any: ...
    @overload
    def __getitem__(self, key: slice) -> list[Any]: ...
    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, slice):
            return [self[i] for i in range(*key.indices(len(self)))]
        if not -len(self) <= key < len(self):
            raise IndexError(f"result {key} of {len(self)} results")
        index = key % len(self)
        attrs = self.attrs(index)
        objects = [self._object(g, attrs) for g in range(self.owners[index], self.owners[index + 1])]
        return objects if self.listed else objects[0]

    def _object(self, group: int, attrs: dict[str, Any]) -> IterableSamples:
        start, end = self.ranges[group]
        made = self.kind(self.rows[start:end], columns=self.columns, **attrs)
        made.provenance = self.provenance
        made.units = self.units
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        attrs = [self.attrs(i) for i in range(len(self))]
        plain = (self.kind, self.rows, self.ranges, self.owners, self.columns, self.listed)
        return _restored, (*plain, attrs if any(attrs) else None, self.provenance, self.units)

    def __add__(self, other: Sequence[Any]) -> list[Any]:
        return [*self, *other]

    def __radd__(self, other: Sequence[Any]) -> list[Any]:
        return [*other, *self]

    def __repr__(self) -> str:
        what = f"lists of {self.kind.__name__}" if self.listed else self.kind.__name__
        return f"Results({len(self)} x {what}, {len(self.rows)} rows, columns {self.columns})"


def _restored(*state: Any) -> Results:
    kind, rows, ranges, owners, columns, listed, attrs, provenance, units = state
    of_result = _no_attrs if attrs is None else attrs.__getitem__
    # Some executors unpack arrays where they lie in a message, at odd addresses.
    rows, ranges, owners = (np.require(array, requirements=["C", "A"]) for array in (rows, ranges, owners))
    return Results(kind, rows, ranges, owners, columns, listed, of_result, provenance, units)


def join(parts: Sequence[Any]) -> Any:
    """The results of consecutive chunks, of which there is at least one, as one sequence."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    if not isinstance(first, Results) or not all(_alike(part, first) for part in parts):
        return [result for part in parts for result in part]
    row_shift = np.cumsum([0, *(len(part.rows) for part in parts[:-1])])
    group_shift = np.cumsum([0, *(len(part.ranges) for part in parts[:-1])])
    starts = np.cumsum([0, *(len(part) for part in parts)])

    def attrs(index: int) -> dict[str, Any]:
        chunk = int(np.searchsorted(starts, index, side="right")) - 1
        return dict(parts[chunk].attrs(index - int(starts[chunk])))

    return Results(
        first.kind,
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.ranges + shift for part, shift in zip(parts, row_shift, strict=True)]),
        np.concatenate([[0], *(p.owners[1:] + shift for p, shift in zip(parts, group_shift, strict=True))]),
        first.columns,
        first.listed,
        attrs,
        units=first.units,
    )


def _alike(part: Any, first: Results) -> bool:
    return isinstance(part, Results) and all(
        getattr(part, name) == getattr(first, name) for name in ("kind", "columns", "listed", "units")
    )
