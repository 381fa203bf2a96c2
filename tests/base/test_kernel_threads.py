"""The threads that kernels run on: kept from call to call, one for each that runs at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lumentrace import _core

TASKS = Path("/proc/self/task")


def labels(seed: int = 1) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(400, 3))
    return _core.hdbscan_labels(points, 10, 10)


@pytest.mark.skipif(not TASKS.exists(), reason="this system does not list the threads of a process")
def test_calls_reuse_their_thread() -> None:
    labels()
    before = {each.name for each in TASKS.iterdir()}
    for seed in range(20):
        labels(seed)
    assert {each.name for each in TASKS.iterdir()} <= before


def test_calls_at_the_same_time_get_what_calls_alone_get() -> None:
    alone = [labels(seed) for seed in range(24)]
    together = threading.Barrier(24)

    def one(seed: int) -> np.ndarray:
        together.wait()
        return labels(seed)

    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(one, range(24)))
    assert all(np.array_equal(*pair) for pair in zip(alone, found, strict=True))
