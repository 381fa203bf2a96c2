"""The line tracker against its twin, which is told whose line is whose, and on lines that no camera should give."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

import scoring
from helpers import assert_identical
from lumentrace import LineData, PointData, _core, pept, storage
from lumentrace.pept import simulation
from lumentrace.pept.recipes import RECIPES, Lines
from lumentrace.pept.run import Settings, run
from lumentrace.pept.tracking import LineTracker
from twins import line_tracker as twin

sys.path.append(str(Path(__file__).parents[2] / "benches"))
import experiments as small
import floor as benches

Array = NDArray[np.float64]

UNITS = {
    "t": "ms",
    **dict.fromkeys(("x", "y", "z"), "mm"),
    **dict.fromkeys(("vx", "vy", "vz"), "mm/ms"),
    **dict.fromkeys(("sigma_x", "sigma_y", "sigma_z"), "mm"),
    **dict.fromkeys(("cov_xy", "cov_xz", "cov_yz"), "mm²"),
    "rate": "lines/ms",
    "label": "",
}
COLUMNS = list(UNITS)
PERFECT = {"positron_range": 0.0, "acollinearity": 0.0, "scatter": 0.0}
RATE = 100.0
FIRST_NOISE = 1e-5
"""First guess of the twin's process noise, mm²/ms³: it lets a tracer at rest wander by 0.06 mm in 10 ms."""
SEEDS = range(3)
WHEEL = simulation.Circle(radius=80, rpm=42)
OPPOSITE = simulation.Circle(radius=80, rpm=42, phase=np.pi)


@dataclass(frozen=True)
class Bouncing:
    """Free flight at 1 m/s between walls at x = 250 and 350 mm: sudden reversals at 50 ms, 150 ms, ..."""

    def __call__(self, t: ArrayLike) -> Array:
        t = np.asarray(t, dtype=float)
        x = 250 + np.abs((t - 50) % 200 - 100)
        return np.stack([x, np.full_like(t, 300.0), np.full_like(t, 250.0)], axis=-1)


def simulated(paths: list[simulation.Path], n: int, noise: float, seed: int) -> simulation.Simulated:
    return simulation.simulate(paths, n=n, noise=noise, seed=seed, rate=RATE, **PERFECT)


def scored(experiment: simulation.Simulated, tracks: PointData) -> scoring.Score:
    duration = len(experiment.lines.lines) / RATE
    truth = scoring.Truth(experiment.tracers, np.array([[0.0, duration]] * len(experiment.tracers)))
    found = scoring.Found.of(tracks.points, tracks.columns)
    return scoring.trajectories(truth, found, np.arange(0, duration + 1, 10.0))


def floor(experiment: simulation.Simulated, noise: float = FIRST_NOISE) -> Array:
    """Errors of the twin that knows the true labels; `noise` is its first guess of the process noise."""
    count = len(experiment.tracers)
    motion = twin.track(experiment.lines.lines, np.full(count, noise), experiment.labels, passes=8)
    return np.linalg.norm(motion.states[:, :, :3] - experiment.truth(motion.t), axis=2).ravel()


def head_on(gap: float) -> list[simulation.Path]:
    """Two tracers that pass one another half way through 20 000 lines."""
    there = simulation.Line((265, 300, 250), (0.35, 0, 0))
    return [there, simulation.Line((335, 300 + gap, 250), (-0.35, 0, 0))]


CASES = {
    "one, 50 % noise": ([WHEEL], 12_000, 0.5),
    "one, 90 % noise": ([WHEEL], 20_000, 0.9),
    "two": ([WHEEL, OPPOSITE], 16_000, 0.5),
    "two that pass head-on at 5 mm": (head_on(5), 20_000, 0.5),
}


@pytest.mark.parametrize("name", CASES)
def test_near_the_floor_with_honest_uncertainties(name: str) -> None:
    paths, n, noise = CASES[name]
    experiments = [simulated(paths, n, noise, seed) for seed in SEEDS]
    scores = [scored(each, LineTracker(len(paths)).fit(each.lines)) for each in experiments]
    assert [score.trajectories for score in scores] == [len(paths)] * len(scores)
    together = scoring.pooled(scores)
    assert together.swaps == 0
    assert together.share > 0.95
    assert together.quantile(0.5) <= 1.15 * np.median(np.concatenate([floor(each) for each in experiments]))
    # Three degrees of freedom: 3 on average, but locations of one run have their errors in common.
    assert 1.5 < together.squares.mean() < 4.5


@pytest.mark.parametrize("seed", SEEDS)
def test_sudden_reversals_are_no_noise_in_free_flight(seed: int) -> None:
    bouncing = simulated([Bouncing()], 20_000, 0.5, seed)
    tracks = LineTracker().fit(bouncing.lines)
    score = scored(bouncing, tracks)
    assert (score.trajectories, score.located) == (1, 20)
    # Reversals at walls are changes of the velocity by 2 mm/ms, at two of 500 steps: 0.01 mm²/ms³.
    assert score.quantile(0.5) < 0.75 * np.median(floor(bouncing, noise=0.01))
    assert score.errors.max() < 2
    assert tracks.attrs["tracker"]["tracers"][0]["jumps"] == 2


