"""Regions of tracks, and their sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage.measure import label, regionprops

from afm_cases import DETECT, movie, run, stacked
from lumentrace.afm import AFMImageStack
from lumentrace.afm.analysis.modules.particle_region_extraction import largest_box

TRACK = ("particle_tracking", {"max_distance": 6.0})
REGIONS = "particle_region_extraction"


def regions(images: np.ndarray, **settings: Any) -> tuple[AFMImageStack, dict[str, Any], dict[str, Any]]:
    stack = stacked(images)
    record = run(stack, DETECT, TRACK, (REGIONS, settings))
    return stack, record["analysis"]["step_1_feature_detection"], record["analysis"][f"step_3_{REGIONS}"]


def test_regions_are_what_is_in_the_film() -> None:
    images, _ = movie(5)
    _, detected, found = regions(images, padding=2)
    assert found["summary"] == {"n_tracks": 8, "n_regions": 40}
    assert len(found["flat_table"]) == 40
    for track in found["tracks"]:
        assert track["fixed_box_size"] is None
        assert track["timestamps"] == [0.5 * frame for frame in track["frames"]]
        for region in track["regions"]:
            top, left, bottom, right = region["bbox_padded"]
            feature = detected["features_per_frame"][region["frame"]][region["label"] - 1]
            assert region["bbox_tight"] == feature["bbox"]
            assert (top, left, bottom, right) == tuple(np.add(feature["bbox"], (-2, -2, 2, 2)))
            np.testing.assert_array_equal(region["image_crop"], images[region["frame"], top:bottom, left:right])
            assert region["mask_crop"].sum() == feature["area"]
    assert set(found["flat_table"][0]) == {"track_id", "frame", "timestamp", "label", "bbox_tight", "bbox_padded"}


def test_square_and_fixed_boxes_stay_inside() -> None:
    images, _ = movie(3)
    for settings, side in (({"fixed_box_size": 40}, 40), ({"fixed_box_size": 500}, 96), ({"square": True}, None)):
        _, _, found = regions(images, **settings)
        for track in found["tracks"]:
            for region in track["regions"]:
                top, left, bottom, right = region["bbox_padded"]
                assert (
                    bottom - top
                    == right - left
                    == (side or max(np.diff(np.reshape(region["bbox_tight"], (2, 2)), axis=0)[0]))
                )
                assert min(top, left) >= 0
                assert max(bottom, right) <= 96
    _, _, found = regions(images, fixed_size_mode="per_track", padding=1)
    for track in found["tracks"]:
        longest = max(
            max(r["bbox_tight"][2] - r["bbox_tight"][0], r["bbox_tight"][3] - r["bbox_tight"][1])
            for r in track["regions"]
        )
        assert track["fixed_box_size"] == longest + 2
        assert {region["image_crop"].shape for region in track["regions"]} == {(longest + 2, longest + 2)}


def test_gaps_and_parts_that_are_left_out() -> None:
    images, _ = movie(4)
    images[1:3, :40] = 0.0
    stack = stacked(images)
    settings = {"include_image": False, "include_mask": False}
    record = run(stack, DETECT, ("particle_tracking", {"max_distance": 8.0, "max_missing": 3}), (REGIONS, settings))
    found = record["analysis"][f"step_3_{REGIONS}"]
    missing = [region is None for track in found["tracks"] for region in track["regions"]]
    assert any(missing)
    assert set(found["flat_table"][0]) == {"track_id", "frame", "timestamp", "label", "bbox_tight", "bbox_padded"}


def test_sizes_over_time() -> None:
    images, _ = movie(4)
    images[1:3, :40] = 0.0
    track = ("particle_tracking", {"max_distance": 8.0, "max_missing": 3})
    size = "tracked_particle_boundary_size"
    record = run(stacked(images), DETECT, track, (REGIONS, {}), (size, {"threshold": 11.0}))
    measured, cut = record["analysis"][f"step_4_{size}"], record["analysis"][f"step_3_{REGIONS}"]
    for own, other in zip(measured["tracks"], cut["tracks"], strict=True):
        for value, nm, state, region in zip(own["size"], own["size_nm"], own["state"], other["regions"], strict=True):
            if region is None:
                assert np.isnan(value)
                assert state is None
            else:
                top, left, bottom, right = region["bbox_tight"]
                assert (value, nm, state) == (max(bottom - top, right - left), 2 * value, int(value > 11))
    with pytest.raises(RuntimeError, match="include_bbox"):
        run(stacked(images), DETECT, track, (REGIONS, {"include_bbox": False}), (size, {}))
    with pytest.raises(ValueError, match="`measure`"):
        run(stacked(images), DETECT, track, (REGIONS, {}), (size, {"measure": "area"}))


def test_the_box_of_the_largest_piece() -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        mask = random.random((12, 15)) < 0.35
        pieces = regionprops(label(mask, connectivity=2))
        most = max(piece.area for piece in pieces)
        assert largest_box(mask) in [piece.bbox for piece in pieces if piece.area == most]


def test_what_is_missing_is_named() -> None:
    images, _ = movie(3)
    blobs = ("log_blob_detection", {"min_sigma": 2, "max_sigma": 4, "num_sigma": 3, "threshold": 1.0})
    with pytest.raises(RuntimeError, match="expected labelled masks"):
        run(stacked(images), blobs, TRACK, (REGIONS, {}))
    with pytest.raises(RuntimeError, match="expected particle_tracking before it"):
        run(stacked(images), DETECT, (REGIONS, {}))
    for settings in ({"padding": -1}, {"fixed_box_size": 0}, {"fixed_size_mode": "each"}):
        with pytest.raises(ValueError, match=next(iter(settings))):
            regions(images, **settings)
