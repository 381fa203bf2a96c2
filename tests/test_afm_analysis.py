"""AFM stacks, masks, modules and pipelines: what they measure, record and refuse."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from skimage.feature import blob_log
from skimage.measure import label, regionprops_table
from skimage.morphology import disk

from lumentrace.afm import AFMImageStack, AnalysisModule, AnalysisPipeline, export_analysis_to_json, masks
from lumentrace.afm.analysis import registry
from lumentrace.afm.analysis.modules.feature_detection import FeatureDetection
from lumentrace.afm.analysis.modules.particle_tracking import ParticleTracking


def movie(frames: int = 6, particles: int = 8, seed: int = 0, size: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian particles that wander, and where they are: (frames, height, width), (frames, particles, 2)."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.linspace(14, size - 14, 4)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    start = grid[random.permutation(len(grid))[:particles]]
    places = start + np.cumsum(random.normal(0, 0.8, (frames, particles, 2)), axis=0)
    y, x = np.indices((size, size))
    images = random.normal(0, 0.1, (frames, size, size))
    for frame, own in enumerate(places):
        for row, column in own:
            images[frame] += 5 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 18)
    return images, places


def stacked(images: np.ndarray, **settings: Any) -> AFMImageStack:
    metadata = [{"timestamp": 0.5 * frame} for frame in range(len(images))]
    return AFMImageStack(images, settings.pop("pixel_size_nm", 2.0), "height_trace", "movie.asd", metadata)


def run(stack: AFMImageStack, *steps: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    pipeline = AnalysisPipeline()
    for name, params in steps:
        pipeline.add(name, **params)
    return pipeline.run(stack)


DETECT = ("feature_detection", {"mask_fn": "mask_threshold", "threshold": 1.0})


# ------------------------------------------------------------------ stacks
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
        )
        expected = regionprops_table(labels, images[frame], properties=names)
        for number, feature in enumerate(features):
            names_of = ("major_axis", "minor_axis", "eccentricity", "orientation", "mean", "min", "max")
            found = [feature["area"], *feature["bbox"], *feature["centroid"], *feature["centroid_weighted"]]
            found += [feature[name] for name in names_of]
            np.testing.assert_allclose(found, [values[number] for values in expected.values()], rtol=1e-9, atol=1e-9)
            assert (feature["centroid_y"], feature["centroid_x"]) == feature["centroid"]
            assert feature["area_nm2"] == 4 * feature["area"]
            assert feature["frame_timestamp"] == 0.5 * frame


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


@pytest.mark.parametrize("hole_area", [None, 4, 40])
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


def test_bad_masks() -> None:
    stack = stacked(movie(1)[0])
    with pytest.raises(ValueError, match="neither"):
        run(stack, ("feature_detection", {}))
    with pytest.raises(TypeError, match=r"mask_threshold \(threshold\), found 'treshold'"):
        run(stack, ("feature_detection", {"mask_fn": "mask_threshold", "treshold": 1.0}))
    for bad in (lambda frame: frame, lambda frame: (frame > 0)[1:], lambda frame: None):
        with pytest.raises(ValueError, match="mask of frame 0: expected bool of shape"):
            run(stack, ("feature_detection", {"mask_fn": bad}))


def test_frames_without_anything() -> None:
    images = np.stack([np.zeros((20, 20)), np.full((20, 20), np.nan), np.ones((20, 20))])
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


# ------------------------------------------------------------------ tracks
@pytest.mark.parametrize("method", ["greedy", "optimal"])
def test_tracks_follow_the_particles(method: str) -> None:
    images, places = movie(10)
    record = run(stacked(images), DETECT, ("particle_tracking", {"method": method}))
    tracks = record["analysis"]["step_2_particle_tracking"]["tracks"]
    assert len(tracks) == 8
    for track in tracks:
        way = np.array(track["coords"])[:, ::-1]
        assert track["frames"] == list(range(10))
        assert np.linalg.norm(places - way[:, None], axis=2).max(axis=0).min() < 0.6
        steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
        assert track["path_length"] == pytest.approx(steps.sum())
        assert track["mean_speed"] == pytest.approx(steps.sum() / 4.5)
        assert track["displacement"] == pytest.approx(np.linalg.norm(way[-1] - way[0]))
    masks_of = record["analysis"]["step_2_particle_tracking"]["track_masks"]
    assert list(masks_of) == list(range(8))
    last = record["analysis"]["step_1_feature_detection"]["labeled_masks"][9]
    np.testing.assert_array_equal(
        masks_of[3], last == last[tuple(np.round(np.array(tracks[3]["coords"][-1])[::-1]).astype(int))]
    )


def wandering(
    seed: int, frames: int, particles: int, missed: float
) -> tuple[list[list[dict[str, Any]]], list[np.ndarray]]:
    """Features of simulated particles, some of them missed, in random order, and which particle each is."""
    random = np.random.default_rng(seed)
    places = random.uniform(0, 256, (particles, 2))
    features, truth = [], []
    for _ in range(frames):
        places = places + random.normal(0, 0.9, places.shape)
        seen = random.permutation(particles)[: round(particles * (1 - missed))]
        features.append([{"centroid_x": float(x), "centroid_y": float(y)} for x, y in places[seen]])
        truth.append(seen)
    return features, truth


def kept_links(tracks: list[dict[str, Any]], truth: list[np.ndarray], most: int) -> float:
    """Share of the true links, over gaps of up to `most` frames, that are there."""
    found = set()
    for track in tracks:
        seen = [
            (frame, index)
            for frame, index in zip(track["frames"], track["point_indices"], strict=True)
            if index is not None
        ]
        found.update(pairwise(seen))
    links, last = set(), {}
    for frame, own in enumerate(truth):
        for index, particle in enumerate(own):
            if particle in last and frame - last[particle][0] <= most + 1:
                links.add((last[particle], (frame, index)))
            last[particle] = (frame, index)
    return len(links & found) / len(links)


@pytest.mark.parametrize("seed", range(3))
def test_optimal_links_keep_the_particles(seed: int) -> None:
    features, truth = wandering(seed, 120, 50, 0.2)
    stack = AFMImageStack(np.zeros((120, 2, 2)), 1.0, "h", "f")
    shares = {}
    for method in ("greedy", "optimal"):
        found = ParticleTracking().run(
            stack,
            {"feature_detection": {"features_per_frame": features}},
            max_distance=5.0,
            max_missing=3,
            distance_scale="sqrt",
            method=method,
        )
        shares[method] = kept_links(found["tracks"], truth, 3)
    assert shares["optimal"] >= 0.95
    assert shares["optimal"] >= shares["greedy"]


def test_tracks_without_masks_and_short_ones() -> None:
    features, _ = wandering(1, 10, 5, 0.0)
    stack = AFMImageStack(np.zeros((10, 2, 2)), 1.0, "h", "f")
    previous = {"log_blob_detection": {"features_per_frame": features}}
    found = ParticleTracking().run(stack, previous, max_distance=6)
    assert (found["n_tracks"], len(found["track_masks"])) == (5, 0)
    assert ParticleTracking().run(stack, previous, max_distance=6, min_track_length=11)["tracks"] == []


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"max_distance": -1}, ValueError, "max_distance"),
        ({"max_distance": np.nan}, ValueError, "max_distance"),
        ({"max_missing": -1}, ValueError, "max_missing"),
        ({"distance_scale": "cubic"}, ValueError, "distance_scale"),
        ({"method": "best"}, ValueError, "method"),
        ({"coord_order": "yx"}, ValueError, "coord_order"),
        ({"max_distanc": 3}, TypeError, "did you mean 'max_distance'"),
    ],
)
def test_bad_tracking(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        run(stacked(movie(2)[0]), DETECT, ("particle_tracking", settings))


def test_coordinates_that_are_not_there() -> None:
    stack = AFMImageStack(np.zeros((1, 2, 2)), 1.0, "h", "f")
    with pytest.raises(KeyError, match=r"among x, y, found centroid_x"):
        ParticleTracking().run(stack, {"log_blob_detection": {"features_per_frame": [[{"x": 1.0, "y": 2.0}]]}})
    with pytest.raises(RuntimeError, match="found none"):
        ParticleTracking().run(stack)


# ------------------------------------------------------------------ pipelines and records
def test_record() -> None:
    stack = stacked(movie(3)[0])
    pipeline = AnalysisPipeline()
    for name, params in (
        ("count_nonzero", {}),
        DETECT,
        ("feature_detection", {"mask_fn": "mask_mean_offset"}),
        ("particle_tracking", {}),
    ):
        pipeline.add(name, **params)
    pipeline.validate()
    record = pipeline.run(stack)
    keys = ["step_1_count_nonzero", "step_2_feature_detection", "step_3_feature_detection", "step_4_particle_tracking"]
    assert list(record) == ["environment", "analysis", "provenance"]
    assert list(record["analysis"]) == keys
    steps = record["provenance"]["steps"]
    assert list(steps[1]) == ["index", "name", "params", "timestamp", "version", "analysis_key"]
    assert [step["analysis_key"] for step in steps] == keys
    assert steps[1]["params"] == {"mask_fn": "mask_threshold", "threshold": 1.0}
    assert datetime.fromisoformat(steps[0]["timestamp"]).tzinfo is not None
    both = record["provenance"]["results_by_name"]["feature_detection"]
    assert both[1]["summary"] == record["analysis"][keys[2]]["summary"]
    assert record["provenance"]["keys_by_name"]["feature_detection"] == keys[1:3]
    assert record["provenance"]["frame_times"] == [0.0, 0.5, 1.0]
    assert {"timestamp", "python_version", "platform", "lumentrace_version", "numpy_version"} <= set(
        record["environment"]
    )
    pipeline.clear()
    pipeline.add("count_nonzero")
    again = pipeline.run(stack)
    assert list(again["analysis"]) == keys[:1]
    assert len(record["provenance"]["steps"]) == 4
    assert list(stack.analysis) == keys
    assert AnalysisPipeline().run(stack)["analysis"] == {}


def test_order_and_names() -> None:
    stack = stacked(movie(1)[0])
    with pytest.raises(
        RuntimeError, match=r"step 1, particle_tracking: expected feature_detection or log_blob_detection"
    ):
        run(stack, ("particle_tracking", {}))
    with pytest.raises(ValueError, match="did you mean 'count_nonzero'"):
        run(stack, ("count_nonzeros", {}))
    pipeline = AnalysisPipeline()
    pipeline.add("particle_tracking")
    with pytest.raises(RuntimeError, match="step 1"):
        pipeline.validate()


def test_results_before_a_failure_stay() -> None:
    stack = stacked(movie(1)[0])
    with pytest.raises(ValueError, match="mask_fn"):
        run(stack, ("count_nonzero", {}), ("feature_detection", {"mask_fn": "nothing"}))
    assert list(stack.analysis) == ["step_1_count_nonzero"]


class Plugin(AnalysisModule):
    name = "plugin"

    def run(self, stack: Any, previous_results: Any = None, **params: Any) -> dict[str, Any]:
        raise RuntimeError("the plugin's own trouble")


class Entry:
    """Stands for an entry point."""

    def __init__(self, name: str, what: Any):
        self.name, self._what = name, what

    def load(self) -> Any:
        if isinstance(self._what, Exception):
            raise self._what
        return self._what


def test_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        "plugin": Plugin,
        "broken": ImportError("no such thing"),
        "number": 7,
        "other": dict,
        "fails": lambda: 1 / 0,
    }
    entries = [Entry(name, what) for name, what in made.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries if group == "playnano.analysis" else [])
    assert registry.load_analysis_module("plugin").name == "plugin"
    for name, error in (("broken", RuntimeError), ("number", TypeError), ("other", TypeError), ("fails", RuntimeError)):
        with pytest.raises(error, match=f"'{name}'"):
            registry.load_analysis_module(name)
    with pytest.raises(RuntimeError, match="the plugin's own trouble"):
        run(stacked(movie(1)[0]), ("plugin", {}))


def test_modules_need_a_name_and_run() -> None:
    class Nameless(AnalysisModule):
        def run(self, stack: Any, previous_results: Any = None, **params: Any) -> dict[str, Any]:
            return {}

    with pytest.raises(TypeError, match="abstract"):
        Nameless()  # type: ignore[abstract]


def test_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stacked(movie(2)[0])
    path = tmp_path / "new" / "record.json"
    pipeline = AnalysisPipeline()
    pipeline.add(*DETECT[:1], **DETECT[1])
    record = pipeline.run(stack, log_to=path)
    read = json.loads(path.read_text())
    key = "step_1_feature_detection"
    assert read["analysis"][key]["summary"] == record["analysis"][key]["summary"]
    assert np.array(read["analysis"][key]["labeled_masks"]).shape == (2, 96, 96)
    odd = {
        np.int64(3): np.bool_(True), "nan": np.array([np.nan, 1.0]), "path": Path("a"), "set": {2, 1}, "bytes": b"x",
        "time": np.datetime64("2026-01-01"), "function": np.mean, "text": np.str_("t"), "inf": float("inf"),
    }  # fmt: skip
    monkeypatch.chdir(tmp_path)
    export_analysis_to_json("bare.json", odd)
    assert json.loads(Path("bare.json").read_text()) == {
        "3": True, "nan": [None, 1.0], "path": "a", "set": [1, 2], "bytes": "eA==", "time": "2026-01-01",
        "function": "<function mean>", "text": "t", "inf": None,
    }  # fmt: skip
    export_analysis_to_json("nan.json", odd, allow_nan=True)
    assert "Infinity" in Path("nan.json").read_text()
    with pytest.raises(TypeError):
        export_analysis_to_json("bare.json", {"complex": 1j})
    assert "mean" in Path("bare.json").read_text()
