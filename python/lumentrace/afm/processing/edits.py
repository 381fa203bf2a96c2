"""Edits of a stack: which frames stay. Each gives the numbers of those."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable


def drop_frames(n_frames: int, indices_to_drop: Iterable[int]) -> list[int]:
    """Leave out frames by number.

    Raises
    ------
    IndexError
        For a frame that is not there.
    """
    dropped = set(_checked("indices_to_drop", indices_to_drop, n_frames))
    return [number for number in range(n_frames) if number not in dropped]


def select_frames(n_frames: int, keep_indices: Iterable[int]) -> list[int]:
    """Keep frames by number, in the order of the film; see `drop_frames`."""
    return sorted(set(_checked("keep_indices", keep_indices, n_frames)))


def drop_frame_range(n_frames: int, start: int, end: int) -> list[int]:
    """Leave out frames from `start` to the one before `end`; see `drop_frames`."""
    if not 0 <= start <= end <= n_frames:
        raise IndexError(f"`start`, `end`: expected 0 <= start <= end <= {n_frames}, found {start} and {end}")
    return [number for number in range(n_frames) if not start <= number < end]


def drop_final_frames(n_frames: int, n: int = 1) -> list[int]:
    """Leave out the last `n` frames; see `drop_frames`."""
    if not 0 <= n <= n_frames:
        raise IndexError(f"`n`: expected 0 to {n_frames}, found {n}")
    return list(range(n_frames - n))


def _checked(name: str, numbers: Iterable[int], n_frames: int) -> list[int]:
    found = [operator.index(number) for number in numbers]
    for number in found:
        if not 0 <= number < n_frames:
            raise IndexError(f"`{name}`: expected frames 0 to {n_frames - 1}, found {number}")
    return found


EDITS: dict[str, Callable[..., list[int]]] = {
    each.__name__: each for each in (drop_frames, drop_frame_range, select_frames, drop_final_frames)
}
