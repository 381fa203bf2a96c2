"""The history of samples, and of what is made from them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from lumentrace.base.provenance import Provenance, Watch, identity
from lumentrace.data.pept_object import PEPTObject
from lumentrace.engine.samples.results import Results, as_batch

P = ParamSpec("P")
T = TypeVar("T")


def history(samples: Any) -> Provenance:
    """What was done to samples so far; the identity of those to which nothing was done."""
    if isinstance(samples, PEPTObject) and isinstance(samples.provenance, Provenance):
        return samples.provenance
    batch = as_batch(samples) if isinstance(samples, (PEPTObject, Results, list, tuple)) else None
    if batch is None:
        return Provenance(identity(samples)) if isinstance(samples, np.ndarray) else Provenance()
    return batch.provenance if isinstance(batch.provenance, Provenance) else Provenance(identity(batch.rows))


def stamp(result: Any, made: Provenance, given: Any) -> Any:
    """`result` with its history; objects of the user's that were handed through are copied for that."""
    if isinstance(result, list):
        users = {id(each) for each in given} if isinstance(given, (list, tuple)) else set()
        return [stamp(each, made, each if id(each) in users else None) for each in result]
    if isinstance(result, PEPTObject) and result is given:
        result = result.copy(deep=False)
    if isinstance(result, (PEPTObject, Results)):
        result.provenance = made
    return result


def recorded(function: Callable[P, T]) -> Callable[P, T]:
    """Give what a function makes of samples, its first argument, their history and one step more."""
    known = inspect.signature(function)

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = known.bind(*args, **kwargs)
        bound.apply_defaults()
        (_, samples), *settings = bound.arguments.items()
        made: T = timed(function.__name__, dict(settings), samples, lambda: function(*args, **kwargs))
        return made

    return run


def timed(name: str, parameters: Mapping[str, Any], samples: Any, work: Callable[[], Any]) -> Any:
    """What `work` makes of samples, with their history and one step more; what it hands through stays as it is."""
    watch = Watch()
    result = work()
    seconds = watch.seconds
    if result is samples:
        return result
    return stamp(result, history(samples).then(name, parameters, watch.started, seconds), samples)
