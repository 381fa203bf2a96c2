"""Where chunks of samples are worked on: here, or by any executor the user has."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

Task = tuple[Any, ...]


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


def is_here(executor: Any) -> bool:
    """Whether the work runs in this process, in native threads."""
    return executor is None or (isinstance(executor, str) and executor == "sequential")


def workers(executor: Any, max_workers: int | None) -> int:
    """How many tasks run at once."""
    known = max_workers or getattr(executor, "_max_workers", None)
    if not known and hasattr(executor, "ncores"):
        known = sum(executor.ncores().values())
    return int(known or os.cpu_count() or 1)


def run(
    function: Callable[..., Any], tasks: Iterable[Task], executor: Any, max_workers: int | None
) -> Iterator[Any]:
    """Results of ``function(*task)`` in order of the tasks, with a bounded number of tasks under way.

    An executor that was passed in as an object is left running; one that was passed as a class is shut down.
    """
    if isinstance(executor, str):
        yield from _joblib(function, tasks, max_workers)
    elif isinstance(executor, type):
        pool: Executor = executor(max_workers=max_workers)
        try:
            yield from _submit(function, tasks, pool, max_workers)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    else:
        yield from _submit(function, tasks, executor, max_workers)


def _joblib(function: Callable[..., Any], tasks: Iterable[Task], max_workers: int | None) -> Iterator[Any]:
    try:
        from joblib import Parallel, delayed
    except ImportError as error:
        raise ImportError("executor='joblib' needs joblib: pip install 'lumentrace[joblib]'") from error
    jobs = max_workers if max_workers is not None else -1
    yield from Parallel(n_jobs=jobs, return_as="generator")(delayed(function)(*task) for task in tasks)


def _submit(function: Callable[..., Any], tasks: Iterable[Task], pool: Any, max_workers: int | None) -> Iterator[Any]:
    waiting: deque[Any] = deque()
    limit = 2 * workers(pool, max_workers)
    try:
        for task in tasks:
            if len(waiting) == limit:
                yield waiting.popleft().result()
            waiting.append(pool.submit(function, *task))
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            with suppress(AttributeError):
                future.cancel()
