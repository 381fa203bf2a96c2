"""Simulated ring scanners against plain geometry, and time stamps against the clock."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lumentrace.pept import simulation
from lumentrace.pept.simulation import physics

CENTRE = np.array([10.0, -20.0, 30.0])
RING = simulation.Ring(radius=150, length=80, crystal=(4, 3), gap=(1, 1), centre=tuple(CENTRE))
FINE = simulation.Ring(radius=150, length=80, crystal=(0.01, 0.01), gap=(0, 0), centre=tuple(CENTRE))
PERFECT = {"noise": 0.0, "positron_range": 0.0, "acollinearity": 0.0}
MIDDLE = simulation.Static(tuple(CENTRE))


def ends(rows):
    """Both ends of each line, from the centre of the ring."""
    return rows[:, 1:7].reshape(-1, 3) - CENTRE


def test_lines_end_at_the_centres_of_the_crystals():
    # 2 pi 150 / 5 = 188.5 crystals around, 80 / 4 along: the nearest whole numbers.
    assert RING.crystals == (188, 20)
    places = ends(simulation.simulate([MIDDLE], n=20_000, noise=0.6, seed=1, camera=RING).lines.lines)
    np.testing.assert_allclose(np.hypot(places[:, 0], places[:, 1]), 150)
    around = np.arctan2(places[:, 1], places[:, 0]) % (2 * np.pi) / (2 * np.pi / 188) - 0.5
    along = (places[:, 2] + 40) / 4 - 0.5
    for number, most in ((around, 187), (along, 19)):
        np.testing.assert_allclose(number, np.rint(number), atol=1e-9)
        assert (np.rint(number).min(), np.rint(number).max()) == (0, most)


def test_lines_pass_the_tracer_within_a_crystal():
    circle = simulation.Circle(tuple(CENTRE + 5.0), radius=40)
    run = simulation.simulate([circle], n=5000, seed=1, camera=RING, **PERFECT)
    rows, truth = run.lines.lines, run.truth(run.lines["t"])[0]
    along = rows[:, 4:7] - rows[:, 1:4]
    miss = np.linalg.norm(np.cross(truth - rows[:, 1:4], along), axis=1) / np.linalg.norm(along, axis=1)
    # Each end is moved by at most half a crystal's diagonal, and by the chord's height.
    assert 0.5 < miss.max() <= np.hypot(4.02, 3) / 2 + 150 * (1 - np.cos(np.pi / 188))


def test_lines_of_fine_crystals_pass_through_the_truth():
    run = simulation.simulate([MIDDLE], n=2000, seed=1, camera=FINE, **PERFECT)
    rows = run.lines.lines
    # The axis of a centre source's line is the diameter: both ends are opposite, (x, y, z) and (-x, -y, -z).
    np.testing.assert_allclose(rows[:, 1:4] - CENTRE, CENTRE - rows[:, 4:7], atol=0.02)


@pytest.mark.parametrize("gap", [(0, 0), (1, 1)])
def test_share_of_a_centre_sources_pairs(gap):
    ring = simulation.Ring(radius=150, length=80, crystal=(4, 3), gap=gap, centre=tuple(CENTRE))
    rng = np.random.default_rng(3)
    one = physics.directions(rng, 400_000, -1.0)
    source = np.tile(CENTRE, (len(one), 1))
    (first, seen), (second, other_seen) = ring.hit(source, one), ring.hit(source, -one)
    # Solid angle: |cos| up to (length / 2) / hypot(length / 2, radius). An opposite pair meets opposite places of two
    # crystals, or, with an even number around, of none: one share of the area counts once.
    solid_angle = 40 / np.hypot(40, 150)
    area = np.prod(np.array([4, 3]) / (np.array([4, 3]) + gap))
    assert (seen & other_seen).mean() == pytest.approx(solid_angle * area, abs=0.003)
    np.testing.assert_allclose(np.linalg.norm(np.cross(first[seen] - CENTRE, one[seen]), axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(np.hypot(*(second[other_seen] - CENTRE)[:, :2].T), 150)


def test_photons_of_any_place_meet_the_cylinder_ahead_of_them():
    rng = np.random.default_rng(4)
    one = physics.directions(rng, 5000, -1.0)
    source = CENTRE + np.column_stack([rng.uniform(-100, 100, (5000, 2)), rng.uniform(-39, 39, 5000)])
    point, seen = FINE.hit(source, one)
    flown = point[seen] - source[seen]
    assert 100 < seen.sum() < 5000
    np.testing.assert_allclose(np.hypot(*(point[seen] - CENTRE)[:, :2].T), 150)
    np.testing.assert_allclose(flown / np.linalg.norm(flown, axis=1, keepdims=True), one[seen], atol=1e-9)
    assert (np.abs(point[seen, 2] - CENTRE[2]) <= 40).all()


def test_random_lines_join_any_two_crystals():
    run = simulation.simulate([MIDDLE], n=30_000, noise=1.0, scatter=0.0, seed=2, camera=RING)
    assert (run.labels == -1).all()
    places = ends(run.lines.lines)
    for number, count in (
        (np.rint(np.arctan2(places[:, 1], places[:, 0]) % (2 * np.pi) * 188 / (2 * np.pi) - 0.5), 188),
        (np.rint((places[:, 2] + 40) / 4 - 0.5), 20),
    ):
        assert stats.chisquare(np.bincount(number.astype(int), minlength=count)).pvalue > 0.001
    along = places.reshape(-1, 2, 3)
    assert (np.linalg.norm(np.diff(along, axis=1), axis=2) > 3.9).all()
    assert abs(np.corrcoef(along[:, 0, 2], along[:, 1, 2])[0, 1]) < 0.03


def test_scattered_lines_miss_the_tracer():
    run = simulation.simulate([MIDDLE], n=5000, noise=0.5, scatter=1.0, seed=2, camera=RING)
    along = run.lines.lines[:, 4:7] - run.lines.lines[:, 1:4]
    miss = np.linalg.norm(np.cross(CENTRE - run.lines.lines[:, 1:4], along), axis=1) / np.linalg.norm(along, axis=1)
    assert (run.labels == -2).mean() == pytest.approx(0.5, abs=0.03)
    assert np.median(miss[run.labels == 0]) < 2 < 5 < np.median(miss[run.labels == -2])


def test_tracers_beyond_the_ring_give_no_lines():
    leaving = simulation.Line(tuple(CENTRE), velocity=(0.0, 0.0, 0.25))
    run = simulation.simulate([leaving], duration=400, rate=10, seed=1, camera=RING, **PERFECT)
    assert 150 < run.lines["t"].max() <= 40 / 0.25


def test_same_seed_same_lines():
    one, again, other = (
        simulation.simulate([MIDDLE], n=500, seed=seed, camera=RING, tick=1.0).lines.lines for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"radius": 0}, "`radius`: expected a positive number, found 0"),
        ({"length": float("nan")}, "`length`"),
        ({"crystal": (4, 0)}, "`crystal`: expected two numbers > 0"),
        ({"crystal": (400, 4)}, "at least 3 crystals"),
        ({"gap": (-1, 0)}, "`gap`: expected two numbers >= 0"),
        ({"centre": (0, 0)}, "`centre`: expected three"),
    ],
)
def test_impossible_rings(wrong, message):
    with pytest.raises(ValueError, match=message):
        simulation.Ring(**{"radius": 150, "length": 80} | wrong)


# ---------------------------------------------------------------- the camera's clock
def test_times_are_spread_within_their_tick():
    settings = {"tracers": [MIDDLE], "n": 70_000, "rate": 100, "seed": 5, "camera": RING}
    exact = simulation.simulate(**settings).lines.lines
    ticked = simulation.simulate(**settings, tick=1.0).lines.lines
    # Whatever is not the time stays; every line keeps its tick; within it, times are anywhere.
    assert len(ticked) == len(exact)
    assert (np.diff(ticked[:, 0]) >= 0).all()
    np.testing.assert_array_equal(ticked[:, 1:], exact[:, 1:])
    np.testing.assert_array_equal(np.floor(ticked[:, 0]), np.floor(exact[:, 0]))
    assert stats.kstest(ticked[:, 0] % 1.0, stats.uniform.cdf).pvalue > 0.001
    assert np.abs(ticked[:, 0] - exact[:, 0]).max() > 0.1


def test_impossible_tick():
    with pytest.raises(ValueError, match="`tick`"):
        simulation.simulate([MIDDLE], n=10, tick=-1.0)
