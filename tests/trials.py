"""Trials of what writes files: killed at a system call or at any moment, refused a call by a full or a broken disk.

After each trial every file is the old one or the new one, the same call makes the same files again, and nothing that is
not finished is left.
"""

from __future__ import annotations

import errno
import io
import json
import os
import random
import re
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from forked import apart, import_all
from tracing import KILL, SHORT, SHORTENED, Call, follow
from writers import Writer, itself

UNFINISHED = re.compile(r"(^|/)(\.[a-z]+-[^/]*|[^/]*\.partial)(/|$)")
"""Names of what is being written."""
FAULTS = (errno.ENOSPC, errno.EIO, SHORT)
REMOVES = ("unlink", "unlinkat", "rmdir")
LEAST = 3
"""Trials, however slow the machine is."""


@dataclass
class Found:
    """What the trials of a writer came to."""

    calls: int = 0
    kills: int = 0
    refused: int = 0
    damaged: int = 0
    differing: int = 0
    left: int = 0
    untold: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """Trials that something was wrong with."""
        return self.damaged + self.differing + self.left + self.untold

    def note(self, what: str, text: str) -> None:
        """Count something that is wrong, and say it."""
        setattr(self, what, getattr(self, what) + 1)
        self.told.append(f"{what}: {text}")


@dataclass(frozen=True)
class Trial:
    """A call that something happens to, by its number; None for a moment in between."""

    before: str
    number: int | None
    fault: str | int
    call: str


