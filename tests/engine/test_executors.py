"""Every executor gives the same bits, is left in peace, and fails loudly."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from helpers import Die, Log, Refuse, Shift, Spawned, assert_identical, recipe, simulate
from lumentrace import LineData, Pipeline
from lumentrace.engine import executors
from lumentrace.engine.samples import chunks
from lumentrace.engine.samples.transformer import Filter
from lumentrace.pept.tracking import HDBSCAN, Centroids, Condition, Cutpoints, SplitLabels, Stack

HERE = Path(__file__).parents[1]


def two_passes() -> Pipeline:
    """Native runs, a Python filter and reducers."""
    second = [Stack(10, 9), HDBSCAN(0.6), SplitLabels(), Centroids(), Stack()]
    return Pipeline([*recipe(), Shift(1.0), Condition("error < 20"), *second])


@pytest.fixture(scope="module")
def spawned() -> Iterator[ProcessPoolExecutor]:
    with Spawned() as pool:
        yield pool


@pytest.fixture(scope="module")
def dask_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="no dask; to run this: pip install 'lumentrace[dask]'")
    import dask

    folder = tmp_path_factory.mktemp("dask")
    with (
        dask.config.set({"temporary-directory": str(folder), "distributed.admin.low-level-log-length": 0}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def expected(one_tracer: LineData) -> Any:
    """The loop over samples, by hand."""
    chain = two_passes()
    result: Any = list(one_tracer)
    for step in chain.steps():
        result = [Pipeline(step).fit_sample(s) for s in result] if isinstance(step, tuple) else step.fit(result)
    assert len(result.points) > 10
    return result


# ---------------------------------------------------------------------- the same bits everywhere
@pytest.mark.parametrize(
    ("executor", "workers"),
    [
        (None, None),
        (None, 1),
        (None, 3),
        ("sequential", None),
        ("joblib", 2),
        (ThreadPoolExecutor, 3),
        (ThreadPoolExecutor, None),
        (Spawned, 2),
    ],
)
def test_named_and_made_executors(executor: Any, workers: Any, one_tracer: LineData, expected: Any) -> None:
    assert_identical(two_passes().fit(one_tracer, executor, workers, verbose=False), expected)


def test_live_threads(one_tracer: LineData, expected: Any) -> None:
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            assert_identical(two_passes().fit(one_tracer, pool, verbose=False), expected)
        assert pool.submit(int, "5").result() == 5


def test_live_processes(one_tracer: LineData, expected: Any, spawned: ProcessPoolExecutor) -> None:
    for _ in range(2):
        assert_identical(two_passes().fit(one_tracer, spawned, verbose=False), expected)
    assert spawned.submit(int, "5").result() == 5


def test_a_dask_client(one_tracer: LineData, expected: Any, dask_client: Any, tmp_path: Path) -> None:
    for _ in range(2):
        assert_identical(two_passes().fit(one_tracer, dask_client, verbose=False), expected)
    assert dask_client.submit(int, "5").result() == 5
    log = tmp_path / "log"
    for _ in range(2):
        Log(log).fit(one_tracer, dask_client, verbose=False)
    assert len(log.read_text().splitlines()) == 2 * len(one_tracer)
    Log(log).fit(LineData(np.zeros((80, 7)), 1), dask_client, verbose=False)
    assert log.read_text().splitlines().count("np.float64(0.0)") == 80 + 2
    with pytest.raises(ZeroDivisionError, match=r"the sample at 3\.0 ms"):
        Refuse(3.0).fit(one_tracer, dask_client, verbose=False)
    assert_identical(two_passes().fit(one_tracer, dask_client, verbose=False), expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("made", ["ProcessPoolExecutor", "ProcessPoolExecutor(2)"])
def test_forked_workers_after_native_threads(made: str) -> None:
    script = f"""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        from helpers import assert_identical, recipe, simulate
        from lumentrace import LineData, Pipeline
        multiprocessing.set_start_method("fork")
        lines = LineData(simulate(1200)[0], 60, 30)
        expected = list(Pipeline(recipe()).fit(lines, max_workers=2, verbose=False))
        for workers in (None, 2):
            found = Pipeline(recipe()).fit(lines, {made}, workers, verbose=False)
            assert_identical(list(found), expected)
        assert_identical(list(Pipeline(recipe()).fit(lines, max_workers=3, verbose=False)), expected)
        child = multiprocessing.Process(target=Pipeline(recipe()).fit, args=(lines, None, 2, False))
        child.start()
        child.join(20)
        assert child.exitcode == 0
        print("identical")
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "identical\n"), done.stderr


