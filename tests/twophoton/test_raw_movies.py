"""Two-photon: simulated raw movies hold the truth they say, as scipy and plain loops find it."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import twophoton
from lumentrace.twophoton import RawScene, simulate_raw
from lumentrace.twophoton.simulate.raw_activity import calcium_process
from lumentrace.twophoton.simulate.raw_scene import directions_scene

STILL = {"walk_px": 0.0, "jumps": 0}


def moved(image: NDArray[np.float64], truth: twophoton.RawTruth, frame: int) -> NDArray[np.float64]:
    """What a frame shows of an image of the tissue at rest, NaN where that is too near the edge to say."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    away = truth.motion.displacement(frame)
    y, x = y - away[..., 0], x - away[..., 1] - truth.line_offset_px * (y % 2)
    near = (y < 10) | (y > image.shape[0] - 11) | (x < 10) | (x > image.shape[1] - 11)
    return np.where(near, np.nan, ndimage.map_coordinates(image, [y, x], order=5))


@pytest.mark.parametrize(
    "motion",
    [
        {"walk_px": 2.0, "jump_px": 4.0},
        {"line_offset_px": 1.3, "walk_px": 1.0},
        {"warp_px": 1.0, "line_offset_px": -0.7},
        {"warp_px": 1.5, "warp": "rows", "walk_px": 0.3},
    ],
)
def test_frames_show_the_tissue_where_the_truth_says(motion: dict[str, float]) -> None:
    scene = RawScene(frames=12, rows=70, columns=90, cells=5, rate_hz=0, neuropil_change=0, blur_px=1.2, **motion)  # type: ignore[arg-type]
    made = simulate_raw(scene, seed=3)
    for frame in (0, 5, 11):
        expected = moved(made.truth.resting_image, made.truth, frame)
        held = np.isfinite(expected)
        assert held.mean() > 0.4
        np.testing.assert_allclose(made.movie.photons(frame)[held], expected[held], rtol=2e-3, atol=0.01)
    if scene.warp_px:
        across = np.array([made.truth.motion.displacement(frame) for frame in range(scene.frames)])
        np.testing.assert_allclose(across.mean(axis=(1, 2)), made.truth.motion.shifts, atol=1e-9)


def test_light_is_the_sum_of_its_parts() -> None:
    scene = RawScene(frames=40, rows=50, columns=60, cells=4, rate_hz=5, bleaching_s=2.0, spacing=0.3, **STILL)  # type: ignore[arg-type]
    made = simulate_raw(scene, seed=1)
    truth = made.truth
    assert truth.resting_image.mean() == pytest.approx(scene.photons)
    for frame in (0, 20, 39):
        cells = sum(truth.footprint(cell) * (1 + truth.activity.dff[frame, cell]) for cell in range(4))
        expected = truth.bleaching[frame] * (cells + truth.neuropil_trace[frame] * truth.neuropil_image)
        np.testing.assert_allclose(made.movie.photons(frame), expected, rtol=1e-4, atol=2e-3)
    assert truth.bleaching[20] == pytest.approx(math.exp(-20 / 30 / 2))


def test_photons_are_those_of_poisson() -> None:
    scene = RawScene(frames=300, rows=16, columns=20, cells=0, photons=3, neuropil_change=0, **STILL)  # type: ignore[arg-type]
    made = simulate_raw(scene, seed=2)
    counts = (made.movie[:] - scene.offset) / scene.gain
    light = made.movie.photons(0)
    noise = np.sqrt((light + (scene.read_noise / scene.gain) ** 2) / scene.frames)
    assert np.abs((counts.mean(axis=0) - light) / noise).max() < 4.5
    assert (counts.var(axis=0) / (light + 0.09)).mean() == pytest.approx(1, abs=0.03)


def test_a_frame_is_the_same_however_it_is_read() -> None:
    made = simulate_raw(RawScene(frames=9, rows=20, columns=24, cells=1, warp_px=0.5), seed=5)
    again = simulate_raw(RawScene(frames=9, rows=20, columns=24, cells=1, warp_px=0.5), seed=5)
    whole = made.movie[:]
    np.testing.assert_array_equal(np.concatenate(list(again.movie.blocks(4))), whole)
    np.testing.assert_array_equal(again.movie[-1], whole[-1])
    np.testing.assert_array_equal(made.movie[2:8:3, 4, ::2], whole[2:8:3, 4, ::2])
    assert (made.movie.shape, made.movie.dtype, len(made.movie)) == (whole.shape, whole.dtype, 9)
    other = simulate_raw(RawScene(frames=9, rows=20, columns=24, cells=1, warp_px=0.5), seed=6)
    assert not np.array_equal(other.movie[0], whole[0])


@pytest.mark.parametrize("rise_s", [0.0, 0.1])
def test_calcium_follows_its_process(rise_s: float) -> None:
    made = simulate_raw(RawScene(frames=200, rows=32, columns=32, cells=3, rate_hz=2, burst=3, rise_s=rise_s), seed=1)
    activity = made.truth.activity
    calcium = np.zeros(activity.calcium.shape)
    for frame in range(len(calcium)):
        before = sum(share * calcium[frame - 1 - lag] for lag, share in enumerate(activity.ar) if frame > lag)
        calcium[frame] = activity.spikes[frame] + before
    np.testing.assert_allclose(activity.calcium, calcium, rtol=1e-5, atol=1e-5)
    assert activity.spikes.max() > 2
    assert activity.spikes.sum() / 3 / made.scene.seconds == pytest.approx(2 * 3, rel=0.5)


