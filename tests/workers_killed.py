"""Workers that are killed at random while they work, and what becomes of a run."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from helpers import recipe, simulate
from lumentrace import LineData, Pipeline
from lumentrace.engine.samples.transformer import Filter

SLOWLY = 0.02
"""Seconds that a sample takes, so that there is something to kill."""


class Noted(Filter):
    """Notes the process that it works in, and takes its time."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def fit_sample(self, sample: Any) -> Any:
        Path(self.folder, f"{os.getpid()} {psutil.Process().create_time()!r}").touch()
        time.sleep(SLOWLY)
        return sample


def lines() -> LineData:
    return LineData(simulate(1200)[0], sample_size=60, overlap=30)


def slow_pipeline(folder: Path) -> Pipeline:
    return Pipeline([Noted(folder), *recipe()])


def noted(folder: Path) -> set[str]:
    """The processes that have worked, other than this one: number and time of start, since numbers come again."""
    return {path.name for path in folder.iterdir() if path.name.split()[0] != str(os.getpid())}


def is_alive(process: str) -> bool:
    """Whether it is there, and is the one that has worked."""
    number, started = process.split()
    try:
        found = psutil.Process(int(number))
        return found.create_time() == float(started) and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def left_over(folder: Path, seconds: float = 20.0) -> set[str]:
    """The processes that have worked and have not ended in time."""
    end = time.monotonic() + seconds
    left = {process for process in noted(folder) if is_alive(process)}
    while left and time.monotonic() < end:
        time.sleep(0.05)
        left = {process for process in left if is_alive(process)}
    return left


class Killer:
    """Kills a worker at a random moment after the first one has begun to work, and so on; a context manager."""

    def __init__(self, folder: Path, random: np.random.Generator, most: int = 2) -> None:
        self.folder, self.random, self.most = folder, random, most
        self.killed: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while len(self.killed) < self.most and not self._over.is_set():
            there = sorted(process for process in noted(self.folder) if is_alive(process))
            if not there or self._over.wait(float(self.random.uniform(0, 0.3))):
                time.sleep(0.005)
                continue
            victim = str(self.random.choice(there))
            if is_alive(victim):
                os.kill(int(victim.split()[0]), signal.SIGKILL)
                self.killed.append(victim)
