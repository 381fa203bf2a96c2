"""Objects and blobs of AFM frames beside scikit-image and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import pdist
from skimage.feature import blob_log
from skimage.measure import find_contours, label, regionprops_table
from skimage.morphology import disk

from afm_cases import DETECT, movie, run, stacked
from lumentrace.afm import AFMImageStack, AnalysisPipeline
from lumentrace.afm.analysis.modules.feature_detection import FeatureDetection


# ------------------------------------------------------------------ features
def test_features_like_scikit_image() -> None:
    images, _ = movie(3)
    record = run(
        stacked(images),
        ("feature_detection", {"mask_fn": "mask_threshold", "threshold": 1.0, "min_size": 1, "remove_edge": False}),
    )
    outputs = record["analysis"]["step_1_feature_detection"]
    for frame, features in enumerate(outputs["features_per_frame"]):
        labels = label(images[frame] > 1.0, connectivity=2)
        np.testing.assert_array_equal(outputs["labeled_masks"][frame], labels)
        names = (
            "area",
            "bbox",
            "centroid",
            "centroid_weighted",
            "axis_major_length",
            "axis_minor_length",
            "eccentricity",
            "orientation",
            "mean_intensity",
            "min_intensity",
            "max_intensity",
            "perimeter",
        )
        expected = regionprops_table(labels, images[frame], properties=names)
        for number, feature in enumerate(features):
            names_of = ("major_axis", "minor_axis", "eccentricity", "orientation", "mean", "min", "max", "perimeter")
            found = [feature["area"], *feature["bbox"], *feature["centroid"], *feature["centroid_weighted"]]
            found += [feature[name] for name in names_of]
            np.testing.assert_allclose(found, [values[number] for values in expected.values()], rtol=1e-9, atol=1e-9)
            assert (feature["centroid_y"], feature["centroid_x"]) == feature["centroid"]
            assert feature["area_nm2"] == 4 * feature["area"]
            assert feature["frame_timestamp"] == 0.5 * frame
            inside = labels == feature["label"]
            outline = np.concatenate(find_contours(np.pad(inside, 1).astype(float), 0.5))
            assert feature["feret_max"] == pytest.approx(pdist(outline).max(), rel=1e-12)
            assert feature["feret_max_nm"] == 2 * feature["feret_max"]
            assert feature["volume_nm3"] == pytest.approx(4 * images[frame][inside].sum())


def test_sizes_of_pixels_that_are_not_square() -> None:
    images, _ = movie(1)
    metadata = [{"timestamp": 0.0}]
    stack = AFMImageStack(images, 2.0, "height_trace", "movie.asd", metadata, pixel_size_y_nm=3.0)
    outputs = run(stack, (DETECT[0], {**DETECT[1], "background": 0.5}))["analysis"]["step_1_feature_detection"]
    for feature in outputs["features_per_frame"][0]:
        assert feature["area_nm2"] == 6 * feature["area"]
        assert feature["centroid_nm"] == (3 * feature["centroid"][0], 2 * feature["centroid"][1])
        assert feature["volume_nm3"] == pytest.approx(6 * feature["area"] * (feature["mean"] - 0.5))
        assert np.isnan(feature["feret_max_nm"])


def test_particles_are_found_where_they_are() -> None:
    images, places = movie()
    outputs = run(stacked(images), DETECT)["analysis"]["step_1_feature_detection"]
    assert outputs["summary"]["total_features"] == 48
    for features, truth in zip(outputs["features_per_frame"], places, strict=True):
        found = np.array([feature["centroid_weighted"] for feature in features])
        cost = np.linalg.norm(found[:, None] - truth, axis=2)
        assert cost[linear_sum_assignment(cost)].max() < 0.3


def opened_by_scipy(mask: np.ndarray, radius: int, merge: bool) -> np.ndarray:
    """Objects opened one by one with a disk, the frame's outside being object for the erosion."""
    objects, count = ndimage.label(mask, np.ones((3, 3)))
    parts = np.zeros(mask.shape, dtype=int)
    for number in range(1, count + 1):
        own = objects == number
        eroded = ndimage.binary_erosion(own, disk(radius), border_value=1)
        opened = ndimage.binary_dilation(eroded, disk(radius))
        if opened.sum() == 0 or opened.sum() < 0.4 * own.sum():
            opened = own
        pieces, _ = ndimage.label(opened, np.ones((3, 3)))
        parts[pieces > 0] = pieces[pieces > 0] + parts.max()
    if merge:
        return ndimage.label(parts > 0, np.ones((3, 3)))[0]
    _, first, which = np.unique(parts[parts > 0], return_index=True, return_inverse=True)
    renumbered = np.zeros(mask.shape, dtype=int)
    renumbered[parts > 0] = np.argsort(np.argsort(first))[which] + 1
    return renumbered


