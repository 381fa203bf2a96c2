"""Two-photon: conversion, timing, regions, traces and dF/F beside the golden recordings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from golden import golden
from lumentrace import twophoton
from lumentrace.twophoton import parity
from lumentrace.twophoton.measure.photodiode import detect_photodiode_events, photodiode_threshold
from lumentrace.twophoton.respond.maps import ResponseMapOptions
from lumentrace.twophoton.respond.processing import (
    CorrelationFilterOptions,
    LowPassFilterOptions,
    NormalizationOptions,
    ResponseProcessingOptions,
    SmoothingOptions,
)
from twophoton_case import METHODS, SMALL, Case
from twophoton_scores import dff_error, onset_error

ALTERNATIVES: dict[Any, dict[str, Any]] = {
    "movie_global_percentile": {"global_percentile": 25.0, "spatial_domain": "full_frame"},
    "movie_y_stripe_percentile": {"stripe_y_height": 5, "stripe_percentile": 35.0},
    "roi_y_stripe_percentile": {"local_y_radius": 6, "local_percentile": 40.0},
}


TRACES = {f"traces_{method}": (method, {}) for method in METHODS} | {
    f"traces_{method}_alt": (method, settings) for method, settings in ALTERNATIVES.items()
}
OWN_WORDS = ("aligned_movie_dtype", "source_session_dir", "sample_domain")
"""Attributes that say something else here: a narrower type, another place, our own text."""


@pytest.fixture
def case(twophoton_case: Case) -> Case:
    return twophoton_case


@pytest.fixture
def any_case(any_twophoton_case: Case) -> Case:
    return any_twophoton_case


def test_conversion(any_case: Case) -> None:
    recording, facts = any_case.recording, any_case.facts
    assert list(recording.movie.shape) == facts["movie_shape"]
    assert twophoton.recording_frame_rate_hz(recording) == facts["frame_rate_hz"]
    np.testing.assert_array_equal(recording.motion_artifact_mask, any_case.arrays["motion_artifact_mask"])
    crop = recording.alignment_valid_crop
    assert [crop.axis0_start, crop.axis0_stop, crop.axis1_start, crop.axis1_stop] == facts["crop"]
    assert list(recording.stimulus_data_column_names) == facts["data_column_names"]
    assert {str(number): name for number, name in recording.epoch_names.items()} == facts["epoch_names"]
    assert recording.stimulus_function_lookup == facts["stimulus_function_lookup"]
    assert recording.stimulus_specific_columns == facts["stimulus_specific_columns"]
    assert recording.stimulus_table is recording.stimulus_data
    assert recording.photodiode.high_res_pd is recording.high_res_pd
    assert twophoton.recording_hemisphere(recording) == facts["hemisphere"]


def test_the_movie_is_the_source_in_a_narrow_type(any_case: Case) -> None:
    assert any_case.recording.movie.dtype.kind in "ui"
    with h5py.File(any_case.source / "alignedMovie.mat", "r") as file:
        expected = np.swapaxes(file["imgFrames_ch1"][30:40], 1, 2)
    np.testing.assert_array_equal(any_case.recording.movie.read_frames(30, 40), expected)


def test_schema(any_case: Case) -> None:
    schema = any_case.facts["schema"]
    with h5py.File(any_case.recording.path, "r") as file:
        for place, expected in schema.items():
            name, _, inner = place.partition(":")
            if name != "recording_data.h5":
                continue
            node = file[inner]
            for key, value in expected["attrs"].items():
                if inner in ("/photodiode", "/stimulus") or key in OWN_WORDS:
                    continue
                found = node.attrs[key]
                found = found.tolist() if isinstance(found, np.ndarray) else found
                assert found == value or found == pytest.approx(value), (place, key)


def test_shifts_and_mean_images(case: Case) -> None:
    shifts = case.recording.alignment_shift_pixels
    np.testing.assert_allclose(shifts, case.arrays["alignment_shift_pixels"], rtol=1e-9)
    np.testing.assert_allclose(case.recording.mean_image, case.arrays["mean_image"], rtol=1e-9, atol=1e-9)
    converted = twophoton.convert_recording_to_twopy(
        case.source, case.folder / "part", mean_start_frame=10, mean_stop_frame=40
    )
    found = twophoton.load_converted_recording(converted.path).mean_image
    np.testing.assert_allclose(found, case.arrays["mean_image_10_40"], rtol=1e-9, atol=1e-9)
    assert (converted.mean_image_start_frame, converted.mean_image_stop_frame) == (10, 40)


def test_photodiode(any_case: Case) -> None:
    signals = any_case.recording.high_res_pd, any_case.recording.imaging_res_pd
    assert [photodiode_threshold(signal) for signal in signals] == pytest.approx(
        any_case.facts["pd_thresholds"], rel=1e-12
    )
    for signal, key in zip(signals, ("pd_high_events", "pd_imaging_events"), strict=True):
        events = [[event.start, event.stop] for event in detect_photodiode_events(signal)]
        np.testing.assert_array_equal(events, any_case.arrays[key])


def test_timing(any_case: Case) -> None:
    timing = twophoton.resolve_recording_timing(any_case.recording)
    assert (timing.source, timing.metadata) == (any_case.facts["timing_source"], any_case.facts["timing_metadata"])
    windows = [
        [each.window.index, each.window.start_frame, each.window.stop_frame, each.epoch_number]
        for each in timing.epoch_windows
    ]
    np.testing.assert_array_equal(windows, any_case.arrays["windows"])
    exact = [each.onset_frame_exact for each in timing.epoch_windows]
    assert onset_error(exact, any_case.truth) <= 0.1


def test_timing_with_spikes(any_case: Case) -> None:
    recording = any_case.recording
    per_frame = len(recording.high_res_pd) // recording.movie.shape[0]
    random = np.random.default_rng(1)
    for height in (1.0, 40.0):
        high, imaging = recording.high_res_pd.copy(), recording.imaging_res_pd.copy()
        places = random.choice(len(high), 4, replace=False)
        high[places] += height * np.ptp(high)
        imaging[places // per_frame] += height * np.ptp(imaging) / per_frame
        spiked = dataclasses.replace(recording, high_res_pd=high, imaging_res_pd=imaging)
        with pytest.warns(UserWarning, match="spikes were left out"):
            timing = twophoton.resolve_recording_timing(spiked)
        assert [each.window for each in timing.epoch_windows] == [
            each.window for each in twophoton.resolve_recording_timing(recording).epoch_windows
        ]
        exact = [each.onset_frame_exact for each in timing.epoch_windows]
        assert onset_error(exact, any_case.truth) <= 0.1


def labels_of(rois: twophoton.RoiSet) -> Any:
    return sum(number * mask.astype(int) for number, mask in enumerate(rois.masks, 1))


def test_watershed(any_case: Case) -> None:
    for key in (key for key in any_case.arrays if key.startswith("watershed_")):
        _, pixels, sigma = key.split("_")
        found = twophoton.watershed_roi_set(
            any_case.arrays["mean_image"], min_pixels=int(pixels), smoothing_sigma=float(sigma)
        )
        np.testing.assert_array_equal(labels_of(found), any_case.arrays[key], err_msg=key)


def test_traces(any_case: Case) -> None:
    arrays = any_case.arrays
    measured = [key for key in TRACES if f"{key}_corrected" in arrays]
    assert len(measured) == (1 if any_case.name == SMALL else len(TRACES))
    for key in measured:
        method, settings = TRACES[key]
        found = twophoton.extract_background_corrected_roi_traces(
            any_case.recording, any_case.cells, method=method, **settings
        )
        np.testing.assert_allclose(
            found.corrected_values, arrays[f"{key}_corrected"], rtol=1e-9, atol=1e-9, err_msg=key
        )
        np.testing.assert_allclose(
            found.background_values, arrays[f"{key}_background"], rtol=1e-5, atol=1e-5, err_msg=key
        )
        told = any_case.facts[f"{key}_metadata"]
        assert {name: found.metadata[name] for name in told} == pytest.approx(told), key


def test_raw_traces_and_batches(any_case: Case) -> None:
    for chunk in (7, 128, 10_000):
        found = twophoton.extract_roi_traces(any_case.recording, any_case.cells, chunk_frames=chunk)
        np.testing.assert_allclose(found.values, any_case.arrays["raw_full"], rtol=1e-9, atol=1e-9)


def test_dff(any_case: Case) -> None:
    traces = twophoton.extract_background_corrected_roi_traces(
        any_case.recording, any_case.cells, method="movie_global_percentile"
    )
    windows = twophoton.resolve_recording_timing(any_case.recording).epoch_windows
    baseline = twophoton.select_baseline_frame_windows(windows, epoch_number=1)
    assert [[each.start_frame, each.stop_frame] for each in baseline] == any_case.facts["baseline_windows"]
    rate = twophoton.recording_frame_rate_hz(any_case.recording)
    for key in (key for key in any_case.facts if key.startswith(("dff_direct_bounded", "dff_log_linear"))):
        mode, _, seconds = key.removeprefix("dff_").rpartition("_")
        sample = None if seconds == "None" else float(seconds)
        found = twophoton.compute_roi_delta_f_over_f(
            traces, baseline, data_rate_hz=rate, baseline_sample_seconds=sample, fit_mode=mode
        )
        assert found.tau == pytest.approx(any_case.facts[key]["tau"], rel=1e-6, abs=1e-10), key
        np.testing.assert_allclose(found.amplitudes, any_case.facts[key]["amplitudes"], rtol=1e-6)
        if f"{key}_values" in any_case.arrays:
            np.testing.assert_allclose(found.values, any_case.arrays[f"{key}_values"], atol=1e-6)
            expected = any_case.arrays[f"{key}_baseline_frame_numbers"]
            np.testing.assert_array_equal(found.baseline_frame_numbers, expected)


def test_a_grid_over_the_whole_frame_is_clipped(any_case: Case) -> None:
    grid = twophoton.grid_roi_set(any_case.recording.movie.shape[1:], grid_size_pixels=8)
    found = twophoton.extract_background_corrected_roi_traces(any_case.recording, grid)
    assert np.isfinite(found.corrected_values).all()
    assert found.metadata["outside_roi_count"] > 0
    with pytest.raises(ValueError, match="domain only"):
        twophoton.extract_background_corrected_roi_traces(any_case.recording, grid, outside="error")
    dropped = twophoton.extract_background_corrected_roi_traces(any_case.recording, grid, outside="drop")
    assert len(dropped.labels) == len(grid) - found.metadata["outside_roi_count"]


PROCESSING = {
    "proc_ma_dff": ResponseProcessingOptions(SmoothingOptions("moving_average", 7)),
    "proc_ma_even_dff": ResponseProcessingOptions(SmoothingOptions("moving_average", 4)),
    "proc_sg_dff": ResponseProcessingOptions(SmoothingOptions("savgol", 7, 2)),
    "proc_lp_dff": ResponseProcessingOptions(low_pass=LowPassFilterOptions("butterworth", 1.0, 2)),
    "proc_sg_lp_dff": ResponseProcessingOptions(
        SmoothingOptions("savgol", 9, 3), LowPassFilterOptions("butterworth", 2.0, 3)
    ),
}


def test_responses(any_case: Case) -> None:
    run = twophoton.compute_recording_responses(any_case.recording, any_case.cells)
    np.testing.assert_allclose(run.dff.values, any_case.arrays["dff_run_values"], atol=1e-9)
    assert {**any_case.facts["dff_metadata"], "tau_at_bound": False} == pytest.approx(run.dff.metadata)
    assert [run.dff.start_frame, run.dff.stop_frame] == any_case.facts["dff_range"]
    trials = run.grouped_responses.trials
    rows = [[t.epoch_number, t.trial_index, t.window_index, t.start_frame, t.stop_frame] for t in trials]
    np.testing.assert_array_equal(rows, any_case.arrays["trials"])
    for number in (0, 1):
        np.testing.assert_allclose(trials[number].time_seconds, any_case.arrays[f"trial{number}_time"], atol=1e-12)
    twophoton.validate_grouped_roi_responses(run.grouped_responses)
    names = [any_case.recording.epoch_names[row[0]] for row in rows]
    assert run.grouped_responses.epoch_names == tuple(dict.fromkeys(names))
    bar = 0.0125 if any_case.name == "moving_boundary" else 0.0185
    assert dff_error(run.dff.values, run.dff.start_frame, any_case.truth) <= bar


@pytest.mark.parametrize("key", PROCESSING)
def test_processing(case: Case, key: str) -> None:
    run = twophoton.compute_recording_responses(case.recording, case.cells, options=PROCESSING[key])
    np.testing.assert_allclose(run.dff.values, case.arrays[key], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("reference", ["epoch_mean", "epoch_peak"])
@pytest.mark.parametrize(("key", "window"), [("0.0", (0.0, None)), ("0.5", (0.5, 2.0))])
def test_correlation_filter(any_case: Case, reference: Any, key: str, window: Any) -> None:
    options = ResponseProcessingOptions(correlation_filter=CorrelationFilterOptions(reference, 0.3, window))
    run = twophoton.compute_recording_responses(any_case.recording, any_case.cells, options=options)
    scores = run.correlation_scores
    assert scores is not None
    np.testing.assert_allclose(scores.scores, any_case.arrays[f"corr_{reference}_{key}"], rtol=1e-9)
    np.testing.assert_array_equal(scores.included_mask, any_case.arrays[f"corr_{reference}_{key}_included"])
    left_out = [np.isnan(trial.values[:, ~scores.included_mask]).all() for trial in run.grouped_responses.trials]
    assert all(left_out)


def test_normalization(any_case: Case) -> None:
    options = ResponseProcessingOptions(normalization=NormalizationOptions("epoch_abs_peak", 2))
    run = twophoton.compute_recording_responses(any_case.recording, any_case.cells, response_processing_options=options)
    assert run.normalization_factors is not None
    np.testing.assert_allclose(run.normalization_factors, any_case.arrays["normalization_factors"], rtol=1e-9)
    with pytest.raises(TypeError, match="both"):
        twophoton.compute_recording_responses(
            any_case.recording, any_case.cells, options=options, response_processing_options=options
        )


def test_no_baseline_epoch(case: Case) -> None:
    run, from_five = (
        twophoton.compute_recording_responses(
            case.recording,
            case.cells,
            baseline_mode="no_baseline_epoch",
            baseline_epoch_number=number,
            baseline_sample_seconds=None,
        )
        for number in (2, 5)
    )
    np.testing.assert_allclose(run.dff.values, case.arrays["no_baseline_dff"], rtol=1e-5, atol=1e-5)
    assert run.dff.tau == case.facts["no_baseline_tau"]
    found = [[each.start_frame, each.stop_frame, each.label] for each in from_five.baseline_windows]
    assert found == case.facts["no_baseline_windows"]


def test_responses_as_psycho5_computes_them(case: Case) -> None:
    expected = case.facts["psycho5"]
    run = parity.compute_psycho5_default_recording_responses(case.recording, case.cells)
    windows = [[each.window.start_frame, each.window.stop_frame, each.epoch_number] for each in run.epoch_windows]
    assert windows == expected["windows"]
    assert [run.dff.start_frame, run.dff.stop_frame] == expected["range"]
    assert run.dff.tau == pytest.approx(expected["tau"], rel=1e-6)
    np.testing.assert_allclose(run.dff.values, case.arrays["psycho5_dff"], rtol=1e-5, atol=1e-5)
    for path in case.source.glob("savedAnalysis/*.mat"):
        saved = parity.load_saved_analysis_last_roi(path)
        np.testing.assert_array_equal(saved.label_image, case.truth["label_image"])
        compared = parity.compare_saved_analysis_delta_f_over_f(saved, run.dff)
        assert compared.correlations.min() > 0.99
        assert compared.rms_differences.max() < 0.1


MAPS = {
    "map_pixel2": ResponseMapOptions(),
    "map_pixel0": ResponseMapOptions(pixel_smoothing_sigma=0.0, foreground_percentile=50.0),
    "map_window": ResponseMapOptions("window", window_size_pixels=4, window_stride_pixels=2),
    "map_window_odd": ResponseMapOptions(
        "window", window_size_pixels=5, window_stride_pixels=3, baseline_sample_seconds=0.5
    ),
}


@pytest.mark.parametrize("key", MAPS)
def test_response_maps(case: Case, key: str, tmp_path: Path) -> None:
    maps = twophoton.compute_recording_response_maps(case.recording, options=MAPS[key])
    assert maps.response_scale == pytest.approx(case.facts[key]["scale"], rel=1e-9)
    found = [[each.epoch_number, each.epoch_name, each.trial_count] for each in maps.epochs]
    assert found == case.facts[key]["epochs"]
    values = np.stack([each.response_values for each in maps.epochs])
    np.testing.assert_allclose(values, case.arrays[key], rtol=1e-5, atol=1e-5)
    again = twophoton.load_response_map_data(twophoton.save_response_map_data(tmp_path / "maps.h5", maps))
    np.testing.assert_array_equal(np.stack([each.response_values for each in again.epochs]), values)
    assert (again.options, again.spatial_crop, again.response_scale) == (
        maps.options,
        maps.spatial_crop,
        maps.response_scale,
    )
    assert maps.display_limit() == pytest.approx(np.percentile(np.abs(values[np.isfinite(values)]), 95))
    assert maps.display_limit(maps.epochs[0]) > 0


@pytest.mark.parametrize("key", ["ols", "xcorr", "no_discard", "selected", "left", "default_lags"])
def test_kernels(any_case: Case, key: str) -> None:
    if any_case.name == "moving_boundary":
        return
    expected = any_case.facts[f"kernel_{key}"]
    run = twophoton.compute_recording_responses(any_case.recording, any_case.cells)
    options = twophoton.StimulusKernelOptions(**{"hemisphere": "right", **expected["options"]})
    found = twophoton.fit_recording_stimulus_kernels(run, options)
    for side in ("ipsilateral", "contralateral"):
        theirs = any_case.arrays[f"kernel_{key}_{side}"]
        np.testing.assert_allclose(getattr(found, side), theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())
    np.testing.assert_allclose(found.time_seconds, any_case.arrays[f"kernel_{key}_time"], atol=1e-12)
    assert list(found.epoch_names) == expected["epoch_names"]
    assert list(found.selected_epoch_numbers) == expected["selected"]
    assert [list(own) for own in found.selected_epoch_numbers_by_name] == expected["by_name"]
    assert list(found.discarded_epoch_numbers) == expected["discarded"]
    assert found.response_sample_counts.tolist() == expected["response_counts"]
    assert list(found.stimulus_sample_counts) == expected["stim_counts"]
    assert list(found.fitted_stimulus_segment_counts) == expected["fitted"]
    assert list(found.skipped_irregular_stimulus_segment_counts) == expected["skipped"]
    assert (found.hemisphere, found.stimulus_column) == (expected["hemisphere"], expected["column"])


def test_find(any_case: Case, tmp_path: Path) -> None:
    config = any_case.folder / "config.yml"
    for access in ("direct", "copy", "copy"):
        found = twophoton.find_recordings(
            config_path=config,
            database_access=access,
            database_cache_dir=tmp_path,
            genotype="GH146",
            hemisphere="Right",
        )
        assert [record.session_dir for record in found] == [any_case.source]
    assert twophoton.find_recordings(config_path=config, genotype="%") == ()
    assert twophoton.find_recordings(config_path=config, year=2023, month=10, day=17) == found
    assert twophoton.find_recordings(config_path=config, year=1999) == ()
    for wrong in ({"month": 13}, {"limit": 0}, {"database_access": "other"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            twophoton.find_recordings(config_path=config, **wrong)


def test_analysis_and_its_files(any_case: Case, tmp_path: Path) -> None:
    run = twophoton.analyze_recording_responses(any_case.recording, any_case.cells, output_path=tmp_path / "out.h5")
    for name in ("trials", "grouped"):
        path = tmp_path / "exports" / "csvs" / f"response_summary_{name}.csv"
        ours = path.read_text().splitlines()
        counts = any_case.facts[f"response_summary_{name}"]
        assert len(ours) - 1 == counts["rows"]
        assert ours[0].count(",") + 1 == counts["columns"]
        theirs = golden(f"twophoton/{any_case.name}/response_summary_{name}_head.csv").decode().splitlines()
        for own, other in zip(ours, theirs, strict=False):
            for one, two in list(zip(own.split(","), other.split(","), strict=False))[:-1]:
                assert one == two or float(one) == pytest.approx(float(two), rel=1e-6, abs=1e-9)
    schema = any_case.facts["analysis_schema"]
    with h5py.File(tmp_path / "out.h5", "r") as file:
        for inner, expected in schema.items():
            place = inner.replace("trial_0001", "trial_000001")
            assert place in file, place
            assert set(expected["attrs"]) <= set(file[place].attrs), place
            if "shape" in expected:
                assert list(file[place].shape) == expected["shape"]
    again = twophoton.load_analysis_outputs(tmp_path / "out.h5")
    assert again.dff is not None
    assert again.grouped_responses is not None
    assert again.traces is not None
    np.testing.assert_array_equal(again.dff.values, run.dff.values)
    np.testing.assert_array_equal(again.traces.corrected_values, run.traces.corrected_values)
    assert again.dff.metadata == run.dff.metadata
    assert again.epoch_windows == run.epoch_windows
    assert again.baseline_windows == run.baseline_windows
    assert again.grouped_responses.epoch_names == run.grouped_responses.epoch_names
    twophoton.validate_grouped_roi_responses(again.grouped_responses)
    twophoton.save_analysis_outputs(tmp_path / "part.h5", roi_set=run.roi_set)
    part = twophoton.load_analysis_outputs(tmp_path / "part.h5")
    assert part.dff is None
    assert part.roi_set is not None
    assert part.roi_set.labels == run.roi_set.labels


RESPONSE_WATERSHEDS = ("rw_default", "rw_seed", "rw_mean_dff", "rw_absolute")


@pytest.mark.parametrize("key", RESPONSE_WATERSHEDS)
def test_response_watershed(case: Case, key: str) -> None:
    expected = case.facts[key]
    windows = twophoton.resolve_recording_timing(case.recording).epoch_windows
    numbers = {each.epoch_number for each in windows if each.window.index in expected["selected_window_indices"]}
    found = twophoton.extract_response_watershed_rois(
        case.recording, windows, epoch_numbers=sorted(numbers), **expected["options"]
    )
    assert list(found.selected_window_indices) == expected["selected_window_indices"]
    assert list(found.roi_set.labels) == expected["labels"]
    scores = found.score_images
    assert scores.reliability_available == expected["reliability_available"]
    for name in ("amplitude", "coherence", "reliability", "score"):
        image = getattr(scores, f"{name}_image")
        np.testing.assert_allclose(image, case.arrays[f"{key}_{name}"], rtol=1e-5, atol=1e-5, err_msg=name)
    np.testing.assert_array_equal(labels_of(found.roi_set), case.arrays[f"{key}_labels"])
