"""Damaged files for as long as wanted: ``python tests/faults/long_run.py SECONDS [NAME ...]`` for each reader.

Each reader runs in a process of its own, forked before anything was read, so that one that crashes, hangs or takes too
much memory is seen. Prints a line of JSON for each: how many versions were read and refused, wrong errors, the slowest
one in seconds, growth of memory in MiB and the most that was taken of it, growth of open files, and how the process
ended. Versions that gave a wrong error, and the one at which the process ended, are kept beside the file that is
damaged.

``--counts FILE`` adds to the versions that each reader has read in earlier runs without a finding, and to their seconds
(`versions.csv` here holds what was tried by hand). Those nearest to ``--until`` come first, and none goes beyond it.
``--part 1/2`` and ``--part 2/2`` share the readers between two processes.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import fcntl
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.parsers import PARSERS
from faults.readers import READERS
from mutations import tried

ALL = READERS | PARSERS
MEMORY = 6 << 30
"""Bytes of address space of a reader."""
PATIENCE = 120.0
"""Seconds that a reader may take longer than it should."""
PROBE = 3.0
"""Seconds of a reader of which nothing is known yet."""
WARM = 0.5
"""Seconds before memory and files are counted for the first time."""


def resident() -> float:
    """MiB of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def work(name: str, folder: Path, seed: int, seconds: float, answer: Any) -> None:
    """Try a reader and send what became of it."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    reader = ALL[name]
    path = reader.place(folder)
    last = folder / "last-version"
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        first = tried(path, reader.read, seed, WARM, reader.told, reader.kinds, mend=reader.mend)
        memory, files = resident(), len(os.listdir("/proc/self/fd"))
        found = tried(path, reader.read, seed + 1, seconds, reader.told, reader.kinds, last.write_bytes, reader.mend)
    wrong = first.wrong | found.wrong
    for number, version in enumerate(wrong.values()):
        (folder / f"wrong-{number}").write_bytes(version)
    answer.send(
        {
            "tried": first.count + found.count,
            "refused": first.refused + found.refused,
            "slowest_s": round(max(first.slowest, found.slowest), 3),
            "memory_mib": round(resident() - memory, 1),
            "most_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10 - memory, 1),
            "files": len(os.listdir("/proc/self/fd")) - files,
            "wrong": list(wrong)[:20],
        }
    )


def run(name: str, seed: int, seconds: float) -> dict[str, Any]:
    """What became of a reader, and of its process."""
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=work, args=(name, folder, seed, seconds, theirs))
    process.start()
    theirs.close()
    process.join(seconds + PATIENCE)
    hung = process.is_alive()
    if hung:
        process.kill()
        process.join()
    try:
        found = ours.recv()
    except EOFError:
        found = {}
    ended = "hung" if hung else process.exitcode
    sound = bool(found) and not found["wrong"]
    if sound:
        shutil.rmtree(folder)
    return {"reader": name, "seed": seed, "ended": ended, **found, **({} if sound else {"kept": str(folder)})}


class Counts:
    """What readers have read so far, in a file that several processes may add to: of each, versions and seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, tuple[int, float]]:
        """Those of each reader."""
        if not self.path.exists():
            return {}
        with open(self.path, newline="") as file:
            return {row["reader"]: (int(row["versions"]), float(row["seconds"])) for row in csv.DictReader(file)}

    def add(self, name: str, versions: int, seconds: float) -> None:
        """More of one of them."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            found = self.read()
            before = found.get(name, (0, 0.0))
            found[name] = before[0] + versions, before[1] + seconds
            new = self.path.with_suffix(".new")
            with open(new, "w", newline="") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(("reader", "versions", "seconds"))
                table.writerows((each, count, round(took, 1)) for each, (count, took) in sorted(found.items()))
            new.replace(self.path)
        finally:
            os.close(folder)


def counted(names: list[str], seconds: float, counts: Counts, until: int) -> Iterator[tuple[str, float]]:
    """Readers and for how long they run: all that were never run for a moment, then those nearest to their end."""
    for name in names:
        if name not in counts.read():
            yield name, PROBE
    known = {name: each for name, each in counts.read().items() if name in names}
    left = {name: (until - versions) * took / versions for name, (versions, took) in known.items()}
    for name in sorted(left, key=left.__getitem__):
        if left[name] > 0:
            yield name, min(seconds, left[name])


def main() -> None:
    """Run the readers that are named, or all, and all parsers."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("seconds", type=float)
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--counts", type=Path)
    arguments.add_argument("--until", type=float, default=1e6)
    arguments.add_argument("--part", default="1/1")
    given = arguments.parse_args()
    part, parts = map(int, given.part.split("/"))
    names = (given.names or list(ALL))[part - 1 :: parts]
    counts = None if given.counts is None else Counts(given.counts)
    planned = (
        ((name, given.seconds) for name in names)
        if counts is None
        else counted(names, given.seconds, counts, int(given.until))
    )
    for name, seconds in planned:
        began = time.monotonic()
        found = run(name, time.time_ns() % 2**40, seconds)
        print(json.dumps(found), flush=True)
        if counts is not None and "kept" not in found:
            counts.add(name, found["tried"], time.monotonic() - began)


if __name__ == "__main__":
    main()
