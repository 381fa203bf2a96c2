"""Two-photon: every documented name, with its parameters, defaults and fields, and an import that stays light."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import lumentrace
from lumentrace import twophoton

RESPONSES = (
    "recording, rois, *, epoch_windows=None, baseline_windows=None, baseline_mode='epoch', baseline_epoch_number=None, "
    "baseline_epoch_name=None, background_method='movie_global_percentile', baseline_sample_seconds=1.0, "
    "fit_mode='direct_bounded_tau', apply_motion_mask=True, data_rate_hz=None, chunk_frames=128, "
    "spatial_domain='alignment_valid_crop', response_pre_window_seconds=2.0, response_post_window_seconds=0.0, "
    "response_processing_options=None, options=None"
)
CONVERSION = "session_dir, output_dir=None, *, mean_start_frame=None, mean_stop_frame=None, config_path=None"

SIGNATURES = {
    "find_recordings": (
        "*, year=None, month=None, day=None, genotype=None, stimulus=None, sensor=None, cell_type=None, "
        "hemisphere=None, person=None, database_access=None, database_cache_dir=None, limit=100, "
        "config_path='config.yml'"
    ),
    "convert_recording": CONVERSION,
    "convert_recording_to_twopy": CONVERSION,
    "load_converted_recording": "path, *, movie_path=None",
    "recording_frame_rate_hz": "recording",
    "recording_hemisphere": "recording",
    "make_roi_set": "masks, *, labels=None",
    "make_roi_set_from_label_image": "label_image, labels=None, label_prefix='roi'",
    "roi_set_to_label_image": "rois",
    "load_roi_set": "path",
    "save_roi_set": "rois, path, *, generation_metadata=None",
    "grid_roi_set": "shape, *, grid_size_pixels=16, region_mask=None, label_prefix='grid'",
    "grid_roi_set_microns": "shape, *, micron_grid_size, pixel_size_um, region_mask=None, label_prefix='grid'",
    "load_pixel_calibrations": "path",
    "resolve_pixel_size_um": "rows, *, rig, mode, scanner, zoom, allow_extrapolation=False",
    "watershed_roi_set": "image, *, region_mask=None, min_pixels=1, smoothing_sigma=0.0, label_prefix='watershed'",
    "extract_roi_traces": "recording, rois, *, start_frame=None, stop_frame=None, chunk_frames=128, statistic='mean'",
    "extract_background_corrected_roi_traces": (
        "recording, rois, *, method='none', start_frame=None, stop_frame=None, chunk_frames=128, statistic='mean', "
        "global_percentile=10.0, stripe_y_height=None, stripe_percentile=20.0, local_y_radius=None, "
        "local_percentile=20.0, spatial_domain='alignment_valid_crop', check_cancelled=None, outside='clip'"
    ),
    "resolve_recording_timing": "recording",
    "select_baseline_frame_windows": "epoch_windows, *, epoch_name=None, epoch_number=None, epoch_numbers=None",
    "compute_roi_delta_f_over_f": (
        "traces, baseline_windows, *, data_rate_hz, baseline_sample_seconds=1.0, fit_mode='direct_bounded_tau'"
    ),
    "compute_recording_responses": RESPONSES,
    "analyze_recording_responses": (
        f"{RESPONSES}, output_path=None, response_summary_trials_csv_path=None, "
        "response_summary_grouped_csv_path=None, write_summary_csv=True, response_window_auto=None"
    ),
    "load_analysis_outputs": "path",
    "ResponseProcessingOptions": (
        "smoothing=t.SmoothingOptions(), low_pass=t.LowPassFilterOptions(), normalization=t.NormalizationOptions(), "
        "correlation_filter=t.CorrelationFilterOptions()"
    ),
    "SmoothingOptions": "method='none', window_frames=7, polynomial_order=2",
    "LowPassFilterOptions": "method='none', cutoff_hz=None, order=2",
    "NormalizationOptions": "method='none', epoch_number=None, epoch_name=None",
    "CorrelationFilterOptions": "reference='none', minimum_correlation=0.0, window_seconds=(0.0, None)",
    "finite_mean_and_sem": "values, *, axis",
    "validate_grouped_roi_responses": "grouped",
    "ResponseMapOptions": (
        "mode='pixel', pixel_smoothing_sigma=2.0, window_size_pixels=3, window_stride_pixels=1, "
        "baseline_sample_seconds=1.0, foreground_percentile=25.0"
    ),
    "compute_recording_response_maps": "recording, *, epoch_windows=None, options=None",
    "load_response_map_data": "path",
    "save_response_map_data": "path, maps",
    "StimulusKernelOptions": (
        "stimulus_modality='olfaction', stimulus_column=None, baseline_epoch_number=1, "
        "discard_first_stimulus_epoch=True, selected_epoch_numbers=None, num_stim_past=100, num_stim_future=10, "
        "method='ols', hemisphere=None"
    ),
    "fit_recording_stimulus_kernels": "computation, options",
    "make_manual_fov_group_rows": "groups, *, note='', notes=None",
    "make_manual_roi_match_rows": "pairs, *, group_cell_id, fov_group_id='', status='matched', note=''",
    "append_manual_roi_match_rows": "path, rows",
    "save_manual_fov_group_rows": "rows, path",
    "load_manual_fov_group_rows": "path",
    "load_manual_roi_match_rows": "path",
    "next_group_cell_id": "rows",
    "launch_napari": (
        "path=None, *, roi_file_to_load=None, roi_save_file=None, movie_start_frame=0, movie_end_frame=None, "
        "load_movie=True"
    ),
    "open_recording_in_napari": (
        "path, *, roi_set=None, movie_path=None, viewer=None, movie_frame_range=None, "
        "mean_image_layer_name='mean image', movie_layer_name='aligned movie', roi_layer_name='rois', "
        "add_roi_labels_layer=True, add_controls=True, roi_save_file=None"
    ),
    "roi_label_image_from_layer": "layer",
    "save_napari_label_rois": "label_image, path, *, labels=None, label_prefix='roi'",
    "config.load_config": "path=None",
    "parity.psycho5_grid_roi_label_image": "shape, grid_size_pixels",
    "parity.psycho5_watershed_image_from_preseg": "image, preseg",
    "parity.psycho5_grid_roi_set": "shape, grid_size_pixels",
    "parity.psycho5_watershed_roi_set_from_preseg": "image, preseg",
    "parity.psycho5_grid_pixel_size": "micron_grid_size, *, zoom, columns",
    "parity.load_saved_analysis_last_roi": "path",
    "parity.compare_saved_analysis_delta_f_over_f": "saved, dff",
    "parity.compute_psycho5_default_recording_responses": "recording, rois",
}

OTHERS = ("RoiSet", "save_analysis_outputs")

FIELDS = {
    "convert.ConvertedPaths": (
        "path movie_path source_session_dir movie_shape mean_image_start_frame mean_image_stop_frame"
    ),
    "recording.ConvertedRecording": (
        "path movie source_session_dir acquisition_metadata run_metadata synchronization_metadata stimulus_data "
        "stimulus_data_column_names stimulus_parameters stimulus_function_lookup stimulus_specific_columns "
        "imaging_res_pd high_res_pd mean_image alignment_valid_crop alignment_offset_pixels alignment_shift_pixels "
        "motion_artifact_mask frame_counts stimulus_table photodiode"
    ),
    "find.RecordingRecord": (
        "database_path stimulus_presentation_id fly_id relative_data_path stimulus_function date genotype cell_type "
        "fluorescent_protein hemisphere person data_quality session_dir"
    ),
    "rois.RoiSet": "masks labels",
    "calibration.PixelSize": "pixel_size_um method rig mode scanner zoom reference_zooms reference_dates",
    "config.TwophotonConfig": (
        "database_path data_paths database_access analysis_output analysis_caching analysis_cache_dir "
        "pixel_calibration_path custom_workflow_paths"
    ),
    "windows.FrameWindow": "index start_frame stop_frame label",
    "windows.EpochFrameWindow": "window epoch_number epoch_name",
    "timing.RecordingTiming": "frame_rate_hz epoch_windows source metadata",
    "responses.RecordingResponses": (
        "recording roi_set traces dff timing epoch_windows baseline_windows grouped_responses "
        "response_processing_options normalization_factors correlation_scores"
    ),
    "trials.GroupedRoiResponses": (
        "roi_labels data_rate_hz trials pre_window_seconds post_window_seconds response_window_auto epoch_names"
    ),
    "maps.RecordingResponseMaps": "mean_image epochs options spatial_crop response_scale",
    "maps.EpochResponseMap": "epoch_name epoch_number response_values trial_count",
    "kernels.StimulusKernels": (
        "roi_labels time_seconds epoch_names ipsilateral contralateral raw_left raw_right contrast "
        "selected_epoch_numbers selected_epoch_numbers_by_name discarded_epoch_numbers response_sample_counts "
        "stimulus_sample_counts fitted_stimulus_segment_counts skipped_irregular_stimulus_segment_counts method "
        "hemisphere stimulus_column stimulus_modality"
    ),
    "handoff.NapariRecordingView": "viewer recording mean_image_layer movie_layer roi_labels_layer",
}


def find(path: str) -> Any:
    found: Any = twophoton
    for name in path.split("."):
        found = getattr(found, name)
    return found


def documented(text: str) -> inspect.Signature:
    scope: dict[str, Any] = {"t": twophoton}
    exec(f"def documented({text}): ...", scope)
    return inspect.signature(scope["documented"])


@pytest.mark.parametrize("name", SIGNATURES)
def test_documented_parameters_and_defaults(name: str) -> None:
    ours = inspect.signature(find(name)).parameters
    wanted = documented(SIGNATURES[name]).parameters
    positional = [each.name for each in wanted.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert list(ours)[: len(positional)] == positional
    for each in wanted.values():
        found = ours[each.name]
        assert found.kind in (each.kind, each.POSITIONAL_OR_KEYWORD), each.name
        made_new = repr(found.default) == "<factory>"  # see the next test
        assert made_new or each.default in (each.empty, found.default), (each.name, found.default)
    extra = [each for key, each in ours.items() if key not in wanted and each.kind is not each.VAR_KEYWORD]
    assert all(each.default is not each.empty for each in extra), "an undocumented argument is required"


def test_options_made_from_nothing_are_the_documented_ones() -> None:
    assert twophoton.ResponseProcessingOptions() == twophoton.ResponseProcessingOptions(
        twophoton.SmoothingOptions("none", 7, 2),
        twophoton.LowPassFilterOptions("none", None, 2),
        twophoton.NormalizationOptions("none", None, None),
        twophoton.CorrelationFilterOptions("none", 0.0, (0.0, None)),
    )


@pytest.mark.parametrize("name", [*SIGNATURES, *OTHERS])
def test_documented_names_are_listed_and_described(name: str) -> None:
    assert find(name).__doc__
    top = name.partition(".")[0]
    assert top in twophoton.__all__
    assert top in dir(twophoton)


@pytest.mark.parametrize("name", FIELDS)
def test_documented_fields(name: str) -> None:
    module, _, kind = name.partition(".")
    found = getattr(import_module(f"lumentrace.twophoton.{module}"), kind)
    known = set(found.__annotations__) | set(dir(found))
    assert set(FIELDS[name].split()) <= known


def test_everything_listed_can_be_imported() -> None:
    assert len(set(twophoton.__all__)) == len(twophoton.__all__)
    for name in twophoton.__all__:
        assert find(name) is not None
    assert lumentrace.twophoton is twophoton
    assert "twophoton" in lumentrace.__all__
    with pytest.raises(AttributeError, match="no attribute 'convert'"):
        _ = twophoton.__getattr__("convert")


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import lumentrace.twophoton", ("numpy", "scipy", "h5py", "yaml", "napari", "qtpy")),
        ("from lumentrace.twophoton import launch_napari, open_recording_in_napari", ("napari", "qtpy", "skimage")),
        ("from lumentrace.twophoton import roi_label_image_from_layer, save_napari_label_rois", ("napari", "qtpy")),
    ],
)
def test_importing_stays_light(statement: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys\n{statement}\nprint(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_name_is_on_a_page() -> None:
    folder = Path(__file__).parents[2] / "docs" / "twophoton"
    pages = [(folder / name).read_text("utf-8") for name in ("reference.md", "interchange.md")]
    listed = re.findall(r"^::: lumentrace\.twophoton\.(\w+)$", "\n".join(pages), re.MULTILINE)
    assert len(set(listed)) == len(listed)
    assert set(twophoton.__all__) - set(listed) == {"convert_recording_to_twopy"}, "another name of convert_recording"
