"""Whether the tracks of a film can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np

from lumentrace.afm.analysis.found import Found, Track
from lumentrace.afm.stack import AFMImageStack
from lumentrace.engine.verdict import DOUBTFUL, Evidence, Reason

PIECES = 2.0
"""Greatest number of tracks for each object of a frame."""
LOOSE = 0.05
"""Greatest share of tracks that begin or end in the midst: one that breaks makes two of these."""
FRAMES = 5
"""Least number of frames that tells of motion: with fewer the mean squared displacement has no three lags to fit."""
TOGETHER, SURE = 0.3, 4.0
"""Greatest mean step of all tracks, in standard deviations of a step: more adds a tenth to the diffusion coefficient
over three lags. It counts if it is as many standard errors from 0, which chance makes of one film in 10 000."""


def _tracks(stack: AFMImageStack, found: Found) -> list[Reason]:
    tracks = [] if found.tracked is None else found.tracked["tracks"]
    if not tracks:
        return []
    reasons = []
    advice = "raise max_distance and max_missing of particle_tracking, or lower the threshold"
    gappy = sum(_missing(track) > _points(track) for track in tracks) / len(tracks)
    if gappy > 0:
        evidence = Evidence("tracks with more gaps than points", gappy, "", "0")
        reasons.append(Reason(DOUBTFUL, "tracks are shorter than their gaps", advice, (evidence,)))
    counts = [len(frame) for each in found.detected.values() for frame in each["features_per_frame"]]
    pieces = len(tracks) / max(median(counts), 1) if counts else 0.0
    if pieces > PIECES:
        evidence = Evidence("tracks for each object of a frame", pieces, "", f"at most {PIECES:g}")
        reasons.append(Reason(DOUBTFUL, "there are many more tracks than objects: tracks broke", advice, (evidence,)))
    return reasons


def _ends(stack: AFMImageStack, found: Found) -> list[Reason]:
    tracks = [] if found.tracked is None else found.tracked["tracks"]
    if not tracks:
        return []
    margin = _diameter(found)
    loose = sum(_begins_or_ends(track, stack, margin) for track in tracks) / len(tracks)
    if loose <= LOOSE:
        return []
    evidence = Evidence("tracks that begin or end in the midst of film and field", loose, "", f"at most {LOOSE:g}")
    text = "tracks begin or end in the midst: particles came and went, or tracks broke"
    advice = "look at the film; if particles stay, raise max_distance_nm and max_gap_s of particle_tracking"
    return [Reason(DOUBTFUL, text, advice, (evidence,))]


def _diameter(found: Found) -> float:
    """Of a typical object, in pixels."""
    detected = found.detected.get("feature_detection")
    areas = [] if detected is None else [f["area"] for frame in detected["features_per_frame"] for f in frame]
    return 2 * (median(areas) / np.pi) ** 0.5 if areas else 0.0


def _begins_or_ends(track: Track, stack: AFMImageStack, margin: float) -> bool:
    """Whether a track does so neither at the ends of the film nor near the border of the field."""
    ends = [(0, track["frames"][0] > 0), (-1, track["frames"][-1] < stack.n_frames - 1)]
    return any(inside and not _near_border(track, end, stack, margin) for end, inside in ends)


def _near_border(track: Track, end: int, stack: AFMImageStack, margin: float) -> bool:
    place = track["coords"][end]
    if place is None:
        return False
    sizes = {"x": stack.width, "y": stack.height}
    return any(
        not margin <= value <= sizes[axis] - 1 - margin
        for axis, value in zip(track["coord_axes"], place, strict=False)
        if axis in sizes
    )


def _points(track: Track) -> int:
    return sum(place is not None for place in track["coords"])


def _missing(track: Track) -> int:
    return len(track["coords"]) - _points(track)


def _times(stack: AFMImageStack, found: Found) -> list[Reason]:
    missing = sum(entry["timestamp"] is None for entry in stack.frame_metadata)
    if found.tracked is None or not missing or stack.n_frames < 2:
        return []
    evidence = Evidence("frames without a time", missing, "", "0")
    text = "the file does not say when frames were taken, so speeds and diffusion are in frames, not seconds"
    return [Reason(DOUBTFUL, text, "give a file that holds the times of its frames", (evidence,))]


def _short(stack: AFMImageStack, found: Found) -> list[Reason]:
    if found.tracked is None or not 1 < stack.n_frames < FRAMES:
        return []
    evidence = Evidence("frames", stack.n_frames, "", f"at least {FRAMES}")
    text = "the film is too short to tell of motion"
    return [Reason(DOUBTFUL, text, "take objects of single frames only, or a longer film", (evidence,))]


def _drift(stack: AFMImageStack, found: Found) -> list[Reason]:
    tracks = [] if found.tracked is None else found.tracked["tracks"]
    steps = [step for track in tracks for step in _steps(track)]
    if len(steps) < SURE**2:
        return []
    mean, spread = np.mean(steps, axis=0), np.std(steps, axis=0).mean()
    drift = float(np.linalg.norm(mean))
    # What stays below a pixel over the whole film does not matter, however still the particles are.
    if drift * stack.n_frames < 1 or drift <= spread * max(TOGETHER, SURE / len(steps) ** 0.5):
        return []
    evidence = Evidence(
        "mean step over its standard deviation", drift / max(float(spread), 1e-9), "", f"at most {TOGETHER:g}"
    )
    text = "all particles move together: the film drifts, which adds to speeds and diffusion"
    return [Reason(DOUBTFUL, text, "add correct_drift or align_frames to --process", (evidence,))]


def _steps(track: Track) -> list[tuple[float, ...]]:
    """Displacements from frame to frame."""
    pairs = zip(track["coords"], track["coords"][1:], strict=False)
    return [
        tuple(b - a for a, b in zip(one[:2], other[:2], strict=True))
        for one, other in pairs
        if one is not None and other is not None
    ]


TRACK_CHECKS: tuple[Callable[[AFMImageStack, Found], list[Reason]], ...] = (_short, _drift, _tracks, _ends, _times)
