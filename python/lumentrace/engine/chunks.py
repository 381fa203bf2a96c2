"""Consecutive samples that are worked on together: the unit of executors, progress, memory and resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lumentrace.data import mapping
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine import native
from lumentrace.engine.results import Results
from lumentrace.engine.transformer import Filter

CHUNK_BYTES = 4 * 2**20
"""Rows that a chunk may hold before it is closed."""


def as_indexable(samples: Any) -> Any:
    """Samples that have a length and can be sliced."""
    if isinstance(samples, (IterableSamples, Results, list, tuple)):
        return samples
    try:
        return list(samples)
    except TypeError:
        raise ValueError(f"`samples`: expected samples to iterate over, found {type(samples).__name__}") from None


def bounds(samples: Any, at_least: int) -> list[tuple[int, int]]:
    """First and last (exclusive) sample of each chunk: `at_least` chunks, fewer if there are fewer samples."""
    count = len(samples)
    longest = max(1, -(-count // at_least))
    if not isinstance(samples, (IterableSamples, Results)):
        return [(i, min(i + longest, count)) for i in range(0, count, longest)]
    if isinstance(samples, IterableSamples):
        rows = np.diff(samples.samples_indices, axis=1)[:, 0]
        width = samples.data.shape[1]
    else:
        rows = np.add.reduceat(np.append(np.diff(samples.ranges, axis=1)[:, 0], 0), samples.owners[:-1])
        rows[np.diff(samples.owners) == 0] = 0
        width = samples.rows.shape[1]
    chunks, start, size = [], 0, 0
    most = CHUNK_BYTES // (8 * width)
    for i, more in enumerate(rows.tolist()):
        if i > start and (size + more > most or i - start == longest):
            chunks.append((start, i))
            start, size = i, 0
        size += more
    return [*chunks, (start, count)] if count else []


def cut(samples: Any, start: int, end: int) -> Any:
    """Samples `start` to `end`, with no more rows than they need."""
    if isinstance(samples, Results):
        groups = slice(samples.owners[start], samples.owners[end])
        ranges = samples.ranges[groups]
        first, last = (ranges[:, 0].min(), ranges[:, 1].max()) if len(ranges) else (0, 0)
        return Results(
            samples.kind,
            samples.rows[first:last],
            ranges - first,
            samples.owners[start : end + 1] - samples.owners[start],
            samples.columns,
            samples.listed,
            _Shifted(samples, start),
        )
    return samples[start:end]


class _Shifted:
    def __init__(self, results: Results, start: int) -> None:
        self.results, self.start = results, start

    def __call__(self, index: int) -> dict[str, Any]:
        return self.results.attrs(self.start + index)


def run(
    filters: Sequence[Filter], samples: Any, threads: int = 1, progress: Callable[[int], None] | None = None
) -> Any:
    """All `filters` over all `samples` of a chunk: native runs in one call, Python filters in a loop.

    `progress` is told how many samples are finished, as far as that can be said of a chain.
    """
    count, passed = len(samples), 0
    while passed < len(filters):
        rest = filters[passed:]
        batch = native.as_batch(samples)
        steps = native.compile_steps(rest, batch) if batch is not None else []
        share = (len(steps) or 1) / len(filters)
        before = count * passed / len(filters)

        def tell(done: int, before: float = before, share: float = share) -> None:
            if progress is not None:
                progress(int(before + done * share))

        if steps and batch is not None:
            samples = native.run(steps, batch, threads, tell)
            passed += len(steps)
        else:
            rest[0].check(samples)
            samples = list(_each(rest[0], samples, tell))
            passed += 1
    return samples


def _each(one: Filter, samples: Any, tell: Callable[[int], None]) -> Iterator[Any]:
    for done, sample in enumerate(samples, start=1):
        yield one.fit_sample(sample)
        tell(done)


def is_mapped(samples: Any) -> bool:
    """Whether the rows sit on a memory-mapped file, so that only a chunk of them should be in memory at a time."""
    return isinstance(samples, IterableSamples) and mapping.is_mapped(samples.data)


def release(samples: Any) -> None:
    """Give back the memory of rows that are mapped from a file."""
    if isinstance(samples, IterableSamples):
        mapping.release(samples.data)
