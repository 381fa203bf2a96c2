"""Children of a process that has worked: each entry point works in them or says at once what is needed, and none hangs.

Polars, which reads and makes tables, cannot work in a child that was forked after its use.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from entry_points import ENTRIES, OWN, result
from lumentrace import PointData, save
from odd_arrays import assert_same

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

HERE = Path(__file__).parents[1]
ALL = "LUMENTRACE_FAULT_SECONDS" in os.environ
NAMES = list(ENTRIES if ALL else OWN)
NEEDS_POLARS = {
    "text_of_lines",
    "coincidences",
    "csv",
    "chunks",
    "to_parquet",
    "read_parquet",
    "sheet",
    "whole_film",
    "whole_channels",
    "trials",
}
SCRIPT = """
import json, multiprocessing, sys
from pathlib import Path
from entry_points import result
from odd_arrays import assert_same

def told(name, folder, expected):
    try:
        assert_same(result(name, folder), expected)
    except RuntimeError as error:
        return str(error)
    return "same"

names, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
expected = {name: result(name, folder / "parent" / name) for name in names}
answers = {}
with multiprocessing.get_context("fork").Pool(1) as pool:
    for name in names:
        task = pool.apply_async(told, (name, folder / "child" / name, expected[name]))
        answers[name] = task.get(60)
print(json.dumps(answers))
"""


def after_work_in_the_parent(folder: Path, names: list[str]) -> dict[str, str]:
    """Words of an error, or "same", of each entry point in a forked child; fails if one hangs."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT, json.dumps(names), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    answers: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answers


def test_forked_children_work_or_say_what_is_needed(tmp_path: Path) -> None:
    answers = after_work_in_the_parent(tmp_path, NAMES)
    assert set(answers) == set(NAMES)
    for name, told in answers.items():
        assert told == "same" or 'get_context("spawn") or "forkserver"' in told, (name, told)
    assert {name for name in OWN if answers[name] != "same"} == NEEDS_POLARS


def test_children_forked_before_polars_works_need_nothing() -> None:
    script = """
        import multiprocessing, sys
        import polars
        from lumentrace import PointData
        from lumentrace.storage import to_polars
        assert "polars" in sys.modules
        with multiprocessing.get_context("fork").Pool(1) as pool:
            table = pool.apply_async(to_polars, (PointData([[0, 1, 2, 3]]),)).get(60)
        print(table.row(0))
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "(0.0, 1.0, 2.0, 3.0)\n"), done.stderr


def test_a_child_forked_while_a_thread_reads_does_not_wait_for_it(tmp_path: Path) -> None:
    save(tmp_path / "points.h5", PointData([[0, 1, 2, 3]]))
    script = f"""
        import multiprocessing
        from lumentrace.storage import guard
        path = {str(tmp_path / "points.h5")!r}
        with guard._lock, multiprocessing.get_context("fork").Pool(1) as pool:
            pool.apply_async(guard.look, ("hdf5", path, 1 << 30)).get(60)
        print("looked")
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "looked\n"), done.stderr


def test_spawned_children_work(tmp_path: Path) -> None:
    names = NAMES if ALL else NAMES[::4]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        tasks = {name: pool.apply_async(result, (name, tmp_path / "child" / name)) for name in names}
        for name, task in tasks.items():
            assert_same(task.get(100), result(name, tmp_path / "parent" / name))
