"""Simulated experiments against the formulas of the physics, and their files against the twin of the format."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from lumentrace import TimeWindow
from lumentrace.pept import scanners, simulation
from lumentrace.pept.simulation import physics
from lumentrace.pept.simulation.camera import Screens
from twins import adac as twin

PERFECT = {"noise": 0.0, "blur": 0.0, "positron_range": 0.0, "acollinearity": 0.0}


def distances(rows, points):
    """How far each point is from its line."""
    start, along = rows[:, 1:4], rows[:, 4:7] - rows[:, 1:4]
    return np.linalg.norm(np.cross(points - start, along), axis=1) / np.linalg.norm(along, axis=1)


# ---------------------------------------------------------------- paths
@pytest.mark.parametrize(
    "path",
    [
        simulation.Static((1, 2, 3)),
        simulation.Line((1, 2, 3), (0.1, 0, -0.2)),
        simulation.Circle((1, 2, 3), 50, 42, 0.5),
        simulation.Helix((1, 2, 3), 50, -42, 0.5, 0.1),
        simulation.Wander((1, 2, 3), seed=4),
    ],
    ids=lambda path: type(path).__name__,
)
def test_paths_take_times_of_any_shape(path):
    t = np.arange(12.0).reshape(3, 4)
    assert path(t).shape == (3, 4, 3)
    np.testing.assert_array_equal(path(t)[1, 2], path(6.0))


def test_circle_turns_as_often_as_it_says():
    circle = simulation.Circle(centre=(10, 20, 30), radius=80, rpm=42, phase=1.0)
    t = np.linspace(0, 60_000 / 42, 1000)
    np.testing.assert_allclose(circle(t[-1]), circle(0), atol=1e-9)
    np.testing.assert_allclose(np.hypot(*(circle(t)[:, :2] - [10, 20]).T), 80)
    speed = np.linalg.norm(np.diff(circle(t), axis=0), axis=1) / np.diff(t)
    np.testing.assert_allclose(speed, 2 * np.pi * 80 * 42 / 60_000, rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_wandering_stays_in_its_box_at_its_speed(seed):
    path = simulation.Wander((1, 2, 3), extent=(50, 60, 70), speed=0.3, seed=seed)
    places = path(np.arange(0, 100_000.0))
    assert (np.abs(places - [1, 2, 3]) <= [50, 60, 70]).all()
    np.testing.assert_allclose(np.sqrt((np.diff(places, axis=0) ** 2).mean(axis=0)), 0.3, rtol=0.15)
    assert not np.allclose(places, simulation.Wander((1, 2, 3), (50, 60, 70), 0.3, seed + 1)(np.arange(0, 100_000.0)))


# ---------------------------------------------------------------- physics
def test_positron_range_has_the_published_width():
    # Levin & Hoffman (1999): F-18 in water, 0.10 mm FWHM and 1.03 mm FWTM.
    moved = physics.positron_range(np.random.default_rng(0), 2_000_000).ravel()
    counts, edges = np.histogram(moved, bins=np.arange(-2, 2.001, 0.005))
    middle = (edges[1:] + edges[:-1]) / 2
    for share, width in ((0.5, 0.10), (0.1, 1.03)):
        above = middle[counts >= share * counts[np.abs(middle) < 0.005].max()]
        assert np.ptp(above) == pytest.approx(width, abs=0.04)


def test_directions_are_isotropic():
    found = physics.directions(np.random.default_rng(0), 50_000, 0.3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)
    assert stats.kstest(found[:, 2], stats.uniform(0.3, 0.7).cdf).pvalue > 0.001
    azimuth = np.arctan2(found[:, 1], found[:, 0])
    assert stats.kstest(azimuth, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.001


def test_turned_directions_have_the_angle_and_any_side():
    rng = np.random.default_rng(0)
    direction = physics.directions(rng, 20_000, -1.0)
    angle = rng.uniform(0, np.pi, 20_000)
    turned = physics.turned(rng, direction, angle)
    np.testing.assert_allclose((turned * direction).sum(axis=1), np.cos(angle), atol=1e-12)
    side = physics.turned(rng, np.tile([[0.6, 0.0, 0.8]], (20_000, 1)), np.full(20_000, 0.5))
    across = np.arctan2(side[:, 1], side @ [0.8, 0.0, -0.6])
    assert stats.kstest(across, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.001


def test_acollinearity_has_the_width_of_its_components():
    angle = physics.acollinearity(np.random.default_rng(0), 100_000, 0.5)
    # Two normal components of FWHM 0.5 degrees: the mean square of the angle is twice their variance.
    assert np.sqrt((angle**2).mean() / 2) * 2.354820045 == pytest.approx(np.deg2rad(0.5), rel=0.01)


def test_compton_angles_follow_klein_nishina():
    def density(angle):
        left = 1 / (1 + (1 - np.cos(angle)))
        return left**2 * (left + 1 / left - np.sin(angle) ** 2) * np.sin(angle)

    most = np.arccos(2 - 1 / 0.75)
    found = physics.compton_angles(np.random.default_rng(0), 200_000, 0.25)
    assert found.max() <= most
    total = integrate.quad(density, 0, most)[0]
    for limit in (0.2, 0.4, 0.6, 0.8):
        assert (found < limit).mean() == pytest.approx(integrate.quad(density, 0, limit)[0] / total, abs=0.005)


# ---------------------------------------------------------------- experiments
def test_perfect_lines_pass_through_the_truth():
    run = simulation.simulate([simulation.Circle(), simulation.Wander()], n=4000, seed=1, **PERFECT)
    rows = run.lines.lines
    assert rows.shape == (4000, 7)
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert (rows[:, 3] == -10).all()
    assert (rows[:, 6] == 510).all()
    places = run.truth(rows[:, 0])[run.labels, np.arange(4000)]
    assert distances(rows, places).max() < 1e-9
    screens = Screens()
    for x, y in ((1, 2), (4, 5)):
        assert screens.xlim[0] <= rows[:, x].min() <= rows[:, x].max() <= screens.xlim[1]
        assert screens.ylim[0] <= rows[:, y].min() <= rows[:, y].max() <= screens.ylim[1]


def test_blur_spreads_lines_as_it_should():
    middle = simulation.Static((300, 300, 250))
    run = simulation.simulate([middle], n=20_000, seed=1, **PERFECT | {"blur": 3.0})
    x, y = (run.lines.lines[:, [a, a + 3]].mean(axis=1) for a in (1, 2))
    assert np.std(x - 300) == pytest.approx(3 / np.sqrt(2), rel=0.03)
    assert np.std(y - 300) == pytest.approx(3 / np.sqrt(2), rel=0.03)


def test_lines_of_one_place_are_isotropic():
    run = simulation.simulate([simulation.Static((301.78, 301.78, 250))], n=40_000, seed=1, **PERFECT)
    along = run.lines.lines[:, 4:7] - run.lines.lines[:, 1:4]
    cosine = along[:, 2] / np.linalg.norm(along, axis=1)
    # Up to this angle the screens see lines of every azimuth: uniform in its cosine.
    least = 260 / np.hypot(260, 190)
    seen = cosine[cosine > least]
    assert len(seen) > 10_000
    assert stats.kstest(seen, stats.uniform(least, 1 - least).cdf).pvalue > 0.001


def test_shares_of_tracers_and_noise():
    paths = [simulation.Static((300, 300, 200)), simulation.Static((300, 300, 300))]
    run = simulation.simulate(paths, n=50_000, noise=0.4, scatter=0.25, activity=[3, 1], seed=2)
    shares = [(run.labels == label).mean() for label in (0, 1, -1, -2)]
    np.testing.assert_allclose(shares, [0.45, 0.15, 0.3, 0.1], atol=0.01)


def test_scattered_lines_miss_and_random_lines_are_anywhere():
    run = simulation.simulate([simulation.Static()], n=30_000, noise=0.9, seed=2, blur=0.0)
    rows = run.lines.lines
    miss = distances(rows, np.tile([[300.0, 300.0, 250.0]], (len(rows), 1)))
    medians = [np.median(miss[run.labels == label]) for label in (0, -2, -1)]
    assert medians[0] < 2 < medians[1] < medians[2]
    random = rows[run.labels == -1]
    screens = Screens()
    for column, (low, high) in {1: screens.xlim, 2: screens.ylim, 4: screens.xlim, 5: screens.ylim}.items():
        assert stats.kstest(random[:, column], stats.uniform(low, high - low).cdf).pvalue > 0.001
    assert abs(np.corrcoef(random[:, 1], random[:, 4])[0, 1]) < 0.03


def test_same_seed_same_lines_whole_or_in_blocks():
    settings = {"tracers": [simulation.Circle()], "n": 70_000, "seed": 3}
    run = simulation.simulate(**settings, sample_size=200, overlap=100)
    blocks = list(simulation.Experiment(**settings).blocks())
    assert len(blocks) == 2
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in blocks]), run.lines.lines)
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in blocks]), run.labels)
    assert run.lines.sample_size == 200
    assert run.lines.provenance.seed == 3
    assert not np.array_equal(simulation.simulate(**settings | {"seed": 4}).lines.lines, run.lines.lines)


def test_rate_and_duration():
    run = simulation.simulate(
        [simulation.Circle()], duration=200, rate=50, seed=1, overlap=TimeWindow(0), sample_size=TimeWindow(20)
    )
    times = run.lines["t"]
    assert len(times) == 10_000
    assert 0 <= times[0] < times[-1] <= 200
    assert stats.kstest(times, stats.uniform(0, 200).cdf).pvalue > 0.001
    assert len(run.lines) == 9


def test_tracers_out_of_view_give_no_lines():
    leaving = simulation.Line(start=(300, 300, 250), velocity=(1.0, 0, 0))
    run = simulation.simulate([leaving], duration=400, rate=10, seed=1, **PERFECT)
    assert run.lines["t"].max() < 491.78 - 300
    assert len(run.lines.lines) > 1000


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tracers": []}, "`tracers`"),
        ({"n": None}, "one of `n` and `duration`"),
        ({"duration": 5.0}, "one of `n` and `duration`"),
        ({"n": 0}, "at least one line"),
        ({"rate": 0}, "`rate`"),
        ({"noise": 1.5}, "`noise`"),
        ({"scatter": -1}, "`scatter`"),
        ({"blur": float("nan")}, "`blur`"),
        ({"separation": -500}, "`separation`"),
        ({"activity": [1, 2]}, "`activity`"),
        ({"activity": [0]}, "`activity`"),
        ({"positron_range": -1}, "`positron_range`"),
        ({"acollinearity": 90}, "`acollinearity`"),
    ],
)
def test_impossible_experiments(wrong, message):
    with pytest.raises(ValueError, match=message):
        simulation.simulate(**{"tracers": [simulation.Circle()], "n": 10} | wrong)


# ---------------------------------------------------------------- files
def shifted(rows, column, distance):
    rows = rows.copy()
    rows[:, column] += distance
    return rows


@pytest.fixture(scope="module")
def run():
    return simulation.simulate([simulation.Circle(), simulation.Wander()], n=3000, separation=400, seed=5)


def test_file_holds_the_lines(tmp_path, run):
    path = tmp_path / "run.da01"
    simulation.write_adac(path, run.lines, separation=400)
    rows = run.lines.lines
    for found in (twin.lines(path.read_bytes(), rate=2.3837), scanners.adac_forte(path, verbose=False).lines):
        assert found.shape == rows.shape
        assert np.abs(found[:, 1:] - rows[:, 1:]).max() <= 0.295 + 1e-9
        assert (found[:, [3, 6]] == [-10, 410]).all()
    by_twin = twin.lines(path.read_bytes(), rate=2.3837)[:, 0]
    late = rows[:, 0] - rows[0, 0] - by_twin
    assert late.min() >= -1e-9
    assert late.max() <= 1 / 2.3837


def test_read_times_are_those_written(tmp_path):
    run = simulation.simulate([simulation.Static()], duration=2000, rate=20, seed=1)
    simulation.write_adac(tmp_path / "long.da01", run.lines, 500)
    found = scanners.adac_forte(tmp_path / "long.da01", verbose=False)["t"]
    assert np.abs(found - run.lines["t"]).max() < 1.5


def test_blocks_write_the_same_file(tmp_path, run):
    rows = run.lines.lines
    simulation.write_adac(tmp_path / "one.da01", rows, 400)
    simulation.write_adac(tmp_path / "many.da01", (rows[i : i + 700] for i in range(0, 3000, 700)), 400)
    assert (tmp_path / "one.da01").read_bytes() == (tmp_path / "many.da01").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[::-1], "times that ascend"),
        (lambda rows: np.concatenate([rows[:9], shifted(rows[9:], 0, 60)]), r"step of 1\d\d ticks"),
        (lambda rows: shifted(rows, 2, 700), "between 0 and 603 mm"),
        (lambda rows: shifted(rows, 6, 90), r"z1 and z2 to be \[-10.0, 410.0\]"),
        (lambda rows: shifted(rows, 1, np.nan), "finite"),
        (lambda rows: rows[:0], "at least one line"),
    ],
    ids=["unsorted", "pause", "outside", "other z", "nan", "empty"],
)
def test_what_a_file_cannot_hold(tmp_path, run, change, message):
    path = tmp_path / "run.da01"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match=message):
        simulation.write_adac(path, change(run.lines.lines), separation=400)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["run.da01"]


@pytest.mark.parametrize("separation", [400.5, 0, -1, 2**31])
def test_separation_that_a_file_cannot_hold(tmp_path, run, separation):
    with pytest.raises(ValueError, match="`separation`: expected a whole number of mm"):
        simulation.write_adac(tmp_path / "run.da01", run.lines, separation)
