"""The PEPT filters and reducers against golden data, numpy twins, scikit-learn, hdbscan and simulated truth."""

from __future__ import annotations

import builtins
import hashlib
import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import adjusted_rand_score

from helpers import assert_identical, simulate
from lumentrace import LineData, Pipeline, PointData
from lumentrace.pept.tracking import (
    HDBSCAN,
    BirminghamMethod,
    Centroids,
    Cutpoints,
    GroupBy,
    Remove,
    Segregate,
    SplitAll,
    SplitLabels,
    Stack,
    peptml,
)
from twins import lines as line_twins
from twins import tracking as twins

LABELLED = ["t", "x", "y", "z", "label"]


# ---------------------------------------------------------------------- cutpoints
@pytest.mark.parametrize("case", ["cutpoints_0.npz", "cutpoints_1.npz"])
def test_cutpoints_as_golden(golden: Callable[[str], Any], case: str) -> None:
    record = golden(case)
    cutoffs = record["cutoffs"] if record["explicit"] else None
    found = Cutpoints(float(record["max_distance"]), cutoffs, append_indices=True).fit_sample(record["lines"])
    expected = record["out"][np.lexsort((record["out"][:, 5], record["out"][:, 4], record["out"][:, 0]))]
    assert found.columns == ["t", "x", "y", "z", "line_index1", "line_index2"]
    assert np.array_equal(found.points[:, 4:], expected[:, 4:])
    np.testing.assert_allclose(found.points, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.attrs["_cutoffs"], record["cutoffs"], rtol=0, atol=1e-12)
    bare = Cutpoints(float(record["max_distance"]), cutoffs).fit_sample(record["lines"])
    assert np.array_equal(bare.points, found.points[:, :4])


def test_cutpoints_leave_hidden_attributes() -> None:
    lines = LineData(simulate(30)[0], run=1, _secret=2)
    plain = Cutpoints(0.5).fit_sample(lines)
    assert list(plain.attrs) == ["_max_distance", "_cutoffs"]
    assert plain.attrs["_max_distance"] == 0.5
    np.testing.assert_array_equal(plain.attrs["_cutoffs"], line_twins.cutoffs(lines.lines))
    indexed = Cutpoints(0.5, [0, 600, 0, 600, 0, 500], append_indices=True).fit_sample(lines)
    assert indexed.attrs["_cutoffs"].tolist() == [0, 600, 0, 600, 0, 500]
    assert_identical(indexed.attrs["_lines"], lines)


awkward_lines = hnp.arrays(
    np.float64,
    st.tuples(st.integers(0, 12), st.just(7)),
    elements=st.sampled_from([0.0, 1.0, 2.0, 2.5, -3.0, 7.0, np.nan, np.inf]),
    fill=st.nothing(),
)


@settings(max_examples=60)
@given(awkward_lines, st.sampled_from([-1.0, 0.0, 0.5, 3.0, 100.0]), st.booleans())
def test_cutpoints_of_awkward_lines(lines: np.ndarray, max_distance: float, fixed: bool) -> None:
    box = np.array([-4.0, 8.0, -4.0, 8.0, -4.0, 8.0]) if fixed else None
    found = Cutpoints(max_distance, box, append_indices=True).fit_sample(LineData(lines)).points
    expected = line_twins.cutpoints(lines, max_distance, box)
    assert np.array_equal(found[:, [0, 4, 5]], expected[:, [0, 4, 5]])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_the_cutpoint_tests_are_strict() -> None:
    lines = [[0, -1, 0, 0, 1, 0, 0], [2, 0, -1, 1, 0, 1, 1]]
    assert len(Cutpoints(1.0, [-2, 2, -2, 2, -2, 2]).fit_sample(lines).points) == 0
    above = np.nextafter(1.0, 2.0)
    assert Cutpoints(above, [-2, 2, -2, 2, -2, 2]).fit_sample(lines).points.tolist() == [[1, 0, 0, 0.5]]
    assert len(Cutpoints(above, [0, 2, -2, 2, -2, 2]).fit_sample(lines).points) == 0
    assert len(Cutpoints(above, [-2, 2, -2, 2, -2, 0.5]).fit_sample(lines).points) == 0


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_lines_have_no_cutpoints(rows: int) -> None:
    found = Cutpoints(0.5, append_indices=True).fit_sample(LineData(np.ones((rows, 7))))
    assert found.points.shape == (0, 6)
    assert Cutpoints(0.5).fit_sample(LineData(np.ones((rows, 7)))).points.shape == (0, 4)


