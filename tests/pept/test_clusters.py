"""Clusters of cutpoints, their labels and centroids."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import adjusted_rand_score

from golden import golden
from helpers import assert_identical, simulate
from lumentrace import LineData, PointData, _core
from lumentrace.pept.tracking import (
    HDBSCAN,
    Centroids,
    Cutpoints,
    GroupBy,
    SplitLabels,
)
from twins import tracking as twins

LABELLED = ["t", "x", "y", "z", "label"]


# ---------------------------------------------------------------------- clusters
def test_hdbscan_as_golden() -> None:
    record = golden("pept/hdbscan_0.npz")
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
    ("points", "true_fraction", "tracers", "saddles"),
    [
        (cutpoints_of(1, 0.3, 0), 0.15, 1, 0),
        # A point on the saddle between two clusters is as far from both, up to the last bit of its distances, in which
        # processors differ; algorithms within hdbscan differ on it too.
        (cutpoints_of(2, 0.3, 1, 200), 0.15, 2, 1),
        (cutpoints_of(3, 0.3, 4, 200), 0.15, 3, 1),
        (cutpoints_of(3, 0.6, 2, 200), 0.3, 3, 1),
        (cutpoints_of(1, 1.0, 3), 0.6, 1, 1),
        (PointData(np.random.default_rng(0).normal(size=(40, 5)), columns=["t", "x", "y", "z", "error"]), 1.0, 1, 0),
        (PointData(np.random.default_rng(1).normal(size=(5, 4))), 0.5, 2, 0),
    ],
    ids=["one", "two", "three", "three in noise", "noise", "all", "few"],
)
def test_both_engines_give_the_same_labels(points: PointData, true_fraction: float, tracers: int, saddles: int) -> None:
    ours = HDBSCAN(true_fraction, tracers).fit_sample(points)
    theirs = HDBSCAN(true_fraction, tracers, engine="hdbscan").fit_sample(points)
    differ = theirs["label"] != ours["label"]
    assert differ.sum() <= saddles
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


def test_the_place_of_the_artificial_points_can_be_chosen() -> None:
    points = Cutpoints(0.5).fit_sample(LineData(simulate(200, noise=0.5)[0]))
    labels = {at: HDBSCAN(0.15, injection=at).fit_sample(points)["label"] for at in (1.5, 2.0)}
    for at, found in labels.items():
        expected = _core.tracer_labels(np.ascontiguousarray(points.points), 0.15, 1, at)
        np.testing.assert_array_equal(found, expected)
        engine = HDBSCAN(0.15, engine="hdbscan", injection=at)
        assert adjusted_rand_score(found, engine.fit_sample(points)["label"]) > 0.95
    assert (labels[1.5] != labels[2.0]).any()
    np.testing.assert_array_equal(HDBSCAN(0.15).fit_sample(points)["label"], labels[1.5])
    for wrong in (0, -1.5, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="`injection`: expected a finite number > 0"):
            HDBSCAN(0.15, injection=wrong)


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
def split_case() -> Any:
    record = golden("pept/split_centroids.npz")
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
