"""A run that does not fit a careless program: 10^7 lines, tracked in bounded memory, killed and resumed.

    python benches/large.py [--lines 10000000] [--folder out/large] [--format npy|da01] [--recipe peptml]

Simulates two tracers block by block, tracks the file through the command line and prints time and largest resident
memory, and how much of it was the process's own and how much pages of files; then starts again, kills the run (SIGKILL)
half-way, resumes it and compares the results byte by byte.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lumentrace.pept import simulation

TRACERS = [
    simulation.Circle(centre=(300, 300, 250), radius=90),
    simulation.Circle(centre=(300, 300, 230), radius=60, phase=np.pi),
]


def make(path: Path, lines: int) -> None:
    experiment = simulation.Experiment(TRACERS, n=lines, noise=0.5, seed=1)
    if path.suffix == ".da01":
        simulation.write_adac(path, (rows for rows, _ in experiment.blocks()), separation=500)
        return
    with open(path, "wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (lines, 7)}
        np.lib.format.write_array_header_1_0(file, header)
        for rows, _ in experiment.blocks():
            rows.tofile(file)


@dataclass
class Usage:
    """Seconds, exit code and largest resident memory in MB, of all kinds and of each, of a run."""

    seconds: float
    code: int
    memory: float
    own: float
    files: float


def track(path: Path, out: Path, recipe: str, kill_after: float = float("inf")) -> Usage:
    """Run the command line, which may be killed after some seconds."""
    command = [sys.executable, "-m", "lumentrace", "pept", "track", path, "--tracers", "2", "--out", out, "--resume"]
    start, own, files = time.perf_counter(), 0.0, 0.0
    with open(out.with_suffix(".log"), "ab") as log:
        child = subprocess.Popen([*command, "--recipe", recipe], stdout=log, stderr=log)
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        memory = resident(child.pid)
        own, files = max(own, memory.get("RssAnon", 0)), max(files, memory.get("RssFile", 0))
        if time.perf_counter() - start > kill_after:
            child.send_signal(signal.SIGKILL)
        time.sleep(0.02)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    return Usage(seconds, os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024, own, files)


def resident(process: int) -> dict[str, float]:
    """Kinds of resident memory in MB."""
    lines = [line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines()]
    return {line[0].rstrip(":"): float(line[1]) / 1024 for line in lines if line[0].startswith("Rss")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=Path("out/large"))
    parser.add_argument("--format", choices=["npy", "da01"], default="npy")
    parser.add_argument("--recipe", default="peptml")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / f"lines.{options.format}"
    whole, parts = options.folder / "whole", options.folder / "parts"
    for folder in (whole, parts):
        shutil.rmtree(folder, ignore_errors=True)
    if not path.exists():
        start = time.perf_counter()
        make(path, options.lines)
        print(f"made {path}: {path.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - start:.1f} s", flush=True)
    half = float("inf")
    for name, out in (("whole", whole), ("killed", parts), ("resumed", parts)):
        usage = track(path, out, options.recipe, half if name == "killed" else float("inf"))
        memory = f"{usage.memory:.0f} MB, of its own {usage.own:.0f}, of files {usage.files:.0f}"
        print(f"{name}: {usage.seconds:.1f} s, largest resident memory {memory}, exit code {usage.code}", flush=True)
        half = usage.seconds / 2
    same = (whole / "trajectories.csv").read_bytes() == (parts / "trajectories.csv").read_bytes()
    print("whole and resumed results are", "identical" if same else "DIFFERENT")
    sys.exit(not same)


if __name__ == "__main__":
    main()
