"""Whether the tracks of a film can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from lumentrace.afm.analysis.found import Detected, Found, Track
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
WIDE, CROWDED = 2.355, 0.25
"""Standard deviations of a Gaussian that it is wide at half its height, and the greatest share of particles that have
another nearer than that. With more, films of 20 and 30 particles at random in 254 nm have a wrong number in 4 of 10."""
RANGE = 5.0
"""Range of steps in standard deviations, as the tracker takes it; where it reaches the next particle, links are chosen
among several, and particles that move faster than can be followed look like this too."""


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


def _crowded(stack: AFMImageStack, found: Found) -> list[Reason]:
    detected = found.detected.get("bump_positions")
    if detected is None or found.tracked is None:
        return []
    away = _nearest(stack, detected)
    sigmas = [each["sigma"] for frame in detected["features_per_frame"] for each in frame]
    if not len(away) or np.isnan(sigmas).all():
        return []
    share = float((away < WIDE * np.nanmedian(sigmas)).mean())
    if share <= CROWDED:
        return []
    evidence = Evidence("particles that have another nearer than they are wide", share, "", f"at most {CROWDED:g}")
    text = "particles are so crowded that some are seen as one: their number, and tracks, may be wrong"
    return [Reason(DOUBTFUL, text, "look at the film; use less sample, or a sharper tip", (evidence,))]


def _confused(stack: AFMImageStack, found: Found) -> list[Reason]:
    steps = [] if found.tracked is None else [step for track in found.tracked["tracks"] for step in _steps(track)]
    detected = next(reversed(found.detected.values()), None)
    away = np.zeros(0) if detected is None else _nearest(stack, detected)
    if not steps or not len(away):
        return []
    reach = RANGE * float(np.std(steps, axis=0).mean()) / float(np.median(away))
    if reach <= 1:
        return []
    evidence = Evidence(f"{RANGE:g} standard deviations of a step over the way to the next", reach, "", "at most 1")
    text = "particles move as far as the next one from frame to frame: tracks may change from one to the other"
    return [Reason(DOUBTFUL, text, "record with less time between frames, or with less sample", (evidence,))]


def _nearest(stack: AFMImageStack, detected: Detected) -> NDArray[np.float64]:
    """Distance of each object from the nearest of the same frame, in pixels along x; none for those that are alone."""
    from scipy.spatial import cKDTree

    slow = stack.pixel_size_y_nm / stack.pixel_size_nm
    frames = [
        np.array([each["centroid"] for each in frame]) * (slow, 1)
        for frame in detected["features_per_frame"]
        if len(frame) > 1
    ]
    nearest = [np.asarray(cKDTree(frame).query(frame, 2)[0])[:, 1] for frame in frames]
    return np.concatenate(nearest) if nearest else np.zeros(0)


def _steps(track: Track) -> list[tuple[float, ...]]:
    """Displacements from frame to frame."""
    pairs = zip(track["coords"], track["coords"][1:], strict=False)
    return [
        tuple(b - a for a, b in zip(one[:2], other[:2], strict=True))
        for one, other in pairs
        if one is not None and other is not None
    ]


TRACK_CHECKS: tuple[Callable[[AFMImageStack, Found], list[Reason]], ...] = (
    _short,
    _drift,
    _tracks,
    _ends,
    _crowded,
    _confused,
    _times,
)
