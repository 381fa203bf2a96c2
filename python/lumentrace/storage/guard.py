"""A child process that looks at foreign files first: what crashes, hangs or fills it does not harm this process.

One child serves all files of a process, one after the other, and is started when the first of them comes. A job ends in
time or the child is killed; its work and its memory are limited where the system can do that.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lumentrace.base.errors import FormatError
from lumentrace.base.limits import raised

SECONDS = 10.0
"""Most time of a processor for a look at a file; and as much again for each GB of it."""
PATIENCE = 6
"""How much longer it may take on a machine that others use."""
MEMORY = 4 << 30
"""Bytes of memory that the child may take."""
JOBS = {"hdf5": "lumentrace.storage.hdf5_check:check_file", "arrow": "lumentrace.storage.arrow_check:check_file"}
"""What the child can do: a function of a path that raises FormatError."""
_ENDED = "the process that looked at it {} (damaged?)"


class _Child:
    """A running child and the lock of the conversation."""

    def __init__(self) -> None:
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # each of its threads reserves memory
        self.owner = os.getpid()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lumentrace.storage.guard", str(raised(MEMORY))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
            start_new_session=True,  # Ctrl-C is for this process, which ends the child
        )

    def ask(self, job: str, path: str, arguments: tuple[int, ...], seconds: float) -> str:
        """The answer as it comes; empty if the child ended."""
        asked, answers = self.process.stdin, self.process.stdout
        if asked is None or answers is None:
            return ""
        timer = threading.Timer(PATIENCE * seconds, self.process.kill)
        timer.start()
        try:
            asked.write(json.dumps([job, path, arguments, seconds]) + "\n")
            asked.flush()
            return answers.readline()
        except BrokenPipeError:
            return ""
        finally:
            timer.cancel()

    def end(self) -> str:
        """End the child; how it ended."""
        self.process.kill()
        status = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # a question that was not read
                    pipe.close()
        return f"ended with status {status}"


_lock = threading.Lock()
_children: list[_Child] = []


def _renew_lock() -> None:
    """In a forked child nobody would release the lock that a thread of the other process held."""
    global _lock  # noqa: PLW0603  # there is one for the process
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def look(job: str, path: str | os.PathLike[str], *arguments: int) -> None:
    """Let the child look at a file, with at most `SECONDS` of work and as much again for each GB.

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
    """
    most = raised(1000) / 1000 * SECONDS * (1 + os.stat(path).st_size / 1e9)
    with _lock:
        child = _running()
        try:
            answer = child.ask(job, os.path.abspath(path), arguments, most)
        except BaseException:
            _forget(child)
            raise
        if not answer:
            reason = _ENDED.format(f"{_forget(child)} after at most {most:.0f} s of work")
            raise FormatError(f"{path}: expected a file that can be read, but {reason}")
    error = json.loads(answer)
    if error is not None:
        raise FormatError(f"{path}: {error}")


def _running() -> _Child:
    if _children and _children[0].owner != os.getpid():
        _children.clear()  # this process was forked: the child belongs to the other one
    if _children and _children[0].process.poll() is not None:
        _forget(_children[0])
    if not _children:
        _children.append(_Child())
    return _children[0]


@atexit.register
def _end_all() -> None:
    for child in [own for own in _children if own.owner == os.getpid()]:
        _forget(child)


def _forget(child: _Child) -> str:
    _children.remove(child)
    return child.end()


# ---------------------------------------------------------------------- in the child process
def _serve() -> None:
    _limit_memory(int(sys.argv[1]))
    for line in sys.stdin:
        job, path, arguments, seconds = json.loads(line)
        _end_after(seconds)
        print(json.dumps(_refusal(job, path, arguments)), flush=True)
        _end_after(0)


def _refusal(job: str, path: str, arguments: list[int]) -> str | None:
    module, name = JOBS[job].split(":")
    check: Callable[..., Any] = getattr(importlib.import_module(module), name)
    try:
        check(path, *arguments)
    except MemoryError:
        return f"needs more memory to look at than the limit of {sys.argv[1]} bytes"
    except Exception as error:
        # Libraries raise what they like on damaged data; it becomes a FormatError in the other process.
        return f"{error}"
    return None


def _end_after(seconds: float) -> None:
    """End this process after so many seconds of work, even if the other one is gone; 0 for never."""
    if sys.platform != "win32":
        import math
        import signal

        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(math.ceil(PATIENCE * seconds))


def _limit_memory(most: int) -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    _serve()
