"""Two-photon: functions on arrays beside the golden data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden import golden, whole
from lumentrace import FormatError, twophoton
from lumentrace.twophoton import parity
from lumentrace.twophoton.measure.dff import compute_roi_delta_f_over_f
from lumentrace.twophoton.measure.photodiode import detect_photodiode_events, find_stimulus, photodiode_threshold
from lumentrace.twophoton.measure.windows import FrameWindow, default_baseline_epoch_number
from lumentrace.twophoton.regions.watershed import watershed_labels
from lumentrace.twophoton.respond.processing import LowPassFilterOptions, SmoothingOptions, low_pass, smooth

Units = tuple[dict[str, Any], dict[str, Any], Path]


@pytest.fixture(scope="session")
def units(tmp_path_factory: pytest.TempPathFactory) -> Units:
    folder = tmp_path_factory.mktemp("units")
    for name in ("fov_groups.csv", "pixel_size.csv", "roi_matches.csv"):
        (folder / name).write_bytes(golden(f"twophoton/units/{name}"))
    return golden("twophoton/units/units.npz"), golden("twophoton/units/units.json"), folder


def label_image(rois: twophoton.RoiSet) -> Any:
    return sum(number * mask for number, mask in enumerate(rois.masks, 1))


def test_mean_and_sem(units: Units) -> None:
    arrays = units[0]
    for axis in range(3):
        mean, sem = twophoton.finite_mean_and_sem(arrays["sem_in"], axis=axis)
        np.testing.assert_allclose(mean, arrays[f"sem_mean{axis}"], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(sem, arrays[f"sem_sem{axis}"], rtol=1e-9, atol=1e-9)


def test_mean_and_sem_keep_digits() -> None:
    mean, sem = twophoton.finite_mean_and_sem(1e9 + np.array([[0.0, 2.0, 4.0, np.inf]]), axis=1)
    assert (mean[0], sem[0]) == (1e9 + 2, pytest.approx(2 / np.sqrt(3), rel=1e-12))
    mean, sem = twophoton.finite_mean_and_sem(np.array([np.nan]), axis=0)
    assert np.isnan(mean)
    assert sem == 0


def test_filters(units: Units) -> None:
    arrays = units[0]
    for key in (key for key in arrays if key.startswith("filt_") and key != "filt_in"):
        name = key.removeprefix("filt_")
        if name.startswith("ma"):
            found = smooth(arrays["filt_in"], SmoothingOptions("moving_average", int(name[2:])))
        elif name.startswith("sg"):
            width, order = (int(number) for number in name[2:].split("_"))
            found = smooth(arrays["filt_in"], SmoothingOptions("savgol", width, order))
        else:
            cutoff, order_ = name[2:].split("_")
            found = low_pass(
                arrays["filt_in"], LowPassFilterOptions("butterworth", float(cutoff), int(order_)), 13.0208333
            )
        np.testing.assert_allclose(found, arrays[key], rtol=1e-9, atol=1e-9, err_msg=key)


def test_watershed(units: Units) -> None:
    arrays = units[0]
    for key in ("ws_1_0", "ws_6_0", "ws_6_1.2"):
        pixels, sigma = key.removeprefix("ws_").split("_")
        found = twophoton.watershed_roi_set(arrays["ws_img"], min_pixels=int(pixels), smoothing_sigma=float(sigma))
        np.testing.assert_array_equal(label_image(found), arrays[key], err_msg=key)
    np.testing.assert_array_equal(watershed_labels(np.ones((4, 5))), arrays["ws_flat"])


def test_grids(units: Units) -> None:
    arrays = units[0]
    for key in (key for key in arrays if key.startswith("grid_")):
        rows, columns, size = (int(number) for number in key.removeprefix("grid_").split("_"))
        np.testing.assert_array_equal(
            label_image(twophoton.grid_roi_set((rows, columns), grid_size_pixels=size)), arrays[key]
        )
        np.testing.assert_array_equal(parity.psycho5_grid_roi_label_image((rows, columns), size), arrays[f"p5{key}"])
    for micron, pixel, expected in units[1]["grid_microns"]:
        grid = twophoton.grid_roi_set_microns((60, 60), micron_grid_size=micron, pixel_size_um=pixel)
        assert grid.masks[0].any(axis=1).sum() == min(expected, 60)


def test_parity_watershed(units: Units) -> None:
    arrays = units[0]
    found = parity.psycho5_watershed_image_from_preseg(arrays["p5_img"], arrays["p5_pre"])
    np.testing.assert_array_equal(found, arrays["p5_fill"])


def test_calibration(units: Units) -> None:
    rows = twophoton.load_pixel_calibrations(units[2] / "pixel_size.csv")
    for case in units[1]["calibration"]:
        rig, mode, scanner, zoom, beyond = case["query"]
        settings = {"rig": rig, "mode": mode, "scanner": scanner, "zoom": zoom, "allow_extrapolation": beyond}
        if case["error"]:
            with pytest.raises(ValueError, match=r"zoom|measured"):
                twophoton.resolve_pixel_size_um(rows, **settings)
            continue
        found = twophoton.resolve_pixel_size_um(rows, **settings)
        assert found.pixel_size_um == pytest.approx(case["um"], rel=1e-9)
        assert (found.method, list(found.reference_zooms)) == (case["method"], case["zooms"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rig,mode\na,1\n", "missing scanner"),
        ("rig,mode,scanner,zoom,pixel_size_um,measured_on\n", "found none"),
        ("rig,mode,scanner,zoom,pixel_size_um,measured_on\na,1,g,0,1,2024-01-01\n", "line 2"),
        ("rig,mode,scanner,zoom,pixel_size_um,measured_on\na,1,g,1,1,yesterday\n", "line 2"),
        (
            "rig,mode,scanner,zoom,pixel_size_um,measured_on\na,1,g,1,1,2024-01-01\nA,1,G,1,2,2024-01-01\n",
            "was measured as",
        ),
    ],
)
def test_calibrations_that_are_wrong(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=told):
        twophoton.load_pixel_calibrations(path)


def test_the_latest_calibration(tmp_path: Path) -> None:
    from datetime import date

    path = tmp_path / "sizes.csv"
    head = "rig,mode,scanner,zoom,pixel_size_um,measured_on\n"
    path.write_text(f"{head}a,1,g,1,1.0,2024-01-01\na,1,g,1,1.1,2024-06-01\n")
    with pytest.raises(FormatError, match="as_of"):
        twophoton.load_pixel_calibrations(path)
    assert twophoton.load_pixel_calibrations(path, as_of=date(2024, 12, 1))[0].pixel_size_um == 1.1
    assert twophoton.load_pixel_calibrations(path, as_of=date(2024, 2, 1))[0].pixel_size_um == 1.0


class Traces:
    """Traces as far as dF/F needs them."""

    labels = ("a", "b", "c", "d")
    start_frame, stop_frame, method = 7, 307, "none"

    def __init__(self, values: Any):
        self.corrected_values = values


def test_dff(units: Units) -> None:
    arrays, facts, _ = units
    windows = [FrameWindow(number, *window, "") for number, window in enumerate(facts["dff_windows"])]
    rate = 13.0208333
    checked = 0
    for key, expected in facts["dff"].items():
        mode, seconds = key.split("|")
        used = windows[:1] if seconds == "single" else windows
        sample = {"None": None, "single": 1.0}.get(seconds, None if seconds == "None" else 1.0)
        if seconds not in ("None", "single"):
            sample = float(seconds)
        found = compute_roi_delta_f_over_f(
            Traces(arrays["dff_in"]), used, data_rate_hz=rate, baseline_sample_seconds=sample, fit_mode=mode
        )
        assert found.tau == pytest.approx(expected["tau"], rel=1e-6, abs=1e-10), key
        np.testing.assert_allclose(found.amplitudes, expected["amplitudes"], rtol=1e-6)
        if "frame_numbers" in expected:
            np.testing.assert_array_equal(found.baseline_frame_numbers, expected["frame_numbers"])
            assert found.values.sum() == pytest.approx(expected["sum"], abs=1e-4)
        checked += 1
    assert checked == len(facts["dff"])


def test_dff_says_when_a_fit_hits_its_bound() -> None:
    frames = np.arange(300) + 1.0
    values = 1000 * np.exp(-0.02 * frames)[:, None] * np.ones(4)
    windows = [FrameWindow(0, 10, 40, ""), FrameWindow(1, 100, 140, ""), FrameWindow(2, 250, 300, "")]
    traces = Traces(values)
    traces.start_frame = 0
    found = compute_roi_delta_f_over_f(traces, windows, data_rate_hz=10)
    assert found.metadata["tau_at_bound"]
    assert not compute_roi_delta_f_over_f(traces, windows, data_rate_hz=10, fit_mode="log_linear").metadata[
        "tau_at_bound"
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"baseline_windows": []}, "baseline_windows"),
        ({"data_rate_hz": 0}, "data_rate_hz"),
        ({"baseline_sample_seconds": -1}, "baseline_sample_seconds"),
        ({"fit_mode": "other"}, "fit_mode"),
        ({"baseline_windows": [FrameWindow(0, 0, 20, "")]}, "within 7 to 307"),
        ({"baseline_windows": [FrameWindow(0, 10, 15, "")]}, "expected 10 frames"),
    ],
)
def test_dff_refuses(changes: dict[str, Any], told: str) -> None:
    settings: dict[str, Any] = {"baseline_windows": [FrameWindow(0, 20, 60, "")], "data_rate_hz": 10.0, **changes}
    with pytest.raises(ValueError, match=told):
        compute_roi_delta_f_over_f(Traces(np.ones((300, 4))), **settings)


def test_photodiode(units: Units) -> None:
    expected = units[1]["pd"]
    signal = whole("twophoton/units/units.npz")["pd"]
    assert photodiode_threshold(signal) == pytest.approx(expected["threshold"], rel=1e-12)
    events = [[event.start, event.stop, event.duration] for event in detect_photodiode_events(signal)]
    assert events == expected["events"]
    found = find_stimulus(signal, 200, 13.0208333)
    assert [found.start_frame, found.stop_frame] == expected["bounds"]


def test_default_baseline_epoch(units: Units) -> None:
    for names, number in units[1]["baseline_epoch"]:
        assert default_baseline_epoch_number(dict(enumerate(names, 1))) == number


def test_match_tables(units: Units, tmp_path: Path) -> None:
    folder = units[2]
    rows = twophoton.load_manual_roi_match_rows(folder / "roi_matches.csv")
    again = twophoton.append_manual_roi_match_rows(tmp_path / "m.csv", rows)
    assert again == rows
    assert (tmp_path / "m.csv").read_bytes() == (folder / "roi_matches.csv").read_bytes()
    groups = twophoton.load_manual_fov_group_rows(folder / "fov_groups.csv")
    twophoton.save_manual_fov_group_rows(groups, tmp_path / "g.csv")
    assert (tmp_path / "g.csv").read_bytes() == (folder / "fov_groups.csv").read_bytes()
    new = twophoton.make_manual_roi_match_rows(
        {"b": "roi_0002", "a": "roi_0001"}, group_cell_id=twophoton.next_group_cell_id(rows)
    )
    assert [row.recording_path for row in new] == ["a", "b"]
    assert new == twophoton.make_manual_roi_match_rows(
        [("a", "roi_0001"), ("b", "roi_0002")], group_cell_id=new[0].group_cell_id
    )
    assert twophoton.next_group_cell_id(()) == 1


@pytest.mark.parametrize(
    ("pairs", "settings"),
    [
        ({}, {}),
        ([("a", "x"), ("a", "x")], {}),
        ({"a": ""}, {}),
        ({"a": "x"}, {"group_cell_id": 0}),
        ({"a": "x"}, {"status": "maybe"}),
    ],
)
def test_matches_that_are_none(pairs: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        twophoton.make_manual_roi_match_rows(pairs, **{"group_cell_id": 1, **settings})


def test_match_files_that_are_wrong(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    head = "fov_group_id,group_cell_id,recording_path,roi_label,status,note"
    for text, told in (
        (head.replace("note", "x"), "missing note"),
        (f"{head}\na,1\n", "line 2"),
        (f"{head}\na,x,p,r,matched,\n", "line 2"),
    ):
        path.write_text(text)
        with pytest.raises(FormatError, match=told):
            twophoton.load_manual_roi_match_rows(path)


def test_roi_files(tmp_path: Path) -> None:
    rois = twophoton.grid_roi_set((10, 12), grid_size_pixels=5)
    twophoton.save_roi_set(rois, tmp_path / "r.h5", generation_metadata={"roi_mode": "grid"})
    again = twophoton.load_roi_set(tmp_path / "r.h5")
    assert again.labels == rois.labels
    np.testing.assert_array_equal(again.masks, rois.masks)
    (tmp_path / "r.h5").write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"r\.h5"):
        twophoton.load_roi_set(tmp_path / "r.h5")


@pytest.mark.parametrize(
    ("masks", "labels", "told"),
    [
        (np.zeros((2, 3)), None, "shape"),
        (np.zeros((0, 3, 3)), None, "a region"),
        (np.stack([np.eye(3), np.zeros((3, 3))]), None, "number 1"),
        (np.eye(3)[None], ["a", "b"], "expected 1"),
        (np.stack([np.eye(3), np.eye(3)]), ["a", "a"], "more often"),
    ],
)
def test_regions_that_are_none(masks: Any, labels: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        twophoton.make_roi_set(masks, labels=labels)


def test_label_images() -> None:
    image = np.zeros((6, 6), int)
    image[1:3, 1:3], image[4, 4] = 7, 2
    rois = twophoton.make_roi_set_from_label_image(image)
    assert rois.labels == ("roi_0002", "roi_0007")
    np.testing.assert_array_equal(twophoton.roi_set_to_label_image(rois), image)
    for odd in ("roi_²", f"roi_{'9' * 30}"):
        named = twophoton.RoiSet.from_pixels((1, 4), [np.array([0, 1]), np.array([3])], [odd, "roi_0007"])
        assert np.unique(twophoton.roi_set_to_label_image(named)).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="whole numbers"):
        twophoton.make_roi_set_from_label_image(image + 0.5)
    both = twophoton.make_roi_set(np.ones((2, 3, 3)))
    for overlap in ("error", "strongest"):
        with pytest.raises(ValueError, match="overlap"):
            twophoton.roi_set_to_label_image(both, overlap=overlap)


def test_pixels_of_two_footprints_are_shown_as_those_of_the_stronger() -> None:
    pixels, weights = [np.array([0, 1, 2]), np.array([1, 2, 3])], [np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.5, 1.0])]
    rois = twophoton.RoiSet.from_pixels((1, 4), pixels, ["cell_0005", "cell_0002"], weights)
    with pytest.raises(ValueError, match="overlap"):
        twophoton.roi_set_to_label_image(rois)
    assert twophoton.roi_set_to_label_image(rois, overlap="strongest").tolist() == [[5, 5, 2, 2]]
    weights[1] = np.array([1.0, 0.5, 1.0])
    hidden = twophoton.RoiSet.from_pixels((1, 4), [pixels[0], pixels[1][:2]], ["a", "b"], [weights[0], weights[1][:2]])
    with pytest.raises(ValueError, match=r"others over all of \['b'\]"):
        twophoton.roi_set_to_label_image(hidden, overlap="strongest")


def test_map_pieces(units: Units) -> None:
    from lumentrace.twophoton.respond.maps import smoothed, window_change

    arrays = units[0]
    for key in (key for key in arrays if key.startswith("map_win_")):
        size, stride = (int(number) for number in key.removeprefix("map_win_").split("_"))
        found = window_change(arrays["map_base"], arrays["map_resp"], np.finfo(float).eps, size, stride)
        np.testing.assert_allclose(found, arrays[key], rtol=1e-9, atol=1e-9)
    for key in (key for key in arrays if key.startswith("map_smooth_")):
        found = smoothed(arrays["map_resp"], float(key.removeprefix("map_smooth_")))
        np.testing.assert_allclose(found, arrays[key], rtol=1e-9, atol=1e-9)
