"""Figures of tracks against simulated truth, and the helpers around records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from afm_cases import DETECT, movie, run, stacked
from lumentrace.afm import AFMImageStack
from lumentrace.afm.analysis.tracks import mean_squared_displacement, track_points, track_statistics
from lumentrace.afm.analysis.utils import common, frames, particles
from lumentrace.afm.analysis.utils.loader import load_analysis_module
from lumentrace.base.errors import FormatError

TRACK = ("particle_tracking", {"max_distance": 6.0, "max_missing": 1, "method": "optimal"})


def walks(count: int, length: int, step: float, seed: int = 0, missing: float = 0.0) -> list[dict[str, Any]]:
    """Random walks in pixels, with gaps."""
    random = np.random.default_rng(seed)
    tracks = []
    for number in range(count):
        places = np.cumsum(random.normal(0, step, (length, 2)), axis=0)
        seen = random.random(length) >= missing
        seen[[0, -1]] = True
        coords = [tuple(place) if own else None for place, own in zip(places.tolist(), seen, strict=True)]
        tracks.append({"id": number, "frames": list(range(length)), "coords": coords, "coord_axes": ("x", "y")})
    return tracks


def blank(frames_: int, pixel_nm: float = 2.0, seconds: float = 0.25, y_nm: float | None = None) -> AFMImageStack:
    metadata = [{"timestamp": seconds * number} for number in range(frames_)]
    return AFMImageStack(np.zeros((frames_, 4, 4)), pixel_nm, "height_trace", "f.asd", metadata, pixel_size_y_nm=y_nm)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_mean_squared_displacement_like_a_loop(missing: float) -> None:
    tracks = walks(4, 30, 1.0, missing=missing)
    found = mean_squared_displacement(tracks, blank(30), max_lag=12)
    for lag, lag_s, msd, pairs in found.rows():
        squares = []
        for track in tracks:
            places = {f: np.array(c) for f, c in zip(track["frames"], track["coords"], strict=True) if c is not None}
            squares += [((places[f + lag] - place) ** 2).sum() * 4 for f, place in places.items() if f + lag in places]
        assert (msd, pairs) == (pytest.approx(np.mean(squares)), len(squares))
        assert lag_s == lag * 0.25
    assert found["lag"].to_list() == list(range(1, 13))


def test_diffusion_of_random_walks() -> None:
    # Steps of 1 pixel = 2 nm along each axis in 0.25 s: D = 4 / (2 * 0.25) nm²/s.
    figures = track_statistics(walks(300, 100, 1.0, seed=4), blank(100))
    assert figures["diffusion_nm2_s"].mean() == pytest.approx(8.0, rel=0.03)
    assert figures["msd_1_nm2"].mean() == pytest.approx(8.0, rel=0.02)
    assert figures["path_nm"].mean() == pytest.approx(99 * 2 * np.sqrt(np.pi / 2), rel=0.02)


def test_figures_of_a_straight_track() -> None:
    track = {"id": 7, "frames": [2, 3, 4, 5], "coords": [(0.0, 0.0), (3.0, 4.0), None, (9.0, 12.0)]}
    figures = track_statistics([track], blank(8)).row(0, named=True)
    expected = {"track": 7, "first_frame": 2, "last_frame": 5, "points": 3, "gaps": 1, "duration_s": 0.75}
    expected |= {"dwell_s": 1.0, "displacement_nm": 30.0, "path_nm": 30.0, "mean_speed_nm_s": 40.0, "straightness": 1.0}
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    points = track_points([track], blank(8))
    assert points.rows() == [(7, 2, 0.5, 0.0, 0.0), (7, 3, 0.75, 6.0, 8.0), (7, 5, 1.25, 18.0, 24.0)]


def test_axes_and_pixels_that_are_not_square() -> None:
    track = {"id": 0, "frames": [0], "coords": [(1.0, 10.0)], "coord_axes": ("y", "x")}
    assert track_points([track], blank(1, y_nm=3.0)).rows() == [(0, 0, 0.0, 20.0, 3.0)]


def test_a_single_point_has_no_speed() -> None:
    track = {"id": 0, "frames": [1], "coords": [(1.0, 1.0)]}
    figures = track_statistics([track], blank(3)).row(0, named=True)
    for name in ("mean_speed_nm_s", "straightness", "msd_1_nm2", "diffusion_nm2_s"):
        assert np.isnan(figures[name])
    assert mean_squared_displacement([track], blank(3)).is_empty()
    assert track_statistics([], blank(3)).is_empty()
    assert track_points([], blank(3)).is_empty()
    with pytest.raises(ValueError, match="max_lag"):
        mean_squared_displacement([track], blank(3), max_lag=0)


def test_the_module_and_spots_as_its_input() -> None:
    images, truth = movie(20)
    spots = ("log_blob_detection", {"min_sigma": 2, "max_sigma": 4, "num_sigma": 5, "threshold": 1.0, "refine": True})
    record = run(stacked(images), spots, TRACK, ("track_statistics", {"max_lag": 5}))
    outputs = record["provenance"]["results_by_name"]["track_statistics"][0]
    assert len(outputs["tracks"]["track"]) == 8
    assert outputs["msd"]["lag"].tolist() == [1, 2, 3, 4, 5]
    # 0.8 pixels of 2 nm along each axis.
    assert outputs["msd"]["msd_nm2"][0] == pytest.approx(2 * 1.6**2, rel=0.2)
    assert len(truth) == 20
    with pytest.raises(RuntimeError, match="expected particle_tracking before it"):
        run(stacked(images), spots, ("track_statistics", {}))
    with pytest.raises(TypeError, match="did you mean 'max_lag'"):
        run(stacked(images), spots, TRACK, ("track_statistics", {"maxlag": 5}))


# ------------------------------------------------------------------ helpers
def test_tables_of_frames_and_particles(tmp_path: Path) -> None:
    images, _ = movie(5)
    record = run(stacked(images), DETECT, TRACK, ("k_means_clustering", {"k": 8, "use_time": False}))
    detection, tracking, clusters = record["analysis"].values()
    summary = frames.frame_summary_to_dataframe(detection["features_per_frame"])
    assert summary["n_features"].to_list() == [8] * 5
    first = detection["features_per_frame"][0]
    assert summary["total_area"][0] == sum(feature["area"] for feature in first)
    assert summary["mean_intensity"][0] == pytest.approx(np.mean([feature["mean"] for feature in first]))
    rows = particles.flatten_particle_features(tracking, detection)
    assert rows.columns[:4] == ["track_id", "frame", "timestamp", "label"]
    assert len(rows) == 40
    one = rows.row(0, named=True)
    assert (one["centroid_y"], one["centroid_x"]) == first[tracking["tracks"][0]["point_indices"][0]]["centroid"]
    assert len(particles.flatten_particle_features(clusters, detection)) == 40
    assert particles.flatten_particle_features(clusters, detection).columns[0] == "cluster_id"
    particles.export_particle_csv(rows, tmp_path / "particles.csv")
    assert (tmp_path / "particles.csv").read_text().startswith("track_id,frame,timestamp,label,centroid_x")
    flat = frames.features_to_dataframe(detection["features_per_frame"])
    assert flat["bbox_3"].to_list() == [f["bbox"][3] for own in detection["features_per_frame"] for f in own]
    with pytest.raises(ValueError, match="expected tracks or clusters"):
        particles.flatten_particle_features({"x": []}, detection)


def test_gaps_of_tracks_are_left_out() -> None:
    detection = {"features_per_frame": [[{"centroid": (1.0, 2.0)}], [], [{"centroid": (3.0, 4.0)}]]}
    grouping = {"tracks": [{"id": 0, "frames": [0, 1, 2], "point_indices": [0, None, 0]}]}
    rows = particles.flatten_particle_features(grouping, detection)
    assert rows["frame"].to_list() == [0, 2]
    assert rows["area"].to_list() == [None, None]


def test_plots_of_tables() -> None:
    pytest.importorskip("matplotlib")
    images, _ = movie(4)
    record = run(stacked(images), DETECT, TRACK)
    detection, tracking = record["analysis"].values()
    summary = frames.frame_summary_to_dataframe(detection["features_per_frame"])
    axes = frames.plot_frame_histogram(summary, "total_area", bins=4)
    assert sum(bar.get_height() for bar in axes.patches) == 4
    with pytest.raises(ValueError, match="expected one of frame_index"):
        frames.plot_frame_histogram(summary, "area")
    rows = particles.flatten_particle_features(tracking, detection)
    assert len(particles.plot_particle_labels_3d(rows).lines) == 8


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(equal, one, other))
    if hasattr(one, "keys"):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    return type(one) is type(other) and (one == other or (one != one and other != other))


def test_records_survive_hdf5(tmp_path: Path) -> None:
    images, _ = movie(4)
    record = run(
        stacked(images),
        ("count_nonzero", {}),
        DETECT,
        TRACK,
        ("dbscan_clustering", {"eps": 0.05, "use_time": False}),
        ("track_statistics", {}),
    )
    common.export_to_hdf5(record, tmp_path / "new" / "record.h5")
    back = common.load_analysis_from_hdf5(tmp_path / "new" / "record.h5")
    for part in ("environment", "analysis", "provenance"):
        for key, value in record[part].items():
            assert equal(value, back[part][key]), (part, key)
    # What occurs twice is written once.
    assert (tmp_path / "new" / "record.h5").stat().st_size < 600_000
    for odd in (
        {"none": None, "nan": float("nan"), "pair": (1, "a")},
        {"empty": [], "deep": [[1, [2.5]]], "flag": True},
    ):
        common.export_to_hdf5(odd, tmp_path / "odd.h5")
        assert equal(common.load_analysis_from_hdf5(tmp_path / "odd.h5"), odd)
    (tmp_path / "bad.h5").write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"bad\.h5"):
        common.load_analysis_from_hdf5(tmp_path / "bad.h5")
    with pytest.raises(TypeError):
        common.export_to_hdf5({"object": object()}, tmp_path / "object.h5")
    assert not (tmp_path / "object.h5").exists()


class Made(Mapping[int, np.ndarray]):
    """Arrays that are made when they are asked for, and gone afterwards."""

    def __getitem__(self, key: int) -> np.ndarray:
        return np.full((3, 3), key)

    def __iter__(self) -> Iterator[int]:
        return iter(range(50))

    def __len__(self) -> int:
        return 50


def test_arrays_made_on_the_way_are_not_mixed_up(tmp_path: Path) -> None:
    common.export_to_hdf5({"masks": Made()}, tmp_path / "record.h5")
    back = common.load_analysis_from_hdf5(tmp_path / "record.h5")["masks"]
    assert list(back) == list(range(50))
    assert all((array == key).all() for key, array in back.items())


def test_short_form_of_records(tmp_path: Path) -> None:
    images, _ = movie(3)
    record = run(stacked(images), DETECT, TRACK)
    short = json.loads(common.safe_json_dumps(common.make_json_safe(record)))
    mask = short["analysis"]["step_1_feature_detection"]["labeled_masks"][0]
    assert mask == {"_array_shape": [96, 96], "_array_dtype": "int32", "_summary": mask["_summary"]}
    assert mask["_summary"]["max"] == 8.0
    assert common.sanitize_analysis_for_logging({"a": {"b": {"c": 1}}}, 1) == {"a": "<dict of 1, nested deeper>"}
    assert common.sanitize_analysis_for_logging(np.array([np.nan, 2.0]))["_summary"]["max"] == 2.0
    assert "object at" in common.safe_json_dumps({"odd": object()})
    assert load_analysis_module("count_nonzero").name == "count_nonzero"
