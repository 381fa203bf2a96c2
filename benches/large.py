"""A run that does not fit a careless program: 10^7 lines, tracked in bounded memory, killed and resumed.

    python benches/large.py [--lines 10000000] [--folder out/large] [--format npy|da01]

Simulates two tracers block by block, tracks the file through the command line and prints time and largest resident
memory; then starts again, kills the run (SIGKILL) half-way, resumes it and compares the results byte by byte.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
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


def track(path: Path, out: Path, kill_after: float | None = None) -> tuple[float, float, int]:
    """Seconds, largest resident memory in MB and exit code of a run, which may be killed after some seconds."""
    command = [sys.executable, "-m", "lumentrace", "pept", "track", path, "--tracers", "2", "--out", out, "--resume"]
    start = time.perf_counter()
    with open(out.with_suffix(".log"), "ab") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log)
    if kill_after is not None:
        time.sleep(kill_after)
        child.send_signal(signal.SIGKILL)
    _, status, usage = os.wait4(child.pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=Path("out/large"))
    parser.add_argument("--format", choices=["npy", "da01"], default="npy")
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
    half = None
    for name, out in (("whole", whole), ("killed", parts), ("resumed", parts)):
        seconds, memory, code = track(path, out, half if name == "killed" else None)
        print(f"{name}: {seconds:.1f} s, largest resident memory {memory:.0f} MB, exit code {code}", flush=True)
        half = seconds / 2
    same = (whole / "trajectories.csv").read_bytes() == (parts / "trajectories.csv").read_bytes()
    print("whole and resumed results are", "identical" if same else "DIFFERENT")
    sys.exit(not same)


if __name__ == "__main__":
    main()
