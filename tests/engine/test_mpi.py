"""The same results from MPI workers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lumentrace.pept import simulation
from lumentrace.pept.tracking import LineTracker
from lumentrace.storage import read_parquet

HERE = Path(__file__).parents[1]
ENABLE = "apt-get install openmpi-bin && pip install 'lumentrace[mpi]'"


def under_mpi(*words: object, futures: bool = True) -> subprocess.CompletedProcess[str]:
    """Run Python on three ranks."""
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip(f"no mpiexec; to run this test: {ENABLE}")
    if importlib.util.find_spec("mpi4py") is None:
        pytest.skip(f"no mpi4py; to run this test: {ENABLE}")
    as_root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    served = ["-m", "mpi4py.futures"] if futures else []
    return subprocess.run(
        [mpiexec, "-n", "3", sys.executable, *served, *map(str, words)],
        env={**os.environ, **as_root, "OMPI_MCA_rmaps_base_oversubscribe": "1", "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_mpi_workers_give_identical_results() -> None:
    done = under_mpi(HERE / "mpi_script.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == ["refused: the sample at 3.0 ms", "workers: 2", "identical"]


def test_the_command_works_on_mpi_ranks(tmp_path: Path) -> None:
    run = simulation.simulate([simulation.Circle()], n=20_000, noise=0.5, seed=1)
    np.save(tmp_path / "lines.npy", run.lines.lines)
    words = ("-m", "lumentrace", "pept", "run", tmp_path / "lines.npy", "--tracers", 1, "--out", tmp_path / "out")
    done = under_mpi(*words, "--mpi")
    assert done.returncode == 0, done.stderr
    expected = LineTracker(1).fit(run.lines).points
    np.testing.assert_array_equal(read_parquet(tmp_path / "out" / "trajectories.parquet").points, expected)
    wrong = under_mpi(*words, "--mpi", futures=False)
    assert wrong.returncode == 2
    assert "--mpi: expected at least two ranks under `mpiexec -n 3 python -m mpi4py.futures" in wrong.stderr
