"""PETSIRD files: ours against the package of its authors, which makes a Python object of each event.

    python benches/petsird_files.py                      10^6 events in blocks of 2000
    python benches/petsird_files.py --events 1e7

Prints seconds of both and their ratio: the package reads events alone; ours makes lines of them too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import petsird

from lumentrace.pept import scanners

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from scanner_files import petsird_block, write_petsird

BLOCK = 2000
CRYSTALS = 48


def make(path: Path, events: int) -> None:
    """A file of events between crystals of different modules, with an eighth as many delayed ones."""
    random = np.random.default_rng(1)

    def pairs(count: int) -> list[list[int]]:
        first = random.integers(CRYSTALS, size=count)
        return np.column_stack([first, (first + random.integers(8, 40, size=count)) % CRYSTALS]).tolist()

    blocks = (petsird_block(n, n + 1, pairs(BLOCK), pairs(BLOCK // 8)) for n in range(events // BLOCK))
    write_petsird(path, blocks)


def package(path: Path) -> int:
    """Prompt events that the package reads."""
    with petsird.BinaryPETSIRDReader(str(path)) as reader:
        reader.read_header()
        return sum(len(block.value.prompt_events[0][0]) for block in reader.read_time_blocks())


def timed(read: Callable[[Path], int], path: Path, small: Path) -> tuple[float, int]:
    """Seconds, once everything is imported, and what is read."""
    read(small)
    began = time.perf_counter()
    found = read(path)
    return time.perf_counter() - began, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=float, default=1e6)
    events = int(parser.parse_args().events)
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder) / "run.petsird", Path(folder) / "small.petsird"
        make(path, events)
        make(small, BLOCK)
        theirs, count = timed(package, path, small)
        ours, lines = timed(lambda each: len(scanners.petsird_events(each, verbose=False).lines), path, small)
    assert lines == count == events // BLOCK * BLOCK
    rate, ratio = lines / ours / 1e6, theirs / ours
    print(f"{lines} events: ours {ours:.2f} s, {rate:.1f} million a second; package {theirs:.2f} s; ratio {ratio:.1f}")


if __name__ == "__main__":
    main()
