"""Two-photon: input that is missing, damaged or strange, and disks that are full or closed to us."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lumentrace import FormatError, twophoton
from lumentrace.twophoton.convert.source import read_source
from twophoton_recording import FRAMES, Made, make_recording, write_movie, write_photodiode

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs limits and permissions of POSIX")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_recording(tmp_path / "source")


@pytest.fixture
def rois(made: Made) -> twophoton.RoiSet:
    return twophoton.make_roi_set_from_label_image(made.labels)


def converted(made: Made, **settings: Any) -> Any:
    return twophoton.load_converted_recording(twophoton.convert_recording(made.folder, **settings).path)


# ------------------------------------------------------------------ frames without values
@pytest.fixture
def gaps(made: Made) -> Made:
    """Frame 50 has no values at all, frame 70 lacks a row of the first cell."""
    made.movie[50] = np.nan
    made.movie[70, 5] = np.nan
    write_movie(made.folder, made.movie)
    return made


METHODS = ["none", "movie_global_percentile", "movie_y_stripe_percentile", "roi_y_stripe_percentile"]


@pytest.mark.parametrize("method", METHODS)
def test_frames_without_values_stay_gaps(gaps: Made, rois: twophoton.RoiSet, method: str) -> None:
    recording = converted(gaps, mean_start_frame=71)
    whole = recording.movie.read_frames()
    np.testing.assert_array_equal(whole, gaps.movie)
    run = twophoton.compute_recording_responses(recording, rois, background_method=method)
    first = run.traces.start_frame
    missing = np.isnan(run.dff.values)
    assert missing[50 - first].all()
    assert missing[70 - first, 0]
    assert not np.delete(missing, [50 - first, 70 - first], axis=0).any()
    for trial in run.grouped_responses.trials:
        inside = trial.values[trial.time_seconds >= 0]
        # The background of 21 is not taken off without a method.
        expected = 0.0 if trial.epoch_number == 1 else 0.5 if method != "none" else [100 * 0.5 / 121, 200 * 0.5 / 221]
        error = np.abs(inside - expected)
        assert np.nanmax(error) < 0.05
    maps = twophoton.compute_recording_response_maps(recording)
    assert all(np.isfinite(each.response_values).any() for each in maps.epochs)


def test_the_mean_image_is_that_of_finite_values(gaps: Made, rois: twophoton.RoiSet) -> None:
    recording = converted(gaps)
    np.testing.assert_allclose(recording.mean_image, np.nanmean(recording.movie.read_frames(), axis=0), rtol=1e-12)
    only = converted(gaps, mean_start_frame=50, mean_stop_frame=51).mean_image
    assert np.isnan(only).all()
    raw = twophoton.extract_roi_traces(recording, rois)
    assert np.isnan(raw.values).sum(axis=0).tolist() == [2, 1]


# ------------------------------------------------------------------ photodiodes and baselines
def test_a_dark_photodiode(made: Made) -> None:
    write_photodiode(made.folder, [])
    recording = converted(made)
    with pytest.raises(ValueError, match="expected 10 flashes in both photodiode signals, found 0 in the fast and 0"):
        twophoton.resolve_recording_timing(recording)


def test_no_baseline_epoch(made: Made, rois: twophoton.RoiSet) -> None:
    recording = converted(made)
    for settings in ({"baseline_epoch_name": "Silence"}, {"baseline_epoch_number": 3}):
        with pytest.raises(ValueError, match=r"expected a baseline window of epoch '?(Silence|3)"):
            twophoton.compute_recording_responses(recording, rois, **settings)
    with pytest.raises(ValueError, match=r"found those of 1 \(.*\), 2 \("):
        twophoton.compute_recording_responses(recording, rois, baseline_epoch_name="Silence")
    with pytest.raises(ValueError, match="no epoch from 7 on"):
        twophoton.compute_recording_responses(
            recording, rois, baseline_mode="no_baseline_epoch", baseline_epoch_number=7
        )
    with pytest.raises(ValueError, match="baseline_mode"):
        twophoton.compute_recording_responses(recording, rois, baseline_mode="other")


# ------------------------------------------------------------------ settings
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"normalization": twophoton.NormalizationOptions("peak")}, "epoch_abs_peak"),  # type: ignore[arg-type]  # wrong on purpose
        ({"correlation_filter": twophoton.CorrelationFilterOptions("mean")}, "epoch_mean"),  # type: ignore[arg-type]  # wrong on purpose
    ],
)
def test_unknown_ways_of_processing(made: Made, rois: twophoton.RoiSet, options: dict[str, Any], told: str) -> None:
    chosen = twophoton.ResponseProcessingOptions(**options)
    with pytest.raises(ValueError, match=f"expected none.* {told}"):
        twophoton.compute_recording_responses(converted(made), rois, options=chosen)


def test_kernels_of_a_stimulus_that_stays_the_same(tmp_path: Path) -> None:
    truth = twophoton.simulate_recording(tmp_path, cells=2, rows=32, columns=32, repeats=2, seed=3)
    recording = twophoton.load_converted_recording(twophoton.convert_recording(tmp_path, tmp_path / "out").path)
    run = twophoton.compute_recording_responses(recording, twophoton.make_roi_set_from_label_image(truth.label_image))
    options = twophoton.StimulusKernelOptions(hemisphere="left", num_stim_past=5, num_stim_future=1)
    with pytest.raises(ValueError, match="expected codes of odours that change, found 0 everywhere"):
        twophoton.fit_recording_stimulus_kernels(run, options)


def test_hemispheres_of_kernels(tmp_path: Path) -> None:
    truth = twophoton.simulate_recording(
        tmp_path / "a", stimulus="olfaction", cells=2, rows=32, columns=40, repeats=1, seed=2
    )
    recording = twophoton.convert_recording(tmp_path / "a", tmp_path / "out").path
    run = twophoton.compute_recording_responses(recording, twophoton.make_roi_set_from_label_image(truth.label_image))
    fits = {
        side: twophoton.fit_recording_stimulus_kernels(run, twophoton.StimulusKernelOptions(hemisphere=side))
        for side in ("right", " Right", "left")
    }
    assert [fit.hemisphere for fit in fits.values()] == ["right", "right", "left"]
    np.testing.assert_array_equal(fits[" Right"].ipsilateral, fits["right"].ipsilateral)
    np.testing.assert_array_equal(fits["left"].ipsilateral, fits["right"].contralateral)
    with pytest.raises(ValueError, match="`hemisphere`: expected hemisphere left or right, found 'middle'"):
        twophoton.fit_recording_stimulus_kernels(run, twophoton.StimulusKernelOptions(hemisphere="middle"))


def test_something_else_than_results(made: Made, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="found ConvertedRecording"):
        twophoton.save_analysis_outputs(tmp_path / "results.h5", converted(made))
    assert not (tmp_path / "results.h5").exists()


def test_what_to_do_next_is_told(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="pixel_calibration_path"):
        twophoton.load_pixel_calibrations(None)
    with pytest.raises(FileNotFoundError, match="convert_recording makes it"):
        twophoton.load_converted_recording(made.folder)
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"looked for .*config.yml.*; .* `output_dir`"):
        twophoton.convert_recording(made.folder)


def test_a_movie_is_found_from_another_folder(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twophoton.convert_recording(made.folder, tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    recording = twophoton.load_converted_recording("out")
    monkeypatch.chdir(made.folder)
    assert recording.movie.read_frames(0, 2).shape == (2, *made.movie.shape[1:])


# ------------------------------------------------------------------ regions
def test_regions_that_are_none(made: Made) -> None:
    empty = np.zeros((2, *made.labels.shape), bool)
    empty[0, 3, 3] = True
    with pytest.raises(ValueError, match="found none in number 1"):
        twophoton.make_roi_set(empty)
    with pytest.raises(ValueError, match="a more often"):
        twophoton.make_roi_set(np.ones((2, 3, 3)), labels=["a", "a"])


@pytest.mark.parametrize(("outside", "told"), [("error", "roi_0001|domain only"), ("ignore", "outside")])
def test_regions_outside_the_crop(made: Made, outside: Any, told: str) -> None:
    path = made.folder / "run_001_ch1_alignment.txt"
    np.savetxt(path, np.loadtxt(path) * [3, 3, 1])
    corner = np.zeros(made.labels.shape, int)
    corner[0, 0], corner[10, 10] = 1, 2
    rois = twophoton.make_roi_set_from_label_image(corner)
    recording = converted(made)
    with pytest.raises(ValueError, match=told):
        twophoton.extract_background_corrected_roi_traces(recording, rois, outside=outside)
    dropped = twophoton.extract_background_corrected_roi_traces(recording, rois, outside="drop")
    assert dropped.labels == ("roi_0002",)


# ------------------------------------------------------------------ tables
def test_unknown_columns_of_tables(tmp_path: Path) -> None:
    sizes, matches = tmp_path / "sizes.csv", tmp_path / "matches.csv"
    sizes.write_text("who,rig,mode,scanner,zoom,pixel_size_um,measured_on\nAnn,a,1,g,2,0.5,2024-01-01\n")
    assert twophoton.load_pixel_calibrations(sizes)[0].pixel_size_um == 0.5
    matches.write_text("who,fov_group_id,group_cell_id,recording_path,roi_label,status,note\nAnn,f,1,p,r,matched,\n")
    assert twophoton.load_manual_roi_match_rows(matches)[0].roi_label == "r"
    for cell in ("²", "+-3", "9" * 5000, "0"):  # the first three are digits, and no numbers
        matches.write_text(f"fov_group_id,group_cell_id,recording_path,roi_label,status,note\nf,{cell},p,r,matched,\n")
        with pytest.raises(FormatError, match=r"matches\.csv, line 2: expected a cell number"):
            twophoton.load_manual_roi_match_rows(matches)


def test_appending_keeps_columns_that_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "matches.csv"
    path.write_text('who,fov_group_id,group_cell_id,recording_path,roi_label,status,note\n"A, B",f,1,p,r,matched,\n')
    rows = twophoton.make_manual_roi_match_rows({"q": "roi_0002"}, group_cell_id=2)
    assert [row.group_cell_id for row in twophoton.append_manual_roi_match_rows(path, rows)] == [1, 2]
    found = pl.read_csv(path, infer_schema=False)
    assert found["who"].to_list() == ["A, B", None]
    assert found["roi_label"].to_list() == ["r", "roi_0002"]


def test_a_misspelt_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text("rig,mode,scanner,zoom,pixel_size,measured_on\na,1,g,2,0.5,2024-01-01\n")
    with pytest.raises(FormatError, match=r"sizes\.csv: .* missing pixel_size_um"):
        twophoton.load_pixel_calibrations(path)


# ------------------------------------------------------------------ disks
SYSTEM = Path("/sys/kernel")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
"""Root may write everywhere but in folders of the system."""


@posix
@pytest.mark.skipif(ROOT and not SYSTEM.is_dir(), reason="root may write everywhere")
def test_an_output_folder_that_is_read_only(made: Made, tmp_path: Path) -> None:
    place = SYSTEM if ROOT else tmp_path / "closed"
    if not ROOT:
        place.mkdir(mode=0o555)
    for target in (place, place / "new"):
        with pytest.raises(PermissionError, match=place.name):
            twophoton.convert_recording(made.folder, target)


def test_an_output_folder_that_is_a_file(made: Made, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match="file"):
            twophoton.convert_recording(made.folder, target)
    assert (tmp_path / "file").read_text() == "mine"


LIMITED = """
import resource, sys
from lumentrace import twophoton
limits, task, *arguments = sys.argv[1:]
rois = twophoton.grid_roi_set((60, 60), grid_size_pixels=1)
for limit in limits.split():
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        if task == "rois":
            twophoton.save_roi_set(rois, arguments[0])
        elif task == "analysis":
            twophoton.save_analysis_outputs(arguments[0], roi_set=rois)
        else:
            twophoton.convert_recording(*arguments, mean_stop_frame=7)
    except OSError as error:
        print("told", error.errno)
    if task != "conversion":
        with open(arguments[0], "rb") as file:
            print(file.read().decode())
