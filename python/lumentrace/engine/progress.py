"""Telling the user how far a run is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from itertools import pairwise
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

Item = TypeVar("Item")

Verbose: TypeAlias = bool | Callable[[int, int], None]
"""False for silence, True for a progress bar, or a function that is called with (done, total)."""


Reporter: TypeAlias = Callable[[int], None]
"""To be called with the number of finished samples."""

_reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)


def reporter() -> Reporter | None:
    """Whom the work that is being done has to tell of finished samples, if anybody."""
    return _reporter.get()


@contextmanager
def telling(to: Reporter) -> Iterator[None]:
    """Work inside the block tells `to` of its finished samples; see `reporter`."""
    token = _reporter.set(to)
    try:
        yield
    finally:
        _reporter.reset(token)


def part(start: int, size: int, pieces: int) -> AbstractContextManager[None]:
    """Work inside the block is `size` samples from `start` on, and itself counts up to `pieces`.

    Examples
    --------
    >>> from lumentrace.engine.progress import part, reporter, telling
    >>> told = []
    >>> with telling(told.append), part(100, 50, pieces=4):
    ...     reporter()(1)
    >>> told
    [112, 150]
    """
    outer = reporter()
    return nullcontext() if outer is None else _part(outer, start, size, pieces)


@contextmanager
def _part(outer: Reporter, start: int, size: int, pieces: int) -> Iterator[None]:
    with telling(lambda done: outer(start + size * min(done, pieces) // max(pieces, 1))):
        yield
    outer(start + size)


def between(first: int, end: int, of: int = 100) -> AbstractContextManager[None]:
    """Work inside the block, which counts up to `of`, is the part from `first` to `end` of the work around it."""
    return part(first, end - first, of)


def parts(count: int, first: int = 0, end: int = 100) -> list[AbstractContextManager[None]]:
    """Equal parts of the work from `first` to `end`, in order; each is entered once, as `between`."""
    edges = [first + (end - first) * number // max(count, 1) for number in range(count + 1)]
    return [between(*pair) for pair in pairwise(edges)]


def counting(most: int, of: int = 100) -> Reporter | None:
    """Whom a kernel has to tell of its steps, of which there are at most so many."""
    tell = reporter()
    return None if tell is None else lambda done: tell(min(of * done // max(most, 1), of))


def each(items: Sequence[Item], of: int = 100) -> Iterator[Item]:
    """The items one after another; tells which share of them, out of `of`, is done."""
    tell = reporter()
    for number, item in enumerate(items, 1):
        yield item
        if tell is not None:
            tell(of * number // len(items))


class Progress:
    """Counts finished samples; a context manager around one batch of work.

    Parameters
    ----------
    verbose : bool or callable
        See `Verbose`.
    total : int
        Samples in the batch.
    title : str
        Text before the progress bar.
    unit : str, default 'sample'
    """

    def __init__(self, verbose: Verbose, total: int, title: str, unit: str = "sample") -> None:
        self.total = total
        self.done = 0
        self._call = verbose if callable(verbose) else None
        self._bar: Any = None
        if verbose is True:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, desc=title, unit=unit)

    def reach(self, done: int) -> None:
        """Say that `done` samples are finished; an earlier, higher count stands."""
        if done <= self.done:
            return
        if self._bar is not None:
            self._bar.update(done - self.done)
        self.done = done
        if self._call is not None:
            self._call(done, self.total)

    def after(self, start: int) -> Callable[[int], None]:
        """How a chunk that begins with sample `start` tells of its finished samples."""
        return lambda done: self.reach(start + done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
