"""What the compiled kernels say to counts, shapes and numbers beyond all bounds: an error that names the argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lumentrace import _core

HUGE = 2**62
MOST = 2**64 - 1
IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
IMAGE = np.zeros((4, 4), np.float32)
FRAMES = np.zeros((2, 3, 4))
MOVIE = _core.MovieFrames.memory(np.zeros((2, 3, 4), np.uint16))
NO_REGIONS = (np.zeros(1, np.int64), np.zeros(0, np.uint32))


def planned(name: str, **options: Any) -> Any:
    lines = np.random.default_rng(1).normal(size=(5, 7))
    return _core.run_plan(lines, np.array([[0, 5]]), None, [(name, options)])


def tallied(margin: int = 0, block: int = 2, bins: int = 4) -> Any:
    ratios, joint = np.zeros((1, 4), np.uint32), np.zeros((bins, bins), np.uint32)
    image = np.zeros((2, 2), np.float32)
    settings = {"height": 2, "floor": 0.0, "decades": 1.0, "most": [1.0, 1.0], "dither": [0.0, 0.0], "seed": 1}
    return _core.tally_ratios(image, image, image, 0, (0, 2), ratios, joint, margin=margin, block=block, **settings)


REFUSED: dict[str, tuple[str, Callable[[], Any]]] = {
    "time_windows": ("overlap", lambda: _core.time_windows(np.array([0.0, 1.0]), 1e-300, 0.0)),
    "time_windows, infinite": ("times", lambda: _core.time_windows(np.array([1.0, 1e308]), 1.7e308, 0.0)),
    "adaptive_windows": ("overlap", lambda: _core.adaptive_windows(np.zeros(2), 1.0, -np.inf, 1)),
    "split_labels": ("columns", lambda: planned("split_labels", column=MOST, remove=True, noise=True)),
    "centroids": ("columns", lambda: planned("centroids", error=True, cluster_size=True, weight=MOST)),
    "cluster_lines": ("columns", lambda: _core.cluster_lines(np.zeros((3, 5)), np.zeros((4, 7)), [0], MOST, 3.0)),
    "lines_centroids": ("iterations", lambda: planned("lines_centroids", remove=0.1, iterations=MOST)),
    "velocity": ("degree", lambda: planned("velocity", window=HUGE, degree=HUGE, absolute=True)),
    "peaks": ("`w`", lambda: planned("peaks", w=0, r=0.1, lld_counts=0.0, shape=[5] * 3, limits=[None] * 3)),
    "peaks, shape": (
        "shape",
        lambda: planned("peaks", w=1, r=0.1, lld_counts=0.0, shape=[HUGE] * 3, limits=[None] * 3),
    ),
    "filter_frames, surface": (
        "order",
        lambda: _core.filter_frames(FRAMES.copy(), None, None, [("surface", [1e300])], True),
    ),
    "filter_frames, rows": (
        "order",
        lambda: _core.filter_frames(FRAMES.copy(), None, None, [("row_polynomial", [1e300])], True),
    ),
    "pack": ("chunk", lambda: MOVIE.pack((0, 2), (0, 2), (HUGE, HUGE, HUGE), "uint16")),
    "read": ("window", lambda: MOVIE.read((0, HUGE), (0, 3), (0, 4))),
    "traces": ("window", lambda: MOVIE.traces((0, 2), (3, 1), (0, HUGE), NO_REGIONS, "none")),
    "measure_channels": (
        "starts",
        lambda: _core.measure_channels(np.zeros(4), np.zeros(4), [0, 0], [0, HUGE], 15, "exact", 1, None),
    ),
    "shuffle_blocks": ("count", lambda: _core.shuffle_blocks(IMAGE, IMAGE, HUGE, 1)),
    "link_points": (
        "starts",
        lambda: _core.link_points(np.zeros((3, 2)), np.array([0, HUGE, 3]), 1.0, HUGE, "linear", "optimal"),
    ),
    "reduce_image": ("factor", lambda: _core.reduce_image(IMAGE, HUGE)),
    "tile_shifts": ("radius", lambda: _core.tile_shifts(IMAGE, IMAGE, np.zeros((1, 2)), HUGE, 1.0, 1)),
    "tile_shifts, nowhere": (
        "centres",
        lambda: _core.tile_shifts(IMAGE, IMAGE, np.array([[0.0, np.nan]]), 2, 1.0, 1),
    ),
    "tally_ratios": ("bins", lambda: tallied(bins=0)),
    "warp_rows": ("big|exceeded", lambda: _core.warp_rows(IMAGE, IDENTITY, None, 0, 2**40, 2**40, "linear")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_beyond_all_bounds_is_refused(name: str) -> None:
    argument, call = REFUSED[name]
    with pytest.raises(ValueError, match=argument):
        call()


def test_more_lines_per_point_than_there_are_give_none() -> None:
    options = {"num_lines": HUGE, "max_distance": 1.0, "cutoffs": None, "append_indices": False}
    rows, _, _ = planned("minpoints", **options)
    assert rows.shape == (0, 4)


def test_a_margin_wider_than_the_image_leaves_no_ratio() -> None:
    assert tallied(margin=HUGE) is None


def test_an_image_without_pixels_is_seen_nowhere() -> None:
    empty = np.zeros((0, 4), np.float32)
    assert np.isnan(_core.warp_rows(empty, IDENTITY, None, 0, 2, 2, "linear")).all()


def test_memory_that_is_not_there_is_told() -> None:
    with pytest.raises(MemoryError):
        _core.warp_rows(IMAGE, IDENTITY, None, 0, 2**30, 2**20, "linear")


def test_numbers_that_are_not_whole_stay_what_they_are() -> None:
    (row,) = _core.row_dicts(np.array([[np.nan, 1e300, 7.0]]), [(name, [i], True) for i, name in enumerate("abc")])
    assert np.isnan(row["a"])
    assert (row["b"], row["c"]) == (1e300, 7)
    assert isinstance(row["c"], int)


def test_more_threads_than_any_machine_has_are_no_trouble() -> None:
    points = np.random.default_rng(1).normal(size=(20, 2))
    few, many = (_core.k_means(points, 2, 3, 1, 10, 0.0, threads) for threads in (1, MOST))
    assert np.array_equal(few[0], many[0])
