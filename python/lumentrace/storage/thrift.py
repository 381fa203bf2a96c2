"""Structs of Thrift's compact protocol, as Parquet files hold them: field numbers and values, every size checked."""

from __future__ import annotations

import struct
from typing import Any

from lumentrace.base.errors import FormatError

DEPTH = 32
_LONGEST = 10
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)


class CutShortError(FormatError):
    """The bytes end inside a struct."""


class Structs:
    """Reads structs that follow each other.

    Parameters
    ----------
    content : bytes
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.place = 0

    def next(self, depth: int = 0) -> dict[int, Any]:
        """Fields by number; raises FormatError if the bytes are no struct."""
        if depth > DEPTH:
            raise FormatError(f"expected at most {DEPTH} structs in each other, found more")
        found: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            kind = head & 15
            found[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind in (_I16, _I32, _I64):
            return self._signed()
        if kind == _DOUBLE:
            return struct.unpack("<d", self._take(8))[0]
        if kind == _BINARY:
            return self._take(self._unsigned())
        if kind in (_LIST, _SET):
            return self._list(depth)
        if kind == _STRUCT:
            return self.next(depth + 1)
        raise FormatError(f"expected a type of value from 1 to 12 and no map, found {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._unsigned()
        if count > len(self._content) - self.place:
            raise CutShortError(f"expected a list of {count}, found {len(self._content) - self.place} bytes")
        return [self._value(head & 15, depth + 1) for _ in range(count)]

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, count: int) -> bytes:
        taken = self._content[self.place : self.place + count]
        if len(taken) < count:
            raise CutShortError(f"expected {count} bytes, found {len(taken)}")
        self.place += count
        return taken

    def _unsigned(self) -> int:
        value = 0
        for number in range(_LONGEST):
            byte = self._byte()
            value |= (byte & 127) << 7 * number
            if byte < 128:
                return value
        raise FormatError(f"expected a number of at most {_LONGEST} bytes, found a longer one")

    def _signed(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
