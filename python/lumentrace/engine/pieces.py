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
) -> Generator[tuple[T, float]]:
    """Make the pieces of a step, or take what an earlier run kept of them, one after another.

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

    Yields
    ------
    piece : object
    seconds : float
        That were spent on it, in this run or in an earlier one.
    """
    missing = {number for number, keep in enumerate(keeps) if _kept(keep, directory) is None}
    clock = time.perf_counter()
    with closing(work(sorted(missing))) as fresh:
        for number, keep in enumerate(keeps):
            kept = None if number in missing else _kept(keep, directory)
            if kept is None and number not in missing:
                raise RuntimeError(f"{keep.file}: expected the piece that was there before, found it gone or changed")
            if kept is None:
                piece = next(fresh)
                spent = time.perf_counter() - clock
                if directory is not None:
                    directory.write(keep.file, keep.encode(piece), {"seconds": spent})
            else:
                piece, spent = kept
            finished(number)
            yield piece, spent
            clock = time.perf_counter()


def _kept(keep: Keep[T], directory: RunDirectory | None) -> tuple[T, float] | None:
    """A piece and the seconds it took."""
    content = None if directory is None else directory.read(keep.file)
    if directory is None or content is None:
        return None
    return keep.decode(content), float((directory.about(keep.file) or {}).get("seconds", 0.0))
