"""Files that are damaged at random: the same ones for the same seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

LEAST = 20
"""Versions that are tried, however slow the machine is."""


def damaged(content: bytes, seed: int) -> Iterator[bytes]:
    """Without end: bits flipped, bytes replaced, blocks zeroed, doubled or taken out, ends cut off."""
    rng = np.random.default_rng(seed)
    while True:
        found = bytearray(content)
        place = int(rng.integers(max(len(found), 1)))
        width = int(2 ** rng.integers(0, 7))
        match int(rng.integers(6)):
            case 0:
                if found:
                    found[place] ^= 1 << int(rng.integers(8))
            case 1:
                found[place : place + width] = rng.bytes(width)
            case 2:
                found[place : place + width] = bytes(width)
            case 3:
                found[place:place] = found[place : place + width]
            case 4:
                del found[place : place + width]
            case _:
                del found[place:]
        yield bytes(found)


def wrong_errors(
    path: Path, read: Callable[[Path], Any], allowed: tuple[type[BaseException], ...], seed: int, seconds: float
) -> tuple[int, int, list[str]]:
    """Read damaged versions of a file for so long.

    Returns
    -------
    tried, refused : int
    wrong : list of str
        Errors of other kinds, and those that do not name the file.
    """
    content, end = path.read_bytes(), time.monotonic() + seconds
    tried, refused, wrong = 0, 0, list[str]()
    for version in damaged(content, seed):
        path.write_bytes(version)
        tried += 1
        try:
            read(path)
        except allowed as error:
            refused += 1
            if path.name not in str(error):
                wrong.append(f"{type(error).__name__} without the file: {error}")
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {error}")
        if time.monotonic() > end and tried >= LEAST:
            break
    path.write_bytes(content)
    return tried, refused, list(dict.fromkeys(wrong))
