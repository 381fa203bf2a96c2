"""How many tracers the line tracker finds if nobody says it, and which motion and clock it takes them to have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from lumentrace import LineData, PointData
from lumentrace.pept import simulation
from lumentrace.pept.tracking import LineTracker

Array = NDArray[np.float64]
Blur = Callable[[np.random.Generator, int], Array]
PLACE = np.array(simulation.Ring().centre) + np.array([20.0, 10.0, 5.0])
PERFECT = {"positron_range": 0.0, "acollinearity": 0.0, "scatter": 0.0}


def found(lines: LineData, tracers: int | None = None) -> list[dict[str, object]]:
    return list(LineTracker(tracers).fit(lines).attrs["tracker"]["tracers"])


@dataclass(frozen=True)
class Walking:
    """Velocities of 0.5 mm/ms that change in any direction every ms: what noise of the velocity does."""

    seed: int

    def __call__(self, t: ArrayLike) -> Array:
        steps = np.random.default_rng(self.seed).normal(0, 0.05, (600, 3)).cumsum(axis=0)
        steps -= np.linspace(0, 1, 600)[:, None] * steps[-1]
        places = np.vstack([np.zeros(3), steps.cumsum(axis=0)]) + np.array([300, 300, 250])
        t = np.asarray(t, dtype=float)
        return np.stack([np.interp(t, np.arange(601.0), each) for each in places.T], axis=-1)


# ---------------------------------------------------------------- how many
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("noise", [0.2, 0.6])
def test_the_number_is_found(count: int, noise: float) -> None:
    turns = 2 * np.pi * np.arange(count) / count
    wheel = [simulation.Circle(radius=60 + 10 * (n % 3), rpm=42, phase=turn) for n, turn in enumerate(turns)]
    run = simulation.simulate(wheel, n=15_000 * count, noise=noise, seed=10 * count, rate=50.0 * count)
    assert len(found(run.lines)) == count


@pytest.mark.parametrize("camera", [simulation.Screens(), simulation.Ring()], ids=["screens", "ring"])
@pytest.mark.parametrize("tracers", [1, None])
def test_noise_holds_no_tracer_in_twenty_of_twenty_runs(camera: object, tracers: int | None) -> None:
    runs = [
        simulation.simulate([simulation.Static()], n=6000, noise=1.0, seed=seed, camera=camera) for seed in range(20)
    ]
    assert [len(found(run.lines, tracers)) for run in runs] == [0] * 20


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("axis", [0, 2])
def test_a_pair_three_millimetres_apart_is_two(axis: int, seed: int) -> None:
    off = np.zeros(3)
    off[axis] = 1.5
    pair = [simulation.Static(tuple(PLACE + sign * off)) for sign in (-1, 1)]
    run = simulation.simulate(pair, n=8000, noise=0.5, seed=seed, camera=simulation.Ring())
    tracks = LineTracker(2).fit(run.lines)
    assert np.unique(tracks["label"]).tolist() == [0, 1]
    means = [tracks.points[tracks["label"] == label, 1:4].mean(axis=0) for label in (0, 1)]
    truth = [PLACE - off, PLACE + off]
    away = min(sum(np.linalg.norm(np.subtract(means[k], truth[k ^ swap])) for k in (0, 1)) for swap in (0, 1))
    assert away / 2 < 0.5


def blurred(blur: Blur, seed: int) -> LineData:
    """Lines of a tracer at rest that miss it by what `blur` gives (N, 3), and as many others."""
    rng = np.random.default_rng(seed)
    run = simulation.simulate([simulation.Static()], n=20_000, noise=0.5, seed=seed, blur=0.0, **PERFECT)
    rows = run.lines.lines.copy()
    own = run.labels == 0
    off = blur(rng, int(own.sum()))
    rows[own, 1:4] += off
    rows[own, 4:7] += off
    return LineData(rows)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "blur",
    [
        lambda rng, n: rng.normal(0, np.where(rng.random((n, 1)) < 0.3, 5.0, 1.8), (n, 3)),
        lambda rng, n: rng.normal(0, (2.3, 1.8, 1.8), (n, 3)),
    ],
    ids=["heavy tails", "wider along x"],
)
def test_one_tracer_whose_blur_is_not_normal_is_one(blur: Blur, seed: int) -> None:
    assert len(found(blurred(blur, seed))) == 1


# ---------------------------------------------------------------- how they move
def test_the_motion_is_what_the_noise_drives() -> None:
    circles = [simulation.simulate([simulation.Circle(radius=80)], n=40_000, noise=0.5, seed=seed) for seed in range(4)]
    walks = [simulation.simulate([Walking(seed)], n=40_000, noise=0.5, seed=seed) for seed in range(4)]
    assert [found(run.lines, 1)[0]["order"] for run in circles] == ["acceleration"] * 4
    assert [found(run.lines, 1)[0]["order"] for run in walks] == ["velocity"] * 4


# ---------------------------------------------------------------- when
WHEEL = simulation.simulate([simulation.Circle(radius=80)], n=20_000, noise=0.5, seed=3)


def test_locations_are_at_multiples_of_a_spacing() -> None:
    t = LineTracker(1, every=2.5).fit(WHEEL.lines)["t"]
    np.testing.assert_allclose(t, 2.5 * np.arange(round(t[0] / 2.5), round(t[-1] / 2.5) + 1), atol=1e-9)
    assert t[0] < 5
    assert t[-1] > WHEEL.lines["t"][-1] - 5


def test_locations_are_at_given_times_where_there_is_a_tracer() -> None:
    asked = np.array([-5.0, 10.0, 10.0, 33.3, 150.0, 1e4])
    tracks = LineTracker(1, every=asked).fit(WHEEL.lines)
    np.testing.assert_allclose(tracks["t"], [10.0, 33.3, 150.0], atol=1e-9)
    away = np.linalg.norm(tracks.points[:, 1:4] - WHEEL.truth(tracks["t"])[0], axis=1)
    assert away.max() < 0.6


@pytest.mark.parametrize("every", [0, -1, np.nan, np.inf, [2.0, 1.0], [[1.0]], [np.nan]])
def test_times_are_checked(every: object) -> None:
    with pytest.raises(ValueError, match="`every`: expected"):
        LineTracker(1, every=every)  # type: ignore[arg-type]  # what is refused


def test_a_spacing_far_below_that_of_the_lines_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`every`: expected at least 1\.0e-3 ms, a tenth of the mean time"):
        LineTracker(1, every=1e-5).fit(WHEEL.lines)


@pytest.mark.parametrize("every", ["often", True, 1j, np.ma.array([1.0, 2.0], mask=[False, True])])
def test_times_are_numbers(every: object) -> None:
    with pytest.raises(TypeError, match="`every`: expected a time in ms or an array of times without a mask"):
        LineTracker(1, every=every)  # type: ignore[arg-type]  # what is refused


def test_any_number_of_tracers_may_be_asked_for() -> None:
    assert len(LineTracker(10**25).fit(WHEEL.lines).attrs["tracker"]["tracers"]) == 1


@pytest.mark.parametrize("tracers", ["two", [1], True])
def test_a_number_is_no_text(tracers: object) -> None:
    with pytest.raises(TypeError, match="`tracers`: expected a whole number from 1 or None"):
        LineTracker(tracers)  # type: ignore[arg-type]  # what is refused


def test_a_coarse_clock_costs_little() -> None:
    coarse = WHEEL.lines.lines.copy()
    coarse[:, 0] = np.floor(coarse[:, 0])
    tracks, fine = LineTracker(1).fit(LineData(coarse)), LineTracker(1).fit(WHEEL.lines)
    error, best = (
        np.median(np.linalg.norm(each.points[:, 1:4] - WHEEL.truth(each["t"])[0], axis=1)) for each in (tracks, fine)
    )
    # The tracer moves 0.18 mm in the half of a tick by which floored times are early on average.
    assert error < best + 0.05


# ---------------------------------------------------------------- damaged and odd lines
def test_an_absurd_line_changes_nothing_far_from_it() -> None:
    for size in (1e30, 1e150):
        rows = WHEEL.lines.lines.copy()
        rows[5000, 1:4] = size
        tracks = LineTracker(1).fit(LineData(rows))
        away = np.linalg.norm(tracks.points[:, 1:4] - WHEEL.truth(tracks["t"])[0], axis=1)
        assert np.quantile(away, 0.9) < 0.5


def test_sixteen_tracers() -> None:
    places = [simulation.Static((x, y, 250)) for x in (225, 275, 325, 375) for y in (225, 275, 325, 375)]
    run = simulation.simulate(places, n=80_000, noise=0.5, seed=16, rate=400.0)
    tracks = LineTracker(16).fit(run.lines)
    means = [tracks.points[tracks["label"] == label, 1:4].mean(axis=0) for label in np.unique(tracks["label"])]
    away = np.linalg.norm(np.array(means)[:, None] - run.truth([0.0])[:, 0], axis=2)
    assert sorted(away.argmin(axis=1).tolist()) == list(range(16))
    assert away.min(axis=1).max() < 0.5


def away_from_the_truth(tracks: PointData) -> np.ndarray:
    return np.linalg.norm(tracks.points[:, 1:4] - WHEEL.truth(tracks["t"])[0], axis=1)


@pytest.mark.parametrize("every", [None, 1.0])
@pytest.mark.parametrize("time", [-1e30, -1e6, 1e6, 1e17])
def test_a_line_at_a_time_far_from_all_others_is_none(time: float, every: float | None) -> None:
    rows = WHEEL.lines.lines.copy()
    rows[5000, 0] = time
    tracks = LineTracker(1, every).fit(LineData(rows))
    assert tracks.attrs["tracker"]["unused"] == 1
    assert (tracks["t"][[0, -1]] > [0, 195]).all()
    assert (tracks["t"][[0, -1]] < [5, 201]).all()
    assert np.quantile(away_from_the_truth(tracks), 0.9) < 0.5


def test_lines_of_a_run_with_a_long_pause_are_all_used() -> None:
    rows = WHEEL.lines.lines.copy()
    rows[10_000:, 0] += 1e6
    assert LineTracker(1).fit(LineData(rows)).attrs["tracker"]["unused"] == 0


@pytest.mark.parametrize("kind", ["float32", "strided", "read-only", "columns first"])
def test_lines_may_lie_in_memory_in_any_way(kind: str) -> None:
    rows = WHEEL.lines.lines
    whole = LineTracker(1).fit(LineData(rows)).points
    locked = rows.copy()
    locked.flags.writeable = False
    given = {
        "float32": rows.astype(np.float32),
        "strided": np.repeat(rows, 2, axis=0)[::2],
        "read-only": locked,
        "columns first": np.asfortranarray(rows),
    }
    found = LineTracker(1).fit(LineData(given[kind])).points
    np.testing.assert_allclose(found[:, :4], whole[:, :4], atol=1e-3 if kind == "float32" else 0)


def test_locations_at_given_times_are_between_those_at_the_rate() -> None:
    tracks = LineTracker(1).fit(WHEEL.lines)
    asked = np.arange(20.0, 180.0, 7.3)
    found = LineTracker(1, every=asked).fit(WHEEL.lines)
    between = np.column_stack([np.interp(asked, tracks["t"], tracks[axis]) for axis in "xyz"])
    # Straight lines between locations 0.2 ms apart are off by less than 0.01 mm on this circle.
    assert np.abs(found.points[:, 1:4] - between).max() < 0.1


def test_a_tracer_enters_and_leaves() -> None:
    path = simulation.Line((300, 300, -150), (0, 0, 1.0))
    run = simulation.simulate([path], n=40_000, noise=0.5, seed=1)
    tracks = LineTracker().fit(run.lines)
    t = tracks["t"]
    # The screens are at -10 and 510 mm.
    assert 130 < t[0] < 165
    assert np.unique(tracks["label"]).size == 1
    assert np.median(np.linalg.norm(tracks.points[:, 1:4] - run.truth(t)[0], axis=1)) < 0.2
