"""Kills that are spread over a run's own progress, as the folder of the run tells it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path


def spans_done(run: Path) -> int:
    """How many spans a run directory holds."""
    try:
        return len(json.loads((run / "manifest.json").read_bytes())["done"])
    except FileNotFoundError:
        return 0


class Progress:
    """The share of a run that is done: its finished spans, and the time since the last one.

    Parameters
    ----------
    run : path
        Its run directory.
    spans : int
        How many there will be.
    pace : float
        Seconds between two of them.
    at_once : int
        How many are worked on at a time, so that they may end together.
    """

    def __init__(self, run: Path, spans: int, pace: float, at_once: int) -> None:
        self._run, self._spans, self._pace, self._at_once = run, spans, pace, at_once
        self._done, self._since = 0, 0.0

    def share(self, seconds: float) -> float:
        """From 0 to 1, `seconds` after the beginning; 1 only when all spans are there."""
        done = spans_done(self._run)
        if done != self._done:
            self._done, self._since = done, seconds
        under_way = min(self._at_once, self._spans - done)
        return (done + min((seconds - self._since) / self._pace, 0.99 * under_way)) / self._spans


class Strikes:
    """The n-th of N kills at a random progress in the n-th N-th of a run, and one of the scheduler near the middle.

    Parameters
    ----------
    kills : int
    scheduler : bool
    progress : Progress
    chance : random.Random
    """

    def __init__(self, kills: int, scheduler: bool, progress: Progress, chance: random.Random) -> None:
        self._due = [(number + chance.random()) / kills for number in range(kills)]
        self._middle = chance.uniform(0.45, 0.55) if scheduler else None
        self._progress = progress
        self.kills = self.restarts = 0

    def look(self, seconds: float, kill_worker: Callable[[], bool], kill_scheduler: Callable[[], None]) -> None:
        """Kill what is due, while something is still to be done; `kill_worker` says whether there was one."""
        share = self._progress.share(seconds)
        if share >= 1:
            return
        if self._middle is not None and share >= self._middle:
            self._middle = None
            self.restarts += 1
            kill_scheduler()
        elif self._due and share >= self._due[0] and kill_worker():
            del self._due[0]
            self.kills += 1
