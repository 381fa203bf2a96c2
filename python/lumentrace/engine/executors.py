"""Where work is done: here, in threads or processes of our own, or by any executor the user has."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from typing import Any, TypeVar

Pool = TypeVar("Pool", bound=Executor)

Span = tuple[int, int]
"""First and last (exclusive) sample of a task."""
Arguments = tuple[Any, ...]


def check(executor: Any) -> None:
    """Refuse what cannot run tasks.

    Raises
    ------
    ValueError
        If `executor` is a string that is not known, or has no `submit`.
    """
    if executor is None or executor in ("sequential", "joblib") or hasattr(executor, "submit"):
        return
    raise ValueError(
        "`executor`: expected None, 'sequential', 'joblib', an Executor class or an object with `submit`, "
        f"found {executor!r}"
    )


def threads(at_most: int | None = None) -> ThreadPoolExecutor:
    """Threads for work that leaves the interpreter free, as many as there are cores."""
    cores = os.cpu_count() or 1
    return ThreadPoolExecutor(cores if at_most is None else min(cores, at_most))


def processes(count: int | None = None) -> AbstractContextManager[ProcessPoolExecutor]:
    """A pool of fresh processes, which do not outlive an interrupt.

    A forked child would wait for ever for the threads of libraries that the parent has used.
    """
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    return _ended(ProcessPoolExecutor(count, mp_context=context))


def is_here(executor: Any) -> bool:
    """Whether the work runs in this process, in native threads."""
    return executor is None or (isinstance(executor, str) and executor == "sequential")


def workers(executor: Any, max_workers: int | None) -> int:
    """How many tasks run at once."""
    known = max_workers
    if not known and not isinstance(executor, type):
        known = sum(executor.ncores().values()) if _is_dask(executor) else getattr(executor, "_max_workers", None)
    return int(known or os.cpu_count() or 1)


class Stop:
    """Ends tasks in threads of this process at their next sign of progress; a copy in another process never does."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, done: int) -> None:
        """Be told of progress."""
        if self.asked:
            raise CancelledError

    def __reduce__(self) -> tuple[Any, ...]:
        return Stop, ()


def run(
    function: Callable[..., Any], tasks: Iterable[tuple[Span, Arguments]], executor: Any, max_workers: int | None
) -> Generator[Any]:
    """Results of ``function(*arguments, stop)`` in order of the tasks, with a bounded number of tasks under way.

    An executor that was passed in as an object is left running; one that was passed as a class is shut down. When the
    iterator is closed early, waiting tasks are cancelled and `stop` ends those that run in threads.

    Raises
    ------
    RuntimeError
        If a worker died; the message says which samples were being worked on.
    """
    spans: list[Span] = []

    def arguments() -> Iterator[Arguments]:
        for span, each in tasks:
            spans.append(span)
            yield each

    finished = 0
    try:
        with closing(_results(function, arguments(), executor, max_workers)) as results:
            for result in results:
                yield result
                finished += 1
    except BrokenExecutor as error:
        if finished >= len(spans):
            raise
        raise RuntimeError(
            f"a worker died (killed, or out of memory) while samples {spans[finished][0]} to {spans[-1][1] - 1} were "
            "being worked on; with `run_dir=` finished chunks are kept and the same call continues from there"
        ) from error


def _results(
    function: Callable[..., Any], tasks: Iterable[Arguments], executor: Any, max_workers: int | None
) -> Generator[Any]:
    if isinstance(executor, str):
        yield from _joblib(function, tasks, max_workers)
    elif isinstance(executor, type):
        with _ended(executor(max_workers=max_workers)) as pool:
            yield from _submit(function, tasks, pool, max_workers)
    else:
        yield from _submit(function, tasks, executor, max_workers)


@contextmanager
def _ended(pool: Pool) -> Iterator[Pool]:
    """A pool of our own; its processes do not outlive an interrupt."""
    try:
        yield pool
    except Exception:
        # Not `cancel_futures`: if a task could not be pickled, Python 3.11 then waits for ever.
        pool.shutdown(wait=True)
        raise
    except BaseException:
        workers = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in workers:
            process.terminate()
        raise
    pool.shutdown(wait=True)


def _joblib(function: Callable[..., Any], tasks: Iterable[Arguments], max_workers: int | None) -> Iterator[Any]:
    try:
        from joblib import Parallel, delayed
    except ImportError as error:
        raise ImportError("executor='joblib' needs joblib: pip install 'lumentrace[joblib]'") from error
    jobs = max_workers if max_workers is not None else -1
    calls = (delayed(function)(*task, Stop()) for task in tasks)
    with closing(Parallel(n_jobs=jobs, return_as="generator")(calls)) as results:
        yield from results


def _submit(
    function: Callable[..., Any], tasks: Iterable[Arguments], pool: Any, max_workers: int | None
) -> Iterator[Any]:
    waiting: deque[Any] = deque()
    limit = 2 * workers(pool, max_workers)
    stop = Stop()
    # Dask would otherwise answer a repeated call from memory.
    options = {"pure": False} if _is_dask(pool) else {}
    try:
        for task in tasks:
            if len(waiting) == limit:
                yield waiting.popleft().result()
            waiting.append(pool.submit(function, *task, stop, **options))
        while waiting:
            yield waiting.popleft().result()
    finally:
        stop.asked = True
        for future in waiting:
            with suppress(AttributeError):
                future.cancel()


def _is_dask(executor: Any) -> bool:
    return hasattr(executor, "ncores")
