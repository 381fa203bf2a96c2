"""Runs of built-in filters, joined into one plan for the Rust core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples.results import Results, as_batch
from lumentrace.engine.samples.transformer import Filter, LineDataFilter, PointDataFilter

Sample = Callable[[], Any]
Attrs = Callable[[dict[str, Any], Sample], dict[str, Any]]


def keep_all(attrs: dict[str, Any], sample: Sample) -> dict[str, Any]:
    """Results keep every attribute of their sample."""
    return attrs


def keep_public(attrs: dict[str, Any], sample: Sample) -> dict[str, Any]:
    """Results keep the attributes whose names do not start with an underscore."""
    return {name: value for name, value in attrs.items() if not name.startswith("_")}


@dataclass(frozen=True)
class NativeStep:
    """A built-in filter as the Rust core knows it.

    Attributes
    ----------
    name, options
        Name and parameters of the step of `_core.run_plan`.
    columns : list of str
        Columns of its results.
    listed : bool
        Whether a result is a list of tables.
    takes_list : bool
        Whether a sample may be a list of tables.
    of_lines : bool
        Whether the step also reads the lines that the run started from.
    attrs : callable
        Attributes of a result, from the attributes of its sample and a function that returns the sample.
    filters : int
        How many filters the step stands for.
    """

    name: str
    options: dict[str, Any]
    columns: list[str]
    listed: bool = False
    takes_list: bool = False
    of_lines: bool = False
    attrs: Attrs = keep_all
    filters: int = 1


class NativeFilter(Filter):
    """A filter whose work is done by the Rust core, also for a single sample."""

    takes: type[IterableSamples] = PointData

    def native_pair(self, following: Filter, columns: list[str]) -> NativeStep | None:
        """How the Rust core does this filter and the following one together, where it can."""
        return None

    def check(self, samples: Any) -> None:
        """Refuse samples of another class; arrays are taken as they are."""
        if isinstance(samples, (self.takes, Results)):
            return
        first = next(iter(samples), None)
        while isinstance(first, (list, tuple)) and len(first):
            first = first[0]
        if isinstance(first, IterableSamples) and not isinstance(first, self.takes):
            raise TypeError(
                f"{type(self).__name__}: expected samples of type {self.takes.__name__}, found {type(first).__name__}"
            )

    def fit_sample(self, sample: Any) -> Any:
        """Process one sample: an object of the right class, or an array of its rows; in one thread."""
        return self.fit_alone(sample, threads=1)

    def fit_alone(self, sample: Any, threads: int = 0) -> Any:
        """Process one sample with all threads that its kernel can use, 0 for one per core."""
        batch = as_batch([self._as_objects(sample)])
        assert batch is not None
        steps = compile_steps([self], batch)
        if not steps:
            return self.fit_python(batch[0])
        return run(steps, batch, threads=threads)[0]

    def fit_python(self, sample: Any) -> Any:
        """Process a sample that the Rust core cannot."""
        raise TypeError(f"{type(self).__name__}: cannot process {type(sample).__name__}")

    def _as_objects(self, sample: Any) -> Any:
        if isinstance(sample, self.takes):
            return sample
        if isinstance(sample, IterableSamples):
            self.check([sample])
        if isinstance(sample, (list, tuple)) and len(sample) and _is_table(sample[0]):
            return [self._as_objects(item) for item in sample]
        if isinstance(sample, Sequence) and not len(sample):
            raise ValueError(f"{type(self).__name__}: expected at least one table, found an empty list")
        return self.takes(sample)


def _is_table(item: Any) -> bool:
    return isinstance(item, IterableSamples) or np.ndim(item) != 1


@dataclass
class _StepAttrs:
    """Attributes that a chain of steps leaves on its results, worked out when they are looked at."""

    steps: Sequence[NativeStep]
    batch: Results = field(repr=False)

    def __call__(self, index: int) -> dict[str, Any]:
        attrs = self.batch.attrs(index)
        for step in self.steps:
            attrs = step.attrs(attrs, lambda: self.batch[index])
        return attrs


def compile_steps(filters: Sequence[Filter], batch: Results) -> list[NativeStep]:
    """The longest run of leading `filters` that the Rust core can do on `batch` in one call."""
    steps: list[NativeStep] = []
    kind, columns, listed = batch.kind, batch.columns, batch.listed
    left = list(filters)
    while left and isinstance(left[0], NativeFilter) and issubclass(kind, left[0].takes):
        pair = left[0].native_pair(left[1], columns) if len(left) > 1 else None
        step = pair or left[0].native(columns)
        if step is None or (listed and not step.takes_list) or (step.of_lines and batch.kind is not LineData):
            break
        steps.append(step)
        kind, columns, listed = PointData, step.columns, step.listed
        del left[: step.filters]
    return steps


def run(
    steps: Sequence[NativeStep], batch: Results, threads: int = 0, progress: Callable[[int], None] | None = None
) -> Results:
    """One call into the Rust core for all samples and steps; `progress` is told how many samples are done."""
    rows, ranges, owners = _core.run_plan(
        np.asarray(batch.rows),
        batch.ranges,
        batch.owners,
        [(step.name, step.options) for step in steps],
        threads,
        progress,
    )
    last = steps[-1]
    attrs = _StepAttrs(steps, batch)
    units = {name: unit for name, unit in batch.units.items() if name in last.columns}
    return Results(PointData, rows, ranges, owners, list(last.columns), last.listed, attrs, units=units)


class LineFilter(NativeFilter, LineDataFilter):
    """A native filter for `LineData`."""

    takes = LineData


class PointFilter(NativeFilter, PointDataFilter):
    """A native filter for `PointData`."""
