"""Reducers whose work falls into parts, which are run and kept as the samples of a filter are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine.samples.transformer import Filter, Reducer

Listener = Callable[[Any], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def listener() -> Listener | None:
    """Who hears of joined parts, in order, as they come; None if nobody."""
    return _listener.get()


@contextmanager
def heard_by(to: Listener) -> Iterator[None]:
    """Reducers inside the block hand joined parts to `to`, if their work has more than one part."""
    token = _listener.set(to)
    try:
        yield
    finally:
        _listener.reset(token)


@dataclass(frozen=True)
class Parts:
    """The work of a reducer on some samples.

    Attributes
    ----------
    samples : IterableSamples
        What each part works on; they may overlap.
    work : Filter
        What is done with each.
    join : callable
        Makes the result of the results of all parts, in order.
    """

    samples: IterableSamples
    work: Filter
    join: Callable[[Iterable[Any]], Any]


class PartedReducer(Reducer):
    """A reducer that says which parts its work has; write `parts`.

    A pipeline runs the parts where it runs filters, tells of each, and keeps each in its run directory.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import Pipeline, PointData
    >>> from lumentrace.engine.samples.parted import PartedReducer, Parts
    >>> from lumentrace.pept.tracking import Centroids
    >>> class MeanOfThirds(PartedReducer):
    ...     def parts(self, samples):
    ...         thirds = samples.copy(sample_size=len(samples.data) // 3)
    ...         return Parts(thirds, Centroids(), lambda means: np.mean([each["x"] for each in means]))
    >>> points = PointData(np.arange(24.0).reshape(6, 4))
    >>> float(MeanOfThirds().fit(points)), float(Pipeline([MeanOfThirds()]).fit(points, verbose=False))
    (11.0, 11.0)
    """

    @abstractmethod
    def parts(self, samples: Any) -> Parts:
        """The work on `samples`."""

    def fit(self, samples: Any) -> Any:
        """Process the list of all samples, part by part."""
        parts = self.parts(samples)
        return parts.join(map(parts.work.fit_sample, parts.samples))
