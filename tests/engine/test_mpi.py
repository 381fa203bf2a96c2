"""The same results from MPI workers."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
ENABLE = "apt-get install openmpi-bin && pip install 'lumentrace[mpi]'"


def test_mpi_workers_give_identical_results() -> None:
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip(f"no mpiexec; to run this test: {ENABLE}")
    if importlib.util.find_spec("mpi4py") is None:
        pytest.skip(f"no mpi4py; to run this test: {ENABLE}")
    as_root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    done = subprocess.run(
        [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", str(HERE / "mpi_script.py")],
        env={**os.environ, **as_root, "OMPI_MCA_rmaps_base_oversubscribe": "1", "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-3:] == ["refused: the sample at 3.0 ms", "workers: 2", "identical"]
