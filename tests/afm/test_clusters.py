"""Clusters of AFM objects beside scikit-learn, and planted groups."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score

from lumentrace import _core
from lumentrace.afm import AFMImageStack, AnalysisPipeline
from lumentrace.afm.analysis.modules.dbscan_clustering import DBSCANClustering
from lumentrace.afm.analysis.modules.k_means_clustering import KMeansClustering
from lumentrace.afm.analysis.modules.x_means_clustering import XMeansClustering

MODULES: list[tuple[Any, dict[str, Any]]] = [
    (DBSCANClustering, {}),
    (KMeansClustering, {"k": 2}),
    (XMeansClustering, {}),
]


def groups(count: int, spread: float, seed: int, points: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian groups in the unit square, at least six spreads apart."""
    random = np.random.default_rng(seed)
    centres: list[np.ndarray] = []
    while len(centres) < count:
        place = random.uniform(0.1, 0.9, 2)
        if all(np.linalg.norm(place - other) > 6 * spread for other in centres):
            centres.append(place)
    truth = np.repeat(np.arange(count), points)
    return np.array(centres)[truth] + random.normal(0, spread, (len(truth), 2)), truth


def as_features(points: np.ndarray, frames: int = 4) -> tuple[AFMImageStack, dict[str, Any]]:
    features: list[list[dict[str, float]]] = [[] for _ in range(frames)]
    for number, (x, y) in enumerate(points):
        features[number * frames // len(points)].append({"centroid_x": float(x), "centroid_y": float(y)})
    stack = AFMImageStack(np.zeros((frames, 2, 2)), 1.0, "h", "f", [{"timestamp": 2.0 * k} for k in range(frames)])
    return stack, {"feature_detection": {"features_per_frame": features}}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("eps", "least"), [(0.02, 3), (0.05, 5), (0.3, 5), (0.01, 1)])
def test_dbscan_like_scikit_learn(seed: int, eps: float, least: int) -> None:
    random = np.random.default_rng(seed)
    points = np.vstack([groups(4, 0.02, seed)[0], random.uniform(0, 1, (60, 2))])[random.permutation(220)]
    for width in (2, 3):
        table = np.column_stack([points, random.uniform(0, 0.1, len(points))])[:, :width].copy()
        expected = DBSCAN(eps=eps, min_samples=least).fit_predict(table)
        np.testing.assert_array_equal(_core.dbscan_labels(table, eps, least), expected)


@pytest.mark.parametrize("seed", range(8))
def test_dbscan_in_any_number_of_dimensions(seed: int) -> None:
    random = np.random.default_rng(seed)
    for width in (1, 2, 3, 4, 6):
        # Whole numbers: many points are exactly as far apart as they may be.
        points = random.integers(0, 5, (150, width)).astype(np.float64) * 0.1
        for eps, least in ((0.1, 4), (0.2, 6), (0.1 * np.sqrt(2), 5)):
            expected = DBSCAN(eps=eps, min_samples=least, algorithm="brute").fit_predict(points)
            distances = np.sqrt(((points[:, None] - points) ** 2).sum(axis=2))
            exact = DBSCAN(eps=eps, min_samples=least, metric="precomputed").fit_predict(distances)
            found = _core.dbscan_labels(points, eps, least)
            # The library compares squares or roots of distances, depending on the algorithm: both round a rim.
            assert (found == exact).all() or (found == expected).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"metric": "manhattan"},
        {"metric": "chebyshev", "algorithm": "brute"},
        {"metric": "minkowski", "p": 3.0},
        {"metric": "minkowski", "p": 2},
        {"metric": "l2", "leaf_size": 7, "n_jobs": 1, "algorithm": "kd_tree"},
        {"metric": "seuclidean", "metric_params": {"V": [1.0, 4.0]}, "algorithm": "brute"},
        {"metric": lambda one, other: abs(one[0] - other[0])},
    ],
)
def test_distances_of_scikit_learn(settings: dict[str, Any]) -> None:
    points = np.vstack([groups(4, 0.03, 3)[0], np.random.default_rng(3).uniform(0, 1, (40, 2))])
    stack, previous = as_features(points)
    found = DBSCANClustering().run(
        stack, previous, eps=0.04, min_samples=4, use_time=False, normalise=False, **settings
    )
    expected = DBSCAN(eps=0.04, min_samples=4, **settings).fit_predict(points)
    assert expected.max() > 0
    np.testing.assert_array_equal(found["labels"], expected)