@pytest.mark.parametrize("seed", [8025, 8028, 8037, 8044])
def test_tracers_that_bounce_stay_whole(seed: int) -> None:
    """Two whose last stretch is calmer than those before, and two that were lost in a corner."""
    experiment = benches.random_experiment(np.random.default_rng([seed, 77]))
    tracks = LineTracker().fit(LineData(experiment.lines))
    found = scoring.Found.of(tracks.points, tracks.columns)
    score = scoring.trajectories(experiment.truth, found, np.arange(0, experiment.duration + 1, 10.0))
    assert score.trajectories == len(experiment.truth.paths)
    assert score.share > 0.99


def test_a_tracer_that_was_lost_is_found_again_where_the_number_is_told() -> None:
    """The seventh tracer is fast: where it was seen some ms ago says little about where it is."""
    experiment = small.experiment(1000)
    score = scored(experiment, LineTracker(tracers=7).fit(experiment.lines))
    assert score.trajectories == len(experiment.tracers) == 7
    assert score.share > 0.99


def test_velocities_are_those_of_the_tracer() -> None:
    experiment = simulated([simulation.Line((290, 300, 250), (0.2, -0.1, 0.05))], 10_000, 0.5, 1)
    tracks = LineTracker().fit(experiment.lines)
    velocities = tracks.points[:, 4:7]
    np.testing.assert_allclose(velocities.mean(axis=0), (0.2, -0.1, 0.05), atol=0.02)
    # 50 lines of the tracer per ms.
    assert np.median(tracks["rate"]) == pytest.approx(50, rel=0.05)


# ---------------------------------------------------------------- lines that no camera should give
ROWS = simulated([WHEEL], 10_000, 0.5, 1).lines.lines


def tracked(rows: Array, tracers: int = 1) -> Array:
    """Times and positions; columns and units are always there."""
    tracks = LineTracker(tracers).fit(LineData(rows))
    assert tracks.columns == COLUMNS
    assert len(tracks) == 1
    return tracks.points[:, :4]


def parallel() -> Array:
    """Through one place, all along z."""
    across = 300 + np.random.default_rng(0).normal(0, 2, (5000, 2))
    ends = [np.column_stack([across, np.full(5000, z)]) for z in (0.0, 500.0)]
    return np.column_stack([np.arange(5000) / RATE, *ends])


NOTHING = {
    "no line": np.empty((0, 7)),
    "one line": ROWS[:1],
    "two lines": ROWS[:2],
    "parallel": parallel(),
    "identical": np.tile(ROWS[0], (5000, 1)),
    "identical but for the time": np.column_stack([np.arange(5000) / RATE, np.tile(ROWS[0, 1:], (5000, 1))]),
    "not one finite": np.full((5000, 7), np.nan),
    "all of no length": ROWS[:, [0, 1, 2, 3, 1, 2, 3]],
}


@pytest.mark.parametrize("name", NOTHING)
def test_no_tracer_where_lines_tell_none(name: str) -> None:
    assert len(tracked(NOTHING[name])) == 0


@pytest.mark.parametrize("seed", range(5))
def test_noise_holds_no_tracer(seed: int) -> None:
    assert len(tracked(simulated([WHEEL], 10_000, 1.0, seed).lines.lines, tracers=2)) == 0


def test_damaged_lines_are_passed_over() -> None:
    damaged = ROWS.copy()
    damaged[::100, 3], damaged[30::100, 0], damaged[60::100, 4:] = np.nan, np.inf, damaged[60::100, 1:4]
    left = np.isin(np.arange(len(ROWS)) % 100, (0, 30, 60), invert=True)
    np.testing.assert_array_equal(tracked(damaged), tracked(ROWS[left]))


def test_lines_may_be_in_any_order() -> None:
    shuffled = ROWS[np.random.default_rng(0).permutation(len(ROWS))]
    np.testing.assert_array_equal(tracked(shuffled), tracked(ROWS))


def test_a_coarse_clock_only_shifts_locations() -> None:
    coarse = ROWS.copy()
    coarse[:, 0] = np.floor(coarse[:, 0])
    found = tracked(coarse)
    # Times are half a ms too early on average; the tracer moves 0.35 mm in a ms.
    assert np.quantile(np.linalg.norm(found[:, 1:] - WHEEL(found[:, 0] + 0.5), axis=1), 0.9) < 0.5


@pytest.mark.parametrize(("place", "time"), [(1e6, 0.0), (0.0, 1e12), (0.0, -1e3)])
def test_far_places_and_times(place: float, time: float) -> None:
    moved = tracked(ROWS + np.r_[time, np.full(6, place)])
    # A time of 1e12 ms is known to 1e-4 ms, in which the tracer moves 4e-5 mm.
    np.testing.assert_allclose(moved - np.r_[time, [place] * 3], tracked(ROWS), atol=2e-3)


