"""Grouping, trajectories, and the whole chain from lines to trajectories."""

from __future__ import annotations

import hashlib
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import adjusted_rand_score

from golden import golden
from helpers import assert_identical, simulate
from lumentrace import LineData, Pipeline, PointData
from lumentrace.pept.tracking import (
    HDBSCAN,
    Centroids,
    Cutpoints,
    GroupBy,
    Remove,
    Segregate,
    SplitAll,
    SplitLabels,
    Stack,
)
from twins import tracking as twins

LABELLED = ["t", "x", "y", "z", "label"]


# ---------------------------------------------------------------------- grouping, stacking, removing
def test_group_by() -> None:
    rows = np.array([[0, 1, 1, 1, 7], [1, 9, 9, 9, np.nan], [2, 1, 1, 2, 3], [3, 1, 1, 2, 7], [4, 0, 0, 0, np.nan]])
    points = PointData(rows, sample_size=1, columns=LABELLED, run=1)
    for groups in (GroupBy("label").fit(points), GroupBy(4).fit(list(points)), SplitAll(-1).fit(points)):
        assert [g["t"].tolist() for g in groups] == [[2], [0, 3], [1, 4]]
        assert all(isinstance(g, PointData) and g.columns == LABELLED and g.attrs == {"run": 1} for g in groups)
    assert [g[:, 0].tolist() for g in GroupBy(4).fit(rows)] == [[2], [0, 3], [1, 4]]
    assert [g[:, 0].tolist() for g in GroupBy(4).fit([rows[:1], rows[2:4]])] == [[2], [0, 3]]
    with pytest.raises(TypeError, match="column number"):
        GroupBy("label").fit(rows)
    with pytest.raises(TypeError, match="`column`"):
        GroupBy(1.5)
    (empty,) = GroupBy("label").fit(PointData(np.empty((0, 5)), columns=LABELLED))
    assert empty.points.shape == (0, 5)


def test_stack() -> None:
    a = PointData([[0, 1, 1, 1], [1, 1, 1, 1]], run=1)
    b = PointData(np.empty((0, 4)))
    c = PointData([[2, 2, 2, 2]], run=2)
    stacked = Stack().fit([a, b, c])
    assert stacked.samples_indices.tolist() == [[0, 2], [2, 2], [2, 3]]
    assert stacked.attrs == {"run": 1}
    assert_identical(Stack().fit([[a], [b, c]]), stacked)
    assert_identical(Stack().fit(iter([a, b, c])), stacked)
    assert type(Stack().fit([LineData(np.zeros((1, 7)))])) is LineData
    assert len(Stack(2, 1).fit([a, b, c])) == 2
    assert Stack(sample_size=2).fit([a, b, c]).overlap == 0
    assert Stack(overlap=5).fit([a, b, c]).samples_indices.tolist() == [[0, 2], [2, 2], [2, 3]]
    assert np.array_equal(Stack().fit([np.eye(2), np.zeros((1, 2))]), [[1, 0], [0, 1], [0, 0]])
    assert Stack().fit([]) == []
    assert Stack().fit([1, "two"]) == [1, "two"]
    with pytest.raises(ValueError, match="iterate"):
        Stack().fit(5)


def test_stack_reaches_the_ends() -> None:
    rows = PointData(np.arange(120.0).reshape(30, 4))
    ranges = Stack(24, 23, ends=True).fit(rows).samples_indices.tolist()
    growing = [[0, k] for k in range(4, 24, 2)]
    assert ranges == growing + [[k, k + 24] for k in range(7)] + [[30 - k, 30] for _, k in reversed(growing)]
    short = Stack(24, 22, ends=True).fit(PointData(np.zeros((13, 4)))).samples_indices.tolist()
    assert short == [[0, 4], [0, 8], [0, 12], [1, 13], [5, 13], [9, 13]]
    assert len(Stack(24, 23, ends=True).fit(PointData(np.empty((0, 4))))) == 0
    with pytest.raises(ValueError, match="`sample_size`: expected a whole number"):
        Stack(ends=True)


def test_stack_leaves_its_input_alone() -> None:
    points = PointData(np.zeros((10, 4)), sample_size=5)
    stacked = Stack(3, 2).fit(points)
    assert (len(points), points.sample_size) == (2, 5)
    assert (len(stacked), stacked.sample_size, stacked.overlap) == (8, 3, 2)
    assert stacked.points is points.points
    again = Stack().fit(points)
    assert_identical(again, points)
    assert again is not points


