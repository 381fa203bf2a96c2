"""The search for parameters: it finds known optima, repeats, and leaves nothing odd behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lumentrace import LineData, Pipeline, PointData
from lumentrace.engine.samples.optimise import default_cost
from lumentrace.engine.samples.transformer import Filter
from lumentrace.pept.tracking import HDBSCAN, Centroids, Cutpoints, SplitLabels, Stack


class Offset(Filter):
    """Adds numbers to x and y."""

    def __init__(self, dx: float = 0.0, steps: int = 1) -> None:
        self.dx, self.steps = dx, steps

    def fit_sample(self, sample: Any) -> Any:
        return sample.copy(data=sample.points + np.array([0, self.dx, self.steps, 0]))


def bowl(points: Any) -> float:
    """Least at x = 2.5, y = 7."""
    return float((points[0]["x"][0] - 2.5) ** 2 + (points[0]["y"][0] - 7) ** 2)


def test_it_finds_the_bottom_of_a_bowl() -> None:
    pipeline = Pipeline([Offset()])
    found = pipeline.optimise(PointData(np.zeros((1, 4))), 150, verbose=False, cost=bowl, dx=[-10, 10], steps=[0, 20])
    assert abs(found.parameters["dx"] - 2.5) < 0.1
    assert found.parameters["steps"] == 7
    assert isinstance(found.parameters["steps"], int)
    assert found.history.shape == (150, 3)
    assert found.cost == found.history[:, 2].min()
    assert pipeline.transformers[0].parameters() == found.parameters


def test_numbers_pick_a_transformer_and_seeds_repeat() -> None:
    def run(seed: int) -> Any:
        pipeline = Pipeline([Offset(dx=0.0), Offset(dx=1.0)])
        found = pipeline.optimise(PointData(np.zeros((1, 4))), 20, verbose=False, cost=bowl, seed=seed, dx2=[0, 1])
        return found, pipeline

    found, pipeline = run(0)
    assert pipeline.transformers[0].parameters()["dx"] == 0.0
    assert 0.9 < pipeline.transformers[1].parameters()["dx"] <= 1
    np.testing.assert_array_equal(found.history, run(0)[0].history)
    assert not np.array_equal(found.history, run(1)[0].history)


def test_a_recipe_is_improved(one_tracer: LineData) -> None:
    pipeline = Pipeline([Cutpoints(8.0), HDBSCAN(0.15), SplitLabels(), Centroids(error=True), Stack()])
    before = default_cost(pipeline.fit(one_tracer, verbose=False), one_tracer)
    seen: list[tuple[int, int]] = []
    found = pipeline.optimise(
        one_tracer,
        25,
        verbose=lambda done, total: seen.append((done, total)),
        max_distance=[0.1, 10],
        true_fraction=[0.05, 0.9],
    )
    assert found.cost < before
    assert default_cost(pipeline.fit(one_tracer, verbose=False), one_tracer) == found.cost
    assert seen[-1] == (25, 25)


def test_values_that_cannot_go_together_are_passed_over() -> None:
    points = PointData(np.column_stack([np.arange(50.0)] * 4))
    pipeline = Pipeline([Stack(sample_size=10, overlap=8)])
    found = pipeline.optimise(points, 30, verbose=False, cost=len, sample_size=[4, 20])
    assert np.isinf(found.history[found.history[:, 0] <= 8, 1]).all()
    assert np.isfinite(found.cost)
    with pytest.raises(ValueError, match="overlap"):
        Pipeline([Stack(sample_size=10, overlap=8)]).optimise(points, 5, verbose=False, cost=len, sample_size=[2, 4])


def test_what_it_refuses(one_tracer: LineData) -> None:
    pipeline = Pipeline([Cutpoints(0.5), Centroids(), Stack()])
    for settings, message in (
        ({}, "at least one parameter"),
        ({"depth": [0, 1]}, "`depth`"),
        ({"max_distance2": [0, 1]}, "`max_distance2`"),
        ({"max_distance": [1, 0]}, "ascending"),
        ({"max_distance": [0.1, 1]}, "`cost`"),
        ({"max_distance": [0.1, 1], "max_evals": 0}, "max_evals"),
    ):
        with pytest.raises(ValueError, match=message):
            pipeline.optimise(one_tracer, verbose=False, **{"max_evals": 2, **settings})