def test_cutpoint_arguments() -> None:
    for wrong in ([0, 1], np.zeros((2, 3)), [0, 1, 0, 1, 0, np.nan]):
        with pytest.raises(ValueError, match="`cutoffs`"):
            Cutpoints(0.5, wrong)
    with pytest.raises(ValueError, match="`max_distance`"):
        Cutpoints(np.nan)
    with pytest.raises(TypeError, match="expected samples of type LineData, found PointData"):
        Cutpoints(0.5).fit_sample(PointData(np.zeros((2, 4))))


def test_functions_of_the_documentation() -> None:
    lines = simulate(30)[0]
    assert peptml.get_cutoffs(lines).tolist() == line_twins.cutoffs(lines).tolist()
    assert np.isnan(peptml.get_cutoffs(LineData(np.full((2, 7), np.nan)))).all()
    assert_identical(
        peptml.find_cutpoints(lines, 0.5, append_indices=True), Cutpoints(0.5, None, True).fit_sample(lines)
    )


# ---------------------------------------------------------------------- clusters
def test_hdbscan_as_golden(golden: Callable[[str], Any]) -> None:
    record = golden("hdbscan_0.npz")
    found = HDBSCAN(float(record["true_fraction"]), int(record["max_tracers"])).fit_sample(record["points"])
    assert np.array_equal(found.points[:, :4], record["points"])
    labels = found["label"]
    assert max(adjusted_rand_score(labels, other) for other in record["labels"]) >= 0.9
    centre = record["points"][labels == 0, 1:].mean(axis=0)
    theirs = [record["points"][other == 0, 1:].mean(axis=0) for other in record["labels"]]
    assert np.linalg.norm(centre - np.median(theirs, axis=0)) < 0.3


def cutpoints_of(tracers: int, noise: float, seed: int, lines: int = 120) -> PointData:
    sample = LineData(simulate(lines, noise, tracers, seed=seed)[0], _secret=seed)
    return Cutpoints(0.8).fit_sample(sample)


@pytest.mark.parametrize(
    ("points", "true_fraction", "tracers", "tied"),
    [
        (cutpoints_of(1, 0.3, 0), 0.15, 1, 0),
        (cutpoints_of(2, 0.3, 1, 200), 0.15, 2, 0),
        # The point on the saddle between two clusters is as far from both; algorithms within hdbscan differ on it too.
        (cutpoints_of(3, 0.3, 4, 200), 0.15, 3, 1),
        (cutpoints_of(3, 0.6, 2, 200), 0.3, 3, 1),
        (cutpoints_of(1, 1.0, 3), 0.6, 1, 1),
        (PointData(np.random.default_rng(0).normal(size=(40, 5)), columns=["t", "x", "y", "z", "error"]), 1.0, 1, 0),
        (PointData(np.random.default_rng(1).normal(size=(5, 4))), 0.5, 2, 0),
    ],
    ids=["one", "two", "three", "three in noise", "noise", "all", "few"],
)
def test_both_engines_give_the_same_labels(points: PointData, true_fraction: float, tracers: int, tied: int) -> None:
    ours = HDBSCAN(true_fraction, tracers).fit_sample(points)
    theirs = HDBSCAN(true_fraction, tracers, engine="hdbscan").fit_sample(points)
    differ = theirs["label"] != ours["label"]
    assert differ.sum() == tied
    theirs.points[differ, -1] = ours["label"][differ]
    assert_identical(theirs, ours)
    assert ours.columns == [*points.columns, "label"]
    assert ours.attrs.keys() == points.attrs.keys()


