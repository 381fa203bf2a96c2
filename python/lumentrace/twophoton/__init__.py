"""Two-photon calcium imaging: from a recording folder to responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.twophoton import config as config
    from lumentrace.twophoton import parity as parity
    from lumentrace.twophoton import run as run
    from lumentrace.twophoton.analysis import analyze_recording_responses as analyze_recording_responses
    from lumentrace.twophoton.calibration import load_pixel_calibrations as load_pixel_calibrations
    from lumentrace.twophoton.calibration import resolve_pixel_size_um as resolve_pixel_size_um
    from lumentrace.twophoton.convert import ConvertedPaths as ConvertedPaths
    from lumentrace.twophoton.convert import convert_recording as convert_recording
    from lumentrace.twophoton.convert import convert_recording_to_twopy as convert_recording_to_twopy
    from lumentrace.twophoton.convert_tiff import convert_tiff_recording as convert_tiff_recording
    from lumentrace.twophoton.dff import compute_roi_delta_f_over_f as compute_roi_delta_f_over_f
    from lumentrace.twophoton.find import RecordingRecord as RecordingRecord
    from lumentrace.twophoton.find import find_recordings as find_recordings
    from lumentrace.twophoton.handoff import NapariRecordingView as NapariRecordingView
    from lumentrace.twophoton.handoff import launch_napari as launch_napari
    from lumentrace.twophoton.handoff import open_recording_in_napari as open_recording_in_napari
    from lumentrace.twophoton.handoff import roi_label_image_from_layer as roi_label_image_from_layer
    from lumentrace.twophoton.handoff import save_napari_label_rois as save_napari_label_rois
    from lumentrace.twophoton.kernel_files import load_stimulus_kernels as load_stimulus_kernels
    from lumentrace.twophoton.kernel_files import save_stimulus_kernels as save_stimulus_kernels
    from lumentrace.twophoton.kernel_files import write_kernels_csv as write_kernels_csv
    from lumentrace.twophoton.kernels import StimulusKernelOptions as StimulusKernelOptions
    from lumentrace.twophoton.kernels import StimulusKernels as StimulusKernels
    from lumentrace.twophoton.kernels import fit_recording_stimulus_kernels as fit_recording_stimulus_kernels
    from lumentrace.twophoton.label_tiff import load_roi_labels as load_roi_labels
    from lumentrace.twophoton.label_tiff import save_roi_labels as save_roi_labels
    from lumentrace.twophoton.maps import ResponseMapOptions as ResponseMapOptions
    from lumentrace.twophoton.maps import compute_recording_response_maps as compute_recording_response_maps
    from lumentrace.twophoton.maps import load_response_map_data as load_response_map_data
    from lumentrace.twophoton.maps import save_response_map_data as save_response_map_data
    from lumentrace.twophoton.matches import append_manual_roi_match_rows as append_manual_roi_match_rows
    from lumentrace.twophoton.matches import load_manual_fov_group_rows as load_manual_fov_group_rows
    from lumentrace.twophoton.matches import load_manual_roi_match_rows as load_manual_roi_match_rows
    from lumentrace.twophoton.matches import make_manual_fov_group_rows as make_manual_fov_group_rows
    from lumentrace.twophoton.matches import make_manual_roi_match_rows as make_manual_roi_match_rows
    from lumentrace.twophoton.matches import next_group_cell_id as next_group_cell_id
    from lumentrace.twophoton.matches import save_manual_fov_group_rows as save_manual_fov_group_rows
    from lumentrace.twophoton.nwb import NwbOptics as NwbOptics
    from lumentrace.twophoton.nwb import export_nwb as export_nwb
    from lumentrace.twophoton.outputs import load_analysis_outputs as load_analysis_outputs
    from lumentrace.twophoton.outputs import save_analysis_outputs as save_analysis_outputs
    from lumentrace.twophoton.processing import CorrelationFilterOptions as CorrelationFilterOptions
    from lumentrace.twophoton.processing import LowPassFilterOptions as LowPassFilterOptions
    from lumentrace.twophoton.processing import NormalizationOptions as NormalizationOptions
    from lumentrace.twophoton.processing import ResponseProcessingOptions as ResponseProcessingOptions
    from lumentrace.twophoton.processing import SmoothingOptions as SmoothingOptions
    from lumentrace.twophoton.recording import ConvertedRecording as ConvertedRecording
    from lumentrace.twophoton.recording import load_converted_recording as load_converted_recording
    from lumentrace.twophoton.recording import recording_frame_rate_hz as recording_frame_rate_hz
    from lumentrace.twophoton.recording import recording_hemisphere as recording_hemisphere
    from lumentrace.twophoton.report.page import write_report as write_report
    from lumentrace.twophoton.response_watershed import (
        extract_response_watershed_rois as extract_response_watershed_rois,
    )
    from lumentrace.twophoton.response_watershed import response_watershed_roi_set as response_watershed_roi_set
    from lumentrace.twophoton.responses import RecordingResponses as RecordingResponses
    from lumentrace.twophoton.responses import compute_recording_responses as compute_recording_responses
    from lumentrace.twophoton.rois import RoiSet as RoiSet
    from lumentrace.twophoton.rois import grid_roi_set as grid_roi_set
    from lumentrace.twophoton.rois import grid_roi_set_microns as grid_roi_set_microns
    from lumentrace.twophoton.rois import load_roi_set as load_roi_set
    from lumentrace.twophoton.rois import make_roi_set as make_roi_set
    from lumentrace.twophoton.rois import make_roi_set_from_label_image as make_roi_set_from_label_image
    from lumentrace.twophoton.rois import roi_set_to_label_image as roi_set_to_label_image
    from lumentrace.twophoton.rois import save_roi_set as save_roi_set
    from lumentrace.twophoton.saved_run import load_recording_responses as load_recording_responses
    from lumentrace.twophoton.simulated_lab import simulate_lab as simulate_lab
    from lumentrace.twophoton.simulation import SimulatedRecording as SimulatedRecording
    from lumentrace.twophoton.simulation import simulate_recording as simulate_recording
    from lumentrace.twophoton.statistics import finite_mean_and_sem as finite_mean_and_sem
    from lumentrace.twophoton.suite2p import load_suite2p_rois as load_suite2p_rois
    from lumentrace.twophoton.timing import resolve_recording_timing as resolve_recording_timing
    from lumentrace.twophoton.traces import (
        extract_background_corrected_roi_traces as extract_background_corrected_roi_traces,
    )
    from lumentrace.twophoton.traces import extract_roi_traces as extract_roi_traces
    from lumentrace.twophoton.trial_tables import load_trials_table as load_trials_table
    from lumentrace.twophoton.trial_tables import save_trials_table as save_trials_table
    from lumentrace.twophoton.trial_tables import trials_table as trials_table
    from lumentrace.twophoton.trials import GroupedRoiResponses as GroupedRoiResponses
    from lumentrace.twophoton.trials import validate_grouped_roi_responses as validate_grouped_roi_responses
    from lumentrace.twophoton.watershed import watershed_roi_set as watershed_roi_set
    from lumentrace.twophoton.windows import EpochFrameWindow as EpochFrameWindow
    from lumentrace.twophoton.windows import FrameWindow as FrameWindow
    from lumentrace.twophoton.windows import select_baseline_frame_windows as select_baseline_frame_windows

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ConvertedPaths": "lumentrace.twophoton.convert",
        "ConvertedRecording": "lumentrace.twophoton.recording",
        "CorrelationFilterOptions": "lumentrace.twophoton.processing",
        "EpochFrameWindow": "lumentrace.twophoton.windows",
        "FrameWindow": "lumentrace.twophoton.windows",
        "GroupedRoiResponses": "lumentrace.twophoton.trials",
        "LowPassFilterOptions": "lumentrace.twophoton.processing",
        "NapariRecordingView": "lumentrace.twophoton.handoff",
        "NormalizationOptions": "lumentrace.twophoton.processing",
        "NwbOptics": "lumentrace.twophoton.nwb",
        "RecordingRecord": "lumentrace.twophoton.find",
        "RecordingResponses": "lumentrace.twophoton.responses",
        "ResponseMapOptions": "lumentrace.twophoton.maps",
        "ResponseProcessingOptions": "lumentrace.twophoton.processing",
        "RoiSet": "lumentrace.twophoton.rois",
        "SimulatedRecording": "lumentrace.twophoton.simulation",
        "SmoothingOptions": "lumentrace.twophoton.processing",
        "StimulusKernelOptions": "lumentrace.twophoton.kernels",
        "StimulusKernels": "lumentrace.twophoton.kernels",
        "analyze_recording_responses": "lumentrace.twophoton.analysis",
        "append_manual_roi_match_rows": "lumentrace.twophoton.matches",
        "compute_recording_response_maps": "lumentrace.twophoton.maps",
        "compute_recording_responses": "lumentrace.twophoton.responses",
        "compute_roi_delta_f_over_f": "lumentrace.twophoton.dff",
        "config": "lumentrace.twophoton.config",
        "convert_recording": "lumentrace.twophoton.convert",
        "convert_recording_to_twopy": "lumentrace.twophoton.convert",
        "convert_tiff_recording": "lumentrace.twophoton.convert_tiff",
        "export_nwb": "lumentrace.twophoton.nwb",
        "extract_background_corrected_roi_traces": "lumentrace.twophoton.traces",
        "extract_roi_traces": "lumentrace.twophoton.traces",
        "find_recordings": "lumentrace.twophoton.find",
        "finite_mean_and_sem": "lumentrace.twophoton.statistics",
        "extract_response_watershed_rois": "lumentrace.twophoton.response_watershed",
        "response_watershed_roi_set": "lumentrace.twophoton.response_watershed",
        "fit_recording_stimulus_kernels": "lumentrace.twophoton.kernels",
        "grid_roi_set": "lumentrace.twophoton.rois",
        "grid_roi_set_microns": "lumentrace.twophoton.rois",
        "launch_napari": "lumentrace.twophoton.handoff",
        "load_analysis_outputs": "lumentrace.twophoton.outputs",
        "load_converted_recording": "lumentrace.twophoton.recording",
        "load_manual_fov_group_rows": "lumentrace.twophoton.matches",
        "load_manual_roi_match_rows": "lumentrace.twophoton.matches",
        "load_pixel_calibrations": "lumentrace.twophoton.calibration",
        "load_recording_responses": "lumentrace.twophoton.saved_run",
        "load_response_map_data": "lumentrace.twophoton.maps",
        "load_roi_labels": "lumentrace.twophoton.label_tiff",
        "load_roi_set": "lumentrace.twophoton.rois",
        "load_suite2p_rois": "lumentrace.twophoton.suite2p",
        "load_trials_table": "lumentrace.twophoton.trial_tables",
        "load_stimulus_kernels": "lumentrace.twophoton.kernel_files",
        "make_manual_fov_group_rows": "lumentrace.twophoton.matches",
        "make_manual_roi_match_rows": "lumentrace.twophoton.matches",
        "make_roi_set": "lumentrace.twophoton.rois",
        "make_roi_set_from_label_image": "lumentrace.twophoton.rois",
        "next_group_cell_id": "lumentrace.twophoton.matches",
        "open_recording_in_napari": "lumentrace.twophoton.handoff",
        "parity": "lumentrace.twophoton.parity",
        "recording_frame_rate_hz": "lumentrace.twophoton.recording",
        "recording_hemisphere": "lumentrace.twophoton.recording",
        "resolve_pixel_size_um": "lumentrace.twophoton.calibration",
        "resolve_recording_timing": "lumentrace.twophoton.timing",
        "roi_label_image_from_layer": "lumentrace.twophoton.handoff",
        "roi_set_to_label_image": "lumentrace.twophoton.rois",
        "save_analysis_outputs": "lumentrace.twophoton.outputs",
        "save_manual_fov_group_rows": "lumentrace.twophoton.matches",
        "save_napari_label_rois": "lumentrace.twophoton.handoff",
        "save_response_map_data": "lumentrace.twophoton.maps",
        "save_roi_labels": "lumentrace.twophoton.label_tiff",
        "save_roi_set": "lumentrace.twophoton.rois",
        "save_trials_table": "lumentrace.twophoton.trial_tables",
        "select_baseline_frame_windows": "lumentrace.twophoton.windows",
        "trials_table": "lumentrace.twophoton.trial_tables",
        "save_stimulus_kernels": "lumentrace.twophoton.kernel_files",
        "simulate_lab": "lumentrace.twophoton.simulated_lab",
        "simulate_recording": "lumentrace.twophoton.simulation",
        "validate_grouped_roi_responses": "lumentrace.twophoton.trials",
        "watershed_roi_set": "lumentrace.twophoton.watershed",
        "write_kernels_csv": "lumentrace.twophoton.kernel_files",
        "write_report": "lumentrace.twophoton.report.page",
        "run": "lumentrace.twophoton.run",
    },
)
