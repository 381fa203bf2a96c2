"""Movies on disk: however they lie there, the kernels see what the HDF5 library sees, and measure what numpy does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lumentrace import FormatError, _core
from lumentrace.storage import chunks
from lumentrace.twophoton.measure.images import pixel_figures
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.recording import Movie
from lumentrace.twophoton.regions.rois import RoiSet
from lumentrace.twophoton.respond.kernel_fits import FOLDS, WEIGHTS, least_squares, smooth_least_squares
from twins import movies as twins

SHAPE = (23, 21, 30)
TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
LAYOUTS: dict[str, dict[str, Any]] = {
    "ours": {"chunks": (8, 8, 8), "compression": "gzip", "compression_opts": 1, "shuffle": True},
    "a frame at a time": {"chunks": (1, 21, 7), "compression": "gzip", "compression_opts": 4},
    "not compressed": {"chunks": (5, 4, 30)},
    "in a row": {},
}
SLOW: dict[str, dict[str, Any]] = {"lzf": {"chunks": (8, 8, 8), "compression": "lzf"}, "checked": {"fletcher32": True}}


def made(kind: str) -> Any:
    random = np.random.default_rng(5)
    values = random.normal(60, 25, SHAPE)
    return values.astype(kind) if kind.startswith("float") else np.clip(values, 0, 120).astype(kind)


def on_disk(path: Path, values: Any, **layout: Any) -> Movie:
    with h5py.File(path, "w") as file:
        file.create_dataset("movie/aligned", data=values, **layout)
    return Movie(path, "movie/aligned", values.shape, values.dtype)


def regions() -> list[Any]:
    random = np.random.default_rng(8)
    size = SHAPE[1] * SHAPE[2]
    return [np.sort(random.choice(size, count, replace=False)) for count in (1, 7, 40)] + [np.empty(0, np.int64)]


def areas(pixels: list[Any]) -> tuple[Any, Any]:
    starts = np.cumsum([0, *(own.size for own in pixels)]).astype(np.int64)
    return starts, np.concatenate(pixels).astype(np.uint32)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_kernels_read_what_is_there(tmp_path: Path, kind: str, layout: str) -> None:
    values = made(kind)
    movie = on_disk(tmp_path / "movie.h5", values, **LAYOUTS[layout])
    assert chunks.frames_of(movie.path, movie.dataset_name) is not None
    crop = SpatialCrop(2, 19, 3, 28, SHAPE[1:])
    found = movie.read_frames(4, 20, spatial_crop=crop)
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values[4:20, 2:19, 3:28])


def test_batches_are_the_movie(tmp_path: Path) -> None:
    values = made("uint16")
    movie = on_disk(tmp_path / "movie.h5", values, **LAYOUTS["ours"])
    crop = SpatialCrop(2, 19, 3, 28, SHAPE[1:])
    batches = list(movie.iter_frame_batches(7, start=2, stop=20, spatial_crop=crop))
    assert [(first, end) for first, end, _ in batches] == [(2, 9), (9, 16), (16, 20)]
    np.testing.assert_array_equal(np.concatenate([each for _, _, each in batches]), values[2:20, 2:19, 3:28])
    with pytest.raises(ValueError, match="`chunk_frames`"):
        next(movie.iter_frame_batches(0))


@pytest.mark.parametrize("layout", SLOW)
def test_what_the_kernels_cannot_read_is_read_all_the_same(tmp_path: Path, layout: str) -> None:
    values = made("uint16")
    movie = on_disk(tmp_path / "movie.h5", values, **SLOW[layout])
    assert chunks.frames_of(movie.path, movie.dataset_name) is None
    np.testing.assert_array_equal(movie.read_frames(3, 9), values[3:9])
    kept = np.ones(len(values), bool)
    found = pixel_figures(movie, 2, 20, kept, SpatialCrop.whole(SHAPE[1:]))
    np.testing.assert_array_equal(found.total, values[2:20].sum(axis=0))


def test_big_endian_and_missing_chunks_are_left_to_the_library(tmp_path: Path) -> None:
    values = made("uint16").astype(">u2")
    movie = on_disk(tmp_path / "big.h5", values, chunks=(8, 8, 8))
    assert chunks.frames_of(movie.path, movie.dataset_name) is None
    np.testing.assert_array_equal(movie.read_frames(), values)
    with h5py.File(tmp_path / "holes.h5", "w") as file:
        file.create_dataset("movie/aligned", SHAPE, "u2", chunks=(8, 8, 8), fillvalue=7)[:8] = 1
    holes = Movie(tmp_path / "holes.h5", "movie/aligned", SHAPE, np.dtype("u2"))
    assert chunks.frames_of(holes.path, holes.dataset_name) is None
    assert (holes.read_frames()[8:] == 7).all()


def test_a_file_with_something_before_it(tmp_path: Path) -> None:
    """MATLAB puts 512 bytes of its own before what HDF5 writes."""
    values = made("uint16")
    with h5py.File(tmp_path / "movie.mat", "w", userblock_size=512) as file:
        file.create_dataset("movie/aligned", data=values, **LAYOUTS["ours"])
    movie = Movie(tmp_path / "movie.mat", "movie/aligned", SHAPE, values.dtype)
    np.testing.assert_array_equal(movie.read_frames(), values)


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    values = made("uint16")
    movie = on_disk(tmp_path / "movie.h5", values, **LAYOUTS["ours"])
    assert (movie.read_frames() == values).all()
    on_disk(tmp_path / "movie.h5", values[:, ::-1], **LAYOUTS["ours"])
    np.testing.assert_array_equal(movie.read_frames(), values[:, ::-1])


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    movie = on_disk(tmp_path / "movie.h5", made("float64"), **LAYOUTS["not compressed"])
    frames = chunks.frames_of(movie.path, movie.dataset_name)
    assert frames is not None
    with movie.path.open("r+b") as file:
        file.truncate(4096)
    with pytest.raises(FormatError, match=r"movie, byte [0-9]+: expected a chunk"):
        frames.read((0, 23), (0, 21), (0, 30))


BACKGROUNDS: list[tuple[str, Any, Any]] = [
    ("none", None, None),
    ("global", np.array([3, 99, 400, 629]), None),
    ("stripes", None, (4, 20.0)),
    ("stripes", None, (21, 63.7)),
    ("local", [np.array([5, 6]), np.array([500]), np.array([0, 629]), np.array([9])], None),
]


@pytest.mark.parametrize("kind", ["uint16", "float32", "float64"])
@pytest.mark.parametrize("background", BACKGROUNDS, ids=lambda each: each[0])
@pytest.mark.parametrize("layout", ["ours", "a frame at a time", "lzf"])
def test_traces_are_those_of_numpy(tmp_path: Path, kind: str, background: Any, layout: str) -> None:
    values = made(kind)
    if kind == "float64":
        values[4, 10:12] = np.nan
        values[9, 3, 3] = np.inf
    name, dark, stripes = background
    movie = on_disk(tmp_path / "movie.h5", values, **(LAYOUTS | SLOW)[layout])
    pixels = regions()
    darkest = None if dark is None else areas(dark if name == "local" else [dark])
    share = (0, 0.0) if stripes is None else (stripes[0], stripes[1] / 100)
    with np.errstate(invalid="ignore"):
        expected = twins.traces(values, pixels, name, dark, stripes)
    for threads in (1, 3):
        parts = [
            frames.traces(span, (0, 21), (0, 30), areas(pixels), name, darkest, share, threads=threads)
            for _, frames, span in movie.iter_kernel_batches(0, len(values), 7)
        ]
        for found, twin in zip(map(np.concatenate, zip(*parts, strict=True)), expected, strict=True):
            np.testing.assert_allclose(found, twin, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["uint16", "float64"])
def test_figures_of_pixels_are_those_of_numpy(tmp_path: Path, kind: str) -> None:
    values = made(kind)
    if kind == "float64":
        values[5:9, 4:9, 4:9] = np.nan
        values[:, 0, 0] = np.inf
    movie = on_disk(tmp_path / "movie.h5", values, **LAYOUTS["ours"])
    crop = SpatialCrop(0, 20, 2, 30, SHAPE[1:])
    kept = np.random.default_rng(1).random(len(values)) < 0.7
    base = values[0, 0:20, 2:30].astype(float)
    base[3, 3] = 1.0
    part = values[3:19, 0:20, 2:30][kept[3:19]].astype(float)
    part[~np.isfinite(part)] = np.nan
    found = pixel_figures(movie, 3, 19, kept, crop)
    np.testing.assert_array_equal(found.count, np.isfinite(part).sum(axis=0))
    np.testing.assert_allclose(found.total, np.nansum(part, axis=0), rtol=1e-12)
    some = found.count > 0
    np.testing.assert_array_equal(found.low[some], np.nanmin(part[:, some], axis=0))
    np.testing.assert_array_equal(found.high[some], np.nanmax(part[:, some], axis=0))
    assert np.isnan(found.low[~some]).all()
    assert np.isnan(found.mean[~some]).all()
    off = pixel_figures(movie, 3, 19, kept, crop, base)
    inside = np.isfinite(base)
    np.testing.assert_allclose(off.total[inside], np.nansum(np.abs(part - base), axis=0)[inside], rtol=1e-12)


@pytest.mark.parametrize("image", ["random", "ties", "flat"])
def test_basins_are_those_of_a_queue(image: str) -> None:
    random = np.random.default_rng(4)
    heights = {
        "random": random.random((30, 41)),
        "ties": random.integers(0, 5, (30, 41)).astype(float),
        "flat": np.ones((30, 41)),
    }[image]
    labels = np.zeros(heights.shape, np.int32)
    places = random.choice(labels.size, 25, replace=False)
    labels.flat[places] = random.permutation(25) + 1
    expected = twins.flooded(heights, labels)
    _core.flood_labels(heights, labels)
    np.testing.assert_array_equal(labels, expected)


def test_regions_are_kept_sparse() -> None:
    masks = np.random.default_rng(2).random((6, 9, 11)) < 0.2
    rois = RoiSet(masks, [f"r{number}" for number in range(6)])
    np.testing.assert_array_equal(rois.masks, masks)
    np.testing.assert_array_equal(rois.masks_of(2, 4), masks[2:4])
    for mask, own in zip(masks, rois.regions(), strict=True):
        np.testing.assert_array_equal(own, np.flatnonzero(mask))


BAD: list[tuple[Callable[[_core.MovieFrames], Any], str]] = [
    (lambda movie: movie.read((0, 24), (0, 21), (0, 30)), "`window`: expected a part of 23 x 21 x 30"),
    (lambda movie: movie.read((5, 3), (0, 21), (0, 30)), "`window`"),
    (lambda movie: movie.traces((0, 23), (0, 21), (0, 30), areas([np.array([630])]), "none"), "numbers below 630"),
    (lambda movie: movie.traces((0, 2), (0, 21), (0, 30), areas(regions()), "stripes"), "a height from 1 on"),
    (lambda movie: movie.images((0, 3), (0, 21), (0, 30), np.ones(2, bool)), "a value for each of 3 frames"),
    (lambda movie: movie.pack((0, 3), (0, 3), (0, 4, 4), "uint8"), "expected 1 to 1073741824 bytes"),
    (lambda movie: movie.pack((0, 3), (0, 3), (1, 4, 4), "complex64"), "`dtype`"),
]


@pytest.mark.parametrize(("work", "message"), BAD)
def test_what_does_not_fit_is_refused(work: Callable[[_core.MovieFrames], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        work(_core.MovieFrames.memory(made("uint16")))


def test_least_squares_of_every_rank() -> None:
    random = np.random.default_rng(3)
    design, y = random.normal(size=(200, 12)), random.normal(size=(200, 5))
    np.testing.assert_allclose(least_squares(design, y), np.linalg.lstsq(design, y, rcond=None)[0], rtol=1e-10)
    design[:, 3] = design[:, 7]
    np.testing.assert_allclose(least_squares(design, y), np.linalg.lstsq(design, y, rcond=None)[0], rtol=1e-8)


@pytest.mark.parametrize("segments", [1, 3, 20])
@pytest.mark.parametrize("noise", [0.1, 10.0])
def test_smooth_least_squares_is_the_sample_by_sample_one(segments: int, noise: float) -> None:
    random = np.random.default_rng(6)
    design = random.choice([-1.0, 1.0], (400, 2 * 15))
    kernel = np.concatenate([np.sin(np.arange(15) / 4), np.cos(np.arange(15) / 5)])
    y = design @ np.outer(kernel, [1.0, 0.5, -2.0]) + noise * random.normal(size=(400, 3)) + 4
    segment = np.arange(400) * segments // 400
    if segments == 1:
        parts = np.array_split(np.arange(400), FOLDS)
    else:
        parts = [np.flatnonzero(segment % FOLDS == fold) for fold in range(min(FOLDS, segments))]
    expected = twins.smooth_least_squares(design, y, parts, 2, WEIGHTS)
    np.testing.assert_allclose(smooth_least_squares(design, y, segment, 2), expected, rtol=1e-7, atol=1e-9)
