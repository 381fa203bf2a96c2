"""Cluster kernels of the core against the hdbscan package, scikit-learn, numpy twins, golden data and known truth."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

from cluster_cases import KINDS, NOISE, Array, agrees, case, cloud, library, on_a_rim, same_partition, shuffled
from golden import golden
from lumentrace import _core
from twins import cluster as twin


class TestHdbscan:
    @pytest.mark.parametrize("seed", range(100))
    def test_equal_to_the_definition(self, seed: int) -> None:
        points, size, samples = case(seed, largest=150)
        expected, births = twin.hdbscan(points, size, samples)
        found = _core.hdbscan_labels(points, size, samples)
        assert agrees(found, expected, points, samples, births)

    @pytest.mark.parametrize("algorithm", ["generic", "prims_kdtree"])
    def test_equal_to_the_hdbscan_package(self, algorithm: str) -> None:
        pytest.importorskip("hdbscan")
        cases = 250
        unlike = []
        for seed in range(cases):
            points, size, samples = case(1000 + seed, largest=1000)
            found = _core.hdbscan_labels(points, size, samples)
            expected, births = library(points, size, samples, algorithm)
            if not agrees(found, expected, points, samples, births):
                unlike.append(seed)
                # Only where the package itself depends on the order of the rows.
                assert shuffled(points, size, samples, expected, algorithm), seed
        assert len(unlike) <= 0.08 * cases, unlike

    def test_equal_to_scikit_learn(self) -> None:
        learn = pytest.importorskip("sklearn.cluster")
        pytest.importorskip("hdbscan")
        rng = np.random.default_rng(3)
        for n in (50, 200, 500):
            points = cloud("blobs", n, rng)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # scikit-learn counts the point itself as its first neighbour.
                expected = learn.HDBSCAN(min_cluster_size=10, min_samples=9, algorithm="brute").fit(points).labels_
            _, births = library(points, 10, 8)
            assert agrees(_core.hdbscan_labels(points, 10, 8), expected, points, 8, births)

    def test_true_groups_are_found(self) -> None:
        rng = np.random.default_rng(0)
        centres = np.array([[0, 0, 0], [80, 0, 0], [0, 90, 40]])
        truth = np.repeat([0, 1, 2], 300)
        points = centres[truth] + rng.normal(0, 3, (900, 3))
        found = _core.hdbscan_labels(points, 60, 30)
        kept = found != NOISE
        assert kept.mean() > 0.95
        np.testing.assert_array_equal(found[kept], truth[kept])

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_order_of_the_rows_does_not_matter(self, kind: str) -> None:
        rng = np.random.default_rng(5)
        points = cloud(kind, 700, rng)
        found = _core.hdbscan_labels(points, 12, 12)
        _, births = library(points, 12, 12)
        order = rng.permutation(len(points))
        assert agrees(_core.hdbscan_labels(points[order], 12, 12), found[order], points[order], 12, births)

    @pytest.mark.parametrize("scale", [2.0**-400, 2.0**-20, 2.0**60, 2.0**400])
    def test_scale_and_mirror_images_do_not_matter(self, scale: float) -> None:
        points = cloud("cutpoints", 500, np.random.default_rng(6))
        moved = np.ascontiguousarray(points[:, [2, 0, 1]] * [-scale, scale, scale])
        found = _core.hdbscan_labels(moved, 20, 20)
        assert found.max() >= 1
        np.testing.assert_array_equal(found, _core.hdbscan_labels(points, 20, 20))

    @pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
    def test_few_points(self, n: int) -> None:
        points = np.arange(3.0 * n).reshape(n, 3)
        for samples in (1, 2, 100):
            found = _core.hdbscan_labels(points, 2, samples)
            assert found.shape == (n,)
            np.testing.assert_array_equal(found, twin.hdbscan(points, 2, samples)[0])

    def test_equal_points_are_noise(self) -> None:
        assert (_core.hdbscan_labels(np.full((400, 3), 7.0), 5, 5) == NOISE).all()

    def test_two_heaps_of_equal_points_are_two_clusters(self) -> None:
        points = np.repeat([[0.0, 0, 0], [1, 0, 0]], 50, axis=0)
        np.testing.assert_array_equal(_core.hdbscan_labels(points, 10, 10), np.repeat([0, 1], 50))

    def test_points_that_are_not_finite_take_no_part(self) -> None:
        points = cloud("blobs", 300, np.random.default_rng(8))
        places = [0, 50, 51, 300]
        bad = np.array([[np.nan, 0, 0], [0, np.inf, 0], [0, 0, -np.inf], [np.nan] * 3])
        found = _core.hdbscan_labels(np.insert(points, places, bad, axis=0), 10, 10)
        added = np.array(places) + np.arange(4)
        assert (found[added] == NOISE).all()
        np.testing.assert_array_equal(np.delete(found, added), _core.hdbscan_labels(points, 10, 10))

    def test_a_large_set_takes_little_memory_and_time(self) -> None:
        points = cloud("uniform", 30_000, np.random.default_rng(9))
        assert _core.hdbscan_labels(points, 15, 15).shape == (30_000,)

    @pytest.mark.parametrize("level", ["baseline", "avx2"])
    def test_instruction_sets_agree(self, level: str) -> None:
        code = (
            "import hashlib, numpy as np; from lumentrace import _core\n"
            "rng = np.random.default_rng(0)\n"
            "clouds = [rng.normal(size=(n, 3)) + rng.integers(0, 3, (n, 1)) * 9 for n in (90, 400, 1500)]\n"
            "labels = [_core.hdbscan_labels(cloud, 10, 20) for cloud in clouds]\n"
        )
        here: dict[str, Any] = {}
        exec(code, here)
        assert {found.max() for found in here["labels"]} == {2}
        code += "print(hashlib.sha256(np.concatenate(labels).tobytes()).hexdigest())"
        environment = os.environ | {"LUMENTRACE_SIMD": level}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == hashlib.sha256(np.concatenate(here["labels"]).tobytes()).hexdigest()

    def test_bad_arguments(self) -> None:
        points = np.zeros((5, 3))
        with pytest.raises(ValueError, match="`min_cluster_size`: expected at least 2, found 1"):
            _core.hdbscan_labels(points, 1, 1)
        with pytest.raises(ValueError, match="`min_samples`: expected at least 1, found 0"):
            _core.hdbscan_labels(points, 2, 0)
        with pytest.raises(ValueError, match="`points`: expected at least 3 columns, found 2 columns"):
            _core.hdbscan_labels(points[:, :2].copy(), 2, 2)


def sample(rng: np.random.Generator, tracers: Array, per_tracer: int = 300, noise: int = 150) -> Array:
    """Rows t, x, y, z as cutpoints have them: heavy tails about each tracer and points all over the place."""
    near = np.repeat(tracers, per_tracer, axis=0)
    near = near + np.clip(2 * rng.standard_cauchy(near.shape), -200, 200)
    points = np.vstack([near, rng.uniform(0, 500, (noise, 3))])
    return np.column_stack([np.arange(len(points)), rng.permutation(points)])


class TestTracerLabels:
    def test_golden(self) -> None:
        metrics = pytest.importorskip("sklearn.metrics")
        case = golden("pept/hdbscan_0.npz")
        points = np.ascontiguousarray(case["points"])
        found = _core.tracer_labels(points, float(case["true_fraction"]), int(case["max_tracers"]))
        assert max(metrics.adjusted_rand_score(found, labels) for labels in case["labels"]) >= 0.9

        def centroids(labels: Any) -> list[Array]:
            return [points[labels == k, 1:4].mean(axis=0) for k in range(found.max() + 1)]

        modal = np.median([centroids(labels) for labels in case["labels"]], axis=0)
        assert np.linalg.norm(centroids(found) - modal, axis=1).max() < 0.3

    @pytest.mark.parametrize("tracers", [1, 2, 3])
    def test_every_tracer_is_found_in_every_sample(self, tracers: int) -> None:
        rng = np.random.default_rng(tracers)
        for _ in range(40):
            truth = np.array([[100.0, 100, 100], [400, 150, 300], [200, 420, 350]])[:tracers] + rng.uniform(-20, 20, 3)
            points = sample(rng, truth)
            found = _core.tracer_labels(points, 0.3, tracers)
            assert found.max() == tracers - 1
            centres = np.array([np.median(points[found == k, 1:4], axis=0) for k in range(tracers)])
            errors = np.linalg.norm(centres[:, None] - truth[None], axis=2).min(axis=0)
            assert errors.max() < 2

    def test_the_labels_are_those_of_hdbscan_on_points_and_injection(self) -> None:
        points = sample(np.random.default_rng(4), np.array([[100.0, 100, 100], [400, 150, 300]]))
        injected, size = _core.tracer_injection(points, 0.3, 2)
        assert len(injected) == int(0.3 * len(points) / 2)
        assert size == int(0.3 * (len(points) + len(injected)) / 3)
        low, high = np.percentile(points[:, 1:], [25, 75], axis=0)
        np.testing.assert_allclose(injected.mean(axis=0), high + 1.5 * (high - low), atol=0.02 * (high - low).max())
        np.testing.assert_allclose(injected.std(axis=0), 0.3 * (high - low), rtol=0.1)
        further, _ = _core.tracer_injection(points, 0.3, 2, injection=2.0)
        np.testing.assert_allclose(further - injected, np.broadcast_to(0.5 * (high - low), injected.shape))
        everything = np.vstack([points[:, 1:], injected])
        expected, births = library(everything, size, size)
        found = _core.tracer_labels(points, 0.3, 2)
        ours = ~np.isin(expected, expected[len(points) :])[: len(points)]
        clear = ~on_a_rim(everything, size, births)[: len(points)]
        assert same_partition(found[clear], np.where(ours, expected[: len(points)], NOISE)[clear])

    def test_the_same_input_gives_the_same_labels(self) -> None:
        points = sample(np.random.default_rng(2), np.array([[100.0, 100, 100]]))
        np.random.seed(0)
        first = _core.tracer_labels(points, 0.3, 1)
        np.testing.assert_array_equal(first, _core.tracer_labels(points, 0.3, 1))

    def test_points_that_coincide(self) -> None:
        assert (_core.tracer_labels(np.ones((10, 4)), 0.5, 1) == 0).all()
        rows = np.vstack([np.ones((40, 4)), np.random.default_rng(0).uniform(-100, 100, (8, 4))])
        assert (_core.tracer_labels(rows, 0.5, 1)[:40] == 0).all()

    @pytest.mark.parametrize("n", range(4))
    def test_too_few_points_are_noise(self, n: int) -> None:
        points = np.random.default_rng(0).normal(size=(n, 4))
        np.testing.assert_array_equal(_core.tracer_labels(points, 0.15, 2), np.full(n, NOISE))

    def test_rows_that_are_not_finite_are_noise_and_do_not_count(self) -> None:
        points = sample(np.random.default_rng(3), np.array([[100.0, 100, 100]]))
        expected = _core.tracer_labels(points, 0.3, 1)
        bad_rows = np.array([[0, np.nan, 0, 0], [0, 0, np.inf, 0], [0, 0, 0, -np.inf]])
        holes = np.insert(points, [0, 100, 450], bad_rows, axis=0)
        found = _core.tracer_labels(holes, 0.3, 1)
        bad = ~np.isfinite(holes).all(axis=1)
        assert (found[bad] == NOISE).all()
        np.testing.assert_array_equal(found[~bad], expected)

    @pytest.mark.parametrize("fraction", [0.0, -0.1, 1.1, np.nan])
    def test_bad_true_fraction(self, fraction: float) -> None:
        with pytest.raises(ValueError, match=r"`true_fraction`: expected a number in \(0, 1\], found"):
            _core.tracer_labels(np.zeros((5, 4)), fraction, 1)

    def test_bad_max_tracers_and_columns(self) -> None:
        with pytest.raises(ValueError, match="`max_tracers`: expected at least 1, found 0"):
            _core.tracer_labels(np.zeros((5, 4)), 0.5, 0)
        with pytest.raises(ValueError, match="`points`: expected at least 4 columns, found 3 columns"):
            _core.tracer_labels(np.zeros((5, 3)), 0.5, 1)


class TestSegregate:
    @pytest.mark.parametrize("name", ["segregate_0.npz", "segregate_1.npz"])
    def test_golden(self, name: str) -> None:
        case = golden(f"pept/{name}")
        points = np.ascontiguousarray(case["points"])
        options = int(case["window"]), float(case["cut_distance"]), int(case["min_trajectory_size"])
        order, labels = _core.segregate(points, *options)
        np.testing.assert_array_equal(order, np.argsort(points[:, 0], kind="stable"))
        assert same_partition(labels, case["labels"])

    @pytest.mark.parametrize("seed", range(30))
    def test_equal_to_the_definition(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        n = int(rng.integers(0, 120))
        points = np.column_stack([rng.integers(0, 60, n), rng.uniform(0, 30, (n, 3)).round(seed % 3)]).astype(float)
        points[rng.random(points.shape) < 0.02 * (seed % 2)] = np.nan
        options = int(rng.integers(0, 12)), float(rng.integers(1, 15)), int(rng.integers(0, 6))
        interval = float(rng.choice([0.0, 3.0, np.inf]))
        order, labels = _core.segregate(points, *options, interval)
        expected_order, expected = twin.segregate(points, *options, interval)
        np.testing.assert_array_equal(order, expected_order)
        np.testing.assert_array_equal(labels, expected)

    def test_two_crossing_tracers_stay_apart(self) -> None:
        time = np.arange(2000.0)
        who = np.arange(2000) % 2
        x = np.where(who == 0, time, 2000 - time) * 0.05
        points = np.column_stack([time, x, np.where(who == 0, 0.0, 8.0), np.zeros(2000)])
        _, labels = _core.segregate(points, 20, 5.0, 5)
        np.testing.assert_array_equal(labels, who)

    def test_window_beyond_all_points_is_plain_single_linkage(self) -> None:
        hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
        points = np.random.default_rng(1).uniform(0, 40, (200, 4))
        order, labels = _core.segregate(points, 10**9, 4.0, 1)
        tree = hierarchy.linkage(points[order, 1:], "single")
        assert same_partition(labels, hierarchy.fcluster(tree, np.nextafter(4.0, 0), "distance"))

    def test_bad_arguments(self) -> None:
        points = np.zeros((3, 4))
        with pytest.raises(ValueError, match="`cut_distance`: expected a distance >= 0 mm, found -1"):
            _core.segregate(points, 2, -1.0, 5)
        with pytest.raises(ValueError, match="`max_time_interval`: expected a time >= 0 ms, found NaN"):
            _core.segregate(points, 2, 1.0, 5, np.nan)
        with pytest.raises(ValueError, match="`points`: expected at least 4 columns, found 3 columns"):
            _core.segregate(points[:, :3].copy(), 2, 1.0, 5)
        with pytest.raises(OverflowError):
            _core.segregate(points, -1, 1.0, 5)
