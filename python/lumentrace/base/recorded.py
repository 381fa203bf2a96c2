"""Results of single functions that say how they came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar

import numpy as np

from lumentrace.base.provenance import Provenance, Watch, content


@cache
def _untold() -> Provenance:
    return Provenance()


@dataclass(frozen=True)
class Recorded:
    """A result with its history; two results are equal whatever their histories.

    Attributes
    ----------
    provenance : Provenance
        The arrays that went in, by name, with their size and content hashes; what was done to them, when, and how long
        it took.
    """

    provenance: Provenance = field(default_factory=_untold, kw_only=True, repr=False, compare=False)


R = TypeVar("R", bound=Recorded)


class Recorder:
    """The clock of a function, started when it is made.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import dataclass
    >>> from lumentrace.base.recorded import Recorded, Recorder
    >>> @dataclass(frozen=True)
    ... class Mean(Recorded):
    ...     value: float
    >>> recorder = Recorder()
    >>> mean = recorder.told(Mean(2.0), "mean", {"a": np.array([1.0, 3.0])}, {"axis": 0})
    >>> mean, mean.provenance.input["bytes"], [step.name for step in mean.provenance.steps]
    (Mean(value=2.0), 16, ['mean'])
    """

    def __init__(self) -> None:
        self._watch = Watch()

    def told(
        self, result: R, name: str, inputs: Mapping[str, Any], parameters: Mapping[str, Any], seed: int | None = None
    ) -> R:
        """The result with a history of one step, which ends now.

        Parameters
        ----------
        result : Recorded
        name : str
            Of the function.
        inputs : dict
            Arrays by the names of the arguments; None for one that was not given.
        parameters : dict
            All other arguments.
        seed : int, optional
        """
        seconds = self._watch.seconds
        arrays = {key: np.asarray(value) for key, value in inputs.items() if value is not None}
        identity = {
            "bytes": sum(array.nbytes for array in arrays.values()),
            "xxh3": {key: content(array) for key, array in arrays.items()},
        }
        history = Provenance(identity, seed=seed).then(name, parameters, self._watch.started, seconds)
        return replace(result, provenance=history)
