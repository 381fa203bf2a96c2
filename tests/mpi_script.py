"""Run by test_mpi.py as ``mpiexec -n 3 python -m mpi4py.futures tests/mpi_script.py``: a plan on MPI workers."""

from __future__ import annotations

import sys

from helpers import Refuse, Shift, assert_identical, recipe, simulate
from lumentrace import LineData, Pipeline
from lumentrace.pept.tracking import Stack


def main() -> None:
    """Compare MPI workers with native threads, and print who worked."""
    from mpi4py.futures import MPIPoolExecutor

    lines = LineData(simulate(1200)[0], sample_size=60, overlap=30)
    chain = Pipeline([*recipe(), Shift(1.0), Stack()])
    expected = chain.fit(lines, verbose=False)
    with MPIPoolExecutor() as pool:
        for _ in range(2):
            assert_identical(chain.fit(lines, pool, verbose=False), expected)
        try:
            Refuse(3.0).fit(lines, pool, verbose=False)
        except ZeroDivisionError as error:
            print("refused:", error)
        assert_identical(chain.fit(lines, pool, verbose=False), expected)
        print("workers:", pool.num_workers)
    assert_identical(chain.fit(lines, MPIPoolExecutor, verbose=False), expected)
    print("identical")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
