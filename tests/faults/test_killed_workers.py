"""Workers of every executor that are killed at random: the identical result or a named error, no hang, no orphan."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import Spawned, assert_identical
from lumentrace.engine.executors import Processes
from workers_killed import Killer, left_over, lines, slow_pipeline

HERE = Path(__file__).parents[1]
ALL = "LUMENTRACE_FAULT_SECONDS" in os.environ
KILLS = 100 if ALL else 1
NAMED = "a worker died|have ended several workers"

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL"),
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(1800 if ALL else 120),
]
only_in_all = pytest.mark.skipif(not ALL, reason="takes minutes; to run this test: make faults")


@contextmanager
def joblib(folder: Path) -> Iterator[str]:
    loky = pytest.importorskip(
        "joblib.externals.loky", reason="no joblib; to run this: pip install 'lumentrace[joblib]'"
    )
    yield "joblib"
    loky.get_reusable_executor().shutdown(wait=True, kill_workers=True)


@contextmanager
def dask(folder: Path) -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="no dask; to run this: pip install 'lumentrace[dask]'")
    import dask as settings

    with (
        settings.config.set({"temporary-directory": str(folder)}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


EXECUTORS: dict[str, Callable[[Path], Any]] = {
    "processes": lambda folder: nullcontext(Processes),
    "spawned processes": lambda folder: nullcontext(Spawned),
    "a live pool": lambda folder: Spawned(2),
    "joblib": joblib,
    "dask": dask,
}
MARKS = {name: () if name in ("processes", "joblib") else (only_in_all,) for name in EXECUTORS}


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks) for name, marks in MARKS.items()])
def test_killed_workers(name: str, tmp_path: Path) -> None:
    folder, random = tmp_path / "noted", np.random.default_rng(len(name))
    folder.mkdir()
    expected = list(slow_pipeline(folder).fit(lines(), verbose=False))
    killed, errors, same = 0, list[str](), 0
    while killed < KILLS:
        with EXECUTORS[name](tmp_path) as executor, Killer(folder, random) as killer:
            try:
                assert_identical(list(slow_pipeline(folder).fit(lines(), executor, 2, verbose=False)), expected)
                same += 1
            except RuntimeError as error:
                errors.append(str(error))
        killed += len(killer.killed)
        assert left_over(folder) == set()
    print(f"{name}: {killed} workers killed, {same} results identical, {len(errors)} errors")
    assert [error for error in errors if not re.search(NAMED, error)] == []


@only_in_all
def test_killed_mpi_ranks(tmp_path: Path) -> None:
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None or importlib.util.find_spec("mpi4py") is None:
        pytest.skip("no MPI; to run this test: apt-get install openmpi-bin && pip install 'lumentrace[mpi]'")
    random, killed, same = np.random.default_rng(1), 0, 0
    while killed < KILLS:
        folder, kept = tmp_path / f"noted{killed}", tmp_path / f"kept{killed}"
        folder.mkdir()
        with Killer(folder, random, most=1) as killer:
            ended = on_ranks(mpiexec, folder, kept)
        assert left_over(folder) == set()
        killed += len(killer.killed)
        if killer.killed and ended.returncode:
            assert "signal 9" in ended.stderr
            ended = on_ranks(mpiexec, folder, kept)
        assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["identical"]), ended.stderr
        same += 1
    print(f"MPI: {killed} ranks killed, {same} results identical after the next start")


def on_ranks(mpiexec: str, *words: object) -> subprocess.CompletedProcess[str]:
    as_root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return subprocess.run(
        [
            mpiexec,
            "-n",
            "3",
            sys.executable,
            "-m",
            "mpi4py.futures",
            str(HERE / "mpi_killed_script.py"),
            *map(str, words),
        ],
        env={**os.environ, **as_root, "OMPI_MCA_rmaps_base_oversubscribe": "1", "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
