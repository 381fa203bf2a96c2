"""Where `lumentrace pept run` works: here, in processes, on a Dask cluster or on the ranks of an MPI job."""
# mypy: disable-error-code="explicit-any"
# Executors have no class in common.

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from lumentrace.cli.console import console, plural

CONNECT = 10
"""Seconds that a scheduler has to answer."""
UNDER_MPI = "mpiexec -n 3 python -m mpi4py.futures -m lumentrace pept run FILE --mpi"


class Where(StrEnum):
    """Executors that need no set-up."""

    native = "native"
    sequential = "sequential"
    joblib = "joblib"
    processes = "processes"


ExecutorOption = Annotated[Where, typer.Option("--executor", help="Where the work runs.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="How many threads or processes work at a time; all cores by default."),
]
Processes = Annotated[
    int | None,
    typer.Option(
        "--processes",
        min=1,
        help="Work in so many processes, each on a part of the file: `lumentrace pept run day.npy --processes 4`.",
        show_default=False,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Work on a Dask cluster: `lumentrace pept run day.npy --scheduler tcp://node1:8786`.",
        show_default=False,
    ),
]
Mpi = Annotated[bool, typer.Option("--mpi", help=f"Work on MPI ranks: `{UNDER_MPI}`.")]


@dataclass(frozen=True)
class Place:
    """Where work runs.

    Attributes
    ----------
    executor : object
        As of `lumentrace.Pipeline.fit`.
    workers : int or None
        How many.
    kept : bool
        Whether finished work is kept in a run directory although nobody asks for it.
    """

    executor: Any
    workers: int | None
    kept: bool


@contextmanager
def place(
    executor: Where, workers: int | None, processes: int | None, scheduler: str | None, mpi: bool
) -> Iterator[Place]:
    """What the options ask for, while the block runs.

    Raises
    ------
    ValueError
        If they ask for more than one place, or `mpi` is not run as it must be.
    ConnectionError
        If there is no scheduler.
    ImportError
        If an extra is missing.
    """
    asked = {"--processes": processes, "--scheduler": scheduler, "--mpi": mpi}
    said = [name for name, value in asked.items() if value] + ["--executor"] * (executor != Where.native)
    if len(said) > 1:
        raise ValueError(f"expected one place to work at, found {' and '.join(said)}")
    if workers is not None and said and said != ["--executor"]:
        raise ValueError(f"--workers: expected none beside {said[0]}, found {workers}")
    if scheduler is not None:
        with _dask(scheduler) as client:
            yield Place(client, None, True)
    elif mpi:
        with _mpi() as pool:
            yield Place(pool, pool.num_workers, True)
    else:
        yield Place(*_here(executor, workers, processes), processes is not None)


def _here(executor: Where, workers: int | None, processes: int | None) -> tuple[Any, int | None]:
    from lumentrace.engine.executors import Processes

    if processes is not None or executor == Where.processes:
        return Processes, processes or workers
    return None if executor == Where.native else executor.value, workers


@contextmanager
def _dask(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError("--scheduler needs Dask: pip install 'lumentrace[dask]'") from error
    try:
        client: Any = Client(address, timeout=CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]  # no stubs
    except (OSError, ValueError) as error:
        raise ConnectionError(f"--scheduler: expected a Dask scheduler at {address}, found none ({error})") from error
    with client:
        count = len(client.ncores())
        there = plural(count, "worker") if count else "no worker yet, waiting for one"
        console.print(f"{address}: {there}", soft_wrap=True)
        yield client


@contextmanager
def _mpi() -> Iterator[Any]:
    try:
        from mpi4py.futures import MPIPoolExecutor
    except ImportError as error:
        raise ImportError("--mpi needs mpi4py and MPI: pip install 'lumentrace[mpi]'") from error
    from mpi4py import MPI

    ranks = MPI.COMM_WORLD.Get_size()
    if "mpi4py.futures" not in sys.orig_argv or ranks < 2:
        raise ValueError(f"--mpi: expected at least two ranks under `{UNDER_MPI}`, found {plural(ranks, 'rank')}")
    with MPIPoolExecutor() as pool:
        yield pool
