"""Run by test_killed_workers.py on MPI ranks: a slow run that is kept in a run directory, and compared."""

from __future__ import annotations

import sys
from pathlib import Path

from helpers import assert_identical
from workers_killed import lines, slow_pipeline


def main() -> None:
    """Work on MPI ranks, then here, and print that it is the same."""
    from mpi4py.futures import MPIPoolExecutor

    folder, kept = map(Path, sys.argv[1:])
    with MPIPoolExecutor() as pool:
        found = list(slow_pipeline(folder).fit(lines(), pool, verbose=False, run_dir=kept))
    assert_identical(found, list(slow_pipeline(folder).fit(lines(), verbose=False)))
    print("identical", flush=True)


if __name__ == "__main__":
    main()
