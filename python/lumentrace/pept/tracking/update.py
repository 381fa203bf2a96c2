"""What a tracker says while lines come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumentrace.data.points import PointData


@dataclass(frozen=True)
class TracerNow:
    """A tracer as it is known by now, from the lines up to a time.

    Attributes
    ----------
    label : int
        Its number, that of its locations; a number is never given twice.
    time : float
        ms.
    position, velocity, sigma : tuple of 3 floats
        mm, mm/ms, and the standard uncertainty of the position along each axis in mm.
    rate : float
        Its lines per ms.
    blur : float
        Standard deviation of the distance of its lines along one direction across them, mm.
    share : float
        Its share of all lines.
    """

    label: int
    time: float
    position: tuple[float, float, float]
    velocity: tuple[float, float, float]
    sigma: tuple[float, float, float]
    rate: float
    blur: float
    share: float


@dataclass(frozen=True)
class Fitted:
    """A tracer as it is fitted by now, over some smoothed locations.

    Attributes
    ----------
    about : mapping
        What the line tracker tells of a tracer (see `lumentrace.pept.tracking.fitted_model`); jumps and evidence are
        those of these locations alone.
    lines : float
        Expected number of its own lines there.
    """

    about: Mapping[str, Any]
    lines: float


@dataclass(frozen=True)
class Update:
    """What is new after some lines.

    Attributes
    ----------
    filtered : PointData
        Locations from the lines up to them, with the columns of `LineTracker`; there may be none.
    smoothed : PointData
        Locations of `lag` ago that no later lines will change: the result. With `every`, both are at the same times.
    time : float
        Of the latest line, ms; nan before the first.
    lines : int
        How many there were so far.
    rate : float
        Lines per ms of late; nan where that is not known yet.
    lag : float
        Time from a line to its smoothed location, ms; nan before there is a tracer.
    unused : int
        Lines so far that were left out: not finite, of no length, or far out of order of time.
    dropped : int
        Lines so far that the source gave up because they came faster than they were tracked.
    explained : float
        Share of the lines of late that are the tracers'; nan before that is known.
    tracers : tuple of TracerNow
        Those that are there now, in order of their labels.
    notices : tuple of str
        What happened since the last update, in words: gaps, clocks that were reset, lines that were dropped.
    fitted : tuple of Fitted
        The tracers of the smoothed locations.
    """

    filtered: PointData
    smoothed: PointData
    time: float
    lines: int
    rate: float
    lag: float
    unused: int
    dropped: int
    explained: float
    tracers: tuple[TracerNow, ...]
    notices: tuple[str, ...]
    fitted: tuple[Fitted, ...] = ()
