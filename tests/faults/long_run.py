"""Damaged files for as long as wanted: ``python tests/faults/long_run.py SECONDS [NAME ...]`` for each reader.

Each reader runs in a process of its own, forked before anything was read, so that one that crashes, hangs or takes too
much memory is seen. Prints a line of JSON for each: how many versions were read and refused, wrong errors, the slowest
one in seconds, growth of memory in MiB and the most that was taken of it, growth of open files, and how the process
ended. Versions that gave a wrong error, and the one at which the process ended, are kept beside the file that is
damaged.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import warnings
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


def main() -> None:
    """Run the readers that are named, or all, and all parsers."""
    seconds, *names = sys.argv[1:]
    seed = int(time.time())
    for name in names or ALL:
        print(json.dumps(run(name, seed, float(seconds))), flush=True)


if __name__ == "__main__":
    main()
