"""Tissue before and after staining: register, scale, subtract, and say how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.stain import parallel as parallel
    from lumentrace.stain import utils as utils
    from lumentrace.stain.compat import ABBREVIATIONS as ABBREVIATIONS
    from lumentrace.stain.compat import StainParameters as StainParameters
    from lumentrace.stain.cycles.backsub import subtract_cycles as subtract_cycles
    from lumentrace.stain.cycles.markers import Marker as Marker
    from lumentrace.stain.cycles.markers import read_markers as read_markers
    from lumentrace.stain.files.checkpoints import checkpoint_exists as checkpoint_exists
    from lumentrace.stain.files.checkpoints import load_checkpoint as load_checkpoint
    from lumentrace.stain.files.checkpoints import save_checkpoint as save_checkpoint
    from lumentrace.stain.files.checkpoints import tiff_to_fits as tiff_to_fits
    from lumentrace.stain.files.checkpoints import tifffile_save as tifffile_save
    from lumentrace.stain.files.filenames import classify_raw_files as classify_raw_files
    from lumentrace.stain.files.filenames import diagnose_raw_layout as diagnose_raw_layout
    from lumentrace.stain.files.filenames import discover_tasks as discover_tasks
    from lumentrace.stain.files.images import RawImage as RawImage
    from lumentrace.stain.files.images import load_image_pair as load_image_pair
    from lumentrace.stain.files.images import read_raw as read_raw
    from lumentrace.stain.files.images import survey_raw_channels as survey_raw_channels
    from lumentrace.stain.files.suffixes import build_suffix as build_suffix
    from lumentrace.stain.files.suffixes import params_from_suffix as params_from_suffix
    from lumentrace.stain.measure.histograms import Histograms as Histograms
    from lumentrace.stain.measure.noise import Noise as Noise
    from lumentrace.stain.measure.scale import Scale as Scale
    from lumentrace.stain.measure.subtraction import Subtraction as Subtraction
    from lumentrace.stain.measure.subtraction import subtract as subtract
    from lumentrace.stain.parallel import run_subprocess as run_subprocess
    from lumentrace.stain.prepare.intensity import equalize_pair as equalize_pair
    from lumentrace.stain.prepare.intensity import estimate_gauss_sigma as estimate_gauss_sigma
    from lumentrace.stain.prepare.intensity import filter_nan_gaussian_conserving as filter_nan_gaussian_conserving
    from lumentrace.stain.prepare.intensity import normalize_image as normalize_image
    from lumentrace.stain.prepare.intensity import robust_vmax as robust_vmax
    from lumentrace.stain.prepare.intensity import subtract_median as subtract_median
    from lumentrace.stain.prepare.masks import build_clean_tissue_mask as build_clean_tissue_mask
    from lumentrace.stain.prepare.masks import build_tissue_mask as build_tissue_mask
    from lumentrace.stain.prepare.masks import make_rgb_overlay as make_rgb_overlay
    from lumentrace.stain.prepare.masks import pad_images as pad_images
    from lumentrace.stain.prepare.masks import trim_to_signal as trim_to_signal
    from lumentrace.stain.registration.align import Search as Search
    from lumentrace.stain.registration.itk_field import save_field as save_field
    from lumentrace.stain.registration.phase import prealign_phase_correlation as prealign_phase_correlation
    from lumentrace.stain.registration.register import register as register
    from lumentrace.stain.registration.result import Registration as Registration
    from lumentrace.stain.registration.transform import apply_transform as apply_transform
    from lumentrace.stain.report.page import write_report as write_report
    from lumentrace.stain.simulation import Pair as Pair
    from lumentrace.stain.simulation import simulate as simulate
    from lumentrace.stain.stages.batch import build_task_list as build_task_list
    from lumentrace.stain.stages.batch import run_batch as run_batch
    from lumentrace.stain.stages.batch import run_batch_subprocess as run_batch_subprocess
    from lumentrace.stain.stages.estimates import HARD_FAIL_FRACTION as HARD_FAIL_FRACTION
    from lumentrace.stain.stages.estimates import PEAK_FACTOR_PER_TASK as PEAK_FACTOR_PER_TASK
    from lumentrace.stain.stages.estimates import WARN_FRACTION as WARN_FRACTION
    from lumentrace.stain.stages.estimates import Preflight as Preflight
    from lumentrace.stain.stages.estimates import estimate_pipeline_memory as estimate_pipeline_memory
    from lumentrace.stain.stages.estimates import estimate_pipeline_output_size as estimate_pipeline_output_size
    from lumentrace.stain.stages.estimates import preflight_check as preflight_check
    from lumentrace.stain.stages.memory import MemoryTracker as MemoryTracker
    from lumentrace.stain.stages.memory import MemoryWatchdog as MemoryWatchdog
    from lumentrace.stain.stages.memory import format_bytes as format_bytes
    from lumentrace.stain.stages.memory import get_available_memory as get_available_memory
    from lumentrace.stain.stages.memory import get_free_disk_space as get_free_disk_space
    from lumentrace.stain.stages.runlog import TeeStdout as TeeStdout
    from lumentrace.stain.stages.runlog import append_to_run_log as append_to_run_log
    from lumentrace.stain.stages.runlog import clear_run_log as clear_run_log
    from lumentrace.stain.stages.runlog import get_run_log_path as get_run_log_path
    from lumentrace.stain.stages.runlog import read_run_log_tail as read_run_log_tail
    from lumentrace.stain.stages.sample_dye import SampleDye as SampleDye

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ABBREVIATIONS": "lumentrace.stain.compat",
        "HARD_FAIL_FRACTION": "lumentrace.stain.stages.estimates",
        "Histograms": "lumentrace.stain.measure.histograms",
        "Marker": "lumentrace.stain.cycles.markers",
        "MemoryTracker": "lumentrace.stain.stages.memory",
        "MemoryWatchdog": "lumentrace.stain.stages.memory",
        "Noise": "lumentrace.stain.measure.noise",
        "PEAK_FACTOR_PER_TASK": "lumentrace.stain.stages.estimates",
        "Pair": "lumentrace.stain.simulation",
        "Preflight": "lumentrace.stain.stages.estimates",
        "RawImage": "lumentrace.stain.files.images",
        "Registration": "lumentrace.stain.registration.result",
        "SampleDye": "lumentrace.stain.stages.sample_dye",
        "Scale": "lumentrace.stain.measure.scale",
        "Search": "lumentrace.stain.registration.align",
        "StainParameters": "lumentrace.stain.compat",
        "Subtraction": "lumentrace.stain.measure.subtraction",
        "TeeStdout": "lumentrace.stain.stages.runlog",
        "WARN_FRACTION": "lumentrace.stain.stages.estimates",
        "append_to_run_log": "lumentrace.stain.stages.runlog",
        "apply_transform": "lumentrace.stain.registration.transform",
        "build_clean_tissue_mask": "lumentrace.stain.prepare.masks",
        "build_suffix": "lumentrace.stain.files.suffixes",
        "build_task_list": "lumentrace.stain.stages.batch",
        "build_tissue_mask": "lumentrace.stain.prepare.masks",
        "checkpoint_exists": "lumentrace.stain.files.checkpoints",
        "classify_raw_files": "lumentrace.stain.files.filenames",
        "clear_run_log": "lumentrace.stain.stages.runlog",
        "diagnose_raw_layout": "lumentrace.stain.files.filenames",
        "discover_tasks": "lumentrace.stain.files.filenames",
        "equalize_pair": "lumentrace.stain.prepare.intensity",
        "estimate_gauss_sigma": "lumentrace.stain.prepare.intensity",
        "estimate_pipeline_memory": "lumentrace.stain.stages.estimates",
        "estimate_pipeline_output_size": "lumentrace.stain.stages.estimates",
        "filter_nan_gaussian_conserving": "lumentrace.stain.prepare.intensity",
        "format_bytes": "lumentrace.stain.stages.memory",
        "get_available_memory": "lumentrace.stain.stages.memory",
        "get_free_disk_space": "lumentrace.stain.stages.memory",
        "get_run_log_path": "lumentrace.stain.stages.runlog",
        "load_checkpoint": "lumentrace.stain.files.checkpoints",
        "load_image_pair": "lumentrace.stain.files.images",
        "make_rgb_overlay": "lumentrace.stain.prepare.masks",
        "normalize_image": "lumentrace.stain.prepare.intensity",
        "pad_images": "lumentrace.stain.prepare.masks",
        "parallel": "lumentrace.stain.parallel",
        "params_from_suffix": "lumentrace.stain.files.suffixes",
        "prealign_phase_correlation": "lumentrace.stain.registration.phase",
        "preflight_check": "lumentrace.stain.stages.estimates",
        "read_markers": "lumentrace.stain.cycles.markers",
        "read_raw": "lumentrace.stain.files.images",
        "read_run_log_tail": "lumentrace.stain.stages.runlog",
        "register": "lumentrace.stain.registration.register",
        "robust_vmax": "lumentrace.stain.prepare.intensity",
        "run_batch": "lumentrace.stain.stages.batch",
        "run_batch_subprocess": "lumentrace.stain.stages.batch",
        "run_subprocess": "lumentrace.stain.parallel",
        "save_checkpoint": "lumentrace.stain.files.checkpoints",
        "save_field": "lumentrace.stain.registration.itk_field",
        "simulate": "lumentrace.stain.simulation",
        "subtract": "lumentrace.stain.measure.subtraction",
        "subtract_cycles": "lumentrace.stain.cycles.backsub",
        "subtract_median": "lumentrace.stain.prepare.intensity",
        "survey_raw_channels": "lumentrace.stain.files.images",
        "tiff_to_fits": "lumentrace.stain.files.checkpoints",
        "tifffile_save": "lumentrace.stain.files.checkpoints",
        "trim_to_signal": "lumentrace.stain.prepare.masks",
        "utils": "lumentrace.stain.utils",
        "write_report": "lumentrace.stain.report.page",
    },
)
