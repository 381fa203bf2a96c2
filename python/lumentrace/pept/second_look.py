"""The tracers that the line tracker finds in a part of the lines if nobody tells it how many there are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping
from lumentrace.data.lines import LineData
from lumentrace.data.points import SIGMAS, XYZ, PointData
from lumentrace.pept.tracking.fitted_model import FittedModel
from lumentrace.pept.tracking.line_tracker import LineTracker

Floats = NDArray[np.float64]

LINES = 20_000
"""Lines that are looked at: eight tracers in 80 % noise have 500 each, five times as many as it takes to find one."""
MOMENTS = 50
"""Moments at which trajectories are counted, with as many lines between any two."""


@dataclass(frozen=True)
class SecondLook:
    """What the middle of the lines tells, and how trajectories agree with it.

    Attributes
    ----------
    here, there : float
        Trajectories at a time, the median over the time that was looked at: of the second look, and of the run.
    blur : float
        Width of the blur of its tracers, mm; NaN without any.
    away : float
        Median distance of the run's locations from the nearest tracer of the second look, mm; NaN without any.
    sigmas : float
        The same as a multiple of the standard uncertainty of the second look.
    """

    here: float
    there: float
    blur: float
    away: float
    sigmas: float

    @classmethod
    def of(cls, lines: LineData, trajectories: PointData) -> Self:
        """Look at the middle of `lines`."""
        start = max(0, (len(lines.lines) - LINES) // 2)
        middle = LineData(lines.lines[start : start + LINES, :7])
        found = LineTracker().fit(middle)
        begin, *moments, end = np.nanquantile(middle["t"], np.linspace(0, 1, MOMENTS + 2))
        inside = _between(trajectories, begin, end)
        model = FittedModel.of(found)
        blurs = [] if model is None else [tracer.narrow for tracer in model.tracers]
        away, sigmas = _distances(inside, found)
        return cls(
            at_a_time(found, np.array(moments)),
            at_a_time(inside, np.array(moments)),
            float(np.median(blurs)) if blurs else math.nan,
            _median(away),
            _median(away / sigmas),
        )


def _between(trajectories: PointData, begin: float, end: float) -> PointData:
    """The rows of trajectories from one time to another, picked block by block: they may be on disk."""
    time, label = (trajectories.columns.index(name) for name in ("t", "label"))
    own = [np.empty((0, len(trajectories.columns)))]
    for rows in mapping.blocks(trajectories.points):
        own.append(rows[(rows[:, time] >= begin) & (rows[:, time] <= end) & (rows[:, label] >= 0)])
    return PointData(np.concatenate(own), columns=trajectories.columns)


def at_a_time(tracks: PointData, moments: Floats) -> float:
    """Trajectories that have begun and not ended, the median over some moments."""
    ends = np.array([(t.min(), t.max()) for t in _times(tracks)]).reshape(-1, 2)
    return float(np.median(((ends[:, :1] <= moments) & (moments <= ends[:, 1:])).sum(axis=0)))


def _times(tracks: PointData) -> list[Floats]:
    return [tracks["t"][rows] for rows in _rows(tracks)]


def _rows(tracks: PointData) -> list[NDArray[np.intp]]:
    labels = tracks["label"]
    return [np.flatnonzero(labels == label) for label in np.unique(labels[labels >= 0])]


def _distances(tracks: PointData, found: PointData) -> tuple[Floats, Floats]:
    """Distance of each location from the nearest tracer of those `found` at its time, and the uncertainty of that."""
    t, places = tracks["t"], np.column_stack([tracks[name] for name in XYZ])
    nearest, sigma = np.full(len(t), np.nan), np.full(len(t), np.nan)
    for rows in _rows(found):
        columns = [np.interp(t, found["t"][rows], found[name][rows], np.nan, np.nan) for name in (*XYZ, *SIGMAS)]
        away = np.sqrt(((np.column_stack(columns[:3]) - places) ** 2).sum(axis=1))
        closer = ~(away >= nearest) & np.isfinite(away)
        nearest[closer] = away[closer]
        sigma[closer] = np.sqrt((np.column_stack(columns[3:]) ** 2).sum(axis=1))[closer]
    return nearest, sigma


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan
