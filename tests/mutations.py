"""Files that are damaged at random: the same ones for the same seed."""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

NUMBERS = [
    struct.pack(order + kind, value)
    for order in "<>"
    for kind, values in {
        "B": (0, 1, 0x7F, 0x80, 0xFF),
        "H": (0, 1, 0x7FFF, 0x8000, 0xFFFF),
        "I": (0, 1, 2**20, 2**26, 2**30, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF),
        "Q": (0, 1, 2**26, 2**33, 2**62, 2**63 - 1, 2**63, 2**64 - 1),
        "f": (float("nan"), float("inf"), 1e38),
        "d": (float("nan"), float("inf"), 1e308),
    }.items()
    for value in values
]
"""Numbers that sizes and offsets should not be: absurd ones, and ones that a machine could just serve."""
WORDS = (
    *(b"0", b"-1", b"2.5", b"70000", b"100000000", b"3000000000", b"99999999999999999999", b"1e999", b"nan"),
    *(b"null", b"[]", b"{}", b'""', b"\xff", b"'\""),
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_clock = count(1)


def damaged(content: bytes, seed: int) -> Iterator[bytes]:
    """Without end: versions with one damage, half of them with another one, half of those with a third, and so on."""
    random = Random(seed)
    numbers = [match.span() for match in _NUMBER.finditer(content[: 1 << 16])]
    while True:
        found = bytearray(content)
        _damage(found, numbers, random)
        while random.random() < 0.5:
            _damage(found, numbers, random)
        yield bytes(found)


def _damage(found: bytearray, numbers: list[tuple[int, int]], random: Random) -> None:
    """Bits flipped, bytes replaced, blocks zeroed, doubled or taken out, the end cut off, or a number changed."""
    place = int(len(found) * random.random())
    width = 1 << int(7 * random.random())
    match int(8 * random.random()):
        case 0:
            if found:
                found[place] ^= 1 << int(8 * random.random())
        case 1:
            found[place : place + width] = random.randbytes(width)
        case 2:
            found[place : place + width] = bytes(width)
        case 3:
            found[place:place] = found[place : place + width]
        case 4:
            del found[place : place + width]
        case 5:
            del found[place:]
        case 6:
            number = random.choice(NUMBERS)
            found[place : place + len(number)] = number
        case _:
            start, end = random.choice(numbers) if numbers else (place, place)
            found[start:end] = random.choice(WORDS)


@dataclass
class Tried:
    """What became of damaged versions of a file.

    Attributes
    ----------
    count, refused : int
    wrong : dict of str to bytes
        Errors of other kinds, and those that do not name the file; each with the first version that gave it.
    slowest : float
        Seconds that the slowest one took.
    """

    count: int = 0
    refused: int = 0
    wrong: dict[str, bytes] = field(default_factory=dict)
    slowest: float = 0.0


def tried(
    path: Path,
    read: Callable[[Path], Any],
    seed: int,
    seconds: float,
    told: tuple[str, ...] = (),
    kinds: tuple[type[Exception], ...] = (ValueError, OSError),
    note: Callable[[bytes], object] | None = None,
    mend: Callable[[bytes], bytes] = bytes,
) -> Tried:
    """Read damaged versions of a file for so long.

    Parameters
    ----------
    told : tuple of str
        What errors may name instead of the file.
    kinds : tuple of type
        Errors that are allowed.
    note : callable, optional
        Called with each version before it is read.
    mend : callable
        Gives a version the checksum that it should have, where one would refuse all of them.
    """
    content, end, found = path.read_bytes(), time.monotonic() + seconds, Tried()
    for version in map(mend, damaged(content, seed)):
        put(path, version)
        if note is not None:
            note(version)
        found.count += 1
        began = time.monotonic()
        try:
            read(path)
        except kinds as error:
            found.refused += 1
            if not any(name in str(error) for name in (path.name, *told)):
                found.wrong.setdefault(f"{type(error).__name__} without the file: {error}", version)
        except Exception as error:
            found.wrong.setdefault(f"{type(error).__name__}: {error}", version)
        now = time.monotonic()
        found.slowest = max(found.slowest, now - began)
        if now > end:
            break
    put(path, content)
    return found


def put(path: Path, content: bytes) -> None:
    """Write a version that nothing takes for the one before: its time is another, however fast they come."""
    path.write_bytes(content)
    stamp = time.time_ns() + next(_clock)
    os.utime(path, ns=(stamp, stamp))
