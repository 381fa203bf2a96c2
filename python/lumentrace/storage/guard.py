"""Child processes that look at foreign files, or read them: what crashes, hangs or fills them does not harm this one.

A child does one kind of job, file after file, and is started when the first of them comes: what libraries of others
keep does not count against its memory. A job ends in time or the child is killed; its work and its memory are limited
where the system can do that.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, Any, BinaryIO

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised, raised_seconds

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
_HEAD = struct.Struct("<cQQ")
_ARRAY, _VALUES, _REFUSED, _FAILED, _END, _DEAD = b"a", b"v", b"r", b"f", b"z", b""


@dataclass(frozen=True)
class Limits:
    """What a job may take.

    Attributes
    ----------
    work : float
        Seconds of a processor, until its next array.
    clock : float
        Seconds by the clock, until its next array.
    memory : int
        Bytes.
    """

    work: float
    clock: float
    memory: int


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
            [sys.executable, "-P", "-m", "lumentrace.storage.guard", *map(str, given)],
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
            self.process.stdin.write(json.dumps([self.function, path, arguments, asdict(limits)]).encode() + b"\n")
            self.process.stdin.flush()

    def answer(self, seconds: float) -> tuple[bytes, Any]:
        """What it sends next; it is killed after so many seconds."""
        assert self.process.stdout is not None
        timer = threading.Timer(seconds + self.starting, self._end_late)
        timer.start()
        try:
            return _received(self.process.stdout)
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
            if kind in (_ARRAY, _VALUES):
                yield found
                continue
            if kind != _DEAD:
                child.busy = child.late  # else it was killed after it had answered
            if kind == _END:
                return
            if kind == _FAILED:
                number, text, name = found
                raise OSError(number, text, str(path) if name == place else name)
            if kind == _DEAD:
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


def _received(pipe: Any) -> tuple[bytes, Any]:
    """The next message; that there is none if the child ended."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return _DEAD, None
    kind, rows, columns = _HEAD.unpack(head)
    if kind != _ARRAY:
        text = pipe.read(rows)
        return (kind, json.loads(text)) if len(text) == rows else (_DEAD, None)
    found = np.empty((rows, columns))
    rest = found.reshape(-1).view(np.uint8).data
    while len(rest):
        count = pipe.readinto(rest)
        if not count:
            return _DEAD, None
        rest = rest[count:]
    return kind, found


# ---------------------------------------------------------------------- in the child process
def _serve() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # what libraries print is no answer
    _take_signals()
    for pipe in sys.argv[1:]:
        _end_with(int(pipe))
    own = _own_memory()
    for line in sys.stdin:
        function, path, arguments, given = json.loads(line)
        limits = Limits(**given)
        with suppress(ImportError):  # it is told below
            importlib.import_module(function.split(":")[0])
        _limit_memory(limits.memory, own)
        _end_after(limits.work, limits.clock)
        for kind, value in _messages(function, path, arguments, limits.memory):
            if kind not in (_ARRAY, _VALUES):  # the next job may follow at once
                _end_after(0, 0)
                _send(answers, kind, value)
            else:
                _send(answers, kind, value)
                _end_after(limits.work, limits.clock)
        gc.collect()  # what a job left in circles counts against the memory of the next one


def _messages(function: str, path: str, arguments: list[Any], memory: int) -> Iterator[tuple[bytes, Any]]:
    module, name = function.split(":")
    try:
        found: Iterable[Any] | None = getattr(importlib.import_module(module), name)(path, *arguments)
        for each in found or ():
            yield _ARRAY if isinstance(each, np.ndarray) else _VALUES, each
    except MemoryError:
        yield _REFUSED, f"needs more memory than the limit of {memory} bytes"
    except FormatError as error:
        yield _REFUSED, str(error)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            yield _FAILED, [error.errno, error.strerror, str(error.filename)]
        else:  # libraries raise what they like on damaged data; it becomes a FormatError in the other process
            yield _REFUSED, str(error)
    else:
        yield _END, None


def _send(pipe: BinaryIO, kind: bytes, value: Any) -> None:
    if kind == _ARRAY:
        array = np.ascontiguousarray(value, np.float64)
        pipe.write(_HEAD.pack(kind, *array.shape))
        pipe.write(array.reshape(-1).view(np.uint8).data)
    else:
        text = json.dumps(value).encode()
        pipe.write(_HEAD.pack(kind, len(text), 0) + text)
    pipe.flush()


def _end_after(work: float, clock: float) -> None:
    """End this process after so many seconds, even if the other one is gone; 0 for never."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, work)
        signal.setitimer(signal.ITIMER_REAL, clock)


def _end_with(pipe: int) -> None:
    """End this process, in the middle of a job too, when the other one is gone and its end of a pipe with it."""
    if sys.platform == "linux":
        import fcntl
        import select

        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)  # SIGIO ends it
        poll = select.poll()
        poll.register(pipe, 0)
        if poll.poll(0):  # gone before
            sys.exit()


def _take_signals() -> None:
    """Those of the timers and of the pipe end this process, whatever the other one does with them."""
    if sys.platform != "win32":
        ends = (signal.SIGPROF, signal.SIGALRM, signal.SIGIO)
        for each in ends:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)


def _limit_memory(most: int, own: int) -> None:
    """Limit memory to what is given, or to what the machine gave this process if that is less."""
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        least = most if own == resource.RLIM_INFINITY else min(most, own)
        with suppress(ValueError, OSError):  # macOS has no such limit
            resource.setrlimit(resource.RLIMIT_AS, (least, hard))


def _own_memory() -> int:
    """What this process may take, as it was started."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0]


if __name__ == "__main__":
    _serve()
