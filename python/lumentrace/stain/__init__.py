"""Tissue before and after staining: register, scale, subtract, and say how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.stain import parallel as parallel
    from lumentrace.stain import utils as utils
    from lumentrace.stain.batch import build_task_list as build_task_list
    from lumentrace.stain.batch import run_batch as run_batch
    from lumentrace.stain.batch import run_batch_subprocess as run_batch_subprocess
    from lumentrace.stain.batch import run_subprocess as run_subprocess
    from lumentrace.stain.checkpoints import checkpoint_exists as checkpoint_exists
    from lumentrace.stain.checkpoints import load_checkpoint as load_checkpoint
    from lumentrace.stain.checkpoints import save_checkpoint as save_checkpoint
    from lumentrace.stain.checkpoints import tiff_to_fits as tiff_to_fits
    from lumentrace.stain.checkpoints import tifffile_save as tifffile_save
    from lumentrace.stain.estimates import HARD_FAIL_FRACTION as HARD_FAIL_FRACTION
    from lumentrace.stain.estimates import PEAK_FACTOR_PER_TASK as PEAK_FACTOR_PER_TASK
    from lumentrace.stain.estimates import WARN_FRACTION as WARN_FRACTION
    from lumentrace.stain.estimates import Preflight as Preflight
    from lumentrace.stain.estimates import estimate_pipeline_memory as estimate_pipeline_memory
    from lumentrace.stain.estimates import estimate_pipeline_output_size as estimate_pipeline_output_size
    from lumentrace.stain.estimates import preflight_check as preflight_check
    from lumentrace.stain.filenames import classify_raw_files as classify_raw_files
    from lumentrace.stain.filenames import diagnose_raw_layout as diagnose_raw_layout
    from lumentrace.stain.filenames import discover_tasks as discover_tasks
    from lumentrace.stain.histograms import Histograms as Histograms
    from lumentrace.stain.images import RawImage as RawImage
    from lumentrace.stain.images import load_image_pair as load_image_pair
    from lumentrace.stain.images import read_raw as read_raw
    from lumentrace.stain.images import survey_raw_channels as survey_raw_channels
    from lumentrace.stain.intensity import equalize_pair as equalize_pair
    from lumentrace.stain.intensity import estimate_gauss_sigma as estimate_gauss_sigma
    from lumentrace.stain.intensity import filter_nan_gaussian_conserving as filter_nan_gaussian_conserving
    from lumentrace.stain.intensity import normalize_image as normalize_image
    from lumentrace.stain.intensity import robust_vmax as robust_vmax
    from lumentrace.stain.intensity import subtract_median as subtract_median
    from lumentrace.stain.masks import build_clean_tissue_mask as build_clean_tissue_mask
    from lumentrace.stain.masks import build_tissue_mask as build_tissue_mask
    from lumentrace.stain.masks import make_rgb_overlay as make_rgb_overlay
    from lumentrace.stain.masks import pad_images as pad_images
    from lumentrace.stain.masks import trim_to_signal as trim_to_signal
    from lumentrace.stain.memory import MemoryTracker as MemoryTracker
    from lumentrace.stain.memory import MemoryWatchdog as MemoryWatchdog
    from lumentrace.stain.memory import format_bytes as format_bytes
    from lumentrace.stain.memory import get_available_memory as get_available_memory
    from lumentrace.stain.memory import get_free_disk_space as get_free_disk_space
    from lumentrace.stain.parameters import ABBREVIATIONS as ABBREVIATIONS
    from lumentrace.stain.parameters import StainParameters as StainParameters
    from lumentrace.stain.parameters import build_suffix as build_suffix
    from lumentrace.stain.parameters import params_from_suffix as params_from_suffix
    from lumentrace.stain.phase import prealign_phase_correlation as prealign_phase_correlation
    from lumentrace.stain.pipeline import SampleDye as SampleDye
    from lumentrace.stain.registration.align import Search as Search
    from lumentrace.stain.registration.register import register as register
    from lumentrace.stain.registration.result import Registration as Registration
    from lumentrace.stain.report.page import write_report as write_report
    from lumentrace.stain.runlog import TeeStdout as TeeStdout
    from lumentrace.stain.runlog import append_to_run_log as append_to_run_log
    from lumentrace.stain.runlog import clear_run_log as clear_run_log
    from lumentrace.stain.runlog import get_run_log_path as get_run_log_path
    from lumentrace.stain.runlog import read_run_log_tail as read_run_log_tail
    from lumentrace.stain.scale import Noise as Noise
    from lumentrace.stain.scale import Scale as Scale
    from lumentrace.stain.simulation import Pair as Pair
    from lumentrace.stain.simulation import simulate as simulate
    from lumentrace.stain.subtraction import Subtraction as Subtraction
    from lumentrace.stain.subtraction import subtract as subtract
    from lumentrace.stain.transform import apply_transform as apply_transform

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ABBREVIATIONS": "lumentrace.stain.parameters",
        "HARD_FAIL_FRACTION": "lumentrace.stain.estimates",
        "Histograms": "lumentrace.stain.histograms",
        "MemoryTracker": "lumentrace.stain.memory",
        "MemoryWatchdog": "lumentrace.stain.memory",
        "Noise": "lumentrace.stain.scale",
        "PEAK_FACTOR_PER_TASK": "lumentrace.stain.estimates",
        "Pair": "lumentrace.stain.simulation",
        "Preflight": "lumentrace.stain.estimates",
        "RawImage": "lumentrace.stain.images",
        "Registration": "lumentrace.stain.registration.result",
        "SampleDye": "lumentrace.stain.pipeline",
        "Scale": "lumentrace.stain.scale",
        "Search": "lumentrace.stain.registration.align",
        "StainParameters": "lumentrace.stain.parameters",
        "Subtraction": "lumentrace.stain.subtraction",
        "TeeStdout": "lumentrace.stain.runlog",
        "WARN_FRACTION": "lumentrace.stain.estimates",
        "append_to_run_log": "lumentrace.stain.runlog",
        "apply_transform": "lumentrace.stain.transform",
        "build_clean_tissue_mask": "lumentrace.stain.masks",
        "build_suffix": "lumentrace.stain.parameters",
        "build_task_list": "lumentrace.stain.batch",
        "build_tissue_mask": "lumentrace.stain.masks",
        "checkpoint_exists": "lumentrace.stain.checkpoints",
        "classify_raw_files": "lumentrace.stain.filenames",
        "clear_run_log": "lumentrace.stain.runlog",
        "diagnose_raw_layout": "lumentrace.stain.filenames",
        "discover_tasks": "lumentrace.stain.filenames",
        "equalize_pair": "lumentrace.stain.intensity",
        "estimate_gauss_sigma": "lumentrace.stain.intensity",
        "estimate_pipeline_memory": "lumentrace.stain.estimates",
        "estimate_pipeline_output_size": "lumentrace.stain.estimates",
        "filter_nan_gaussian_conserving": "lumentrace.stain.intensity",
        "format_bytes": "lumentrace.stain.memory",
        "get_available_memory": "lumentrace.stain.memory",
        "get_free_disk_space": "lumentrace.stain.memory",
        "get_run_log_path": "lumentrace.stain.runlog",
        "load_checkpoint": "lumentrace.stain.checkpoints",
        "load_image_pair": "lumentrace.stain.images",
        "make_rgb_overlay": "lumentrace.stain.masks",
        "normalize_image": "lumentrace.stain.intensity",
        "pad_images": "lumentrace.stain.masks",
        "parallel": "lumentrace.stain.parallel",
        "params_from_suffix": "lumentrace.stain.parameters",
        "prealign_phase_correlation": "lumentrace.stain.phase",
        "preflight_check": "lumentrace.stain.estimates",
        "read_raw": "lumentrace.stain.images",
        "read_run_log_tail": "lumentrace.stain.runlog",
        "register": "lumentrace.stain.registration.register",
        "robust_vmax": "lumentrace.stain.intensity",
        "run_batch": "lumentrace.stain.batch",
        "run_batch_subprocess": "lumentrace.stain.batch",
        "run_subprocess": "lumentrace.stain.batch",
        "save_checkpoint": "lumentrace.stain.checkpoints",
        "simulate": "lumentrace.stain.simulation",
        "subtract": "lumentrace.stain.subtraction",
        "subtract_median": "lumentrace.stain.intensity",
        "survey_raw_channels": "lumentrace.stain.images",
        "tiff_to_fits": "lumentrace.stain.checkpoints",
        "tifffile_save": "lumentrace.stain.checkpoints",
        "trim_to_signal": "lumentrace.stain.masks",
        "utils": "lumentrace.stain.utils",
        "write_report": "lumentrace.stain.report.page",
    },
)
