"""Filters, alignment, edits, and the pipelines that run and record them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afm_cases import drifting, movie, stacked
from lumentrace.afm import ProcessingPipeline
from lumentrace.afm.masks import find_mask
from lumentrace.afm.processing import filters
from lumentrace.afm.processing.registry import find_step
from twins import afm_filters as twins

TWINS: list[tuple[Any, Callable[..., Any], dict[str, Any]]] = [
    (filters.row_median_align, twins.row_median_align, {}),
    (filters.remove_plane, lambda frame, used: twins.polynomial_flatten(frame, used, 1), {}),
    (filters.polynomial_flatten, twins.polynomial_flatten, {"order": 3}),
    (filters.line_polynomial, twins.line_polynomial, {"order": 2}),
    (filters.match_lines, twins.match_lines, {}),
    (filters.gaussian_filter, twins.gaussian_filter, {"sigma": 1.7}),
]


def tilted(seed: int, height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    y, x = np.indices((height, width))
    return (
        300 + 0.3 * x - 0.2 * y + 0.01 * x * y + random.normal(0, 1, (height, width)) + random.normal(0, 2, (height, 1))
    )


# ------------------------------------------------------------------ filters of frames
@pytest.mark.parametrize(("own", "twin", "options"), TWINS, ids=lambda value: getattr(value, "__name__", ""))
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    height=st.integers(5, 24),
    width=st.integers(5, 24),
    holes=st.booleans(),
    covered=st.booleans(),
)
def test_filters_like_their_twins(
    own: Any,
    twin: Callable[..., Any],
    options: dict[str, Any],
    seed: int,
    height: int,
    width: int,
    holes: bool,
    covered: bool,
) -> None:
    random = np.random.default_rng(seed)
    frame = tilted(seed, height, width)
    if holes:
        frame[random.random(frame.shape) < 0.05] = np.nan
    mask = random.random(frame.shape) < 0.2 if covered else np.zeros(frame.shape, bool)
    found = own(frame, mask if covered else None, **options)
    background = np.isfinite(frame) & (~mask if filters.NATIVE[own.__name__].masked else True)
    np.testing.assert_allclose(found, twin(frame, background, **options), rtol=0, atol=1e-8)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(frame))


@pytest.mark.parametrize("both", [False, True])
def test_iterative_flatten_like_its_twin_and_the_truth(both: bool) -> None:
    y, x = np.indices((64, 64))
    surface = 0.2 * x + 0.001 * y**2
    frame = surface + np.random.default_rng(1).normal(0, 0.1, surface.shape)
    frame[20:34, 20:34] += 8
    found = filters.iterative_flatten(frame, factor=3.0, both_sides=both)
    used = np.isfinite(frame)
    np.testing.assert_allclose(found, twins.iterative_flatten(frame, used, 2, 3.0, both), rtol=0, atol=1e-8)
    assert abs(np.median(found[20:34, 20:34]) - 8) < 0.1
    assert abs(np.median(filters.polynomial_flatten(frame)[20:34, 20:34]) - 8) > 0.4


def test_high_orders_stay_accurate() -> None:
    y, x = np.indices((200, 200)) / 200
    frame = (x - 0.5) ** 8 + (y - 0.3) ** 7 * x
    assert np.abs(filters.polynomial_flatten(frame, order=8)).max() < 1e-13


def test_three_places_level_a_step() -> None:
    y, x = np.indices((40, 50))
    frame = 5 + 0.1 * x - 0.3 * y + 12.0 * (x > 25)
    level = filters.three_point_plane(frame, points=[(5, 5), (35, 8), (20, 20)])
    np.testing.assert_allclose(level, 12.0 * (x > 25), atol=1e-9)


def test_scars_go_and_the_rest_stays() -> None:
    random = np.random.default_rng(5)
    y, x = np.indices((60, 80))
    clean = np.sin(x / 9) + np.cos(y / 7) + random.normal(0, 0.02, y.shape)
    scarred = clean.copy()
    scarred[20, 10:50] += 2.5
    scarred[41:43, 30:70] -= 1.8
    mended = filters.remove_scars(scarred)
    damaged = scarred != clean
    assert np.abs(mended - clean)[damaged].max() < 0.15
    assert (mended != scarred)[~damaged].mean() < 0.002


def test_whole_numbers_and_other_layouts_become_floats() -> None:
    frame = np.round(tilted(1, 20, 24)).astype(np.int16)
    expected = filters.remove_plane(frame.astype(np.float64))
    for other in (frame, np.asfortranarray(frame), frame.astype(">i4"), np.repeat(frame, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(filters.remove_plane(other), expected)
    frame.setflags(write=False)
    np.testing.assert_array_equal(filters.remove_plane(frame), expected)
    assert not filters.zero_mean(np.zeros((0, 4, 4))).size


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda frame: filters.polynomial_flatten(frame, order=0), "`order`: expected a whole number from 1 to 20"),
        (lambda frame: filters.polynomial_flatten(frame, order=2.5), "`order`"),
        (lambda frame: filters.polynomial_flatten(frame[:3], order=4), "`order`: expected up to 2"),
        (lambda frame: filters.gaussian_filter(frame, sigma=0.0), "`sigma`"),
        (lambda frame: filters.gaussian_filter(frame, sigma=float("nan")), "`sigma`"),
        (lambda frame: filters.remove_scars(frame, high=1.0), "`low, high`"),
        (lambda frame: filters.three_point_plane(frame, points=[(0, 0), (1, 1)]), "three pairs"),
        (lambda frame: filters.three_point_plane(frame, points=[(0, 0), (1, 1), (99, 0)]), "places inside of 20 x 24"),
        (lambda frame: filters.remove_plane(frame * np.nan), "frame 0.*at least 3 finite background pixels, found 0"),
        (lambda frame: filters.remove_plane(frame, np.ones(frame.shape, bool)), "at least 3 finite background pixels"),
        (lambda frame: filters.zero_median(frame * np.nan), "at least one finite background pixel"),
        (lambda frame: filters.remove_plane(frame, np.ones((3, 3), bool)), "`mask`: expected shape"),
        (lambda frame: filters.remove_plane(frame[0]), "`data`: expected a frame or a stack"),
    ],
)
def test_wrong_settings_and_frames_are_refused(call: Callable[[np.ndarray], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(tilted(0, 20, 24))


def test_a_misspelt_setting_is_named() -> None:
    with pytest.raises(TypeError, match="'oder'"):
        filters.polynomial_flatten(tilted(0, 20, 24), oder=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="found an unknown setting 'oder'; did you mean 'order'"):
        ProcessingPipeline(stacked(movie(2)[0])).add("polynomial_flatten", oder=2)


# ------------------------------------------------------------------ pipelines
def leaning(frames: int = 4) -> Any:
    images, _ = movie(frames)
    y, x = np.indices(images.shape[1:])
    return stacked(images + 0.05 * x - 0.02 * y)


STEPS: list[tuple[str, dict[str, Any]]] = [
    ("remove_plane", {}),
    ("mask_mean_offset", {"factor": 1.0}),
    ("row_median_align", {}),
    ("polynomial_flatten", {"order": 2}),
    ("clear", {}),
    ("gaussian_filter", {"sigma": 1.0}),
    ("zero_median", {}),
]


def run(stack: Any, steps: list[tuple[str, dict[str, Any]]], **options: Any) -> Any:
    pipeline = ProcessingPipeline(stack)
    for name, params in steps:
        pipeline.add(name, **params)
    return pipeline.run(**options)


@pytest.mark.parametrize("keep", ["all", "last", "none"])
def test_what_is_kept_does_not_change_the_result(keep: str) -> None:
    raw = leaning().data
    stack = run(leaning(), STEPS, keep=keep)
    expected = raw
    mask = None
    for name, params in STEPS:
        step = find_step(name)
        if step.kind == "mask":
            mask = np.stack([find_mask(name)(frame, **params) for frame in expected])
        elif step.kind == "clear":
            mask = None
        else:
            covered = mask if filters.NATIVE[name].masked else None
            expected = filters.FILTERS[name](expected, covered, **params)
    np.testing.assert_array_equal(stack.data, expected)
    names = ["raw"] + [f"step_{n}_{name}" for n, (name, _) in enumerate(STEPS, 1) if n not in (2, 5)]
    assert list(stack.processed) == {"all": names, "last": ["raw", names[-1]], "none": []}[keep]
    if keep != "none":
        np.testing.assert_array_equal(stack.processed["raw"], raw)
    assert [step["name"] for step in stack.provenance["processing"]["steps"]] == [name for name, _ in STEPS]
    assert stack.history.input["xxh3"]


def test_masks_in_a_row_cover_what_either_does() -> None:
    stack = run(
        leaning(),
        [("mask_threshold", {"threshold": 4.0}), ("mask_below_threshold", {"threshold": 0.5}), ("zero_mean", {})],
    )
    one = stack.processed["raw"] > 4
    assert list(stack.masks) == ["step_1_mask_threshold", "step_2_mask_threshold_mask_below_threshold"]
    both = stack.masks["step_2_mask_threshold_mask_below_threshold"]
    np.testing.assert_array_equal(both, one | (stack.processed["raw"] < 0.5))
    np.testing.assert_allclose(
        [frame[~mask].mean() for frame, mask in zip(stack.data, both, strict=True)], 0, atol=1e-12
    )


def test_a_frame_that_cannot_be_levelled_is_never_hidden() -> None:
    stack = leaning()
    stack.data[2] = np.nan
    before = stack.data.copy()
    with pytest.raises(ValueError, match=r"step 2, remove_plane, frame 2: .*found 0"):
        run(stack, [("gaussian_filter", {}), ("remove_plane", {})])
    np.testing.assert_array_equal(stack.data, before)
    assert stack.processed == {}
    run(stack, [("gaussian_filter", {}), ("remove_plane", {})], on_error="keep", keep="last")
    step = stack.provenance["processing"]["steps"][1]
    assert step["on_error"] == "keep"
    assert [failed["frame"] for failed in step["failed_frames"]] == [2]
    assert "finite background pixels" in step["failed_frames"][0]["reason"]
    assert np.isnan(stack.data[2]).all()
    assert np.isfinite(stack.data[[0, 1, 3]]).all()


def test_a_mask_that_covers_everything_is_never_hidden() -> None:
    with pytest.raises(ValueError, match="step 2, remove_plane, frame 0"):
        run(leaning(), [("mask_threshold", {"threshold": -1e9}), ("remove_plane", {})])


def test_edits_keep_frames_and_what_is_known_about_them() -> None:
    stack = leaning(6)
    run(stack, [("drop_frames", {"indices_to_drop": [1]}), ("drop_final_frames", {"n": 2}), ("zero_mean", {})])
    assert stack.get_frame_times() == [0.0, 1.0, 1.5]
    assert list(stack.processed) == ["raw", "step_1_drop_frames", "step_2_drop_frames", "step_3_zero_mean"]
    assert stack.restore_raw().shape == (6, 96, 96)
    assert stack.get_frame_times() == [0.5 * n for n in range(6)]
    run(stack, [("select_frames", {"keep_indices": [4, 0]})])
    assert stack.get_frame_times() == [0.0, 2.0]
    stack = leaning(6)
    run(stack, [("drop_frame_range", {"start": 1, "end": 5})])
    assert stack.get_frame_times() == [0.0, 2.5]
    for wrong in ({"start": 3, "end": 9}, {"start": -1, "end": 1}):
        with pytest.raises(IndexError, match="start"):
            run(leaning(), [("drop_frame_range", wrong)])
    stack = leaning(6)
    with pytest.raises(ValueError, match="`mode`"):
        run(stack, [("drop_final_frames", {}), ("replace_nan", {"mode": "other"})])
    assert (stack.n_frames, len(stack.frame_metadata), stack.state_backups) == (6, 6, {})
    with pytest.raises(IndexError, match="expected frames 0 to 3, found 7"):
        run(leaning(), [("drop_frames", {"indices_to_drop": [7]})])


def test_steps_that_are_not_there() -> None:
    with pytest.raises(ValueError, match="did you mean 'polynomial_flatten'"):
        ProcessingPipeline(leaning()).add("polynomial_flaten")
    with pytest.raises(TypeError, match="did you mean 'threshold'"):
        ProcessingPipeline(leaning()).add("mask_threshold", treshold=1)
    with pytest.raises(ValueError, match="expected a mask"):
        ProcessingPipeline(leaning()).add_mask("remove_plane")
    with pytest.raises(ValueError, match="expected a filter"):
        ProcessingPipeline(leaning()).add_filter("clear")
    with pytest.raises(ValueError, match="`keep`"):
        ProcessingPipeline(leaning()).run(keep="some")


def test_a_second_run_goes_on_where_the_first_stopped() -> None:
    stack = leaning()
    run(stack, [("remove_plane", {})])
    run(stack, [("zero_median", {})])
    assert list(stack.processed) == ["raw", "step_1_remove_plane", "step_2_zero_median"]
    assert stack.provenance["processing"]["keys_by_name"] == {
        "remove_plane": ["step_1_remove_plane"],
        "zero_median": ["step_2_zero_median"],
    }


def test_films_through_alignment_in_a_pipeline() -> None:
    frames, moves = drifting()
    stack = stacked(frames)
    run(stack, [("align_frames", {"mode": "crop"}), ("zero_mean", {})])
    metadata = stack.provenance["processing"]["steps"][0]["metadata"]
    np.testing.assert_array_equal(metadata["shifts"], -moves)
    assert stack.data.shape[1] < 64


def test_any_type_of_frames_between_steps() -> None:
    frames, _ = drifting()
    steps: list[tuple[str, dict[str, Any]]] = [
        ("align_frames", {"mode": "crop"}),
        ("zero_mean", {}),
        ("zero_median", {}),
    ]
    expected = run(stacked(frames.astype(np.float32)), steps).data
    np.testing.assert_array_equal(run(stacked(frames.astype(np.float32)), steps, keep="last").data, expected)
    whole = stacked(np.round(frames * 100).astype(np.int16))
    assert run(whole, [("zero_mean", {})], keep="none").data.dtype == np.float64


def test_steps_without_a_record() -> None:
    stack = leaning()
    raw = stack.data.copy()
    stack.apply(["remove_plane", "gaussian_filter"], sigma=2.0)
    np.testing.assert_array_equal(stack.data, filters.gaussian_filter(filters.remove_plane(raw), sigma=2.0))
    assert list(stack.processed) == ["raw", "remove_plane", "gaussian_filter"]
    assert stack.provenance["processing"]["steps"] == []
    np.testing.assert_array_equal(stack.restore_raw(), raw)
    with pytest.raises(TypeError, match="unknown setting 'sgima'"):
        stack.apply(["gaussian_filter"], sgima=2.0)
    with pytest.raises(KeyError, match="raw"):
        leaning().restore_raw()
    with pytest.raises(KeyError, match="frame_metadata"):
        leaning().restore_frame_metadata()
    with pytest.raises(ValueError, match="did you mean"):
        stack._resolve_step("remove_plan")


def test_logs(tmp_path: Path) -> None:
    stack = run(leaning(), STEPS)
    stack.export_processing_log(tmp_path / "log.json")
    log = json.loads((tmp_path / "log.json").read_text())
    assert [step["index"] for step in log["processing"]["steps"]] == list(range(1, 8))
    assert log["environment"]["lumentrace_version"]
    with pytest.raises(ValueError, match="expected a pipeline to have run"):
        stack.export_analysis_log(tmp_path / "analysis.json")


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    run(leaning(), STEPS, verbose=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (28, 28)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


class Plugin:
    """An entry point."""

    dist = None

    def __init__(self, name: str, function: Any) -> None:
        self.name, self._function = name, function

    def load(self) -> Any:
        if isinstance(self._function, Exception):
            raise self._function
        return self._function


def _halved(frame: np.ndarray, factor: float = 0.5) -> np.ndarray:
    return frame * factor


def _in_place(frames: np.ndarray) -> Any:
    frames *= 0
    return frames if frames.ndim == 2 else (frames, {})


def _broken(frame: np.ndarray) -> np.ndarray:
    raise RuntimeError("the plugin is broken")


def test_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "playnano.filters": [
            Plugin("halved", _halved),
            Plugin("broken", _broken),
            Plugin("lost", ImportError("no")),
            Plugin("emptied", _in_place),
        ],
        "playnano.video_processing": [
            Plugin("reversed", lambda film: (film[::-1].copy(), {"note": 1})),
            Plugin("emptied_film", _in_place),
        ],
    }
    monkeypatch.setattr("lumentrace.afm.processing.registry.entry_points", lambda group: found.get(group, []))
    stack = leaning()
    raw = stack.data.copy()
    run(stack, [("halved", {"factor": 0.25}), ("reversed", {})])
    np.testing.assert_array_equal(stack.data, raw[::-1] * 0.25)
    assert [step["step_type"] for step in stack.provenance["processing"]["steps"]] == ["plugin", "video_plugin"]
    with pytest.raises(RuntimeError, match="the plugin is broken") as raised:
        run(leaning(), [("broken", {})])
    assert raised.value.__notes__ == ["in step 1, broken, frame 0"]
    for name in ("emptied", "emptied_film"):
        stack = run(leaning(), [(name, {})])
        assert not stack.data.any()
        np.testing.assert_array_equal(stack.processed["raw"], raw)
    kept = run(leaning(), [("broken", {})], on_error="keep")
    assert len(kept.provenance["processing"]["steps"][0]["failed_frames"]) == 4
    with pytest.raises(RuntimeError, match="cannot be imported"):
        ProcessingPipeline(leaning()).add("lost")
