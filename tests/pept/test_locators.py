"""Minpoints, centroids of lines and velocities: golden data, twins, truth, and what cannot be measured."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import golden
from helpers import assert_identical, simulate
from lumentrace import LineData, Pipeline, PointData
from lumentrace.pept import utilities
from lumentrace.pept.tracking import (
    HDBSCAN,
    Centroids,
    Cutpoints,
    LinesCentroids,
    Minpoints,
    SplitAll,
    SplitLabels,
    Stack,
    Velocity,
    peptml,
)


def nearest(lines: Any) -> Any:
    """The least-squares point of some lines, and its distance from each."""
    n = lines[:, 4:7] - lines[:, 1:4]
    n /= np.linalg.norm(n, axis=1)[:, None]
    across = np.eye(3) - n[:, :, None] * n[:, None, :]
    point = np.linalg.solve(across.sum(axis=0), (across @ lines[:, 1:4, None]).sum(axis=0))[:, 0]
    return point, np.linalg.norm((across @ (point - lines[:, 1:4])[:, :, None])[..., 0], axis=1)


# ---------------------------------------------------------------------- minpoints
@pytest.mark.parametrize("which", [0, 1])
def test_minpoints_as_golden(which: int) -> None:
    case = golden(f"pept/minpoints_{which}.npz")
    distance = float(case["max_distance"])
    for size, rows, factor, cutoffs in ((3, 40, 2, "cutoffs"), (4, 24, 4, "cutoffs4")):
        expected = case[f"out{size}"]
        lines = case["lines"][:rows]
        found = Minpoints(size, factor * distance, case[cutoffs], append_indices=True).fit_sample(LineData(lines))
        assert found.columns == ["t", "x", "y", "z", *(f"line_index{i + 1}" for i in range(size))]
        order = [np.lexsort(table[:, :3:-1].T) for table in (found.points, expected)]
        np.testing.assert_allclose(found.points[order[0]], expected[order[1]], atol=1e-7)
        assert (np.diff(found["t"]) >= 0).all()


@given(st.integers(0, 10_000), st.integers(2, 4))
def test_minpoints_are_all_combinations_near_enough(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    lines = np.column_stack([rng.integers(0, 9, 11), rng.uniform(-20, 20, (11, 3)), rng.uniform(-20, 20, (11, 3))])
    distance = rng.uniform(2, 15)
    bounds = np.array([-15, 15, -15, 15, -15, 15.0])
    expected = []
    for chosen in itertools.combinations(range(11), size):
        point, distances = nearest(lines[list(chosen)])
        if (distances <= distance).all() and (point >= bounds[::2]).all() and (point <= bounds[1::2]).all():
            expected.append([lines[list(chosen), 0].mean(), *point, *chosen])
    expected.sort(key=lambda row: row[0])
    found = utilities.find_minpoints(lines, size, distance, bounds, append_indices=True)
    np.testing.assert_allclose(found, np.array(expected).reshape(-1, 4 + size), atol=1e-8)


def test_minpoints_leave_hidden_attributes() -> None:
    lines = LineData(simulate(30)[0], run=1, _secret=2)
    found = Minpoints(3, 1.0, append_indices=True).fit_sample(lines)
    assert set(found.attrs) == {"_num_lines", "_max_distance", "_cutoffs", "_lines"}
    assert_identical(found.attrs["_lines"], lines)
    assert_identical(peptml.find_minpoints(lines, 3, 1.0, append_indices=True), found)


def test_a_chain_from_minpoints_to_the_lines_of_each_tracer(one_tracer: LineData) -> None:
    chain = [Minpoints(3, 0.5, append_indices=True), HDBSCAN(0.3), SplitLabels(extract_lines=True)]
    groups = Pipeline(chain).fit(one_tracer, verbose=False)
    assert len(groups) == len(one_tracer)
    sizes = [len(group[0].lines) for group in groups]
    assert 10 < np.median(sizes) < 60
    located = Pipeline([Minpoints(3, 0.5), HDBSCAN(0.3), SplitLabels(), Centroids(), Stack()]).fit(
        one_tracer, verbose=False
    )
    assert len(located.points) >= 0.9 * len(one_tracer)


def test_combinations_that_explode_are_refused() -> None:
    rng = np.random.default_rng(0)
    u = rng.normal(size=(400, 3))
    star = np.column_stack([np.arange(400.0), -u, u])
    with pytest.raises(ValueError, match="`num_lines`: expected at most 100000000 combinations of 6 near lines"):
        Minpoints(6, 1.0).fit_sample(LineData(star))
    assert len(Minpoints(6, 1.0).fit_sample(LineData(star[:12])).points) == 924


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((1, 1.0), "num_lines"), ((2.5, 1), "num_lines"), ((3, np.nan), "max_distance"), ((3, 1, [1]), "cutoffs")],
)
def test_wrong_minpoints(arguments: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"`{name}`"):
        Minpoints(*arguments)


def test_minpoints_of_too_few_or_broken_lines() -> None:
    lines = simulate(20)[0]
    lines[3:] = np.nan
    assert Minpoints(4, 5.0, append_indices=True).fit_sample(LineData(lines)).points.shape == (0, 8)
    assert Minpoints(3, -1.0).fit_sample(LineData(simulate(20)[0])).points.shape == (0, 4)
    assert Minpoints(3, 1.0).fit_sample(LineData(np.empty((0, 7)))).points.shape == (0, 4)
    parallel = np.column_stack([np.arange(5.0), np.zeros((5, 3)), np.ones((5, 3))])
    assert Minpoints(3, 9.0).fit_sample(LineData(parallel)).points.shape == (0, 4)


# ---------------------------------------------------------------------- centroids of lines
def test_lines_centroids_as_golden_without_rejection_and_as_its_twin_with() -> None:
    case = golden("pept/lines_centroids.npz")
    lines = case["lines"]
    plain = LinesCentroids(remove=0.0).fit_sample(LineData(lines))
    np.testing.assert_allclose(plain.points, case["out"], atol=1e-8)
    point, distance = nearest(lines)
    for i in range(1, 7):
        kept = np.argsort(distance, kind="stable")[: int(len(lines) * (1 - 0.1 * i))]
        point, _ = nearest(lines[kept])
        distance = np.sqrt(LinesCentroids.distance_matrix(point, lines))
    found = LinesCentroids(0.1, 6).predict(lines)
    np.testing.assert_allclose(found, [[lines[:, 0].mean(), *point]], atol=1e-8)
    assert np.linalg.norm(found[0, 1:] - case["out"][0, 1:]) > 0.1
    np.testing.assert_allclose(LinesCentroids.centroid(lines), case["out"][0, 1:], atol=1e-8)


def test_rejection_comes_nearer_to_the_truth() -> None:
    rows = simulate(3000, noise=0.4)[0]
    samples = LineData(rows, 100)
    truth = np.array([[300 + 60 * np.cos(t / 120), 300 + 60 * np.sin(t / 120), 250] for t in rows[:, 0]])
    centres = truth.reshape(30, 100, 3).mean(axis=1)

    def error(locate: LinesCentroids) -> float:
        found = Pipeline([locate, Stack()]).fit(samples, verbose=False)
        return float(np.median(np.linalg.norm(found.points[:, 1:] - centres, axis=1)))

    assert error(LinesCentroids(0.1, 6)) < 0.2 * error(LinesCentroids(0.0, 0))


def test_centroids_of_a_list_of_lines_are_one_row_each() -> None:
    samples = LineData(simulate(300)[0], 100)
    expected = np.vstack([LinesCentroids().fit_sample(sample).points for sample in samples])
    assert expected.shape == (3, 4)
    for listed in (list(samples), [sample.lines for sample in samples]):
        np.testing.assert_array_equal(LinesCentroids().fit_sample(listed).points, expected)
    short = [samples[0].lines[:1], samples[1].lines]
    np.testing.assert_array_equal(LinesCentroids().fit_sample(short).points, expected[1:2])


@pytest.mark.parametrize("executor", [None, "sequential", "joblib"])
def test_centroids_of_the_lines_of_clusters(executor: str | None) -> None:
    lines = LineData(simulate(900, tracers=2)[0], 300)
    clusters = Cutpoints(0.8, append_indices=True) + HDBSCAN(0.15, 2) + SplitLabels(extract_lines=True)
    found = (clusters + LinesCentroids()).fit(lines, executor, verbose=False)
    for located, listed in zip(found, clusters.fit(lines, verbose=False), strict=True):
        assert len(located.points) == len(listed) == 2
        expected = [LinesCentroids().predict(each)[0] for each in listed]
        np.testing.assert_array_equal(located.points, expected)
    nothing = Cutpoints(1e-9, append_indices=True) + HDBSCAN(0.15) + SplitLabels(extract_lines=True) + LinesCentroids()
    assert [each.points.shape for each in nothing.fit(lines, executor, verbose=False)] == [(0, 4)] * 3


def test_centroids_of_too_few_lines() -> None:
    for rows in (
        np.empty((0, 7)),
        np.ones((1, 7)),
        np.full((9, 7), np.nan),
        [[0, 0, 0, 0, 1, 0, 0], [1, 0, 1, 0, 1, 1, 0]],
    ):
        assert LinesCentroids().fit_sample(LineData(rows)).points.shape == (0, 4)
    assert np.isnan(LinesCentroids.centroid(np.ones((1, 7)))).all()
    with pytest.raises(ValueError, match="`remove`"):
        LinesCentroids(remove=1.5)
    with pytest.raises(ValueError, match="`iterations`"):
        LinesCentroids(iterations=-1)


# ---------------------------------------------------------------------- velocities
def test_velocity_as_golden() -> None:
    case = golden("pept/velocity.npz")
    points = PointData(case["points"])
    for name, velocity in {
        "w5d2": Velocity(5, 2),
        "w11d2": Velocity(11),
        "w7d1abs": Velocity(7, 1, absolute=True),
        "w9d3": Velocity(9, 3),
    }.items():
        found = velocity.fit_sample(points)
        scale = np.abs(case[name]).max()
        np.testing.assert_allclose(found.points[:, 4:], case[name], atol=1e-8 * scale)
        assert found.columns[4:] == (["v"] if velocity.absolute else ["vx", "vy", "vz"])
        assert found.units[found.columns[-1]] == "m/s"


@given(st.integers(0, 10_000), st.sampled_from([(3, 1), (5, 2), (7, 4), (11, 0)]))
def test_velocity_as_polynomials_of_numpy(seed: int, settings: tuple[int, int]) -> None:
    window, degree = settings
    rng = np.random.default_rng(seed)
    t = 1e5 + np.cumsum(rng.uniform(0.1, 2, 14))
    rows = np.column_stack([t, rng.normal(size=(14, 3)).cumsum(axis=0)])
    found = Velocity(window, degree).fit_sample(PointData(rows)).points[:, 4:]
    for i in range(14):
        start = min(max(i - window // 2, 0), 14 - window)
        part = rows[start : start + window]
        for axis in range(3):
            fit = np.polynomial.Polynomial.fit(part[:, 0], part[:, 1 + axis], degree)
            assert found[i, axis] == pytest.approx(fit.deriv()(t[i]), abs=1e-7)


def test_velocity_of_a_circle_and_of_each_trajectory() -> None:
    t = np.arange(200.0)
    circle = np.column_stack([t, 50 * np.cos(t / 40), 50 * np.sin(t / 40), 0 * t, t % 2])
    points = PointData(circle, columns=["t", "x", "y", "z", "label"])
    found = Pipeline([SplitAll("label"), Velocity(9, 3, absolute=True), Stack()]).fit(points, verbose=False)
    np.testing.assert_allclose(found["v"], 50 / 40, rtol=2e-3)


def test_velocities_that_cannot_be_measured() -> None:
    few = Velocity(5).fit_sample(PointData(np.column_stack([np.arange(4.0)] * 4)))
    assert few.columns[4:] == ["vx", "vy", "vz"]
    assert np.isnan(few.points[:, 4:]).all()
    assert Velocity(5).fit_sample(PointData(np.empty((0, 4)))).points.shape == (0, 7)
    still = Velocity(5).fit_sample(PointData(np.ones((9, 4)))).points
    assert np.isnan(still[:, 4:]).all()
    with pytest.raises(ValueError, match="times in ascending order, found 0 after 1"):
        Velocity(3).fit_sample(PointData([[1, 0, 0, 0], [0, 0, 0, 0], [2, 0, 0, 0]]))


@pytest.mark.parametrize(("window", "degree"), [(4, 2), (3, 3), (2.5, 1), (9, -1), (99, 30), (-3, 0)])
def test_wrong_windows(window: Any, degree: int) -> None:
    with pytest.raises(ValueError, match=r"`window`|`degree`"):
        Velocity(window, degree)


# ---------------------------------------------------------------------- plans
@pytest.mark.parametrize(
    "chain",
    [[Minpoints(3, 0.6)], [Minpoints(2, 0.3, append_indices=True), HDBSCAN(0.2)], [LinesCentroids(0.2, 3)]],
    ids=["minpoints", "labels", "lines centroids"],
)
def test_plans_equal_the_loop(chain: list[Any], one_tracer: LineData) -> None:
    lines = one_tracer.copy()
    lines.samples_indices = [[0, 60], [5, 5], [10, 12], [30, 90], [1140, 1200], [7, 8]]
    expected = []
    for sample in lines:
        result: Any = sample
        for each in chain:
            result = each.fit_sample(result)
        expected.append(result)
    for threads in (1, 2, 3):
        assert_identical(Pipeline(chain).fit(lines, None, threads, verbose=False), expected)


def test_velocity_plans_equal_the_loop() -> None:
    points = PointData(np.random.default_rng(0).normal(size=(300, 4)).cumsum(axis=0), sample_size=[0, 100, 3, 150, 40])
    points.points[:, 0] = np.arange(300)
    expected = [Velocity(11).fit_sample(sample) for sample in points]
    for threads in (1, 2):
        assert_identical(Pipeline([Velocity(11)]).fit(points, None, threads, verbose=False), expected)
