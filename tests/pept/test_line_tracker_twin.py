"""The twin of the line tracker against one dense least-squares problem, and against what the lines allow."""

from __future__ import annotations

import numpy as np
import pytest

from lumentrace.pept import simulation
from twins import line_tracker as twin

PERFECT = {"positron_range": 0.0, "acollinearity": 0.0}


@pytest.fixture(scope="module")
def run():
    path = simulation.Circle(radius=60, rpm=300)
    return simulation.simulate([path], n=3000, noise=0.4, scatter=0.0, blur=2.0, seed=4, **PERFECT)


def dense(lines, weights, q, start):
    """All states at once: the minimum of the sum of squares over lines, steps and the prior, with its covariance."""
    count = len(lines.centres)
    normal, right = np.zeros((6 * count, 6 * count)), np.zeros(6 * count)

    def add(rows, target, weight, first):
        """Observed `target` = `rows` @ states from block `first` on, with the weight matrix."""
        inside = slice(6 * first, 6 * first + rows.shape[1])
        normal[inside, inside] += rows.T @ weight @ rows
        right[inside] += rows.T @ weight @ target

    add(np.eye(6), start, np.linalg.inv(twin.PRIOR), 0)
    for n, block in enumerate(lines.block):
        add(np.hstack([np.eye(3), lines.late[n] * np.eye(3)]), lines.points[n], weights[n] * lines.across[n], block)
    for b, h in enumerate(np.diff(lines.centres)):
        # White noise of acceleration, integrated: variances h^3 / 3, h and covariance h^2 / 2 along each axis.
        noise = q * np.kron([[h**3 / 3, h**2 / 2], [h**2 / 2, h]], np.eye(3))
        move = np.kron([[1, h], [0, 1]], np.eye(3))
        add(np.hstack([-move, np.eye(6)]), np.zeros(6), np.linalg.inv(noise), b)
    covariance = np.linalg.inv(normal)
    return (covariance @ right).reshape(count, 6), covariance


def test_smoother_solves_the_dense_problem(run):
    lines = twin.Lines(run.lines.lines, 150)
    weights = (run.labels == 0) / 1.5**2
    start = np.array([300.0, 300, 250, 0, 0, 0])
    matrix, vector = twin.information(lines, weights)
    states, covariances, suggested = twin.smoothed(
        lines.centres, matrix[None], vector[None], np.array([0.01]), start[None]
    )
    expected, covariance = dense(lines, weights, 0.01, start)
    np.testing.assert_allclose(states[0], expected, atol=1e-6)
    blocks = covariance.reshape(20, 6, 20, 6)
    np.testing.assert_allclose(covariances[0], np.einsum("bibj->bij", blocks), atol=1e-8)
    # The suggested process noise is the mean of (x' - F x) in units of the step's noise, over the posterior.
    total = 0.0
    for b, h in enumerate(np.diff(lines.centres)):
        jump = np.hstack([-np.kron([[1, h], [0, 1]], np.eye(3)), np.eye(6)])
        inside = slice(6 * b, 6 * b + 12)
        mean = jump @ expected.ravel()[inside]
        square = np.outer(mean, mean) + jump @ covariance[inside, inside] @ jump.T
        total += np.trace(np.linalg.solve(np.kron([[h**3 / 3, h**2 / 2], [h**2 / 2, h]], np.eye(3)), square)) / 6
    assert suggested[0] == pytest.approx(total / 19, rel=1e-6)


def test_filter_solves_the_dense_problem_of_the_lines_so_far(run):
    lines = twin.Lines(run.lines.lines, 150)
    weights = (run.labels == 0) / 1.5**2
    start = np.array([300.0, 300, 250, 0, 0, 0])
    matrix, vector = twin.information(lines, weights)
    states, covariances, _ = twin.filtered(lines.centres, matrix[None], vector[None], np.array([0.01]), start[None])
    for last in (1, 7, 19):
        some = twin.Lines(run.lines.lines[lines.block <= last], 150)
        assert len(some.centres) == last + 1
        expected, covariance = dense(some, weights[lines.block <= last], 0.01, start)
        np.testing.assert_allclose(states[0, last], expected[-1], atol=1e-6)
        np.testing.assert_allclose(covariances[0, last], covariance[-6:, -6:], atol=1e-8)


def test_true_labels_give_what_the_lines_allow():
    run = simulation.simulate([simulation.Static()], n=20_000, noise=0.5, blur=3.0, scatter=0.0, seed=2, **PERFECT)
    motion = twin.track(run.lines.lines, np.array([1e-9]), run.labels)
    # Half way between the screens both ends' errors count half: 3 / sqrt(2) mm along x and y. Across the line one of
    # the two is shortened by its slope.
    along = np.diff(run.lines.lines[run.labels == 0, 1:7].reshape(-1, 2, 3), axis=1)[:, 0]
    cosine = along[:, 2] / np.linalg.norm(along, axis=1)
    assert motion.sigma[0] == pytest.approx(3 / np.sqrt(2) * np.sqrt((1 + (cosine**2).mean()) / 2), rel=0.02)
    assert motion.shares[0] == pytest.approx((run.labels == 0).mean())
    offset = motion.states[0, :, :3] - (300, 300, 250)
    # At rest, with next to no process noise, x and y are means of all 10 000 lines.
    assert np.abs(offset[:, :2]).max() < 5 * 3 / np.sqrt(2) / np.sqrt(10_000)


def test_found_labels_come_near_the_true_ones(run):
    rows = run.lines.lines
    truth = run.truth(rows[:, 0])
    floor = twin.track(rows, np.array([1e-2]), run.labels)
    found = twin.track(rows, np.array([1e-2]), start=truth + 1.0)
    floor_error, error = (
        np.linalg.norm(each.states[0, :, :3] - run.truth(each.t)[0], axis=1) for each in (floor, found)
    )
    assert np.median(error) < 1.15 * np.median(floor_error) < 0.5
    assert found.sigma[0] == pytest.approx(floor.sigma[0], rel=0.1)


def test_places_between_states_are_on_the_path(run):
    motion = twin.track(run.lines.lines, np.array([1e-2]), run.labels)
    t = np.random.default_rng(0).uniform(1, 29, 500)
    error = np.linalg.norm(motion.at(0, t) - run.truth(t)[0], axis=1)
    states = np.linalg.norm(motion.states[0, :, :3] - run.truth(motion.t)[0], axis=1)
    assert np.median(error) == pytest.approx(np.median(states), rel=0.2)
    np.testing.assert_allclose(motion.at(0, motion.t), motion.states[0, :, :3], atol=1e-9)
