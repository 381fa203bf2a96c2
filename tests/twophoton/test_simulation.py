"""Two-photon: simulated recordings hold the truth they say, as the golden tests' own reader finds it."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import yaml
from scipy.io import loadmat

from lumentrace import twophoton

SMALL = {"cells": 4, "rows": 40, "columns": 48, "repeats": 2}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> twophoton.SimulatedRecording:
    return twophoton.simulate_recording(tmp_path_factory.mktemp("simulated"), **SMALL, seed=4)


def test_the_folder_is_complete(truth: twophoton.SimulatedRecording) -> None:
    folder, frames = truth.folder, len(truth.dff)
    with h5py.File(folder / "alignedMovie.mat") as file:
        movie = file["imgFrames_ch1"]
        assert (movie.shape, movie.dtype, movie.chunks) == ((frames, 48, 40), np.float64, (1, 48, 40))
    assert (folder / "alignedMovie.mat").read_bytes()[:10] == b"MATLAB 7.3"
    pages = tifffile.imread(folder / "run_001.tif")
    assert (pages.shape, pages.dtype) == ((2 * frames, 40, 48), np.uint16)
    diode = loadmat(folder / "imagingResPd.mat", squeeze_me=True)["imagingResPd"]
    np.testing.assert_array_equal(pages[1::2, 0, 0], (50 * diode).astype(np.uint16))
    high = loadmat(folder / "highResPd.mat", squeeze_me=True)["highResPd"]
    np.testing.assert_allclose(diode, high.reshape(frames, -1).mean(axis=1))
    assert np.loadtxt(folder / "run_001_ch1_alignment.txt").shape == (frames, 3)
    table = loadmat(folder / "stimulusData" / "stimdata.mat")["stimData"]
    assert table.shape[1] == 35
    np.testing.assert_allclose(np.diff(table[:, 0]), 1 / 60)
    with np.load(folder / "truth.npz") as kept:
        np.testing.assert_array_equal(kept["label_image"], truth.label_image)
    assert json.loads((folder / "truth.json").read_text())["cells"] == 4


def test_raw_frames_are_those_that_were_aligned(truth: twophoton.SimulatedRecording) -> None:
    shifts = np.rint(np.loadtxt(truth.folder / "run_001_ch1_alignment.txt")[:, :2]).astype(int)
    raw = tifffile.imread(truth.folder / "run_001.tif")[0::2]
    with h5py.File(truth.folder / "alignedMovie.mat") as file:
        movie = file["imgFrames_ch1"][()].swapaxes(1, 2)
    for frame in (0, 100, int(np.flatnonzero(truth.motion_artifact)[0])):
        dx, dy = shifts[frame]
        rows, columns = (slice(max(d, 0), min(d, 0) or None) for d in (dy, dx))
        back = np.roll(raw[frame], (dy, dx), (0, 1))
        np.testing.assert_array_equal(movie[frame, rows, columns], back[rows, columns])
        assert movie[frame].sum() == back[rows, columns].sum()


def test_the_same_seed_makes_the_same_recording(truth: twophoton.SimulatedRecording, tmp_path: Path) -> None:
    again = twophoton.simulate_recording(tmp_path / "same", **SMALL, seed=4)
    other = twophoton.simulate_recording(tmp_path / "other", **SMALL, seed=5)
    movies = []
    for each in (truth, again, other):
        with h5py.File(each.folder / "alignedMovie.mat") as file:
            movies.append(file["imgFrames_ch1"][()])
    np.testing.assert_array_equal(movies[0], movies[1])
    assert not np.array_equal(movies[0], movies[2])


def test_the_truth_comes_back(truth: twophoton.SimulatedRecording) -> None:
    recording = twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(truth.folder).path)
    np.testing.assert_array_equal(recording.motion_artifact_mask, truth.motion_artifact)
    run = twophoton.compute_recording_responses(
        recording,
        twophoton.make_roi_set_from_label_image(truth.label_image),
        background_method="roi_y_stripe_percentile",
    )
    assert run.timing is not None
    assert run.timing.source == "classified_photodiode"
    assert [each.epoch_number for each in run.epoch_windows] == truth.epoch_numbers.tolist()
    exact = [each.onset_frame_exact for each in run.epoch_windows]
    # The fast photodiode has 100 samples per frame.
    np.testing.assert_allclose(exact, truth.onset_frames, atol=0.011)
    assert run.dff.tau == pytest.approx(truth.tau_per_frame, rel=0.15)
    values, expected = run.dff.values, truth.dff[run.dff.start_frame : run.dff.stop_frame]
    held = np.isfinite(values).all(axis=1)
    for cell in range(4):
        assert np.corrcoef(values[held, cell], expected[held, cell])[0, 1] > 0.98
        slope = np.polyfit(expected[held, cell], values[held, cell], 1)[0]
        assert slope == pytest.approx(1, abs=0.1)


def without_flashes(truth: twophoton.SimulatedRecording, stretch: float = 1.0) -> twophoton.ConvertedRecording:
    """The recording with a table that names no flash, and times longer by a factor."""
    recording = twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(truth.folder).path)
    table = recording.stimulus_data.copy()
    table[:, recording.stimulus_data_column_names.index("photodiode_flash")] = 0
    table[:, recording.stimulus_data_column_names.index("time_seconds")] *= stretch
    return dataclasses.replace(recording, stimulus_data=table)


@pytest.mark.parametrize("drift", [0.9995, 1.0, 1.0005])
def test_exact_onsets_without_flashes_at_changes(truth: twophoton.SimulatedRecording, drift: float) -> None:
    timing = twophoton.resolve_recording_timing(without_flashes(truth, drift))
    assert timing.source == "interpolated_epochs"
    assert [each.epoch_number for each in timing.epoch_windows] == truth.epoch_numbers.tolist()
    exact = [each.onset_frame_exact for each in timing.epoch_windows]
    np.testing.assert_allclose(exact, truth.onset_frames, atol=0.02)


def test_no_exact_onsets_where_the_end_flash_is_not_that_of_the_table(truth: twophoton.SimulatedRecording) -> None:
    timing = twophoton.resolve_recording_timing(without_flashes(truth, 1.03))
    assert {each.onset_frame_exact for each in timing.epoch_windows} == {None}


def test_kernels_come_back(tmp_path: Path) -> None:
    truth = twophoton.simulate_recording(tmp_path, stimulus="olfaction", cells=3, rows=40, columns=48, seed=1)
    recording = twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(tmp_path).path)
    run = twophoton.compute_recording_responses(recording, twophoton.make_roi_set_from_label_image(truth.label_image))
    options = twophoton.StimulusKernelOptions(method="smooth", joint=True, timing="exact", hemisphere="right")
    kernels = twophoton.fit_recording_stimulus_kernels(run, options)
    assert kernels.raw_left is not None
    assert kernels.raw_right is not None
    assert truth.kernel_left is not None
    assert truth.kernel_right is not None
    past = slice(options.num_stim_future, options.num_stim_future + truth.kernel_left.shape[1])
    for found, true in ((kernels.raw_left, truth.kernel_left), (kernels.raw_right, truth.kernel_right)):
        for cell in range(3):
            assert np.corrcoef(found[0, cell, past], true[cell])[0, 1] > 0.99
    saved = twophoton.load_stimulus_kernels(twophoton.save_stimulus_kernels(tmp_path / "kernels.h5", kernels))
    for name, value in vars(kernels).items():
        np.testing.assert_array_equal(getattr(saved, name), value)


def test_a_vision_recording_has_one_kernel(tmp_path: Path) -> None:
    truth = twophoton.simulate_recording(tmp_path, stimulus="vision", cells=2, rows=32, columns=40, repeats=1)
    assert truth.kernel_left is not None
    assert truth.kernel_right is None
    table = loadmat(tmp_path / "stimulusData" / "stimdata.mat")["stimData"]
    assert set(np.unique(table[:, 17])) == {-0.2, 0.0, 0.2}


def test_a_lab(tmp_path: Path) -> None:
    made = twophoton.simulate_lab(tmp_path, 2, cells=2, rows=32, columns=40, repeats=1)
    found = twophoton.find_recordings(config_path=tmp_path / "config.yml")
    assert [record.session_dir for record in found] == [each.folder for each in made]
    assert [record.hemisphere for record in found] == ["right", "left"]
    assert yaml.safe_load((tmp_path / "config.yml").read_text())["analysis_output"] == "source"
    with sqlite3.connect(tmp_path / "database" / "experimentLog.db") as connection:
        assert connection.execute("select count(*) from fly").fetchone() == (2,)
    connection.close()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"stimulus": "taste"}, "found 'taste'"),
        ({"cells": 0}, "cells"),
        ({"motion_frames": -1}, "motion_frames"),
        ({"frame_rate_hz": 0.0}, "frame_rate_hz"),
        ({"bleaching_seconds": float("nan")}, "bleaching_seconds"),
        ({"cells": 50, "rows": 32, "columns": 32}, "in 32 x 32 pixels, found 50"),
        ({"rows": 8}, "expected no more than 0"),
    ],
)
def test_wrong_settings(tmp_path: Path, settings: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        twophoton.simulate_recording(tmp_path, **settings)  # type: ignore[arg-type]  # wrong on purpose
    assert not list(tmp_path.iterdir())
