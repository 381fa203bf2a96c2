"""Progress and interrupts."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from helpers import Shift, recipe, simulate
from lumentrace import LineData, Pipeline
from lumentrace.engine.progress import between, counting, each, parts, reporter, telling
from lumentrace.pept.tracking import (
    Centroids,
    Cutpoints,
    Stack,
)


# ---------------------------------------------------------------------- progress
def test_parts_of_work_tell_their_share() -> None:
    told: list[int] = []

    def half(of: int) -> None:
        tell = counting(10, of)
        assert tell is not None
        tell(5)
        tell(20)

    with telling(told.append):
        with between(0, 40):
            half(100)
        for share in parts(2, 40, 80):
            with share:
                half(100)
        with between(80, 100, of=10):
            half(10)
        assert list(each("abcd")) == ["a", "b", "c", "d"]
    assert list(dict.fromkeys(told)) == [20, 40, 50, 60, 70, 80, 90, 100, 25, 75]
    with between(0, 40):
        assert reporter() is None
        assert counting(10) is None
    assert parts(0) == []


class Calls:
    def __init__(self, stop_at: int | None = None) -> None:
        self.seen: list[tuple[int, int]] = []
        self.stop_at = stop_at

    def __call__(self, done: int, total: int) -> None:
        self.seen.append((done, total))
        if self.stop_at is not None and done >= self.stop_at:
            raise ArithmeticError("enough")


@pytest.mark.parametrize("executor", [None, "sequential", concurrent.futures.ThreadPoolExecutor])
@pytest.mark.parametrize("first", [[], [Shift(1.0)]], ids=["native", "python first"])
@pytest.mark.parametrize("last", [[], [Shift(-1.0)]], ids=["native", "python last"])
def test_progress_rises_to_the_total(executor: Any, first: list[Any], last: list[Any], one_tracer: LineData) -> None:
    calls = Calls()
    Pipeline([*first, *recipe(), *last]).fit(one_tracer, executor, verbose=calls)
    done = [d for d, _ in calls.seen]
    assert {total for _, total in calls.seen} == {39}
    assert done == sorted(set(done))
    assert done[-1] == 39
    assert done[0] > 0


def test_progress_is_told_while_a_plan_runs() -> None:
    calls = Calls()
    lines = LineData(simulate(8000, 0.5)[0], 200, 150)
    Pipeline(recipe()).fit(lines, verbose=calls, max_workers=1)
    assert len(calls.seen) > 2
    assert calls.seen[-1] == (len(lines), len(lines))


def test_progress_of_each_batch(one_tracer: LineData) -> None:
    calls = Calls()
    (Cutpoints(0.8) + Stack() + Shift(1)).fit(one_tracer, "sequential", verbose=calls)
    first = calls.seen.index((39, 39))
    assert calls.seen[first + 1][0] < 39
    assert calls.seen[-1] == (39, 39)


@pytest.mark.parametrize("executor", [None, "sequential", concurrent.futures.ThreadPoolExecutor])
@pytest.mark.parametrize("filters", [recipe(), [Cutpoints(0.8), Shift(1.0)]], ids=["native", "python"])
def test_an_exception_in_the_callable_stops_the_run(executor: Any, filters: Any, one_tracer: LineData) -> None:
    calls = Calls(stop_at=3)
    with pytest.raises(ArithmeticError, match="enough"):
        Pipeline(filters).fit(one_tracer, executor, verbose=calls)
    assert sum(done >= 3 for done, _ in calls.seen) == 1
    assert len(Pipeline(filters).fit(one_tracer, executor, verbose=False)) == 39


def test_a_bar_is_shown_only_when_asked_for(one_tracer: LineData, capfd: pytest.CaptureFixture[str]) -> None:
    chain = Cutpoints(0.8) + Stack() + Centroids()
    chain.fit(one_tracer, verbose=False)
    assert capfd.readouterr() == ("", "")
    chain.fit(one_tracer)
    out, err = capfd.readouterr()
    assert out == ""
    assert "Batch 1 / 3 :" in err
    assert "Batch 3 / 3 :" in err
    assert "39/39" in err
    assert "Finished in" in err


# ---------------------------------------------------------------------- interrupts
def soon_interrupted(script: str, tmp_path: Path, group: bool = False) -> tuple[float, str]:
    """As `interrupted`; tried again if it took long, because a busy machine may keep any process waiting."""
    for _ in range(3):
        took, said = interrupted(script, tmp_path, group)
        if took < 0.5:
            break
    return took, said


def interrupted(script: str, tmp_path: Path, group: bool = False) -> tuple[float, str]:
    """Run a script, send it (and its children) SIGINT when it is ready; how long it takes, and what it says."""
    body = tmp_path / "script.py"
    # A shell in the background has its children ignore Ctrl-C.
    heard = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    body.write_text(heard + textwrap.dedent(script))
    process = subprocess.Popen(
        [sys.executable, str(body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
        time.sleep(0.4)
        sent = time.monotonic()
        (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
        line = process.stdout.readline()
        took = time.monotonic() - sent
        out, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, err
    return took, line + out


INTERRUPT = """
    import numpy as np, sys, time, concurrent.futures, multiprocessing, polars
    from helpers import recipe, simulate, assert_identical, Log
    from lumentrace import LineData, Pipeline
    from lumentrace.pept.tracking import Cutpoints, HDBSCAN

    def main():
        small = LineData(simulate(600)[0], 60)
        expected = list(Pipeline(recipe()).fit(small, {executor}, verbose=False))
        lines = {lines}
        print("ready", flush=True)
        try:
            Pipeline({filters}).fit(lines, {executor}, verbose=False)
            print("not interrupted", flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        assert_identical(list(Pipeline(recipe()).fit(small, {executor}, verbose=False)), expected)
        print("usable", flush=True)

    if __name__ == "__main__":
        main()
"""
LONG = "LineData(simulate(100_000, 0.5)[0], 300, 290)"


@pytest.mark.parametrize(
    ("lines", "filters", "executor", "group"),
    [
        (LONG, "recipe()", "None", False),
        (LONG, "recipe()", '"sequential"', False),
        ("LineData(simulate(500, 0.5)[0])", "[Cutpoints(1e6), HDBSCAN(0.2)]", "None", False),
        (LONG, "recipe()", "concurrent.futures.ThreadPoolExecutor", False),
        (LONG, "recipe()", "concurrent.futures.ProcessPoolExecutor", False),
        (LONG, "recipe()", "concurrent.futures.ProcessPoolExecutor", True),
        (LONG, "recipe()", '"joblib"', False),
        (LONG, "[Log('/dev/null', 0.01)]", "None", False),
    ],
    ids=["plan", "sequential", "one dense sample", "threads", "processes", "whole group", "joblib", "python"],
)
def test_ctrl_c_returns_at_once(lines: str, filters: str, executor: str, group: bool, tmp_path: Path) -> None:
    took, said = soon_interrupted(INTERRUPT.format(lines=lines, filters=filters, executor=executor), tmp_path, group)
    assert said == "interrupted\nusable\n"
    assert took < 0.5


def test_ctrl_c_ends_the_processes_of_a_pool_of_ours(tmp_path: Path) -> None:
    script = INTERRUPT.replace(
        """        print("usable", flush=True)
""",
        """        time.sleep(0.5)
        print(multiprocessing.active_children(), flush=True)
""",
    )
    slow = script.format(
        lines="LineData(simulate(5000)[0], 1)",
        filters="[Log('/dev/null', 0.02)]",
        executor="concurrent.futures.ProcessPoolExecutor",
    )
    assert interrupted(slow, tmp_path)[1] == "interrupted\n[]\n"


def test_ctrl_c_leaves_a_live_pool_running(tmp_path: Path) -> None:
    script = INTERRUPT.replace("    def main():", "    def main(pool):").replace(
        "        main()\n",
        "        with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context('spawn')) as pool:\n"
        "            main(pool)\n",
    )
    lines = "LineData(simulate(8000, 0.5)[0], 300, 290)"
    took, said = soon_interrupted(script.format(lines=lines, filters="recipe()", executor="pool"), tmp_path)
    assert said == "interrupted\nusable\n"
    assert took < 0.5
