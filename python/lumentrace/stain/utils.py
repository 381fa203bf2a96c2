"""The documented helpers in one place, under their documented names."""

from __future__ import annotations

from lumentrace.stain.files.checkpoints import (
    checkpoint_exists,
    load_checkpoint,
    save_checkpoint,
    tiff_to_fits,
    tifffile_save,
)
from lumentrace.stain.files.filenames import classify_raw_files, diagnose_raw_layout, discover_tasks
from lumentrace.stain.files.images import load_image_pair, survey_raw_channels
from lumentrace.stain.prepare.intensity import (
    equalize_pair,
    estimate_gauss_sigma,
    filter_nan_gaussian_conserving,
    normalize_image,
    robust_vmax,
    subtract_median,
)
from lumentrace.stain.prepare.masks import (
    build_clean_tissue_mask,
    build_tissue_mask,
    make_rgb_overlay,
    pad_images,
    trim_to_signal,
)
from lumentrace.stain.stages.estimates import (
    HARD_FAIL_FRACTION,
    PEAK_FACTOR_PER_TASK,
    WARN_FRACTION,
    estimate_pipeline_memory,
    estimate_pipeline_output_size,
    preflight_check,
)
from lumentrace.stain.stages.memory import (
    MemoryTracker,
    MemoryWatchdog,
    format_bytes,
    get_available_memory,
    get_free_disk_space,
)
from lumentrace.stain.stages.runlog import (
    TeeStdout,
    append_to_run_log,
    clear_run_log,
    get_run_log_path,
    read_run_log_tail,
)

__all__ = [
    "HARD_FAIL_FRACTION",
    "PEAK_FACTOR_PER_TASK",
    "WARN_FRACTION",
    "MemoryTracker",
    "MemoryWatchdog",
    "TeeStdout",
    "append_to_run_log",
    "build_clean_tissue_mask",
    "build_tissue_mask",
    "checkpoint_exists",
    "classify_raw_files",
    "clear_run_log",
    "diagnose_raw_layout",
    "discover_tasks",
    "equalize_pair",
    "estimate_gauss_sigma",
    "estimate_pipeline_memory",
    "estimate_pipeline_output_size",
    "filter_nan_gaussian_conserving",
    "format_bytes",
    "get_available_memory",
    "get_free_disk_space",
    "get_run_log_path",
    "load_checkpoint",
    "load_image_pair",
    "make_rgb_overlay",
    "normalize_image",
    "pad_images",
    "preflight_check",
    "read_run_log_tail",
    "robust_vmax",
    "save_checkpoint",
    "subtract_median",
    "survey_raw_channels",
    "tiff_to_fits",
    "tifffile_save",
    "trim_to_signal",
]
