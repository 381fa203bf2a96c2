"""Voxelised lines and the peaks in them."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from golden import golden
from helpers import assert_identical, simulate
from lumentrace import LineData, Pipeline, PointData, Voxels
from lumentrace.engine.samples import chunks
from lumentrace.pept import simulation
from lumentrace.pept.tracking import FPI, Stack, Voxelize
from twins.grid import gaussian_of_integrals

Array = NDArray[np.float64]
COLUMNS = ["t", "x", "y", "z", "error_x", "error_y", "error_z", "error"]


@pytest.mark.parametrize("which", [0, 1])
def test_peaks_as_golden_and_half_a_voxel_further(which: int) -> None:
    case = golden(f"pept/fpi_{which}.npz")
    sample = LineData(case["lines"])
    voxels = Voxelize((40, 40, 40), *case["lims"]).fit_sample(sample)
    assert (voxels.voxels == case["voxels"]).mean() > 0.9999
    found = FPI().fit_sample(voxels)
    size = voxels.voxel_size
    assert found.columns == COLUMNS
    assert len(found.points) == len(case["out"])
    expected = case["out"][np.argsort(case["out"][:, 1])]
    ours = found.points[np.argsort(found["x"])]
    np.testing.assert_allclose(ours[:, 0], expected[:, 0], rtol=1e-12)
    # The peer's σ is negative where its steps ran away: those 100 steps end 300 counts from the values.
    fitted = expected[:, 4:7] > 0
    assert fitted.sum() >= fitted.size - 1
    assert (np.abs(ours[:, 1:4] - (expected[:, 1:4] + size / 2)) < 0.02 * size)[fitted].all()
    np.testing.assert_allclose(ours[:, 4:7][fitted], expected[:, 4:7][fitted], rtol=0.05)
    np.testing.assert_allclose(ours[:, 7], np.linalg.norm(ours[:, 4:7], axis=1))
    truth = case["true"][np.argsort(case["true"][:, 0])]
    assert (np.linalg.norm(ours[:, 1:4] - truth, axis=1) < 4).all()


@pytest.mark.parametrize("name", ["fpi_blobs", "small_fpi_blobs"])
def test_blobs_as_golden(name: str) -> None:
    case = golden(f"pept/{name}.npz")
    edge = (0, 24)
    with pytest.warns(RuntimeWarning, match="carry no lines"):
        found = FPI().fit_sample(Voxels(case["grid"], edge, edge, edge))
    expected = case["out"][np.argsort(case["out"][:, 1])]
    ours = found.points[np.argsort(found["x"])]
    assert np.isnan(found["t"]).all()
    np.testing.assert_allclose(ours[:, 1:4], expected[:, 1:4] + 0.5, atol=0.01)
    np.testing.assert_allclose(ours[:, 4:], expected[:, 4:], atol=0.01)


def grid_with(values: Array) -> Voxels:
    """One peak with the given values before, at and after it on every axis, in voxels of 1 mm."""
    grid = np.zeros((9, 9, 9))
    for axis in range(3):
        index: list[Any] = [4, 4, 4]
        index[axis] = slice(3, 6)
        grid[tuple(index)] = values
    return Voxels(grid, (0, 9), (0, 9), (0, 9), _lines=LineData(np.zeros((1, 7))))


def test_a_narrow_peak_is_as_wide_as_its_gaussian() -> None:
    found = FPI().fit_sample(grid_with(np.array([11.0, 82.0, 1.0]))).points[0]
    np.testing.assert_allclose(found[4:7], 0.286, atol=5e-4)


def test_any_three_values_are_those_of_the_gaussian() -> None:
    rng = np.random.default_rng(3)
    for _ in range(120):
        middle = rng.integers(5, 400)
        before, after = rng.integers(1, 0.95 * middle, 2)
        values = np.array([before, middle, after], dtype=float)
        found = FPI().fit_sample(grid_with(values)).points[0]
        centre, sigma = gaussian_of_integrals(values)
        np.testing.assert_allclose(found[1:4], 4.5 + centre, atol=1e-4)
        np.testing.assert_allclose(found[4:7], sigma, rtol=1e-3)


@pytest.fixture
def awkward() -> LineData:
    """Ordinary samples, and some that are empty, short, broken or all the same."""
    rows = simulate(900, tracers=2)[0]
    rows[400:420, 3] = np.nan
    rows[500:550] = rows[500]
    lines = LineData(rows, run=3, _hidden=1)
    lines.samples_indices = [[0, 300], [10, 10], [250, 450], [400, 410], [500, 550], [600, 601], [300, 900], [600, 900]]
    return lines


@pytest.mark.parametrize(
    "limits", [{}, {"xlim": (200, 400), "ylim": (200, 400), "zlim": (0, 500)}, {"zlim": (100, 300)}]
)
def test_the_plan_equals_the_loop(awkward: LineData, limits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = [Voxelize((30, 31, 32), **limits), FPI(2, 0.5)]
    expected = [chain[1].fit_sample(chain[0].fit_sample(sample)) for sample in awkward]
    assert sum(len(each.points) for each in expected) > 4
    for executor, workers in ((None, None), (None, 1), (None, 3), ("sequential", None)):
        assert_identical(Pipeline(chain).fit(awkward, executor, workers, verbose=False), expected)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 4000)
    assert_identical(Pipeline(chain).fit(awkward, concurrent.futures.ThreadPoolExecutor, 2, verbose=False), expected)
    assert expected[0].attrs == {"run": 3}


def test_grids_are_made_when_they_are_looked_at(awkward: LineData) -> None:
    voxelize = Voxelize((20, 20, 20), zlim=(0, 500))
    grids = voxelize.fit(awkward)
    assert len(grids) == len(grids[:]) == len(awkward)
    assert grids[1:3][0].sum() == 0
    for grid, sample in zip(grids, awkward, strict=True):
        assert_identical(grid.attrs["_lines"], sample)
        assert grid.attrs["run"] == 3
        assert "_hidden" not in grid.attrs
        assert grid.zlim.tolist() == [0, 500]
    again = Voxels.from_lines(awkward[0], (20, 20, 20), zlim=(0, 500), verbose=False)
    assert np.array_equal(grids[0], again)
    assert_identical(
        Pipeline([voxelize, FPI(2)]).fit(awkward, verbose=False), [FPI(2).fit_sample(grid) for grid in grids]
    )


def test_limits_may_be_set_from_lines(awkward: LineData) -> None:
    fixed = Voxelize((9, 9, 9), xlim=(0, 1), set_lims=awkward)
    rows = awkward.lines[np.isfinite(awkward.lines).all(axis=1)]
    assert fixed.xlim == (0, 1)
    assert fixed.ylim == (rows[:, [2, 5]].min(), rows[:, [2, 5]].max())
    assert fixed.zlim == (rows[:, [3, 6]].min(), rows[:, [3, 6]].max())


def test_grids_without_a_peak() -> None:
    edges = [(0, 10)] * 3
    line = LineData(np.ones((1, 7)))
    for values in (np.zeros((10, 10, 10)), np.full((10, 10, 10), np.nan), np.ones((5, 5, 5))):
        found = FPI().fit_sample(Voxels(values, *edges, _lines=line))
        assert found.points.shape == (0, 8)
        assert found.columns == COLUMNS
    two = np.zeros((12, 12, 12))
    two[4, 4, 4] = two[4, 4, 6] = two[9, 9, 9] = 5
    found = FPI(2).fit_sample(Voxels(two, *edges, _lines=line)).points
    np.testing.assert_allclose(found[:, 1:4], [[3.75] * 3, [9.5 / 1.2] * 3], atol=1e-5)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="`number_of_voxels`"):
        Voxelize((1, 2, 3))
    with pytest.raises(ValueError, match="`xlim`"):
        Voxelize((2, 2, 3), xlim=(3, 3))
    with pytest.raises(ValueError, match="`w`"):
        FPI(0)
    with pytest.raises(ValueError, match="`r`"):
        FPI(3, np.nan)
    with pytest.raises(TypeError, match="expected Voxels, found PointData"):
        FPI().fit_sample(PointData(np.zeros((3, 4))))
    with pytest.raises(TypeError, match="expected samples of type Voxels, found LineData"):
        FPI().fit(LineData(np.zeros((3, 7))), verbose=False)


@pytest.mark.parametrize(("tracers", "noise"), [(1, 0.3), (1, 0.7), (2, 0.5), (4, 0.3)])
def test_close_to_the_truth(tracers: int, noise: float) -> None:
    """The peer is 8 mm off, by half a voxel on each axis."""
    angles = 2 * np.pi * np.arange(tracers) / tracers
    paths = [simulation.Circle((302, 302, 250 + 25 * np.sin(1.7 * k)), 90, 42, phase) for k, phase in enumerate(angles)]
    made = simulation.simulate(paths, n=20_000 * tracers, noise=noise, seed=8)
    lines = LineData(made.lines.lines, 400 * tracers, 200 * tracers)
    found = Pipeline([Voxelize((50, 50, 50)), FPI(3, 0.4), Stack()]).fit(lines, verbose=False)
    distance = np.linalg.norm(made.truth(found["t"]) - found.points[:, 1:4], axis=2).min(axis=0)
    assert len(found.points) >= 0.97 * tracers * len(lines)
    assert np.median(distance) < 2.5
