"""Large runs: workers that read and write their own part, are killed, lose their scheduler, or see no file."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import assert_identical
from lumentrace import LineData, Pipeline, PointData, load, save
from lumentrace.base.errors import FormatError
from lumentrace.engine import dask_client
from lumentrace.engine.directory import RunDirectory, Written
from lumentrace.engine.executors import Processes, Stop
from lumentrace.engine.samples import chunks, remote, spooled
from lumentrace.pept import scanners, simulation
from lumentrace.pept.scanners import tables
from lumentrace.pept.tracking import LineTracker
from lumentrace.pept.tracking.line_tracker import SpanTracker
from lumentrace.pept.tracking.spans import Spans

RUN = simulation.simulate(
    [simulation.Circle(radius=80), simulation.Circle(radius=80, phase=np.pi)], n=60_000, noise=0.5, seed=4
)
PATIENCE = 60


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the lines are six spans."""
    monkeypatch.setattr(LineTracker, "_spans", Spans(10_000, 2_000))


@pytest.fixture
def mapped(tmp_path: Path) -> LineData:
    np.save(tmp_path / "lines.npy", RUN.lines.lines)
    return scanners.lines(tmp_path / "lines.npy", verbose=False)


@pytest.fixture(scope="module")
def expected() -> PointData:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LineTracker, "_spans", Spans(10_000, 2_000))
        found: PointData = LineTracker(2).fit(RUN.lines)
    assert np.unique(found["label"]).tolist() == [0, 1]
    return found


def fit(lines: LineData, executor: Any, folder: Path) -> Any:
    return Pipeline([LineTracker(2)]).fit(lines, executor, verbose=False, run_dir=folder)


# ---------------------------------------------------------------- what travels
class Weighed:
    """Runs tasks at once, as another process would, and notes the bytes that go there and back."""

    _max_workers = 2

    def __init__(self) -> None:
        self.there: list[int] = []
        self.back: list[int] = []

    def submit(self, function: Any, *args: Any) -> Any:
        sent = pickle.dumps((function, args))
        self.there.append(len(sent))
        called, arguments = pickle.loads(sent)
        answer = pickle.dumps(called(*arguments))
        self.back.append(len(answer))
        return type("Future", (), {"result": lambda _: pickle.loads(answer)})()


def test_no_line_and_no_location_travels(mapped: LineData, expected: PointData, tmp_path: Path) -> None:
    pool = Weighed()
    assert_identical(fit(mapped, pool, tmp_path / "run"), expected)
    assert len(pool.there) == 6
    assert max(pool.there) < 10_000
    assert max(pool.back) < 1_000


