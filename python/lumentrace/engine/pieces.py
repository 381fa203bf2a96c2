"""Pieces of the work of one step: those that are finished are kept, and an interrupted run goes on after them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import TypeVar

from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.run import Keep

T = TypeVar("T")


def work_through(
    keeps: Sequence[Keep[T]],
    work: Callable[[list[int]], Generator[T]],
    directory: RunDirectory | None,
    finished: Callable[[int], None],
) -> tuple[list[T], float]:
    """Make the pieces of a step, or take what an earlier run kept of them.

    Parameters
    ----------
    keeps : sequence of Keep
        How each piece is kept.
    work : callable
        Gives the pieces of these numbers, in this order.
    directory : RunDirectory, optional
        Where they are kept.
    finished : callable
        Is told the number of each piece, in order, when it is there.

    Returns
    -------
    pieces : list
    seconds : float
        That were spent on them, in this run and in earlier ones.
    """
    found = [_kept(keep, directory) for keep in keeps]
    missing = [number for number, kept in enumerate(found) if kept is None]
    pieces, seconds, clock = [], 0.0, time.perf_counter()
    with closing(work(missing)) as fresh:
        for number, (keep, kept) in enumerate(zip(keeps, found, strict=True)):
            if kept is None:
                piece = next(fresh)
                spent = time.perf_counter() - clock
                if directory is not None:
                    directory.write(keep.file, keep.encode(piece), {"seconds": spent})
                clock = time.perf_counter()
            else:
                piece, spent = kept
            pieces.append(piece)
            seconds += spent
            finished(number)
    return pieces, seconds


def _kept(keep: Keep[T], directory: RunDirectory | None) -> tuple[T, float] | None:
    """A piece and the seconds it took."""
    content = None if directory is None else directory.read(keep.file)
    if directory is None or content is None:
        return None
    return keep.decode(content), float((directory.about(keep.file) or {}).get("seconds", 0.0))
