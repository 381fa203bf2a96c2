"""Pixels, voxels and the lines that pass them."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from golden import golden
from lumentrace import FormatError, LineData, Pixels, Voxels, load, save
from lumentrace.pept.utilities import traverse2d, traverse3d
from twins import grid as twin

LIMITS = [(0.0, 5.0), (-1.0, 3.0), (10.0, 13.0)]


@pytest.fixture
def voxels() -> Voxels:
    values = np.random.default_rng(0).integers(0, 9, (4, 4, 3)).astype(float)
    return Voxels(values, *LIMITS, camera="ring", _lines=LineData(np.ones((2, 7))))


# ---------------------------------------------------------------------- the classes
def test_members(voxels: Voxels) -> None:
    assert voxels.number_of_voxels == (4, 4, 3)
    assert voxels.voxel_size.tolist() == [1.25, 1.0, 1.0]
    assert [voxels.xlim.tolist(), voxels.ylim.tolist(), voxels.zlim.tolist()] == [list(each) for each in LIMITS]
    assert voxels.voxel_grids[1].tolist() == [-1, 0, 1, 2, 3]
    assert voxels.lower.tolist() == [0, -1, 10]
    assert voxels.upper.tolist() == [5, 3, 13]
    assert type(voxels.voxels) is np.ndarray
    assert voxels.to_physical([0, 0, 0]).tolist() == [0.625, -0.5, 10.5]
    assert voxels.to_physical([4, 4, 3], corner=True).tolist() == [5, 3, 13]
    assert voxels.from_physical(voxels.to_physical([1.5, 2, 0])).tolist() == [1.5, 2, 0]
    assert Pixels.get_cutoff([1, 5], [[0, 2]]).tolist() == [0, 5]
    assert Pixels.empty((2, 3), (0, 1), (0, 2)).pixels.tolist() == [[0] * 3] * 2


def test_text_as_golden() -> None:
    expected = golden("pept/pixels_repr_041.json")
    rows = [[3, 2, 2, 2], [1, 1, 3, 3], [3, 2, 1, 0], [4, 2, 0, 0], [0, 0, 0, 0]]
    assert str(Pixels(rows, [0, 10], [0, 10])) == expected["str_"]
    example = Voxels.from_lines(np.arange(70.0).reshape(10, 7), [3, 4, 5], verbose=False)
    assert repr(example) == expected["voxels"]


def test_results_of_the_same_shape_keep_their_place(voxels: Voxels) -> None:
    for same in (voxels + 1, np.sqrt(voxels), voxels * voxels, voxels > 2, voxels[:], -voxels):
        assert type(same) is Voxels
        assert same.xlim.tolist() == [0, 5]
        assert same.attrs == voxels.attrs
    for other in (voxels[1:], voxels[..., 0], voxels.T, voxels.sum(axis=0), np.swapaxes(voxels, 0, 1), voxels.ravel()):
        assert type(other) is np.ndarray
    assert isinstance(voxels.sum(), float)
    assert isinstance(voxels[0, 0, 0], float)
    assert not hasattr(np.transpose(voxels), "xlim")


def test_copies(voxels: Voxels, tmp_path: Path) -> None:
    save(tmp_path / "voxels.h5", voxels)
    for same in (
        voxels.copy(),
        voxels.copy("C"),
        copy.deepcopy(voxels),
        pickle.loads(pickle.dumps(voxels)),
        load(tmp_path / "voxels.h5"),
    ):
        assert type(same) is Voxels
        assert np.array_equal(same.voxels, voxels.voxels)
        assert same.upper.tolist() == [5, 3, 13]
        assert same.attrs.keys() == voxels.attrs.keys()
        assert not np.shares_memory(same, voxels)
    assert np.shares_memory(voxels.copy(deep=False), voxels)
    voxels.save(tmp_path / "again.h5")
    assert np.array_equal(Voxels.load(tmp_path / "again.h5"), voxels)
    (tmp_path / "again.h5").write_bytes((tmp_path / "again.h5").read_bytes()[:-200])
    with pytest.raises(FormatError):
        Voxels.load(tmp_path / "again.h5")


@pytest.mark.parametrize("limits", [(1, 1), (2, 1), (0, np.nan), (0, np.inf), (0,), "ab", None])
def test_limits_that_make_no_sense(limits: Any) -> None:
    with pytest.raises(ValueError, match="`ylim`: expected two finite limits in ascending order"):
        Pixels(np.zeros((2, 2)), (0, 1), limits)


def test_shapes_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="`array`: expected 2 axes"):
        Pixels(np.zeros(3), (0, 1), (0, 1))
    with pytest.raises(ValueError, match="at least one voxel"):
        Voxels(np.zeros((0, 2, 2)), (0, 1), (0, 1), (0, 1))
    for number in ((1, 5), (2, 2, 2), (2.5, 3), 4, (2, -1)):
        with pytest.raises(ValueError, match="`number_of_pixels`"):
            Pixels.empty(number, (0, 1), (0, 1))
    with pytest.raises(ValueError, match="because there is no line"):
        Voxels.from_lines(np.empty((0, 7)), (3, 3, 3))


# ---------------------------------------------------------------------- lines
def test_documented_example() -> None:
    example = golden("pept/doc_voxels_example.npz")
    found = Voxels.from_lines(np.arange(70.0).reshape(10, 7), [3, 4, 5], verbose=False)
    assert np.array_equal(found.voxels, example["voxels"])
    assert found.voxel_size.tolist() == example["size"].tolist()
    assert found.sum() == 14


@pytest.mark.parametrize("which", [0, 1])
def test_traversal_as_golden(which: int) -> None:
    case = golden(f"pept/traverse3d_{which}.npz")
    found = np.zeros(case["voxels"].shape)
    grids = [np.linspace(*lim, n + 1) for lim, n in zip(case["lims"], found.shape, strict=True)]
    traverse3d(found, case["lines"], *grids)
    assert (found == case["voxels"]).mean() >= 0.9999
    case = golden(f"pept/traverse2d_{which}.npz")
    flat = np.zeros(case["pixels"].shape)
    grids = [np.linspace(*case[f"{axis}lim"], n + 1) for axis, n in zip("xy", flat.shape, strict=True)]
    traverse2d(flat, case["lines"], *grids)
    assert (flat == case["pixels"]).mean() >= 0.996


@given(hnp.arrays(np.float64, st.tuples(st.integers(0, 12), st.just(7)), elements=st.floats(-8, 8)))
def test_traversal_as_its_twin(lines: Any) -> None:
    """The twin samples each line densely: it misses corners that are cut off, and finds no cell that is not passed."""
    found = Voxels.zeros((6, 5, 4), (-3, 3), (-2, 4), (-5, 2))
    lines = lines + 0.0123  # whole numbers are no longer on planes between cells
    assume(not twin.near_planes(lines[:, 1:].reshape(-1, 3), found.shape, found.lower, found.upper).any())
    found.add_lines(lines)
    seen = twin.passed(lines, found.shape, found.lower, found.upper)
    assert (found.voxels >= seen).all()
    assert found.voxels.sum() - seen.sum() <= 0.02 * max(found.sum(), 50)


@pytest.mark.parametrize("shift", [-1000.0, 0.0, 33.0])
def test_the_origin_of_the_grid_does_not_matter(shift: float) -> None:
    lines = np.random.default_rng(1).uniform(0, 64, (200, 5)).round(3)
    expected = Pixels.from_lines(lines, (16, 16), (0, 64), (0, 64), verbose=False)
    moved = lines + np.array([0, shift, shift, shift, shift])
    found = Pixels.from_lines(moved, (16, 16), (shift, 64 + shift), (shift, 64 + shift), verbose=False)
    assert np.abs(found - expected).sum() <= 2


def test_segments_end_where_they_end() -> None:
    along = np.zeros((10, 2))
    traverse2d(along, [[0, -1, 0.1, 0.25, 0.1]], np.linspace(0, 1, 11), [0, 0.5, 1])
    assert along[:, 0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    for outside in ([0, -2, 0, -1, 0], [0, 5, 5, 9, 9], [0, np.nan, 0, 1, 1], [0, 0, 0, np.inf, 0]):
        traverse2d(along, [outside], np.linspace(0, 1, 11), [0, 0.5, 1])
    traverse2d(along, [[0, 0.95, 0.1, 0.95, 0.1]], np.linspace(0, 1, 11), [0, 0.5, 1])
    assert along.sum() == 4


def test_limits_come_from_the_end_points() -> None:
    lines = LineData([[0, 1, 2, 3, 5, 4, 3], [0, np.nan, 0, 0, 99, 99, 99]])
    voxels = Voxels.from_lines(lines, (2, 2, 2), verbose=False)
    assert [voxels.xlim.tolist(), voxels.ylim.tolist(), voxels.zlim.tolist()] == [[1, 5], [2, 4], [2.5, 3.5]]
    flat = Pixels.from_lines([[0, 1, 20, 5, 40]], (2, 2), verbose=False)
    assert [flat.xlim.tolist(), flat.ylim.tolist()] == [[1, 5], [20, 40]]


def test_how_long_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    Pixels.from_lines([[0, 0, 0, 1, 1]], (2, 2)).add_lines([[0, 0, 0, 1, 1]], verbose=True)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Initialised Pixels class in ")
    assert second.startswith("Traversed 2D space in ")


def test_what_cannot_be_traversed() -> None:
    line, faces = np.zeros((1, 7)), [0, 1, 2]
    with pytest.raises(TypeError, match="`voxels`: expected an array of float64, found int64"):
        traverse3d(np.zeros((2, 2, 2), dtype=int), line, faces, faces, faces)
    with pytest.raises(ValueError, match="`voxels`: expected 3 axes"):
        traverse3d(np.zeros((2, 2)), line, faces, faces, faces)
    with pytest.raises(ValueError, match="`grid_y`: expected 3 faces for 2 cells"):
        traverse3d(np.zeros((2, 2, 2)), line, faces, [0, 1], faces)
    for grid in ([0, 2, 1], [0, 1, 5], [0, np.nan, 2]):
        with pytest.raises(ValueError, match="`grid_z`"):
            traverse3d(np.zeros((2, 2, 2)), line, faces, faces, grid)
    with pytest.raises(ValueError, match=r"`lines`: expected shape \(N, >=7\)"):
        traverse3d(np.zeros((2, 2, 2)), line[:, :6], faces, faces, faces)
    frozen = np.zeros((2, 2, 2))
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        traverse3d(frozen, line, faces, faces, faces)


def test_strided_counts_are_changed_in_place() -> None:
    everything = np.zeros((4, 2, 2))
    traverse3d(everything[::2], [[0, 0.5, 0.5, 0.5, 1.5, 0.5, 0.5]], [0, 1, 2], [0, 1, 2], [0, 1, 2])
    assert everything[:, 0, 0].tolist() == [1, 0, 1, 0]


# ---------------------------------------------------------------------- drawings
def test_traces(voxels: Voxels) -> None:
    pixels = Pixels(np.arange(6.0).reshape(2, 3), (0, 4), (0, 3))
    surface = pixels.pixels_trace(condition=lambda values: values > 3)
    assert surface.z.tolist() == [[0, 0], [0, 4], [0, 5]]
    heat = pixels.heatmap_trace()
    assert (list(heat.x), list(heat.y), heat.transpose) == ([1, 3], [0.5, 1.5, 2.5], True)
    turned = pixels.heatmap_trace(transpose=False)
    assert (list(turned.x), list(turned.y)) == ([0.5, 1.5, 2.5], [1, 3])
    cube = voxels.cube_trace((1, 2, 0))
    assert (min(cube.x), max(cube.x), min(cube.y), max(cube.z)) == (1.25, 2.5, 1.0, 11.0)
    assert len(cube.i) == 12
    assert cube.intensity[0] == voxels[1, 2, 0] / voxels.voxels.max()
    assert len(voxels.cubes_traces(lambda values: values >= 8)) == (voxels.voxels >= 8).sum()
    dots = voxels.voxels_trace(lambda values: values > 4, color="red")
    assert len(dots.x) == (voxels.voxels > 4).sum()
    assert dots.marker.symbol == "square"
    cut = voxels.heatmap_trace(iy=1, width=1)
    np.testing.assert_array_equal(cut.z, voxels.voxels[:, 0:3].sum(axis=1))
    with pytest.raises(ValueError, match="exactly one"):
        voxels.heatmap_trace()
    with pytest.raises(IndexError, match="`iz`: expected -3 to 2, found 3"):
        voxels.heatmap_trace(iz=3)
    with pytest.raises(IndexError, match="`index`"):
        voxels.cube_trace((0, 0, 3))
    with pytest.raises(ValueError, match="`condition`"):
        voxels.voxels_trace(lambda values: values[0] > 0)


def test_drawings(voxels: Voxels) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    _, ax = voxels.plot()
    assert len(ax.collections[0].get_offsets()) == (voxels.voxels > 0).sum()
    _, ax = Pixels(np.eye(3), (0, 1), (0, 2)).plot()
    assert ax.collections[0].get_array().sum() == 3
    pyplot.close("all")