def test_large_chunks_through_joblib(tmp_path: Path) -> None:
    rows = simulate(40_000, tracers=2)[0]
    lines = LineData(rows, 10_000, run=3)
    chain = Pipeline([Condition("t > 0.05"), Shift(1.0)])
    expected = list(chain.fit(lines, verbose=False))
    found = chain.fit(lines, "joblib", 2, verbose=False)
    assert_identical(list(found), expected)
    assert_identical([sample.copy(data=sample.lines * 1.0) for sample in found], expected)
    few = [Cutpoints(0.5, append_indices=True), Condition("t < -1")]
    kept = Pipeline(few).fit(LineData(rows[:30_000], 15_000), "joblib", 2, verbose=False)
    for sample, start in zip(kept, (0, 15_000), strict=True):
        assert_identical(sample.attrs["_lines"].lines[:], rows[start : start + 15_000])


def test_mapped_rows_through_processes(
    one_tracer: LineData, expected: Any, spawned: ProcessPoolExecutor, tmp_path: Path
) -> None:
    np.save(tmp_path / "lines.npy", one_tracer.lines)
    mapped = LineData(np.load(tmp_path / "lines.npy", mmap_mode="r"), 60, 30)
    assert_identical(two_passes().fit(mapped, spawned, verbose=False), expected)


# ---------------------------------------------------------------------- who is shut down
class Watched(ThreadPoolExecutor):
    made: ClassVar[list[Watched]] = []
    shut = False

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__(max_workers)
        self.asked_for = max_workers
        self.made.append(self)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.shut = True
        super().shutdown(wait, cancel_futures=cancel_futures)


@pytest.fixture
def watched() -> type[Watched]:
    Watched.made.clear()
    return Watched


def test_a_class_is_made_and_shut_down_per_batch(one_tracer: LineData, watched: type[Watched]) -> None:
    two_passes().fit(one_tracer, watched, 2, verbose=False)
    assert [(pool.asked_for, pool.shut) for pool in watched.made] == [(2, True), (2, True)]
    watched.made.clear()
    with pytest.raises(ZeroDivisionError):
        Refuse(3.0).fit(one_tracer, watched, verbose=False)
    assert [pool.shut for pool in watched.made] == [True]
    watched.made.clear()
    with pytest.raises(RuntimeError, match="stop"):
        Pipeline(recipe()).fit(one_tracer, watched, verbose=_raise)
    assert [pool.shut for pool in watched.made] == [True]


def _raise(done: int, total: int) -> None:
    raise RuntimeError("stop")


def test_an_object_is_left_running(one_tracer: LineData) -> None:
    with Watched(2) as pool:
        two_passes().fit(one_tracer, pool, verbose=False)
        with pytest.raises(ZeroDivisionError):
            Refuse(3.0).fit(one_tracer, pool, verbose=False)
        with pytest.raises(RuntimeError, match="stop"):
            Pipeline(recipe()).fit(one_tracer, pool, verbose=_raise)
        assert not pool.shut
        assert pool.submit(int, "5").result() == 5


# ---------------------------------------------------------------------- errors
@pytest.mark.parametrize("executor", ["joblib", ThreadPoolExecutor, Spawned])
def test_an_error_in_a_filter_reaches_the_caller(executor: Any, one_tracer: LineData) -> None:
    with pytest.raises(ZeroDivisionError, match=r"the sample at 3\.0 ms"):
        Pipeline([Refuse(3.0), *recipe()]).fit(one_tracer, executor, 2, verbose=False)


def test_an_error_in_a_live_pool_reaches_the_caller(one_tracer: LineData, spawned: ProcessPoolExecutor) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match=r"the sample at 3\.0 ms"):
            Refuse(3.0).fit(one_tracer, spawned, verbose=False)
    assert len(Shift(1.0).fit(one_tracer, spawned, verbose=False)) == 39


def test_an_error_of_the_executor_reaches_the_caller(one_tracer: LineData) -> None:
    class Full(ThreadPoolExecutor):
        def submit(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("no room")

    for executor in (Full, Full(1)):
        with pytest.raises(OSError, match="no room"):
            Shift(1.0).fit(one_tracer, executor, verbose=False)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        Shift(1.0).fit(one_tracer, closed, verbose=False)


def test_what_cannot_be_sent_is_an_error(one_tracer: LineData, spawned: ProcessPoolExecutor) -> None:
    with pytest.raises(Exception, match="pickle"):
        Condition(lambda rows: rows[:, 0] > 0).fit(one_tracer, spawned, verbose=False)


@pytest.mark.parametrize("executor", ["joblib", Spawned])
def test_a_killed_worker_is_a_clear_error(executor: Any, one_tracer: LineData) -> None:
    started = time.monotonic()
    with pytest.raises(RuntimeError, match=r"a worker died .* while samples \d+ to \d+ were .*`run_dir=`") as caught:
        Die(18.0).fit(one_tracer, executor, 2, verbose=False)
    assert isinstance(caught.value.__cause__, concurrent.futures.BrokenExecutor)
    first, last = (int(word) for word in str(caught.value).split() if word.isdigit())
    assert first <= 6 <= last < 39
    assert time.monotonic() - started < 20


def test_a_killed_worker_of_a_live_pool(one_tracer: LineData) -> None:
    with Spawned() as pool:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="a worker died"):
                Die(18.0).fit(one_tracer, pool, verbose=False)


