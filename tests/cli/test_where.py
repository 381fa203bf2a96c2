"""Where `lumentrace pept run` works, and what it says if it cannot work there."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from lumentrace.cli import pept_where
from lumentrace.cli.main import app
from lumentrace.pept import simulation
from lumentrace.pept.tracking import LineTracker
from lumentrace.pept.tracking.spans import Spans
from lumentrace.storage import read_parquet

RUN = simulation.simulate([simulation.Circle()], n=40_000, noise=0.5, seed=1)
Track = Callable[..., Result]


@pytest.fixture
def track(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Track:
    """Tracks a file of four spans."""
    monkeypatch.setattr(LineTracker, "_spans", Spans(10_000, 2_000))
    np.save(tmp_path / "lines.npy", RUN.lines.lines)

    def run(*options: str) -> Result:
        words = ["pept", "run", str(tmp_path / "lines.npy"), "--tracers", "1", "--out", str(tmp_path / "out")]
        return CliRunner().invoke(app, [*words, *options])

    return run


def said(result: Result) -> str:
    return " ".join(result.output.split())


def test_processes_keep_their_work_and_find_the_same(track: Track, tmp_path: Path) -> None:
    expected = LineTracker(1).fit(RUN.lines).points
    done = track("--processes", "2")
    assert done.exit_code == 0, done.output
    assert "the same command goes on after it" in said(done)
    np.testing.assert_array_equal(read_parquet(tmp_path / "out" / "trajectories.parquet").points, expected)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "run").glob("*.npz")}
    assert len(kept) == 4
    assert track("--processes", "1").exit_code == 0
    assert kept == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "run").glob("*.npz")}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--mpi", "--processes", "2"], "expected one place to work at, found --processes and --mpi"),
        (["--mpi", "--executor", "joblib"], "expected one place to work at, found --mpi and --executor"),
        (["--processes", "2", "--workers", "3"], "--workers: expected none beside --processes, found 3"),
    ],
)
def test_what_does_not_go_together_is_refused(options: list[str], told: str, track: Track, tmp_path: Path) -> None:
    refused = track(*options)
    assert refused.exit_code == 2
    assert told in said(refused)
    assert not (tmp_path / "out").exists()


def test_no_scheduler_is_told(track: Track, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="no dask; to run this: pip install 'lumentrace[dask]'")
    monkeypatch.setattr(pept_where, "CONNECT", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        unused = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    for address in (unused, "nonsense://"):
        refused = track("--scheduler", address)
        assert refused.exit_code == 2
        assert f"--scheduler: expected a Dask scheduler at {address}, found none" in said(refused)


@pytest.mark.parametrize(
    ("options", "module", "told"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], "distributed", "--scheduler needs Dask: pip install 'lumentrace[dask]'"),
        (["--mpi"], "mpi4py.futures", "--mpi needs mpi4py and MPI: pip install 'lumentrace[mpi]'"),
    ],
)
def test_a_missing_extra_is_named(
    options: list[str], module: str, told: str, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    refused = track(*options)
    assert refused.exit_code == 2
    assert told in said(refused)
