"""Filters map one sample to one result; reducers map the list of all results to one."""

from __future__ import annotations

import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar

from lumentrace.data.lines import LineData
from lumentrace.data.pept_object import PEPTObject
from lumentrace.data.points import PointData
from lumentrace.data.voxels import Voxels
from lumentrace.engine.samples.history import timed

if TYPE_CHECKING:
    from lumentrace.engine.progress import Verbose
    from lumentrace.engine.samples.native import NativeStep
    from lumentrace.engine.samples.pipeline import Pipeline


class Transformer(PEPTObject):
    """What `Filter` and `Reducer` have in common: they chain with ``+``, are copied and kept in files."""

    def __add__(self, other: Transformer) -> Pipeline:
        from lumentrace.engine.samples.pipeline import Pipeline

        if not isinstance(other, (Transformer, Pipeline)):
            return NotImplemented
        return Pipeline([self, other])

    def parameters(self) -> dict[str, Any]:
        """The public attributes, sorted by name."""
        public = ((name, value) for name, value in vars(self).items() if not name.startswith("_"))
        return dict(sorted((name, value) for name, value in public if not callable(value)))

    def __repr__(self) -> str:
        name = type(self).__name__
        text = ", ".join(f"{key} = {value}" for key, value in self.parameters().items())
        return "\n".join(textwrap.wrap(f"{name}({text})", 80, subsequent_indent=" " * (len(name) + 1)))

    def _shown(self) -> dict[str, Any]:
        return self.parameters()


class Filter(Transformer, ABC):
    """A transformer that works on one sample at a time; subclass it and write `fit_sample`.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.engine.samples.transformer import Filter
    >>> class Shift(Filter):
    ...     def __init__(self, dx):
    ...         self.dx = dx
    ...     def fit_sample(self, sample):
    ...         return sample.copy(data=sample.points + [0, self.dx, 0, 0])
    >>> shifted = Shift(5.0).fit(PointData(np.zeros((4, 4)), sample_size=2), verbose=False)
    >>> len(shifted), shifted[0]["x"]
    (2, array([5., 5.]))
    """

    @abstractmethod
    def fit_sample(self, sample: Any) -> Any:
        """Process one sample."""

    def native(self, columns: list[str]) -> NativeStep | None:
        """How the Rust core does the same for tables of these columns; None where only Python can."""
        return None

    def check(self, samples: Any) -> None:
        """Refuse input that this filter cannot work on."""

    def fit(
        self, samples: Iterable[Any], executor: Any = None, max_workers: int | None = None, verbose: Verbose = True
    ) -> Any:
        """Process every sample.

        Parameters
        ----------
        samples : iterable
            A `LineData` or `PointData`, or any iterable of samples.
        executor : {None, "sequential", "joblib"}, Executor class or live executor
            Where the work runs; None means native threads in this process.
        max_workers : int, optional
            Threads or processes to use; all cores by default.
        verbose : bool or callable, default True
            Show a progress bar, or call ``verbose(done, total)``.

        Returns
        -------
        sequence
            One result per sample, in order.
        """
        from lumentrace.engine.samples.pipeline import Pipeline

        return Pipeline([self]).fit(samples, executor, max_workers, verbose)


class TypedFilter(Filter):
    """A filter for samples of one class, checked on the first sample."""

    sample_type: ClassVar[type] = object

    def check(self, samples: Any) -> None:
        """Refuse samples of another class."""
        if isinstance(samples, self.sample_type):
            return
        first = next(iter(samples), None)
        if first is not None and not isinstance(first, self.sample_type):
            raise TypeError(
                f"{type(self).__name__}: expected samples of type {self.sample_type.__name__}, "
                f"found {type(first).__name__}"
            )


class LineDataFilter(TypedFilter):
    """A filter for `LineData` samples."""

    sample_type = LineData

    def fit(
        self, line_data: Iterable[Any], executor: Any = None, max_workers: int | None = None, verbose: Verbose = True
    ) -> Any:
        """Process every sample, as `Filter.fit` does."""
        return super().fit(line_data, executor, max_workers, verbose)


class PointDataFilter(TypedFilter):
    """A filter for `PointData` samples."""

    sample_type = PointData

    def fit(
        self, point_data: Iterable[Any], executor: Any = None, max_workers: int | None = None, verbose: Verbose = True
    ) -> Any:
        """Process every sample, as `Filter.fit` does."""
        return super().fit(point_data, executor, max_workers, verbose)


class VoxelsFilter(TypedFilter):
    """A filter for `Voxels` samples."""

    sample_type = Voxels

    def fit(
        self, line_data: Iterable[Any], executor: Any = None, max_workers: int | None = None, verbose: Verbose = True
    ) -> Any:
        """Process every sample, as `Filter.fit` does."""
        return super().fit(line_data, executor, max_workers, verbose)


class Reducer(Transformer, ABC):
    """A transformer that needs all samples at once; subclass it and write `fit`.

    What `fit` returns carries the history of the samples and the step itself, if it is an object that can.
    """

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if "fit" in vars(cls):
            cls.fit = _recorded(vars(cls)["fit"])  # type: ignore[method-assign]  # the same, and its history

    def stacks(self) -> tuple[Any, Any] | None:
        """How samples are cut, `sample_size` and `overlap`, if nothing is done but stacking them; None otherwise."""
        return None

    @abstractmethod
    def fit(self, samples: Any) -> Any:
        """Process the list of all samples."""


def _recorded(fit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fit)
    def run(self: Reducer, samples: Any, *args: Any, **kwargs: Any) -> Any:
        return timed(type(self).__name__, self.parameters(), samples, lambda: fit(self, samples, *args, **kwargs))

    return run
