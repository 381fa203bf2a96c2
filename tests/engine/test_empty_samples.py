"""Empty samples at every place of every pipeline give empty results, with the columns of full ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lumentrace import LineData, Pipeline, PointData
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.pept import tracking as tr

LINE_FILTERS: dict[str, Callable[[], Any]] = {
    "Cutpoints": lambda: tr.Cutpoints(2.0),
    "Cutpoints with indices": lambda: tr.Cutpoints(2.0, append_indices=True),
    "Minpoints": lambda: tr.Minpoints(3, 2.0),
    "LinesCentroids": tr.LinesCentroids,
    "BirminghamMethod": tr.BirminghamMethod,
    "BirminghamMethod, used": lambda: tr.BirminghamMethod(get_used=True),
    "Condition": lambda: tr.Condition("x1 > -1e9"),
    "Center": tr.Center,
    "Swap": lambda: tr.Swap("y1, z1", inplace=False),
    "Stack": tr.Stack,
}
POINT_STEPS: dict[str, Callable[[], Any]] = {
    "HDBSCAN": lambda: tr.HDBSCAN(0.3),
    "Centroids": lambda: tr.Centroids(error=True, cluster_size=True),
    "Condition": lambda: tr.Condition("x > -1e9"),
    "Remove": lambda: tr.Remove("nothing"),
    "Swap": lambda: tr.Swap("y, z", inplace=False),
    "Interpolate": lambda: tr.Interpolate(1.0),
    "Velocity": lambda: tr.Velocity(5),
    "Velocity, speed": lambda: tr.Velocity(5, absolute=True),
    "Segregate": lambda: tr.Segregate(5, 20.0),
    "Reorient": tr.Reorient,
    "Center": tr.Center,
    "OutOfViewFilter": lambda: tr.OutOfViewFilter(100.0),
    "RemoveStatic": lambda: tr.RemoveStatic(10.0, 1.0),
    "SamplesCondition": lambda: tr.SamplesCondition("sample_size >= 0"),
    "Stack": tr.Stack,
    "Stack, overlapping": lambda: tr.Stack(sample_size=4, overlap=3),
}


def lines() -> LineData:
    """60 lines through one place."""
    rng = np.random.default_rng(0)
    way = rng.normal(size=(60, 3))
    middle = rng.normal((10, 20, 30), 0.5, (60, 3))
    return LineData(np.column_stack([np.arange(60.0), middle - 50 * way, middle + 50 * way]))


def points() -> PointData:
    rng = np.random.default_rng(1)
    return PointData(np.column_stack([np.arange(40.0), rng.normal(0, 1, (40, 3))]))


def columns(result: Any) -> list[str]:
    if isinstance(result, IterableSamples):
        return result.columns
    found = [columns(each) for each in result]
    return found[0] if found else []


def rows(result: Any) -> int:
    if isinstance(result, IterableSamples):
        return len(result.data)
    return sum(rows(each) for each in result)


def run(step: Any, samples: Any, executor: Any = None) -> Any:
    return Pipeline([step]).fit(samples, executor, verbose=False)


@pytest.mark.parametrize("executor", [None, "sequential"])
@pytest.mark.parametrize("name", LINE_FILTERS)
def test_empty_lines(name: str, executor: Any) -> None:
    check(LINE_FILTERS[name], lines(), executor)


@pytest.mark.parametrize("executor", [None, "sequential"])
@pytest.mark.parametrize("name", POINT_STEPS)
def test_empty_points(name: str, executor: Any) -> None:
    check(POINT_STEPS[name], points(), executor)


def check(make: Callable[[], Any], full: Any, executor: Any) -> None:
    """Empty samples before, between and behind full ones change nothing; alone they give nothing."""
    size = len(full.data)
    plain = run(make(), full.copy(sample_size=[size // 2, size - size // 2]), executor)
    mixed = run(make(), full.copy(sample_size=[0, size // 2, 0, size - size // 2, 0]), executor)
    assert rows(mixed) == rows(plain)
    empty = run(make(), full.copy(data=full.data[:0], sample_size=[0, 0]), executor)
    assert rows(empty) == 0
    assert columns(empty) == columns(plain)
    nothing = run(make(), full.copy(data=full.data[:0]), executor)
    assert rows(nothing) == 0


@pytest.mark.parametrize("place", [0, 1, 2, 4, 5, 6, 8, 9])
def test_a_step_that_leaves_nothing_anywhere_in_the_recipe(place: int) -> None:
    chain: list[Any] = [
        tr.Cutpoints(2.0, append_indices=True),
        tr.HDBSCAN(0.3),
        tr.SplitLabels(),
        tr.Centroids(error=True),
        tr.Stack(sample_size=3, overlap=2),
        tr.HDBSCAN(0.6),
        tr.SplitLabels(),
        tr.Centroids(error=True),
        tr.Stack(),
        tr.Segregate(5, 20.0),
    ]
    emptied = lines().copy(sample_size=20)
    nothing = tr.Condition(lambda rows: np.zeros(len(rows), dtype=bool))
    chain.insert(place, nothing)
    for executor in (None, "sequential"):
        found = Pipeline(chain).fit(emptied, executor, verbose=False)
        assert isinstance(found, PointData)
        assert len(found.points) == 0
        assert found.columns[:4] == ["t", "x", "y", "z"]
        assert found.columns[-1] == "label"