def test_no_task_is_lost_with_a_worker(caplog: pytest.LogCaptureFixture) -> None:
    class Dying(ThreadPoolExecutor):
        pools = 0

        def __init__(self, max_workers: int | None = None) -> None:
            super().__init__(max_workers)
            Dying.pools += 1
            self.dies = Dying.pools == 1

        def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
            if not self.dies:
                return super().submit(*args, **kwargs)
            lost: Future[Any] = Future()
            lost.set_exception(concurrent.futures.BrokenExecutor())
            return lost

    tasks = [((number, number + 1), (number,)) for number in range(10)]
    assert list(executors.run(lambda number, stop: number, tasks, Dying, 1)) == list(range(10))
    assert "worked on again" in caplog.text


# ---------------------------------------------------------------------- what is under way
class Lazy:
    """Runs a task when its result is asked for, and counts how many wait."""

    _max_workers = 3

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0
        self.tasks = 0
        self.cancelled = 0

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        self.waiting += 1
        self.tasks += 1
        self.most = max(self.most, self.waiting)
        return _Later(self, function, args)


class _Later:
    def __init__(self, pool: Lazy, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.pool, self.call = pool, (function, args)

    def result(self) -> Any:
        self.pool.waiting -= 1
        return self.call[0](*self.call[1])

    def cancel(self) -> None:
        self.pool.cancelled += 1


def test_tasks_under_way_are_bounded(one_tracer: LineData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    pool = Lazy()
    found = Shift(1.0).fit(one_tracer, pool, verbose=False)
    assert_identical(found, [Shift(1.0).fit_sample(s) for s in one_tracer])
    assert (pool.tasks, pool.most, pool.waiting) == (39, 6, 0)
    pool = Lazy()
    Shift(1.0).fit(one_tracer, pool, max_workers=1, verbose=False)
    assert pool.most == 2
    pool = Lazy()
    with pytest.raises(ZeroDivisionError):
        Refuse(0.0).fit(one_tracer, pool, verbose=False)
    assert (pool.tasks, pool.cancelled) == (6, 5)


def test_futures_that_cannot_be_cancelled(one_tracer: LineData) -> None:
    class Plain(Lazy):
        def submit(self, function: Callable[..., Any], *args: Any) -> Any:
            later = super().submit(function, *args)
            return type("Result", (), {"result": staticmethod(later.result)})()

    with pytest.raises(ZeroDivisionError):
        Refuse(0.0).fit(one_tracer, Plain(), verbose=False)


def test_a_stopped_run_ends_its_threads(one_tracer: LineData) -> None:
    seen = threading.Event()

    class Slow(Filter):
        count = 0

        def fit_sample(self, sample: Any) -> Any:
            Slow.count += 1
            seen.set()
            time.sleep(0.02)
            return sample

    class Impatient(ThreadPoolExecutor):
        def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
            if seen.wait(0.1):
                raise InterruptedError("enough")
            return super().submit(*args, **kwargs)

    lines = LineData(np.zeros((5000, 7)), 1)
    with ThreadPoolExecutor(1) as pool, pytest.raises(InterruptedError):
        Slow().fit(lines, Impatient(1), verbose=False)
    del pool
    done = Slow.count
    time.sleep(0.3)
    assert Slow.count <= done + 1 < 100


def test_workers_are_counted() -> None:
    with ThreadPoolExecutor(3) as pool:
        assert executors.workers(pool, None) == 3
        assert executors.workers(pool, 5) == 5
    assert executors.workers(ThreadPoolExecutor, None) == os.cpu_count()
    assert executors.workers(None, 2) == 2


# ---------------------------------------------------------------------- nothing is started for little
def test_the_default_makes_no_pool(one_tracer: LineData, monkeypatch: pytest.MonkeyPatch, expected: Any) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a pool was made")

    import joblib

    for module, name in (
        (concurrent.futures.ThreadPoolExecutor, "__init__"),
        (concurrent.futures.ProcessPoolExecutor, "__init__"),
        (multiprocessing.process.BaseProcess, "start"),
        (threading.Thread, "start"),
        (joblib.Parallel, "__init__"),
    ):
        monkeypatch.setattr(module, name, refuse)
    assert_identical(two_passes().fit(one_tracer, verbose=False), expected)
    assert_identical(two_passes().fit(one_tracer, "sequential", verbose=False), expected)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc, which only Linux has")
def test_one_small_sample_starts_no_native_thread() -> None:
    script = """
        from pathlib import Path
        from helpers import recipe, simulate
        from lumentrace import LineData, Pipeline
        lines = LineData(simulate(40)[0])
        before = len(list(Path("/proc/self/task").iterdir()))
        Pipeline(recipe()).fit(lines, verbose=False)
        Pipeline(recipe()).fit_sample(lines)
        print(len(list(Path("/proc/self/task").iterdir())) - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "0\n"
