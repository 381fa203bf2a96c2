"""Two-photon: regions, dF/F and kernels of the golden recordings beside the truth they were made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lumentrace import twophoton
from twophoton_case import METHODS, NAMES, SMALL, Case
from twophoton_scores import dff_error, kernel_correlation, roi_scores


@pytest.fixture
def case(twophoton_case: Case) -> Case:
    return twophoton_case


def test_watershed_of_the_foreground(case: Case) -> None:
    found = twophoton.watershed_roi_set(case.recording.mean_image, min_pixels=5, smoothing_sigma=1.5, foreground="otsu")
    scores = roi_scores(found.masks, case.truth["label_image"])
    assert scores["mean_best_iou"] >= 0.85
    assert scores["recall_50"] >= 0.95


@pytest.mark.parametrize("name", [NAMES[1], SMALL])
def test_kernels_beside_the_truth(name: str, load_twophoton_case: Callable[[str], Case]) -> None:
    case = load_twophoton_case(name)
    run = twophoton.compute_recording_responses(case.recording, case.cells)
    bars = {"ols": (0.30, 0.64), "xcorr": (0.88, 0.95), "smooth": (0.99, 0.99)}
    for method, least in bars.items():
        better = {"joint": True, "timing": "exact"} if method == "smooth" else {}
        options = twophoton.StimulusKernelOptions(method=method, num_stim_past=70, hemisphere="right", **better)
        found = twophoton.fit_recording_stimulus_kernels(run, options)
        place = found.epoch_names.index("Random Noise")
        for side, bar in zip(("left", "right"), least, strict=True):
            kernels, truth = getattr(found, f"raw_{side}")[place], case.truth[f"kernel_{side}"]
            assert kernel_correlation(kernels, found.time_seconds, truth) >= bar - 0.005, (method, side)


TUNED = {"response_polarity": "absolute", "within_roi_percentile": 25.0}


@pytest.mark.parametrize(
    ("key", "settings"),
    [("default", {}), ("seed", {"min_pixels": 20, "fill_holes": True}), ("absolute", TUNED)],
)
def test_regions_that_respond_are_the_cells(case: Case, key: str, settings: dict[str, Any]) -> None:
    windows = twophoton.resolve_recording_timing(case.recording).epoch_windows
    numbers = sorted({each.epoch_number for each in windows} - {1})
    found = twophoton.response_watershed_roi_set(case.recording, windows, epoch_numbers=numbers, **settings)
    scores = roi_scores(found.masks, case.truth["label_image"])
    peer = case.peer[f"response_watershed_iou_{key}"]
    assert scores["recall_50"] >= peer["recall_50"]
    assert scores["mean_best_iou"] >= peer["mean_best_iou"] - 1e-9
    if settings is TUNED:
        assert scores["mean_best_iou"] >= 0.75
        assert scores["recall_50"] >= 0.95


@pytest.mark.parametrize("method", METHODS)
def test_dff_is_as_close_to_the_truth_as_the_peer(case: Case, method: Any) -> None:
    traces = twophoton.extract_background_corrected_roi_traces(case.recording, case.cells, method=method)
    windows = twophoton.resolve_recording_timing(case.recording).epoch_windows
    baseline = twophoton.select_baseline_frame_windows(windows, epoch_number=1)
    rate = twophoton.recording_frame_rate_hz(case.recording)
    dff = twophoton.compute_roi_delta_f_over_f(traces, baseline, data_rate_hz=rate)
    peer = case.peer[f"dff_truth_{method}"]
    # Equal in all but the digits that the fit of the decay leaves open.
    assert dff_error(dff.values, dff.start_frame, case.truth) <= peer["rmse_median"] * (1 + 1e-6)
