"""Scores of trajectories against cases whose scores one can count by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import scoring

FRAMES = np.arange(0.0, 101.0, 10.0)
T = np.arange(0.5, 100.0, 1.0)


def straight(y, speed=0.0):
    return lambda t: np.column_stack([speed * np.asarray(t), np.full_like(t, y), np.zeros_like(t)])


def truth(*paths, spans=None):
    return scoring.Truth(paths, np.array(spans or [(0.0, 100.0)] * len(paths)))


def found(*tracks):
    """Of (label, times, places) each."""
    labels = np.concatenate([np.full(len(t), label) for label, t, _ in tracks])
    return scoring.Found(np.concatenate([t for _, t, _ in tracks]), np.concatenate([p for *_, p in tracks]), labels)


def off(path, t, distance):
    return path(t) + np.array([0.0, 0.0, distance])


def test_perfect_trajectories():
    a, b = straight(0, 1.0), straight(20)
    for score in (scoring.trajectories, scoring.frames):
        result = score(truth(a, b), found((7, T, off(b, T, 0.2)), (3, T, off(a, T, 0.1))), FRAMES)
        assert (result.share, result.trajectories, result.missed, result.false, result.swaps) == (1.0, 2, 0, 0, 0)
        np.testing.assert_allclose(result.by_tracer[0], 0.1)
        np.testing.assert_allclose(result.by_tracer[1], 0.2)
        assert result.quantile(0.5) == pytest.approx(0.15)
        assert result.spurious == 0


def test_two_trajectories_of_one_tracer_leave_the_other_missed():
    a, b = straight(0), straight(20)
    twice = found((0, T, off(a, T, 0.1)), (1, T, off(a, T, 0.3)))
    result = scoring.trajectories(truth(a, b), twice, FRAMES)
    assert (result.share, result.missed, result.false, result.spurious) == (0.5, 1, 1, 100)
    result = scoring.frames(truth(a, b), twice, FRAMES)
    # Of each frame's two places the nearer one is the tracer's, the other is false.
    assert (result.share, result.missed, result.false, result.spurious) == (0.5, 1, 1, 10)
    np.testing.assert_allclose(result.errors, 0.1)


def test_nearest_is_not_matched_if_two_together_are_better():
    # Both places are nearer to tracer 0; only the second can be of tracer 1, at 3 mm.
    a, b = straight(0), straight(5)
    result = scoring.frames(truth(a, b), found((0, T, straight(0.2)(T)), (1, T, straight(2.0)(T))), FRAMES)
    assert result.share == 1.0
    np.testing.assert_allclose([np.median(each) for each in result.by_tracer], [0.2, 3.0])


def test_a_trajectory_in_pieces():
    a = straight(0)
    pieces = found(*[(i, T[part], off(a, T[part], 0.1)) for i, part in enumerate((slice(0, 30), slice(40, 100)))])
    result = scoring.trajectories(truth(a), pieces, FRAMES)
    # The longer piece holds six of the ten frames.
    assert (result.share, result.trajectories, result.false, result.swaps) == (0.6, 2, 1, 0)
    result = scoring.frames(truth(a), pieces, FRAMES)
    assert (result.share, result.missed, result.false) == (0.9, 0, 0)


def test_false_trajectories_are_counted_on_average():
    a, short = straight(0), T[T < 30]
    result = scoring.frames(truth(a), found((0, T, a(T)), (1, short, straight(50)(short))), FRAMES)
    assert (result.share, result.false, result.trajectories) == (1.0, 0.3, 2)


def test_swaps_where_paths_cross():
    a, b = straight(0, 1.0), lambda t: np.column_stack([100 - np.asarray(t), np.full_like(t, 2.0), np.zeros_like(t)])
    early = T < 50
    straight_on = found((0, T, a(T)), (1, T, b(T)))
    assert scoring.trajectories(truth(a, b), straight_on, FRAMES).swaps == 0
    turned = found(
        (0, T, np.where(early[:, None], a(T), b(T))),
        (1, T, np.where(early[:, None], b(T), a(T))),
    )
    result = scoring.trajectories(truth(a, b), turned, FRAMES)
    assert (result.swaps, result.missed, result.false) == (2, 0, 0)
    # Half of the time they are near the other tracer.
    assert 0.5 <= result.share <= 0.65
    assert result.quantile(0.9) > 50
    assert scoring.frames(truth(a, b), turned, FRAMES).swaps == 2
    # One trajectory of both hops from place to place: it follows neither.
    hops = found((0, T, np.where((np.arange(len(T)) % 2 == 0)[:, None], a(T), b(T))))
    assert scoring.trajectories(truth(a, b), hops, FRAMES).swaps == 0
    # A trajectory that leaves its tracer for a place near none does not swap.
    lost = found((0, T, np.where(early[:, None], a(T), [[-500.0, 0, 0]])))
    assert scoring.trajectories(truth(a, b), lost, FRAMES).swaps == 0


def test_tracers_out_of_view_are_not_missed():
    a, b = straight(0), straight(20)
    short = T[T < 40]
    both = found((0, T, a(T)), (1, short, b(short)))
    for score in (scoring.trajectories, scoring.frames):
        # A frame that is half in view is not asked for.
        for end in (40, 45):
            result = score(truth(a, b, spans=[(0, 100), (0, end)]), both, FRAMES)
            assert (result.share, result.frames, result.missed, result.false) == (1.0, 14, 0, 0)
    longer = T[T < 45]
    result = scoring.frames(truth(a, b, spans=[(0, 100), (0, 45)]), found((0, T, a(T)), (1, longer, b(longer))), FRAMES)
    assert (result.frames, result.false) == (14, 0)


def test_far_locations_are_false():
    a = straight(0)
    for score in (scoring.trajectories, scoring.frames):
        result = score(truth(a), found((0, T, off(a, T, 5.1))), FRAMES)
        assert (result.share, result.missed, result.false) == (0.0, 1, 1)
        assert np.isnan(result.quantile(0.5))


def test_locations_count_at_their_own_time():
    fast = straight(0, 112.0)
    result = scoring.frames(truth(fast), found((0, T, off(fast, T, 0.3))), FRAMES)
    np.testing.assert_allclose(result.errors, 0.3)


def test_nothing_found():
    nothing = scoring.Found.of(np.empty((0, 5)), ["t", "x", "y", "z", "label"])
    for score in (scoring.trajectories, scoring.frames):
        result = score(truth(straight(0)), nothing, FRAMES)
        assert (result.share, result.trajectories, result.missed, result.false) == (0.0, 0, 1, 0)
        assert np.isnan(result.coverage(0.68))


def test_pooled_runs():
    a = straight(0)
    good, bad = (scoring.frames(truth(a), found((0, T, off(a, T, d))), FRAMES) for d in (0.1, 9.0))
    both = scoring.pooled([good, bad])
    assert (both.share, both.missed, both.trajectories, both.frames) == (0.5, 1, 2, 20)
    assert len(both.errors) == 100
    assert len(both.by_tracer[0]) == 100


def test_matching_takes_the_best_sum_and_leaves_out_what_is_worth_nothing():
    assert scoring.matched(np.array([[5.0, 4.0], [4.0, 0.0]])) == [(0, 1), (1, 0)]
    assert scoring.matched(np.array([[0.0, 0.0], [3.0, 0.0]])) == [(1, 0)]


def test_tables_with_covariances():
    names = ["t", "x", "y", "z", "sigma_x", "sigma_y", "sigma_z", "cov_xy", "cov_xz", "cov_yz", "label"]
    rows = np.array([[1.0, 2, 3, 4, 0.1, 0.2, 0.3, 0.01, 0.02, 0.03, 5], [2.0, 2, 3, 4, 1, 1, 1, 0, 0, 0, -1]])
    table = scoring.Found.of(rows, names)
    assert table.labels.tolist() == [5]
    np.testing.assert_allclose(table.covariances, [[[0.01, 0.01, 0.02], [0.01, 0.04, 0.03], [0.02, 0.03, 0.09]]])
    assert scoring.Found.of(rows[:, [0, 1, 2, 3, 10]], ["t", "x", "y", "z", "label"]).covariances is None


def test_coverage_of_ellipsoids():
    rng = np.random.default_rng(1)
    covariance = np.array([[4.0, 1.0, 0.0], [1.0, 2.0, -0.5], [0.0, -0.5, 1.0]]) / 100
    t = np.sort(rng.uniform(0, 100, 20_000))
    places = straight(0)(t) + rng.multivariate_normal(np.zeros(3), covariance, len(t))
    labels = np.zeros(len(t), dtype=int)
    for scale in (1.0, 4.0):
        spread = np.tile(covariance * scale, (len(t), 1, 1))
        result = scoring.trajectories(truth(straight(0)), scoring.Found(t, places, labels, spread), FRAMES)
        for wanted in (0.68, 0.95):
            expected = stats.chi2.cdf(stats.chi2.ppf(wanted, 3) * scale, 3)
            assert result.coverage(wanted) == pytest.approx(expected, abs=0.01)
