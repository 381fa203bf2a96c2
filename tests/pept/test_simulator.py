"""The documented simulator: its lines, noise and spread, and that a tracer in them is found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumentrace.pept import scanners
from lumentrace.pept.recipes import Birmingham
from lumentrace.pept.simulation import Shape, Simulator

MIDDLE = [[0.0, 250, 240, 356], [1000, 250, 240, 356]]


def simulator(times: int = 2000, **settings: Any) -> Simulator:
    return Simulator(MIDDLE, np.linspace(0, 1000, times), Shape(0, 0, 0).sphere, seed=1, **settings)


def distance_from(point: Any, rows: Any, separation: float = 712) -> Any:
    p = np.column_stack([rows[:, 1:3], np.zeros(len(rows))])
    q = np.column_stack([rows[:, 3:5], np.full(len(rows), separation)])
    n = (q - p) / np.linalg.norm(q - p, axis=1, keepdims=True)
    w = np.asarray(point) - p
    return np.linalg.norm(w - (w * n).sum(axis=1, keepdims=True) * n, axis=1)


@pytest.mark.parametrize("isotropic", [False, True])
def test_lines_pass_the_tracer(isotropic: bool) -> None:
    lines = simulator(isotropic=isotropic)
    rows = lines.simulate()
    assert rows.shape == (2000, 5)
    assert ((rows[:, 1:] > 0) & (rows[:, 1:] < 500)).all()
    away = distance_from([250, 240, 356], rows)
    # The range of the positrons of fluorine-18 in water.
    assert 0.1 < np.median(away) < 1.5
    np.testing.assert_array_equal(rows[:, 0], np.linspace(0, 1000, 2000))
    assert lines.lost == 0


def test_isotropic_directions_are() -> None:
    middle = [[0.0, 2500, 2500, 356]]
    wide = Simulator(middle, np.zeros(20_000), Shape().sphere, x_max=5000, y_max=5000, seed=1, isotropic=True)
    rows = wide.simulate()
    slope = (rows[:, 3:5] - rows[:, 1:3]) / 712
    cosine = 1 / np.sqrt(1 + (slope**2).sum(axis=1))
    # Even in the cosine, but for steep lines that miss the screens.
    counts = np.histogram(cosine, 6, (0.4, 1.0))[0]
    assert counts.min() > 0.9 * counts.max()


def test_it_follows_the_trajectory_and_the_shape() -> None:
    t = np.arange(101.0)
    track = np.column_stack([t, 200 + t, 0 * t + 250, 0 * t + 300])
    drops = iter(np.tile([[0.0, 0, 40], [0, 0, -40]], (50, 1)))
    lines = Simulator(track, np.arange(100.0), lambda: next(drops), seed=3)
    rows = lines.simulate()
    for row, z in zip(rows, np.tile([340.0, 260], 50), strict=True):
        assert distance_from([200 + row[0], 250, z], row[None])[0] < 4
    lines.change_trajectory([[0.0, 100, 250, 300]])
    lines.change_sampling_times([5.0, 6.0])
    lines.change_shape(Shape().sphere)
    assert distance_from([100, 250, 300], lines.simulate()).max() < 4


def test_noise_is_inserted_in_order() -> None:
    lines = simulator()
    rows = lines.add_noise(0.5)
    assert rows.shape == (3000, 5)
    assert (np.diff(rows[:, 0]) >= 0).all()
    assert lines.pept_data is not None
    assert len(lines.pept_data) == 2000
    near = distance_from([250, 240, 356], rows) < 5
    assert abs(near.sum() - 2000) < 60
    with pytest.raises(ValueError, match="noise_ratio"):
        lines.add_noise(-1)


def test_spread_moves_ends_along_and_across() -> None:
    lines = simulator()
    plain = lines.simulate()
    blurred = lines.add_spread(4, 0)
    assert 3.9 < np.abs(blurred - plain)[:, 1:].max() <= 4
    lines.simulate()
    deep = lines.add_spread(0, 16)
    assert np.abs(distance_from([250, 240, 356], deep)).max() < 20
    assert (np.abs(deep[:, 3:] - deep[:, 1:3]) >= np.abs(plain[:, 3:] - plain[:, 1:3]) - 1e9).all()
    both = simulator().add_noise_and_spread(0.5)
    assert both.shape == (3000, 5)


def test_the_tracer_is_found_again(tmp_path: Path) -> None:
    lines = simulator(20_000)
    lines.add_noise_and_spread(0.3)
    lines.write_noise_csv(tmp_path / "noise.csv")
    lines.write_csv(tmp_path / "plain.csv")
    assert len(np.loadtxt(tmp_path / "plain.csv")) == 20_000
    read = scanners.parallel_screens(tmp_path / "noise.csv", 712, verbose=False)
    points = Birmingham().fit(read, verbose=False)
    assert np.abs(np.median(points.points[:, 1:4], axis=0) - [250, 240, 356]).max() < 1


def test_seeds_repeat() -> None:
    np.testing.assert_array_equal(simulator().add_noise_and_spread(1), simulator().add_noise_and_spread(1))
    assert not np.array_equal(Shape(seed=1).sphere(), Shape(seed=2).sphere())


def test_shapes_are_even() -> None:
    rng = np.random.default_rng(0)
    ball = Shape(3, 3, 3).offsets("sphere", 50_000, rng)
    assert np.mean(np.linalg.norm(ball, axis=1) < 1.5) == pytest.approx(1 / 8, abs=0.01)
    tube = Shape(2, 2, 5).offsets("cylinder", 50_000, rng)
    assert np.mean(np.hypot(tube[:, 0], tube[:, 1]) < 1) == pytest.approx(1 / 4, abs=0.01)
    assert np.abs(tube[:, 2]).max() == pytest.approx(5, abs=0.01)
    lying = np.array([Shape(0, 0, 5, seed=n).cylinder(angleY=np.pi / 2) for n in range(50)])
    assert np.abs(lying[:, 1:]).max() < 1e-9
    assert np.abs(lying[:, 0]).max() > 4


def test_a_tracer_out_of_view_has_no_lines() -> None:
    far = Simulator([[0, -9000, 250, 300]], [0.0, 1.0], Shape().sphere, seed=1)
    assert far.simulate().shape == (0, 5)
    assert far.lost == 2


def test_what_it_refuses() -> None:
    times, shape = [0.0], Shape().sphere
    for arguments, message in (
        (([[0, 1, 2]], times, shape), "trajectory"),
        (([[1, 1, 2, 3], [0, 1, 2, 3]], times, shape), "trajectory"),
        (([[0, 1, np.nan, 3]], times, shape), "trajectory"),
        ((MIDDLE, [[1.0]], shape), "sampling_times"),
        ((MIDDLE, [np.inf], shape), "sampling_times"),
        ((MIDDLE, times, None), "shape_function"),
        ((MIDDLE, times, shape, -712), "separation"),
    ):
        with pytest.raises(ValueError, match=message):
            Simulator(*arguments)
    with pytest.raises(ValueError, match="shape_function"):
        Simulator(MIDDLE, times, lambda: [1, 2]).simulate()
    with pytest.raises(ValueError, match="add_noise"):
        Simulator(MIDDLE, times, shape).write_noise_csv("never.csv")
    with pytest.raises(ValueError, match="`x`"):
        Shape(-1)
