"""Two-photon: files as the older program lays them out, without what this one adds."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from lumentrace import twophoton
from twophoton_recording import Made, make_recording


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_recording(tmp_path / "source")


def as_older(folder: Path) -> None:
    """Rewrite a converted recording: 64-bit floats in chunks of single frames, nothing shuffled, no offsets."""
    with h5py.File(folder / "aligned_movie.h5", "r+") as file:
        frames, about = file["movie/aligned"][()], dict(file["movie/aligned"].attrs)
        del file["movie/aligned"]
        chunks = (1, frames.shape[1], min(frames.shape[2], 16))
        data = file.create_dataset("movie/aligned", data=frames.astype(np.float64), chunks=chunks, compression="gzip")
        data.attrs.update(about)
    with h5py.File(folder / "recording_data.h5", "r+") as file:
        file["movie"].attrs["aligned_movie_dtype"] = "float64"
        del file["movie/alignment_valid_crop/alignment_offset_pixels"]


def test_older_recordings_give_the_same_responses(made: Made, tmp_path: Path) -> None:
    path = twophoton.convert_recording(made.folder, tmp_path / "out").path
    rois = twophoton.make_roi_set_from_label_image(made.labels)
    ours = twophoton.compute_recording_responses(path, rois)
    as_older(path.parent)
    theirs = twophoton.compute_recording_responses(path, rois)
    assert theirs.recording.movie.dtype == np.float64
    assert theirs.recording.alignment_offset_pixels is None
    np.testing.assert_array_equal(theirs.dff.values, ours.dff.values)


def test_older_results(made: Made, tmp_path: Path) -> None:
    path = twophoton.convert_recording(made.folder, tmp_path / "out").path
    run = twophoton.analyze_recording_responses(path, twophoton.make_roi_set_from_label_image(made.labels))
    with h5py.File(run.output_path, "r+") as file:
        trials = file["responses/trials"]
        for number, name in enumerate(sorted(trials), 1):
            trials.move(name, f"trial_{number:04d}")
        del file["timing"], file["epoch_windows/onset_frame_exact"], file["dff/metadata"].attrs["tau_at_bound"]
    found = twophoton.load_recording_responses(run.output_path)
    assert found.timing is None
    assert {window.onset_frame_exact for window in found.epoch_windows} == {None}
    assert [window.window for window in found.epoch_windows] == [window.window for window in run.epoch_windows]
    for ours, theirs in zip(run.grouped_responses.trials, found.grouped_responses.trials, strict=True):
        assert (ours.epoch, ours.trial_index) == (theirs.epoch, theirs.trial_index)
        np.testing.assert_array_equal(theirs.values, ours.values)