@pytest.mark.parametrize(
    "settings",
    [{"metric": "crow"}, {"metric": "precomputed"}, {"algorithm": "guess"}, {"metric": "minkowski", "p": -1}],
)
def test_bad_distances(settings: dict[str, Any]) -> None:
    stack, previous = as_features(groups(2, 0.03, 3, points=2)[0])
    with pytest.raises(ValueError, match=rf"{list(settings)[-1]}"):
        DBSCANClustering().run(stack, previous, **settings)


def test_other_distances_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    stack, previous = as_features(groups(2, 0.03, 3)[0])
    assert len(DBSCANClustering().run(stack, previous)["labels"]) == 80
    with pytest.raises(ImportError, match="`metric` 'manhattan' needs scikit-learn: pip install"):
        DBSCANClustering().run(stack, previous, metric="manhattan")


def test_more_clusters_than_objects() -> None:
    stack, previous = as_features(groups(1, 0.03, 3, points=3)[0])
    for criterion in ("bic", "playnano"):
        with pytest.raises(ValueError, match="`min_k`: expected 1 to the 3 objects, found 4"):
            XMeansClustering().run(stack, previous, min_k=4, criterion=criterion)
    assert XMeansClustering().run(stack, previous, min_k=3)["summary"]["n_clusters"] == 3


@pytest.mark.parametrize("k", [1, 3, 8])
def test_k_means_like_scikit_learn(k: int) -> None:
    points, truth = groups(3, 0.03, 1)
    centres, labels, inertia = _core.k_means(points, k, 10, 42, 300, 1e-4)
    expected = KMeans(k, n_init=10, random_state=0).fit(points)
    assert inertia <= expected.inertia_ * (1 + 1e-3)
    np.testing.assert_allclose(((points - centres[labels]) ** 2).sum(), inertia, rtol=1e-9)
    if k == 3:
        assert adjusted_rand_score(labels, truth) == 1
    again = _core.k_means(points, k, 10, 42, 300, 1e-4, 2)
    assert again[0].tobytes() == centres.tobytes()


@pytest.mark.parametrize(
    ("count", "spread"), [(3, 0.02), (5, 0.02), (6, 0.02), (9, 0.02), (12, 0.02), (1, 0.05), (2, 0.01)]
)
def test_x_means_finds_the_planted_number(count: int, spread: float) -> None:
    points, truth = groups(count, spread, 7 + count)
    stack, previous = as_features(points)
    found = XMeansClustering().run(stack, previous, max_k=15, use_time=False)
    assert found["summary"]["n_clusters"] == count
    if count > 1:
        assert adjusted_rand_score(found["labels"], truth) > 0.99
        assert max(found["scores"], key=found["scores"].get) == count


def test_outputs_agree_with_one_another() -> None:
    points, truth = groups(3, 0.02, 2)
    stack, previous = as_features(points)
    for module, settings in (
        (DBSCANClustering, {"eps": 0.2, "use_time": False}),
        (KMeansClustering, {"k": 3, "use_time": False}),
    ):
        found = module().run(stack, previous, **settings)
        assert adjusted_rand_score(found["labels"], truth) == 1
        for cluster, centre in zip(found["clusters"], found["cluster_centers"], strict=True):
            rows = np.flatnonzero(found["labels"] == cluster["id"])
            np.testing.assert_allclose(points[rows].mean(axis=0), centre)
            np.testing.assert_allclose(cluster["coords_original"], points[rows])
            assert [
                frame * 30 + index for frame, index in zip(cluster["frames"], cluster["point_indices"], strict=True)
            ] == rows.tolist()
            scaled = (points - points.min(axis=0)) / np.ptp(points, axis=0)
            np.testing.assert_allclose(cluster["coords"], scaled[rows])


