"""Tracks of AFM objects: simulated particles, missing frames, settings."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from afm_cases import DETECT, movie, run, stacked
from lumentrace.afm import AFMImageStack
from lumentrace.afm.analysis.modules.dbscan_clustering import DBSCANClustering
from lumentrace.afm.analysis.modules.particle_tracking import ParticleTracking


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
    whole = {"feature_detection": {"features_per_frame": [[{"centroid": (1.0, 2.0), "area": 3.0}]]}}
    # What is asked for by name is not replaced by something else.
    for module in (ParticleTracking(), DBSCANClustering()):
        with pytest.raises(KeyError, match=r"`coord_columns`: expected keys among centroid, area, found center_x"):
            module.run(stack, whole, coord_columns=("center_x", "center_y"))
    track = ParticleTracking().run(stack, whole)["tracks"][0]
    assert (track["coords"], track["coord_axes"]) == ([(2.0, 1.0)], ("x", "y"))
    same = ParticleTracking().run(stack, whole, coord_columns=("area", "centroid_y"))["tracks"][0]
    assert same["coords"] == [(3.0, 1.0)]
