"""What follows what in a file of Yardl: its schema, which it holds itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lumentrace.pept.scanners.yardl.source import Source
from lumentrace.pept.scanners.yardl.types import Block, Choice, Number, Pairs, Record, Sized, Text, Type

MAGIC = b"yardl"
VERSION = 1
MOST_SCHEMA = 2**20
"""Bytes."""
MOST_TYPES, DEEPEST = 10_000, 64
"""Types of a schema, and types within each other."""

NUMBERS: dict[str, Number] = {
    **{f"uint{bits}": Number(bits=bits) for bits in (16, 32, 64)},
    **{f"int{bits}": Number(bits=bits, signed=True) for bits in (16, 32, 64)},
    **{name: Number(signed=True) for name in ("date", "time", "datetime")},
    "size": Number(),
    "bool": Number("u1"),
    "uint8": Number("u1"),
    "int8": Number("i1"),
    "float32": Number("<f4"),
    "float64": Number("<f8"),
    "complexfloat32": Number("<c8"),
    "complexfloat64": Number("<c16"),
}


def types_of(source: Source, protocol: str) -> dict[str, Type]:
    """The types of the steps of a file, whose first value is next then; streams are told by the type of their items.

    Raises
    ------
    ValueError
        If it is no file of this protocol.
    """
    if source.take(len(MAGIC)) != MAGIC:
        raise ValueError("another beginning")
    if (version := int.from_bytes(source.take(4), "little")) != VERSION:
        raise ValueError(f"version {version} of Yardl, not {VERSION}")
    length = source.number()
    if length > MOST_SCHEMA:
        raise ValueError(f"a schema of {length:,} bytes")
    try:
        return _steps(json.loads(source.take(length)), protocol)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a schema that is none ({type(error).__name__}: {error})") from error


def items(source: Source, item: Type) -> Iterator[Any]:
    """The items of a stream."""
    while count := source.number():
        for _ in range(count):
            source.begin()
            yield item.read(source)


def _steps(schema: Any, protocol: str) -> dict[str, Type]:
    if schema["protocol"]["name"] != protocol:
        raise ValueError(f"the protocol {str(schema['protocol']['name'])[:60]!r}")
    makes = _Types({each["name"]: each for each in schema["types"] or []})
    steps = {}
    for step in schema["protocol"]["sequence"]:
        told = step["type"]
        if isinstance(told, Mapping) and "stream" in told:
            told = told["stream"]["items"]
        steps[step["name"]] = makes.type(told, {}, 0)
    return steps


class _Types:
    """Makes types of their descriptions."""

    def __init__(self, named: dict[str, Any]) -> None:
        self._named, self._made = named, 0

    def type(self, told: Any, given: Mapping[str, Type], depth: int) -> Type:
        """Of a description in which some names are `given`."""
        self._made += 1
        if self._made > MOST_TYPES or depth > DEEPEST:
            raise ValueError("a schema of too many types")
        if isinstance(told, str):
            return self._by_name(told, [], given, depth)
        if isinstance(told, list):
            return Choice([self._case(each, given, depth) for each in told])
        if "vector" in told:
            return self._shaped(told["vector"], told["vector"].get("length"), given, depth)
        if "array" in told:
            return self._shaped(told["array"], told["array"].get("dimensions"), given, depth, None)
        if "map" in told:
            return Pairs(*(self.type(told["map"][each], given, depth + 1) for each in ("keys", "values")))
        arguments = [self.type(each, given, depth + 1) for each in told["typeArguments"]]
        return self._by_name(told["name"], arguments, given, depth)

    def _by_name(self, name: str, arguments: list[Type], given: Mapping[str, Type], depth: int) -> Type:
        if name in given:
            return given[name]
        if name == "string":
            return Text()
        if name in NUMBERS:
            return NUMBERS[name]
        told = self._named[name.rpartition(".")[2]]
        inside = dict(zip(told.get("typeParameters") or [], arguments, strict=True))
        if "fields" in told:
            fields = {each["name"]: self.type(each["type"], inside, depth + 1) for each in told["fields"]}
            if not fields:
                raise ValueError(f"a schema whose {name} holds nothing")
            return Record(fields)
        if "values" in told:
            return self.type(told.get("base") or "int32", {}, depth + 1)
        return self.type(told["type"], inside, depth + 1)

    def _case(self, told: Any, given: Mapping[str, Type], depth: int) -> tuple[str, Type | None]:
        if told is None:
            return "", None
        if isinstance(told, Mapping) and "tag" in told:
            return str(told["tag"]), self.type(told["type"], given, depth + 1)
        return "", self.type(told, given, depth + 1)

    def _shaped(self, told: Any, sizes: Any, given: Mapping[str, Type], depth: int, without: int | None = 1) -> Type:
        """A vector of this length, or an array of these dimensions, if any."""
        item = self.type(told["items"], given, depth + 1)
        if sizes is None:
            return Sized(item, without)
        if isinstance(sizes, int) and "dimensions" in told:
            return Sized(item, sizes)
        lengths = [each.get("length") for each in sizes] if isinstance(sizes, list) else [sizes]
        if None in lengths:
            return Sized(item, len(lengths))
        if not all(isinstance(length, int) and length > 0 for length in lengths):
            raise ValueError(f"a schema with items in a shape of {lengths}")
        return Block(item, tuple(lengths))
