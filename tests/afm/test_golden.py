"""AFM analyses beside the golden data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from afm_cases import run
from golden import golden, shared
from lumentrace.afm import AFMImageStack, ProcessingPipeline
from lumentrace.afm.masks import MASKS
from lumentrace.afm.processing.alignment import METHODS, align_frames
from lumentrace.afm.processing.filters import FILTERS

CASES = [
    "s01_count_nonzero",
    "s02_feature_threshold",
    "s03_feature_mean_offset_keep_edge",
    "s04_tracking_default",
    "s05_tracking_gaps",
    "small_s01_count_nonzero",
    "small_s04_tracking_default",
    "small_s05_tracking_gaps",
]


def read_case(name: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Arrays that go in, what is done with them, and what the reference made of them."""
    case = golden(f"afm/{name}/case.json")
    arrays = golden(f"afm/{name}/expected.npz") if "$npz" in json.dumps(case) else {}
    inputs = golden(f"afm/{case['input']}") if case["input"] else {}
    return inputs, filled_in(case["spec"], arrays), filled_in(case["expected"], arrays)


def filled_in(value: Any, arrays: dict[str, Any]) -> Any:
    """A document with the arrays, and the numbers JSON does not know, in their places."""
    if isinstance(value, list):
        return [filled_in(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "$npz" in value:
        return arrays[value["$npz"]]
    if "$npz_list" in value:
        return list(filled_in(value["$npz_list"], arrays))
    if "$float" in value:
        return float(value["$float"])
    return {key: filled_in(item, arrays) for key, item in value.items()}


def load(name: str) -> tuple[AFMImageStack, list[Any], dict[str, Any]]:
    inputs, described, expected = read_case(name)
    metadata = [{"timestamp": float(stamp)} for stamp in inputs["timestamps"]]
    stack = AFMImageStack(inputs["data"], float(inputs["pixel_size_nm"]), "height_trace", "golden", metadata)
    return stack, described["steps"], expected


def like_the_reference(step: str, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A step that does what the reference does where we do otherwise by default."""
    order = {"coord_order": "playnano"} if step == "particle_tracking" or "clustering" in step else {}
    criterion = {"criterion": "playnano"} if step.startswith("x_means") else {}
    return step, {**params, **order, **criterion}


@pytest.mark.parametrize("name", CASES)
def test_like_the_reference(name: str) -> None:
    stack, steps, expected = load(name)
    record = run(stack, *(like_the_reference(*step) for step in steps))
    assert record["provenance"]["frame_times"] == expected["frame_times"]
    assert list(record["analysis"]) == list(expected["analysis"])
    for key, outputs in expected["analysis"].items():
        same(record["analysis"][key], outputs, key)


CLUSTERED = ["s06_dbscan", "s07_kmeans", "s08_xmeans", "small_s06_dbscan", "small_s08_xmeans"]


@pytest.mark.parametrize("name", CLUSTERED)
def test_clusters_like_the_reference(name: str) -> None:
    stack, steps, expected = load(name)
    record = run(stack, *(like_the_reference(*step) for step in steps))
    key = list(expected["analysis"])[-1]
    found, other = record["analysis"][key], expected["analysis"][key]
    if name.endswith("s06_dbscan"):
        for own, their in zip(found["clusters"], other["clusters"], strict=True):
            same({k: own[k] for k in their}, their, "cluster")
        np.testing.assert_allclose(found["cluster_centers"], other["cluster_centers"], rtol=1e-9)
        assert list(found["summary"]["members_per_cluster"].values()) == list(
            other["summary"]["members_per_cluster"].values()
        )
        return
    assert found["inertia"] <= inertia(other) * (1 + 1e-9)
    assert members(found) == members(other)


@pytest.mark.parametrize("name", ["s09_log_default", "s10_log_tuned_kmeans_xy", "small_s10_log_tuned_kmeans_xy"])
def test_blobs_like_the_reference(name: str) -> None:
    stack, steps, expected = load(name)
    found = run(stack, steps[0])["analysis"]["step_1_log_blob_detection"]["features_per_frame"]
    other = expected["analysis"]["step_1_log_blob_detection"]["features_per_frame"]

    def places(frames: Any) -> set[tuple[float, ...]]:
        return {
            (frame, blob["y"], blob["x"], round(blob["sigma"], 9))
            for frame, blobs in enumerate(frames)
            for blob in blobs
        }

    # Equal blobs that overlap depend on the order in which the reference visits pairs: 2 % may differ, on both
    # sides.
    assert len(places(found) ^ places(other)) <= 0.04 * len(places(other))


@pytest.mark.parametrize("name", ["s08_xmeans", "small_s08_xmeans"])
def test_the_right_number_of_clusters(name: str) -> None:
    stack, steps, _ = load(name)
    found = run(stack, *steps)["analysis"]["step_2_x_means_clustering"]
    # Five particles wander; the reference says 11.
    assert found["summary"]["n_clusters"] in (5, 6)


def inertia(outputs: dict[str, Any]) -> float:
    groups = [np.array(cluster["coords"]) for cluster in outputs["clusters"] if len(cluster["coords"])]
    return float(sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups))


def members(outputs: dict[str, Any]) -> set[frozenset[tuple[int, int]]]:
    """Clusters as sets of (frame, index), whatever their numbers."""
    return {frozenset(zip(cluster["frames"], cluster["point_indices"], strict=True)) for cluster in outputs["clusters"]}


def same(found: Any, expected: Any, place: str, rtol: float = 1e-9) -> None:
    """All that is expected is there; what we say beyond is left alone."""
    if isinstance(expected, dict) and "$npz" not in expected:
        for key, value in expected.items():
            own = int(key) if place.endswith("track_masks") else key
            same(found[own], value, f"{place}.{key}", rtol)
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected), place
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            same(one, other, f"{place}[{number}]", rtol)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype, place
        np.testing.assert_array_equal(found, expected, place)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=rtol), place
    else:
        assert found == expected, place


def case_stack(inputs: dict[str, Any]) -> AFMImageStack:
    return AFMImageStack(inputs["data"], 1.0, "height_trace", "golden")


def settings_of(key: str) -> tuple[str, dict[str, Any]]:
    """'mask_adaptive_block_size15_offset0.0' -> mask_adaptive, block_size 15, offset 0.0."""
    known = {**FILTERS, **MASKS}
    name = max((name for name in known if key.startswith(name)), key=len)
    found = re.findall(r"([a-z_]+?)(-?[\d.]+)(?:_|$)", key.removeprefix(name).lstrip("_"))
    return name, {setting: float(value) if "." in value else int(value) for setting, value in found}


@pytest.mark.parametrize("name", ["s11_filters", "small_s11_filters"])
def test_filters_like_the_reference(name: str) -> None:
    inputs, _, expected = read_case(name)
    assert len(expected) == (2 if name.startswith("small") else 10)
    for key, frames in expected.items():
        filter_name, settings = settings_of(key)
        np.testing.assert_allclose(
            FILTERS[filter_name](inputs["data"], **settings), frames, rtol=0, atol=1e-9, err_msg=key
        )


@pytest.mark.parametrize("name", ["s12_masks", "small_s12_masks"])
def test_masks_like_the_reference(name: str) -> None:
    inputs, _, expected = read_case(name)
    assert len(expected) == 7
    for key, masks in expected.items():
        mask_name, settings = settings_of(key)
        found = np.stack([MASKS[mask_name](frame, **settings) for frame in inputs["data"]])
        np.testing.assert_array_equal(found, masks, err_msg=key)


@pytest.mark.parametrize("name", ["s13_masked_filters", "small_s13_masked_filters"])
def test_masked_filters_like_the_reference(name: str) -> None:
    inputs, _, expected = read_case(name)
    for key, frames in expected.items():
        if key != "mask":
            found = FILTERS[key.removeprefix("masked_")](inputs["data"], expected["mask"])
            np.testing.assert_allclose(found, frames, rtol=0, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("name", ["s14_processing_pipeline", "small_s14_processing_pipeline"])
def test_processing_like_the_reference(name: str) -> None:
    inputs, described, expected = read_case(name)
    stack = case_stack(inputs)
    pipeline = ProcessingPipeline(stack)
    for step in described["steps"]:
        pipeline.add(*parsed(step)[:1], **parsed(step)[1])
    pipeline.run()
    np.testing.assert_allclose(stack.data, expected["data"], rtol=0, atol=1e-9)
    assert list(stack.processed) == expected["processed_keys"]
    assert list(stack.masks) == expected["masks_keys"]
    for key, mask in expected["masks"].items():
        np.testing.assert_array_equal(stack.masks[key], mask)
    steps = stack.provenance["processing"]["steps"]
    assert [{name: step[name] for name in other} for step, other in zip(steps, expected["steps"], strict=True)] == (
        expected["steps"]
    )
    keys = stack.provenance["processing"]["keys_by_name"]
    assert {name: keys[name] for name in expected["keys_by_name"]} == expected["keys_by_name"]


def parsed(step: str) -> tuple[str, dict[str, Any]]:
    name, *settings = step.split()
    pairs = (setting.split("=") for setting in settings)
    return name, {key: float(value) if "." in value else int(value) for key, value in pairs}


@pytest.mark.parametrize("name", ["s16_align_frames", "small_s16_align_frames"])
@pytest.mark.parametrize("case", ["fft_pad", "fft_crop", "fft_crop_square", "fft_max_shift4"])
@pytest.mark.parametrize("method", METHODS)
def test_alignment_like_the_reference(name: str, case: str, method: str) -> None:
    inputs, _, expected = read_case(name)
    limit = {"max_shift": 4} if case == "fft_max_shift4" else {}
    mode = "pad" if limit else case.removeprefix("fft_")
    frames, metadata = align_frames(inputs["data"], method=method, mode=mode, **limit)
    np.testing.assert_array_equal(metadata["shifts"], expected[case]["shifts"])
    if not limit:
        np.testing.assert_array_equal(metadata["shifts"], -inputs["true_roll"])
        np.testing.assert_allclose(frames, expected[case]["stack"], rtol=0, atol=1e-5)


def real_file(described: dict[str, Any]) -> Path:
    return shared() / str(described["file"]).removeprefix("shared/")


@pytest.mark.parametrize("name", ["s20_h5jpk_height_trace", "s21_asd_first10"])
def test_files_like_the_reference(name: str) -> None:
    _, described, expected = read_case(name)
    stack = AFMImageStack.load_data(real_file(described), described["channel"])
    assert stack.shape == tuple(expected["shape"])
    assert (stack.pixel_size_nm, stack.channel) == (expected["pixel_size_nm"], expected["channel"])
    same(stack.frame_metadata, expected["frame_metadata"], "frame_metadata")
    assert {key: stack.acquisition[key] for key in expected["acquisition"]} == expected["acquisition"]
    rtol = described["tolerance"]["floats_rtol"]
    for frame, figures in zip(stack.get_frames(), expected["per_frame"], strict=True):
        found = {"min": frame.min(), "max": frame.max(), "mean": frame.mean(), "std": frame.std()}
        assert found == pytest.approx(figures, rel=rtol)
    for number, corner in expected["corner_8x8"].items():
        np.testing.assert_allclose(stack.get_frame(int(number))[:8, :8], corner, rtol=rtol)
    middle = stack.height // 2
    for number, row in expected["centre_row"].items():
        np.testing.assert_allclose(stack.get_frame(int(number))[middle], row, rtol=rtol)
    assert any(np.allclose(frame, expected["picked_full_frame"], rtol=rtol) for frame in stack.get_frames())


def test_a_real_film_from_file_to_tracks_like_the_reference() -> None:
    _, described, expected = read_case("s22_h5jpk_process_detect_track")
    stack = AFMImageStack.load_data(real_file(described), described["channel"])
    pipeline = ProcessingPipeline(stack)
    for step in described["processing"]:
        name, settings = parsed(step)
        pipeline.add(name, **settings)
    pipeline.run(keep="last")
    for frame, figures in zip(stack.data, expected["processed_per_frame"], strict=True):
        assert {"min": frame.min(), "max": frame.max(), "std": frame.std()} == pytest.approx(figures, rel=1e-6)
    record = run(stack, *(like_the_reference(*step) for step in described["analysis"]))
    found = list(record["analysis"].values())
    same(found[0]["features_per_frame"], expected["features"], "features", rtol=1e-6)
    same(found[1]["tracks"], expected["tracks"], "tracks", rtol=1e-6)
    same(found[2]["features_per_frame"], expected["blobs"], "blobs", rtol=1e-6)


def skeleton(value: Any) -> Any:
    """The types of a record, as the golden file writes them down."""
    if isinstance(value, np.ndarray):
        return f"<ndarray {value.dtype} {value.shape}>"
    if isinstance(value, Mapping):
        return {str(key): skeleton(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        inner = [skeleton(value[0])] if value else []
        return [f"<{type(value).__name__} len {len(value)}>", *inner]
    return f"<{type(value).__name__}>"


def assert_contains(found: Any, expected: Any, place: str) -> None:
    if isinstance(expected, dict):
        for key, item in expected.items():
            assert key in found, f"{place}.{key}"
            assert_contains(found[key], item, f"{place}.{key}")
    elif isinstance(expected, list):
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_contains(one, other, f"{place}[{number}]")
    else:
        assert found == expected, place


@pytest.mark.parametrize("name", ["s15_record_layout", "small_s15_record_layout"])
def test_the_record_has_the_documented_layout(name: str) -> None:
    inputs, described, expected = read_case(name)
    record = run(case_stack(inputs), *described["steps"])
    layout = expected["record_skeleton"]
    # The documents, unlike the reference, say that results_by_name holds the outputs themselves.
    by_name = layout["provenance"].pop("results_by_name")
    layout["environment"] = {key: kind for key, kind in layout["environment"].items() if key in record["environment"]}
    assert len(layout["environment"]) >= 7
    assert_contains(skeleton(record), layout, "record")
    for name, (_, entry) in by_name.items():
        assert_contains(skeleton(record["provenance"]["results_by_name"][name][0]), entry["outputs"], name)
