"""AFM stacks and masks: what they hold and refuse."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage import filters

from afm_cases import movie, stacked
from lumentrace.afm import AFMImageStack, masks

# ------------------------------------------------------------------ stacks
FIRST = """
import sys
import numpy as np
from lumentrace.afm.stack import AFMImageStack
assert "lumentrace.afm.loaders" not in sys.modules
stack = AFMImageStack(np.add.outer(np.zeros(2), np.add.outer(np.arange(8.0), np.arange(8.0))), 1.0, "h", "f")
assert abs(stack.apply(["remove_plane"])).max() < 1e-12
stack.export_processing_log(sys.argv[1])
try:
    AFMImageStack.load_data("nowhere.asd")
except FileNotFoundError as error:
    print(error)
"""


def test_a_stack_does_all_it_can_whatever_is_imported_first(tmp_path: Path) -> None:
    log = tmp_path / "log.json"
    done = subprocess.run([sys.executable, "-c", FIRST, log], capture_output=True, text=True, check=True)
    assert done.stdout == "nowhere.asd: no such file or folder\n"
    assert list(json.loads(log.read_text())) == ["environment", "processing"]


def test_stack_members() -> None:
    images, _ = movie(4)
    stack = stacked(images)
    assert (stack.n_frames, stack.height, stack.width, stack.image_shape, len(stack)) == (4, 96, 96, (96, 96), 4)
    assert stack.get_frame(2) is not None
    np.testing.assert_array_equal(stack[np.int64(-1)], images[-1])
    assert stack[1:3].get_frame_times() == [0.5, 1.0]
    assert [number for number, _, _ in stack.frames_with_metadata()] == [0, 1, 2, 3]
    assert stack.scaling_for_frame(0) == 2.0
    assert stack.acquisition == {}
    for bad in (-1, 4):
        with pytest.raises(IndexError, match="0 to 3"):
            stack.get_frame(bad)
    with pytest.raises(TypeError, match="whole number"):
        stack["first"]


def test_time_stamps() -> None:
    given = [{"timestamp": 1}, {"timestamp": np.float32(2.5)}, {"timestamp": datetime(2026, 1, 1, tzinfo=UTC)}]
    given += [{"timestamp": "1970-01-01T00:00:09+00:00"}, {"timestamp": True}, {"timestamp": "soon"}]
    stack = AFMImageStack(np.zeros((7, 2, 2)), 1.0, "h", "f", given)
    stamps = [entry["timestamp"] for entry in stack.frame_metadata]
    assert stamps == [1.0, 2.5, 1767225600.0, 9.0, None, None, None]
    assert given[0] == {"timestamp": 1}
    with pytest.warns(UserWarning, match="3 of 7 frames have no time stamp"):
        assert stack.get_frame_times()[4:] == [4.0, 5.0, 6.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert AFMImageStack(np.zeros((2, 2, 2)), 1.0, "h", "f").get_frame_times() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((np.zeros((2, 2)), 1.0), ValueError),
        (([[[0.0]]], 1.0), TypeError),
        *[((np.zeros((1, 2, 2)), size), ValueError) for size in (0, -1, np.nan, np.inf, True, "1")],
    ],
)
def test_bad_stacks(arguments: tuple[Any, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"data|pixel_size_nm"):
        AFMImageStack(*arguments, "h", "f")
    with pytest.raises(ValueError, match=r"at most 1 entries.*found 2"):
        AFMImageStack(np.zeros((1, 2, 2)), np.float32(1), "h", "f", [{}, {}])


# ------------------------------------------------------------------ masks
def test_masks_leave_out_what_is_not_finite() -> None:
    frame = np.array([[0.0, 1.0, 2.0], [np.nan, 9.0, np.inf]])
    assert masks.mask_threshold(frame, 0.5).tolist() == [[False, True, True], [False, True, False]]
    assert masks.mask_below_threshold(frame, 1.5).tolist() == [[True, True, False], [False, False, False]]
    assert masks.mask_mean_offset(frame, 1.0).tolist() == [[False, False, False], [False, True, False]]
    assert masks.mask_adaptive(frame, 2).tolist() == [[False, False, False], [False, True, False]]
    assert not masks.mask_mean_offset(np.full((2, 2), np.nan)).any()
    bars = np.zeros((5, 5))
    bars[1:4, [1, 3]] = 1
    assert masks.mask_morphological(bars, 0.5)[2, 2]


def test_names_of_masks() -> None:
    assert masks.find_mask("threshold_mask") is masks.mask_threshold
    with pytest.raises(ValueError, match="did you mean 'mask_threshold'"):
        masks.find_mask("mask_treshold")


def test_masks_like_scikit_image() -> None:
    frame = movie(1)[0][0]
    for name in ("otsu", "li"):
        expected = frame > getattr(filters, f"threshold_{name}")(frame)
        np.testing.assert_array_equal(masks.find_mask(f"mask_{name}")(frame), expected)
    np.testing.assert_array_equal(
        masks.find_mask("mask_hysteresis")(frame, low=0.5, high=3.0),
        filters.apply_hysteresis_threshold(frame, 0.5, 3.0),
    )
    local = filters.threshold_local(frame, 15, method="gaussian", offset=-0.3)
    assert (masks.find_mask("mask_local")(frame, block_size=15, offset=0.3) == (frame > local)).mean() > 0.999
    frame[40:50, 40:50] = np.nan
    for name in ("otsu", "li", "local"):
        found = masks.find_mask(f"mask_{name}")(frame)
        assert not found[40:50, 40:50].any()
        assert found.any()
    assert not masks.find_mask("mask_otsu")(np.full((4, 4), np.nan)).any()
    assert not masks.find_mask("mask_li")(np.ones((4, 4))).any()
    with pytest.raises(ValueError, match="low <= high"):
        masks.find_mask("mask_hysteresis")(frame, low=3.0, high=1.0)
