"""Where work is done: here, in threads or processes of our own, or by any executor the user has."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from contextvars import ContextVar
from itertools import chain
from typing import Any, TypeVar

from lumentrace.engine import dask_client

logger = logging.getLogger(__name__)

Pool = TypeVar("Pool", bound=Executor)

Span = tuple[int, int]
"""First and last (exclusive) sample of a task."""
Arguments = tuple[Any, ...]
Waiting = deque[tuple[Arguments, Any]]
"""Tasks under way, and their futures."""

POLL = 0.1
"""Seconds between two looks whether the user has pressed Ctrl-C."""
ATTEMPTS = 3
"""How often in a row workers of a pool of our own may die without anything being finished."""


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


class Processes(ProcessPoolExecutor):
    """A pool of fresh processes: a forked child would wait for ever for the threads of libraries of the parent."""

    def __init__(self, max_workers: int | None = None) -> None:
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        super().__init__(max_workers, mp_context=context)


def processes(count: int | None = None) -> AbstractContextManager[ProcessPoolExecutor]:
    """Fresh processes, which do not outlive an interrupt."""
    return _ended(Processes(count))


def is_here(executor: Any) -> bool:
    """Whether the work runs in this process, in native threads."""
    return executor is None or (isinstance(executor, str) and executor == "sequential")


def is_elsewhere(executor: Any) -> bool:
    """Whether the work runs in other processes, perhaps on other machines."""
    kind = executor if isinstance(executor, type) else type(executor)
    return not is_here(executor) and not issubclass(kind, ThreadPoolExecutor)


def workers(executor: Any, max_workers: int | None) -> int:
    """How many tasks run at once."""
    known = max_workers
    if not known and not isinstance(executor, type):
        is_dask = dask_client.is_client(executor)
        known = dask_client.cores(executor) if is_dask else getattr(executor, "_max_workers", None)
    return int(known or os.cpu_count() or 1)


_threads: ContextVar[int] = ContextVar("threads", default=0)


def native_threads() -> int:
    """Threads that a kernel may use in the work that is being done: 0 for one per core."""
    return _threads.get()


@contextmanager
def using(threads: int) -> Iterator[None]:
    """Kernels inside the block use so many threads; see `native_threads`."""
    token = _threads.set(threads)
    try:
        yield
    finally:
        _threads.reset(token)


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
    iterator is closed early, waiting tasks are cancelled and `stop` ends those that run in threads. If a worker of an
    executor that was passed as a class dies, another one works on its task again, as with Dask, and that is logged.

    Raises
    ------
    RuntimeError
        If a worker died, of a class several times; the message says which samples were being worked on.
    ConnectionError
        If the scheduler of a Dask client is gone.
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
        yield from _own(function, tasks, executor, max_workers)
    elif dask_client.is_client(executor):
        with dask_client.losses_told(executor):
            yield from _submit(function, tasks, executor, max_workers, deque())
    else:
        yield from _submit(function, tasks, executor, max_workers, deque())


def _own(
    function: Callable[..., Any], tasks: Iterable[Arguments], kind: type[Executor], max_workers: int | None
) -> Generator[Any]:
    """Results of a pool of our own, which is made anew when a worker has died."""
    failed = 0
    while True:
        waiting: Waiting = deque()
        with _ended(kind(max_workers=max_workers)) as pool:  # type: ignore[call-arg]  # pools have it
            try:
                # Closed first, so that threads of the pool know that they are to stop.
                with closing(_submit(function, tasks, pool, max_workers, waiting)) as results:
                    for result in results:
                        failed = 0
                        yield result
                return
            except BrokenExecutor:
                failed += 1
                if failed == ATTEMPTS:
                    raise
                logger.warning("a worker died (killed, or out of memory); its samples are worked on again")
        tasks = chain([task for task, _ in waiting], tasks)


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
    function: Callable[..., Any], tasks: Iterable[Arguments], pool: Any, max_workers: int | None, waiting: Waiting
) -> Generator[Any]:
    """Results in order; the tasks that are left in `waiting` after an error were not finished."""
    limit = 2 * workers(pool, max_workers)
    stop = Stop()
    is_dask = dask_client.is_client(pool)
    # Dask would otherwise answer a repeated call from memory.
    options = {"pure": False} if is_dask else {}
    try:
        for task in tasks:
            waiting.append((task, None))  # first of all, so that it is not lost if a worker has died
            if is_dask and len(waiting) > limit:  # workers come and go
                limit = 2 * workers(pool, max_workers)
            while len(waiting) > limit:
                yield _next(waiting)
            waiting[-1] = (task, pool.submit(function, *task, stop, **options))
        while waiting:
            yield _next(waiting)
    finally:
        stop.asked = True
        for _, future in waiting:
            with suppress(AttributeError):
                future.cancel()


def _next(waiting: Waiting) -> Any:
    task, future = waiting.popleft()
    try:
        # Polars has signals restart what waits without an end.
        while isinstance(future, Future) and not wait([future], timeout=POLL).done:
            pass
        return future.result()
    except BrokenExecutor:
        waiting.appendleft((task, future))
        raise