def test_the_simulated_tracers_are_among_those_labels() -> None:
    labels = HDBSCAN(0.15, 2).fit_sample(cutpoints_of(2, 0.3, 1, 200))["label"]
    assert set(labels) == {-1, 0, 1}


@pytest.mark.parametrize("engine", ["lumentrace", "hdbscan"])
def test_awkward_points_to_cluster(engine: Any) -> None:
    label = HDBSCAN(0.5, engine=engine)
    for rows in (0, 1):
        assert label.fit_sample(PointData(np.ones((rows, 4)))).points.shape == (0, 5)
    assert label.fit_sample(PointData(np.ones((9, 4))))["label"].tolist() == [0] * 9
    rng = np.random.default_rng(0)
    for rows in (2, 3):
        assert label.fit_sample(PointData(rng.normal(size=(rows, 4))))["label"].tolist() == [-1] * rows
    blob = np.vstack([rng.normal(0, 0.1, (30, 4)), rng.uniform(-50, 50, (20, 4))])
    clean = label.fit_sample(PointData(blob))["label"]
    assert set(clean[:30]) == {0}
    dirty = np.insert(blob, [0, 7, 50], [[0, np.nan, 0, 0], [0, 0, np.inf, 0], [0, 0, 0, -np.inf]], axis=0)
    labels = label.fit_sample(PointData(dirty))["label"]
    assert labels[[0, 8, 52]].tolist() == [-1, -1, -1]
    assert np.array_equal(np.delete(labels, [0, 8, 52]), clean)
    nothing = label.fit_sample(PointData(np.full((3, 4), np.nan)))
    assert nothing["label"].tolist() == [-1, -1, -1]


def test_hdbscan_is_deterministic_and_ignores_the_order_of_far_rows() -> None:
    points = cutpoints_of(2, 0.3, 5, 200)
    first = HDBSCAN(0.15, 2).fit_sample(points)
    for _ in range(3):
        assert_identical(HDBSCAN(0.15, 2).fit_sample(points), first)


def test_hdbscan_arguments() -> None:
    for wrong in (0, -0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="`true_fraction`"):
            HDBSCAN(wrong)
    for wrong in (0, -1, 1.5):
        with pytest.raises(ValueError, match="`max_tracers`"):
            HDBSCAN(0.5, wrong)
    with pytest.raises(ValueError, match="`engine`"):
        HDBSCAN(0.5, engine="sklearn")
    for engine in ("lumentrace", "hdbscan"):
        with pytest.raises(TypeError, match="PointData"):
            HDBSCAN(0.5, engine=engine).fit_sample(LineData(np.zeros((3, 7))))
        with pytest.raises(TypeError, match="list"):
            HDBSCAN(0.5, engine=engine).fit_sample([np.zeros((3, 4))] * 2)


def test_a_missing_hdbscan_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "hdbscan":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'lumentrace\[hdbscan\]'"):
        HDBSCAN(0.5, engine="hdbscan").fit_sample(PointData(np.zeros((5, 4))))


# ---------------------------------------------------------------------- labels and centroids
@pytest.fixture(scope="module")
def split_case(golden: Callable[[str], Any]) -> Any:
    record = golden("split_centroids.npz")
    return record, PointData(record["points"], columns=record["columns"].tolist(), run=1, _secret=2)


def test_split_and_group_as_golden(split_case: Any) -> None:
    record, points = split_case
    clusters = SplitLabels().fit_sample(points)
    assert [len(c.points) for c in clusters] == record["split_sizes"].tolist()
    assert clusters[0].columns == [name for name in points.columns if name != "label"]
    assert all(c.attrs == {"run": 1, "_secret": 2} for c in clusters)
    sizes = record["split_noise_sizes"].tolist()
    assert [len(c.points) for c in SplitLabels(noise=True).fit_sample(points)] == sizes
    groups = GroupBy("label").fit([points])
    assert [len(g.points) for g in groups] == record["groupby_sizes"].tolist()
    assert [g["label"][0] for g in groups] == sorted(set(points["label"]))