def test_a_gap_of_ten_seconds_holds_no_location() -> None:
    parted = ROWS.copy()
    parted[5000:, 0] += 1e4
    found = tracked(parted)
    late = found[:, 0] > 5e3
    assert 0.3 < late.mean() < 0.7
    t = found[:, 0] - 1e4 * late
    assert ((t >= 0) & (t <= 100)).all()
    assert np.linalg.norm(found[:, 1:] - WHEEL(t), axis=1).max() < 1


def test_a_rate_that_rises_a_hundredfold() -> None:
    here = simulation.Static()
    rows = simulated([here], 10_000, 0.5, 2).lines.lines.copy()
    rows[:5000, 0] = 100 * rows[:5000, 0] - 99 * rows[5000, 0]
    found = tracked(rows)
    assert np.linalg.norm(found[:, 1:] - here(found[:, 0]), axis=1).max() < 1
    assert found[0, 0] < rows[500, 0]
    assert found[-1, 0] > rows[-500, 0]


def test_more_tracers_asked_for_than_there_are() -> None:
    two = simulated([WHEEL, OPPOSITE], 16_000, 0.5, 3)
    score = scored(two, LineTracker(5).fit(two.lines))
    assert (score.trajectories, score.missed) == (2, 0)


@pytest.mark.parametrize("tracers", [0, -1, 1.5, np.nan, np.inf])
def test_number_of_tracers_is_checked(tracers: float) -> None:
    with pytest.raises(ValueError, match="`tracers`: expected a whole number from 1"):
        LineTracker(tracers)


def test_only_lines_are_taken() -> None:
    with pytest.raises(ValueError, match="at least 7 columns"):
        LineTracker().fit(np.zeros((10, 6)))
    with pytest.raises(TypeError, match="expected LineData, found PointData"):
        LineTracker().fit(PointData(np.zeros((10, 4))))


# ---------------------------------------------------------------- the same everywhere
def test_threads_change_nothing() -> None:
    rows = simulated([WHEEL, OPPOSITE], 16_000, 0.5, 3).lines.lines
    (one, about), (two, same) = (_core.track_lines(rows, 2, threads=threads) for threads in (1, 2))
    assert one.tobytes() == two.tobytes()
    assert about == same


def test_samples_change_nothing() -> None:
    whole = LineTracker().fit(LineData(ROWS))
    overlapping = LineData(ROWS, sample_size=200, overlap=150)
    pieces = [LineData(each) for each in np.array_split(ROWS, 7)]
    for samples in (ROWS, overlapping, pieces):
        np.testing.assert_array_equal(LineTracker().fit(samples).points, whole.points)


def test_what_is_known_of_the_tracers_is_kept(tmp_path: Path) -> None:
    lines = LineData(simulated([WHEEL, OPPOSITE], 16_000, 0.5, 3).lines.lines, camera="two screens")
    tracks = LineTracker(2).fit(lines)
    assert tracks.attrs["camera"] == "two screens"
    assert [each["label"] for each in tracks.attrs["tracker"]["tracers"]] == [0, 1]
    assert [each["activity"] for each in tracks.attrs["tracker"]["tracers"]] == pytest.approx([0.25, 0.25], rel=0.05)
    assert json.loads(json.dumps(tracks.attrs["tracker"])) == tracks.attrs["tracker"]
    assert (np.diff(tracks["t"]) >= 0).all()
    assert tracks.units == UNITS
    pept.save(tmp_path / "tracks.h5", tracks)
    assert_identical(pept.load(tmp_path / "tracks.h5"), tracks)


def test_the_recipe_is_the_tracker_and_has_its_figures_and_files(tmp_path: Path) -> None:
    lines = LineData(ROWS)
    outcome = run(lines, Settings(recipe=RECIPES["lines"](tracers=2)))
    np.testing.assert_array_equal(outcome.trajectories.points, LineTracker(2).fit(lines).points)
    sigmas = outcome.trajectories.points[:, 7:10]
    figures = outcome.figures()
    assert figures["median sigma (mm)"] == pytest.approx(np.median(np.sqrt((sigmas**2).sum(axis=1))))
    assert "median spread (mm)" not in figures
    outcome.save(tmp_path)
    written = json.loads((tmp_path / "run.json").read_text())
    assert {"recipe": "lines", "tracers": 2}.items() <= written["settings"].items()
    table = storage.read_parquet(tmp_path / "trajectories.parquet")
    assert table.columns == COLUMNS
    np.testing.assert_array_equal(table.points, outcome.trajectories.points)
    assert "standard uncertainties" in (tmp_path / "report.html").read_text()


def test_a_run_without_a_tracer_has_no_figure_of_it(tmp_path: Path) -> None:
    outcome = run(simulated([WHEEL], 5000, 1.0, 1).lines, Settings(recipe=Lines()))
    assert (outcome.figures()["trajectories"], outcome.figures()["locations"]) == (0, 0)
    assert np.isnan(outcome.figures()["median sigma (mm)"])
    outcome.save(tmp_path)
    assert storage.read_parquet(tmp_path / "trajectories.parquet").columns == COLUMNS
