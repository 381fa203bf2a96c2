"""Runs that do not fit a careless program: tracked in bounded memory, on several workers, killed and resumed.

    python benches/large.py                                    10^7 lines: whole, killed half-way, resumed
    python benches/large.py --lines 1e6,1e7,1e8 --executor native,dask:1,dask:2,dask:4,mpi:3,processes:2
    python benches/large.py --lines 1e8 --executor dask:2 --kills 20

Simulates two tracers, tracks the file through the command line on each executor, and prints as a Markdown table time,
time per line, the largest resident memory of the program and of a worker (and how much of it was its own, not pages of
files), and whether the trajectories are the same, by hash. With `--kills`, so many workers are killed (SIGKILL) at
random moments, and the scheduler once; what ends is started again with the same command. Without `--executor` the run
is killed half-way and resumed instead.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lumentrace import pept
from lumentrace.cli.options import whole_number
from lumentrace.pept import simulation
from lumentrace.pept.simulation.to_disk import write_npy

TRACERS = [
    simulation.Circle(centre=(300, 300, 250), radius=90),
    simulation.Circle(centre=(300, 300, 230), radius=60, phase=3.141592653589793),
]
AS_ROOT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}
POOLED = 50 * 2**20
"""Bytes that workers have; the processes that serve them are smaller."""
LAUNCH = [sys.executable, "-m", "lumentrace"]


def make(path: Path, lines: int) -> None:
    experiment = simulation.Experiment(TRACERS, n=lines, noise=0.5, seed=1)
    if path.suffix == ".da01":
        simulation.write_adac(path, (rows for rows, _ in experiment.blocks()), separation=500)
    else:
        write_npy(path, experiment)


@dataclass
class Memory:
    """Largest resident memory in MB of a kind of process, and how much of it was its own."""

    whole: float = 0.0
    own: float = 0.0

    def see(self, process: int) -> None:
        """Take a look, if it is still there."""
        with suppress(OSError):
            lines = [line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines()]
            kinds = {line[0].rstrip(":"): float(line[1]) / 1024 for line in lines if line[0].startswith("Rss")}
            self.whole = max(self.whole, sum(kinds.values()))
            self.own = max(self.own, kinds.get("RssAnon", 0.0))

    def __str__(self) -> str:
        return f"{self.whole:.0f} ({self.own:.0f})" if self.whole else "-"


@dataclass
class Usage:
    """Of a run: seconds, exit code, memory of the program and of its workers."""

    seconds: float = 0.0
    code: int = 0
    driver: Memory = field(default_factory=Memory)
    worker: Memory = field(default_factory=Memory)
    starts: int = 0
    kills: int = 0


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

    def kill_worker(self) -> None:
        """Kill any one, and start another one in its place."""
        place = random.randrange(self._count)
        _end(self.workers[place])
        self.workers[place] = self._worker()

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


def watch(child: subprocess.Popen[bytes], usage: Usage, cluster: Cluster | None, each: Callable[[float], None]) -> None:
    """Look at the memory of a run until it ends; `each` is called with its seconds every time."""
    began = time.perf_counter()
    driver = psutil.Process(child.pid)
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        usage.driver.see(child.pid)
        with suppress(psutil.Error):
            for worker in driver.children(recursive=True):
                usage.worker.see(worker.pid)
        for program in cluster.workers if cluster else ():
            usage.worker.see(program.pid)
        each(time.perf_counter() - began)
        time.sleep(0.05)
    usage.code = child.wait()


def track(path: Path, out: Path, executor: str, recipe: str, kills: list[float], kill_after: float) -> Usage:
    """Run the command line until it ends well, killing workers at some seconds, or itself after some."""
    usage, due = Usage(), sorted(kills)
    with where(executor, out.parent) as (first, last, cluster):
        began = time.perf_counter()
        command = [*first, "pept", "run", path, "--tracers", "2", "--out", out, "--resume", "--recipe", recipe, *last]
        scheduler_at = due[len(due) // 2] if cluster and due else None
        while True:
            with open(out.with_suffix(".log"), "ab") as log:
                words, around = list(map(str, command)), {**os.environ, **AS_ROOT}
                child = subprocess.Popen(words, stdout=log, stderr=log, env=around)

            def strike(seconds: float, child: subprocess.Popen[bytes] = child) -> None:
                nonlocal scheduler_at
                spent = time.perf_counter() - began
                if seconds > kill_after:
                    child.send_signal(signal.SIGKILL)
                if scheduler_at is not None and spent > scheduler_at and cluster:
                    scheduler_at = None
                    cluster.kill()
                if due and spent > due[0]:
                    due.pop(0)
                    usage.kills += 1
                    _kill_a_worker(child, cluster)

            usage.starts += 1
            watch(child, usage, cluster, strike)
            if usage.code == 0 or not kills:
                break
            if cluster:
                cluster.kill()
                cluster.start()
    usage.seconds = time.perf_counter() - began
    return usage


def _kill_a_worker(child: subprocess.Popen[bytes], cluster: Cluster | None) -> None:
    if cluster:
        threading.Thread(target=cluster.kill_worker).start()
        return
    with suppress(psutil.Error, IndexError):
        pool = psutil.Process(child.pid).children(recursive=True)
        random.choice([each for each in pool if each.memory_info().rss > POOLED]).kill()


def digest(out: Path) -> str:
    """Hash of all trajectories."""
    found = hashlib.sha256()
    for batch in pept.scan_trajectories(out).collect_batches(maintain_order=True):
        found.update(batch.to_numpy(order="c").tobytes())
    return found.hexdigest()[:12]


def tell(name: str, lines: int, usage: Usage, found: str) -> None:
    rate = f"{usage.seconds / lines * 1e6:.2f}"
    cells = (
        name,
        f"{lines:.0e}",
        f"{usage.seconds:.1f}",
        rate,
        usage.driver,
        usage.worker,
        usage.kills,
        usage.starts,
        found,
    )
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", default="1e7", help="numbers, separated by commas")
    parser.add_argument("--folder", type=Path, default=Path("out/large"))
    parser.add_argument("--format", choices=["npy", "da01"], default="npy")
    parser.add_argument("--recipe", default="lines")
    parser.add_argument("--executor", default="", help="native, processes:2, dask:2, mpi:3, separated by commas")
    parser.add_argument("--kills", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    wrong = False
    print("| executor | lines | s | µs/line | program MB (own) | worker MB (own) | kills | starts | trajectories |")
    print("|---|---|---|---|---|---|---|---|---|")
    for lines in map(whole_number, options.lines.split(",")):
        path = options.folder / f"lines-{lines}.{options.format}"
        if not path.exists():
            began = time.perf_counter()
            make(path, lines)
            spent = time.perf_counter() - began
            print(
                f"made {path}: {path.stat().st_size / 1e6:.0f} MB, {lines / spent / 1e6:.2f} M lines/s", file=sys.stderr
            )
        wrong |= _compare(path, lines, options)
    sys.exit(wrong)


def _compare(path: Path, lines: int, options: argparse.Namespace) -> bool:
    """Run on all executors; whether results differ."""
    found = set()

    def once(name: str, executor: str, out: str, kills: list[float], kill_after: float = float("inf")) -> Usage:
        place = options.folder / out
        usage = track(path, place, executor, options.recipe, kills, kill_after)
        known = digest(place) if usage.code in (0, 4) else f"exit code {usage.code}"
        if usage.code in (0, 4):
            found.add(known)
        tell(name, lines, usage, known)
        return usage

    executors = [each for each in options.executor.split(",") if each]
    for name in ("whole", "parts", *(each.replace(":", "-") for each in executors)):
        shutil.rmtree(options.folder / name, ignore_errors=True)
    if not executors:
        half = once("whole", "native", "whole", []).seconds / 2
        once("killed", "native", "parts", [], half)
        once("resumed", "native", "parts", [])
    for executor in executors:
        out = executor.replace(":", "-")
        usage = once(executor, executor, out, [])
        if options.kills:
            shutil.rmtree(options.folder / out)
            times = [random.uniform(0.1, 1.5) * usage.seconds for _ in range(options.kills)]
            once(f"{executor}, killed", executor, out, times)
    return len(found) > 1


if __name__ == "__main__":
    main()
