"""Runs that do not fit a careless program: tracked in bounded memory, on several workers, killed and resumed.

    python benches/large.py                                    10^7 lines: whole, killed half-way, resumed
    python benches/large.py --lines 1e6,1e7,1e8 --executor native,dask:1,dask:2,dask:4,mpi:3,processes:2
    python benches/large.py --lines 1e8 --executor dask:2 --kills 20 --scheduler-kill

Simulates two tracers, tracks the file through the command line on each executor, and prints as a Markdown table time,
time per line, the largest resident memory of the program and of a worker (and how much of it was its own, not pages of
files), and whether the trajectories are the same, by hash. With `--kills`, so many workers are killed (SIGKILL), each
at a random moment of its own part of the run, and with `--scheduler-kill` the scheduler near the middle of the same
run; what ends is started again with the same command. It fails if results differ, or fewer were killed than asked for.
Without `--executor` the run is killed half-way and resumed instead.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from clusters import Cluster, where
from lumentrace import pept
from lumentrace.cli.options import whole_number
from lumentrace.pept import simulation
from lumentrace.pept.simulation.to_disk import write_npy
from striking import Progress, Strikes, spans_done

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
DONE = (0, 4)
"""Exit codes of a run with results: reliable, and not."""


def make(path: Path, lines: int) -> None:
    experiment = simulation.Experiment(TRACERS, n=lines, noise=0.5, seed=1)
    if path.suffix == ".da01":
        simulation.write_adac(path, (rows for rows, _ in experiment.blocks()), separation=500)
    else:
        write_npy(path, experiment)


def cpu_seconds() -> float:
    """Of this program and all that it has started, also of those that have ended."""
    programs = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(each.cpu_times()[:4]) for each in programs)


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
    restarts: int = 0


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


def track(
    path: Path, out: Path, executor: str, recipe: str, strikes: Strikes | None = None, kill_after: float | None = None
) -> Usage:
    """Run the command line until it ends well, killing workers and the scheduler, or itself after some seconds."""
    usage = Usage()
    with where(executor, out.parent) as (first, last, cluster):
        began = time.perf_counter()
        command = [*first, "pept", "run", path, "--tracers", "2", "--out", out, "--resume", "--recipe", recipe, *last]
        while True:
            with open(out.with_suffix(".log"), "ab") as log:
                words, around = list(map(str, command)), {**os.environ, **AS_ROOT}
                child = subprocess.Popen(words, stdout=log, stderr=log, env=around)

            def strike(seconds: float, child: subprocess.Popen[bytes] = child) -> None:
                if kill_after is not None and seconds > kill_after:
                    child.send_signal(signal.SIGKILL)
                if strikes is not None:
                    kill_worker = cluster.kill_worker if cluster else lambda: _kill_a_child(child)
                    kill_scheduler = cluster.kill_scheduler if cluster else child.kill
                    strikes.look(time.perf_counter() - began, kill_worker, kill_scheduler)

            usage.starts += 1
            watch(child, usage, cluster, strike)
            struck = strikes.kills + strikes.restarts if strikes else 0
            if usage.code in DONE or usage.starts > struck:
                break
            if cluster:
                cluster.kill()
                cluster.start()
    usage.seconds = time.perf_counter() - began
    if strikes is not None:
        usage.kills, usage.restarts = strikes.kills, strikes.restarts
    return usage


def _kill_a_child(child: subprocess.Popen[bytes]) -> bool:
    """Kill any worker that a program has started; whether there was one."""
    with suppress(psutil.Error):
        pool = psutil.Process(child.pid).children(recursive=True)
        workers = [each for each in pool if each.memory_info().rss > POOLED]
        if workers:
            random.choice(workers).kill()
            return True
    return False


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
        usage.restarts,
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
    parser.add_argument("--kills", type=int, default=0, help="workers killed in a second run on each executor")
    parser.add_argument("--scheduler-kill", action="store_true", help="and Dask's scheduler, once")
    options = parser.parse_args()
    executors = [each for each in options.executor.split(",") if each]
    if options.kills and not all(each.startswith(("dask:", "processes:", "mpi:")) for each in executors or [""]):
        parser.error("--kills: expected --executor with dask:N, processes:N or mpi:N alone, which have workers to kill")
    if options.scheduler_kill and not (options.kills and all(each.startswith("dask:") for each in executors)):
        parser.error("--scheduler-kill: expected --kills, and --executor with dask:N alone, which has a scheduler")
    options.folder.mkdir(parents=True, exist_ok=True)
    wrong = False
    columns = (
        *("executor", "lines", "s", "µs/line", "program MB (own)", "worker MB (own)"),
        *("kills", "scheduler kills", "starts", "trajectories"),
    )
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for lines in map(whole_number, options.lines.split(",")):
        path = options.folder / f"lines-{lines}.{options.format}"
        if not path.exists():
            began, busy = time.perf_counter(), cpu_seconds()
            make(path, lines)
            rate, spent = lines / (time.perf_counter() - began) / 1e6, (cpu_seconds() - busy) / lines * 1e6
            size = path.stat().st_size / 1e6
            told = f"made {path}: {size:.0f} MB, {rate:.2f} M lines/s, {spent:.2f} s of a core for a million lines"
            print(told, file=sys.stderr)
        wrong |= not _compare(path, lines, executors, options)
    sys.exit(wrong)


def _compare(path: Path, lines: int, executors: list[str], options: argparse.Namespace) -> bool:
    """Run on all executors; whether results are the same, and as many were killed as asked for."""
    found = set()

    def once(name: str, executor: str, out: str, **how: Any) -> Usage:
        place = options.folder / out
        usage = track(path, place, executor, options.recipe, **how)
        known = digest(place) if usage.code in DONE else f"exit code {usage.code}"
        if "kill_after" not in how:
            found.add(known)
        tell(name, lines, usage, known)
        return usage

    sound = True
    for name in ("whole", "parts", *(each.replace(":", "-") for each in executors)):
        shutil.rmtree(options.folder / name, ignore_errors=True)
    if not executors:
        half = once("whole", "native", "whole").seconds / 2
        once("killed", "native", "parts", kill_after=half)
        once("resumed", "native", "parts")
    for executor in executors:
        out = executor.replace(":", "-")
        usage = once(executor, executor, out)
        if options.kills:
            run = options.folder / out / "run"
            spans = max(spans_done(run), 1)
            progress = Progress(run, spans, usage.seconds / spans, int(executor.split(":")[1]))
            shutil.rmtree(run.parent)
            strikes = Strikes(options.kills, options.scheduler_kill, progress, random.Random())
            usage = once(f"{executor}, killed", executor, out, strikes=strikes)
            sound &= (usage.kills, usage.restarts) == (options.kills, int(options.scheduler_kill))
    return sound and len(found) == 1 and not any(each.startswith("exit code") for each in found)


if __name__ == "__main__":
    main()
