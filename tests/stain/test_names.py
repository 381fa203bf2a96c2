"""Tissue before and after staining: every documented name, with its parameters and defaults, where it is documented."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import pytest

from lumentrace import stain

PAIRS = "sample_dye_pairs, raw_dir='raw', pad=2000"

UTILS = {
    "MemoryTracker": "enabled=False",
    "MemoryTracker.snapshot": "self, label",
    "MemoryTracker.collect_and_snapshot": "self, label",
    "MemoryTracker.summary": "self",
    "MemoryWatchdog": "min_available_gb=0.5, poll_interval_sec=5.0, verbose=False",
    "MemoryWatchdog.start": "self",
    "MemoryWatchdog.stop": "self",
    "MemoryWatchdog.is_tripped": "self",
    "MemoryWatchdog.check_or_raise": "self, label=''",
    "MemoryWatchdog.reset": "self",
    "TeeStdout": "log_path",
    "append_to_run_log": "output_dir, message",
    "build_clean_tissue_mask": "post, pre",
    "build_tissue_mask": "post_im, pre_im, signal_threshold=0, dilation_iters=50",
    "classify_raw_files": "sample_dir",
    "clear_run_log": "output_dir",
    "diagnose_raw_layout": "raw_dir='raw'",
    "discover_tasks": "samples, dyes, raw_dir='raw'",
    "equalize_pair": "post, pre",
    "estimate_gauss_sigma": "im, down_scale, sparse_threshold=0.1, sparse_sigma=5, dense_sigma=0",
    "estimate_pipeline_memory": f"{PAIRS}, n_workers=1",
    "estimate_pipeline_output_size": (
        f"{PAIRS}, save_all_intermediates=False, n_scale_methods=1, checkpoint_format='tiff'"
    ),
    "filter_nan_gaussian_conserving": "arr, sigma",
    "get_available_memory": "",
    "get_run_log_path": "output_dir",
    "load_checkpoint": "filepath",
    "load_image_pair": "sample, dye, raw_dir='raw'",
    "make_rgb_overlay": "post, pre, post_edges=None, pre_edges=None",
    "normalize_image": "image, norm_percentile=None",
    "pad_images": "post_im, pre_im, pad=50",
    "preflight_check": (
        "sample_dye_pairs, output_dir='processed', raw_dir='raw', pad=2000, n_workers=1, checkpoint_format='tiff', "
        "n_scale_methods=1, save_all_intermediates=False, force_run=False"
    ),
    "read_run_log_tail": "output_dir, max_lines=500",
    "robust_vmax": "im, n_mad=5",
    "save_checkpoint": "image, filepath, sample='', dye='', stage='', params=None, extra_headers=None",
    "subtract_median": "image, region=(0, 5000, 0, 5000)",
    "survey_raw_channels": "raw_dir='raw', crop_size=1000",
    "tiff_to_fits": "tiff_file, return_data=False",
    "tifffile_save": "image, path",
    "trim_to_signal": "post_im, pre_im, threshold=0",
}

PARALLEL = {
    "build_task_list": (
        "pairs, params=None, output_dir='processed', raw_dir='raw', from_stage=None, to_stage=None, force=False, "
        "checkpoint_format='tiff'"
    ),
    "run_batch": (
        "samples, dyes, parallel=False, n_workers=4, params=None, output_dir='processed', raw_dir='raw', "
        "from_stage=None, to_stage=None, force=False, checkpoint_format='tiff', strict_dyes=True, memory_debug=False, "
        "timeout_per_task=None, force_run=False"
    ),
    "run_batch_subprocess": "tasks, memory_debug=False, timeout_per_task=None",
    "run_subprocess": "tasks, memory_debug=False, timeout_per_task=None",
}

PACKAGE = {
    "SampleDye": "sample, dye, output_dir='processed', raw_dir='raw', checkpoint_format='tiff'",
    "SampleDye.run": "self, from_stage=None, to_stage=None, force=False, force_run=False",
    "SampleDye.set_params": "self, **kw",
    "SampleDye.reset_params": "self",
    "SampleDye.non_default_params": "self, stage=None",
    "SampleDye.compare": "self, name, values",
    "SampleDye.status": "self",
    "build_suffix": "params, stage",
    "params_from_suffix": "text",
    "checkpoint_exists": "filepath",
    "format_bytes": "n",
    "get_free_disk_space": "path",
    "prealign_phase_correlation": "post, pre",
}

PLACES = [
    *((module, name, text) for module in ("", ".utils") for name, text in UTILS.items()),
    *((module, name, text) for module in ("", ".parallel") for name, text in PARALLEL.items()),
    *(("", name, text) for name, text in PACKAGE.items()),
]


def find(module: str, path: str) -> Any:
    found: Any = import_module(f"lumentrace.stain{module}")
    for name in path.split("."):
        found = getattr(found, name)
    return found


def documented(text: str) -> list[inspect.Parameter]:
    scope: dict[str, Any] = {}
    exec(f"def documented({text}): ...", scope)
    return list(inspect.signature(scope["documented"]).parameters.values())


@pytest.mark.parametrize(("module", "name", "text"), PLACES)
def test_documented_parameters_and_defaults(module: str, name: str, text: str) -> None:
    found = find(module, name)
    assert found.__doc__
    ours = list(inspect.signature(found).parameters.values())
    wanted = documented(text)
    for own, each in zip(ours, wanted, strict=False):
        assert own.kind == each.kind
        assert own.kind is own.VAR_KEYWORD or (own.name, own.default) == (each.name, each.default)
    assert len(ours) >= len(wanted)
    assert all(own.default is not own.empty for own in ours[len(wanted) :]), "an undocumented argument is required"


def test_documented_constants() -> None:
    for module in ("", ".utils"):
        assert find(module, "WARN_FRACTION") == 0.8
        assert find(module, "HARD_FAIL_FRACTION") == 1.0
        assert find(module, "PEAK_FACTOR_PER_TASK") > 0


def test_modules_are_attributes_of_the_package() -> None:
    assert stain.utils.pad_images is stain.pad_images
    assert stain.parallel.run_batch is stain.run_batch
