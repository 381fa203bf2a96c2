"""Two-photon calcium imaging: from a recording folder to responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports
from lumentrace.base.moved import moved
from lumentrace.twophoton.compat import MODULES

if TYPE_CHECKING:
    from lumentrace.twophoton import config as config
    from lumentrace.twophoton import parity as parity
    from lumentrace.twophoton import run as run
    from lumentrace.twophoton.align.corrected import CorrectedFrames as CorrectedFrames
    from lumentrace.twophoton.align.corrected import corrected as corrected
    from lumentrace.twophoton.align.estimate import estimate_motion as estimate_motion
    from lumentrace.twophoton.align.line_offset import LineOffset as LineOffset
    from lumentrace.twophoton.align.motion import Motion as Motion
    from lumentrace.twophoton.align.motion import MotionSettings as MotionSettings
    from lumentrace.twophoton.align.noise import Noise as Noise
    from lumentrace.twophoton.convert.acquisition_recording import convert_acquisition as convert_acquisition
    from lumentrace.twophoton.convert.microscopes.acquisition import Acquisition as Acquisition
    from lumentrace.twophoton.convert.microscopes.opening import open_acquisition as open_acquisition
    from lumentrace.twophoton.convert.recording_folder import ConvertedPaths as ConvertedPaths
    from lumentrace.twophoton.convert.recording_folder import convert_recording as convert_recording
    from lumentrace.twophoton.convert.recording_folder import convert_recording_to_twopy as convert_recording_to_twopy
    from lumentrace.twophoton.convert.tiff_recording import convert_tiff_recording as convert_tiff_recording
    from lumentrace.twophoton.exchange.cell_files import load_found_cells as load_found_cells
    from lumentrace.twophoton.exchange.cell_files import save_found_cells as save_found_cells
    from lumentrace.twophoton.exchange.handoff import NapariRecordingView as NapariRecordingView
    from lumentrace.twophoton.exchange.handoff import launch_napari as launch_napari
    from lumentrace.twophoton.exchange.handoff import open_recording_in_napari as open_recording_in_napari
    from lumentrace.twophoton.exchange.handoff import roi_label_image_from_layer as roi_label_image_from_layer
    from lumentrace.twophoton.exchange.handoff import save_napari_label_rois as save_napari_label_rois
    from lumentrace.twophoton.exchange.kernel_files import load_stimulus_kernels as load_stimulus_kernels
    from lumentrace.twophoton.exchange.kernel_files import save_stimulus_kernels as save_stimulus_kernels
    from lumentrace.twophoton.exchange.kernel_files import write_kernels_csv as write_kernels_csv
    from lumentrace.twophoton.exchange.label_tiff import load_roi_labels as load_roi_labels
    from lumentrace.twophoton.exchange.label_tiff import save_roi_labels as save_roi_labels
    from lumentrace.twophoton.exchange.map_files import load_response_map_data as load_response_map_data
    from lumentrace.twophoton.exchange.map_files import save_response_map_data as save_response_map_data
    from lumentrace.twophoton.exchange.matches import append_manual_roi_match_rows as append_manual_roi_match_rows
    from lumentrace.twophoton.exchange.matches import load_manual_fov_group_rows as load_manual_fov_group_rows
    from lumentrace.twophoton.exchange.matches import load_manual_roi_match_rows as load_manual_roi_match_rows
    from lumentrace.twophoton.exchange.matches import make_manual_fov_group_rows as make_manual_fov_group_rows
    from lumentrace.twophoton.exchange.matches import make_manual_roi_match_rows as make_manual_roi_match_rows
    from lumentrace.twophoton.exchange.matches import next_group_cell_id as next_group_cell_id
    from lumentrace.twophoton.exchange.matches import save_manual_fov_group_rows as save_manual_fov_group_rows
    from lumentrace.twophoton.exchange.motion_file import load_motion as load_motion
    from lumentrace.twophoton.exchange.motion_file import save_motion as save_motion
    from lumentrace.twophoton.exchange.nwb import NwbOptics as NwbOptics
    from lumentrace.twophoton.exchange.nwb import export_nwb as export_nwb
    from lumentrace.twophoton.exchange.nwb_tables import load_nwb_epochs as load_nwb_epochs
    from lumentrace.twophoton.exchange.nwb_tables import load_nwb_rois as load_nwb_rois
    from lumentrace.twophoton.exchange.outlines import save_roi_geojson as save_roi_geojson
    from lumentrace.twophoton.exchange.outputs import load_analysis_outputs as load_analysis_outputs
    from lumentrace.twophoton.exchange.outputs import save_analysis_outputs as save_analysis_outputs
    from lumentrace.twophoton.exchange.saved_run import load_recording_responses as load_recording_responses
    from lumentrace.twophoton.exchange.spike_files import load_spikes as load_spikes
    from lumentrace.twophoton.exchange.spike_files import save_spikes as save_spikes
    from lumentrace.twophoton.exchange.suite2p import load_suite2p_rois as load_suite2p_rois
    from lumentrace.twophoton.exchange.suite2p_folder import save_suite2p as save_suite2p
    from lumentrace.twophoton.exchange.trial_tables import load_trials_table as load_trials_table
    from lumentrace.twophoton.exchange.trial_tables import save_trials_table as save_trials_table
    from lumentrace.twophoton.exchange.trial_tables import trials_table as trials_table
    from lumentrace.twophoton.measure.baseline import maximin_baseline as maximin_baseline
    from lumentrace.twophoton.measure.baseline import percentile_baseline as percentile_baseline
    from lumentrace.twophoton.measure.baseline import rolling_delta_f_over_f as rolling_delta_f_over_f
    from lumentrace.twophoton.measure.dff import RoiDeltaFOverF as RoiDeltaFOverF
    from lumentrace.twophoton.measure.dff import compute_roi_delta_f_over_f as compute_roi_delta_f_over_f
    from lumentrace.twophoton.measure.neuropil import NeuropilCorrectedTraces as NeuropilCorrectedTraces
    from lumentrace.twophoton.measure.neuropil import NeuropilFit as NeuropilFit
    from lumentrace.twophoton.measure.neuropil import fit_neuropil as fit_neuropil
    from lumentrace.twophoton.measure.neuropil import subtract_neuropil as subtract_neuropil
    from lumentrace.twophoton.measure.spike_sizes import spike_sizes as spike_sizes
    from lumentrace.twophoton.measure.spikes import Spikes as Spikes
    from lumentrace.twophoton.measure.spikes import deconvolve as deconvolve
    from lumentrace.twophoton.measure.time_constants import estimate_time_constants as estimate_time_constants
    from lumentrace.twophoton.measure.timing import RecordingTiming as RecordingTiming
    from lumentrace.twophoton.measure.timing import resolve_recording_timing as resolve_recording_timing
    from lumentrace.twophoton.measure.traces import BackgroundCorrectedRoiTraces as BackgroundCorrectedRoiTraces
    from lumentrace.twophoton.measure.traces import RoiTraces as RoiTraces
    from lumentrace.twophoton.measure.traces import (
        extract_background_corrected_roi_traces as extract_background_corrected_roi_traces,
    )
    from lumentrace.twophoton.measure.traces import extract_roi_traces as extract_roi_traces
    from lumentrace.twophoton.measure.windows import EpochFrameWindow as EpochFrameWindow
    from lumentrace.twophoton.measure.windows import FrameWindow as FrameWindow
    from lumentrace.twophoton.measure.windows import select_baseline_frame_windows as select_baseline_frame_windows
    from lumentrace.twophoton.read.crop import SpatialCrop as SpatialCrop
    from lumentrace.twophoton.read.find import RecordingRecord as RecordingRecord
    from lumentrace.twophoton.read.find import find_recordings as find_recordings
    from lumentrace.twophoton.read.movie import Movie as Movie
    from lumentrace.twophoton.read.recording import ConvertedRecording as ConvertedRecording
    from lumentrace.twophoton.read.recording import load_converted_recording as load_converted_recording
    from lumentrace.twophoton.read.recording import recording_frame_rate_hz as recording_frame_rate_hz
    from lumentrace.twophoton.read.recording import recording_hemisphere as recording_hemisphere
    from lumentrace.twophoton.regions.annuli import neuropil_roi_set as neuropil_roi_set
    from lumentrace.twophoton.regions.calibration import PixelSize as PixelSize
    from lumentrace.twophoton.regions.calibration import load_pixel_calibrations as load_pixel_calibrations
    from lumentrace.twophoton.regions.calibration import resolve_pixel_size_um as resolve_pixel_size_um
    from lumentrace.twophoton.regions.cell_matching import CellMatches as CellMatches
    from lumentrace.twophoton.regions.cell_matching import match_cells as match_cells
    from lumentrace.twophoton.regions.cells.finding import find_cells as find_cells
    from lumentrace.twophoton.regions.cells.found import FoundCells as FoundCells
    from lumentrace.twophoton.regions.cells.scores import CellFigures as CellFigures
    from lumentrace.twophoton.regions.grids import grid_roi_set as grid_roi_set
    from lumentrace.twophoton.regions.grids import grid_roi_set_microns as grid_roi_set_microns
    from lumentrace.twophoton.regions.response_watershed import ResponseWatershed as ResponseWatershed
    from lumentrace.twophoton.regions.response_watershed import (
        extract_response_watershed_rois as extract_response_watershed_rois,
    )
    from lumentrace.twophoton.regions.response_watershed import response_watershed_roi_set as response_watershed_roi_set
    from lumentrace.twophoton.regions.rois import RoiSet as RoiSet
    from lumentrace.twophoton.regions.rois import load_roi_set as load_roi_set
    from lumentrace.twophoton.regions.rois import make_roi_set as make_roi_set
    from lumentrace.twophoton.regions.rois import make_roi_set_from_label_image as make_roi_set_from_label_image
    from lumentrace.twophoton.regions.rois import roi_set_to_label_image as roi_set_to_label_image
    from lumentrace.twophoton.regions.rois import save_roi_set as save_roi_set
    from lumentrace.twophoton.regions.watershed import watershed_roi_set as watershed_roi_set
    from lumentrace.twophoton.report.page import write_report as write_report
    from lumentrace.twophoton.respond.analysis import analyze_recording_responses as analyze_recording_responses
    from lumentrace.twophoton.respond.epochs import EpochMean as EpochMean
    from lumentrace.twophoton.respond.epochs import epoch_means as epoch_means
    from lumentrace.twophoton.respond.kernels import StimulusKernelOptions as StimulusKernelOptions
    from lumentrace.twophoton.respond.kernels import StimulusKernels as StimulusKernels
    from lumentrace.twophoton.respond.kernels import fit_recording_stimulus_kernels as fit_recording_stimulus_kernels
    from lumentrace.twophoton.respond.maps import EpochResponseMap as EpochResponseMap
    from lumentrace.twophoton.respond.maps import RecordingResponseMaps as RecordingResponseMaps
    from lumentrace.twophoton.respond.maps import ResponseMapOptions as ResponseMapOptions
    from lumentrace.twophoton.respond.maps import compute_recording_response_maps as compute_recording_response_maps
    from lumentrace.twophoton.respond.noise_ceiling import NoiseCeiling as NoiseCeiling
    from lumentrace.twophoton.respond.noise_ceiling import noise_ceiling as noise_ceiling
    from lumentrace.twophoton.respond.noise_stimulus import stimulus_at_frames as stimulus_at_frames
    from lumentrace.twophoton.respond.permutation import PermutationTest as PermutationTest
    from lumentrace.twophoton.respond.permutation import responsiveness_test as responsiveness_test
    from lumentrace.twophoton.respond.permutation import tuning_test as tuning_test
    from lumentrace.twophoton.respond.processing import CorrelationFilterOptions as CorrelationFilterOptions
    from lumentrace.twophoton.respond.processing import LowPassFilterOptions as LowPassFilterOptions
    from lumentrace.twophoton.respond.processing import NormalizationOptions as NormalizationOptions
    from lumentrace.twophoton.respond.processing import ResponseProcessingOptions as ResponseProcessingOptions
    from lumentrace.twophoton.respond.processing import SmoothingOptions as SmoothingOptions
    from lumentrace.twophoton.respond.receptive_fields import ReceptiveFields as ReceptiveFields
    from lumentrace.twophoton.respond.receptive_fields import fit_receptive_fields as fit_receptive_fields
    from lumentrace.twophoton.respond.recording_spikes import recording_spikes as recording_spikes
    from lumentrace.twophoton.respond.recording_tuning import RecordingTuning as RecordingTuning
    from lumentrace.twophoton.respond.recording_tuning import recording_tuning as recording_tuning
    from lumentrace.twophoton.respond.responses import RecordingResponses as RecordingResponses
    from lumentrace.twophoton.respond.responses import compute_recording_responses as compute_recording_responses
    from lumentrace.twophoton.respond.selectivity import DirectionSelectivity as DirectionSelectivity
    from lumentrace.twophoton.respond.selectivity import PreferredAngle as PreferredAngle
    from lumentrace.twophoton.respond.selectivity import SelectivityIndex as SelectivityIndex
    from lumentrace.twophoton.respond.selectivity import direction_selectivity as direction_selectivity
    from lumentrace.twophoton.respond.split_half import SplitHalf as SplitHalf
    from lumentrace.twophoton.respond.split_half import split_half_reliability as split_half_reliability
    from lumentrace.twophoton.respond.statistics import finite_mean_and_sem as finite_mean_and_sem
    from lumentrace.twophoton.respond.trial_responses import TrialResponses as TrialResponses
    from lumentrace.twophoton.respond.trial_responses import trial_responses as trial_responses
    from lumentrace.twophoton.respond.trials import GroupedRoiResponses as GroupedRoiResponses
    from lumentrace.twophoton.respond.trials import ResponseTrial as ResponseTrial
    from lumentrace.twophoton.respond.trials import validate_grouped_roi_responses as validate_grouped_roi_responses
    from lumentrace.twophoton.respond.tuning import TuningCurves as TuningCurves
    from lumentrace.twophoton.respond.tuning import tuning_curves as tuning_curves
    from lumentrace.twophoton.respond.tuning_table import tuning_table as tuning_table
    from lumentrace.twophoton.simulate.lab import simulate_lab as simulate_lab
    from lumentrace.twophoton.simulate.raw_files import save_raw_movie as save_raw_movie
    from lumentrace.twophoton.simulate.raw_frames import SimulatedFrames as SimulatedFrames
    from lumentrace.twophoton.simulate.raw_movie import RawMovie as RawMovie
    from lumentrace.twophoton.simulate.raw_movie import RawTruth as RawTruth
    from lumentrace.twophoton.simulate.raw_movie import simulate_planes as simulate_planes
    from lumentrace.twophoton.simulate.raw_movie import simulate_raw as simulate_raw
    from lumentrace.twophoton.simulate.raw_scene import RawScene as RawScene
    from lumentrace.twophoton.simulate.simulation import SimulatedRecording as SimulatedRecording
    from lumentrace.twophoton.simulate.simulation import simulate_recording as simulate_recording

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Acquisition": "lumentrace.twophoton.convert.microscopes.acquisition",
        "BackgroundCorrectedRoiTraces": "lumentrace.twophoton.measure.traces",
        "CellFigures": "lumentrace.twophoton.regions.cells.scores",
        "CellMatches": "lumentrace.twophoton.regions.cell_matching",
        "ConvertedPaths": "lumentrace.twophoton.convert.recording_folder",
        "ConvertedRecording": "lumentrace.twophoton.read.recording",
        "CorrectedFrames": "lumentrace.twophoton.align.corrected",
        "CorrelationFilterOptions": "lumentrace.twophoton.respond.processing",
        "DirectionSelectivity": "lumentrace.twophoton.respond.selectivity",
        "EpochFrameWindow": "lumentrace.twophoton.measure.windows",
        "EpochMean": "lumentrace.twophoton.respond.epochs",
        "EpochResponseMap": "lumentrace.twophoton.respond.maps",
        "FoundCells": "lumentrace.twophoton.regions.cells.found",
        "FrameWindow": "lumentrace.twophoton.measure.windows",
        "GroupedRoiResponses": "lumentrace.twophoton.respond.trials",
        "LineOffset": "lumentrace.twophoton.align.line_offset",
        "LowPassFilterOptions": "lumentrace.twophoton.respond.processing",
        "Motion": "lumentrace.twophoton.align.motion",
        "MotionSettings": "lumentrace.twophoton.align.motion",
        "Movie": "lumentrace.twophoton.read.movie",
        "NapariRecordingView": "lumentrace.twophoton.exchange.handoff",
        "NeuropilCorrectedTraces": "lumentrace.twophoton.measure.neuropil",
        "NeuropilFit": "lumentrace.twophoton.measure.neuropil",
        "Noise": "lumentrace.twophoton.align.noise",
        "NoiseCeiling": "lumentrace.twophoton.respond.noise_ceiling",
        "NormalizationOptions": "lumentrace.twophoton.respond.processing",
        "NwbOptics": "lumentrace.twophoton.exchange.nwb",
        "PermutationTest": "lumentrace.twophoton.respond.permutation",
        "PixelSize": "lumentrace.twophoton.regions.calibration",
        "PreferredAngle": "lumentrace.twophoton.respond.selectivity",
        "RawMovie": "lumentrace.twophoton.simulate.raw_movie",
        "RawScene": "lumentrace.twophoton.simulate.raw_scene",
        "RawTruth": "lumentrace.twophoton.simulate.raw_movie",
        "ReceptiveFields": "lumentrace.twophoton.respond.receptive_fields",
        "RecordingRecord": "lumentrace.twophoton.read.find",
        "RecordingResponseMaps": "lumentrace.twophoton.respond.maps",
        "RecordingResponses": "lumentrace.twophoton.respond.responses",
        "RecordingTiming": "lumentrace.twophoton.measure.timing",
        "RecordingTuning": "lumentrace.twophoton.respond.recording_tuning",
        "ResponseMapOptions": "lumentrace.twophoton.respond.maps",
        "ResponseProcessingOptions": "lumentrace.twophoton.respond.processing",
        "ResponseTrial": "lumentrace.twophoton.respond.trials",
        "ResponseWatershed": "lumentrace.twophoton.regions.response_watershed",
        "RoiDeltaFOverF": "lumentrace.twophoton.measure.dff",
        "RoiSet": "lumentrace.twophoton.regions.rois",
        "RoiTraces": "lumentrace.twophoton.measure.traces",
        "SelectivityIndex": "lumentrace.twophoton.respond.selectivity",
        "SimulatedFrames": "lumentrace.twophoton.simulate.raw_frames",
        "SimulatedRecording": "lumentrace.twophoton.simulate.simulation",
        "SmoothingOptions": "lumentrace.twophoton.respond.processing",
        "SpatialCrop": "lumentrace.twophoton.read.crop",
        "Spikes": "lumentrace.twophoton.measure.spikes",
        "SplitHalf": "lumentrace.twophoton.respond.split_half",
        "StimulusKernelOptions": "lumentrace.twophoton.respond.kernels",
        "StimulusKernels": "lumentrace.twophoton.respond.kernels",
        "TrialResponses": "lumentrace.twophoton.respond.trial_responses",
        "TuningCurves": "lumentrace.twophoton.respond.tuning",
        "analyze_recording_responses": "lumentrace.twophoton.respond.analysis",
        "append_manual_roi_match_rows": "lumentrace.twophoton.exchange.matches",
        "compute_recording_response_maps": "lumentrace.twophoton.respond.maps",
        "compute_recording_responses": "lumentrace.twophoton.respond.responses",
        "compute_roi_delta_f_over_f": "lumentrace.twophoton.measure.dff",
        "config": "lumentrace.twophoton.config",
        "convert_acquisition": "lumentrace.twophoton.convert.acquisition_recording",
        "convert_recording": "lumentrace.twophoton.convert.recording_folder",
        "convert_recording_to_twopy": "lumentrace.twophoton.convert.recording_folder",
        "convert_tiff_recording": "lumentrace.twophoton.convert.tiff_recording",
        "corrected": "lumentrace.twophoton.align.corrected",
        "deconvolve": "lumentrace.twophoton.measure.spikes",
        "direction_selectivity": "lumentrace.twophoton.respond.selectivity",
        "epoch_means": "lumentrace.twophoton.respond.epochs",
        "estimate_motion": "lumentrace.twophoton.align.estimate",
        "estimate_time_constants": "lumentrace.twophoton.measure.time_constants",
        "export_nwb": "lumentrace.twophoton.exchange.nwb",
        "extract_background_corrected_roi_traces": "lumentrace.twophoton.measure.traces",
        "extract_response_watershed_rois": "lumentrace.twophoton.regions.response_watershed",
        "extract_roi_traces": "lumentrace.twophoton.measure.traces",
        "find_cells": "lumentrace.twophoton.regions.cells.finding",
        "find_recordings": "lumentrace.twophoton.read.find",
        "finite_mean_and_sem": "lumentrace.twophoton.respond.statistics",
        "fit_neuropil": "lumentrace.twophoton.measure.neuropil",
        "fit_receptive_fields": "lumentrace.twophoton.respond.receptive_fields",
        "fit_recording_stimulus_kernels": "lumentrace.twophoton.respond.kernels",
        "grid_roi_set": "lumentrace.twophoton.regions.grids",
        "grid_roi_set_microns": "lumentrace.twophoton.regions.grids",
        "launch_napari": "lumentrace.twophoton.exchange.handoff",
        "load_analysis_outputs": "lumentrace.twophoton.exchange.outputs",
        "load_converted_recording": "lumentrace.twophoton.read.recording",
        "load_found_cells": "lumentrace.twophoton.exchange.cell_files",
        "load_manual_fov_group_rows": "lumentrace.twophoton.exchange.matches",
        "load_manual_roi_match_rows": "lumentrace.twophoton.exchange.matches",
        "load_motion": "lumentrace.twophoton.exchange.motion_file",
        "load_nwb_epochs": "lumentrace.twophoton.exchange.nwb_tables",
        "load_nwb_rois": "lumentrace.twophoton.exchange.nwb_tables",
        "load_pixel_calibrations": "lumentrace.twophoton.regions.calibration",
        "load_recording_responses": "lumentrace.twophoton.exchange.saved_run",
        "load_response_map_data": "lumentrace.twophoton.exchange.map_files",
        "load_roi_labels": "lumentrace.twophoton.exchange.label_tiff",
        "load_roi_set": "lumentrace.twophoton.regions.rois",
        "load_spikes": "lumentrace.twophoton.exchange.spike_files",
        "load_stimulus_kernels": "lumentrace.twophoton.exchange.kernel_files",
        "load_suite2p_rois": "lumentrace.twophoton.exchange.suite2p",
        "load_trials_table": "lumentrace.twophoton.exchange.trial_tables",
        "make_manual_fov_group_rows": "lumentrace.twophoton.exchange.matches",
        "make_manual_roi_match_rows": "lumentrace.twophoton.exchange.matches",
        "make_roi_set": "lumentrace.twophoton.regions.rois",
        "make_roi_set_from_label_image": "lumentrace.twophoton.regions.rois",
        "match_cells": "lumentrace.twophoton.regions.cell_matching",
        "maximin_baseline": "lumentrace.twophoton.measure.baseline",
        "neuropil_roi_set": "lumentrace.twophoton.regions.annuli",
        "next_group_cell_id": "lumentrace.twophoton.exchange.matches",
        "noise_ceiling": "lumentrace.twophoton.respond.noise_ceiling",
        "open_acquisition": "lumentrace.twophoton.convert.microscopes.opening",
        "open_recording_in_napari": "lumentrace.twophoton.exchange.handoff",
        "parity": "lumentrace.twophoton.parity",
        "percentile_baseline": "lumentrace.twophoton.measure.baseline",
        "recording_frame_rate_hz": "lumentrace.twophoton.read.recording",
        "recording_hemisphere": "lumentrace.twophoton.read.recording",
        "recording_spikes": "lumentrace.twophoton.respond.recording_spikes",
        "recording_tuning": "lumentrace.twophoton.respond.recording_tuning",
        "resolve_pixel_size_um": "lumentrace.twophoton.regions.calibration",
        "resolve_recording_timing": "lumentrace.twophoton.measure.timing",
        "response_watershed_roi_set": "lumentrace.twophoton.regions.response_watershed",
        "responsiveness_test": "lumentrace.twophoton.respond.permutation",
        "roi_label_image_from_layer": "lumentrace.twophoton.exchange.handoff",
        "roi_set_to_label_image": "lumentrace.twophoton.regions.rois",
        "rolling_delta_f_over_f": "lumentrace.twophoton.measure.baseline",
        "run": "lumentrace.twophoton.run",
        "save_analysis_outputs": "lumentrace.twophoton.exchange.outputs",
        "save_found_cells": "lumentrace.twophoton.exchange.cell_files",
        "save_manual_fov_group_rows": "lumentrace.twophoton.exchange.matches",
        "save_motion": "lumentrace.twophoton.exchange.motion_file",
        "save_napari_label_rois": "lumentrace.twophoton.exchange.handoff",
        "save_raw_movie": "lumentrace.twophoton.simulate.raw_files",
        "save_response_map_data": "lumentrace.twophoton.exchange.map_files",
        "save_roi_geojson": "lumentrace.twophoton.exchange.outlines",
        "save_roi_labels": "lumentrace.twophoton.exchange.label_tiff",
        "save_roi_set": "lumentrace.twophoton.regions.rois",
        "save_spikes": "lumentrace.twophoton.exchange.spike_files",
        "save_stimulus_kernels": "lumentrace.twophoton.exchange.kernel_files",
        "save_suite2p": "lumentrace.twophoton.exchange.suite2p_folder",
        "save_trials_table": "lumentrace.twophoton.exchange.trial_tables",
        "select_baseline_frame_windows": "lumentrace.twophoton.measure.windows",
        "simulate_lab": "lumentrace.twophoton.simulate.lab",
        "simulate_planes": "lumentrace.twophoton.simulate.raw_movie",
        "simulate_raw": "lumentrace.twophoton.simulate.raw_movie",
        "simulate_recording": "lumentrace.twophoton.simulate.simulation",
        "spike_sizes": "lumentrace.twophoton.measure.spike_sizes",
        "split_half_reliability": "lumentrace.twophoton.respond.split_half",
        "stimulus_at_frames": "lumentrace.twophoton.respond.noise_stimulus",
        "subtract_neuropil": "lumentrace.twophoton.measure.neuropil",
        "trial_responses": "lumentrace.twophoton.respond.trial_responses",
        "trials_table": "lumentrace.twophoton.exchange.trial_tables",
        "tuning_curves": "lumentrace.twophoton.respond.tuning",
        "tuning_table": "lumentrace.twophoton.respond.tuning_table",
        "tuning_test": "lumentrace.twophoton.respond.permutation",
        "validate_grouped_roi_responses": "lumentrace.twophoton.respond.trials",
        "watershed_roi_set": "lumentrace.twophoton.regions.watershed",
        "write_kernels_csv": "lumentrace.twophoton.exchange.kernel_files",
        "write_report": "lumentrace.twophoton.report.page",
    },
)

moved(__name__, MODULES)