@pytest.mark.parametrize("radius", [1, 2, 4])
@pytest.mark.parametrize("merge", [False, True])
def test_opening_like_scipy(radius: int, merge: bool) -> None:
    random = np.random.default_rng(radius)
    mask = ndimage.gaussian_filter(random.normal(size=(60, 70)), 2) > 0.02
    stack = AFMImageStack(mask[None].astype(float), 1.0, "h", "f")
    found = FeatureDetection().run(
        stack,
        mask_fn=lambda frame: frame > 0,
        morph_opening=True,
        sep_radius=radius,
        min_size=0,
        remove_edge=False,
        merge_parts=merge,
    )
    np.testing.assert_array_equal(found["labeled_masks"][0], opened_by_scipy(mask, radius, merge))


@pytest.mark.parametrize("hole_area", [None, 0, 4, 40])
def test_holes_like_scipy(hole_area: float | None) -> None:
    mask = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=(60, 70)), 1) > -0.05
    if hole_area is None:
        expected = ndimage.binary_fill_holes(mask)
    else:
        holes, count = ndimage.label(~mask)
        small = 1 + np.flatnonzero(np.bincount(holes.ravel(), minlength=count + 1)[1:] < hole_area)
        expected = mask | np.isin(holes, small)
    found = FeatureDetection().run(
        AFMImageStack(mask[None].astype(float), 1.0, "h", "f"),
        mask_fn=lambda frame: frame > 0,
        fill_holes=True,
        hole_area=hole_area,
        min_size=0,
        remove_edge=False,
    )
    np.testing.assert_array_equal(found["labeled_masks"][0] > 0, expected)


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8", ">f8"])
def test_any_type_and_layout(dtype: str) -> None:
    images = np.round(movie(2)[0].clip(0) * 10)
    expected = run(stacked(images), ("feature_detection", {"mask_fn": "mask_threshold", "threshold": 10.0}))
    read_only = np.asfortranarray(images.astype(dtype))
    read_only.setflags(write=False)
    found = run(stacked(read_only), ("feature_detection", {"mask_fn": "mask_threshold", "threshold": 10.0}))
    key = "step_1_feature_detection"
    assert found["analysis"][key]["features_per_frame"] == expected["analysis"][key]["features_per_frame"]


def test_masks_of_the_stack_and_of_modules() -> None:
    images, _ = movie(2)
    stack = stacked(images)
    stack.masks["bright"] = images > 1.0
    expected = run(stack, DETECT)["analysis"]["step_1_feature_detection"]["summary"]
    assert (
        run(stack, ("feature_detection", {"mask_key": "bright"}))["analysis"]["step_1_feature_detection"]["summary"]
        == expected
    )
    previous = {"levels": {"mask": images > 1.0}}
    for key in ("levels.mask", ("levels", "mask")):
        assert FeatureDetection().run(stack, previous, mask_key=key)["summary"] == expected
    with pytest.raises(KeyError, match=r"bright.*levels\.mask"):
        FeatureDetection().run(stack, previous, mask_key="levels.musk")
    with pytest.raises(ValueError, match="bool of shape"):
        FeatureDetection().run(stack, {"levels": {"mask": images}}, mask_key="levels.mask")


def test_a_threshold_alone_is_one_of_heights() -> None:
    stack = stacked(movie(2)[0])
    named, short = (run(stack, ("feature_detection", own)) for own in (DETECT[1], {"threshold": 1.0, "min_size": 10}))
    key = "step_1_feature_detection"
    assert short["analysis"][key]["features_per_frame"] == named["analysis"][key]["features_per_frame"]
    assert short["provenance"]["steps"][0]["params"] == {"threshold": 1.0, "min_size": 10}
    pipeline = AnalysisPipeline()
    pipeline.add("feature_detection", threshold=1.0, factor=2.0)
    for refuse in (pipeline.validate, lambda: pipeline.run(stack)):
        with pytest.raises(TypeError, match=r"mask_threshold \(threshold\), found 'factor'"):
            refuse()


