"""Two-photon: tuning curves, selectivity, permutation tests and reliability beside planted truth and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from lumentrace import twophoton
from lumentrace.twophoton.respond.permutation import false_discovery_rates
from simulated_tuning import DIRECTIONS, simulate_trials


def trials_of(values: Any, stimulus: Any, repeat: Any = None, before: Any = None) -> twophoton.TrialResponses:
    values = np.asarray(values, float)
    values = values[:, None] if values.ndim == 1 else values
    labels = tuple("abcdefgh"[: values.shape[1]])
    stimulus = np.asarray(stimulus, float)
    repeat = np.arange(len(stimulus)) // len(np.unique(stimulus)) + 1 if repeat is None else np.asarray(repeat)
    before = np.zeros_like(values) if before is None else before
    return twophoton.TrialResponses(labels, "direction", stimulus, repeat, values, before)


# ---------------------------------------------------------------------- trials
def grouped(values: Any, numbers: Any) -> twophoton.GroupedRoiResponses:
    """Trials of a second before and two after the onset, at 2 Hz; one value before, one after."""
    frames = np.arange(-2, 4)
    seen: dict[int, int] = {}
    trials = []
    for place, (number, (before, after)) in enumerate(zip(numbers, values, strict=True)):
        seen[number] = seen.get(number, 0) + 1
        level = np.where(frames < 0, before, after)[:, None].astype(float)
        trials.append(
            twophoton.ResponseTrial(number, f"e{number}", seen[number], place, -2, 4, frames, frames / 2, level)
        )
    return twophoton.GroupedRoiResponses(("a",), 2.0, tuple(trials))


def test_trials_of_epochs_with_a_value() -> None:
    given = grouped([(1, 2), (3, 5), (0, 9), (1, 4)], [2, 3, 1, 2])
    found = twophoton.trial_responses(given, {2: 0.0, 3: 90.0, 1: np.nan})
    assert found.stimulus.tolist() == [0, 90, 0]
    assert found.repeat.tolist() == [1, 1, 2]
    assert found.values[:, 0].tolist() == [2, 5, 4]
    assert found.before[:, 0].tolist() == [1, 3, 1]
    less = twophoton.trial_responses(given, {2: 0.0, 3: 90.0}, subtract_before=True)
    assert less.values[:, 0].tolist() == [1, 2, 3]
    assert np.isnan(twophoton.trial_responses(given, {2: 0.0}, window_seconds=(5.0, 6.0)).values).all()
    assert found.provenance.steps[-1].name == "trial_responses"


def test_parameters_come_from_the_table_of_epochs(tmp_path: Any) -> None:
    import tifffile

    tifffile.imwrite(tmp_path / "movie.tif", np.random.default_rng(0).integers(20, 99, (60, 12, 14)).astype(np.uint16))
    table = {
        "start_frame": [0, 10, 20, 30, 40, 50],
        "stop_frame": [10, 20, 30, 40, 50, 60],
        "epoch_number": [1, 2, 1, 3, 1, 2],
        "epoch_name": ["grey", "up", "grey", "down", "grey", "up"],
        "direction": [0, 90, 0, 270, 0, 90],
        "wheel": [0, 1, 0, 2, 0, 3],
    }
    paths = twophoton.convert_tiff_recording(tmp_path / "movie.tif", table, tmp_path, frame_rate_hz=5.0)
    rois = twophoton.grid_roi_set((12, 14), grid_size_pixels=6)
    run = twophoton.compute_recording_responses(paths.path, rois)
    found = twophoton.trial_responses(run, "direction")
    assert found.stimulus.tolist() == [90, 270, 90]
    assert found.parameter == "direction"
    with pytest.raises(ValueError, match="`parameter`: expected one value of 'wheel' in epoch 2, found 2"):
        twophoton.trial_responses(run, "wheel")
    with pytest.raises(ValueError, match=r"`parameter`.*found 'directoin'.*direction"):
        twophoton.trial_responses(run, "directoin")
    with pytest.raises(ValueError, match="`parameter`: expected the value of each epoch"):
        twophoton.trial_responses(run.grouped_responses, "direction")


# ---------------------------------------------------------------------- curves
def test_curves_are_means_with_bands_that_cover_the_truth() -> None:
    made = simulate_trials(300, 8, 1.0, seed=1)
    found = twophoton.tuning_curves(made.trials, draws=400)
    own = made.trials.stimulus == 45.0
    assert np.allclose(found.mean[1], made.trials.values[own].mean(axis=0))
    assert np.allclose(found.sem[1], stats.sem(made.trials.values[own], axis=0))
    inside = (found.low <= made.curves) & (made.curves <= found.high)
    # 2 400 intervals: within four standard errors of a binomial.
    assert inside.mean() == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / inside.size))
    assert (found.preferred() == DIRECTIONS[found.mean.argmax(axis=0)]).all()


def test_values_that_are_missing_are_left_out() -> None:
    values = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan], [np.nan, np.nan], [5.0, 1.0], [7.0, 2.0]])
    found = twophoton.tuning_curves(trials_of(values, [0, 90] * 3), draws=50)
    assert found.count.tolist() == [[3, 1], [2, 1]]
    assert found.mean[:, 0].tolist() == [3.0, 4.5]
    assert np.isnan(found.sem[:, 1]).all()
    assert np.isnan(found.low[:, 1]).all()
    assert np.isfinite(found.low[:, 0]).all()


# ---------------------------------------------------------------------- selectivity
def test_indices_have_their_closed_forms() -> None:
    a, b, degrees = 0.6, 0.3, np.tile(np.arange(0.0, 360.0, 30.0), 2)
    theta = np.deg2rad(degrees)
    values = 1 + a * np.cos(theta - np.deg2rad(120)) + b * np.cos(2 * (theta - np.deg2rad(70)))
    found = twophoton.direction_selectivity(trials_of(values, degrees), draws=20)
    assert found.dsi_vector.value[0] == pytest.approx(a / 2)
    assert found.osi_vector.value[0] == pytest.approx(b / 2)
    assert found.direction.value[0] == pytest.approx(120)
    assert found.orientation.value[0] == pytest.approx(70)
    curve = values[:12]
    best = curve.argmax()
    null, across = curve[(best + 6) % 12], [curve[(best + 3) % 12], curve[(best + 9) % 12]]
    assert found.dsi_preferred_null.value[0] == pytest.approx((curve[best] - null) / (curve[best] + null))
    both = (curve + np.roll(curve, 6)) / 2
    top = both.argmax()
    assert found.osi_preferred_orthogonal.value[0] == pytest.approx(
        (both[top] - both[(top + 3) % 12]) / (both[top] + both[(top + 3) % 12])
    )
    assert found.of_noise[0] == pytest.approx(0, abs=1e-9)
    assert len(across) == 2


def test_orientations_have_no_direction() -> None:
    degrees = np.tile([0.0, 45.0, 90.0, 135.0], 3)
    values = 1 + 0.5 * np.cos(2 * np.deg2rad(degrees - 45))
    found = twophoton.direction_selectivity(trials_of(values, degrees), draws=20)
    assert np.isnan(found.dsi_vector.value[0])
    assert np.isnan(found.direction.value[0])
    assert found.osi_vector.value[0] == pytest.approx(0.25)
    assert found.osi_preferred_orthogonal.value[0] == pytest.approx(0.5)
    assert found.reasons[0] == ("orientations only: no direction",)


def test_planted_indices_at_a_signal_to_noise_ratio_of_a_fifth() -> None:
    made = simulate_trials(200, 120, 0.2, seed=2)
    found = twophoton.direction_selectivity(made.trials, draws=200)
    for index, true in (
        (found.dsi_vector, made.true_index(1)),
        (found.osi_vector, made.true_index(2)),
        (found.dsi_preferred_null, made.true_ratio()),
    ):
        assert np.corrcoef(index.corrected, true)[0, 1] >= 0.95
        assert abs(np.mean(index.corrected - true)) < 0.01
        assert 0.90 < np.mean((index.low <= true) & (true <= index.high)) <= 1.0


def test_the_bias_of_noise_is_told_and_taken_away() -> None:
    made = simulate_trials(400, 6, 0.2, seed=3, tuned=False)
    found = twophoton.direction_selectivity(made.trials, draws=200)
    known = np.isfinite(found.dsi_vector.value) & (found.of_noise < 0.5)
    value, expected = found.dsi_vector.value[known], found.of_noise[known]
    assert value.mean() == pytest.approx(expected.mean(), rel=0.08)
    # What is left of the squared length is 0 for about 1 - 1/e of the vectors of noise.
    assert np.mean(found.dsi_vector.corrected[known] == 0) == pytest.approx(1 - np.exp(-1), abs=0.1)
    assert np.mean(found.dsi_vector.low[known] > 0) <= 0.06


def test_cells_that_are_inhibited_and_single_trials_have_reasons() -> None:
    values = np.stack([-np.ones(8), np.ones(8)], axis=1)
    found = twophoton.direction_selectivity(trials_of(values, DIRECTIONS), draws=20)
    assert found.reasons[0] == ("the sum of the responses, -8, is not above 0: no index",)
    assert found.reasons[1] == ("fewer than two trials of some stimulus: no interval and no correction",)
    assert np.isnan(found.dsi_vector.value[0])
    assert found.dsi_vector.value[1] == pytest.approx(0)
    assert np.isnan(found.dsi_vector.low[1])
    with pytest.raises(ValueError, match="expected directions that are spread evenly"):
        twophoton.direction_selectivity(trials_of(np.ones(6), [0, 10, 20, 0, 10, 20]))


# ---------------------------------------------------------------------- permutations
def test_p_of_one_cell_is_that_of_scipy() -> None:
    random = np.random.default_rng(4)
    degrees = np.tile([0.0, 90.0, 180.0], 4)
    values = random.normal(size=12) + 0.8 * (degrees == 90)

    def between(*groups: Any) -> Any:
        return sum(group.sum() ** 2 / len(group) for group in groups)

    for repeat in (np.ones(12, int), np.repeat([1, 2], 6)):
        found = twophoton.tuning_test(trials_of(values, degrees, repeat), permutations=9999)
        centred = values - np.array([values[repeat == own].mean() for own in repeat])
        if repeat[-1] == 1:
            groups = [centred[degrees == each] for each in (0, 90, 180)]
            judge = stats.permutation_test(
                groups, between, n_resamples=9999, alternative="greater", random_state=0
            ).pvalue
        else:
            own = between(*(centred[degrees == each] for each in (0, 90, 180)))
            shuffled = []
            for _ in range(4000):
                order = np.concatenate([random.permutation(6), 6 + random.permutation(6)])
                shuffled.append(between(*(centred[order][degrees == each] for each in (0, 90, 180))))
            judge = np.mean(np.array(shuffled) >= own * (1 - 1e-9))
        assert found.p[0] == pytest.approx(judge, abs=5 * np.sqrt(judge * (1 - judge) / 4000))


def test_responsiveness_of_one_cell_is_that_of_scipy() -> None:
    random = np.random.default_rng(5)
    values, before = random.normal(0.5, 1, (10, 1)), random.normal(size=(10, 1))
    given = trials_of(values, np.zeros(10), np.arange(10), before)
    judge = stats.permutation_test(
        (values[:, 0], before[:, 0]),
        lambda a, b: np.sum(a - b) ** 2,
        permutation_type="samples",
        n_resamples=np.inf,
        alternative="greater",
    ).pvalue
    found = twophoton.responsiveness_test(given, permutations=20000)
    assert found.p[0] == pytest.approx(judge, abs=5 * np.sqrt(judge * (1 - judge) / 20000))


def test_false_discoveries_over_a_thousand_cells_without_tuning() -> None:
    made = simulate_trials(1000, 10, 0.2, seed=6, tuned=False)
    drift = np.linspace(3, 0, 80)[:, None]
    drifting = twophoton.TrialResponses(
        made.trials.roi_labels,
        "direction",
        made.trials.stimulus,
        made.trials.repeat,
        made.trials.values + drift,
        made.trials.before,
    )
    for given, statistic in ((made.trials, "any"), (drifting, "direction")):
        found = twophoton.tuning_test(given, statistic=statistic, permutations=499)
        # p is uniform: 5 % below 0.05, within four standard errors of a binomial.
        assert np.mean(found.p <= 0.05) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 1000))
        assert stats.kstest(found.p, "uniform").pvalue > 1e-3
    null = twophoton.TrialResponses(
        made.trials.roi_labels,
        "direction",
        made.trials.stimulus,
        made.trials.repeat,
        made.trials.values - made.curves.mean(axis=0),
        made.trials.before,
    )
    found = twophoton.responsiveness_test(null, permutations=499)
    assert np.mean(found.p <= 0.05) == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 1000))


def test_the_rate_of_false_discoveries_holds_among_tuned_cells() -> None:
    made, null = simulate_trials(60, 20, 0.2, seed=7), simulate_trials(300, 20, 0.2, seed=7, tuned=False)
    order = np.argsort(made.trials.stimulus + 1000 * made.trials.repeat, kind="stable")
    other = np.argsort(null.trials.stimulus + 1000 * null.trials.repeat, kind="stable")
    values = np.concatenate([made.trials.values[order], null.trials.values[other]], axis=1)
    trials = twophoton.TrialResponses(
        tuple(map(str, range(360))),
        "direction",
        made.trials.stimulus[order],
        made.trials.repeat[order],
        values,
        np.zeros_like(values),
    )
    found = twophoton.tuning_test(trials, permutations=1999).found(0.05)
    assert found[:60].mean() > 0.9
    assert found[60:].sum() / max(found.sum(), 1) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)


def test_p_does_not_depend_on_the_other_cells() -> None:
    made = simulate_trials(40, 5, 0.5, seed=8)
    alone = twophoton.TrialResponses(
        ("a",),
        "direction",
        made.trials.stimulus,
        made.trials.repeat,
        made.trials.values[:, 7:8],
        made.trials.before[:, 7:8],
    )
    assert twophoton.tuning_test(alone).p[0] == twophoton.tuning_test(made.trials).p[7]
    assert twophoton.tuning_test(made.trials, seed=1).p[7] == twophoton.tuning_test(made.trials, seed=1).p[7]


def test_no_region_identical_ones_and_constant_ones() -> None:
    stimulus, random = np.tile(DIRECTIONS, 3), np.random.default_rng(0)
    none = twophoton.TrialResponses((), "direction", stimulus, np.repeat([1, 2, 3], 8), *np.zeros((2, 24, 0)))
    assert twophoton.tuning_curves(none, draws=10).low.shape == (8, 0)
    assert twophoton.direction_selectivity(none, draws=10).reasons == ()
    assert twophoton.tuning_test(none, permutations=9).p.shape == (0,)
    assert twophoton.responsiveness_test(none, permutations=9).q.shape == (0,)
    assert twophoton.split_half_reliability(none, splits=2).r.shape == (0,)
    one = random.normal(size=24)
    given = trials_of(np.stack([one, one, np.ones(24)], axis=1), stimulus)
    found = twophoton.tuning_test(given, permutations=99)
    assert found.p[0] == found.p[1]
    assert found.p[2] == 1
    assert np.isnan(twophoton.split_half_reliability(given).r[2])


def test_the_least_p_says_when_trials_are_too_few() -> None:
    found = twophoton.tuning_test(trials_of([1.0, 2.0, 1.0, 2.0, 1.0, 2.0], [0, 90] * 3))
    assert found.least == pytest.approx(1 / 4)
    assert found.p[0] == pytest.approx(1 / 4, abs=0.02)
    alone = twophoton.tuning_test(trials_of([1.0, 2.0, 3.0], [0, 90, 180], [1, 2, 3]), permutations=99)
    assert alone.p[0] == alone.least == 1


def test_regions_without_values_have_no_p() -> None:
    values = np.stack([np.full(12, np.nan), np.random.default_rng(0).normal(size=12)], axis=1)
    found = twophoton.tuning_test(trials_of(values, [0, 90] * 6), permutations=99)
    assert np.isnan(found.p[0])
    assert np.isnan(found.q[0])
    assert np.isfinite(found.q[1])
    assert found.found().tolist()[0] is False


def test_rates_are_those_of_benjamini_and_hochberg() -> None:
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.5])
    assert false_discovery_rates(p).tolist() == pytest.approx([0.04, 0.16 / 3, np.nan, 0.16 / 3, 0.5], nan_ok=True)


# ---------------------------------------------------------------------- halves
def test_reliability_foretells_the_correlation_with_as_many_new_trials() -> None:
    one, other = (simulate_trials(300, 20, 0.2, seed=seed) for seed in (9, 9))
    random = np.random.default_rng(10)
    noise = np.sqrt(one.curves.var(axis=0) / 0.2)
    fresh = one.curves + noise / np.sqrt(20) * random.normal(size=one.curves.shape)
    mean = twophoton.tuning_curves(other.trials, draws=10).mean
    expected = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(fresh.T, mean.T, strict=True)])
    found = twophoton.split_half_reliability(one.trials, splits=30)
    assert np.mean(found.corrected) == pytest.approx(expected, abs=0.03)
    assert np.allclose(found.corrected, np.where(found.r > 0, 2 * found.r / (1 + found.r), found.r))


def test_reliability_needs_three_stimuli_and_two_trials() -> None:
    assert np.isnan(twophoton.split_half_reliability(trials_of(np.arange(6.0), [0, 90] * 3)).r).all()
    assert np.isnan(twophoton.split_half_reliability(trials_of(np.arange(3.0), [0, 90, 180])).r).all()


# ---------------------------------------------------------------------- tables and figures
def test_the_table_has_a_row_for_each_region(tmp_path: Any) -> None:
    from lumentrace.storage import write_table

    made = simulate_trials(4, 4, 1.0, seed=11)
    made.trials.values[:, 2] = np.nan
    object.__setattr__(made.trials, "roi_labels", ("=a", "b", "c", "d"))
    curves, selectivity = twophoton.tuning_curves(made.trials, draws=50), twophoton.direction_selectivity(made.trials)
    test = twophoton.tuning_test(made.trials, permutations=99)
    halves = twophoton.split_half_reliability(made.trials, splits=5)
    table = twophoton.tuning_table(curves, selectivity=selectivity, tuned=test, responsive=test, reliability=halves)
    assert table["number"].to_list() == [1, 2, 3, 4]
    assert table["remarks"][2] == "some stimulus has no response"
    assert table["dsi_vector"].is_nan().to_list() == [False, False, True, False]
    assert table.select(pl.col("tuned_q").is_nan()).to_series().to_list() == [False, False, True, False]
    write_table(tmp_path / "tuning", table)
    assert "\n1,'=a," in (tmp_path / "tuning.csv").read_text()
    other = twophoton.tuning_curves(trials_of(np.ones(8), DIRECTIONS))
    with pytest.raises(ValueError, match="`selectivity`: expected the 1 regions of the curves"):
        twophoton.tuning_table(other, selectivity=selectivity)


def test_figures_show_bands_and_preferred_directions() -> None:
    from lumentrace.twophoton.report.tuning import polar_panels, tuning_panels

    made = simulate_trials(3, 4, 5.0, seed=12)
    made.trials.values[:, 1] = np.nan
    curves, selectivity = twophoton.tuning_curves(made.trials), twophoton.direction_selectivity(made.trials)
    figure, rows = tuning_panels(curves, [1, 2, 3], [0, 1, 2], ["<a>", "b", "c"], columns=2)
    assert rows == 2
    assert len(figure.data) == 6
    assert figure.layout.annotations[0].text == "&lt;a&gt;"
    assert np.allclose(figure.data[1].y, curves.mean[:, 0])
    band = figure.data[0].y
    assert np.allclose(band[:8], curves.high[:, 0])
    assert np.allclose(band[8:], curves.low[::-1, 0])
    figure, rows = polar_panels(curves, selectivity, [1, 2, 3], [0, 1, 2], ["a", "b", "c"])
    assert rows == 1
    lines = [trace for trace in figure.data if trace.subplot in (None, "polar") and len(trace.r) == 2]
    assert lines[0].theta[0] == pytest.approx(selectivity.direction.value[0])


# ---------------------------------------------------------------------- settings
@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda t: twophoton.tuning_curves(t, draws=3), "`draws`"),
        (lambda t: twophoton.tuning_curves(t, level=1.0), "`level`"),
        (lambda t: twophoton.tuning_test(t, permutations=0), "`permutations`"),
        (lambda t: twophoton.tuning_test(t, statistic="best"), "`statistic`"),
        (lambda t: twophoton.responsiveness_test(t, permutations=2.5), "`permutations`"),
        (lambda t: twophoton.split_half_reliability(t, splits=0), "`splits`"),
        (lambda t: trials_of(np.ones(3), [0, np.nan, 1]), "`stimulus`"),
        (lambda t: trials_of(np.ones((3, 1)), [0, 1, 2], [1, 2]), "`repeat`"),
        (lambda t: twophoton.trial_responses(grouped([(0, 1)], [2]), {3: 1.0}), "`parameter`"),
        (lambda t: twophoton.trial_responses(grouped([(0, 1)], [2]), {2: 1.0}, window_seconds=(1, 0)), "`window_sec"),
        (lambda t: twophoton.trial_responses(grouped([(0, 1)], [2]), {2: 1.0}, before_seconds=0), "`before_seconds`"),
    ],
)
def test_settings_that_are_none(call: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        call(trials_of(np.ones(8), DIRECTIONS))
