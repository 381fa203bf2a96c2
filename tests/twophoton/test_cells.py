"""Two-photon: cells that were planted are found, noise is none, and bad movies are told."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from cell_movies import pairs, planted, recording
from lumentrace import FormatError, twophoton
from lumentrace.twophoton.regions.cells.apart import own_shares
from lumentrace.twophoton.regions.chosen import chosen_regions

Scene = tuple[twophoton.RawMovie, twophoton.ConvertedRecording, twophoton.FoundCells]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    made, own = planted(tmp_path_factory.mktemp("cells"), spacing=0.7)
    return made, own, twophoton.find_cells(own, diameter=10)


def test_planted_cells_are_found(scene: Scene) -> None:
    made, _, found = scene
    same = pairs(made.truth.masks, found.roi_set.masks)
    assert len(same) >= 0.9 * max(made.scene.cells, len(found.roi_set))
    calcium = made.truth.activity.dff[: len(found.traces) * found.frames_per_bin]
    calcium = calcium.reshape(len(found.traces), found.frames_per_bin, -1).mean(axis=1)
    alike = [np.corrcoef(calcium[:, cell], found.traces[:, own])[0, 1] for cell, own in same]
    assert np.median(alike) > 0.85


def test_footprints_have_the_shape_of_the_light(scene: Scene) -> None:
    made, _, found = scene
    rois = found.roi_set
    weights = np.split(rois.weights, rois.starts[1:-1])
    alike = []
    for cell, own in pairs(made.truth.masks, rois.masks):
        light = made.truth.footprint(cell).ravel()[rois.region(own)]
        alike.append(light @ weights[own] / np.linalg.norm(light) / np.linalg.norm(weights[own]))
    assert np.median(alike) > 0.9
    assert np.unique(rois.pixels).size < rois.pixels.size, "expected cells that overlap"


def test_each_candidate_has_a_score_and_reasons(scene: Scene) -> None:
    found = scene[2]
    assert found.candidates.labels[: len(found.roi_set)] == found.roi_set.labels
    scores = [own.score for own in found.figures]
    assert scores == sorted(scores, reverse=True)
    assert all(own.accepted == (own.score >= 0.5) == (not own.reasons) for own in found.figures)
    table = found.table()
    assert table["label"].to_list() == list(found.candidates.labels)
    own = found.figures[0]
    row, column = np.divmod(found.roi_set.region(0), found.roi_set.shape[1])
    assert row.min() < own.row < row.max()
    assert column.min() < own.column < column.max()
    assert found.roi_set.provenance.steps[-1].parameters["diameter"] == 10


@pytest.mark.parametrize(("photons", "height", "burst", "diameter"), [(30.0, 1.0, 3.0, 7.0), (5.0, 6.0, 2.0, 7.0)])
def test_bright_cells_are_found_once(
    tmp_path: Path, photons: float, height: float, burst: float, diameter: float
) -> None:
    """Where answers are strong, so that their light is noisy, and cells are larger than they are said to be."""
    answers = {"photons": photons, "dff_per_spike": height, "burst": burst}
    made, own = planted(tmp_path, seed=9102, rows=64, columns=64, cells=9, **answers)
    found = twophoton.find_cells(own, diameter=diameter).roi_set
    inside = made.truth.masks @ found.masks.reshape(len(found), -1).T / np.diff(found.starts)
    assert ((inside > 0.5).sum(axis=1) <= 1).all()
    assert len(pairs(made.truth.masks, found.masks)) == 9


def test_the_diameter_is_estimated_and_told(scene: Scene) -> None:
    found = twophoton.find_cells(scene[1])
    assert found.diameter_estimated
    assert 7.5 < found.diameter < 13
    assert len(pairs(scene[0].truth.masks, found.roi_set.masks)) >= 0.9 * scene[0].scene.cells
    with pytest.raises(ValueError, match="`diameter`"):
        twophoton.find_cells(scene[1], diameter=10, diameter_um=5, pixel_size_um=0.5)


def test_micrometres_are_pixels_by_the_size_of_a_pixel(scene: Scene) -> None:
    assert twophoton.find_cells(scene[1], diameter_um=20, pixel_size_um=2).diameter == 10


@pytest.mark.parametrize("photons", [0.5, 20.0])
def test_noise_has_no_cells(tmp_path: Path, photons: float) -> None:
    noise = np.random.default_rng(3).poisson(photons, (600, 64, 64)).astype(np.uint16)
    own = recording(noise, tmp_path)
    found = twophoton.find_cells(own, diameter=10)
    assert not len(found.roi_set)
    assert not found.roi_set.regions()
    with pytest.raises(ValueError, match="expected active cells"):
        chosen_regions("cells:10", own)
    with suppress(ValueError):  # no diameter can be told of nothing
        assert not len(twophoton.find_cells(own).roi_set)
    with pytest.raises(ValueError, match="expected a region"):
        twophoton.save_roi_set(found.roi_set, tmp_path / "rois.h5")


def disc(row: float, column: float, shape: tuple[int, int] = (48, 48), radius: float = 5.0) -> NDArray[np.bool_]:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.asarray(np.hypot(y - row, x - column) <= radius)


def lit(courses: list[NDArray[Any]], masks: list[NDArray[np.bool_]], rest: float = 10.0, seed: int = 0) -> Any:
    """Photons of discs that do what their courses say, over a flat rest."""
    light = rest + sum(course[:, None, None] * mask for course, mask in zip(courses, masks, strict=True))
    return np.random.default_rng(seed).poisson(light)


def transients(frames: int = 600, seed: int = 0) -> NDArray[Any]:
    random = np.random.default_rng(seed)
    return 20 * np.convolve(random.random(frames) < 0.015, np.exp(-np.arange(60) / 10))[:frames]


def test_one_cell(tmp_path: Path) -> None:
    mask = disc(20, 30)
    found = twophoton.find_cells(recording(lit([transients()], [mask]).astype(np.uint16), tmp_path), diameter=10)
    assert len(found.roi_set) == 1
    assert len(pairs(mask[None], found.roi_set.masks, 0.8)) == 1
    assert chosen_regions("cells:10", twophoton.load_converted_recording(tmp_path / "out")).labels == ("cell_0001",)


def test_cells_with_the_same_course_that_lie_apart_are_two(tmp_path: Path) -> None:
    masks = [disc(14, 14), disc(32, 32)]
    movie = lit([transients(), transients()], masks).astype(np.uint16)
    found = twophoton.find_cells(recording(movie, tmp_path), diameter=10)
    assert len(found.roi_set) == len(pairs(np.array(masks), found.roi_set.masks, 0.7)) == 2


def test_clipped_pixels_are_no_hindrance(tmp_path: Path) -> None:
    masks = [disc(14, 14), disc(32, 32)]
    movie = np.minimum(lit([transients(), transients(seed=1)], masks), 30).astype(np.uint8)
    found = twophoton.find_cells(recording(movie, tmp_path), diameter=10)
    assert len(pairs(np.array(masks), found.roi_set.masks, 0.7)) == 2


@pytest.mark.parametrize(
    ("movie", "message"),
    [
        (np.ones((1, 16, 16), np.uint16), "20 frames at least"),
        (np.full((60, 16, 16), np.nan, np.float32), "pixels that change"),
        (np.full((60, 16, 16), 255, np.uint8), "pixels that change"),
    ],
)
def test_movies_without_anything_are_told(tmp_path: Path, movie: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        twophoton.find_cells(recording(movie, tmp_path), diameter=5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"diameter": 2},
        {"diameter": np.nan},
        {"diameter": 1000},
        {"diameter_um": 5},
        {"threshold": 2},
        {"bin_seconds": 0},
        {"window_seconds": np.inf},
    ],
)
def test_bad_settings_are_named(scene: Scene, wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
        twophoton.find_cells(scene[1], **wrong)


def test_a_set_keeps_its_weights_in_files(scene: Scene, tmp_path: Path) -> None:
    rois = scene[2].roi_set
    again = twophoton.load_roi_set(twophoton.save_roi_set(rois, tmp_path / "rois.h5"))
    np.testing.assert_array_equal(again.pixels, rois.pixels)
    np.testing.assert_array_equal(again.weights, rois.weights)
    plain = twophoton.make_roi_set(rois.masks)
    assert twophoton.load_roi_set(twophoton.save_roi_set(plain, tmp_path / "plain.h5")).weights is None
    for wrong in (rois.weights[1:], -rois.weights, np.full_like(rois.weights, np.nan), rois.weights.astype(int)):
        with h5py.File(tmp_path / "rois.h5", "r+") as file:
            del file["lumentrace_weights"]
            file["lumentrace_weights"] = wrong
        with pytest.raises(FormatError, match="weights"):
            twophoton.load_roi_set(tmp_path / "rois.h5")


def test_overlapping_cells_are_told_apart(tmp_path: Path) -> None:
    courses = [transients(seed=2), transients(seed=3)]
    masks = [disc(22, 20), disc(24, 27)]
    own = recording(lit(courses, masks).astype(np.uint16), tmp_path)
    rois = twophoton.make_roi_set(np.array(masks))
    plain = twophoton.extract_roi_traces(own, rois).values
    demixed = twophoton.extract_roi_traces(own, rois, statistic="demixed").values

    def leak(values: NDArray[Any]) -> NDArray[Any]:
        design = np.column_stack([*courses, np.ones(600)])
        shares = np.linalg.lstsq(design, values, rcond=None)[0]
        return np.abs([shares[1, 0] / shares[0, 0], shares[0, 1] / shares[1, 1]])

    assert (leak(plain) > 0.15).all()
    assert (leak(demixed) < 0.03).all()


def test_demixed_values_are_least_squares(scene: Scene) -> None:
    _, own, found = scene
    rois = found.roi_set
    sums = twophoton.extract_background_corrected_roi_traces(
        own, rois, statistic="demixed", method="movie_global_percentile", start_frame=3, stop_frame=30
    )
    scaled = np.concatenate([each / each.mean() for each in rois.footprints()])
    matrix = sparse.csr_matrix((scaled, rois.pixels, rois.starts), shape=(len(rois), 72 * 72)).toarray()
    frames = own.movie.read_frames(3, 30).reshape(27, -1).astype(float)
    raw = np.linalg.lstsq(matrix.T, frames.T, rcond=None)[0].T
    np.testing.assert_allclose(sums.raw_values, raw, rtol=1e-8)
    plain = twophoton.extract_background_corrected_roi_traces(
        own, rois, method="movie_global_percentile", start_frame=3, stop_frame=30
    )
    dark = plain.background_values[:, :1]
    less = np.linalg.lstsq(matrix.T, (frames - dark).T * (matrix.sum(axis=0) > 0)[:, None], rcond=None)[0].T
    np.testing.assert_allclose(sums.corrected_values, less, rtol=1e-8)
    np.testing.assert_allclose(sums.raw_values - sums.background_values, sums.corrected_values, rtol=1e-12)
    with pytest.raises(ValueError, match="`statistic`"):
        twophoton.extract_roi_traces(own, rois, statistic="median")  # type: ignore[arg-type]


def test_own_shares_are_those_of_least_squares() -> None:
    random = np.random.default_rng(1)
    masks = [(0, 30), (20, 50), (10, 40), (60, 80)]
    footprints = [(np.arange(*span), random.uniform(0.5, 1.5, span[1] - span[0])) for span in masks]
    found = own_shares(footprints, 100, [0.9, 0.8, 0.7, 0.6], 0.5)
    full = np.zeros((4, 100))
    for row, (pixels, weights) in zip(full, footprints, strict=True):
        row[pixels] = weights
    expected = [1.0]
    for number in (1, 2, 3):
        better = full[:number].T
        left = full[number] - better @ np.linalg.lstsq(better, full[number], rcond=None)[0]
        expected.append(float(left @ left / (full[number] @ full[number])))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert found[2] < 0.5
    # One that does not count itself takes nothing from others.
    ignored = own_shares(footprints, 100, [0.9, 0.4, 0.7, 0.6], 0.5)
    assert ignored[2] > found[2]
    same = own_shares([footprints[0], footprints[0]], 100, [0.9, 0.8], 0.5)
    np.testing.assert_allclose(same, [1, 0], atol=1e-12)


def test_no_cell_is_a_mixture_of_two_others(tmp_path: Path) -> None:
    _, own = planted(tmp_path, seed=41, cells=16, spacing=0.5)
    regions = twophoton.find_cells(own, diameter=10).roi_set
    weights = np.zeros((len(regions), 72 * 72))
    for row, pixels, own in zip(weights, regions.regions(), regions.footprints(), strict=True):
        row[pixels] = own / np.sqrt(own @ own)
    inflation = np.diag(np.linalg.inv(weights @ weights.T))
    assert len(regions) >= 10
    assert inflation.max() < 8  # a few that share it may each have a little less than the better ones leave them
