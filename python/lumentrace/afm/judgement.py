"""Whether what was found in a film can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from lumentrace.afm.analysis.found import Detected, Found, Track
from lumentrace.afm.stack import AFMImageStack
from lumentrace.base.arrays import AnyArray
from lumentrace.engine.verdict import DOUBTFUL, NOT_RELIABLE, Evidence, Reason, Verdict

LEVEL = 0.5
"""Greatest height of the plane through a frame, as a share of the range of heights beside it."""
STEPS = 0.2
"""Greatest standard deviation of the medians of lines, as a share of the same."""
BUMP, BUMPS = 8.0, 0.002
"""Height that noise does not reach, in robust standard deviations, and the share of pixels that tells of bumps."""
COVERED = 0.5
"""Greatest share of a frame that objects cover."""
CUT = 0.5
"""Greatest share of objects that the border cuts."""
PIECES = 2.0
"""Greatest number of tracks for each object of a frame."""
LOOSE = 0.05
"""Greatest share of tracks that begin or end in the midst: one that breaks makes two of these."""


def judge(stack: AFMImageStack, found: Found) -> Verdict:
    """The verdict on a processed film and what was found in it."""
    return Verdict(tuple(reason for check in CHECKS for reason in check(stack, found)))


def _level(stack: AFMImageStack, found: Found) -> list[Reason]:
    shapes = [_shape(frame) for frame in stack.data]
    known = [shape for shape in shapes if shape is not None]
    if not known:
        return [Reason(NOT_RELIABLE, "no frame has heights that differ", "look at the film; check --channel")]
    tilt, steps = (float(np.median(values)) for values in zip(*known, strict=True))
    found_here = []
    advice = "add remove_plane and row_median_align to --process, with a mask if there are large objects"
    if tilt > LEVEL:
        evidence = Evidence("plane over the range of heights", tilt, "", f"at most {LEVEL:g}")
        found_here.append(Reason(NOT_RELIABLE, "the film is not level: a plane is left", advice, (evidence,)))
    if steps > STEPS:
        evidence = Evidence("lines over the range of heights", steps, "", f"at most {STEPS:g}")
        found_here.append(Reason(DOUBTFUL, "the film is not level: lines differ in height", advice, (evidence,)))
    return found_here


def _shape(frame: AnyArray) -> tuple[float, float] | None:
    """Height of the plane through the medians of rows and columns, and spread of rows about it, over the range."""
    frame = np.where(np.isfinite(frame), frame, np.nan)
    if min(frame.shape) < 8 or np.isnan(frame).all(axis=1).any() or np.isnan(frame).all(axis=0).any():
        return None
    rows, columns = np.nanmedian(frame, axis=1), np.nanmedian(frame, axis=0)
    down, along = (_line(medians) for medians in (rows, columns))
    low, high = np.nanquantile(frame - rows[:, None] - (along - along.mean()), (0.005, 0.995))
    if not high > low:
        return None
    return float((np.ptp(down) + np.ptp(along)) / (high - low)), float((rows - down).std() / (high - low))


def _line(medians: AnyArray) -> NDArray[np.float64]:
    places = np.arange(len(medians))
    return np.asarray(np.polynomial.Polynomial.fit(places, medians, 1)(places))


def _noise(values: AnyArray) -> float:
    centre = np.nanmedian(values)
    return float(1.4826 * np.nanmedian(np.abs(values - centre)))


def _none(stack: AFMImageStack, found: Found) -> list[Reason]:
    reasons = []
    for name, detected in found.detected.items():
        if sum(map(len, detected["features_per_frame"])):
            continue
        share = float(np.median([_bumps(frame) for frame in stack.data])) if stack.n_frames else 0.0
        level, seen = (NOT_RELIABLE, " though the film has bumps") if share > BUMPS else (DOUBTFUL, "")
        evidence = Evidence(f"pixels higher than {BUMP:g} sigma", share, "", f"at most {BUMPS:g} without objects")
        advice = "look at the frames; another mask or threshold may find objects: mask_otsu, mask_threshold"
        reasons.append(Reason(level, f"{name} found nothing{seen}", advice, (evidence,)))
    return reasons


def _bumps(frame: AnyArray) -> float:
    noise, centre = _noise(frame), np.nanmedian(frame)
    return float((frame > centre + BUMP * noise).mean()) if noise > 0 else 0.0


def _all(stack: AFMImageStack, found: Found) -> list[Reason]:
    share = _most_covered(stack, found.detected.get("feature_detection"))
    if not share > COVERED:
        return []
    evidence = Evidence("share of a frame inside objects", share, "", f"at most {COVERED:g}")
    return [
        Reason(NOT_RELIABLE, "objects cover most of a frame", "raise the threshold, or use another mask", (evidence,))
    ]


def _most_covered(stack: AFMImageStack, detected: Detected | None) -> float:
    if detected is None or not stack.n_frames:
        return 0.0
    areas = [sum(feature["area"] for feature in frame) for frame in detected["features_per_frame"]]
    return float(max(areas, default=0)) / (stack.height * stack.width)


def _border(stack: AFMImageStack, found: Found) -> list[Reason]:
    detected = found.detected.get("feature_detection")
    boxes = [] if detected is None else [f["bbox"] for frame in detected["features_per_frame"] for f in frame]
    if not boxes:
        return []
    top, left, bottom, right = np.asarray(boxes, dtype=float).T
    cut = (top <= 0) | (left <= 0) | (bottom >= stack.height) | (right >= stack.width)
    share = float(cut.mean())
    if share <= CUT:
        return []
    evidence = Evidence("objects that the border cuts", share, "", f"at most {CUT:g}")
    return [
        Reason(
            DOUBTFUL,
            "most objects are cut by the border",
            "their sizes are too small: scan a larger field",
            (evidence,),
        )
    ]


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


CHECKS: tuple[Callable[[AFMImageStack, Found], list[Reason]], ...] = (
    _level,
    _none,
    _all,
    _border,
    _tracks,
    _ends,
    _times,
)
