"""A film of heights frame by frame, with the outlines of objects and the tails of tracks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lumentrace.afm.analysis.found import Detected, Found, Track
from lumentrace.afm.stack import AFMImageStack
from lumentrace.plots.film import Bar, Frame, Gradient, Shape
from lumentrace.plots.linked import identity
from lumentrace.plots.outlines import outlines
from lumentrace.plots.palette import NEUTRAL, PALETTE

from .drawing import ANCHORS, Range, coloured, spelled
from .figures import TRACK, height_title

MOST_FRAMES = 40
"""Of a film in a report, which then takes about 1 MB at most."""
SIDE = 320
"""Larger frames are shown with every second, third, ... pixel."""
MOST_SHAPES = 60
"""Of a frame: with more of them nothing can be told apart."""
TAIL = 10
"""Places of a track that are drawn behind an object."""
ROUND = 24
"""Corners of the circle that stands for a spot."""

Place = tuple[int, int]
Shapes = dict[int, list[Shape]]


def film_frame(stack: AFMImageStack, number: int, time: float, limits: Range, shapes: Sequence[Shape]) -> Frame:
    """A frame in colours."""
    step = max(1, max(stack.data.shape[1:]) // SIDE)
    picture = coloured(stack.data[number, ::step, ::step], limits)
    return Frame(f"frame {number}, {time:.4g} s", picture, shapes)


def scale_bar(stack: AFMImageStack) -> Bar:
    """That of a film."""
    return Bar.of(stack.pixel_size_nm * stack.width, spelled)


def colour_bar(stack: AFMImageStack, limits: Range) -> Gradient:
    """The colours of the film and the heights at their ends."""
    return Gradient([(place, f"rgb{colour}") for place, colour in ANCHORS], *limits, height_title(stack.unit))


def shapes(found: Found, shape: tuple[int, int]) -> Shapes:
    """What is drawn over each frame; nothing if neither objects nor tracks were found."""
    tracks: Sequence[Track] = [] if found.tracked is None else found.tracked["tracks"]
    name = next(iter(found.detected), "") if found.tracked is None else found.tracked["detector"]
    detected = found.detected.get(name)
    if detected is None or not any(detected["features_per_frame"]):
        return {}
    colours = {track["id"]: PALETTE[place % len(PALETTE)] for place, track in enumerate(tracks)}
    drawn: Shapes = defaultdict(list)
    for frame, own in _objects(detected, _owners(tracks), colours):
        drawn[frame].append(own)
    for track in tracks:
        for frame, own in _tails(track, colours[track["id"]]):
            drawn[frame].append(own)
    return drawn


def _owners(tracks: Sequence[Track]) -> dict[Place, int]:
    """The track of each object, by its frame and its place there."""
    return {
        (frame, index): track["id"]
        for track in tracks
        for frame, index in zip(track["frames"], track["point_indices"], strict=True)
        if index is not None
    }


def _objects(
    detected: Detected, owners: Mapping[Place, int], colours: Mapping[int, str]
) -> Iterator[tuple[int, Shape]]:
    masks = detected.get("labeled_masks", [])
    for frame, features in enumerate(detected["features_per_frame"]):
        lines = dict(outlines(masks[frame])) if len(masks) else {}
        for index, feature in enumerate(features[:MOST_SHAPES]):
            owner = owners.get((frame, index))
            points = lines.get(int(feature.get("label", -1)), _circle(feature))
            known = "" if owner is None else identity(TRACK, owner)
            yield frame, Shape(known, points, NEUTRAL if owner is None else colours[owner], True)


def _circle(feature: Mapping[str, float]) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
    radius = feature.get("radius", 3.0)
    x, y = feature["centroid_x"] + 0.5, feature["centroid_y"] + 0.5
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)


def _tails(track: Track, colour: str) -> Iterator[tuple[int, Shape]]:
    """For each frame of a track the places where it last was."""
    x, y = (1, 0) if track["coord_axes"][0] == "y" else (0, 1)
    places: list[tuple[float, float]] = []
    for frame, coords in zip(track["frames"], track["coords"], strict=True):
        if coords is not None:
            places.append((coords[x] + 0.5, coords[y] + 0.5))
        if len(places) > 1:
            yield frame, Shape(identity(TRACK, track["id"]), np.array(places[-TAIL:]), colour, False)
