"""All trials of what writes files, room by room of the package: what ``make faults`` runs."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from forked import apart
from tracing import KILL
from trials import LEAST, Found, Trial, Trials
from writers import Writer


@cache
def _made_by(make: Callable[[Path], object], root: Path) -> Path:
    """The folder that a function fills, once for all writers that ask for it."""
    folder = Path(mkdtemp(dir=root))
    apart(lambda: make(folder))
    return folder


def tried(writer: Writer, root: Path, seed: int, seconds: float | None = None, kills: int = 0) -> Iterator[Found]:
    """What the trials of a writer come to, after each of them.

    Parameters
    ----------
    writer : Writer
    root : path
        For what is made once for several writers.
    seed : int
        Of the order of the trials.
    seconds : float, optional
        After which no more are begun.
    kills : int
        How often it is killed at least: at each call, and then at any moment.
    """
    random.seed(seed)
    made = root if writer.make is None else _made_by(writer.make, root)
    with TemporaryDirectory(prefix="trials-") as folder:
        trials = Trials(writer, Path(folder).resolve(), made)
        planned = trials.plan()
        random.shuffle(planned)
        more = max(0, kills - sum(trial.fault == KILL for trial in planned))
        befores = trials.befores
        planned += [Trial(befores[number % len(befores)], None, KILL, "at a moment") for number in range(more)]
        end = None if seconds is None else time.monotonic() + seconds
        for number, trial in enumerate(planned):
            if end is not None and number >= LEAST and time.monotonic() > end:
                return
            trials.run(trial)
            yield trials.found


def main() -> None:
    """``python tests/writing.py ROOM SEED SECONDS KILLS OUT [WRITER ...]``: trials of writers of a room of the package.

    A line of JSON for each goes to OUT: what `Found` has.
    """
    room, seed, seconds, kills, out, *names = sys.argv[1:]
    table: dict[str, Writer] = import_module(f"writers.{room}").WRITERS
    with TemporaryDirectory(prefix="made-") as root, open(out, "a") as answer:
        for name in names or table:
            last, began = Found(), time.perf_counter()
            try:
                for found in tried(table[name], Path(root).resolve(), int(seed), float(seconds) or None, int(kills)):
                    last = found
            except (AssertionError, RuntimeError) as error:
                last.note("untold", f"no trials: {error}")
            line = {"writer": f"{room}: {name}", "seconds": round(time.perf_counter() - began, 1), **asdict(last)}
            answer.write(json.dumps(line) + "\n")
            answer.flush()


if __name__ == "__main__":
    main()
