"""What ran, on what, with which parameters and versions."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from types import FunctionType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base import mapping

BLOCK = 32 * 2**20
"""Bytes that are hashed at a time."""


def environment() -> dict[str, str]:
    """Versions that a result may depend on."""
    return {
        "lumentrace": _core.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
    }


@dataclass(frozen=True)
class Step:
    """One thing that was done.

    Attributes
    ----------
    index : int
        Place in the order of things done, from 0.
    name : str
        Name of the class or function.
    parameters : dict
        Its parameters, as plain JSON values.
    version : str
        Version of the package it belongs to.
    started : str
        When it began, ISO 8601 in UTC.
    duration : float
        Seconds it took. Filters that ran together in one plan share the time of the plan.
    """

    index: int
    name: str
    parameters: dict[str, Any]
    version: str
    started: str
    duration: float


@dataclass(frozen=True)
class Provenance:
    """The history of a result.

    Attributes
    ----------
    input : dict
        Identity of the raw input: path, size in bytes and content hash, as far as there are any.
    steps : tuple of Step
        What was done to it, in order.
    environment : dict
        Versions of Python, numpy and lumentrace, and the platform.
    seed : int or None
        Seed of the random numbers, if any were used.
    """

    input: dict[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    environment: dict[str, str] = field(default_factory=environment)
    seed: int | None = None

    def then(self, name: str, parameters: Mapping[str, Any], started: datetime, duration: float) -> Self:
        """The history with one more step."""
        plain_parameters = {key: plain(value) for key, value in parameters.items()}
        return self.with_step(Step(0, name, plain_parameters, _core.__version__, started.isoformat(), duration))

    def with_step(self, step: Step) -> Self:
        """The history with one more step, numbered anew."""
        return replace(self, steps=(*self.steps, replace(step, index=len(self.steps))))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` reads back."""
        return asdict(self) | {"steps": [asdict(step) for step in self.steps]}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The history that `record` was made from."""
        steps = tuple(Step(**step) for step in record["steps"])
        return cls(dict(record["input"]), steps, dict(record["environment"]), record["seed"])


class Watch:
    """The clock of a step, started when it is made."""

    def __init__(self) -> None:
        self.started, self._began = now(), time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._began

    def after(self, history: Provenance, name: str, parameters: Mapping[str, Any]) -> Provenance:
        """The history with the step that ends now."""
        return history.then(name, parameters, self.started, self.seconds)


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def identity(rows: NDArray[np.float64], path: object = None) -> dict[str, Any]:
    """What tells this input from any other: where it came from, its size and its content hash."""
    record: dict[str, Any] = {"rows": len(rows), "bytes": rows.nbytes, "xxh3": content(rows)}
    return record if path is None else {"path": str(path), **record}


def content(array: NDArray[Any]) -> str:
    """The 128-bit XXH3 of the array's bytes: of each block of 32 MiB, then of the blocks' hashes in a row.

    Memory that holds a mapped file is given back block by block.
    """
    from lumentrace import _core

    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    digests = []
    for start in range(0, max(len(flat), 1), BLOCK):
        digests.append(_core.content_hash(flat[start : start + BLOCK]))
        mapping.release(array)
    return digests[0] if len(digests) == 1 else _core.content_hash(np.frombuffer("".join(digests).encode(), np.uint8))


def plain(value: Any) -> Any:
    """`value` as JSON can hold it; what it cannot hold is shown by its repr."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray):
        return plain(value.tolist()) if value.size <= 100 or value.dtype.hasobject else _summary(value)
    if isinstance(value, FunctionType):
        return f"function {value.__module__}.{value.__qualname__}"
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return repr(value)


def _summary(array: NDArray[Any]) -> str:
    return f"array of {array.dtype}, shape {array.shape}, xxh3 {content(array)}"
