"""A search for the parameters of a pipeline that cost least."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import Transformer

Floats = NDArray[np.float64]

LINES_PER_POINT = 100
"""How many lines a location should take, where the user does not say what costs."""
_FIRST_STEP = 0.25
_LEAST_STEP = 1e-3
_SHARE_AT_RANDOM = 0.4


@dataclass(frozen=True)
class Optimum:
    """What a search found.

    Attributes
    ----------
    parameters : dict
        The best values.
    cost : float
        What they cost.
    history : (evaluations, parameters + 1) ndarray
        All values that were tried, in order, and their cost; infinite where the pipeline refused them.
    """

    parameters: dict[str, Any]
    cost: float
    history: Floats


@dataclass(frozen=True)
class Parameter:
    """A number that may be changed: an attribute of a transformer, with limits."""

    owner: Transformer
    name: str
    low: float
    high: float

    @classmethod
    def find(cls, transformers: Sequence[Transformer], name: str, limits: Any) -> Parameter:
        """Find the attribute: a number at the end of its name says of which of the transformers that have it.

        Raises
        ------
        ValueError
            If there is no such attribute, it is no number, or the limits are not two ascending numbers.
        """
        pair = np.asarray(limits, dtype=np.float64)
        if pair.shape != (2,) or not np.isfinite(pair).all() or pair[0] >= pair[1]:
            raise ValueError(f"`{name}`: expected two ascending limits, found {limits!r}")
        owners = [each for each in transformers if _is_number(getattr(each, name, None))]
        attribute, place = name, 1
        numbered = re.fullmatch(r"(.*?)(\d+)", name)
        if not owners and numbered:
            attribute, place = numbered[1], int(numbered[2])
            owners = [each for each in transformers if _is_number(getattr(each, attribute, None))]
        if not 1 <= place <= len(owners):
            raise ValueError(f"`{name}`: expected an attribute of the transformers, found {len(owners)} that have it")
        return cls(owners[place - 1], attribute, *pair.tolist())

    def get(self) -> Any:
        """The value now."""
        return getattr(self.owner, self.name)

    def at(self, share: float) -> Any:
        """The value at a share of the way between the limits; a whole number if it is one now."""
        value = self.low + share * (self.high - self.low)
        return round(value) if isinstance(self.get(), (int, np.integer)) else float(value)

    def set(self, value: Any) -> None:
        """Change the value."""
        setattr(self.owner, self.name, value)


def default_cost(points: Any, lines: Any) -> float:
    """Median error of the locations, more if there are fewer or more than one per 100 lines; infinite without any.

    Raises
    ------
    ValueError
        If the result has no column `error`.
    """
    if not isinstance(points, PointData) or "error" not in points.columns:
        raise ValueError(
            "the pipeline gives no points with a column 'error': end it with Centroids(error=True), or give `cost`"
        )
    errors = points["error"][np.isfinite(points["error"])]
    if not len(errors):
        return float("inf")
    wanted = max(len(lines.lines) / LINES_PER_POINT, 1.0)
    return float(np.median(errors) * (1 + ((len(points.points) - wanted) / wanted) ** 2))


def search(
    parameters: dict[str, Parameter],
    run: Callable[[], Any],
    cost: Callable[[Any], float],
    max_evals: int,
    seed: int,
    done: Callable[[int], object],
) -> Optimum:
    """Change `parameters` to what costs least and leave them at that.

    A part of the evaluations is spread evenly at random over the box (Latin hypercube); the others are normal steps
    from the best so far, which grow with each success and shrink with each failure. Values that the pipeline refuses,
    such as an overlap above the sample size, cost infinitely much.

    Raises
    ------
    ValueError
        If the pipeline refused all of them.
    """
    rng = np.random.default_rng(seed)
    given = {name: each.get() for name, each in parameters.items()}
    history: list[list[float]] = []
    best: tuple[float, Floats, dict[str, Any]] = (np.inf, np.full(len(parameters), 0.5), given)
    spread = _hypercube(rng, max(1, round(_SHARE_AT_RANDOM * max_evals)), len(parameters))
    step = _FIRST_STEP
    refusal: ValueError | None = None
    try:
        for number in range(max_evals):
            place = spread[number] if number < len(spread) else _near(rng, best[1], step)
            values = {name: each.at(share) for (name, each), share in zip(parameters.items(), place, strict=True)}
            _set(parameters, values)
            try:
                result = run()
            except ValueError as error:
                found, refusal = np.inf, error
            else:
                found = float(cost(result))
            history.append([*map(float, values.values()), found])
            better = found < best[0]
            if number >= len(spread):
                step = min(2 * step, _FIRST_STEP) if better else max(0.85 * step, _LEAST_STEP)
            if better:
                best = (found, place, values)
            done(number + 1)
    finally:
        _set(parameters, best[2])
    if refusal is not None and not np.isfinite(best[0]):
        raise refusal
    return Optimum(best[2], best[0], np.array(history))


def _set(parameters: dict[str, Parameter], values: dict[str, Any]) -> None:
    for name, each in parameters.items():
        each.set(values[name])


def _hypercube(rng: np.random.Generator, count: int, dimensions: int) -> Floats:
    places = rng.permuted(np.tile(np.arange(count), (dimensions, 1)), axis=1).T
    spread: Floats = (places + rng.random((count, dimensions))) / count
    return spread


def _near(rng: np.random.Generator, place: Floats, step: float) -> Floats:
    """A normal step, reflected at the limits."""
    moved = np.abs(place + rng.normal(0, step, len(place))) % 2
    near: Floats = np.where(moved > 1, 2 - moved, moved)
    return near


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
