"""Two-photon: recordings that the tests make, from folder to responses, and what can be wrong with them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from lumentrace import FormatError, twophoton
from lumentrace.base.working import working_folder
from lumentrace.twophoton.measure.images import pixel_figures
from twophoton_recording import FRAMES, Made, make_recording, write_movie, write_photodiode


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_recording(tmp_path / "source")


def converted(made: Made) -> Any:
    return twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(made.folder).path)


def test_from_folder_to_responses(made: Made) -> None:
    recording = converted(made)
    assert recording.movie.dtype == np.uint16
    np.testing.assert_array_equal(recording.movie.read_frames(), made.movie)
    np.testing.assert_allclose(recording.mean_image, made.movie.mean(axis=0), rtol=1e-12)
    timing = twophoton.resolve_recording_timing(recording)
    assert timing.source == "classified_photodiode"
    assert [each.window.start_frame for each in timing.epoch_windows] == made.onsets[:-1]
    run = twophoton.compute_recording_responses(recording, twophoton.make_roi_set_from_label_image(made.labels))
    assert run.grouped_responses.epoch_names == ("Gray Interleave", "Odour")
    for trial in run.grouped_responses.trials:
        inside = trial.values[trial.time_seconds >= 0]
        np.testing.assert_allclose(inside, 0.5 if trial.epoch_number == 2 else 0.0, atol=0.03)
    assert not run.dff.metadata["tau_at_bound"]


def test_paths_do_as_well(made: Made, tmp_path: Path) -> None:
    twophoton.convert_recording_to_twopy(made.folder, tmp_path / "out")
    rois = twophoton.save_roi_set(twophoton.make_roi_set_from_label_image(made.labels), tmp_path / "rois.h5")
    run = twophoton.compute_recording_responses(tmp_path / "out", rois)
    assert len(run.grouped_responses.trials) == 9


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_movies_of_other_types(made: Made, dtype: Any) -> None:
    write_movie(made.folder, made.movie.astype(dtype))
    np.testing.assert_array_equal(converted(made).movie.read_frames(3, 9), made.movie[3:9])


def test_a_movie_with_fractions_or_gaps_keeps_its_type(made: Made) -> None:
    made.movie[5, 3, 3] = np.nan
    made.movie[6] += 0.25
    write_movie(made.folder, made.movie)
    recording = converted(made)
    assert recording.movie.dtype == np.float64
    np.testing.assert_array_equal(recording.movie.read_frames(5, 7), made.movie[5:7])


def test_a_movie_of_an_older_matlab(made: Made) -> None:
    (made.folder / "alignedMovie.mat").unlink()
    savemat(made.folder / "alignedMovie.mat", {"imgFrames_ch1": made.movie.transpose(1, 2, 0)})
    np.testing.assert_array_equal(converted(made).movie.read_frames(), made.movie)


def test_without_a_long_flash_all_frames_are_looked_at(made: Made) -> None:
    write_photodiode(made.folder, made.onsets, long_end=False)
    recording = converted(made)
    with h5py.File(recording.path, "r") as file:
        assert "long flashes" in file["movie/alignment_valid_crop"].attrs["all_frames_because"]
    assert len(twophoton.resolve_recording_timing(recording).epoch_windows) == 9


def test_dropped_flashes_are_named(made: Made) -> None:
    write_photodiode(made.folder, made.onsets[1:])
    with pytest.raises(ValueError, match="expected 10 flashes in both photodiode signals, found 9 in the fast and 9"):
        twophoton.resolve_recording_timing(converted(made))


SPIKES = {
    "as high as flashes": dict.fromkeys((160, 1280, 3010, 8000), 12.0),
    "much higher, so that flashes are below the usual level": dict.fromkeys((160, 1280, 3010, 8000), 3000.0),
    "downwards, within flashes too": {410: -10.0, 1280: -50.0, 3010: -400.0, 6020: -10.0},
}


@pytest.mark.parametrize("spikes", SPIKES.values(), ids=SPIKES)
@pytest.mark.filterwarnings("ignore:photodiode")
def test_spikes_of_one_sample_change_nothing(made: Made, spikes: dict[int, float]) -> None:
    write_photodiode(made.folder, made.onsets, per_frame=40)
    clean = converted(made)
    expected = twophoton.resolve_recording_timing(clean)
    assert "photodiode_spikes_left_out" not in expected.metadata
    write_photodiode(made.folder, made.onsets, per_frame=40, spikes=spikes)
    spiked = converted(made)
    with pytest.warns(UserWarning, match="spikes were left out: 10 flashes"):
        found = twophoton.resolve_recording_timing(spiked)
    assert found.epoch_windows == expected.epoch_windows
    assert found.metadata["photodiode_spikes_left_out"]
    assert spiked.alignment_valid_crop == clean.alignment_valid_crop
    assert found.metadata.items() >= expected.metadata.items()
    kept = twophoton.save_analysis_outputs(made.folder / "timing.h5", timing=found)
    with h5py.File(kept, "r") as file:
        assert file["timing"].attrs["photodiode_spikes_left_out"]


def test_a_spike_and_a_dropped_flash_are_not_one_of_each(made: Made) -> None:
    write_photodiode(made.folder, made.onsets[1:], per_frame=40, spikes={160: 12.0})
    with pytest.warns(UserWarning, match="spikes"):
        recording = converted(made)
    with pytest.raises(ValueError, match=r"found 10 in the fast .* and 9 in the fast one without spikes"):
        twophoton.resolve_recording_timing(recording)


@pytest.mark.parametrize(
    "name",
    [
        "alignedMovie.mat",
        "defaultAlignChannel.txt",
        "highResPd.mat",
        "imagingResPd.mat",
        "imageDescription.mat",
        "stimulusData/stimdata.mat",
        "stimulusData/filebackup.zip",
        "stimulusData/runDetails.mat",
    ],
)
def test_missing_and_damaged_files(made: Made, name: str) -> None:
    path = made.folder / name
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=path.name.replace(".", r"\.")):
        twophoton.convert_recording_to_twopy(made.folder)
    if path.suffix in (".mat", ".zip"):
        path.write_bytes(content[: len(content) // 3])
        with pytest.raises(FormatError, match=path.name.replace(".", r"\.")):
            twophoton.convert_recording_to_twopy(made.folder)


def damaged(path: Path, dataset: str) -> int:
    """Overwrite part of the first chunk; where it begins."""
    with h5py.File(path, "r") as file:
        place = int(file[dataset].id.get_chunk_info(0).byte_offset)
    with path.open("r+b") as file:
        file.seek(place + 8)
        file.write(b"\xff" * 64)
    return place


def test_a_damaged_movie_names_its_file(made: Made) -> None:
    recording = converted(made)
    movie = recording.movie
    rois = twophoton.make_roi_set_from_label_image(made.labels)
    place = damaged(movie.path, movie.dataset_name)
    kept = np.ones(movie.shape[0], bool)
    for work in (
        lambda: movie.read_frames(0, 3),
        lambda: twophoton.extract_roi_traces(recording, rois),
        lambda: pixel_figures(movie, 0, 9, kept, recording.alignment_valid_crop),
    ):
        with pytest.raises(FormatError, match=rf"aligned_movie\.h5: movie, byte {place}: expected deflated pixels"):
            work()
    movie.path.unlink()
    with pytest.raises(FileNotFoundError):
        movie.read_frames(0, 3)


def test_several_tiffs_or_alignments(made: Made) -> None:
    (made.folder / "._run_001.tif").write_bytes(b"fork")
    twophoton.convert_recording_to_twopy(made.folder)
    shutil.copy(made.folder / "run_001.tif", made.folder / "run_002.tif")
    with pytest.raises(FormatError, match=r"run_001\.tif, run_002\.tif"):
        twophoton.convert_recording_to_twopy(made.folder)
    (made.folder / "run_002.tif").unlink()
    (made.folder / "run_001_ch1_alignment.txt").write_text("one two three\n")
    with pytest.raises(FormatError, match="alignment"):
        twophoton.convert_recording_to_twopy(made.folder)
    (made.folder / "run_001_ch1_alignment.txt").unlink()
    with pytest.raises(FormatError, match="found none"):
        twophoton.convert_recording_to_twopy(made.folder)


def test_too_few_shifts_or_samples(made: Made) -> None:
    path = made.folder / "run_001_ch1_alignment.txt"
    path.write_text("0 0 1\n")
    with pytest.raises(ValueError, match=f"each of {FRAMES} frames, found 1"):
        twophoton.convert_recording_to_twopy(made.folder)
    write_movie(made.folder, made.movie[:50])
    with pytest.raises(FormatError, match="50 frames"):
        twophoton.convert_recording_to_twopy(made.folder)


def test_a_failed_conversion_leaves_the_old_one(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = twophoton.convert_recording_to_twopy(made.folder)
    before = paths.path.read_bytes(), paths.movie_path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lumentrace.twophoton.convert.recording_folder.write_data", full)
    with pytest.raises(OSError, match="No space left"):
        twophoton.convert_recording_to_twopy(made.folder)
    assert (paths.path.read_bytes(), paths.movie_path.read_bytes()) == before
    assert sorted(path.name for path in paths.path.parent.iterdir()) == ["aligned_movie.h5", "recording_data.h5"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("seconds", [0.02, 0.1])
def test_a_killed_conversion_leaves_the_old_one(made: Made, seconds: float) -> None:
    paths = twophoton.convert_recording_to_twopy(made.folder)
    before = paths.path.read_bytes(), paths.movie_path.read_bytes()
    code = "import sys; from lumentrace import twophoton as t; t.load_roi_set; print('go', flush=True)\n"
    code += "while True: t.convert_recording_to_twopy(sys.argv[1], mean_stop_frame=7)"
    with subprocess.Popen([sys.executable, "-c", code, str(made.folder)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    recording = twophoton.load_converted_recording(paths.path)
    np.testing.assert_array_equal(recording.movie.read_frames(), made.movie)
    assert paths.path.read_bytes() == before[0] or not np.array_equal(recording.mean_image, made.movie.mean(axis=0))


@pytest.mark.parametrize("name", ["recording_data.h5", "aligned_movie.h5"])
def test_converted_files_that_are_wrong(made: Made, name: str) -> None:
    paths = twophoton.convert_recording_to_twopy(made.folder)
    path = paths.path.parent / name
    content = path.read_bytes()
    for damaged in (b"", content[:3000], b"nothing" * 100):
        path.write_bytes(damaged)
        with pytest.raises(FormatError):
            twophoton.load_converted_recording(paths.path)
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        file.attrs["twopy_format"] = "other"
    with pytest.raises(FormatError, match="found 'other'"):
        twophoton.load_converted_recording(paths.path)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="found none"):
        twophoton.load_converted_recording(paths.path)


def test_settings_that_are_wrong(made: Made) -> None:
    recording = converted(made)
    rois = twophoton.make_roi_set_from_label_image(made.labels)
    for settings, told in (
        ({"method": "other"}, "method"),
        ({"statistic": "median"}, "statistic"),
        ({"spatial_domain": "half"}, "spatial_domain"),
        ({"outside": "ignore"}, "outside"),
        ({"start_frame": 5, "stop_frame": 5}, "range of frames"),
        ({"method": "movie_global_percentile", "global_percentile": 0}, "global_percentile"),
        ({"method": "movie_y_stripe_percentile", "stripe_y_height": 0}, "stripe_y_height"),
        ({"method": "roi_y_stripe_percentile", "local_y_radius": -1}, "local_y_radius"),
    ):
        with pytest.raises(ValueError, match=told):
            twophoton.extract_background_corrected_roi_traces(recording, rois, **settings)
    with pytest.raises(ValueError, match="expected a frame of"):
        twophoton.extract_roi_traces(recording, twophoton.grid_roi_set((9, 9)))
    with pytest.raises(ValueError, match="baseline window of epoch 9"):
        twophoton.compute_recording_responses(recording, rois, baseline_epoch_number=9)


def test_a_region_outside_the_crop_is_nan(made: Made) -> None:
    recording = converted(made)
    corner = np.zeros(recording.movie.shape[1:], int)
    corner[0, 0], corner[5:8, 6:9] = 1, 2
    with pytest.warns(UserWarning, match="roi_0001"):
        found = twophoton.extract_background_corrected_roi_traces(
            recording, twophoton.make_roi_set_from_label_image(corner)
        )
    assert np.isnan(found.corrected_values[:, 0]).all()
    assert np.isfinite(found.corrected_values[:, 1]).all()


def test_hemispheres(made: Made) -> None:
    recording = converted(made)
    with pytest.raises(ValueError, match="which hemisphere"):
        twophoton.recording_hemisphere(recording)
    for said, expected in ((" Left ", "left"), ("RIGHT", "right")):
        recording.run_metadata["eye"] = said
        assert twophoton.recording_hemisphere(recording) == expected
    recording.run_metadata["eye"] = "both"
    with pytest.raises(ValueError, match="'both'"):
        twophoton.recording_hemisphere(recording)


def test_a_stimulus_that_the_lookup_does_not_have(made: Made) -> None:
    with zipfile.ZipFile(made.folder / "stimulusData" / "filebackup.zip", "w") as archive:
        archive.writestr("paramfiles/stimulus_lookup.txt", "8,Lights\n")
        archive.writestr("stimfunctions/Lights.m", "function a\n")
    with pytest.raises(KeyError, match=r"filebackup\.zip: no function for stimulus 7; .* has 8"):
        twophoton.convert_recording_to_twopy(made.folder)


def test_folders_of_killed_conversions_are_removed(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = (
        "import os, sys, lumentrace.twophoton.convert.recording_folder as convert\n"
        "convert.put_in_place = lambda *each: os.kill(os.getpid(), 9)\n"
        "convert.convert_recording(*sys.argv[1:])\n"
    )
    subprocess.run([sys.executable, "-c", script, made.folder, out], check=False)
    (left,) = out.glob(".converting-*")
    elsewhere, old = out / ".converting-another_computer-1-x", out / ".converting-another_computer-2-x"
    for folder in (elsewhere, old):
        folder.mkdir()
    os.utime(old, (0, 0))
    taken = left.with_name(left.name.replace(f"-{left.name.split('-')[-2]}-", f"-{os.getpid()}-"))
    shutil.copytree(left, taken)
    with working_folder(out, "converting") as running:
        assert not left.exists()
        assert not taken.exists()
        twophoton.convert_recording_to_twopy(made.folder, out)
        assert set(out.glob(".converting-*")) == {running, elsewhere}
    assert not running.exists()
