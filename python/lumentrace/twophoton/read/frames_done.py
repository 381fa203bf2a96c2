"""Telling whoever listens to a step how many frames of a movie are done."""

from __future__ import annotations

from collections.abc import Callable

from lumentrace.engine.progress import reporter


class FramesDone:
    """Counts the frames that a step reads, as a share of the frames of the movie.

    Parameters
    ----------
    frames : int
        Of the movie: what the listener expects in the end.
    work : int
        Frames that are read in all; more than `frames` if some are read twice.
    """

    def __init__(self, frames: int, work: int) -> None:
        self._frames, self._work, self._read = frames, max(work, 1), 0
        self._tell = reporter()

    def kernel(self, pieces: int = 1) -> Callable[[int], None] | None:
        """To be called by a kernel that counts `pieces` for each frame that it reads next; None if nobody listens."""
        tell, before = self._tell, self._read
        if tell is None:
            return None
        return lambda done: tell(self._frames * (before + done // pieces) // self._work)

    def add(self, frames: int) -> None:
        """So many more frames were read."""
        self._read += frames
        if self._tell is not None:
            self._tell(self._frames * self._read // self._work)
