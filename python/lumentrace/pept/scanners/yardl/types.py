"""Types of Yardl: each reads its values from a source.

Where values are nothing but numbers of one kind, many of them are read at once: vectors of such records are one record
of arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from lumentrace.pept.scanners.yardl.source import Source

Numbers = NDArray[Any]
MOST_AXES = 32


@dataclass(frozen=True)
class Flat:
    """Values that are so many numbers of one kind, and what makes values of such numbers along the last axis."""

    number: Number
    count: int
    shaped: Callable[[Numbers], Any]


class Type(Protocol):
    """What can be read."""

    @property
    def flat(self) -> Flat | None:
        """What a value is, if it is nothing but numbers of one kind."""

    def read(self, source: Source) -> Any:
        """The next value."""


@dataclass(frozen=True)
class Number:
    """Of a fixed width (`dtype`), or of so many bits in as many bytes as it needs."""

    dtype: str = ""
    bits: int = 64
    signed: bool = False

    @property
    def flat(self) -> Flat | None:
        """Itself."""
        return Flat(self, 1, lambda numbers: numbers[..., 0])

    def read(self, source: Source) -> Any:
        """One."""
        return self.many(source, 1)[0].item()

    def many(self, source: Source, count: int) -> Numbers:
        """Many."""
        if self.dtype:
            return source.array(np.dtype(self.dtype), count)
        found = source.numbers(count)
        if self.bits < 64 and len(found) and int(found.max()) >> self.bits:
            raise ValueError(f"the number {int(found.max())} in {self.bits} bits")
        if self.signed:
            return (found >> np.uint64(1)).astype(np.int64) ^ -(found & np.uint64(1)).astype(np.int64)
        return found if self.bits == 64 else found.astype(np.int64)


@dataclass(frozen=True)
class Text:
    """In UTF-8."""

    flat: ClassVar[None] = None

    def read(self, source: Source) -> str:
        """One."""
        return source.take(source.number()).decode()


@dataclass(frozen=True)
class Record:
    """Values with names; flat ones are arrays with names."""

    fields: Mapping[str, Type]

    @cached_property
    def flat(self) -> Flat | None:
        """What its fields are together."""
        each = {name: field.flat for name, field in self.fields.items()}
        flats = {name: flat for name, flat in each.items() if flat is not None}
        first = next(iter(flats.values()), None)
        if first is None or len(flats) < len(each) or any(flat.number != first.number for flat in flats.values()):
            return None
        ends = np.cumsum([flat.count for flat in flats.values()], dtype=object).tolist()
        return Flat(first.number, ends[-1], lambda numbers: self._shaped(flats, ends, numbers))

    @staticmethod
    def _shaped(flats: Mapping[str, Flat], ends: Sequence[int], numbers: Numbers) -> dict[str, Any]:
        places = zip(flats.items(), ends, strict=True)
        return {name: flat.shaped(numbers[..., end - flat.count : end]) for (name, flat), end in places}

    def read(self, source: Source) -> dict[str, Any]:
        """One."""
        source.value()
        return {name: field.read(source) for name, field in self.fields.items()}


@dataclass(frozen=True)
class Block:
    """Items in a shape that is known: a vector of fixed length or an array of fixed dimensions."""

    item: Type
    shape: tuple[int, ...]

    @cached_property
    def flat(self) -> Flat | None:
        """What all its items are."""
        each = self.item.flat
        if each is None:
            return None
        inside = (*self.shape, each.count)
        shaped = each.shaped
        return Flat(
            each.number, math.prod(inside), lambda numbers: shaped(numbers.reshape(*numbers.shape[:-1], *inside))
        )

    def read(self, source: Source) -> Any:
        """One."""
        return _many(source, self.item, self.shape)


@dataclass(frozen=True)
class Sized:
    """Items after their number along each axis: a vector, or an array; with None, it tells first how many axes."""

    item: Type
    axes: int | None = 1
    flat: ClassVar[None] = None

    def read(self, source: Source) -> Any:
        """One."""
        axes = source.number() if self.axes is None else self.axes
        if axes > MOST_AXES:
            raise ValueError(f"an array of {axes} axes")
        return _many(source, self.item, tuple(source.number() for _ in range(axes)))


@dataclass(frozen=True)
class Choice:
    """One of some types, whose number comes first; None is nothing."""

    cases: Sequence[tuple[str, Type | None]]
    flat: ClassVar[None] = None

    def read(self, source: Source) -> Any:
        """Its name and value; of a single type that may be missing, the value or None."""
        source.value()
        number = source.byte()
        if number >= len(self.cases):
            raise ValueError(f"case {number} of {len(self.cases)}")
        name, case = self.cases[number]
        value = None if case is None else case.read(source)
        return (name, value) if sum(case is not None for _, case in self.cases) > 1 else value


@dataclass(frozen=True)
class Pairs:
    """Keys and values."""

    key: Type
    value: Type
    flat: ClassVar[None] = None

    def read(self, source: Source) -> list[tuple[Any, Any]]:
        """One."""
        count = source.number()
        source.expect(count)
        return [(self.key.read(source), self.value.read(source)) for _ in range(count)]


def _many(source: Source, item: Type, shape: tuple[int, ...]) -> Any:
    """Arrays of flat items; lists of others, in one row whatever the shape."""
    source.value()
    count, flat = math.prod(shape), item.flat
    if flat is None:
        source.expect(count)
        return [item.read(source) for _ in range(count)]
    source.expect(count * flat.count)
    return flat.shaped(flat.number.many(source, count * flat.count).reshape(*shape, flat.count))
