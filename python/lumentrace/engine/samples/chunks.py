"""Consecutive samples that are worked on together: the unit of executors, progress, memory and resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lumentrace.base import mapping
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine import executors
from lumentrace.engine.samples import native
from lumentrace.engine.samples.results import Results, as_batch
from lumentrace.engine.samples.transformer import Filter

CHUNK_BYTES = 4 * 2**20
"""Rows that a chunk may hold before it is closed."""


def iterable(samples: Any) -> Any:
    """The same `samples`, if they can be iterated over.

    Raises
    ------
    ValueError
        If they cannot.
    """
    try:
        iter(samples)
    except TypeError:
        raise ValueError(f"`samples`: expected samples to iterate over, found {type(samples).__name__}") from None
    return samples


def as_indexable(samples: Any) -> Any:
    """Samples that have a length and can be sliced."""
    if isinstance(samples, (IterableSamples, Results, list, tuple)):
        return samples
    return list(iterable(samples))


def bounds(samples: Any, at_least: int) -> list[tuple[int, int]]:
    """First and last (exclusive) sample of each chunk: `at_least` chunks, fewer if there are fewer samples.

    Without any sample there is one empty chunk.
    """
    count = len(samples)
    longest = max(1, -(-count // at_least))
    chunks, start, size = [], 0, 0
    for i, more in enumerate(_sizes(samples)):
        if i > start and (size + more > CHUNK_BYTES or i - start == longest):
            chunks.append((start, i))
            start, size = i, 0
        size += more
    return [*chunks, (start, count)]


def _sizes(samples: Any) -> list[int]:
    """Bytes of each sample."""
    if isinstance(samples, IterableSamples):
        sizes = np.diff(samples.samples_indices, axis=1)[:, 0] * 8 * samples.data.shape[1]
    elif isinstance(samples, Results):
        ends = np.concatenate([[0], np.cumsum(np.diff(samples.ranges, axis=1)[:, 0])])
        sizes = np.diff(ends[samples.owners]) * 8 * samples.rows.shape[1]
    else:
        return [_bytes(sample) for sample in samples]
    return [int(size) for size in sizes]


def _bytes(sample: Any) -> int:
    if isinstance(sample, (list, tuple)):
        return sum(_bytes(item) for item in sample)
    return int(getattr(getattr(sample, "data", sample), "nbytes", 0))


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
            samples.provenance,
            samples.units,
        )
    return samples[start:end]


class _Shifted:
    def __init__(self, results: Results, start: int) -> None:
        self.results, self.start = results, start

    def __call__(self, index: int) -> dict[str, Any]:
        return self.results.attrs(self.start + index)


def run(
    filters: Sequence[Filter], samples: Any, progress: Callable[[int], None] | None = None, threads: int = 1
) -> Any:
    """All `filters` over all `samples` of a chunk: native runs in one call, Python filters in a loop.

    `progress` is told how many samples are finished, as far as that can be said of a chain.
    """
    count, passed = len(samples), 0
    while passed < len(filters):
        rest = filters[passed:]
        batch = as_batch(samples)
        steps = native.compile_steps(rest, batch) if batch is not None else []
        done_at_once = sum(step.filters for step in steps) or 1
        share = done_at_once / len(filters)
        before = count * passed / len(filters)

        def tell(done: int, before: float = before, share: float = share) -> None:
            if progress is not None:
                progress(int(before + done * share))

        if steps and batch is not None:
            samples = native.run(steps, batch, threads, tell)
        else:
            rest[0].check(samples)
            with executors.using(threads):
                samples = list(_each(rest[0], samples, tell))
        passed += done_at_once
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
