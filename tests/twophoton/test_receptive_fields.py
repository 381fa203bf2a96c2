"""Two-photon: receptive fields beside planted ones, scikit-learn's regressions and plain numpy."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge, Ridge

from lumentrace import twophoton
from lumentrace.twophoton.respond.lagged_sums import lagged_sums
from lumentrace.twophoton.respond.smooth_bases import line_basis, plane_basis
from simulated_tuning import Noise, simulate_noise

SHAPE, LAGS = (8, 8), 6


@cache
def noisy() -> tuple[Noise, twophoton.ReceptiveFields]:
    made = simulate_noise(24, 9000, SHAPE, LAGS, 0.2, seed=1, blind=12)
    return made, twophoton.fit_receptive_fields(
        made.stimulus, made.responses, lags=LAGS, smoothness_pixels=[0, 1, 2], smoothness_lags=[0, 1]
    )


def lagged(stimulus: Any, lags: int) -> Any:
    """(frames - lags + 1, lags x pixels)."""
    flat = stimulus.reshape(len(stimulus), -1)
    return np.hstack([flat[lags - 1 - lag : len(flat) - lag] for lag in range(lags)])


def test_sums_are_those_of_the_matrix_of_all_lags() -> None:
    random = np.random.default_rng(0)
    stimulus, responses = random.normal(3, 1, (60, 4)), random.normal(2, 1, (60, 2))
    kept = random.random(60) < 0.7
    kept[:2] = False
    rows = np.flatnonzero(kept)
    found = lagged_sums(stimulus, responses, rows, 3)
    design = np.hstack([stimulus[rows - lag] for lag in range(3)])
    design, y = design - design.mean(axis=0), responses[rows] - responses[rows].mean(axis=0)
    assert np.allclose(found.gram.reshape(12, 12), design.T @ design)
    assert np.allclose(found.cross.reshape(12, 2), design.T @ y)
    assert np.allclose(found.squares, (y**2).sum(axis=0))


def test_bases_are_factors_of_the_prior() -> None:
    apart = np.subtract.outer(np.arange(7), np.arange(7))
    line = line_basis(7, 1.5)
    assert np.allclose(line @ line.T, np.exp(-(apart**2) / 4.5), atol=0.01)
    plane = plane_basis((7, 5), 1.0)
    whole = np.kron(np.exp(-(apart**2) / 2), np.exp(-(apart[:5, :5] ** 2) / 2))
    assert np.allclose(plane @ plane.T, whole, atol=0.03)
    assert (plane_basis((7, 5), 0.0) == np.eye(35)).all()
    assert line.shape[1] < 7


def test_a_given_penalty_is_the_ridge_of_scikit_learn() -> None:
    made = simulate_noise(3, 700, (4, 5), 3, 0.5, seed=2)
    made.responses[100:120] = np.nan
    found = twophoton.fit_receptive_fields(
        made.stimulus, made.responses, lags=3, smoothness_pixels=[0.0], smoothness_lags=[0.0], penalty=30.0
    )
    design, y = lagged(made.stimulus, 3), made.responses[2:]
    kept = np.isfinite(y).all(axis=1)
    judge = Ridge(alpha=30.0).fit(design[kept], y[kept])
    assert np.allclose(found.weights.reshape(3, -1), judge.coef_, rtol=0, atol=1e-10)
    assert (found.frames == kept.sum()).all()


def test_the_likely_penalty_and_errors_are_those_of_bayesian_regression() -> None:
    made = simulate_noise(1, 900, (4, 4), 2, 0.3, seed=3)
    found = twophoton.fit_receptive_fields(
        made.stimulus, made.responses, lags=2, smoothness_pixels=[0.0], smoothness_lags=[0.0]
    )
    judge = BayesianRidge(max_iter=1000, tol=1e-10, alpha_1=0, alpha_2=0, lambda_1=0, lambda_2=0)
    judge.fit(lagged(made.stimulus, 2), made.responses[1:, 0])
    assert found.penalty[0] == pytest.approx(judge.lambda_ / judge.alpha_, rel=0.02)
    assert np.allclose(found.weights.ravel(), judge.coef_, atol=2e-3 * np.abs(judge.coef_).max())
    assert np.allclose(found.standard_error.ravel(), np.sqrt(np.diag(judge.sigma_)), rtol=0.03)
    assert found.noise[0] == pytest.approx(judge.alpha_**-0.5, rel=0.05)


def test_planted_fields_at_a_signal_to_noise_ratio_of_a_fifth() -> None:
    made, found = noisy()
    r = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(found.weights[:12], made.fields[:12], strict=True)]
    assert np.median(r) >= 0.95
    inside = np.abs(found.weights - made.fields)[:12] <= 1.96 * found.standard_error[:12]
    assert 0.90 < inside.mean() < 0.99


def test_held_out_variance_is_the_explainable_one_and_blind_cells_have_none() -> None:
    _, found = noisy()
    # A fifth over one and a fifth, less what the errors of the field cost.
    assert np.mean(found.explained_variance[:12]) == pytest.approx(1 / 6, abs=0.03)
    assert (found.q[:12] <= 0.05).all()
    assert (found.log_evidence[:12] > 10).all()
    assert (found.log_evidence[12:] < 4).all()
    assert (found.p[12:] <= 0.05).sum() <= 3
    assert np.abs(found.weights[12:]).max() < 0.2 * np.abs(found.weights[:12]).max()
    assert (found.explained_variance[12:] < 0.02).all()


def test_smooth_fields_are_found_smooth_and_white_ones_are_not() -> None:
    assert (noisy()[1].smoothness_pixels[:12] >= 1).mean() > 0.9
    random = np.random.default_rng(4)
    stimulus = random.normal(size=(1500, 5, 5))
    response = np.tensordot(stimulus, random.normal(size=(5, 5)), 2) + random.normal(size=1500)
    found = twophoton.fit_receptive_fields(stimulus, response[:, None], lags=1)
    assert found.smoothness_pixels[0] == 0


def test_gaps_in_the_stimulus_leave_frames_out() -> None:
    made = simulate_noise(2, 800, (4, 4), 3, 1.0, seed=5)
    made.stimulus[300:310, 0, 0] = np.nan
    found = twophoton.fit_receptive_fields(made.stimulus, made.responses, lags=3, held_out=0.0)
    assert (found.frames == 800 - 2 - 10 - 2).all()
    assert np.isnan(found.p).all()
    assert np.isnan(found.explained_variance).all()
    changed = made.responses.copy()
    changed[300:312] = 1e6
    again = twophoton.fit_receptive_fields(made.stimulus, changed, lags=3, held_out=0.0)
    assert np.array_equal(found.weights, again.weights)


def test_regions_that_miss_other_frames_are_as_if_alone() -> None:
    made = simulate_noise(3, 600, (4, 4), 2, 1.0, seed=6)
    made.responses[50:60, 1] = np.nan
    made.responses[:, 2] = np.nan
    found = twophoton.fit_receptive_fields(made.stimulus, made.responses, lags=2)
    for region in (0, 1):
        alone = twophoton.fit_receptive_fields(made.stimulus, made.responses[:, region : region + 1], lags=2)
        assert np.allclose(found.weights[region], alone.weights[0], atol=1e-12)
    assert np.isnan(found.weights[2]).all()
    assert found.reasons[2] == ("0 frames with a response and all of the stimulus before it, 20 are needed",)
    assert found.peaks()[2].tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("stimulus", "response", "told"),
    [
        (np.ones((60, 2, 2)), np.arange(60.0), "the stimulus does not change"),
        (np.random.default_rng(0).normal(size=(60, 2, 2)), np.ones(60), "the response does not change"),
        (np.random.default_rng(0).normal(size=(9, 2, 2)), np.arange(9.0), "8 frames with a response"),
        (np.full((60, 2, 2), np.nan), np.arange(60.0), "0 frames with a response"),
    ],
)
def test_what_cannot_be_fitted_has_a_reason(stimulus: Any, response: Any, told: str) -> None:
    found = twophoton.fit_receptive_fields(stimulus, response[:, None], lags=2, held_out=0.0)
    assert np.isnan(found.weights).all()
    assert told in found.reasons[0][0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lags": 0}, "`lags`"),
        ({"held_out": 0.9}, "`held_out`"),
        ({"penalty": -1.0}, "`penalty`"),
        ({"smoothness_pixels": []}, "`smoothness_pixels`"),
        ({"smoothness_lags": [-1.0]}, "`smoothness_lags`"),
        ({"roi_labels": ["a", "b"]}, "`roi_labels`"),
        ({"responses": np.ones((49, 1))}, "`responses`"),
        ({"stimulus": np.ones((50, 3))}, "`stimulus`"),
        ({"stimulus": np.ones((50, 80, 80)), "smoothness_pixels": [0.0]}, "`smoothness_pixels`: expected at most"),
    ],
)
def test_settings_that_are_none(change: dict[str, Any], told: str) -> None:
    given: dict[str, Any] = {"stimulus": np.ones((50, 3, 3)), "responses": np.ones((50, 1)), "lags": 2}
    with pytest.raises(ValueError, match=told):
        twophoton.fit_receptive_fields(**given | change)


# ---------------------------------------------------------------------- ceilings, times and figures
def test_the_ceiling_of_repeats_is_the_planted_share() -> None:
    random = np.random.default_rng(7)
    signal, noise = random.normal(0, [1.0, 2.0, 0.0], (6000, 3)), random.normal(0, 2, (4, 6000, 3))
    found = twophoton.noise_ceiling(signal + noise)
    assert found.single == pytest.approx([1 / 5, 4 / 8, 0], abs=0.02)
    assert found.mean == pytest.approx([1 / 2, 4 / 5, 0], abs=0.03)
    assert found.noise == pytest.approx([4, 4, 4], rel=0.03)
    holes = signal + noise
    holes[0, :3000, 0] = np.nan
    assert twophoton.noise_ceiling(holes).single[0] == pytest.approx(1 / 5, abs=0.03)
    assert np.isnan(twophoton.noise_ceiling(np.ones((2, 5, 1))).single[0])
    with pytest.raises(ValueError, match="`repeats`"):
        twophoton.noise_ceiling(np.ones((1, 5, 1)))


def test_images_at_frames() -> None:
    images = np.arange(3.0)[:, None, None] * np.ones((3, 2, 2))
    found = twophoton.stimulus_at_frames(images, np.array([0.0, 1.0, 2.5]), np.array([-0.1, 0.0, 2.4, 2.5, 3.9, 4.0]))
    assert found[:, 0, 0].tolist() == pytest.approx([np.nan, 0, 1, 2, 2, np.nan], nan_ok=True)
    longer = twophoton.stimulus_at_frames(images, np.arange(3.0), np.array([5.0]), last_seconds=9.0)
    assert longer[0, 0, 0] == 2
    for onsets, times, told in (
        (np.arange(2.0), np.zeros(1), "`onset_seconds`: expected one"),
        (np.array([0.0, 2.0, 1.0]), np.zeros(1), "`onset_seconds`: expected finite"),
        (np.arange(3.0), np.array([np.nan]), "`frame_seconds`"),
    ):
        with pytest.raises(ValueError, match=told):
            twophoton.stimulus_at_frames(images, onsets, times)
    with pytest.raises(ValueError, match="`last_seconds`"):
        twophoton.stimulus_at_frames(images[:1], np.zeros(1), np.zeros(1))


def test_figures_show_the_peak() -> None:
    from lumentrace.twophoton.report.receptive_fields import field_courses, field_maps

    made = simulate_noise(2, 600, (4, 5), 4, 2.0, seed=8)
    made.responses[:, 1] = np.nan
    found = twophoton.fit_receptive_fields(made.stimulus, made.responses, lags=4)
    lag, row, column = found.peaks()[0]
    figure, rows = field_maps(found, [1, 2], [0, 1], ["<a>", "b"], frame_rate_hz=10.0)
    assert rows == 1
    assert figure.layout.annotations[0].text == f"&lt;a&gt; ({lag / 10:.2f} s before)"
    assert np.allclose(figure.data[0].z, found.weights[0, lag], atol=1e-6)
    assert figure.data[0].zmax == -figure.data[0].zmin == pytest.approx(np.abs(found.weights[0, lag]).max())
    figure, rows = field_courses(found, [1, 2], [0, 1], ["a", "b"], frame_rate_hz=10.0)
    assert len(figure.data) == 3
    assert np.allclose(figure.data[1].y, found.weights[0, :, row, column])
    assert figure.data[1].x.tolist() == [0, 0.1, 0.2, 0.3]
