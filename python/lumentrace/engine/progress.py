"""Telling the user how far a run is."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeAlias

Verbose: TypeAlias = bool | Callable[[int, int], None]
"""False for silence, True for a progress bar, or a function that is called with (done, total)."""


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
    """

    def __init__(self, verbose: Verbose, total: int, title: str) -> None:
        self.total = total
        self.done = 0
        self._call = verbose if callable(verbose) else None
        self._bar: Any = None
        if verbose is True:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, desc=title, unit="sample")

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
