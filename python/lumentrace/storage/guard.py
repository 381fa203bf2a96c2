"""Child processes that look at foreign files, or read them: what crashes, hangs or fills them does not harm this one.

A child does one kind of job, file after file, and is started when the first of them comes: what libraries of others
keep does not count against its memory. A job ends in time or the child is killed; its work and its memory are limited
where the system can do that.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised, raised_seconds
from lumentrace.storage.guard_messages import ARRAY, DEAD, END, FAILED, VALUES, Limits, question, received

SECONDS = 10.0
"""Most time of a processor for a look at 1 MB, and as much again for each GB; also for each array of a file."""
SMALL = 0.2
"""Share of it for a look at a file of a few bytes: one of 10 kB that takes longer is in a loop."""
PATIENCE = 6
"""How much longer it may take on a machine that others use."""
STARTING = 120.0
"""Seconds that a child may take to start, until it has the libraries that it needs."""
MEMORY = 4 << 30
"""Bytes of memory that a job may take."""
JOBS = {"hdf5": "lumentrace.storage.hdf5_check:check_file", "arrow": "lumentrace.storage.arrow_check:check_file"}
"""What a child looks for: a function of a path that raises FormatError."""
_ENDED = "the process that {} it ended with status {} (damaged?)"
_LATE = "the process that {} it was ended after {:.3g} s of work or {:.3g} s by the clock (damaged?)"
_OUT_OF_TIME = [-getattr(signal, name) for name in ("SIGPROF", "SIGALRM") if hasattr(signal, name)]


def _usual(work: float) -> Limits:
    return Limits(work, PATIENCE * work, raised(MEMORY))


class _Child:
    """A running child; one job at a time, and always of the same function."""

    def __init__(self, function: str) -> None:
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # each of its threads reserves memory
        self.function, self.owner, self.busy, self.late = function, os.getpid(), True, False
        self.starting = STARTING
        other, end = os.pipe()  # nothing is written to it: it only tells when this process is gone
        self.life = os.fdopen(end, "wb")
        given = [other] if sys.platform == "linux" else []
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lumentrace.storage.guard_child", *map(str, given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for this process, which ends the child
            pass_fds=given,
        )
        os.close(other)

    def pipes(self) -> list[IO[bytes]]:
        """What this process holds of it."""
        return [pipe for pipe in (self.process.stdin, self.process.stdout, self.life) if pipe is not None]

    def ask(self, path: str, arguments: tuple[Any, ...], limits: Limits) -> None:
        """Give it a job."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # its answer will tell
            self.process.stdin.write(question(self.function, path, arguments, limits))
            self.process.stdin.flush()

    def answer(self, seconds: float) -> tuple[bytes, Any]:
        """What it sends next; it is killed after so many seconds."""
        assert self.process.stdout is not None
        timer = threading.Timer(seconds + self.starting, self._end_late)
        timer.start()
        try:
            return received(self.process.stdout)
        finally:
            timer.cancel()
            self.starting = 0.0

    def _end_late(self) -> None:
        self.late = True
        self.process.kill()

    def end(self) -> int:
        """End the child; how it ended."""
        self.process.kill()
        status = self.process.wait()
        for pipe in self.pipes():
            with suppress(BrokenPipeError):  # a question that was not read
                pipe.close()
        return status


_lock, _choosing = threading.Lock(), threading.RLock()  # readers may be forgotten while one is chosen
_children: list[_Child] = []


def _renew_locks() -> None:
    """A forked process has locks that nobody would release, and children that are not its own."""
    global _lock, _choosing
    _lock, _choosing = threading.Lock(), threading.RLock()
    with open(os.devnull, "r+b") as nothing:
        for child in _children:  # they end when nobody holds their pipes
            for pipe in child.pipes():
                if not pipe.closed:
                    os.dup2(nothing.fileno(), pipe.fileno(), inheritable=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


def look(job: str, path: str | os.PathLike[str], *arguments: int) -> None:
    """Let a child look at a file, with at most `SECONDS` of work, less below 1 MB, and as much again for each GB.

    Parameters
    ----------
    job : str
        One of `JOBS`.
    path : path
    *arguments : int
        Limits of the job.

    Raises
    ------
    FormatError
        If the file is refused, or the child crashed, took too long or too much memory.
    OSError
        If it cannot be read.
    """
    size = os.stat(path).st_size
    most = raised_seconds(SECONDS) * (min(1.0, SMALL + (1 - SMALL) * size / 1e6) + size / 1e9)
    with _lock:
        for _ in _answers(JOBS[job], path, arguments, _usual(most), "looked at"):
            pass


def read(function: str, path: str | os.PathLike[str], *arguments: Any, limits: Limits | None = None) -> Iterator[Any]:
    """Let a child read a file; its arrays come while it reads on.

    Parameters
    ----------
    function : str
        ``module:name`` of a function of the path and the arguments. It yields plain values, which come as of JSON, and
        arrays of float64 with two axes.
    path : path
    *arguments : plain values
    limits : Limits, optional
        At most `SECONDS` of work for each array, and `MEMORY`, if they are not given.

    Yields
    ------
    plain values, (N, M) arrays

    Raises
    ------
    FormatError
        If the file is refused, or the child crashed, took too long or too much memory.
    OSError
        If it cannot be read.
    """
    return _answers(function, path, arguments, limits or _usual(raised_seconds(SECONDS)), "read")


def _answers(
    function: str, path: str | os.PathLike[str], arguments: tuple[Any, ...], limits: Limits, what: str
) -> Iterator[Any]:
    """What a child yields; one that is not asked for all that it has is ended."""
    child, place = _free_child(function), os.path.abspath(path)
    try:
        child.ask(place, arguments, limits)
        while True:
            kind, found = child.answer(limits.clock)
            if kind in (ARRAY, VALUES):
                yield found
                continue
            if kind != DEAD:
                child.busy = child.late  # else it was killed after it had answered
            if kind == END:
                return
            if kind == FAILED:
                number, text, name = found
                raise OSError(number, text, str(path) if name == place else name)
            if kind == DEAD:
                status = child.end()
                late = child.late or status in _OUT_OF_TIME
                reason = _LATE.format(what, limits.work, limits.clock) if late else _ENDED.format(what, status)
                raise FormatError(f"{path}: expected a file that can be read, but {reason}")
            raise FormatError(found if place in found else f"{path}: {found}")
    finally:
        if child.busy and child.owner == os.getpid():
            _forget(child)


def _free_child(function: str) -> _Child:
    with _choosing:
        _children[:] = [child for child in _children if child.owner == os.getpid()]  # others': this process was forked
        for child in [each for each in _children if not each.busy and each.function == function]:
            if child.process.poll() is None:
                child.busy = True
                return child
            _forget(child)
        _children.append(_Child(function))
        return _children[-1]


def _forget(child: _Child) -> None:
    with _choosing:
        _children.remove(child)
    child.end()


@atexit.register
def _end_all() -> None:
    for child in [own for own in _children if own.owner == os.getpid()]:
        child.end()
