"""Eight threads at once on every entry point give what one gives."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from entry_points import ENTRIES, OWN, result
from odd_arrays import assert_same

ALL = "LUMENTRACE_FAULT_SECONDS" in os.environ
THREADS = 8
NAMES = list(ENTRIES)
TOGETHER = [NAMES[start :: len(NAMES) // 12] for start in range(len(NAMES) // 12)]
"""Entry points that work at the same time, a dozen each."""


def in_step(names: list[str], folder: Path) -> list[tuple[str, Any]]:
    """Results of entry points that all begin at the same moment, each in a thread of its own."""
    gate = threading.Barrier(len(names))

    def work(number: int) -> tuple[str, Any]:
        gate.wait(60)
        return names[number], result(names[number], folder / str(number))

    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(work, range(len(names))))


@pytest.mark.parametrize("name", ENTRIES if ALL else list(OWN)[::5])
def test_eight_threads_on_one_entry_point(name: str, tmp_path: Path) -> None:
    expected = result(name, tmp_path / "alone")
    for _, found in in_step([name] * THREADS, tmp_path):
        assert_same(found, expected)


@pytest.mark.parametrize("names", TOGETHER if ALL else TOGETHER[::3])
def test_all_entry_points_beside_others(names: list[str], tmp_path: Path) -> None:
    expected = {name: result(name, tmp_path / "alone" / name) for name in names}
    for name, found in in_step(names, tmp_path):
        assert_same(found, expected[name])