def test_time_constants_are_those_asked_for() -> None:
    (first, second), peak = calcium_process(0.05, 0.7, 100)
    times = np.arange(1, 300) / 100
    kernel = np.exp(-times / 0.7) - np.exp(-times / 0.05)
    response = [1.0, first]
    for _ in range(297):
        response.append(first * response[-1] + second * response[-2])
    np.testing.assert_allclose(response, kernel / kernel[0], rtol=1e-9)
    assert max(response) == pytest.approx(peak)


def test_cells_answer_their_directions() -> None:
    scene = directions_scene(12, rows=64, columns=64, cells=10, rate_hz=0.1, tuned_rate_hz=10, tuned=0.6)
    activity = simulate_raw(scene, seed=4).truth.activity
    assert np.bincount([epoch.number for epoch in activity.epochs])[2:].tolist() == [12] * 8
    times = np.arange(scene.frames) / scene.frame_rate_hz
    found = np.zeros((10, 8))
    for epoch in activity.epochs:
        if epoch.number > 1:
            shown = (times >= epoch.start_s) & (times < epoch.stop_s)
            found[:, epoch.number - 2] += activity.spikes[shown].sum(axis=0) / (12 * scene.epoch_s)
    expected = activity.tuning + scene.rate_hz
    assert np.abs((found - expected) / np.sqrt(expected / (12 * scene.epoch_s))).max() < 4.5
    assert (activity.tuning.max(axis=1) > 0).sum() == 6
    best = activity.directions[activity.tuning.argmax(axis=1)]
    assert len(set(best[activity.tuning.max(axis=1) > 0])) > 2


def test_neuropil_shows_through_cells_as_said() -> None:
    made = simulate_raw(RawScene(rows=128, columns=128, frames=1, cells=12, spacing=1.5, blur_px=0.0), seed=1)
    truth = made.truth
    some = np.asarray(truth.masks.sum(axis=0)).reshape(128, 128) > 0
    ratios = []
    for cell, share in enumerate(truth.contamination):
        mask = truth.mask(cell)
        around = ndimage.binary_dilation(mask, iterations=6) & ~ndimage.binary_dilation(some, iterations=1)
        ratios.append(truth.neuropil_coefficient(mask, around) / share)
    # The texture of the neuropil is what keeps them from 1.
    assert np.mean(ratios) == pytest.approx(1, abs=0.15)
    assert math.isnan(truth.neuropil_coefficient(some, np.zeros_like(some)))


def test_planes_and_channels() -> None:
    scene = RawScene(frames=6, rows=40, columns=40, cells=3, structural_photons=20.0, directions=4, rate_hz=1)
    first, second = twophoton.simulate_planes(scene, 2, seed=2)
    np.testing.assert_array_equal(first.truth.motion.shifts, second.truth.motion.shifts)
    assert not np.array_equal(first.truth.centres, second.truth.centres)
    assert first.structural is not None
    assert first.structural.photons(3).mean() == pytest.approx(20, rel=0.2)
    np.testing.assert_array_equal(first.movie[0], simulate_raw(scene, seed=2).movie[0])


def test_files(tmp_path: Path) -> None:
    made = simulate_raw(RawScene(frames=70, rows=32, columns=36, cells=3, directions=2, epoch_s=0.1, gap_s=0.1), seed=1)
    path = twophoton.save_raw_movie(tmp_path / "raw", made)
    np.testing.assert_array_equal(tifffile.imread(path), made.movie[:])
    with tifffile.TiffFile(path) as file:
        assert file.series[0].axes == "TYX"
        assert 'TimeIncrement="0.0333' in (file.ome_metadata or "")
    with (tmp_path / "raw" / "epochs.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [int(row["epoch_number"]) for row in rows] == [epoch.number for epoch in made.truth.activity.epochs]
    converted = twophoton.convert_tiff_recording(path, path.with_name("epochs.csv"), tmp_path / "c", frame_rate_hz=30.0)
    assert converted.movie_shape == (70, 32, 36)
    with np.load(tmp_path / "raw" / "raw_truth.npz") as kept:
        np.testing.assert_array_equal(kept["spikes"], made.truth.activity.spikes)
        np.testing.assert_array_equal(kept["shifts"], made.truth.motion.shifts)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"frames": 0}, "frames"),
        ({"photons": 0.0}, "photons"),
        ({"photons": math.nan}, "photons"),
        ({"walk_px": math.inf}, "walk_px"),
        ({"jump_px": 1e9}, "jump_px"),
        ({"rise_s": 0.6}, "rise_s"),
        ({"burst": 0.5}, "burst"),
        ({"contamination": (0.9, 0.4)}, "contamination"),
        ({"warp": "twist"}, "found 'twist'"),
        ({"rows": 24, "columns": 24, "cells": 60}, "in 24 x 24 pixels, found 60"),
    ],
)
def test_wrong_settings(settings: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        simulate_raw(RawScene(**settings))  # type: ignore[arg-type]  # wrong on purpose