def test_bad_masks() -> None:
    stack = stacked(movie(1)[0])
    with pytest.raises(ValueError, match="none of them"):
        run(stack, ("feature_detection", {}))
    with pytest.raises(TypeError, match=r"mask_threshold \(threshold\), found 'treshold'"):
        run(stack, ("feature_detection", {"mask_fn": "mask_threshold", "treshold": 1.0}))
    for bad in (lambda frame: frame, lambda frame: (frame > 0)[1:], lambda frame: None):
        with pytest.raises(ValueError, match="mask of frame 0: expected bool of shape"):
            run(stack, ("feature_detection", {"mask_fn": bad}))


def test_frames_without_anything() -> None:
    images = np.stack([np.zeros((20, 20)), np.full((20, 20), np.nan), np.ones((20, 20))])
    with pytest.warns(UserWarning, match="1 of 3 frames have no finite pixel"):
        outputs = run(AFMImageStack(images, 1.0, "h", "f"), DETECT, ("particle_tracking", {}))["analysis"]
    assert outputs["step_1_feature_detection"]["features_per_frame"] == [[], [], []]
    assert outputs["step_2_particle_tracking"]["n_tracks"] == 0
    none = run(AFMImageStack(np.zeros((0, 4, 4)), 1.0, "h", "f"), DETECT, ("count_nonzero", {}))["analysis"]
    assert none["step_1_feature_detection"]["summary"]["avg_per_frame"] == 0.0
    assert none["step_2_count_nonzero"]["counts"].shape == (0,)


# ------------------------------------------------------------------ blobs
def test_blobs_like_scikit_image() -> None:
    images, _ = movie(3)
    found = run(stacked(images), ("log_blob_detection", {"threshold": 0.5}))["analysis"]["step_1_log_blob_detection"]
    for image, blobs in zip(images, found["features_per_frame"], strict=True):
        expected = blob_log(image, min_sigma=1, max_sigma=5, num_sigma=10, threshold=0.5, overlap=0.5)
        own = {(blob["y"], blob["x"], round(blob["sigma"], 9)) for blob in blobs}
        assert own == {(y, x, round(sigma, 9)) for y, x, sigma in expected.tolist()}
        strengths = [blob["amplitude"] for blob in blobs]
        assert strengths == sorted(strengths, reverse=True)


def test_blobs_between_pixels_are_tracked() -> None:
    images, places = movie(5)
    settings = {"threshold": 1.0, "min_sigma": 2, "refine": True}
    record = run(stacked(images), ("log_blob_detection", settings), ("particle_tracking", {}))
    tracking = record["analysis"]["step_2_particle_tracking"]
    assert tracking["n_tracks"] == 8
    for track in tracking["tracks"]:
        way = np.array(track["coords"])[:, ::-1]
        assert np.linalg.norm(places - way[:, None], axis=2).max(axis=0).min() < 0.4


def test_dark_blobs_gaps_and_whole_numbers() -> None:
    images, _ = movie(2)
    key = "step_1_log_blob_detection"
    settings = {"threshold": 1.0, "min_sigma": 2}
    bright = run(stacked(images), ("log_blob_detection", settings))["analysis"][key]
    dark = run(stacked(-images), ("log_blob_detection", settings | {"polarity": "dark"}))["analysis"][key]
    assert bright == dark
    whole = np.round(images * 100).astype(np.int16)
    scaled = run(stacked(whole), ("log_blob_detection", settings | {"threshold": 100.0}))["analysis"][key]
    assert scaled["summary"] == bright["summary"]
    gaps = images.copy()
    strongest = bright["features_per_frame"][0][0]
    gaps[0, int(strongest["y"]), int(strongest["x"])] = np.nan
    gaps[1] = np.nan
    with pytest.warns(UserWarning, match="1 of 2 frames have no finite pixel"):
        found = run(stacked(gaps), ("log_blob_detection", settings))["analysis"][key]["features_per_frame"]
    assert len(found[0]) == len(bright["features_per_frame"][0]) - 1
    assert found[1] == []
    flat = run(stacked(np.ones((1, 9, 9))), ("log_blob_detection", {"include_radius": False}))["analysis"][key]
    assert flat["features_per_frame"] == [[]]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"min_sigma": 0}, ValueError, "min_sigma"),
        ({"min_sigma": 6}, ValueError, "max_sigma"),
        ({"num_sigma": 0}, ValueError, "num_sigma"),
        ({"polarity": "both ways"}, ValueError, "polarity"),
        ({"treshold": 1}, TypeError, "did you mean 'threshold'"),
    ],
)
def test_bad_blobs(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        run(stacked(movie(1)[0]), ("log_blob_detection", settings))
