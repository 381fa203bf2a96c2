"""Pieces of the work of one step: those that are finished are kept, and an interrupted run goes on after them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import TypeVar

from lumentrace.engine.directory import RunDirectory, Written
from lumentrace.engine.run import Keep

T = TypeVar("T")


def work_through(
    keeps: Sequence[Keep[T]],
    work: Callable[[list[int]], Generator[T | Written]],
    directory: RunDirectory | None,
    finished: Callable[[int], None],
) -> Generator[tuple[T, float]]:
    """Make the pieces of a step, or take what an earlier run kept of them, one after another.

    Parameters
    ----------
    keeps : sequence of Keep
        How each piece is kept.
    work : callable
        Gives the pieces of these numbers, in this order, or the receipts of workers that have kept them.
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
                made = next(fresh)
                spent = time.perf_counter() - clock
                piece = _keep(keep, made, directory, {"seconds": spent})
            else:
                piece, spent = kept
            finished(number)
            yield piece, spent
            clock = time.perf_counter()


def _keep(keep: Keep[T], made: T | Written, directory: RunDirectory | None, about: dict[str, float]) -> T:
    """A piece that was made, kept in the directory if there is one."""
    if isinstance(made, Written):
        if directory is None:
            raise RuntimeError(f"{keep.file}: expected a run directory for what a worker has written, found none")
        return keep.decode(directory.adopt(keep.file, made, about))
    if directory is not None:
        directory.write(keep.file, keep.encode(made), about)
    return made


def _kept(keep: Keep[T], directory: RunDirectory | None) -> tuple[T, float] | None:
    """A piece and the seconds it took."""
    content = None if directory is None else directory.read(keep.file)
    if directory is None or content is None:
        return None
    return keep.decode(content), float((directory.about(keep.file) or {}).get("seconds", 0.0))
