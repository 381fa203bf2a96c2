"""Two-photon: what the search for cells measures in pixels is what numpy measures, in whatever blocks frames come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lumentrace import _core
from twins import cells as twins

SHAPE = (90, 13, 11)
WHOLE = (0, SHAPE[1]), (0, SHAPE[2])


def movie(kind: str = "uint16") -> NDArray[Any]:
    random = np.random.default_rng(4)
    light = 40 + 10 * np.sin(np.arange(SHAPE[0]) / 9)[:, None, None] * random.random(SHAPE[1:])
    values = random.poisson(light).astype(kind)
    if kind == "float32":
        values[5:9, 2, 3], values[:, 4, 4], values[:, 6, 6], values[:-1, 7, 7] = np.nan, np.nan, 3, np.inf
    return values


def handed(taker: Any, values: NDArray[Any], kept: Any = None, block: int = 90, threads: int = 1) -> Any:
    """A kernel that has taken all frames, some at a time."""
    kept = np.ones(len(values), bool) if kept is None else kept
    for start in range(0, len(values), block):
        part = np.ascontiguousarray(values[start : start + block])
        frames, own = _core.MovieFrames.memory(part), kept[start : start + block]
        _core.hand_frames(frames, taker, (0, len(part)), *WHOLE, own, threads=threads)
    return taker


def binned(values: NDArray[Any], factor: int = 2, frames: int = 4, segment: int = 8, **how: Any) -> Any:
    mean, noise = handed(_core.PixelNoise(*SHAPE[1:]), values).images()
    return handed(_core.BinnedMovie(mean, noise, factor, frames, len(values) // frames, segment), values, **how)


@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_noise_is_that_of_numpy(kind: str) -> None:
    values = movie(kind)
    found = handed(_core.PixelNoise(*SHAPE[1:]), values).images()
    for own, expected in zip(found, twins.noise(values), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["uint16", "float32"])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_bins_are_those_of_numpy(kind: str, factor: int) -> None:
    values = movie(kind)
    found = binned(values, factor).values()
    expected = twins.binned(values, *twins.noise(values), factor, 4)
    np.testing.assert_allclose(found, expected, atol=0.5 / 64 + 1e-6)


def test_local_images_are_those_of_numpy() -> None:
    values = movie("float32")
    mean, noise = twins.noise(values)
    expected = twins.local_images(twins.binned(values, mean, noise, 1, 4), 8)
    for own, known in zip(binned(values).images(), expected, strict=True):
        np.testing.assert_allclose(own, known, rtol=1e-9, atol=1e-12)


def test_blocks_and_threads_do_not_change_a_digit() -> None:
    values, kept = movie(), np.arange(SHAPE[0]) % 7 != 3
    courses = np.random.default_rng(1).normal(size=(2, 19))
    parts = [((0, 5), (2, 9), [1, 0]), ((3, 13), (0, 11), [1])]
    mean, noise = handed(_core.PixelNoise(*SHAPE[1:]), values, kept).images()

    def run(block: int, threads: int) -> list[NDArray[Any]]:
        first = handed(_core.PixelNoise(*SHAPE[1:]), values, kept, block, threads).images()
        second = handed(_core.BinnedMovie(mean, noise, 2, 4, 19, 8), values, kept, block, threads)
        third = handed(_core.MovieProjections(mean, 4, courses, parts), values, kept, block, threads)
        return [*first, second.values(), *second.images(), second.activity(3.0, 9, threads), *third.sums()]

    for one, two in zip(run(90, 1), run(13, 3), strict=True):
        np.testing.assert_array_equal(one, two)


def test_projections_are_those_of_numpy() -> None:
    values = movie("float32")
    mean, _ = twins.noise(values)
    courses = np.random.default_rng(1).normal(size=(2, 22))
    found = handed(_core.MovieProjections(mean, 4, courses, [((3, 9), (2, 9), [1, 0])]), values).sums()[0]
    less = np.where(np.isfinite(values - mean), values - mean, 0)[:88].reshape(22, 4, *SHAPE[1:]).mean(axis=1)
    expected = np.einsum("kb,brc->krc", courses, less)[::-1, 3:9, 2:9]
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-9, atol=1e-9)


def test_activity_is_that_of_numpy() -> None:
    found = binned(movie(), factor=1)
    values = twins.high_passed(found.values().astype(float), 9)
    filtered = twins.disc_filtered(values - values.mean(axis=-1, keepdims=True) - twins.surroundings(values), 3.0)
    expected = [[twins.activity(course) for course in row] for row in filtered]
    np.testing.assert_allclose(found.activity(3.0, 9), expected, rtol=1e-3, atol=1e-3)


def test_cells_are_those_that_were_planted() -> None:
    random = np.random.default_rng(8)
    y, x = np.mgrid[:13, :11]
    values = random.poisson(20.0, (600, *SHAPE[1:])).astype(float)
    discs, courses = [], []
    for row, column in ((3, 3), (9, 7)):
        discs.append(np.hypot(y - row, x - column) < 2.3)
        courses.append(np.convolve(random.random(600) < 0.02, np.exp(-np.arange(40) / 12))[:600])
        values += 25 * courses[-1][:, None, None] * discs[-1]
    mean, noise = handed(_core.PixelNoise(*SHAPE[1:]), values).images()
    found = handed(_core.BinnedMovie(mean, noise, 1, 4, 150, 40), values)
    figures, footprints, active, free, _ = found.cells(5.0, 40)
    large = [number for number in range(len(figures)) if (active[number] ** 2).sum() > 1000]
    assert len(large) == 2
    for number in large:
        image = np.zeros(SHAPE[1:])
        row, column = figures[number, :2].astype(int)
        height, width = footprints[number].shape
        image[row : row + height, column : column + width] = footprints[number]
        own = int(image[9, 7] > image[3, 3])
        assert np.corrcoef(image.ravel(), discs[own].ravel())[0, 1] > 0.99
        binned_course = twins.high_passed(courses[own].reshape(1, 1, 150, 4).mean(axis=-1), 40)[0, 0]
        # The surroundings, the median of so few pixels, take a part of it.
        assert np.corrcoef(free[number], binned_course)[0, 1] > 0.85


def test_weighted_sums_are_those_of_numpy() -> None:
    values = movie()
    pixels = [np.array([0, 5, 60]), np.array([5, 61]), np.zeros(0, np.int64)]
    weights = np.array([0.5, 2, 1, 3, 0.25])
    areas = np.array([0, 3, 5, 5]), np.concatenate(pixels).astype(np.uint32)
    found = _core.MovieFrames.memory(values).weighted_sums((3, 50), *WHOLE, areas, weights)
    flat, split = values.reshape(len(values), -1)[3:50].astype(float), np.split(weights, [3, 5])
    expected = np.column_stack([flat[:, own] @ weight for own, weight in zip(pixels, split, strict=True)])
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: _core.BinnedMovie(np.ones((3, 3)), np.ones((2, 3)), 1, 1, 1, 1), "mean"),
        (lambda: _core.BinnedMovie(np.ones((3, 3)), np.ones((3, 3)), 0, 1, 1, 1), "positive numbers"),
        (lambda: _core.BinnedMovie(np.ones((3, 3)), np.ones((3, 3)), 1, 1, 2**62, 1), "bytes at most"),
        (lambda: _core.MovieProjections(np.ones((3, 3)), 1, np.ones((1, 4)), [((0, 4), (0, 3), [0])]), "parts"),
        (lambda: _core.MovieProjections(np.ones((3, 3)), 1, np.ones((1, 4)), [((2, 1), (0, 3), [0])]), "parts"),
        (lambda: _core.MovieProjections(np.ones((3, 3)), 1, np.ones((1, 4)), [((0, 3), (0, 3), [1])]), "parts"),
        (lambda: handed(_core.PixelNoise(5, 5), movie()), "frames"),
        (lambda: handed(_core.PixelNoise(*SHAPE[1:]), movie(), np.ones(3, bool)), "kept"),
        (lambda: binned(movie()).cells(np.nan, 5), "diameter"),
        (lambda: binned(movie()).activity(3.0, 0), "window"),
    ],
)
def test_bad_arguments_are_told(work: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        work()