def test_stack_of_wider_tables() -> None:
    one, two = PointData(np.zeros((1, 4))), PointData(np.zeros((1, 4)), columns=["T"])
    assert Stack().fit([one, two]).columns == ["t", "x", "y", "z"]
    with pytest.raises(ValueError, match="one width"):
        Stack().fit([one, PointData(np.zeros((1, 5)))])


def test_remove_as_golden() -> None:
    points = PointData(np.arange(60.0).reshape(10, 6), columns=["t", "x", "y", "z", "line_index1", "line_index2"])
    for text, expected in golden("pept/conditions_remove.json")["remove"].items():
        column = int(text) if text.lstrip("-").isdigit() else text
        if expected == "ValueError":
            with pytest.raises(ValueError, match="at least 4 columns"):
                Remove(column).fit_sample(points)
            continue
        kept = Remove(column).fit_sample(points)
        assert kept.columns == expected
        assert np.array_equal(kept.points, points.points[:, [points.columns.index(name) for name in expected]])


def test_remove_more() -> None:
    columns = ["t", "x", "y", "z", "line_index1", "line_index2", "error"]
    points = PointData(np.arange(14.0).reshape(2, 7), columns=columns, run=1)
    kept = Remove(["line_index*", -1]).fit_sample(points)
    assert kept.columns == columns[:4]
    assert kept.attrs == {"run": 1}
    assert Remove("line_index*", "error", "nothing", 99, -99).fit_sample(points).columns == columns[:4]
    assert Remove("line.index1").fit_sample(points).columns == columns
    assert Remove("ine_index*").fit_sample(points).columns == columns
    assert Remove(np.int64(-1)).fit_sample(points).columns == columns[:-1]
    assert points.columns == columns
    lines = LineData(np.zeros((1, 8)), columns=["t", "x1", "y1", "z1", "x2", "y2", "z2", "extra"])
    assert Remove("extra").fit_sample(lines).columns == lines.columns[:7]
    with pytest.raises(ValueError, match="at least 7 columns"):
        Remove("x1", "extra").fit_sample(lines)
    with pytest.raises(TypeError, match="`columns`"):
        Remove(1.5)


# ---------------------------------------------------------------------- trajectories
@pytest.mark.parametrize("case", ["segregate_0.npz", "segregate_1.npz"])
def test_segregate_as_golden(case: str) -> None:
    record = golden(f"pept/{case}")
    options = (int(record["window"]), float(record["cut_distance"]), int(record["min_trajectory_size"]))
    found = Segregate(*options).fit(PointData(record["points"]))
    assert np.array_equal(found["t"], np.sort(record["points"][:, 0]))
    assert np.array_equal(found["label"] == -1, record["labels"] == -1)
    assert adjusted_rand_score(found["label"], record["labels"]) == 1.0
    assert np.array_equal(found["label"], twins.segregate(found.points, *options))


walks = st.integers(0, 25).flatmap(
    lambda rows: st.tuples(
        hnp.arrays(np.float64, (rows, 1), elements=st.sampled_from([0.0, 1.0, 2.0, 5.0, 9.0, 20.0, np.nan])),
        hnp.arrays(np.float64, (rows, 3), elements=st.sampled_from([0.0, 1.0, 2.0, 4.0, np.nan, np.inf])),
    ).map(np.hstack)
)


