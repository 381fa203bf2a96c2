"""Two-photon: annuli, the neuropil in regions, and baselines that follow slow changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage, stats

from lumentrace import twophoton
from lumentrace.twophoton.measure.traces import BackgroundCorrectedRoiTraces
from spike_cases import planted

RATE = 30.0
Array = NDArray[Any]


def traces_of(values: Array) -> BackgroundCorrectedRoiTraces:
    labels = tuple(f"roi_{number}" for number in range(values.shape[1]))
    return BackgroundCorrectedRoiTraces(
        values, np.zeros_like(values), values, labels, 0, len(values), "mean", "none", {}
    )


def surroundings(
    frames: int, regions: int, *, coefficient: float, noise: float = 4.0, bleaching: float = 0.3, seed: int = 0
) -> tuple[Array, Array]:
    """Regions with photon-like noise and calcium in a neuropil that changes within seconds and bleaches."""
    random = np.random.default_rng(seed)
    fade = np.exp(-bleaching * np.arange(frames)[:, None] / frames)
    slow = ndimage.gaussian_filter1d(random.normal(size=(frames, regions)), 0.5 * RATE, axis=0)
    neuropil = 60 + 12 * slow / slow.std(axis=0)
    cells = planted(frames, regions, tau=(0.7,), events_hz=0.2, noise=0.0, baseline=0.0, seed=seed + 1).calcium
    region = fade * (40 + 30 * cells + coefficient * neuropil)
    seen = fade * neuropil + random.normal(0, noise / 4, neuropil.shape)
    return region + random.normal(0, noise, region.shape), seen


# ---------------------------------------------------------------------- annuli
def test_annuli_avoid_all_regions() -> None:
    labels = np.zeros((60, 80), int)
    labels[20:28, 10:18], labels[20:28, 20:28], labels[0:5, 74:80] = 1, 2, 3
    cells = twophoton.make_roi_set_from_label_image(labels)
    rings = twophoton.neuropil_roi_set(cells, gap_pixels=3, least_pixels=150)
    assert rings.labels == cells.labels
    apart = ndimage.distance_transform_edt(labels == 0)
    for number, own in enumerate(rings.regions(), 1):
        away = ndimage.distance_transform_edt(labels != number)
        free = np.where(apart > 3, away, np.inf).ravel()
        expected = np.flatnonzero(free <= np.sort(free)[149])
        np.testing.assert_array_equal(own, expected)
    assert [step.name for step in rings.provenance.steps] == ["neuropil_roi_set"]


def test_annuli_end_where_they_are_told_to() -> None:
    labels = np.zeros((50, 50), int)
    labels[20:26, 20:26] = 1
    ring = twophoton.neuropil_roi_set(
        twophoton.make_roi_set_from_label_image(labels), least_pixels=2000, radius_pixels=6
    )
    away = ndimage.distance_transform_edt(labels == 0)
    np.testing.assert_array_equal(ring.pixels, np.flatnonzero((away > 2) & (away <= 6)))
    full = twophoton.neuropil_roi_set(twophoton.make_roi_set(np.ones((1, 9, 9))))
    assert [own.size for own in full.regions()] == [0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gap_pixels", -1),
        ("gap_pixels", np.nan),
        ("least_pixels", 0),
        ("radius_pixels", 1.0),
        ("radius_pixels", np.inf),
    ],
)
def test_annuli_without_sense(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"`{name}`"):
        twophoton.neuropil_roi_set(twophoton.make_roi_set(np.eye(9)[:, None]), **{name: value})


# ---------------------------------------------------------------------- coefficients
@pytest.mark.parametrize("coefficient", [0.2, 0.7, 1.0])
def test_coefficients_have_no_bias(coefficient: float) -> None:
    fit = twophoton.fit_neuropil(*surroundings(9000, 12, coefficient=coefficient), rate_hz=RATE)
    assert fit.reasons == ("",) * 12
    assert abs(fit.coefficients.mean() - coefficient) < 0.05
    deviations = (fit.coefficients - coefficient) / fit.standard_errors
    assert np.sqrt((deviations**2).mean()) < 1.5
    assert fit.standard_errors.max() < 0.1


def test_standard_errors_are_those_of_repeated_recordings() -> None:
    """Short recordings, in which the frames that are kept are not the same ones without a piece of it."""
    fit = twophoton.fit_neuropil(*surroundings(2500, 60, coefficient=0.6, seed=40), rate_hz=RATE)
    deviations = (fit.coefficients - 0.6) / fit.standard_errors
    assert 0.75 < np.sqrt((deviations**2).mean()) < 1.3


def test_neuropil_is_taken_away() -> None:
    region, neuropil = surroundings(6000, 3, coefficient=0.6, bleaching=0.0)
    found = twophoton.subtract_neuropil(traces_of(region), traces_of(neuropil), rate_hz=RATE)
    np.testing.assert_array_equal(found.corrected_values, region - found.coefficients * neuropil)
    given = twophoton.subtract_neuropil(traces_of(region), traces_of(neuropil), rate_hz=RATE, coefficient=0.7)
    np.testing.assert_array_equal(given.corrected_values, region - 0.7 * neuropil)
    assert not given.standard_errors.any()
    assert twophoton.rolling_delta_f_over_f(found, rate_hz=RATE).labels == found.labels


def test_what_cannot_be_fitted_says_why() -> None:
    region, neuropil = surroundings(1000, 4, coefficient=0.5)
    neuropil[:, 1], neuropil[:, 2], region[3, 3] = np.nan, 50.0, np.inf
    found = twophoton.subtract_neuropil(traces_of(region), traces_of(neuropil), rate_hz=RATE)
    assert [reason[:35] for reason in found.reasons] == [
        "",
        "the neuropil is not finite: has its",
        "the neuropil does not change beyond",
        "a value of the fluorescence is not ",
    ]
    assert np.isnan(found.corrected_values[:, 1:]).all()
    assert np.isfinite(found.corrected_values[:, 0]).all()
    noise = np.random.default_rng(0).normal(50, 1, (1000, 1))
    assert "beyond its noise" in twophoton.fit_neuropil(region[:, :1], noise, rate_hz=RATE).reasons[0]
    assert "fewer than" in twophoton.fit_neuropil(region[:1, :1], noise[:1], rate_hz=RATE).reasons[0]
    given = twophoton.subtract_neuropil(traces_of(region), traces_of(neuropil), rate_hz=RATE, coefficient=0.7)
    assert [bool(reason) for reason in given.reasons] == [False, True, False, False]


def test_traces_of_other_regions_are_refused() -> None:
    region, neuropil = surroundings(300, 3, coefficient=0.5)
    with pytest.raises(ValueError, match="`neuropil`: expected the regions and frames"):
        twophoton.subtract_neuropil(traces_of(region), traces_of(neuropil[:, :2]), rate_hz=RATE)
    with pytest.raises(ValueError, match="`neuropil`: expected equal shapes"):
        twophoton.fit_neuropil(region, neuropil[:, :2], rate_hz=RATE)
    with pytest.raises(ValueError, match="`slow_seconds`"):
        twophoton.fit_neuropil(region, neuropil, rate_hz=RATE, slow_seconds=0.5)


# ---------------------------------------------------------------------- baselines
def test_rolling_percentiles_are_those_of_the_window() -> None:
    values = np.random.default_rng(2).normal(size=(80, 2))
    found = twophoton.percentile_baseline(values, rate_hz=2.0, window_seconds=10.0, percentile=25)
    for frame in range(10, 70):
        window = values[frame - 10 : frame + 11]
        np.testing.assert_array_equal(found[frame], np.sort(window, axis=0)[int(21 * 0.25)])


def test_maximin_is_an_opening_of_the_smoothed_trace() -> None:
    values = np.random.default_rng(3).normal(size=(90, 2))
    found = twophoton.maximin_baseline(values, rate_hz=2.0, window_seconds=7.0, smoothing_seconds=1.5)
    smooth = ndimage.gaussian_filter1d(values, 3.0, axis=0)
    np.testing.assert_allclose(found, ndimage.grey_opening(smooth, size=(15, 1)), atol=1e-12)


@pytest.mark.parametrize("method", ["percentile", "maximin"])
def test_baselines_follow_bleaching(method: Any) -> None:
    case = planted(6000, 3, events_hz=0.2, noise=0.1, baseline=0.0, seed=4)
    fade = 10 * np.exp(-np.arange(6000) / 20_000)[:, None]
    found = twophoton.rolling_delta_f_over_f(traces_of(fade * (1 + 0.2 * case.traces)), rate_hz=RATE, method=method)
    assert found.metadata["reasons"] == ("",) * 3
    assert np.abs(found.baseline / fade - 1).max() < 0.08
    for own, calcium in zip(found.values.T, case.calcium.T, strict=True):
        assert stats.pearsonr(own, calcium)[0] > 0.85
    assert found.provenance.steps[-1].name == "rolling_delta_f_over_f"


def test_baselines_that_give_no_relative_change_say_why() -> None:
    values = np.random.default_rng(5).normal(5, 1, (300, 3))
    values[4, 1] = np.nan
    values[:, 2] -= 50
    found = twophoton.rolling_delta_f_over_f(traces_of(values), rate_hz=RATE)
    assert [bool(reason) for reason in found.metadata["reasons"]] == [False, True, True]
    assert "0 or less in 300 of 300 frames" in found.metadata["reasons"][2]
    assert np.isnan(found.values[:, 1:]).all()
    assert np.isfinite(found.baseline[:, 2]).all()
    for frames in (0, 1):
        short = twophoton.rolling_delta_f_over_f(traces_of(values[:frames]), rate_hz=RATE)
        assert short.values.shape == (frames, 3)


@pytest.mark.parametrize(
    ("name", "value"), [("window_seconds", 0.0), ("rate_hz", -1.0), ("percentile", 101.0), ("method", "median")]
)
def test_baselines_without_sense(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"`{name}`"):
        twophoton.rolling_delta_f_over_f(traces_of(np.ones((9, 1))), **{"rate_hz": RATE, name: value})
