"""What the line tracker found out about the lines: its attribute `tracker`, with names and units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lumentrace.base import mapping, selection
from lumentrace.base.big_array import BigArray
from lumentrace.base.places import Places, tally
from lumentrace.data.points import PointData

NOISE_UNITS = {"velocity": "mm²/ms³", "acceleration": "mm²/ms⁵"}
"""Units of the noise of the motion by the quantity that it drives."""


@dataclass(frozen=True)
class FittedTracer:
    """A tracer of the model.

    Attributes
    ----------
    label : int
    narrow, wide : float
        Widths of the blur of its lines, mm.
    wide_share : float
        Share of its lines that have the wide one.
    activity : float
        Its share of all lines.
    rate : float
        Its lines per ms, the median over its locations.
    background : float
        Density of the other lines near it, as a share of all lines per mm².
    noise : float
        Of the motion, in the unit of `NOISE_UNITS` for its order.
    order : str
        What the noise drives: "velocity" or "acceleration".
    jumps : int
        Sudden turns.
    evidence : float
        By how much it makes the lines more likely, as a logarithm.
    """

    label: int
    narrow: float
    wide: float
    wide_share: float
    activity: float
    rate: float
    background: float
    noise: float
    order: str
    jumps: int
    evidence: float

    @classmethod
    def of(cls, about: Mapping[str, Any], rate: float) -> Self:
        """From what the kernel tells of one tracer."""
        narrow, wide = about["blur"]
        same = ("label", "activity", "background", "noise", "order", "jumps", "evidence")
        return cls(
            narrow=narrow, wide=wide, wide_share=about["wide"], rate=rate, **{name: about[name] for name in same}
        )

    def figures(self) -> dict[str, Any]:
        """All of it, under names with units."""
        return {
            "label": self.label,
            "lines per ms": self.rate,
            "share of lines": self.activity,
            "blur (mm)": self.narrow,
            "wide blur (mm)": self.wide,
            "share of wide blur": self.wide_share,
            "background (1/mm²)": self.background,
            "process noise": self.noise,
            "unit of noise": NOISE_UNITS[self.order],
            "noise drives": self.order,
            "sudden turns": self.jumps,
            "evidence": self.evidence,
        }


@dataclass(frozen=True)
class FittedModel:
    """The model of all lines as it was fitted.

    Attributes
    ----------
    tracers : tuple of FittedTracer
    explained : float
        Share of the lines that the tracers explain.
    unused : int
        Lines that were left out: not finite, of no length, or at a time far from all others.
    passes : int
        Passes over all lines; 0 of a stream, whose lines are looked at as they come.
    settled : bool
        Whether the last pass changed nothing any more.

    Examples
    --------
    >>> from lumentrace.pept import simulation
    >>> from lumentrace.pept.tracking import LineTracker
    >>> from lumentrace.pept.tracking.fitted_model import FittedModel
    >>> run = simulation.simulate([simulation.Static()], n=5000, noise=0.5, seed=1)
    >>> model = FittedModel.of(LineTracker().fit(run.lines))
    >>> round(model.tracers[0].activity, 1), round(model.explained, 1)
    (0.5, 0.5)
    """

    tracers: tuple[FittedTracer, ...]
    explained: float
    unused: int
    passes: int
    settled: bool

    @classmethod
    def of(cls, tracks: PointData) -> Self | None:
        """The model behind trajectories; None if they are not of the line tracker."""
        if "tracker" not in tracks.attrs:
            return None
        about = tracks.attrs["tracker"]
        rates = _rates(tracks)
        tracers = tuple(FittedTracer.of(each, rates.get(each["label"], math.nan)) for each in about["tracers"])
        return cls(tracers, about["explained"], about["unused"], about["passes"], about["settled"])


def _rates(tracks: PointData) -> dict[float, float]:
    """The median rate of each label; the rows may be on disk."""
    columns = [tracks.columns.index(name) for name in ("label", "rate")]
    labels, counts = tally(mapping.blocks(tracks.points, columns[:1]))
    rates, places = BigArray.empty((len(tracks.points),)), Places(counts)
    for rows in mapping.blocks(tracks.points, columns):
        label, rate = rows.T
        order, place = places.of(np.searchsorted(labels, label))
        rates[place] = rate[order]
    ends = np.cumsum(counts)
    parts = [rates.part(end - count, end) for end, count in zip(ends, counts, strict=True)]
    return {float(label): selection.median(part.blocks) for label, part in zip(labels, parts, strict=True)}
