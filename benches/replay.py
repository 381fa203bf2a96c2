"""How exactly lines are replayed over a socket, and what that costs.

    python benches/replay.py [--seconds 10] [--rates 100000 300000 1000000 2000000]

A process of its own replays random lines; this one reads them. The delay of a line is how much later it is read than it
is due, less the smallest delay of all lines.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lumentrace.pept.sources import open_source


def measure(folder: Path, rate: int, seconds: float) -> str:
    """One row of the table."""
    rows = np.random.default_rng(0).normal(size=(int(rate * seconds), 7))
    rows[:, 0] = np.arange(len(rows)) * (1000 / rate)
    np.save(folder / "run.npy", rows)
    address = f"unix://{folder}/lines"
    command = [sys.executable, "-m", "lumentrace", "pept", "replay", folder / "run.npy", "--to", address]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    received, dropped, delays = 0, 0, []
    with open_source(address) as blocks:
        for block in blocks:
            if len(block.rows):
                delays.append(1000 * time.perf_counter() - block.rows[[0, -1], 0])
            received += len(block.rows)
            dropped += block.dropped
    child.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    late = np.concatenate(delays) - np.min(delays)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    middle, high, most = np.quantile(late, [0.5, 0.99, 1])
    return f"| {rate:,} | {received:,} | {dropped} | {middle:.1f} | {high:.1f} | {most:.1f} | {busy / seconds:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rates", type=int, nargs="+", default=[100_000, 300_000, 1_000_000, 2_000_000])
    arguments = parser.parse_args()
    print("| lines per s asked for | received | dropped | delay, median (ms) | 99 % | most | cores of the sender |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for rate in arguments.rates:
            print(measure(Path(folder), rate, arguments.seconds), flush=True)


if __name__ == "__main__":
    main()