@pytest.mark.parametrize("error", [0, 1])
@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("weight", [0, 1])
def test_centroids_as_golden(split_case: Any, error: int, size: int, weight: int) -> None:
    record, points = split_case
    found = Centroids(bool(error), bool(size), bool(weight)).fit_sample(SplitLabels().fit_sample(points))
    np.testing.assert_allclose(found.points, record[f"e{error}c{size}w{weight}"], rtol=0, atol=1e-12)
    names = ["t", "x", "y", "z"] + ["weight"] * (not weight) + ["error"] * error + ["cluster_size"] * size
    assert found.columns == names
    assert found.attrs == {"run": 1}
    assert PointData(np.zeros((1, 5))).columns == ["t", "x", "y", "z", "col4"]


labelled_points = st.integers(0, 30).flatmap(
    lambda rows: st.tuples(
        hnp.arrays(np.float64, (rows, 4), elements=st.floats(-1e3, 1e3)),
        hnp.arrays(np.float64, (rows, 1), elements=st.sampled_from([-1.0, 0.0, -0.0, 2.0, 7.5, np.nan])),
        hnp.arrays(np.float64, (rows, 1), elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])),
    ).map(np.hstack)
)


@settings(max_examples=80)
@given(labelled_points, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_splits_and_centroids_as_their_twins(
    rows: np.ndarray, remove: bool, noise: bool, error: bool, size: bool, use_weight: bool
) -> None:
    points = PointData(rows, columns=[*LABELLED, "weight"])
    split = SplitLabels(remove_labels=remove, noise=noise)
    clusters = split.fit_sample(points)
    assert_identical(split.fit_python(points), clusters)
    tables = twins.split_labels(rows, 4, remove, noise)
    assert [c.points.tolist() for c in clusters] == [t.tolist() for t in tables]
    column = clusters[0].columns.index("weight") if use_weight else None
    expected = twins.centroids(tables, error, size, column)
    found = Centroids(error, size, use_weight).fit_sample(clusters)
    assert found.points.shape == expected.shape
    # Distances of equal points from their rounded mean are rounding noise.
    np.testing.assert_allclose(found.points, expected, rtol=1e-9, atol=1e-6)


def test_centroids_of_other_inputs() -> None:
    rows = np.arange(12.0).reshape(3, 4)
    expected = [[4, 5, 6, 7]]
    assert Centroids().fit_sample(PointData(rows)).points.tolist() == expected
    assert Centroids().fit_sample(rows).points.tolist() == expected
    assert Centroids().fit_sample(rows.tolist()).points.tolist() == expected
    assert Centroids().fit_sample([rows, rows[:1]]).points.tolist() == [*expected, [0, 1, 2, 3]]
    empty = Centroids(error=True).fit_sample(PointData(rows[:0]))
    assert empty.points.shape == (0, 5)
    assert empty.columns == ["t", "x", "y", "z", "error"]
    with pytest.raises(ValueError, match="empty list"):
        Centroids().fit_sample([])
    with pytest.raises(TypeError, match="PointData"):
        Centroids().fit_sample([LineData(np.zeros((1, 7)))])


def test_the_centroid_error_is_the_spread_of_the_distances() -> None:
    ring = [[0, 1, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0, 0, -1, 0]]
    assert Centroids(error=True, cluster_size=True).fit_sample(ring).points.tolist() == [[0, 0, 0, 0, 0, 4]]
    cross = [[0, 1, 0, 0], [0, -1, 0, 0], [0, 0, 3, 0], [0, 0, -3, 0]]
    assert Centroids(error=True).fit_sample(cross).points.tolist() == [[0, 0, 0, 0, 1]]


def test_split_needs_a_label() -> None:
    with pytest.raises(ValueError, match="column named 'label'"):
        SplitLabels().fit_sample(PointData(np.zeros((2, 5))))


def test_split_without_a_cluster_gives_one_empty_object() -> None:
    points = PointData([[0, 1, 1, 1, -1]], columns=LABELLED)
    (empty,) = SplitLabels().fit_sample(points)
    assert empty.points.shape == (0, 4)
    assert empty.columns == LABELLED[:4]
    (empty,) = SplitLabels(remove_labels=False).fit_sample(points[0].copy(data=points.points[:0]))
    assert empty.columns == LABELLED


def test_clusters_know_their_lines() -> None:
    lines = LineData(np.arange(70.0).reshape(10, 7), columns=["T"], run=3)
    rows = [[0, 1, 1, 1, 7, 2, 0], [1, 1, 1, 1, 2, 5, 0], [2, 1, 1, 1, 9, 0, 1], [3, 1, 1, 1, 3, 4, -1]]
    columns = ["t", "x", "y", "z", "line_index1", "line_index2", "label"]
    points = PointData(rows, columns=columns, _lines=lines, _other=4)
    clusters = SplitLabels().fit_sample(points)
    assert [c.attrs["_lines"]["T"].tolist() for c in clusters] == [[14, 35, 49], [0, 63]]
    assert [c.attrs["_other"] for c in clusters] == [4, 4]
    assert clusters[0].columns == columns[:-1]
    assert points.attrs["_lines"] is lines
    split = SplitLabels(extract_lines=True)
    for _ in range(2):
        extracted = split.fit_sample(points)
        assert [type(e) for e in extracted] == [LineData, LineData]
        assert [e["T"].tolist() for e in extracted] == [[14, 35, 49], [0, 63]]
    assert split.extract_lines is True
    kept = SplitLabels(remove_labels=False, noise=True).fit_sample(points)
    assert [c.attrs["_lines"]["T"].tolist() for c in kept] == [[21, 28], [14, 35, 49], [0, 63]]
    moved = PointData(np.roll(rows, 1, axis=1)[:, [1, 2, 3, 4, 0, 5, 6]], _lines=lines)
    moved.columns = ["t", "x", "y", "z", "label", "line_index1", "line_index2"]
    again = SplitLabels().fit_sample(moved)
    assert [c.attrs["_lines"]["T"].tolist() for c in again] == [[14, 35, 49], [0, 63]]
    (none,) = SplitLabels(extract_lines=True).fit_sample(points.copy(data=points.points[:0]))
    assert none.lines.shape == (0, 7)


def test_lines_cannot_be_extracted_from_nothing() -> None:
    points = PointData([[0, 1, 1, 1, 0]], columns=LABELLED)
    with pytest.raises(ValueError, match="extract_lines"):
        SplitLabels(extract_lines=True).fit_sample(points)
    points.attrs["_lines"] = LineData(np.zeros((1, 7)))
    with pytest.raises(ValueError, match="extract_lines"):
        SplitLabels(extract_lines=True).fit_sample(points)
    with pytest.warns(RuntimeWarning, match="line_index"):
        (cluster,) = SplitLabels().fit_sample(points)
    assert cluster.points.tolist() == [[0, 1, 1, 1]]


def test_a_chain_to_the_lines_of_each_tracer() -> None:
    rows, truth = simulate(120, 0.3, 1, spread=0.1)
    chain = Cutpoints(0.8, append_indices=True) + HDBSCAN(0.15) + SplitLabels(extract_lines=True)
    ((found,),) = chain.fit(LineData(rows), verbose=False)
    true = ~np.isnan(truth[:, 0])
    picked = np.isin(rows[:, 0], found["t"])
    assert (picked & true).sum() > 0.95 * true.sum()
    assert (picked & ~true).sum() < 0.1 * (~true).sum()


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


def test_remove_as_golden(golden: Callable[[str], Any]) -> None:
    points = PointData(np.arange(60.0).reshape(10, 6), columns=["t", "x", "y", "z", "line_index1", "line_index2"])
    for text, expected in golden("conditions_remove.json")["remove"].items():
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


# ---------------------------------------------------------------------- the Birmingham method
@pytest.mark.parametrize("case", ["birmingham_0.npz", "birmingham_1.npz"])
def test_birmingham_as_golden(golden: Callable[[str], Any], case: str) -> None:
    record = golden(case)
    for fopt, row, used in zip(record["fopt"], record["out"], record["used"], strict=True):
        found = BirminghamMethod(float(fopt), get_used=True).fit_sample(record["lines"])
        np.testing.assert_allclose(found.points, [row], rtol=0, atol=1e-8)
        assert np.array_equal(found.attrs["_lines"]["used"], used)
        np.testing.assert_array_equal(BirminghamMethod(float(fopt)).fit_sample(record["lines"]).points, found.points)


def test_birmingham_attributes_and_shapes() -> None:
    lines = LineData(simulate(40, 0.2)[0], columns=["T"], run=1, _secret=2)
    found = BirminghamMethod().fit_sample(lines)
    assert found.columns == ["t", "x", "y", "z", "error"]
    assert (len(found), found.attrs) == (1, {"run": 1})
    used = BirminghamMethod(get_used=True).fit_sample(lines)
    assert list(used.attrs) == ["run", "_lines"]
    assert used.attrs["_lines"].columns == [*lines.columns, "used"]
    assert used.attrs["_lines"]["used"].sum() == 20
    for fopt in (0, -1, 1.5, np.nan):
        with pytest.raises(ValueError, match="`fopt`"):
            BirminghamMethod(fopt)


@pytest.mark.parametrize("get_used", [False, True])
def test_birmingham_of_awkward_lines(get_used: bool) -> None:
    method = BirminghamMethod(1.0, get_used)
    parallel = [[t, t, 0, 0, t, 0, 9] for t in range(5)]
    for lines in (np.empty((0, 7)), np.ones((1, 7)), parallel, np.full((4, 7), np.nan), [parallel[0]] * 3):
        assert method.fit_sample(LineData(lines)).points.shape == (0, 5)
    good = np.array([[0, 0, 5, 5, 9, 5, 5], [2, 4, 0, 5, 4, 9, 5], [4, 4, 5, 0, 4, 5, 9]], dtype=float)
    dirty = np.vstack([good, [9, 1, 1, 1, 1, 1, 1], [9, np.nan, 0, 0, 1, 1, 1], [9, 0, 0, 0, np.inf, 1, 1]])
    found = method.fit_sample(LineData(dirty))
    np.testing.assert_allclose(found.points, [[2, 4, 5, 5, 0]], atol=1e-12)
    if get_used:
        assert found.attrs["_lines"]["used"].tolist() == [1, 1, 1, 0, 0, 0]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(4, 40), st.sampled_from([0.1, 0.5, 0.77, 1.0]))