"""


def on_a_full_disk(limits: str, task: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED, limits, task, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


@posix
@pytest.mark.parametrize("task", ["rois", "analysis"])
def test_results_on_a_full_disk(task: str, tmp_path: Path) -> None:
    path = tmp_path / "results.h5"
    path.write_bytes(b"old")
    done = on_a_full_disk("0 100 2000 8000", task, path)
    assert (done.returncode, done.stdout.split()) == (0, ["told", "27", "old"] * 4), done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["results.h5"]


@posix
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_conversion_on_a_full_disk_leaves_the_old_one(made: Made, tmp_path: Path, share: float) -> None:
    paths = twophoton.convert_recording(made.folder, tmp_path / "out")
    before = paths.path.read_bytes(), paths.movie_path.read_bytes()
    on_a_full_disk(str(int(share * len(before[1]))), "conversion", made.folder, tmp_path / "out")
    assert (paths.path.read_bytes(), paths.movie_path.read_bytes()) == before
    assert sorted(path.name for path in paths.path.parent.iterdir()) == ["aligned_movie.h5", "recording_data.h5"]
    assert len(twophoton.load_converted_recording(paths.path).imaging_res_pd) == FRAMES


@posix
def test_a_conversion_on_a_full_disk_is_an_error_and_no_crash(made: Made, tmp_path: Path) -> None:
    done = on_a_full_disk("20000", "conversion", made.folder, tmp_path / "out")
    assert (done.returncode, done.stdout.split()) == (0, ["told", "27"])


# ------------------------------------------------------------------ MATLAB files
@pytest.mark.parametrize(
    "name", ["highResPd.mat", "imageDescription.mat", "stimulusData/runDetails.mat", "stimulusData/stimParams.mat"]
)
def test_a_flipped_bit_of_a_matlab_file_is_an_error_that_names_it_or_harmless(made: Made, name: str) -> None:
    path = made.folder / name
    content, random = path.read_bytes(), np.random.default_rng(7)
    refused = 0
    for place in random.integers(116, min(len(content), 4000), 60):
        flipped = bytearray(content)
        flipped[place] ^= 1 << random.integers(8)
        path.write_bytes(flipped)
        try:
            read_source(made.folder)
        except FormatError as error:
            assert path.name in str(error)  # noqa: PT017 - most flips are harmless
            refused += 1
        except KeyError as error:
            assert "no function for stimulus" in str(error)  # noqa: PT017 - and some leave a stimulus without its function
    assert refused