def test_time_and_its_weight() -> None:
    points, _ = groups(1, 0.02, 3)
    stack, previous = as_features(points)
    weighted = DBSCANClustering().run(stack, previous, time_weight=0.0, eps=2.0)
    assert weighted["cluster_centers"][0, 2] == pytest.approx(3.0)
    assert {row[2] for row in weighted["clusters"][0]["coords"]} == {0.0}
    plain = DBSCANClustering().run(stack, previous, normalise=False, eps=1.0, min_samples=2)
    assert plain["summary"]["n_clusters"] == 4
    assert [cluster["coords"][0][2] for cluster in plain["clusters"]] == [0.0, 2.0, 4.0, 6.0]


def test_noise() -> None:
    points = np.array([[0.0, 0.0], [0.0, 0.01], [0.01, 0.0], [1.0, 1.0]])
    stack, previous = as_features(points, frames=1)
    found = DBSCANClustering().run(stack, previous, eps=0.1, min_samples=3)
    assert found["labels"].tolist() == [0, 0, 0, -1]
    assert found["noise"].tolist() == [3]
    none = DBSCANClustering().run(stack, previous, eps=0.1, min_samples=5)
    assert none["cluster_centers"].shape == (0, 3)


@pytest.mark.parametrize(("module", "settings"), MODULES)
def test_no_objects(module: Any, settings: dict[str, Any]) -> None:
    stack, previous = as_features(np.empty((0, 2)))
    found = module().run(stack, previous, **settings)
    assert found["clusters"] == []
    assert found["summary"] == {"n_clusters": 0, "members_per_cluster": {}}
    assert found["cluster_centers"].shape[0] == 0
    with pytest.raises(RuntimeError, match="found none"):
        module().run(stack, None, **settings)


@pytest.mark.parametrize(
    ("module", "settings", "error", "message"),
    [
        (DBSCANClustering, {"eps": 0}, ValueError, "eps"),
        (DBSCANClustering, {"min_samples": 0}, ValueError, "min_samples"),
        (
            DBSCANClustering,
            {"min_samples": -1},
            ValueError,
            "`min_samples`: expected a whole number from 1 on, found -1",
        ),
        (DBSCANClustering, {"eps": 1e-20}, ValueError, "within 1e15 times"),
        (DBSCANClustering, {"esp": 1}, TypeError, "did you mean 'eps'"),
        (DBSCANClustering, {"time_weight": np.nan}, ValueError, "time_weight"),
        (KMeansClustering, {}, TypeError, "`k`"),
        (KMeansClustering, {"k": 0}, ValueError, "`k`"),
        (KMeansClustering, {"k": 1000}, ValueError, "120 objects"),
        (KMeansClustering, {"k": 2, "n_init": 0}, ValueError, "n_init"),
        (KMeansClustering, {"k": 2, "n_init": -1}, ValueError, "`n_init`"),
        (KMeansClustering, {"k": 2, "max_iter": 2.5}, ValueError, "`max_iter`"),
        (KMeansClustering, {"k": 2, "random_state": -1}, ValueError, "`random_state`"),
        (XMeansClustering, {"replicates": 0}, ValueError, "`replicates`"),
        (XMeansClustering, {"min_k": 3, "max_k": 2}, ValueError, "min_k"),
        (XMeansClustering, {"criterion": "aic"}, ValueError, "criterion"),
        (XMeansClustering, {"max_kk": 2}, TypeError, "did you mean 'max_k'"),
    ],
)
def test_bad_settings(module: Any, settings: dict[str, Any], error: type[Exception], message: str) -> None:
    stack, previous = as_features(groups(3, 0.02, 2)[0])
    with pytest.raises(error, match=message):
        module().run(stack, previous, **settings)


def test_clusters_in_a_pipeline() -> None:
    images = np.zeros((3, 40, 40))
    images[:, 8:13, 8:13] = images[:, 28:33, 20:25] = 5.0
    pipeline = AnalysisPipeline()
    pipeline.add("feature_detection", mask_fn="mask_threshold", threshold=1.0)
    pipeline.add("x_means_clustering", use_time=False, max_k=4)
    pipeline.validate()
    found = pipeline.run(AFMImageStack(images, 1.0, "h", "f"))["analysis"]["step_2_x_means_clustering"]
    assert sorted(map(tuple, found["cluster_centers"].tolist())) == [(10.0, 10.0), (22.0, 30.0)]
