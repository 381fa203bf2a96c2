"""Clusters located by their lines, against a numpy twin and simulated truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from helpers import assert_identical, simulate
from lumentrace import LineData, Pipeline, PointData, _core
from lumentrace.pept.recipes import Minpoints as MinpointsRecipe
from lumentrace.pept.recipes import PeptML
from lumentrace.pept.tracking import (
    HDBSCAN,
    Centroids,
    ClusterLines,
    Condition,
    Cutpoints,
    Minpoints,
    SplitLabels,
    Stack,
)
from twins import lines as twin

Array = NDArray[np.float64]

NAMED = ["t", "x", "y", "z", "line_index1", "line_index2", "label"]


def off(locations: PointData, tracers: int) -> Array:
    """Distances of locations in mm from the nearest of the tracers that `simulate` makes."""
    angle = 0.5 / 60 * locations["t"][:, None] + 2 * np.pi * np.arange(tracers) / tracers
    truth = np.stack([300 + 60 * np.cos(angle), 300 + 60 * np.sin(angle), np.full(angle.shape, 250.0)], axis=-1)
    distances: Array = np.linalg.norm(locations.points[:, None, 1:4] - truth, axis=2).min(axis=1)
    return distances


@given(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, 3.5, 100.0]), st.integers(1, 3))
def test_clusters_as_their_twin_has_them(seed: int, reject: float, tracers: int) -> None:
    lines = LineData(simulate(80 * tracers, tracers=tracers, seed=seed)[0])
    for candidates in (Cutpoints(0.8, append_indices=True), Minpoints(3, 0.4, append_indices=True)):
        points = HDBSCAN(0.2, tracers).fit_sample(candidates.fit_sample(lines))
        indices = [i for i, name in enumerate(points.columns) if name.startswith("line_index")]
        settings = (indices, points.columns.index("label"), reject)
        expected = twin.cluster_lines(points.points, lines.lines, *settings)
        found = _core.cluster_lines(points.points, lines.lines, *settings)
        np.testing.assert_allclose(found, expected, atol=1e-8)
        assert_identical(ClusterLines(reject).fit_sample(points).points, found)


def test_any_labels_and_broken_lines() -> None:
    rng = np.random.default_rng(4)
    lines = simulate(60, noise=0.5, seed=4)[0]
    lines[::7, 3] = np.nan
    lines[5, 4:7] = lines[5, 1:4]
    points = np.column_stack([rng.normal(300, 5, (400, 4)), rng.integers(0, 60, (400, 2)), rng.integers(-2, 5, 400)])
    points[rng.random(400) < 0.1, 6] = np.nan
    found = _core.cluster_lines(points, lines, [4, 5], 6, 3.5)
    np.testing.assert_allclose(found, twin.cluster_lines(points, lines, [4, 5], 6, 3.5), atol=1e-8)
    assert len(found) == 6


@pytest.mark.parametrize("tracers", [1, 2, 4])
def test_locations_are_closer_than_centroids(tracers: int) -> None:
    rows = simulate(20_000 * tracers, noise=0.6, tracers=tracers, seed=tracers)[0]
    lines = LineData(rows, 200 * tracers, 150 * tracers)
    clusters = [Cutpoints(0.5, append_indices=True), HDBSCAN(0.15, tracers)]

    def errors(*last: Any) -> Array:
        return off(Pipeline([*clusters, *last, Stack()]).fit(lines, verbose=False), tracers)

    by_lines, by_centroids = errors(ClusterLines()), errors(SplitLabels(), Centroids())
    assert len(by_lines) == len(by_centroids) > 300 * tracers
    assert np.median(by_lines) < 0.9 * np.median(by_centroids)
    assert np.quantile(by_lines, 0.9) < 0.9 * np.quantile(by_centroids, 0.9)


@pytest.mark.parametrize("recipe", [PeptML(tracers=2), MinpointsRecipe(tracers=2, sample_size=60, overlap=30)])
def test_the_recipes_locate_by_lines(recipe: PeptML | MinpointsRecipe) -> None:
    lines = LineData(simulate(6000, noise=0.3, tracers=2)[0], 120, 60)
    once = Pipeline([*recipe.first_pass(), Stack()]).fit(lines, verbose=False)
    assert once.columns == ["t", "x", "y", "z", "error"]
    tracks = recipe.fit(lines, verbose=False)
    assert tracks.columns == ["t", "x", "y", "z", "error", "label"]
    assert np.median(off(once, 2)) < 0.5


def test_clusters_that_filters_of_python_made() -> None:
    lines = LineData(simulate(900, tracers=2)[0], 200, 100)
    candidates = Cutpoints(0.8, append_indices=True)
    expected = Pipeline([candidates, HDBSCAN(0.2, 2), ClusterLines()]).fit(lines, verbose=False)
    assert expected[0].attrs == {}
    assert expected[0].units == {"t": "ms", "x": "mm", "y": "mm", "z": "mm", "error": "mm"}
    between = Pipeline([candidates, HDBSCAN(0.2, 2), Condition("label >= 0"), ClusterLines()])
    assert_identical(between.fit(lines, verbose=False), list(expected))
    pytest.importorskip("hdbscan")
    clusters = Pipeline([candidates, HDBSCAN(0.2, 2, engine="hdbscan")])
    found = Pipeline([clusters, ClusterLines()]).fit(lines, verbose=False)
    assert_identical(found, [ClusterLines().fit_sample(one) for one in clusters.fit(lines, verbose=False)])
    assert [len(one.points) for one in found] == [len(one.points) for one in expected]


def test_points_that_do_not_know_their_lines() -> None:
    rows = np.zeros((3, 7))
    with pytest.raises(ValueError, match="hidden attribute `_lines`"):
        ClusterLines().fit_sample(PointData(rows, columns=NAMED))
    with pytest.raises(ValueError, match=r"columns 'line_index\.\.\.' and 'label'"):
        ClusterLines().fit_sample(PointData(rows[:, :5], columns=[*NAMED[:4], "label"]))
    with pytest.raises(ValueError, match=r"columns 'line_index\.\.\.' and 'label'"):
        (Cutpoints(0.5, append_indices=True) + ClusterLines()).fit(LineData(simulate(50)[0]), verbose=False)
    bad = PointData([[0, 1, 1, 1, 0, 7, 0]], columns=NAMED, _lines=LineData(simulate(2)[0]))
    with pytest.raises(ValueError, match="rows of 2 lines, found 7"):
        ClusterLines().fit_sample(bad)
    for reject in (0.9, np.nan, np.inf):
        with pytest.raises(ValueError, match="`reject`"):
            ClusterLines(reject)


def test_samples_without_clusters() -> None:
    lines = LineData(simulate(30)[0])
    lines.samples_indices = [[0, 0], [0, 1], [0, 2], [0, 3]]
    found = Pipeline([Cutpoints(0.5, append_indices=True), HDBSCAN(0.2), ClusterLines()]).fit(lines, verbose=False)
    assert [len(one.points) for one in found] == [0, 0, 0, 0]
    assert all(one.columns == ["t", "x", "y", "z", "error"] for one in found)
