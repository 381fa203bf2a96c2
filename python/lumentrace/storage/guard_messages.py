"""Questions for a child process that reads foreign files (`guard_child`), and its answers."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import numpy as np

ARRAY, VALUES = b"a", b"v"
"""What a job yields, one after the other."""
END, REFUSED, FAILED = b"z", b"r", b"f"
"""How it ended: with all that there is, as the file cannot be taken, as the system refused something."""
DEAD = b""
"""The child has ended before the job."""
_HEAD = struct.Struct("<cQQ")


@dataclass(frozen=True)
class Limits:
    """What a job may take.

    Attributes
    ----------
    work : float
        Seconds of a processor, until its next array.
    clock : float
        Seconds by the clock, until its next array.
    memory : int
        Bytes.
    """

    work: float
    clock: float
    memory: int


def question(function: str, path: str, arguments: tuple[Any, ...], limits: Limits) -> bytes:
    """A job, in a line."""
    return json.dumps([function, path, arguments, asdict(limits)]).encode() + b"\n"


def asked(line: str) -> tuple[str, str, list[Any], Limits]:
    """What a question asks for."""
    function, path, arguments, limits = json.loads(line)
    return function, path, arguments, Limits(**limits)


def send(pipe: BinaryIO, kind: bytes, value: Any) -> None:
    """Send an answer."""
    if kind == ARRAY:
        array = np.ascontiguousarray(value, np.float64)
        pipe.write(_HEAD.pack(kind, *array.shape))
        pipe.write(array.reshape(-1).view(np.uint8).data)
    else:
        text = json.dumps(value).encode()
        pipe.write(_HEAD.pack(kind, len(text), 0) + text)
    pipe.flush()


def received(pipe: Any) -> tuple[bytes, Any]:
    """The next answer; `DEAD` if the child ended."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return DEAD, None
    kind, rows, columns = _HEAD.unpack(head)
    if kind != ARRAY:
        text = pipe.read(rows)
        return (kind, json.loads(text)) if len(text) == rows else (DEAD, None)
    found = np.empty((rows, columns))
    rest = found.reshape(-1).view(np.uint8).data
    while len(rest):
        count = pipe.readinto(rest)
        if not count:
            return DEAD, None
        rest = rest[count:]
    return kind, found
