"""All trials of what writes files, room by room of the package: what ``make faults`` runs."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
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


def tried(
    writer: Writer, root: Path, seed: int, seconds: float | None = None, kills: int = 0, after: int = 0
) -> Iterator[Found]:
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
    after : int
        Trials that were made before, which are passed over.
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
        for number, trial in enumerate(planned[after:]):
            if end is not None and number >= LEAST and time.monotonic() > end:
                return
            trials.run(trial)
            yield trials.found


@dataclass
class Progress:
    """What was found of a writer, over all runs with the same seed and number of kills.

    Attributes
    ----------
    at_least : int
        Kills that were asked for.
    made : int
        Trials.
    whole : bool
        Whether these are all of them.
    """

    writer: str
    seed: int
    at_least: int
    seconds: float
    made: int
    whole: bool
    found: Found

    @classmethod
    def read(cls, path: Path, name: str, seed: int, at_least: int) -> Progress:
        """Where the last run ended; the beginning if that was whole."""
        first = last = cls(name, seed, at_least, 0.0, 0, False, Found())
        for line in path.read_text().splitlines() if path.exists() else []:
            known = json.loads(line)
            if (known["writer"], known["seed"], known["at_least"]) == (name, seed, at_least):
                last = cls(**known | {"found": Found(**known["found"])})
        return first if last.whole else last

    def add(self, before: Found, found: Found) -> None:
        """Count one more trial: what a run has found by now, and what was found before it."""
        self.made += 1
        counts = {name: getattr(before, name) + getattr(found, name) for name in COUNTS}
        self.found = Found(found.calls, **counts, told=before.told + found.told)


COUNTS = ("kills", "refused", "damaged", "differing", "left", "untold")


def main() -> None:
    """``python tests/writing.py ROOM SEED SECONDS KILLS OUT [WRITER ...]``: trials of writers of a room of the package.

    A line of JSON for each goes to OUT: what `Progress` has. One that is ended (SIGTERM) writes its line too, and the
    next run with the same seed and number of kills goes on from there.
    """
    room, seed, seconds, kills, out, *names = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    table: dict[str, Writer] = import_module(f"writers.{room}").WRITERS
    with TemporaryDirectory(prefix="made-") as root:
        for name in names or table:
            run(table[name], f"{room}: {name}", Path(root).resolve(), int(seed), float(seconds), int(kills), Path(out))


def run(writer: Writer, name: str, root: Path, seed: int, seconds: float, kills: int, out: Path) -> None:
    """Try a writer, and keep what was found."""
    progress, began = Progress.read(out, name, seed, kills), time.perf_counter()
    before, took = progress.found, progress.seconds
    try:
        for found in tried(writer, root, seed, seconds or None, kills, progress.made):
            progress.add(before, found)
        progress.whole = not seconds
    except (AssertionError, RuntimeError) as error:
        progress.found.note("untold", f"no trials: {error}")
    finally:
        progress.seconds = round(took + time.perf_counter() - began, 1)
        with open(out, "a") as answer:
            answer.write(json.dumps(asdict(progress)) + "\n")


if __name__ == "__main__":
    main()
