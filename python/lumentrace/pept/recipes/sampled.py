"""Recipes that look at samples of the lines: their sampling, and the separation of trajectories."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import Field, dataclass, fields
from typing import Any

from lumentrace.data.lines import LineData
from lumentrace.engine.samples.pipeline import Pipeline
from lumentrace.engine.settings import setting
from lumentrace.pept import tracking

from .base import BaseRecipe

LAST = ("segregate_window", "cut_distance", "min_trajectory_size")


@dataclass(frozen=True)
class Sampled(BaseRecipe):
    """Locations from samples of lines, which the recipe cuts itself, then joined to trajectories."""

    tracers: int = setting(1, "most tracers in the field of view")
    sample_size: int = setting(200, "lines per sample, per tracer")
    overlap: int = setting(150, "lines that consecutive samples share, per tracer")
    segregate_window: int = setting(20, "successors that a location is joined to, per tracer")
    cut_distance: float = setting(10.0, "distance that separates two trajectories, mm")
    min_trajectory_size: int = setting(5, "locations that make a trajectory")

    @abstractmethod
    def locate(self) -> list[Any]:
        """Transformers from samples of lines to locations."""

    def pipeline(self) -> Pipeline:
        """The transformers of the recipe, the separation of trajectories last."""
        window = self.segregate_window * self.tracers
        return Pipeline([*self.locate(), tracking.Segregate(window, self.cut_distance, self.min_trajectory_size)])

    def fit(self, lines: LineData, **options: Any) -> Any:
        """Track `lines`; `options` are those of `Pipeline.fit`."""
        sampled = lines.copy(deep=False)
        sampled.sample_size = self.sample_size * self.tracers
        sampled.overlap = self.overlap * self.tracers
        return super().fit(sampled, **options)

    @classmethod
    def _fields(cls) -> list[Field[Any]]:
        return sorted(fields(cls), key=lambda each: each.name in LAST)