def test_birmingham_as_its_twin(seed: int, count: int, fopt: float) -> None:
    lines = simulate(count, 0.4, seed=seed)[0]
    row, used = line_twins.birmingham(lines, fopt)
    found = BirminghamMethod(fopt, get_used=True).fit_sample(lines)
    assert np.array_equal(found.attrs["_lines"]["used"], used)
    expected = np.empty((0, 5)) if row is None else row[None]
    np.testing.assert_allclose(found.points, expected, rtol=1e-8, atol=1e-8)


# ---------------------------------------------------------------------- trajectories
@pytest.mark.parametrize("case", ["segregate_0.npz", "segregate_1.npz"])
def test_segregate_as_golden(golden: Callable[[str], Any], case: str) -> None:
    record = golden(case)
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
@pytest.fixture(scope="module")
def simulator(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_pept_data", shared / "tools" / "make_pept_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def errors(simulator: ModuleType, params: Any, points: PointData) -> np.ndarray:
    truth = simulator.truth_at(params, points["t"])
    return np.linalg.norm(truth - points.points[:, 1:4], axis=2).min(axis=0)


@pytest.mark.parametrize("which", [0, 1], ids=["one tracer", "two tracers"])
def test_end_to_end_as_good_as_golden(golden: Callable[[str], Any], simulator: ModuleType, which: int) -> None:
    record = golden("end_to_end.json")[which]
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
