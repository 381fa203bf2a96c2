"""The results of a native plan: one block of rows, cut into objects when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import html
from lumentrace.data.iterable_samples import UNITS, IterableSamples

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

    def _repr_html_(self) -> str:
        what = f"lists of {self.kind.__name__}" if self.listed else self.kind.__name__
        about = (f"{html.text(len(self))} x {what}", html.counted(len(self.rows), "row"))
        first = html.table(self.columns, self.rows[: html.ROWS].tolist(), len(self.rows), UNITS | self.units)
        return html.face("Results", about, first)


def _restored(*state: Any) -> Results:
    kind, rows, ranges, owners, columns, listed, attrs, provenance, units = state
    of_result = _no_attrs if attrs is None else attrs.__getitem__
    # Some executors unpack arrays where they lie in a message, at odd addresses.
    rows, ranges, owners = (np.require(array, requirements=["C", "A"]) for array in (rows, ranges, owners))
    return Results(kind, rows, ranges, owners, columns, listed, of_result, provenance, units)


def as_batch(samples: Any) -> Results | None:
    """`samples` as one block of rows; None if they are not tables of one class and one set of columns."""
    if isinstance(samples, Results):
        return samples
    if isinstance(samples, IterableSamples):
        owners = np.arange(len(samples) + 1, dtype=np.int64)
        attrs = _SameAttrs(samples.attrs)
        table = (samples.data, samples.samples_indices, owners, samples.columns)
        return Results(type(samples), *table, False, attrs, samples.provenance, samples.units)
    items = list(samples)
    listed = bool(items) and all(isinstance(item, (list, tuple)) and len(item) for item in items)
    objects = [o for item in items for o in item] if listed else items
    if not objects or not all(isinstance(o, IterableSamples) for o in objects) or not _uniform(objects):
        return None
    ends = np.cumsum([len(o.data) for o in objects], dtype=np.int64)
    starts = np.concatenate([[0], ends[:-1]])
    owners = np.cumsum([0, *(len(item) if listed else 1 for item in items)], dtype=np.int64)
    firsts = [item[0] if listed else item for item in items]
    return Results(
        type(objects[0]),
        np.concatenate([o.data for o in objects]) if len(objects) > 1 else objects[0].data,
        np.stack([starts, ends], axis=1),
        owners,
        objects[0].columns,
        listed,
        _OwnAttrs([first.attrs for first in firsts]),
        objects[0].provenance,
        objects[0].units,
    )


def _uniform(objects: Sequence[IterableSamples]) -> bool:
    first = objects[0]
    return all(type(o) is type(first) and o.columns == first.columns and o.units == first.units for o in objects)


@dataclass
class _SameAttrs:
    """Every sample has the same attributes."""

    attrs: dict[str, Any]

    def __call__(self, index: int) -> dict[str, Any]:
        return dict(self.attrs)


@dataclass
class _OwnAttrs:
    """Each sample has its own attributes."""

    attrs: list[dict[str, Any]]

    def __call__(self, index: int) -> dict[str, Any]:
        return dict(self.attrs[index])


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
