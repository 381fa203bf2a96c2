"""How far objects move from frame to frame, and how long they may be missed: told, or learned from the film."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core

from ..stack import AFMImageStack

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

AUTO = "auto"
SIGMAS = 5.0
"""Range of links in standard deviations of a step along an axis: diffusion goes beyond in 4 of a million steps."""
GAPS = (2, 10)
"""Least and most frames that tracks may miss by themselves."""


def in_nm(points: Floats, frame_of: Integers, axes: tuple[str, ...], stack: AFMImageStack) -> Floats:
    """Points of pixels in nm.

    Raises
    ------
    ValueError
        If coordinates are not x and y.
    """
    if set(axes) != {"x", "y"}:
        raise ValueError(f"`max_distance_nm`: expected coordinates x and y, found {', '.join(axes)}")
    scales = np.array([stack.scaling_for_frame(frame) for frame in range(stack.n_frames)])[frame_of]
    slow = stack.pixel_size_y_nm / stack.pixel_size_nm
    return np.asarray(points * scales[:, None] * [slow if axis == "y" else 1.0 for axis in axes])


def spacing(points: Floats, starts: Integers) -> float:
    """Median distance of objects from the nearest of the same frame; inf if none has company."""
    from scipy.spatial import cKDTree

    frames = [points[start:end] for start, end in pairwise(starts.tolist()) if end - start > 1]
    if not frames:
        return float("inf")
    nearest = [np.asarray(cKDTree(frame).query(frame, 2)[0])[:, 1] for frame in frames]
    return float(np.median(np.concatenate(nearest)))


def step(points: Floats, starts: Integers) -> float:
    """Standard deviation of a step along an axis, from links up to half-way to the next object; NaN without any."""
    if not len(points):
        return float("nan")
    half = min(spacing(points, starts) / 2, float(np.ptp(points, axis=0).max(initial=0.0)) + 1)
    ids = _core.link_points(points, starts, half, 0, "constant", "optimal")
    order = np.argsort(ids, kind="stable")
    follows = ids[order][1:] == ids[order][:-1]
    steps = np.linalg.norm(np.diff(points[order], axis=0), axis=1)[follows]
    # The median of a Rayleigh distribution of standard deviation 1.
    return float(np.median(steps)) / np.sqrt(2 * np.log(2)) if len(steps) else float("nan")


def reach(points: Floats, starts: Integers, size: float) -> float:
    """Range of links: five standard deviations of a step, or the size of an object if that is more."""
    return float(np.nanmax([SIGMAS * step(points, starts), size]))


def frames_missed(max_gap_s: float | str, stack: AFMImageStack, points: Floats, starts: Integers, far: float) -> int:
    """Frames that a track may miss.

    Parameters
    ----------
    max_gap_s : float or 'auto'
        'auto': as many as the range, which grows with their square root, stays below half the way to the next object.

    Raises
    ------
    ValueError
        For a time that is no number from 0 on, or if frames have no times.
    """
    if max_gap_s == AUTO:
        room = (spacing(points, starts) / 2 / far) ** 2 if far > 0 else float(GAPS[0])
        return int(np.clip(room, *GAPS))
    if isinstance(max_gap_s, str) or not max_gap_s >= 0:
        raise ValueError(f"`max_gap_s`: expected a number from 0 on or {AUTO!r}, found {max_gap_s!r}")
    if any(entry["timestamp"] is None for entry in stack.frame_metadata):
        raise ValueError("`max_gap_s`: expected frames with times, found none; give `frame_time_s` (--frame-time)")
    between = np.diff(stack.get_frame_times())
    return int(max_gap_s / float(np.median(between)) + 1e-6) if len(between) else 0
