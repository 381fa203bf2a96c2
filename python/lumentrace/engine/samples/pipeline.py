"""A chain of filters and reducers, run over all samples."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from itertools import chain
from typing import Any

from lumentrace.base import html, provenance
from lumentrace.data.pept_object import PEPTObject
from lumentrace.engine import dask_client, executors
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.pieces import work_through
from lumentrace.engine.progress import Progress, Verbose
from lumentrace.engine.run import Run
from lumentrace.engine.samples import chunks, fingerprint, kept, remote, spooled
from lumentrace.engine.samples.history import history, stamp
from lumentrace.engine.samples.optimise import Optimum, Parameter, default_cost, search
from lumentrace.engine.samples.parted import PartedReducer
from lumentrace.engine.samples.results import join
from lumentrace.engine.samples.streaming import streamed
from lumentrace.engine.samples.transformer import Filter, Reducer, Transformer

Step = tuple[Filter, ...] | Reducer
LEAST_KEPT = 32
"""Chunks that a run directory is asked to keep of each batch, so that little is lost with the one under way."""


class Pipeline(PEPTObject):
    """A flat list of transformers; ``a + b`` makes one too.

    Parameters
    ----------
    transformers : iterable of Transformer or Pipeline
        What to do, in order; pipelines in it are unrolled.

    Raises
    ------
    TypeError
        If an item is something else; the message names its index.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import LineData, pept
    >>> from lumentrace.pept.tracking import Centroids, Cutpoints, Stack
    >>> lines = LineData(np.random.default_rng(0).normal(size=(40, 7)), sample_size=20)
    >>> pipeline = pept.Pipeline([Cutpoints(max_distance=0.5), Centroids(), Stack()])
    >>> points = pipeline.fit(lines, verbose=False)
    >>> points.columns
    ['t', 'x', 'y', 'z']
    """

    def __init__(self, transformers: Iterable[Transformer | Pipeline]) -> None:
        self._transformers: list[Transformer] = []
        for index, item in enumerate(transformers):
            if isinstance(item, Pipeline):
                self._transformers += item.transformers
            elif isinstance(item, Transformer):
                self._transformers.append(item)
            else:
                raise TypeError(f"`transformers[{index}]`: expected a Filter, Reducer or Pipeline, found {item!r}")

    @property
    def transformers(self) -> list[Transformer]:
        """Everything that is done, in order."""
        return self._transformers

    @property
    def filters(self) -> list[Filter]:
        """The filters among the transformers."""
        return [t for t in self._transformers if isinstance(t, Filter)]

    @property
    def reducers(self) -> list[Reducer]:
        """The reducers among the transformers."""
        return [t for t in self._transformers if isinstance(t, Reducer)]

    def __add__(self, other: Transformer | Pipeline) -> Pipeline:
        if not isinstance(other, (Transformer, Pipeline)):
            return NotImplemented
        return Pipeline([self, other])

    def __repr__(self) -> str:
        inside = "\n".join(repr(t) for t in self._transformers).replace("\n", "\n    ")
        return f"Pipeline\n--------\ntransformers = [\n    {inside}\n]"

    def _repr_html_(self) -> str:
        items = [(type(each).__name__, _told(each.parameters())) for each in self._transformers]
        return html.face("Pipeline", (html.counted(len(items), "step"),), html.listed(items, numbered=True))

    def steps(self) -> list[Step]:
        """Runs of consecutive filters as tuples, reducers alone."""
        steps: list[Step] = []
        for each in self._transformers:
            if isinstance(each, Reducer):
                steps.append(each)
            elif isinstance(each, Filter):
                last = steps.pop() if steps and isinstance(steps[-1], tuple) else ()
                steps.append((*last, each) if isinstance(last, tuple) else (each,))
        return steps

    def fit_sample(self, sample: Any) -> Any:
        """Take one sample through all steps; reducers see a list of that one."""
        for each in self._transformers:
            if isinstance(each, Filter):
                sample = each.fit_sample(sample)
            elif isinstance(each, Reducer):
                sample = each.fit([sample])
        return sample

    def fit(
        self,
        samples: Any,
        executor: Any = None,
        max_workers: int | None = None,
        verbose: Verbose = True,
        run_dir: Any = None,
    ) -> Any:
        """Take all samples through all steps.

        Parameters
        ----------
        samples : LineData, PointData or iterable of samples
            What to work on.
        executor : {None, "sequential", "joblib"}, Executor class or live executor
            Where filters run: None is native threads in this process; "sequential" is one thread; a class is called
            with ``max_workers=`` and shut down; a live object with `submit` (concurrent.futures, mpi4py.futures, a Dask
            client) is left running. The result is the same, bit for bit.
        max_workers : int, optional
            Threads or processes; all cores by default.
        verbose : bool or callable, default True
            Show a progress bar per batch and the time at the end, or call ``verbose(done, total)``.
        run_dir : path, optional
            A directory that keeps finished chunks: the same call continues an interrupted run where it stopped.

        Returns
        -------
        object
            What the last step gives: one result per sample for a filter, anything for a reducer.

        Raises
        ------
        ValueError
            If `samples` cannot be iterated, `executor` is unknown, or `run_dir` holds another run.
        TypeError
            If the first sample of a batch has the wrong class.
        """
        executors.check(executor)
        if dask_client.is_client(executor):
            dask_client.check_versions(executor)
        if not self._transformers:
            return chunks.iterable(samples)
        began = time.perf_counter()
        samples = chunks.as_indexable(samples)
        given, before = samples, history(samples)
        directory = RunDirectory(run_dir, self._identity(samples)) if run_dir is not None else None
        steps = self.steps()
        with Run(before, len(samples), len(steps)) as run:
            for index, step in enumerate(steps):
                named = (step,) if isinstance(step, Reducer) else step
                settings = (executor, max_workers, verbose, directory)
                work: Callable[[], tuple[Any, float | None]]
                if isinstance(step, PartedReducer):
                    work = partial(_in_parts, step, samples, index, len(steps), settings)
                elif isinstance(step, Reducer):
                    work = partial(_reduced, step, samples)
                else:
                    work = partial(_Batch(index, step, len(steps)).fit, samples, *settings)
                samples = run.together([(type(each).__name__, each.parameters()) for each in named], work)
        if verbose is True:
            print(f"Finished in {time.perf_counter() - began:.3f} s", file=sys.stderr)
        return stamp(samples, run.provenance, given)

    def stream(
        self, source: Iterable[Any], sample_size: Any = None, overlap: Any = None, max_workers: int | None = None
    ) -> Iterator[Any]:
        """Take rows through all steps while they come; gives each result as soon as its sample is complete.

        All results together are those of `fit` on all rows, bit for bit, however the rows come. No more rows are kept
        than a sample needs.

        Parameters
        ----------
        source : iterable of (N, C) arrays, LineData or PointData
            Blocks of rows in order, or one of them; arrays are what the first filter works on. The blocks of
            `lumentrace.pept.sources.open_source` will do too: what they tell becomes warnings. If the only transformer
            has a `stream` of its own, as `LineTracker` has, `source` is passed on to it.
        sample_size, overlap
            How the rows are cut, as for `LineData`.
        max_workers : int, optional
            Threads; all cores by default.

        Yields
        ------
        object
            The result of one sample after the other. A `Stack` at the end gives tables that make up what it would give;
            one in between cuts its rows anew.

        Raises
        ------
        TypeError
            If a reducer needs all samples at once; the message names it.
        ValueError
            If the sampling is impossible or means all rows as one sample, or a block is no table like the first.

        Examples
        --------
        >>> import numpy as np
        >>> from lumentrace import Pipeline
        >>> from lumentrace.pept.tracking import Centroids, Cutpoints
        >>> blocks = (np.random.default_rng(seed).normal(size=(30, 7)) for seed in range(4))
        >>> len(list(Pipeline([Cutpoints(0.5), Centroids()]).stream(blocks, sample_size=20, overlap=10)))
        11
        """
        own = getattr(self._transformers[0], "stream", None) if len(self._transformers) == 1 else None
        if own is None:
            return streamed(self.steps(), source, sample_size, overlap, max_workers or 0)
        if sample_size is not None or overlap is not None:
            name = type(self._transformers[0]).__name__
            raise ValueError(f"`sample_size`: expected None, as {name} needs no samples, found {sample_size!r}")
        return iter(own(source))

    def optimise(
        self,
        lines: Any,
        max_evals: int = 200,
        executor: Any = None,
        max_workers: int | None = None,
        verbose: Verbose = True,
        *,
        cost: Callable[[Any], float] | None = None,
        seed: int = 0,
        **free_parameters: Any,
    ) -> Optimum:
        """Find the parameters of the transformers that cost least, and leave them set.

        Parameters
        ----------
        lines : LineData or samples
            What to try them on.
        max_evals : int, default 200
            How often the pipeline is run.
        executor, max_workers
            As for `fit`.
        verbose : bool or callable, default True
            Show a progress bar, or call ``verbose(done, max_evals)``.
        cost : callable, optional
            What a result costs; by default the median of its column `error` in mm, more if there are fewer or more
            locations than one per 100 lines.
        seed : int, default 0
            The same seed tries the same values.
        **free_parameters : (2,) sequence
            Limits of attributes, such as ``max_distance=[0.1, 2]``. If several transformers have it, a number picks
            one: ``true_fraction2=[0.3, 0.9]`` is that of the second one.

        Returns
        -------
        Optimum
            The best `parameters`, their `cost`, and the `history` of all that was tried.

        Raises
        ------
        ValueError
            If there is no such attribute, limits are not ascending, or the result has no column `error` and there is no
            `cost`.

        Examples
        --------
        >>> import lumentrace
        >>> from lumentrace.pept import simulation
        >>> from lumentrace.pept.tracking import Centroids, Cutpoints, Stack
        >>> lines = simulation.simulate([simulation.Static()], n=2000, seed=1, sample_size=100).lines
        >>> pipeline = lumentrace.Pipeline([Cutpoints(5.0), Centroids(error=True), Stack()])
        >>> found = pipeline.optimise(lines, 20, verbose=False, max_distance=[0.05, 10])
        >>> found.parameters["max_distance"] == pipeline.transformers[0].max_distance
        True
        """
        if not free_parameters or max_evals < 1:
            raise ValueError("expected `max_evals` of at least 1 and limits of at least one parameter")
        found = {name: Parameter.find(self._transformers, name, each) for name, each in free_parameters.items()}

        def run() -> Any:
            return self.fit(lines, executor, max_workers, verbose=False)

        def price(points: Any) -> float:
            return default_cost(points, lines) if cost is None else cost(points)

        with Progress(verbose, max_evals, "Searching ") as progress:
            return search(found, run, price, max_evals, seed, progress.reach)

    def _identity(self, samples: Any) -> dict[str, Any]:
        return {
            "input": fingerprint.of_samples(samples),
            "transformers": [fingerprint.of_transformer(each) for each in self._transformers],
            "version": provenance.environment()["lumentrace"],
        }


class _Batch:
    """A run of filters over all samples, chunk by chunk."""

    def __init__(self, index: int, filters: tuple[Filter, ...], steps: int) -> None:
        self.index, self.filters, self.title = index, filters, f"Batch {index + 1} / {steps} "

    def fit(self, samples: Any, *settings: Any) -> tuple[Any, float | None]:
        """The results, and the seconds spent on them if some were kept from earlier runs."""
        return self.joined(samples, lambda parts: join(list(parts)), *settings)

    def joined(
        self,
        samples: Any,
        how: Callable[[Iterable[Any]], Any],
        executor: Any,
        max_workers: int | None,
        verbose: Verbose,
        directory: RunDirectory | None,
    ) -> tuple[Any, float | None]:
        """What `how` makes of the results of all chunks, which come one after another, and the seconds of `fit`."""
        samples = chunks.as_indexable(samples)
        self.filters[0].check(samples)
        directory = directory if len(samples) else None
        if directory is not None and executors.is_elsewhere(executor):
            samples = spooled.spooled(samples, directory.path.resolve())
        bounds = self._bounds(samples, executor, max_workers, directory)
        keeps = [kept.keep(self._name(*span)) for span in bounds]
        seconds = 0.0
        with Progress(verbose, len(samples), self.title) as progress:

            def work(missing: list[int]) -> Generator[Any]:
                todo = [bounds[number] for number in missing]
                with closing(self._run(samples, todo, executor, max_workers, progress, directory)) as fresh:
                    yield from fresh

            def parts() -> Iterator[Any]:
                nonlocal seconds
                for part, spent in pieces:
                    seconds += spent
                    yield part

            with closing(
                work_through(keeps, work, directory, lambda number: progress.reach(bounds[number][1]))
            ) as pieces:
                result = how(parts())
        return result, None if directory is None else seconds

    def _name(self, start: int, end: int) -> str:
        return f"batch{self.index}-samples{start:07d}-{end:07d}"

    def _bounds(
        self, samples: Any, executor: Any, max_workers: int | None, directory: RunDirectory | None
    ) -> list[tuple[int, int]]:
        if directory is not None:
            return chunks.bounds(samples, LEAST_KEPT)
        if executors.is_here(executor):
            return chunks.bounds(samples, 1) if chunks.is_mapped(samples) else [(0, len(samples))]
        return chunks.bounds(samples, 4 * executors.workers(executor, max_workers))

    def _run(
        self,
        samples: Any,
        todo: list[tuple[int, int]],
        executor: Any,
        max_workers: int | None,
        progress: Progress,
        directory: RunDirectory | None,
    ) -> Generator[Any]:
        if not executors.is_here(executor) and len(samples):
            yield from executors.run(remote.work, self._tasks(samples, todo, directory), executor, max_workers)
            return
        threads = 1 if executor == "sequential" else max_workers or 0
        for start, end in todo:
            piece = samples if end - start == len(samples) else chunks.cut(samples, start, end)
            part = chunks.run(self.filters, piece, progress.after(start), threads)
            chunks.release(samples)
            yield part if directory is None else kept.keepable(part)

    def _tasks(
        self, samples: Any, todo: list[tuple[int, int]], directory: RunDirectory | None
    ) -> Iterator[tuple[executors.Span, executors.Arguments]]:
        for span in todo:
            place = None if directory is None else directory.path.resolve() / kept.keep(self._name(*span)).file
            yield span, (remote.Task.of(self.filters, chunks.cut(samples, *span), place),)


def _told(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {html.short(value)}" for name, value in parameters.items())


def _reduced(reducer: Reducer, samples: Any) -> tuple[Any, None]:
    return reducer.fit(samples), None


def _in_parts(
    reducer: PartedReducer, samples: Any, index: int, steps: int, settings: tuple[Any, ...]
) -> tuple[Any, float | None]:
    parts = reducer.parts(samples)
    batch = _Batch(index, (parts.work,), steps)
    return batch.joined(parts.samples, lambda pieces: parts.join(chain.from_iterable(pieces)), *settings)
