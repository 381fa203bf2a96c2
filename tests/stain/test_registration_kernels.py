"""Registration and subtraction kernels beside plain numpy and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import _core
from lumentrace.stain.registration.displacement import Displacement
from twins import registration as twin

Floats = NDArray[np.float64]

IDENTITY = np.eye(3)
TURNED = np.array([[0.98, -0.11, 6.0], [0.1, 1.01, -3.0], [1e-4, -5e-5, 1.0]])


def texture(shape: tuple[int, int], seed: int = 0, width: float = 2.0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    return ndimage.gaussian_filter(random.normal(size=shape), width).astype(np.float32) * 10


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.float32])
def test_warp_linear(dtype: Any) -> None:
    image = (100 + 20 * texture((40, 50))).astype(dtype)
    found = _core.warp_rows(image, TURNED.ravel().tolist(), None, 0, 44, 47, "linear")
    y, x = np.mgrid[0:44, 0:47].astype(float)
    expected = twin.linear(image, *twin.project(TURNED, x, y))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "kernel", "before", "taps"), [("cubic", twin.keys, 1, 4), ("smooth", twin.smooth, 3, 8)]
)
def test_warp_with_a_kernel(name: str, kernel: Any, before: int, taps: int) -> None:
    image = texture((40, 50))
    found = _core.warp_rows(image, TURNED.ravel().tolist(), None, 0, 40, 50, name)
    compared = 0
    for row, column in [(10, 12), (20, 25), (31, 18), (15, 40)]:
        u, v = (float(place) for place in twin.project(TURNED, np.array(column), np.array(row)))
        expected = twin.kernel_at(image, u, v, kernel, before, taps)
        assert found[row, column] == pytest.approx(expected, abs=2e-2 if name == "smooth" else 1e-4)
        compared += 1
    assert compared == 4


@pytest.mark.parametrize("name", ["linear", "cubic", "smooth"])
def test_a_whole_shift_moves_pixels(name: str) -> None:
    image = np.full((30, 30), 7, np.uint8)
    moved = np.array([[1.0, 0, 4], [0, 1, -2], [0, 0, 1]])
    found = _core.warp_rows(image, moved.ravel().tolist(), None, 0, 30, 30, name)
    assert np.isnan(found[:2]).all()
    assert np.isnan(found[:, 26:]).all()
    np.testing.assert_allclose(found[2:, :26], 7, rtol=1e-6)


def test_bands_and_threads_do_not_matter() -> None:
    image = texture((64, 48))
    mapped = TURNED.ravel().tolist()
    whole = _core.warp_rows(image, mapped, None, 0, 60, 48, "smooth", threads=1)
    parts = [_core.warp_rows(image, mapped, None, top, 12, 48, "smooth", threads=2) for top in range(0, 60, 12)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_a_field_adds_shifts() -> None:
    image = texture((60, 60), width=4)
    field = Displacement((0.0, 0.0), (59 / 3, 59 / 3), np.full((4, 4, 2), [2.0, -1.0]))
    moved = np.array([[1.0, 0, 2], [0, 1, -1], [0, 0, 1]])
    by_field = _core.warp_rows(image, IDENTITY.ravel().tolist(), field.native(), 0, 60, 60, "linear")
    by_matrix = _core.warp_rows(image, moved.ravel().tolist(), None, 0, 60, 60, "linear")
    np.testing.assert_allclose(by_field[2:, :-3], by_matrix[2:, :-3], atol=1e-4)


def test_a_field_is_interpolated_as_points_are() -> None:
    random = np.random.default_rng(3)
    field = Displacement((1.5, -2.0), (9.0, 7.0), random.normal(size=(7, 6, 2)))
    ramp = np.tile(np.arange(60, dtype=np.float32), (50, 1))
    found = _core.warp_rows(ramp, IDENTITY.ravel().tolist(), field.native(), 0, 50, 60, "linear")
    y, x = np.mgrid[0:50, 0:60].astype(float)
    shifts = field.at(np.column_stack([x.ravel(), y.ravel()])).reshape(50, 60, 2)
    known = np.isfinite(found)
    np.testing.assert_allclose(found[known], (x + shifts[..., 0])[known], atol=1e-4)


@given(st.integers(1, 7), st.integers(0, 3))
def test_reduce(factor: int, holes: int) -> None:
    image = texture((23, 31))
    image[: holes * 3, : holes * 4] = np.nan
    expected = twin.reduce(image.astype(float), factor)
    np.testing.assert_allclose(_core.reduce_image(image, factor), expected, rtol=1e-5, atol=1e-6)


def test_reduce_refuses() -> None:
    with pytest.raises(ValueError, match="factor"):
        _core.reduce_image(np.zeros((4, 9), np.uint8), 5)
    with pytest.raises(TypeError, match=r"uint8.*found complex128"):
        _core.reduce_image(np.zeros((4, 9), complex), 2)


@pytest.mark.parametrize("model", ["translation", "affine", "homography"])
def test_one_step(model: str) -> None:
    moving = texture((90, 80), width=3)
    y, x = np.mgrid[0:70, 0:75].astype(float)
    true = np.array([[1.01, 0.02, 3.0], [-0.015, 0.99, 5.0], [2e-5, -1e-5, 1.0]])
    fixed = (1.7 * twin.linear(moving, *twin.project(true, x, y)) + 4).astype(np.float32)
    start = true.copy()
    start[:2, 2] += [0.7, -0.5]
    moving[40:43, 30] = np.nan
    found, *_ = _core.align_images(fixed, moving, start.ravel().tolist(), model, 1, 0.0, False)
    expected = twin.ecc_step(fixed.astype(float), moving.astype(float), start, model)
    corners = np.array([[0.0, 0.0], [74.0, 69.0], [74.0, 0.0]]).T
    ours = np.array(twin.project(found.reshape(3, 3), *corners))
    np.testing.assert_allclose(ours, twin.project(expected, *corners), atol=2e-3)


@pytest.mark.parametrize("model", ["translation", "affine", "homography"])
def test_it_finds_the_map(model: str) -> None:
    moving = texture((200, 190), width=3)
    true = {
        "translation": np.array([[1.0, 0, 3.3], [0, 1, -2.2], [0, 0, 1]]),
        "affine": np.array([[1.02, 0.03, 3.3], [-0.02, 0.98, 2.2], [0, 0, 1]]),
        "homography": np.array([[1.02, 0.03, 3.3], [-0.02, 0.98, 2.2], [5e-5, -3e-5, 1]]),
    }[model]
    y, x = np.mgrid[0:180, 0:170].astype(float)
    fixed = twin.linear(moving, *twin.project(true, x, y)).astype(np.float32)
    found, correlation, overlap, _, converged, residual = _core.align_images(
        fixed, moving, IDENTITY.ravel().tolist(), model, 60, 1e-4, False
    )
    assert converged
    assert correlation > 0.9999
    assert residual < 0.02
    assert 0.9 < overlap <= 1
    corners = np.array([[10.0, 10.0], [160.0, 170.0]]).T
    np.testing.assert_allclose(twin.project(found.reshape(3, 3), *corners), twin.project(true, *corners), atol=5e-3)


def test_robust_weights_leave_out_stain() -> None:
    moving = texture((200, 200), width=3)
    y, x = np.mgrid[0:200, 0:200].astype(float)
    fixed = twin.linear(moving, x + 1.5, y - 0.8).astype(np.float32)
    random = np.random.default_rng(1)
    for _ in range(60):
        top, left = random.integers(0, 180, 2)
        fixed[top : top + 12, left : left + 12] += 30
    start = IDENTITY.ravel().tolist()
    errors = []
    for robust in (False, True):
        found, *_ = _core.align_images(fixed, moving, start, "translation", 60, 1e-4, robust)
        errors.append(np.hypot(found[2] - 1.5, found[5] + 0.8))
    assert errors[1] < 0.01
    assert errors[1] < errors[0] / 5


def test_alignment_does_not_depend_on_threads() -> None:
    moving, fixed = texture((120, 130), 1), texture((120, 130), 1)
    results = [
        _core.align_images(fixed, moving, TURNED.ravel().tolist(), "affine", 5, 0.0, True, threads=threads)
        for threads in (1, 2, 3)
    ]
    for other in results[1:]:
        np.testing.assert_array_equal(results[0][0], other[0])
        assert results[0][1:] == other[1:]


@pytest.mark.parametrize("image", [np.zeros((50, 50), np.float32), np.full((50, 50), np.nan, np.float32)])
def test_nothing_to_align(image: NDArray[np.float32]) -> None:
    found, correlation, *_, converged, _ = _core.align_images(
        image, image, IDENTITY.ravel().tolist(), "affine", 10, 1e-3, True
    )
    assert not converged
    assert np.isnan(correlation)
    np.testing.assert_allclose(found, IDENTITY.ravel(), atol=1e-12)


def test_tiles_find_shifts() -> None:
    moving = texture((160, 160), width=2.5)
    y, x = np.mgrid[0:160, 0:160].astype(float)
    fixed = twin.linear(moving, x + 1.25, y - 0.6).astype(np.float32)
    centres = np.array([[50.0, 50.0], [80.0, 100.0], [110.0, 60.0], [-500.0, 0.0]])
    rows = _core.tile_shifts(fixed, moving, centres, 20, 6.0, 30)
    np.testing.assert_allclose(rows[:3, 0], 1.25, atol=0.02)
    np.testing.assert_allclose(rows[:3, 1], -0.6, atol=0.02)
    assert (rows[:3, 2] > 0.999).all()
    assert np.isnan(rows[3, :2]).all()
    assert rows[3, 6] == 0


def test_kernels_tell_how_far_they_are() -> None:
    moving = texture((160, 160), width=2.5)
    start = IDENTITY.copy()
    start[0, 2] = 1.5
    told: list[int] = []
    *_, steps, converged, _ = _core.align_images(
        moving, moving, start.ravel().tolist(), "affine", 60, 1e-4, False, told.append
    )
    assert converged
    assert told == sorted(told)
    assert told[-1] == steps > 1
    told.clear()
    centres = np.array([[50.0, 50.0], [80.0, 100.0], [110.0, 60.0]])
    _core.tile_shifts(moving, moving, centres, 20, 6.0, 30, told.append)
    assert told[-1] == 3


def test_tiles_do_not_believe_long_shifts() -> None:
    moving, fixed = texture((120, 120), 1), texture((120, 120), 2)
    rows = _core.tile_shifts(fixed, moving, np.array([[60.0, 60.0]]), 20, 2.0, 30)
    assert np.isnan(rows[0, 0]) or np.hypot(*rows[0, :2]) <= 2


def tally(
    post: NDArray[Any], pre: NDArray[np.float32], sharp: NDArray[np.float32], margin: int, floor: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    ratios, joint = np.zeros((4, 80), np.uint32), np.zeros((32, 32), np.uint32)
    height = len(post)
    for first in range(0, height, 13):
        end = min(first + 13, height)
        above, below = max(first - margin, 0), min(end + margin, height)
        _core.tally_ratios(
            post[above:below].copy(),
            pre[above:below].copy(),
            sharp[above:below].copy(),
            above,
            (first - above, end - above),
            ratios,
            joint,
            height=height,
            margin=margin,
            floor=floor,
            decades=1.0,
            block=20,
            most=[64.0, 64.0],
            dither=[0.0, 0.0],
            seed=1,
        )
    return ratios, joint


@pytest.mark.parametrize(("margin", "floor"), [(0, 1e-30), (2, 5.0)])
def test_tally(margin: int, floor: float) -> None:
    random = np.random.default_rng(0)
    post = random.integers(0, 60, (37, 31)).astype(np.uint8)
    pre = random.uniform(0, 60, (37, 31)).astype(np.float32)
    post[:5], pre[20:24, 10:15] = 0, np.nan
    sharp = (pre * random.uniform(0.8, 1.25, pre.shape)).astype(np.float32)
    ratios, joint = tally(post, pre, sharp, margin, floor)
    both = (post > 0) & (pre > 0)
    inner = ndimage.binary_erosion(both, np.ones((2 * margin + 1,) * 2)) if margin else both
    used = inner & (pre >= floor)
    logarithms = np.log10(post[used] / sharp[used].astype(float))
    expected = np.histogram(logarithms, 80, (-1, 1))[0]
    assert np.abs(ratios.sum(axis=0).astype(int) - expected).sum() <= 2
    rows, columns = np.nonzero(used & (np.abs(np.log10(np.where(used, post / np.where(used, sharp, 1), 1))) < 1))
    np.testing.assert_array_equal(ratios.sum(axis=1), np.bincount(rows // 20 * 2 + columns // 20, minlength=4))
    known = np.isfinite(pre)
    np.testing.assert_array_equal(joint, np.histogram2d(post[known], pre[known], 32, [(0, 64), (0, 64)])[0])


def test_tally_refuses_other_histograms() -> None:
    band = np.ones((5, 30), np.float32)
    with pytest.raises(ValueError, match="row per block"):
        _core.tally_ratios(
            band,
            band,
            band,
            0,
            (0, 5),
            np.zeros((3, 10), np.uint32),
            np.zeros((8, 8), np.uint32),
            height=5,
            margin=0,
            floor=0.0,
            decades=1.0,
            block=10_000,
            most=[1.0, 1.0],
            dither=[0.0, 0.0],
            seed=0,
        )


@given(st.integers(0, 200), st.sampled_from([1, 3, 7, 40]))
def test_spots(seed: int, band: int) -> None:
    random = np.random.default_rng(seed)
    height = ndimage.gaussian_filter(random.normal(size=(40, 33)), 1.0).astype(np.float32) * 5
    height[random.random(height.shape) < 0.02] = np.nan
    values = random.normal(3, 1, height.shape).astype(np.float32)
    finder = _core.SpotFinder(33, 0.8, 1.6, 2)
    for top in range(0, 40, band):
        finder.add(height[top : top + band], values[top : top + band])
    found = sorted(finder.finish().tolist())
    expected = sorted(twin.spots(np.nan_to_num(height, nan=-9.0), values.astype(float), 0.8, 1.6, 2))
    assert len(found) == len(expected)
    if found:
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_spots_refuse() -> None:
    with pytest.raises(ValueError, match="low"):
        _core.SpotFinder(10, 5.0, 3.0, 1)
    finder = _core.SpotFinder(10, 3.0, 5.0, 1)
    with pytest.raises(ValueError, match="rows of 10"):
        finder.add(np.zeros((2, 9), np.float32), np.zeros((2, 9), np.float32))


@pytest.mark.parametrize(
    ("matrix", "field", "told"),
    [
        ([np.nan] * 9, None, "finite"),
        (np.eye(3).ravel().tolist(), ([0.0, 0.0], [5.0, 0.0], np.zeros((3, 3, 2))), "positive spacing"),
        (np.eye(3).ravel().tolist(), ([0.0, 0.0], [5.0, 5.0], np.zeros((1, 3, 2))), "two rows"),
        (np.eye(3).ravel().tolist(), ([0.0, 0.0], [5.0, 5.0], np.zeros((3, 3, 3))), "columns, 2"),
    ],
)
def test_maps_that_are_none(matrix: list[float], field: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        _core.warp_rows(np.zeros((5, 5), np.uint8), matrix, field, 0, 5, 5, "linear")


def test_displacement_is_fitted() -> None:
    random = np.random.default_rng(4)
    points = random.uniform(0, 400, (300, 2))
    true = np.column_stack([3 * np.sin(points[:, 0] / 90), 2 * np.cos(points[:, 1] / 120)])
    measured = true + random.normal(0, 0.05, true.shape)
    measured[:20] += random.uniform(-8, 8, (20, 2))
    information = np.tile([400.0, 0.0, 400.0], (300, 1))
    field, weights, errors = Displacement.over((401, 401), 12).fitted(points, measured, information)
    assert np.abs(field.at(points) - true).max() < 0.3
    assert weights[:20].mean() < 0.1 < 0.8 < weights[20:].mean()
    assert 0.005 < errors.mean() < 0.1
