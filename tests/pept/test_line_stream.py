"""Tracers followed while lines come in, against the whole model, a filter that knows the association, and the truth."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from helpers import assert_identical
from lumentrace import LineData, Pipeline, _core
from lumentrace.pept import simulation
from lumentrace.pept.sources import Block
from lumentrace.pept.tracking import LineTracker
from lumentrace.pept.tracking.locations import COLUMNS, UNITS
from lumentrace.pept.tracking.update import Update
from twins import line_tracker as twin

sys.path.append(str(Path(__file__).parents[2] / "benches"))
import floor

Array = NDArray[np.float64]

PERFECT = {"positron_range": 0.0, "acollinearity": 0.0, "scatter": 0.0}
WHEEL = [simulation.Circle(radius=80, rpm=42), simulation.Circle(radius=80, rpm=42, phase=np.pi)]
FIRST_NOISE = 1e-5


def simulated(paths: list[simulation.Path], n: int, seed: int, noise: float = 0.5, rate: float = 100.0):
    return simulation.simulate(paths, n=n, noise=noise, seed=seed, rate=rate, **PERFECT)


def cut(lines: Array, *at: int) -> Iterator[Array]:
    return iter(np.split(lines, at))


def locations(updates: list[Update], which: str) -> Array:
    return np.concatenate([getattr(update, which).points for update in updates])


def streamed(lines: Array, tracers: int | None = None, every: float | None = None, step: int = 1000) -> list[Update]:
    return list(LineTracker(tracers, every).stream(cut(lines, *range(step, len(lines), step))))


def errors(rows: Array, run: simulation.Simulated) -> Array:
    """Distance of each location from the nearest tracer."""
    truth = run.truth(rows[:, 0])
    return np.min([np.linalg.norm(rows[:, 1:4] - each, axis=1) for each in truth], axis=0)


def rms(values: Array) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.fixture(scope="module")
def wheel() -> simulation.Simulated:
    return simulated(WHEEL, 60_000, seed=31)


@pytest.fixture(scope="module")
def offline(wheel: simulation.Simulated) -> Array:
    return LineTracker(2, lag="settled").fit(wheel.lines).points


# ---------------------------------------------------------------- one result, however it comes
@settings(max_examples=6, deadline=None)
@given(cuts=st.lists(st.integers(0, 60_000), max_size=30).map(sorted))
def test_any_blocks_give_what_the_offline_run_with_the_same_lag_gives(wheel, offline, cuts):
    updates = list(LineTracker(2).stream(cut(wheel.lines.lines, *cuts)))
    np.testing.assert_array_equal(locations(updates, "smoothed"), offline)


def test_filtered_locations_do_not_depend_on_blocks(wheel):
    one, other = (locations(streamed(wheel.lines.lines, 2, step=step), "filtered") for step in (333, 60_000))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("lag", [0.0, 15.0])
def test_a_lag_in_ms_is_kept(wheel, lag):
    tracker = LineTracker(2, lag=lag)
    updates = list(tracker.stream(cut(wheel.lines.lines, *range(100, 60_000, 100))))
    np.testing.assert_array_equal(locations(updates, "smoothed"), tracker.fit(wheel.lines).points)
    behind = [update.time - update.smoothed["t"].min() for update in updates[200:-1] if len(update.smoothed.points)]
    assert lag < np.median(behind) < lag + 25
    assert updates[-2].lag == lag


def test_threads_change_nothing(wheel):
    def fed(threads: int) -> tuple[Array, Array]:
        stream = _core.LineStream(2)
        filtered, smoothed, _ = stream.feed(wheel.lines.lines, threads)
        return filtered, smoothed

    for one, other in zip(fed(1), fed(2), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_pipeline_takes_a_tracker_with_a_lag(wheel, offline):
    tracks = Pipeline([LineTracker(2, lag="settled")]).fit(wheel.lines, verbose=False)
    np.testing.assert_array_equal(tracks.points, offline)
    assert tracks.columns == COLUMNS
    assert tracks.units == UNITS
    assert tracks.provenance.steps[-1].parameters["lag"] == "settled"
    assert_identical(tracks, Pipeline([LineTracker(2, lag="settled")]).fit(wheel.lines, "sequential", verbose=False))


# ---------------------------------------------------------------- how good it is
@pytest.mark.parametrize(
    ("paths", "noise", "seed"),
    [
        (WHEEL, 0.5, 41),
        ([simulation.Wander(seed=5)], 0.5, 42),
        ([simulation.Circle(radius=60, rpm=300)], 0.8, 43),
    ],
    ids=["wheel", "wander", "300 rpm"],
)
def test_errors_are_near_those_of_the_whole_model_and_of_a_filter_that_knows_the_association(paths, noise, seed):
    run = simulated(paths, 50_000, seed, noise)
    updates = streamed(run.lines.lines, len(paths))
    whole = LineTracker(len(paths)).fit(run.lines).points
    assert rms(errors(locations(updates, "smoothed"), run)) <= 1.05 * rms(errors(whole, run))
    times, places = twin.live(run.lines.lines, run.labels, np.full(len(paths), FIRST_NOISE))
    late = times > 100
    known = np.linalg.norm(places - run.truth(times), axis=2)[:, late]
    assert rms(errors(locations(updates, "filtered"), run)) <= 1.15 * rms(known)


def test_sigmas_are_those_of_the_errors(wheel, offline):
    off = offline[:, 1:4] - wheel.truth(offline[:, 0])
    nearest = np.linalg.norm(off, axis=2).argmin(axis=0)
    own = off[nearest, np.arange(len(offline))]
    assert 0.62 < np.mean(np.abs(own) < offline[:, 7:10]) < 0.76
    assert 0.92 < np.mean(np.abs(own) < 2 * offline[:, 7:10]) < 0.98


@pytest.mark.parametrize("seed", range(300, 305))
def test_beside_a_bounce_a_tracer_is_where_its_way_before_or_after_it_is(seed):
    rng = np.random.default_rng(seed)
    paths = [floor.bounce(rng, speed) for speed in (1.0, 0.5)]
    lines = floor.lines_of(paths, 60_000, 0.5, rng).lines
    rows = locations(streamed(lines, 2), "smoothed")
    off = np.min([np.linalg.norm(rows[:, 1:4] - path(rows[:, 0]), axis=1) for path in paths], axis=0)
    # On the wrong side of a bounce, half a block away from it, places would be 8 to 14 sigmas off.
    assert (off < 5 * np.linalg.norm(rows[:, 7:10], axis=1)).all()


def test_nothing_is_told_twice_and_in_order_of_time(wheel):
    updates = streamed(wheel.lines.lines, 2)
    for which in ("filtered", "smoothed"):
        rows = locations(updates, which)
        assert (np.diff(rows[:, 0]) >= 0).all()
        assert len(np.unique(rows[:, [0, 14]], axis=0)) == len(rows)
        assert np.isfinite(rows).all()


def test_locations_at_a_spacing_are_at_its_multiples(wheel):
    updates = streamed(wheel.lines.lines, 2, every=2.0)
    for which, least in (("filtered", 240), ("smoothed", 298)):
        rows = locations(updates, which)
        for label in (0, 1):
            own = rows[rows[:, 14] == label, 0]
            assert (own % 2 == 0).all()
            assert (np.diff(own) == 2).all()
            assert len(own) >= least


# ---------------------------------------------------------------- what is told meanwhile
def test_an_update_tells_where_the_tracers_are(wheel):
    update = streamed(wheel.lines.lines, 2)[-2]
    assert [tracer.label for tracer in update.tracers] == [0, 1]
    for tracer in update.tracers:
        off = np.linalg.norm(np.asarray(wheel.truth(np.array([tracer.time]))[:, 0]) - tracer.position, axis=1)
        assert off.min() < 5 * max(tracer.sigma) < 5
        assert tracer.rate == pytest.approx(25, rel=0.1)
        assert tracer.share == pytest.approx(0.25, abs=0.02)
        assert np.linalg.norm(tracer.velocity) == pytest.approx(80 * 42 * 2 * np.pi / 60_000, rel=0.3)
    assert update.rate == pytest.approx(100, rel=0.1)
    assert update.explained == pytest.approx(0.5, abs=0.03)
    assert (update.lines, update.unused, update.dropped) == (60_000, 0, 0)
    assert 5 < update.lag < 400


def test_before_there_is_a_tracer_everything_unknown_is_nan():
    update = next(LineTracker(1).stream(iter([np.zeros((0, 7))])))
    assert np.isnan([update.time, update.rate, update.lag, update.explained]).all()
    assert update.tracers == ()
    assert update.filtered.points.shape == update.smoothed.points.shape == (0, 15)


def test_dropped_lines_are_added_up_in_every_update():
    blocks = [Block(dropped=3), Block(notices=("it rains",)), Block(dropped=4)]
    updates = list(LineTracker(1).stream(blocks))
    assert [update.dropped for update in updates] == [3, 3, 7, 7]
    assert [update.notices for update in updates] == [(), ("it rains",), (), ()]


def test_tracers_that_come_and_go_have_numbers_of_their_own():
    first, second = simulated(WHEEL[:1], 30_000, 51), simulated(WHEEL[1:], 30_000, 52)
    later = second.lines.lines + np.array([first.lines.lines[-1, 0] + 500, 0, 0, 0, 0, 0, 0])
    updates = streamed(np.concatenate([first.lines.lines, later]))
    rows = locations(updates, "smoothed")
    assert np.unique(rows[:, 14]).tolist() == [0, 1]
    assert rows[rows[:, 14] == 0, 0].max() < 310 < 790 < rows[rows[:, 14] == 1, 0].min()
    (notice,) = (notice for update in updates for notice in update.notices)
    assert re.fullmatch(r"no lines for (499|500).* ms after (299|300).* ms", notice)


def test_noise_alone_is_no_tracer():
    run = simulated([simulation.Static()], 40_000, 53, noise=1.0)
    updates = streamed(run.lines.lines)
    assert len(locations(updates, "smoothed")) == len(locations(updates, "filtered")) == 0


# ---------------------------------------------------------------- clocks and lines that are not as they should be
def test_a_clock_that_jumps_back_is_counted_on(wheel):
    lines = wheel.lines.lines
    again = np.concatenate([lines, lines])
    again[: len(lines), 0] += 5000
    updates = streamed(again, 2)
    assert updates[-1].unused == 0
    (notice,) = (notice for update in updates for notice in update.notices)
    assert "the clock went back by 5" in notice
    rows = locations(updates, "smoothed")
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert rows[-1, 0] == pytest.approx(6200, abs=5)


def test_stray_times_and_broken_lines_are_left_out_and_told(wheel, offline):
    lines = wheel.lines.lines.copy()
    broken = np.arange(20_005, 60_000, 50)
    spoiled = np.insert(lines, broken, [1e9, 0, 0, 0, 1, 1, 1], axis=0)
    spoiled[broken[::2] + np.arange(len(broken))[::2], 1:] = np.nan
    updates = streamed(spoiled, 2)
    assert updates[-1].unused == len(broken)
    np.testing.assert_array_equal(locations(updates, "smoothed"), offline)
    assert sum("lines left out" in notice for update in updates for notice in update.notices) >= 3


def test_lines_out_of_order_within_a_block_change_nothing(wheel):
    lines = wheel.lines.lines
    swapped = lines.copy()
    swapped[20_000::50], swapped[20_001::50] = lines[20_001::50], lines[20_000::50]
    one, other = (locations(streamed(each, 2), "smoothed") for each in (lines, swapped))
    assert len(one) == pytest.approx(len(other), rel=0.01)
    assert rms(errors(other, wheel)) == pytest.approx(rms(errors(one, wheel)), rel=0.02)


@pytest.mark.parametrize("count", [0, 1, 2, 500, 3000])
def test_few_lines_are_tracked_when_the_source_ends(wheel, count):
    lines = wheel.lines.lines[:count]
    updates = streamed(lines, 2)
    found = locations(updates, "smoothed")
    whole = LineTracker(2).fit(LineData(lines)).points
    assert len(found) == pytest.approx(len(whole), abs=0.1 * len(whole) + 1)


def test_lines_of_a_coarse_clock_are_spread_over_its_ticks():
    run = simulated(WHEEL, 60_000, 54)
    coarse = run.lines.lines.copy()
    coarse[:, 0] = np.floor(coarse[:, 0])
    fine, found = (rms(errors(locations(streamed(each, 2), "smoothed"), run)) for each in (run.lines.lines, coarse))
    assert found < 1.3 * fine


def spoil(lines: Array, rng: np.random.Generator) -> Array:
    """Lines with stretches that no camera should give."""
    lines = lines[: rng.integers(2, len(lines))].copy()
    for _ in range(rng.integers(1, 5)):
        first = rng.integers(0, len(lines) - 1)
        part = slice(first, first + rng.integers(1, 10_000))
        own = lines[part]
        spoilt = [
            lambda own: own + rng.choice([1e3, -1e3, 1e9, -1e9, 1e300]) * np.eye(7)[0],
            lambda own: rng.normal(size=own.shape) * 10.0 ** rng.integers(-300, 300),
            lambda own: np.where(np.arange(7) == rng.integers(0, 7), rng.choice([np.nan, np.inf, 0, 1e308]), own),
            lambda own: np.where(np.arange(7) == 0, own[0], own),
            lambda own: np.column_stack([rng.permutation(own[:, 0]), own[:, 1:]]),
            lambda own: own[:, [0, 1, 2, 3, 1, 2, 3]],
            lambda own: np.column_stack([own[:, 0], np.tile(own[0, 1:], (len(own), 1))]),
            lambda own: np.where(np.arange(7) == 0, np.floor(own), own),
        ]
        lines[part] = spoilt[rng.integers(len(spoilt))](own)
    return lines


@pytest.mark.parametrize("seed", range(12))
def test_whatever_lines_are_locations_are_finite_and_blocks_change_nothing(wheel, seed):
    rng = np.random.default_rng(seed)
    lines = spoil(wheel.lines.lines[:30_000], rng)
    tracker = LineTracker([None, 1, 2][rng.integers(3)], [None, 1.0][rng.integers(2)])
    one, other = (
        locations(list(tracker.stream(cut(lines, *np.sort(rng.integers(0, len(lines), cuts))))), "smoothed")
        for cuts in (3, 40)
    )
    np.testing.assert_array_equal(one, other)
    assert np.isfinite(one[:, :13]).all()
    assert (np.abs(one[:, 0]) <= 1e15).all()


# ---------------------------------------------------------------- arguments
@pytest.mark.parametrize("lag", [-1, np.nan, np.inf, 1e6, True, "soon", [1.0]])
def test_a_lag_that_is_none_is_refused(lag):
    with pytest.raises(ValueError, match="`lag`: expected a time from 0 to 60000 ms or 'settled'"):
        LineTracker(1, lag=lag)


def test_times_of_all_locations_need_all_lines():
    with pytest.raises(ValueError, match="`every`: expected a time"):
        LineTracker(1, [1.0, 2.0], lag=5.0)
    with pytest.raises(ValueError, match="`every`: expected a time"):
        next(LineTracker(1, [1.0, 2.0]).stream(iter([])))


def test_tables_that_are_no_lines_are_refused():
    with pytest.raises(ValueError, match="block 1: expected a table of at least 7 columns"):
        list(LineTracker(1).stream([np.zeros((3, 7)), np.zeros((3, 4))]))
