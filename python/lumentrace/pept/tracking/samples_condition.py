"""Whole samples that meet conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine.samples.chunks import as_indexable
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.tracking.condition import _parse, _split


class SamplesCondition(Reducer):
    """Keep the samples that meet all conditions.

    Parameters
    ----------
    *conditions : str or callable
        Strings such as ``"sample_size > 30"`` or ``"np.max('error') < 5"``: as for `Condition`, with `sample_size` the
        number of rows; a sample is kept if they hold for all of its rows. Or functions that take a sample and return
        True or False.

    Raises
    ------
    ValueError
        If a string is not a condition, or names a column that does not exist.
    TypeError
        If a condition is neither a string nor a function.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import SamplesCondition
    >>> points = PointData([[0, 1, 1, 1], [1, 5, 1, 1], [2, 9, 1, 1]], sample_size=[1, 2])
    >>> kept = SamplesCondition("sample_size > 1").fit(points)
    >>> len(kept), kept[0]["x"]
    (1, array([5., 9.]))
    """

    def __init__(self, *conditions: str | Callable[[Any], Any]) -> None:
        self.conditions: list[Any] = []
        for condition in conditions:
            if not callable(condition) and not isinstance(condition, str):
                raise TypeError(f"`conditions`: expected strings or functions, found {condition!r}")
            self.conditions += [condition] if callable(condition) else _split(condition)
        self._compiled()

    def _compiled(self) -> list[Callable[[Any], Any]]:
        return [each if callable(each) else _on_sample(each) for each in self.conditions]

    def fit(self, samples: Any) -> Any:
        """Keep samples: an object of the same class for `LineData` and `PointData`, otherwise a list."""
        samples = as_indexable(samples)
        tests = self._compiled()
        kept = [i for i, sample in enumerate(samples) if all(bool(np.all(test(sample))) for test in tests)]
        return samples[kept] if isinstance(samples, IterableSamples) else [samples[i] for i in kept]


class _WithSize:
    """A sample whose number of rows can be read like a column."""

    def __init__(self, sample: IterableSamples) -> None:
        self.data, self.columns, self._sample = sample.data, [*sample.columns, "sample_size"], sample

    def __getitem__(self, name: str) -> Any:
        return len(self.data) if name == "sample_size" else self._sample[name]


def _on_sample(text: str) -> Callable[[Any], Any]:
    evaluate = _parse(text)
    return lambda sample: evaluate(_WithSize(sample))  # type: ignore[arg-type]  # read like a sample
