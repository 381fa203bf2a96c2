"""Outlines of the objects of a film, for QuPath."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lumentrace.afm.analysis.found import Found
from lumentrace.storage import Shape, label_shapes

LEFT_OUT = ("label", "area")
"""What is the name of an object, or among its measurements already."""


def object_shapes(found: Found) -> Iterator[Shape]:
    """The objects of all frames with their figures, and their track if they belong to one.

    Parameters
    ----------
    found : Found

    Raises
    ------
    ValueError
        If no objects were looked for.
    """
    if "feature_detection" not in found.detected:
        raise ValueError("expected objects to write their outlines, found none; analyse with feature_detection")
    objects, tracks = found.detected["feature_detection"], _tracks(found)
    for frame, (labels, features) in enumerate(
        zip(objects["labeled_masks"], objects["features_per_frame"], strict=True)
    ):
        known = {each["label"]: _figures(each, frame, tracks.get((frame, each["label"]), set())) for each in features}
        for shape in label_shapes(labels, known, classification="object"):
            yield replace(shape, time=frame)


def _figures(feature: Mapping[str, Any], frame: int, tracks: set[int]) -> dict[str, float]:
    numbers = {name: value for name, value in feature.items() if isinstance(value, (int, float))}
    figures = {name: float(value) for name, value in numbers.items() if name not in LEFT_OUT}
    return {"frame": float(frame), **figures, **({"track": float(min(tracks))} if len(tracks) == 1 else {})}


def _tracks(found: Found) -> dict[tuple[int, int], set[int]]:
    """The tracks through each object, by its frame and label."""
    through: dict[tuple[int, int], set[int]] = defaultdict(set)
    if found.tracked is None:
        return through
    features = found.detected[found.tracked["detector"]]["features_per_frame"]
    for track in found.tracked["tracks"]:
        for frame, index in zip(track["frames"], track["point_indices"], strict=True):
            if index is not None and "label" in features[frame][index]:
                through[frame, features[frame][index]["label"]].add(int(track["id"]))
    return through