class Trials:
    """All trials of a writer in a folder of their own.

    Parameters
    ----------
    writer : Writer
    root : path
        An empty folder.
    made : path
        What `Writer.make` has made.
    """

    def __init__(self, writer: Writer, root: Path, made: Path) -> None:
        self.writer, self.found = writer, Found()
        self._made, self._place, self._kept = made, root / "place", root / "kept"
        for folder in (self._place, self._kept / "nothing"):
            folder.mkdir(parents=True)
        import_all(json.loads(apart(lambda: json.dumps(self._modules()))))
        self._again(1)
        shutil.copytree(self._place, self._kept / "old")
        befores = ("nothing", "old") if writer.over else ("nothing",)
        self._states = {before: self._state(self._kept / before) for before in befores}
        self._new, self._calls, self._seconds = dict[str, Any](), dict[str, list[Call]](), 0.0
        for before in self._states:
            self._begin(before)
            self._seconds = self._timed()
            self._new[before] = self._state(self._place)
            self._begin(before)
            followed = follow(self._place, self._given(2), self._write)
            assert followed.ended == 0, f"fails by itself: {followed}"
            self._calls[before] = followed.calls
            again = self._state(self._place)
            assert again == self._new[before], f"writes something else each time: {_unlike(again, self._new[before])}"
            assert self._new[before] != self._states[before], "the two versions are the same"
        self.found.calls = len(self._calls[before])

    def plan(self) -> list[Trial]:
        """Each call killed, refused, and done by half."""
        planned = []
        for before, calls in self._calls.items():
            for number, call in enumerate(calls):
                planned.append(Trial(before, number, KILL, str(call)))
                faults = FAULTS if call.name in SHORTENED and call.value > 1 else FAULTS[:2]
                planned += [Trial(before, number, fault, str(call)) for fault in faults if call.writes]
        return planned

    @property
    def befores(self) -> list[str]:
        """What may be there before."""
        return list(self._states)

    def run(self, trial: Trial) -> None:
        """Try, and note what is wrong."""
        self._begin(trial.before)
        said, ended, hung, broken = "", None, False, True
        if trial.number is None:
            self._killed_at_a_moment()
        else:
            with TemporaryDirectory() as folder:
                answer = Path(folder) / "said"
                followed = follow(
                    self._place, self._given(2), lambda given: self._told(answer, given), trial.number, trial.fault
                )
                said = answer.read_text() if answer.exists() else ""
            ended, hung, broken = followed.ended, followed.hung, followed.broken
            if len(followed.calls) > trial.number:  # threads may have made their calls in another order
                trial = replace(trial, call=str(followed.calls[trial.number]))
        about = f"{trial} ended with {ended}: {said.strip() or 'nothing said'}"
        if trial.fault == KILL:
            self.found.kills += 1
        elif broken:
            self.found.refused += 1
            self._answered(trial, ended, said, about)
        if hung:
            self.found.note("untold", f"hung: {about}")
        self._whole(trial.before, about)
        try:
            self._again(2)
        except RuntimeError as error:
            self.found.note("differing", f"cannot be done again after {about}: {error}")
            return
        again = self._state(self._place)
        if again != self._new[trial.before]:
            self.found.note("differing", f"{_unlike(again, self._new[trial.before])} after {about}")
        for name in self._unfinished():
            self.found.note("left", f"{name}, even by the next run, after {about}")

    def _answered(self, trial: Trial, ended: int | None, said: str, about: str) -> None:
        """Whether what was refused is told, as an error that names a file, or does no harm."""
        if ended == 0:
            if self._state(self._place) != self._new[trial.before]:
                self.found.note("damaged", f"silently: {about}")
        elif trial.fault == SHORT:
            self.found.note("untold", f"does not go on: {about}")
        elif ended != 1 or not said.startswith("OSError") or "Traceback" in said or str(self._place) not in said:
            self.found.note("untold", about)
        removing = trial.call.startswith(tuple(f"Call(name='{name}'" for name in REMOVES))
        for name in () if removing else self._unfinished():
            self.found.note("left", f"{name} after {about}")

    def _whole(self, before: str, about: str) -> None:
        """Whether each file is the old one or the new one."""
        old, new, found = self._states[before], self._new[before], self._state(self._place)
        for name in {*old, *new, *found}:
            allowed = {old.get(name), new.get(name), *([None] if self.writer.goes else [])}
            if found.get(name) not in allowed:
                self.found.note("damaged", f"{name} is {'gone' if name not in found else 'neither'} after {about}")

    def _told(self, answer: Path, given: Any) -> None:
        """Write; what a user would be told goes to a file."""
        printed = io.StringIO()
        try:
            with redirect_stdout(printed), redirect_stderr(printed):
                self._write(given)
        except OSError as error:
            answer.write_text(f"OSError ({type(error).__name__}): {error}\n{printed.getvalue()}")
            os._exit(1)
        except SystemExit as error:
            answer.write_text(f"OSError ({error.code}): {printed.getvalue()}")
            os._exit(1 if error.code else 0)
        except BaseException as error:
            answer.write_text(f"{type(error).__name__}: {''.join(traceback.format_exception(error))}")
            os._exit(1)

    def _killed_at_a_moment(self) -> None:
        ready, began = os.pipe()
        child = os.fork()
        if child == 0:
            given = self._given(2)()
            os.write(began, b"1")
            self._write(given)
            os._exit(0)
        os.read(ready, 1)
        time.sleep(random.uniform(0, 1.1 * self._seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(began)

    def _given(self, version: int) -> Callable[[], Any]:
        return lambda: self.writer.given(version, self._made)

    def _write(self, given: Any) -> None:
        self.writer.write(self._place, given)

    def _again(self, version: int) -> None:
        apart(lambda: self._write(self._given(version)()))

    def _timed(self) -> float:
        """Seconds that the second version takes."""

        def work() -> str:
            given = self._given(2)()
            started = time.perf_counter()
            self._write(given)
            return str(time.perf_counter() - started)

        return float(apart(work))

    def _modules(self) -> list[str]:
        known = set(sys.modules)
        self._write(self._given(1)())
        return [name for name in sys.modules if name not in known]

    def _begin(self, before: str) -> None:
        shutil.rmtree(self._place)
        shutil.copytree(self._kept / before, self._place)

    def _state(self, folder: Path) -> dict[str, str]:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        named = {path.relative_to(folder).as_posix(): path for path in files}
        whole = {name: path for name, path in named.items() if not UNFINISHED.search(name)}

        def contents() -> str:
            return json.dumps({name: sha256(self.writer.content(path)).hexdigest() for name, path in whole.items()})

        found: dict[str, str] = json.loads(contents() if self.writer.content is itself else apart(contents))
        return found

    def _unfinished(self) -> list[str]:
        names = [path.relative_to(self._place).as_posix() for path in self._place.rglob("*")]
        return [name for name in names if UNFINISHED.search(name)]


def _unlike(found: dict[str, str], expected: dict[str, str]) -> str:
    names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    return f"other {', '.join(names)}"
