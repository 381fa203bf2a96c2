"""What a tracking report is about: the trajectories, the LoRs, and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from lumentrace.base import selection
from lumentrace.base.big_array import BigArray
from lumentrace.pept.motion import speeds
from lumentrace.pept.tracking.fitted_model import FittedModel
from lumentrace.pept.tracks import Points, Tracks, tracks
from lumentrace.pept.truth import truth_errors
from lumentrace.plots.tables import Floats

from .lines import LineRows, Lines
from .parts import Clock, clock


@dataclass(frozen=True)
class Run:
    """Everything the report is about; `distance` and `tracer` compare with the truth, if it is given.

    `model` is what the line tracker found out, if it made the trajectories.
    """

    paths: Tracks
    model: FittedModel | None
    lines: Lines | None
    speed: BigArray
    speed_window: int
    distance: BigArray | None
    tracer: Floats | None

    @classmethod
    def of(
        cls,
        paths: Tracks,
        model: FittedModel | None,
        lines: LineRows | None,
        truth: Points | None,
        speed_window: int,
    ) -> Run:
        """Read what the user gave and compute what follows."""
        known_lines = None if lines is None else Lines.of(lines)
        distance, tracer = (None, None) if truth is None else truth_errors(paths, tracks(truth, None))
        return cls(paths, model, known_lines, speeds(paths, speed_window), speed_window, distance, tracer)

    @cached_property
    def median_speed(self) -> float:
        """Of all points; NaN where no speed is known."""
        return selection.median(self.speed.blocks)

    @cached_property
    def median_error(self) -> float:
        """Of all points; NaN where no error is known."""
        return math.nan if self.paths.errors is None else selection.median(self.paths.errors.total.blocks)

    @cached_property
    def median_distance(self) -> float:
        """From the truth, of all points; NaN where no distance is known."""
        return math.nan if self.distance is None else selection.median(self.distance.blocks)

    @property
    def line_count(self) -> int:
        """How many LoRs there are."""
        return 0 if self.lines is None else self.lines.count

    @cached_property
    def span(self) -> tuple[float, float]:
        """Least and greatest time of LoRs and points; NaN without either."""
        paths = self.paths
        first = [*paths.t[paths.starts], *paths.loose_t[:1]]
        last = [*paths.t[paths.ends], *paths.loose_t[-1:]]
        if self.lines is not None and self.lines.count:
            first.append(self.lines.first)
            last.append(self.lines.last)
        return float(min(first, default=math.nan)), float(max(last, default=math.nan))

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
