"""Three hundred repetitions of entry points take no more memory and no more open files than a few."""

from __future__ import annotations

import gc
import os
import shutil
import warnings
from pathlib import Path

import psutil
import pytest

from entry_points import ENTRIES, OWN, result

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="counts open files as POSIX does"),
    pytest.mark.timeout(1800),
]

ALL = "LUMENTRACE_FAULT_SECONDS" in os.environ
REPETITIONS = 300
SPAN = REPETITIONS // 3
MOST = 2 << 20
"""Bytes that may be added in a span and in the next one: allocators keep some, a leak goes on."""
QUICK = ("camera", "read_parquet", "trials")


def used() -> tuple[int, int, int]:
    """Bytes of memory, open files and threads of this process."""
    gc.collect()
    process = psutil.Process()
    return process.memory_info().rss, process.num_fds(), process.num_threads()


@pytest.mark.parametrize("name", ENTRIES if ALL else QUICK)
def test_repetitions_take_no_more_memory(name: str, tmp_path: Path) -> None:
    seen = []
    for repetition in range(REPETITIONS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result(name, tmp_path / "made")
        shutil.rmtree(tmp_path / "made")
        if (repetition + 1) % SPAN == 0:
            seen.append(used())
    (first, files, threads), (second, _, _), (third, files_after, threads_after) = seen
    assert min(second - first, third - second) < MOST, [each[0] for each in seen]
    assert files_after <= files
    assert threads_after <= threads


def test_own_entry_points_are_there() -> None:
    assert set(QUICK) <= set(OWN)
