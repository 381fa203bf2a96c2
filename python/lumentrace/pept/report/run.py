"""What a tracking report is about: the trajectories, the LoRs, and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lumentrace.data.points import PointData
from lumentrace.pept.tracking.fitted_model import FittedModel
from lumentrace.pept.tracks import Points, Tracks, speeds, tracks, truth_errors
from lumentrace.plots.tables import Floats

from .lines import LineRows, Lines
from .parts import Clock, clock


@dataclass(frozen=True)
class Run:
    """Everything the report is about; `distance` and `tracer` compare with the truth, if it is given.

    `model` is what the line tracker found out, if it made the trajectories.
    """

    paths: Tracks
    lines: Lines | None
    speed: Floats
    speed_window: int
    distance: Floats | None
    tracer: Floats | None
    model: FittedModel | None

    @classmethod
    def of(
        cls,
        trajectories: Points,
        lines: LineRows | None,
        truth: Points | None,
        max_gap: float | None,
        speed_window: int,
    ) -> Run:
        """Read what the user gave and compute what follows."""
        paths = tracks(trajectories, max_gap)
        known_lines = None if lines is None else Lines.of(lines)
        distance, tracer = (None, None) if truth is None else truth_errors(paths, tracks(truth, None))
        model = FittedModel.of(trajectories) if isinstance(trajectories, PointData) else None
        return cls(paths, known_lines, speeds(paths, speed_window), speed_window, distance, tracer, model)

    @property
    def line_count(self) -> int:
        """How many LoRs there are."""
        return 0 if self.lines is None else self.lines.count

    @property
    def span(self) -> tuple[float, float]:
        """Least and greatest time of LoRs and points; NaN without either."""
        times = [part for part in (self.paths.t, self.paths.loose_t) if len(part)]
        first = [float(part.min()) for part in times]
        last = [float(part.max()) for part in times]
        if self.lines is not None and self.lines.count:
            first.append(self.lines.first)
            last.append(self.lines.last)
        return min(first, default=math.nan), max(last, default=math.nan)

    @property
    def duration(self) -> float:
        """Time from first to last; NaN without data."""
        return self.span[1] - self.span[0]

    @property
    def time_unit(self) -> str:
        """Unit of all times."""
        return self.paths.units["t"]

    @property
    def clock(self) -> Clock:
        """The time axis."""
        return clock(self.time_unit, *self.span)