def test_lines_of_a_saved_file_stay_there(expected: PointData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LARGE", 0)
    place = tmp_path / "lines.h5"
    save(place, LineData(RUN.lines.lines))
    pool = Weighed()
    assert_identical(fit(scanners.lines(place), pool, tmp_path / "run"), expected)
    assert max(pool.there) < 10_000
    with place.open("r+b") as file:
        file.seek(place.stat().st_size // 2)
        file.write(b"\x55" * 8)
    with pytest.raises(FormatError, match=r"the data changed since they were written \(checksum\)"):
        load(place, memory_map=True, check=True)
    with pytest.raises(FormatError, match="checksum"):
        scanners.lines(place)
    save(place, LineData(RUN.lines.lines), compress=True)
    np.testing.assert_array_equal(scanners.lines(place).lines, RUN.lines.lines)


def test_lines_that_others_cannot_read_are_put_into_a_file_once(
    expected: PointData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spooled, "LEAST", 0)
    for _ in range(2):
        pool = Weighed()
        assert_identical(fit(RUN.lines, pool, tmp_path / "run"), expected)
        assert max(pool.there, default=0) < 10_000
    assert caplog.text.count("60000 rows are written there") == 1
    place = tmp_path / "run" / spooled.NAME
    np.testing.assert_array_equal(np.load(place), RUN.lines.lines)
    with place.open("r+b") as file:
        file.seek(-8, 2)
        file.write(b"\0" * 8)
    spooled.spooled(RUN.lines, tmp_path / "run")
    np.testing.assert_array_equal(np.load(place), RUN.lines.lines)


# ---------------------------------------------------------------- what goes wrong elsewhere
def test_a_worker_that_does_not_see_the_file_says_so(mapped: LineData, tmp_path: Path) -> None:
    task = remote.Task.of([SpanTracker(2, None)], chunks.cut(mapped, 0, 1), None)
    (tmp_path / "lines.npy").rename(tmp_path / "elsewhere.npy")
    with pytest.raises(
        FileNotFoundError, match=rf"lines\.npy: expected .* found no such file on {socket.gethostname()}"
    ):
        remote.work(task, Stop())


def test_a_worker_that_does_not_see_the_folder_says_so(mapped: LineData, tmp_path: Path) -> None:
    task = remote.Task.of([SpanTracker(2, None)], mapped[:1], tmp_path / "not here" / "piece.npz")
    with pytest.raises(FileNotFoundError, match=r"not here: expected the run directory .* found no such folder on"):
        remote.work(task, Stop())


def test_what_a_worker_wrote_elsewhere_is_missed(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "run", {})
    with pytest.raises(FileNotFoundError, match=r"piece\.npz: .* the worker on node7 .* no such file; choose"):
        directory.adopt("piece.npz", Written("00", "node7"))
    (tmp_path / "run" / "piece.npz").write_bytes(b"other")
    with pytest.raises(OSError, match=r"piece\.npz: .*node7 has written, found other content"):
        directory.adopt("piece.npz", Written("00", "node7"))
    assert directory.read("piece.npz") is None


def test_another_version_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"expected a worker with lumentrace 0\.0\.1, found "):
        remote.work(remote.Task([], [], None, "0.0.1"), Stop())

    class Client:
        scheduler = None

        def run(self, function: Any) -> dict[str, str]:
            return {"tcp://a:1": function(), "tcp://b:2": "0.0.1"}

    with pytest.raises(ValueError, match=r"expected workers with lumentrace .*, found 0\.0\.1 at tcp://b:2$"):
        dask_client.check_versions(Client())


def test_processes_share_the_work(mapped: LineData, expected: PointData, tmp_path: Path) -> None:
    assert_identical(fit(mapped, Processes, tmp_path / "run"), expected)


# ---------------------------------------------------------------- a Dask cluster
@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Programs that are killed at the end."""
    programs: list[subprocess.Popen[bytes]] = []
    yield programs
    for program in programs:
        program.kill()
        program.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def test_a_cluster_loses_a_worker_and_then_its_scheduler(
    mapped: LineData,
    expected: PointData,
    tmp_path: Path,
    started: list[subprocess.Popen[bytes]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    distributed = pytest.importorskip("distributed", reason="no dask; to run this: pip install 'lumentrace[dask]'")
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"

    def start(*words: str) -> None:
        command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:], "--no-dashboard"]
        started.append(subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL))

    start("scheduler", "--host", "127.0.0.1", "--port", str(port))
    for _ in range(2):
        start("worker", address, "--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path))
    scheduler, worker, _ = started
    deadline = time.monotonic() + PATIENCE
    while not answers(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    # A client that has lost its scheduler looks for it as long as it may.
    with distributed.Client(address, timeout=3, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=PATIENCE)

        def kill_then_fit(victim: subprocess.Popen[bytes], name: str) -> Any:
            def at_first(done: int, _: int) -> None:
                if done == 1:
                    victim.kill()
                    victim.wait()
                    time.sleep(0.3)  # so that it is missed

            return Pipeline([LineTracker(2)]).fit(mapped, client, verbose=at_first, run_dir=tmp_path / name)

        assert_identical(kill_then_fit(worker, "worker"), expected)
        assert "is gone; what it was working on is done again by another one" in caplog.text
        with pytest.raises(ConnectionError, match=f"{address}: the scheduler is gone; what was finished is kept"):
            kill_then_fit(scheduler, "scheduler")
    kept = len(list((tmp_path / "scheduler").glob("*.npz")))
    assert 1 <= kept < 6
    assert_identical(fit(mapped, None, tmp_path / "scheduler"), expected)
