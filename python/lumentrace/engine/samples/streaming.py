"""Running filters on rows as they come."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.lines import LineData
from lumentrace.engine.samples import chunks
from lumentrace.engine.samples.cutting import Cut
from lumentrace.engine.samples.history import stamp
from lumentrace.engine.samples.transformer import Filter, Reducer

Steps = Sequence[tuple[Filter, ...] | Reducer]


def streamed(steps: Steps, source: Iterable[Any], sample_size: Any, overlap: Any, threads: int) -> Iterator[Any]:
    """One result after the other; see `Pipeline.stream`.

    Raises
    ------
    TypeError
        If a step needs all samples at once, or `source` cannot be iterated over.
    ValueError
        If the sampling is impossible.
    """
    if not isinstance(source, Iterable):
        raise TypeError(f"`source`: expected an iterable of tables of rows, found {type(source).__name__}")
    source = [source] if isinstance(source, (IterableSamples, np.ndarray)) else source
    batches = _cut(_tables(source, _kind(steps)), Cut(sample_size, overlap))
    for step in steps:
        batches = _again(step, batches) if isinstance(step, Reducer) else _filtered(step, batches, threads)
    return (result for batch in batches for result in batch)


def _kind(steps: Steps) -> type[IterableSamples]:
    """What arrays are taken for: what the first filter works on."""
    first = steps[0][0] if steps and isinstance(steps[0], tuple) else None
    kind = getattr(first, "takes", getattr(first, "sample_type", LineData))
    return kind if isinstance(kind, type) and issubclass(kind, IterableSamples) else LineData


def _tables(source: Iterable[Any], kind: type[IterableSamples]) -> Iterator[IterableSamples]:
    """The blocks of a source as tables of one width; what it says and what it dropped becomes warnings."""
    first = None
    for number, block in enumerate(source):
        for notice in getattr(block, "notices", ()):
            warnings.warn(notice, UserWarning, stacklevel=2)
        try:
            table = block if isinstance(block, IterableSamples) else kind(getattr(block, "rows", block))
        except ValueError as error:
            raise ValueError(f"`source`, block {number}: {error}") from None
        first = table if first is None else first
        if type(table) is not type(first) or table.data.shape[1] != first.data.shape[1]:
            raise ValueError(
                f"`source`, block {number}: expected {type(first).__name__} of {first.data.shape[1]} columns like the "
                f"first one, found {type(table).__name__} of {table.data.shape[1]}"
            )
        yield table


def _cut(tables: Iterator[IterableSamples], cut: Cut) -> Iterator[Any]:
    """Batches of the samples that each table completes; rows are kept as long as samples to come may have them."""
    first: IterableSamples | None = None
    kept, offset = np.empty((0, 0)), 0
    for table in tables:
        if first is None:
            first, kept = table, table.data[:0]
        kept = np.concatenate([kept, table.data])
        yield from _batch(first, kept, offset, cut.cutter.cut(kept[:, 0], offset, closed=False))
        kept, offset = kept[cut.cutter.needed - offset :], cut.cutter.needed
    if first is not None:
        yield from _batch(first, kept, offset, cut.cutter.cut(kept[:, 0], offset, closed=True))
    cut.check_end(offset + len(kept))


def _batch(
    like: IterableSamples, rows: NDArray[np.float64], offset: int, ranges: list[tuple[int, int]]
) -> Iterator[IterableSamples]:
    if not ranges:
        return
    batch = like.copy(deep=False, data=rows)
    batch.samples_indices = np.array(ranges, dtype=np.int64) - offset
    yield batch


def _filtered(filters: tuple[Filter, ...], batches: Iterator[Any], threads: int) -> Iterator[Any]:
    """Results of filters, with the history of their samples and of the filters; each step took its batch's time."""
    for batch in batches:
        watch = Watch()
        filters[0].check(batch)
        results = chunks.run(filters, batch, threads=threads)
        made = _history(batch)
        for each in filters:
            made = watch.after(made, type(each).__name__, each.parameters())
        yield stamp(results, made, batch)


def _history(batch: Any) -> Provenance:
    """What was done to a batch; rows of a stream have no identity of their own."""
    first = batch
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    known = getattr(first, "provenance", None)
    return known if isinstance(known, Provenance) else Provenance()


def _again(reducer: Reducer, batches: Iterator[Any]) -> Iterator[Any]:
    """What a reducer that only stacks gives to the next filters.

    Raises
    ------
    TypeError
        If it does something else.
    """
    sampling = reducer.stacks()
    name = type(reducer).__name__
    if sampling is None:
        raise TypeError(f"{name}: needs all samples at once, which a stream never has; use `fit`, or leave it out")
    flat = (list(_tables_in(batch, name)) for batch in batches)
    sample_size, overlap = sampling
    if sample_size is None:
        return (batch for batch in flat if batch)
    return _cut((table for batch in flat for table in batch), Cut(sample_size, overlap))


def _tables_in(results: Any, name: str) -> Iterator[IterableSamples]:
    for result in results:
        if isinstance(result, IterableSamples):
            yield result
        elif isinstance(result, (list, tuple)):
            yield from _tables_in(result, name)
        else:
            raise TypeError(f"{name}: expected LineData or PointData to stack, found {type(result).__name__}")