@settings(max_examples=80)
@given(walks, st.integers(0, 4), st.sampled_from([0.0, 1.0, 2.0, 2.5, np.inf]), st.integers(0, 4), st.booleans())
def test_segregate_as_its_twin(rows: np.ndarray, window: int, cut: float, least: int, timed: bool) -> None:
    longest = 3.0 if timed else np.inf
    found = Segregate(window, cut, least, longest).fit(PointData(rows))
    order = np.argsort(rows[:, 0], kind="stable")
    assert np.array_equal(found.points[:, :4], rows[order], equal_nan=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = twins.segregate(rows[order], window, cut, least, longest)
    assert found["label"].tolist() == expected.tolist()


def test_the_cut_is_strict_and_numbering_follows_time() -> None:
    rows = np.array([[3, 0, 0, 0], [0, 50, 0, 0], [2, 50, 0, 10], [1, 0, 0, 0], [4, 0, 0, 0]], dtype=float)
    found = Segregate(5, 10.0, 1).fit(PointData(rows, columns=["T"], run=1))
    assert found["T"].tolist() == [0, 1, 2, 3, 4]
    assert found["label"].tolist() == [0, 1, 2, 1, 1]
    assert Segregate(5, np.nextafter(10, 11), 1).fit(PointData(rows))["label"].tolist() == [0, 1, 0, 1, 1]
    assert Segregate(5, 10.0, 2).fit(PointData(rows))["label"].tolist() == [-1, 0, -1, 0, 0]
    assert found.columns == ["T", "col1", "col2", "col3", "label"]
    assert (found.attrs, len(found)) == ({"run": 1}, 1)


def test_segregate_takes_what_stacks() -> None:
    walk = PointData(np.column_stack([np.arange(10.0)] * 4), sample_size=2)
    expected = Segregate(3, 5.0).fit(walk)
    assert expected["label"].tolist() == [0] * 10
    assert_identical(Segregate(3, 5.0).fit(list(walk)), expected)
    assert_identical(Segregate(3, 5.0).fit([[s] for s in walk]), expected)
    for nothing in ([], PointData(np.empty((0, 4))), [PointData(np.empty((0, 4)))]):
        empty = Segregate(3, 5.0).fit(nothing)
        assert empty.points.shape == (0, 5)
        assert empty.columns == LABELLED
    assert Segregate(20, 10).fit(PointData([[0, 1, 1, 1]]))["label"].tolist() == [-1]
    assert Segregate(0, 10).fit(walk)["label"].tolist() == [-1] * 10


@pytest.mark.parametrize(
    "wrong",
    [{"window": -1}, {"window": 1.5}, {"cut_distance": -1}, {"cut_distance": np.nan}, {"min_trajectory_size": -1}],
)
def test_segregate_arguments(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
        Segregate(**({"window": 5, "cut_distance": 10} | wrong))


# ---------------------------------------------------------------------- all together
def errors(simulator: ModuleType, params: Any, points: PointData) -> np.ndarray:
    truth = simulator.truth_at(params, points["t"])
    return np.linalg.norm(truth - points.points[:, 1:4], axis=2).min(axis=0)


@pytest.mark.parametrize("which", [0, 1], ids=["one tracer", "two tracers"])
def test_end_to_end_as_good_as_golden(simulator: ModuleType, which: int) -> None:
    record = golden("pept/end_to_end.json")[which]
    k = len(record["kw"]["tracers"])
    made = simulator.simulate(**record["kw"])
    lors = np.ascontiguousarray(made["lors"])  # its digest is of values rounded to 1e-6
    assert hashlib.sha256(lors.round(6).tobytes()).hexdigest() == record["sha256"]
    first = Pipeline([Cutpoints(0.5), HDBSCAN(0.15, k), SplitLabels(), Centroids(error=True), Stack()])
    points = first.fit(LineData(lors, 200 * k, 150 * k), verbose=False)
    found = errors(simulator, made["params"], points)
    assert len(points.points) >= 0.95 * record["n_first"]
    assert np.median(found) <= 1.05 * record["med_first"]
    assert np.quantile(found, 0.9) <= 1.05 * record["p90_first"]
    second = Pipeline([Stack(30 * k, 30 * k - 1), HDBSCAN(0.6, k), SplitLabels(), Centroids(), Segregate(20 * k, 10)])
    tracks = second.fit(points, verbose=False)
    kept = tracks.copy(data=tracks.points[tracks["label"] >= 0])
    found = errors(simulator, made["params"], kept)
    assert len(kept.points) >= 0.95 * record["n_final"]
    assert np.median(found) <= 1.05 * record["med"]
    assert np.quantile(found, 0.9) <= 1.05 * record["p90"]
    assert len(set(kept["label"])) == record["labels"]


def test_a_second_pass_over_too_few_points_is_empty() -> None:
    chain = Cutpoints(0.8) + HDBSCAN(0.15) + SplitLabels() + Centroids(error=True) + Stack(30, 29)
    chain += HDBSCAN(0.6) + SplitLabels() + Centroids() + Stack()
    tracks = chain.fit(LineData(simulate(300)[0], 60), verbose=False)
    assert type(tracks) is PointData
    assert tracks.points.shape == (0, 5)
    assert tracks.columns == ["t", "x", "y", "z", "error"]
