"""The child process of `guard`: it looks at foreign files, or reads them, and ends rather than take too much."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.storage.guard_messages import ARRAY, END, FAILED, REFUSED, VALUES, asked, send


def _serve() -> None:
    """Answer questions until there are no more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # what libraries print is no answer
    _take_signals()
    for pipe in sys.argv[1:]:
        _end_with(int(pipe))
    own = _own_memory()
    for line in sys.stdin:
        function, path, arguments, limits = asked(line)
        with suppress(ImportError):  # it is told below
            importlib.import_module(function.split(":")[0])
        _limit_memory(limits.memory, own)
        _end_after(limits.work, limits.clock)
        for kind, value in _answers(function, path, arguments, limits.memory):
            _end_after(0, 0)  # the other one may wait before it takes an array; after the end the next job may follow
            send(answers, kind, value)
            if kind in (ARRAY, VALUES):
                _end_after(limits.work, limits.clock)
        gc.collect()  # what a job left in circles counts against the memory of the next one


def _answers(function: str, path: str, arguments: list[Any], memory: int) -> Iterator[tuple[bytes, Any]]:
    module, name = function.split(":")
    try:
        found: Iterable[Any] | None = getattr(importlib.import_module(module), name)(path, *arguments)
        for each in found or ():
            yield ARRAY if isinstance(each, np.ndarray) else VALUES, each
    except MemoryError:
        yield REFUSED, f"needs more memory than the limit of {memory} bytes"
    except FormatError as error:
        yield REFUSED, str(error)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            yield FAILED, [error.errno, error.strerror, str(error.filename)]
        else:  # libraries raise what they like on damaged data; it becomes a FormatError in the other process
            yield REFUSED, str(error)
    else:
        yield END, None


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
