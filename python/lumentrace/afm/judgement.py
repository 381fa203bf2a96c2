"""Whether what was found in a film can be relied on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lumentrace.afm.analysis.found import Detected, Found, is_cut
from lumentrace.afm.judgement_tracks import TRACK_CHECKS
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
CUT = 0.8
"""Greatest share of objects that the border cuts: of eight particles in a small field half may lie there by chance."""
SHARP, FLAT = 1.0, 100.0
"""Radii of curvature at the top of a typical particle, in nm: that of tip and particle together. The sharpest
tips have 1, blunt ones 50. Pixels that are ten times too small or too large change it a hundredfold."""


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
    share = float(np.mean([is_cut(box, stack.image_shape) for box in boxes]))
    if share <= CUT:
        return []
    evidence = Evidence("objects that the border cuts", share, "", f"at most {CUT:g}")
    return [
        Reason(
            DOUBTFUL,
            "most objects are cut by the border",
            "few are left whose sizes are whole: scan a larger field",
            (evidence,),
        )
    ]


def _curvature(stack: AFMImageStack, found: Found) -> list[Reason]:
    detected = found.detected.get("bump_positions")
    particles = [] if detected is None else [each for frame in detected["features_per_frame"] for each in frame]
    radii = [(each["sigma"] * stack.pixel_size_nm) ** 2 / each["height"] for each in particles if each["height"] > 0]
    known = [radius for radius in radii if np.isfinite(radius)]
    if stack.unit != "nm" or not known or SHARP <= np.median(known) <= FLAT:
        return []
    middle = float(np.median(known))
    bound = f"{SHARP:g} to {FLAT:g}, as tips and molecules have"
    evidence = Evidence("radius of curvature at the top of particles", middle, "nm", bound)
    what = "sharper than a tip can see" if middle < SHARP else "flatter than single molecules"
    advice = "compare the size of the field with what was scanned; give --pixel-size"
    text = f"particles are {what}: is the size of a pixel, or of heights, wrong?"
    return [Reason(DOUBTFUL, text, advice, (evidence,))]


CHECKS: tuple[Callable[[AFMImageStack, Found], list[Reason]], ...] = (
    _level,
    _none,
    _all,
    _border,
    _curvature,
    *TRACK_CHECKS,
)
