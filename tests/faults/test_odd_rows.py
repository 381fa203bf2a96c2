"""Filters and reducers of PEPT on rows of any layout, and on numbers that are odd."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from helpers import simulate
from lumentrace import LineData, Pipeline, PointData
from lumentrace.pept import tracking
from odd_arrays import CONTENTS, LAYOUTS, assert_same, plain

KINDS = [kind for kind, change in CONTENTS.items() if change(np.ones((3, 7))).shape in ((3, 7), (0, 7))]
NUMBERS = [kind for kind in KINDS if kind not in ("objects", "words", "complex", "times")]
COLUMNS = ["t", "x", "y", "z", "error", "label"]


def rows_of_lines() -> Any:
    return simulate(60, tracers=2)[0]


def rows_of_points() -> Any:
    random = np.random.default_rng(1)
    steps = random.normal(size=(60, 3)).cumsum(axis=0) + 300
    return np.column_stack([np.arange(60) / 10, steps, random.random(60), np.arange(60) % 2])


LINES = [
    tracking.Cutpoints(5.0),
    tracking.Minpoints(2, 5.0),
    tracking.BirminghamMethod(),
    tracking.LinesCentroids(),
    tracking.LineTracker(2),
    tracking.Condition("t > 0"),
    tracking.Center(),
    tracking.Stack(),
    Pipeline([tracking.Voxelize((9, 9, 9)), tracking.FPI()]),
    Pipeline([tracking.Cutpoints(5.0), tracking.HDBSCAN(0.15), tracking.SplitLabels(), tracking.Centroids()]),
]
POINTS = [
    tracking.HDBSCAN(0.15),
    tracking.Centroids(error=True),
    tracking.Segregate(10, 20.0),
    tracking.Velocity(5),
    tracking.Interpolate(0.3),
    tracking.Reconnect(5, 5.0),
    tracking.RemoveStatic(2.0, 1.0),
    tracking.OutOfViewFilter(),
    tracking.SplitLabels(),
    tracking.SplitAll("label"),
    tracking.GroupBy("label"),
    tracking.GaussianDensity(1.0),
    tracking.Center(),
    tracking.Reorient(),
    tracking.Swap("x, y", inplace=False),
    tracking.Remove("error"),
]
CASES = [pytest.param(step, LineData, rows_of_lines, {}, id=f"lines-{step!s}"[:40]) for step in LINES] + [
    pytest.param(step, PointData, rows_of_points, {"columns": COLUMNS}, id=f"points-{step!s}"[:40]) for step in POINTS
]


def fitted(step: Any, table: Any) -> Any:
    pipeline = step if isinstance(step, Pipeline) else Pipeline([step])
    return plain(pipeline.fit(table, verbose=False))


@pytest.mark.parametrize(("step", "kind", "make", "options"), CASES)
def test_the_layout_of_rows_does_not_matter(
    step: Any, kind: Callable[..., Any], make: Callable[[], Any], options: dict[str, Any]
) -> None:
    expected = fitted(step, kind(make(), 20, **options))
    for layout in LAYOUTS.values():
        assert_same(fitted(step, kind(layout(make()), 20, **options)), expected)


@pytest.mark.parametrize(("step", "kind", "make", "options"), CASES)
def test_odd_rows_give_a_result_or_a_clear_error(
    step: Any, kind: Callable[..., Any], make: Callable[[], Any], options: dict[str, Any]
) -> None:
    for name in NUMBERS:
        table = kind(CONTENTS[name](make()), 20, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            told = refusal(step, table)
        assert "expected" in told, (name, told)


def refusal(step: Any, table: Any) -> str:
    try:
        fitted(step, table)
    except ValueError as error:
        return str(error)
    return "nothing else than expected"
