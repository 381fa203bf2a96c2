"""Where a run of `large.py` works: here, in processes, on MPI, or on a Dask cluster that can be killed in part."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LAUNCH = [sys.executable, "-m", "lumentrace"]


class Cluster:
    """A Dask scheduler and workers on this machine."""

    def __init__(self, workers: int, folder: Path) -> None:
        self._count, self._folder = workers, folder
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self._port = found.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Start all of it."""
        self.scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", str(self._port))
        self.workers = [self._worker() for _ in range(self._count)]
        time.sleep(5)

    @property
    def options(self) -> list[str]:
        return ["--scheduler", f"tcp://127.0.0.1:{self._port}"]

    def _worker(self) -> subprocess.Popen[bytes]:
        alone = ("--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--local-directory", str(self._folder))
        return self._started("worker", f"tcp://127.0.0.1:{self._port}", *alone)

    def _started(self, kind: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words, "--no-dashboard"]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def kill_worker(self) -> bool:
        """Kill any one, and start another one in its place; there always is one."""
        place = random.randrange(self._count)
        _end(self.workers[place])
        self.workers[place] = self._worker()
        return True

    def kill_scheduler(self) -> None:
        """Kill it alone; the workers are left."""
        _end(self.scheduler)

    def kill(self) -> None:
        """Kill all of it."""
        for program in (self.scheduler, *self.workers):
            _end(program)


def _end(program: subprocess.Popen[bytes]) -> None:
    program.kill()
    program.wait()


@contextmanager
def where(executor: str, folder: Path) -> Iterator[tuple[list[str], list[str], Cluster | None]]:
    """What the command line begins and ends with, and the cluster, if there is one."""
    kind, _, count = executor.partition(":")
    if kind == "native":
        yield LAUNCH, [], None
    elif kind == "processes":
        yield LAUNCH, ["--processes", count], None
    elif kind == "mpi":
        yield ["mpiexec", "-n", count, sys.executable, "-m", "mpi4py.futures", "-m", "lumentrace"], ["--mpi"], None
    elif kind == "dask":
        cluster = Cluster(int(count), folder)
        try:
            yield LAUNCH, cluster.options, cluster
        finally:
            cluster.kill()
    else:
        raise SystemExit(f"--executor: expected native, processes:N, mpi:N or dask:N, found {executor}")
