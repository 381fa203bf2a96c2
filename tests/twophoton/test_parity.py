"""Two-photon: what the earlier MATLAB analysis would have given, and what it saved."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

from lumentrace import FormatError, twophoton
from lumentrace.twophoton import parity
from twophoton_recording import make_recording


@pytest.mark.parametrize(
    ("following", "names", "expected"),
    [
        (2, ["a", "b", "c"], 2),
        (2.0, ["Gray Interleave", "b", "c"], 2),
        (0, ["a", "b", "Gray Interleave"], 3),
        ((), ["Gray Interleave", "b", "c"], 1),
        (None, ["Gray Interleave", "b", "Gray Interleave"], 3),
        (9, ["a", "Gray Interleave", "Gray Interleave"], 2),
        (None, ["a", "gray interleave", "c"], 2),
        (None, ["a", "b"], 1),
    ],
)
def test_which_epoch_lies_between_the_others(following: Any, names: list[str], expected: int) -> None:
    parameters: list[dict[str, Any]] = [{"epochName": name} for name in names]
    if following is not None:
        parameters[-1]["nextEpoch"] = following
    numbered = dict(enumerate(names, 1))
    recording: Any = SimpleNamespace(stimulus_parameters=tuple(parameters), epoch_names=numbered)
    assert parity._interleave(recording) == expected


def test_default_responses(tmp_path: Path) -> None:
    made = make_recording(tmp_path / "source")
    path = twophoton.convert_recording(made.folder, tmp_path / "out").path
    rois = twophoton.make_roi_set_from_label_image(made.labels)
    file = twophoton.save_roi_set(rois, tmp_path / "rois.h5")
    run = parity.compute_psycho5_default_recording_responses(path, file)
    assert (run.dff.metadata["fit_mode"], run.dff.metadata["baseline_sample_seconds"]) == ("log_linear", "full")
    assert run.dff.start_frame == run.epoch_windows[0].window.start_frame
    for trial in run.grouped_responses.trials:
        assert trial.time_seconds[0] == 0
        # The stimulus clock is a frame late at most.
        np.testing.assert_allclose(trial.values[1:-1], 0.5 if trial.epoch_number == 2 else 0.0, atol=0.03)


def save(path: Path, values: Any, labels: Any, epochs: int | None = None) -> Path:
    """As MATLAB 7.3 has it: cells are references, and responses are (regions, frames)."""
    with h5py.File(path, "w") as file:
        group = file.create_group("lastRoi")
        group["roiMaskInitial"] = np.asarray(labels, float)
        group["epochList"] = np.ones((1, len(values) if epochs is None else epochs))
        for name, cells in {
            "epochStartTimes": [[1.0, 21.0], [11.0]],
            "epochDurations": [[10.0, 10.0], [10.0]],
            "timeByRoisInitial": [np.asarray(values).T],
        }.items():
            own = group.create_dataset(name, (1, len(cells)), dtype=h5py.ref_dtype)
            for place, cell in enumerate(cells):
                own[0, place] = file.create_dataset(f"refs/{name}{place}", data=np.atleast_2d(cell)).ref
    return path


@pytest.fixture
def values() -> Any:
    return np.random.default_rng(3).normal(size=(30, 2))


LABELS = np.array([[0, 1, 1], [4, 4, 0]])


def test_a_saved_analysis(tmp_path: Path, values: Any) -> None:
    saved = parity.load_saved_analysis_last_roi(save(tmp_path / "s.mat", values, LABELS))
    np.testing.assert_array_equal(saved.label_image, LABELS)
    np.testing.assert_array_equal(saved.delta_f_over_f, values)
    assert [times.tolist() for times in saved.epoch_start_times] == [[1, 21], [11]]
    assert [times.tolist() for times in saved.epoch_durations] == [[10, 10], [10]]
    assert saved.roi_set.labels == ("roi_0001", "roi_0004")


def test_comparison(tmp_path: Path, values: Any) -> None:
    path = save(tmp_path / "s.mat", values, LABELS)
    ours = values * [2.0, 0.0] + 1.0
    ours[4] = np.nan
    dff: Any = SimpleNamespace(values=ours, labels=("a", "b"))
    found = parity.compare_saved_analysis_delta_f_over_f(path, dff)
    assert found.correlations[0] == pytest.approx(1.0)
    assert np.isnan(found.correlations[1])
    left = np.delete(ours - values, 4, axis=0)
    np.testing.assert_allclose(found.largest_differences, np.abs(left).max(axis=0))
    np.testing.assert_allclose(found.rms_differences, np.sqrt((left**2).mean(axis=0)))
    assert found.compared_frame_counts.tolist() == [29, 29]
    nothing: Any = SimpleNamespace(values=ours * np.nan, labels=("a", "b"))
    assert np.isnan(parity.compare_saved_analysis_delta_f_over_f(path, nothing).rms_differences).all()
    short: Any = SimpleNamespace(values=ours[:-1], labels=("a", "b"))
    with pytest.raises(ValueError, match=r"\(30, 2\), found \(29, 2\)"):
        parity.compare_saved_analysis_delta_f_over_f(path, short)


def test_saved_analyses_that_are_wrong(tmp_path: Path, values: Any) -> None:
    path = tmp_path / "s.mat"
    with pytest.raises(FileNotFoundError, match=r"s\.mat"):
        parity.load_saved_analysis_last_roi(path)
    for labels, epochs in ((LABELS * 0, None), (LABELS / 2, None), (LABELS, 29), (np.eye(3), None)):
        with pytest.raises(FormatError, match=r"s\.mat: expected"):
            parity.load_saved_analysis_last_roi(save(path, values, labels, epochs))
    content = save(path, values, LABELS).read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"nothing" * 99):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match=r"s\.mat"):
            parity.load_saved_analysis_last_roi(path)
    with h5py.File(path, "w") as file:
        file.create_group("other")
    with pytest.raises(FormatError, match=r"s\.mat"):
        parity.load_saved_analysis_last_roi(path)


def test_regions_as_sets() -> None:
    grid = parity.psycho5_grid_roi_set((5, 7), 3)
    assert grid.labels[1] == "grid_0002"
    assert grid.masks[1].nonzero()[0].min() == 3
    image, preseg = np.arange(12.0).reshape(3, 4), np.diag([1, 2, 0, 0])[:3]
    filled = parity.psycho5_watershed_roi_set_from_preseg(image, preseg)
    assert filled.labels == ("watershed_0001", "watershed_0002")
    np.testing.assert_array_equal(filled.masks.sum(axis=0), 1)
    # The tile in pixels that psycho5 makes of 5 um at zoom 9.5 on 128 columns.
    assert parity.psycho5_grid_pixel_size(5.0, zoom=9.5, columns=128) == int(5 * 0.4 * 9.5 * 256 / 128)
    for wrong in ({"zoom": 0.0}, {"columns": -1}, {"scale": np.nan}, {"zoom": 1e-3}):
        with pytest.raises(ValueError, match="expected"):
            parity.psycho5_grid_pixel_size(**{"micron_grid_size": 5.0, "zoom": 9.5, "columns": 128, **wrong})
