"""Two-photon: events behind calcium traces, against non-negative least squares and planted events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lumentrace import FormatError, twophoton
from lumentrace.twophoton.measure import trace_blocks
from lumentrace.twophoton.measure.spikes import roots
from spike_cases import planted
from twins import spikes as twin

RATE = 30.0
ORDERS = [(0.4,), (0.5, 0.08)]


# ---------------------------------------------------------------------- the minimum
@pytest.mark.parametrize("tau", ORDERS)
@pytest.mark.parametrize("baseline", [None, 1.9])
@pytest.mark.parametrize("penalty", [None, 0.5])
def test_nothing_is_better(tau: tuple[float, ...], baseline: float | None, penalty: float | None) -> None:
    case = planted(60, 3, tau=tau, events_hz=2.0, seed=4)
    found = twophoton.deconvolve(
        case.traces, rate_hz=RATE, order=len(tau), tau=tau, baseline=baseline, sigma=0.3, penalty=penalty
    )
    assert found.reasons == ("",) * 3
    decay, rise = roots(found.tau, RATE)[0]
    k = twin.kernel(60, decay, rise)
    for trace, events, level, weight in zip(case.traces.T, found.spikes.T, found.baseline, found.penalty, strict=True):
        own = twin.objective(trace, k, events, level, weight)
        assert own == pytest.approx(twin.least(trace, k, weight, baseline), rel=1e-7)
        if penalty is None:
            assert ((trace - level - k @ events) ** 2).sum() == pytest.approx(0.09 * 60, rel=1e-9)


@pytest.mark.parametrize("tau", ORDERS)
@pytest.mark.parametrize("rate_hz", [5.0, 30.0, 200.0])
def test_conditions_of_the_minimum_hold_for_long_traces(tau: tuple[float, ...], rate_hz: float) -> None:
    case = planted(3000, 4, rate_hz=rate_hz, tau=tau, seed=5)
    found = twophoton.deconvolve(case.traces, rate_hz=rate_hz, order=len(tau), tau=tau)
    decay, rise = roots(found.tau, rate_hz)[0]
    for trace, events, level, weight in zip(case.traces.T, found.spikes.T, found.baseline, found.penalty, strict=True):
        over = twin.overshoot(trace, events, level, weight, decay, rise)
        least = 1e-7 * max(weight, 1.0)
        assert over.max() < least
        assert np.abs(over[events > 0]).max() < least
    left = case.traces - found.baseline - found.calcium
    squares = (left**2).mean(axis=0) / found.sigma**2
    np.testing.assert_allclose(squares[found.penalty > 0], 1, rtol=1e-9)
    assert (squares >= 1 - 1e-9).all()
    assert (found.penalty > 0).any()
    np.testing.assert_allclose(left.mean(axis=0), 0, atol=1e-9)


# ---------------------------------------------------------------------- what is found
@pytest.mark.parametrize(("tau", "least"), [((0.5,), 0.85), ((0.6, 0.08), 0.75)])
def test_planted_events_are_found(tau: tuple[float, ...], least: float) -> None:
    case = planted(6000, 5, tau=tau, noise=0.2, seed=6)
    found = twophoton.deconvolve(case.traces, rate_hz=RATE, order=len(tau), s_min=0.5)
    for events, truth in zip(found.spikes.T, case.events.T, strict=True):
        near = np.convolve(truth, [1, 1, 1], "same")
        assert np.corrcoef(np.convolve(events, [1, 1, 1], "same"), near)[0, 1] > least
    np.testing.assert_allclose(found.baseline, 2, atol=0.06)
    np.testing.assert_allclose(found.sigma, 0.2, rtol=0.1)
    assert not found.penalty.any()
    assert (found.spikes[1:][found.spikes[1:] > 0] >= 0.5).all()


@pytest.mark.parametrize("tau", ORDERS)
def test_time_constants(tau: tuple[float, ...]) -> None:
    case = planted(20_000, 8, tau=tau, noise=0.2, seed=7)
    found = twophoton.estimate_time_constants(case.traces, rate_hz=RATE, order=len(tau))
    np.testing.assert_allclose(np.median(found, axis=0), tau, rtol=0.15)


def test_silent_regions_borrow_time_constants() -> None:
    case = planted(3000, 4, seed=8)
    case.traces[:, 2] = np.random.default_rng(1).normal(0, 0.3, 3000)
    assert np.isnan(twophoton.estimate_time_constants(case.traces, rate_hz=RATE)[2, 0])
    found = twophoton.deconvolve(case.traces, rate_hz=RATE)
    assert found.tau[2] == np.median(found.tau[[0, 1, 3]])
    assert [bool(note) for note in found.notes] == [False, False, True, False]
    alone = twophoton.deconvolve(case.traces[:, [2]], rate_hz=RATE)
    assert alone.reasons[0].startswith("no time constants")
    assert np.isnan(alone.spikes).all()


def test_intervals_hold_the_sizes_of_events() -> None:
    random = np.random.default_rng(9)
    sizes = random.uniform(1.5, 3.0, (20, 20))
    case = planted(1000, 20, events_hz=0.0, noise=0.3, seed=9)
    events = np.zeros((1000, 20))
    events[25:1000:50] = sizes
    calcium = events.copy()
    for frame in range(1, 1000):
        calcium[frame] += np.exp(-1 / (0.5 * RATE)) * calcium[frame - 1]
    traces = case.traces + calcium
    found = twophoton.deconvolve(traces, rate_hz=RATE, tau=0.5)
    table = twophoton.spike_sizes(traces, found, replicates=100)
    table = table.filter(table["size"] > 0.6)
    inside = []
    for row in table.iter_rows(named=True):
        true = events[row["first_frame"] - 1 : row["last_frame"] + 2, row["region"]].sum()
        inside.append(row["low"] <= true <= row["high"])
    assert len(inside) > 300
    assert 0.88 < np.mean(inside) < 0.99
    assert (table["time_s"] == table["first_frame"] / RATE).all()


# ---------------------------------------------------------------------- how it is computed
def test_blocks_and_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    case = planted(400, 6, seed=10)
    whole = twophoton.deconvolve(case.traces, rate_hz=RATE, threads=1)
    monkeypatch.setattr(trace_blocks, "BLOCK_BYTES", 400 * 8 * 2)
    parts = twophoton.deconvolve(np.asfortranarray(case.traces), rate_hz=RATE, threads=2)
    np.testing.assert_array_equal(parts.spikes, whole.spikes)
    np.testing.assert_array_equal(parts.penalty, whole.penalty)
    sizes = twophoton.spike_sizes(case.traces, whole, replicates=20, threads=2)
    monkeypatch.undo()
    assert sizes.equals(twophoton.spike_sizes(case.traces, whole, replicates=20, threads=1))


def test_single_precision_stays() -> None:
    case = planted(500, 3, seed=11)
    found = twophoton.deconvolve(case.traces.astype(np.float32), rate_hz=RATE, tau=0.5)
    assert found.spikes.dtype == found.calcium.dtype == np.float32
    np.testing.assert_allclose(found.spikes, twophoton.deconvolve(case.traces, rate_hz=RATE, tau=0.5).spikes, atol=1e-4)


def test_files(tmp_path: Path) -> None:
    case = planted(200, 3, seed=12)
    case.traces[5, 1] = np.nan
    found = twophoton.deconvolve(case.traces, rate_hz=RATE, order=2, tau=(0.5, 0.1), s_min=0.2)
    again = twophoton.load_spikes(twophoton.save_spikes(tmp_path / "new" / "spikes.h5", found))
    for name in ("spikes", "baseline", "sigma", "penalty", "tau"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    assert (again.reasons, again.notes, again.s_min, again.provenance) == (
        found.reasons,
        found.notes,
        0.2,
        found.provenance,
    )
    assert found.provenance.steps[-1].name == "deconvolve"
    rois = twophoton.save_roi_set(twophoton.make_roi_set(np.ones((1, 3, 3))), tmp_path / "rois.h5")
    with pytest.raises(FormatError, match=r"rois\.h5: expected format 'lumentrace-spikes'"):
        twophoton.load_spikes(rois)


# ---------------------------------------------------------------------- what cannot be measured
def test_each_region_says_why_it_has_no_events() -> None:
    case = planted(300, 5, seed=13)
    case.traces[7, 1], case.traces[8, 2], case.traces[:, 3] = np.nan, -np.inf, 4.0
    case.traces[:, 4] -= 1000.0
    found = twophoton.deconvolve(case.traces, rate_hz=RATE, tau=0.5)
    assert found.reasons == ("", *["a value is NaN, infinite or beyond 1e100"] * 2, "all values are the same", "")
    assert np.isnan(found.spikes[:, 1:4]).all()
    assert np.isnan(found.baseline[1:4]).all()
    shifted = twophoton.deconvolve(case.traces[:, [4]] + 1000.0, rate_hz=RATE, tau=0.5)
    np.testing.assert_allclose(found.spikes[:, [4]], shifted.spikes, atol=1e-8)
    assert set(twophoton.spike_sizes(case.traces, found, replicates=2)["region"]) == {0, 4}


@pytest.mark.parametrize("frames", [0, 1, 2])
@pytest.mark.parametrize("tau", [None, 0.5])
def test_few_frames(frames: int, tau: float | None) -> None:
    found = twophoton.deconvolve(np.ones((frames, 2)), rate_hz=RATE, tau=tau)
    assert found.reasons == ("fewer than 3 frames",) * 2
    assert found.spikes.shape == (frames, 2)


def test_a_fit_closer_than_the_noise_is_told() -> None:
    trace = np.linspace(50, 0, 100)[:, None] ** 2
    found = twophoton.deconvolve(trace, rate_hz=RATE, tau=0.05, sigma=1e-3, baseline=3000.0)
    assert found.penalty == 0
    assert "not as close as the noise" in found.notes[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate_hz", 0.0),
        ("rate_hz", np.nan),
        ("order", 3),
        ("tau", -1.0),
        ("tau", (0.5, 0.1)),
        ("tau", np.inf),
        ("sigma", 0.0),
        ("sigma", [1.0, 2.0, 3.0]),
        ("baseline", np.nan),
        ("penalty", -1.0),
        ("penalty", 0.0),
        ("s_min", -1.0),
    ],
)
def test_settings_out_of_range(name: str, value: object) -> None:
    given = {"rate_hz": RATE, name: value}
    with pytest.raises(ValueError, match=f"`{name}`"):
        twophoton.deconvolve(planted(50, 2).traces, **given)  # type: ignore[arg-type]


def test_a_rise_that_is_no_shorter_than_the_decay() -> None:
    with pytest.raises(ValueError, match="`tau`: expected a rise that is shorter"):
        twophoton.deconvolve(planted(50, 2).traces, rate_hz=RATE, order=2, tau=(0.1, 0.2))


def test_sizes_of_other_traces() -> None:
    case = planted(50, 2)
    found = twophoton.deconvolve(case.traces, rate_hz=RATE, tau=0.5)
    with pytest.raises(ValueError, match="`traces`: expected those of the spikes"):
        twophoton.spike_sizes(case.traces[:-1], found)
    for name in ("replicates", "coverage"):
        with pytest.raises(ValueError, match=f"`{name}`"):
            twophoton.spike_sizes(case.traces, found, **{name: 0})
