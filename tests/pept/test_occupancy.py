"""Circles, spheres and occupancy: exact areas, time that is conserved, golden data, twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import golden
from lumentrace import PointData, _core
from lumentrace.pept.processing import (
    ResidenceDistribution2D,
    ResidenceDistribution3D,
    circles2d,
    occupancy2d,
    occupancy3d,
    spheres3d,
)
from twins.occupancy import occupancy

LIMITS: Any = {"xlim": (-30, 30), "ylim": (-20, 40), "verbose": False}


def walk(seed: int, count: int = 40, step: float = 3.0) -> Any:
    rng = np.random.default_rng(seed)
    xyz = np.cumsum(rng.normal(0, step, (count, 3)), axis=0)
    return np.column_stack([np.cumsum(rng.exponential(2.0, count)), xyz])


# ---------------------------------------------------------------------- circles
@pytest.mark.parametrize("which", [0, 1])
def test_circles_as_golden(which: int) -> None:
    case = golden(f"pept/circles2d_{which}.npz")
    expected = case["pixels"]
    found = circles2d(case["positions"], expected.shape, case["radii"], case["xlim"], case["ylim"], verbose=False)
    pixel = found.pixel_size.max()
    if (case["radii"] >= 3 * pixel).all():
        np.testing.assert_allclose(found.pixels, expected, rtol=1e-9, atol=1e-9)
    else:
        np.testing.assert_allclose(found.pixels.sum(), expected.sum(), rtol=0.1)
    inside = (np.abs(case["positions"]) + case["radii"][:, None] < case["xlim"][1]).all()
    if inside:
        np.testing.assert_allclose(found.sum(), (np.pi * case["radii"] ** 2).sum(), rtol=1e-12)


@given(st.integers(0, 10_000), st.floats(1e-6, 12), st.integers(1, 60), st.integers(1, 60))
def test_a_circle_has_its_area(seed: int, radius: float, nx: int, ny: int) -> None:
    centre = np.random.default_rng(seed).uniform((-15, -5), (15, 25), (1, 2))
    pixels = circles2d(centre, (nx, ny), radius, **LIMITS)
    np.testing.assert_allclose(pixels.sum(), np.pi * radius**2, rtol=1e-12)
    assert (pixels >= 0).all()
    assert pixels.max() <= pixels.pixel_size.prod() * (1 + 1e-12)


def test_limits_of_circles_leave_room() -> None:
    pixels = circles2d([[10, -20], [30, 20]], (9, 9), [1, 5], verbose=False)
    np.testing.assert_allclose(pixels.xlim, [5 - 0.05, 35 + 0.35])
    np.testing.assert_allclose(pixels.ylim, [-25 - 0.25, 25 + 0.25])
    np.testing.assert_allclose(pixels.sum(), 26 * np.pi)


def test_circles_of_no_size_are_counted() -> None:
    positions = [[0, 0], [1, 2], [2, 2], [1, 1], [5, 0], [np.nan, 1]]
    pixels = circles2d(positions, (2, 2), xlim=(0, 2), ylim=(0, 2), verbose=False)
    np.testing.assert_array_equal(pixels, [[1, 0], [0, 3]])


def test_what_circles_refuse() -> None:
    for arguments, message in (
        (([[1, 2]], (5,)), "number_of_pixels"),
        (([1, 2], (5, 5)), "positions"),
        (([[1, 2, 3]], (5, 5)), r"`positions`: expected shape \(N, 2\), found \(1, 3\)"),
        (([[1]], (5, 5)), "positions"),
        (([[1, 2]], (5, 5), [1, 2]), "radii"),
        (([[1, 2]], (5, 5), -1), "radii"),
        (([[1, 2]], (5, 5), 1, (3, 3)), "xlim"),
        ((np.empty((0, 2)), (5, 5)), "no point"),
    ):
        with pytest.raises(ValueError, match=message):
            circles2d(*arguments, verbose=False)


def test_spheres_have_their_volume() -> None:
    rng = np.random.default_rng(0)
    centres, radii = rng.uniform(-10, 10, (20, 3)), rng.uniform(0.2, 6, 20)
    voxels = spheres3d(centres, (13, 11, 9), radii, verbose=False)
    np.testing.assert_allclose(voxels.sum(), (4 / 3 * np.pi * radii**3).sum(), rtol=1e-12)
    ball = spheres3d([[0, 0, 0]], (4, 4, 4), 2, xlim=(-2, 2), ylim=(-2, 2), zlim=(-2, 2), verbose=False)
    np.testing.assert_allclose(ball, ball[::-1], atol=1e-12)
    np.testing.assert_allclose(ball, ball.transpose(2, 0, 1), atol=0.01)


# ---------------------------------------------------------------------- occupancy
@pytest.mark.parametrize("omit_last", [False, True])
def test_occupancy_is_that_of_many_points(omit_last: bool) -> None:
    points = walk(1, 12, 6.0)[:, :3]
    found = occupancy2d(points, (24, 20), 4.0, (-60, 60), (-60, 60), omit_last=omit_last, verbose=False)
    expected = occupancy(points, (24, 20), 4.0, (-60, 60), (-60, 60), 40, omit_last)
    np.testing.assert_allclose(found.pixels, expected, atol=0.004 * expected.max())


@given(st.integers(0, 10_000), st.floats(1e-3, 9) | st.just(0.0), st.integers(2, 40))
def test_time_is_conserved(seed: int, radius: float, count: int) -> None:
    points = walk(seed, count)
    limits = np.abs(points[:, 1:]).max() + radius + 1
    box = {"xlim": (-limits, limits), "ylim": (-limits, limits), "verbose": False}
    span = points[-1, 0] - points[0, 0]
    np.testing.assert_allclose(occupancy2d(points, (17, 23), radius, **box).sum(), span, rtol=1e-12)
    np.testing.assert_allclose(occupancy2d(points, (9, 8), radius, verbose=False).sum(), span, rtol=1e-9)
    space = occupancy3d(points, (7, 6, 5), radius, **box, zlim=(-limits, limits))
    np.testing.assert_allclose(space.sum(), span, rtol=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_two_pieces_add_up(seed: int, cut: int) -> None:
    points = walk(seed, 10)[:, :3]
    box: Any = {"number_of_pixels": (30, 30), "radius": 2.0, "xlim": (-50, 50), "ylim": (-50, 50), "verbose": False}
    whole = occupancy2d(points, **box, omit_last=True)
    first = occupancy2d(points[: cut + 1], **box, omit_last=True)
    second = occupancy2d(points[cut:], **box, omit_last=True)
    lost = occupancy2d(points[cut - 1 : cut + 1], **box) - occupancy2d(points[cut - 1 : cut + 1], **box, omit_last=True)
    np.testing.assert_allclose(first + second + lost, whole, atol=1e-12)


def test_occupancy_looks_like_golden() -> None:
    case = golden("pept/occupancy2d_0.npz")
    for name, omit in (("out", False), ("out_omit_last", True)):
        found = occupancy2d(case["points"], (20, 20), float(case["radius"]), (0, 20), (0, 20), omit, verbose=False)
        # The peer loses 40 % of the time, most where the path bends.
        assert np.corrcoef(found.ravel(), case[name].ravel())[0, 1] > 0.94
    single = occupancy2d(case["points"][:2], (20, 20), float(case["radius"]), (0, 20), (0, 20), verbose=False)
    assert np.corrcoef(single.ravel(), case["one"].ravel())[0, 1] > 0.9999


def test_a_straight_way_of_no_width() -> None:
    found = occupancy2d([[0, -1, 0.5], [10, 4, 0.5]], (3, 1), 0, (0, 3), (0, 1), verbose=False)
    np.testing.assert_allclose(found.pixels[:, 0], [2, 2, 2])


def test_gaps_and_rests() -> None:
    track = [[0, 0, 0], [1, 0, 0], [2, np.nan, 0], [3, 5, 0], [4, 6, 0]]
    found = occupancy2d(track, (8, 4), 1.0, (-2, 8), (-2, 2), verbose=False)
    np.testing.assert_allclose(found.sum(), 2.0, rtol=1e-12)
    still = occupancy2d(track[:2], (8, 4), 1.0, (-2, 8), (-2, 2), omit_last=True, verbose=False)
    assert still.sum() == 0


def test_what_occupancy_refuses() -> None:
    for arguments, message in (
        (([[0, 1, 2]], (5, 5), 1), "at least 2"),
        (([[0, 1]], (5, 5), 1), "points"),
        (([[0, 1, 2], [1, 2, 3]], (5, 5), -1), "radius"),
        (([[0, 1, 2], [1, 2, 3]], (5, 5), np.nan), "radius"),
        (([[0, 1, 2], [1, 2, 3]], (0, 5), 1), "number_of_pixels"),
        (([[0, 1, 2], [1, 2, 3]], (5, 5), 1, (5, 1)), "xlim"),
        (([[0, np.nan, 2], [1, np.nan, 3]], (5, 5), 1), "no point"),
    ):
        with pytest.raises(ValueError, match=message):
            occupancy2d(*arguments, verbose=False)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_threads_do_not_change_a_bit(dimensions: int) -> None:
    xyz = walk(3, 300)[:, 1 : 1 + dimensions]
    rows = np.column_stack([xyz[:-1], xyz[1:], np.full(299, 2.5), np.arange(299) % 3])
    results = []
    for threads in (1, 2, 5):
        grids = np.zeros((2, 31, 29, 1 if dimensions == 2 else 7))
        amounts = np.column_stack([np.arange(299.0), np.ones(299)])
        _core.spread_bodies(grids, rows, amounts, [-99, -99, -99], [99, 99, 99], threads)
        results.append(grids)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


# ---------------------------------------------------------------------- residence
def test_residence_adds_up_over_trajectories() -> None:
    tracks = [PointData(walk(seed)) for seed in range(3)]
    spans = sum(float(np.ptp(track["t"])) for track in tracks)
    for map_of in (ResidenceDistribution2D(3.0, resolution=(40, 30)), ResidenceDistribution3D(3.0)):
        np.testing.assert_allclose(map_of.fit(tracks).sum(), spans, rtol=1e-9)
    stacked = PointData(tracks)
    np.testing.assert_array_equal(
        ResidenceDistribution2D(3.0, resolution=(40, 30)).fit(stacked),
        ResidenceDistribution2D(3.0, resolution=(40, 30), max_workers=1).fit(tracks),
    )


def test_residence_of_other_columns_and_axes() -> None:
    track = PointData([[0, 0, 0, 0, 1], [1, 0, 0, 8, 4]], columns=["t", "x", "y", "z", "dose"])
    found = ResidenceDistribution2D(2.0, "dose", "zx", (10, 4)).fit(track)
    assert found.shape == (10, 4)
    np.testing.assert_allclose([found.sum(), *found.xlim, *found.ylim], [3, -1, 9, -1, 1])


def test_residence_looks_like_golden() -> None:
    case = golden("pept/beyond_docs_r2.npz")
    track = PointData(case["points"], columns=["t", "x", "y", "z", "v"])
    found = ResidenceDistribution2D(6.0, resolution=case["out"].shape, xlim=(-40, 40), ylim=(-30, 30)).fit(track)
    assert np.corrcoef(found.ravel(), case["out"].ravel())[0, 1] > 0.995
    np.testing.assert_allclose(found.sum(), 39, rtol=1e-12)


def test_what_residence_refuses() -> None:
    track = PointData(walk(0))
    for settings, message in (
        ({"diameter": -1}, "diameter"),
        ({"dimensions": "xx"}, "dimensions"),
        ({"dimensions": "xyz"}, "dimensions"),
        ({"resolution": (3, 3, 3)}, "number_of_pixels"),
        ({"column": "speed"}, "column"),
        ({"column": 9}, "column"),
    ):
        with pytest.raises(ValueError, match=message):
            ResidenceDistribution2D(**{"diameter": 1.0, **settings}).fit(track)
    with pytest.raises(ValueError, match="no point"):
        ResidenceDistribution2D(1.0).fit(PointData(np.empty((0, 4))))
    empty = ResidenceDistribution2D(1.0, resolution=(3, 3), xlim=(0, 1), ylim=(0, 1)).fit([])
    np.testing.assert_array_equal(empty, np.zeros((3, 3)))
