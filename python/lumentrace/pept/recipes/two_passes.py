"""The part that PEPT-ML and minpoints share: candidates are clustered, and so are the locations of their lines."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from lumentrace.engine.settings import setting
from lumentrace.pept import tracking

from .sampled import Sampled


@dataclass(frozen=True)
class TwoPasses(Sampled):
    """Candidates for locations, clustered by HDBSCAN; the locations of their lines, clustered and averaged."""

    error_note: ClassVar[str] = (
        "The column “error” is the root mean square distance of the lines behind a location from it. It measures "
        "quality; the uncertainty of the location is far smaller."
    )

    true_fraction: float = setting(0.15, "fraction of the candidates that lie near tracers")
    reject: float = setting(3.5, "furthest line behind a location, in median distances of its lines")
    second_sample_size: int = setting(30, "locations per sample of the second pass, per tracer")
    second_overlap: int = setting(29, "locations that these samples share, per tracer")
    second_true_fraction: float = setting(0.6, "fraction of these locations that lie near tracers")

    @abstractmethod
    def candidates(self) -> Any:
        """The transformer from a sample of lines to candidates that name their lines."""

    def first_pass(self) -> list[Any]:
        """Transformers from a sample of lines to the locations in it."""
        clusters = tracking.HDBSCAN(self.true_fraction, self.tracers)
        return [self.candidates(), clusters, tracking.ClusterLines(self.reject)]

    def locate(self) -> list[Any]:
        """Two passes of clustering."""
        second_size = self.second_sample_size * self.tracers
        # The last centroid of a sample leaves room for one new one per step, whatever the number of tracers.
        second_overlap = second_size - (self.second_sample_size - self.second_overlap)
        return [
            *self.first_pass(),
            tracking.Stack(second_size, second_overlap, ends=True),
            tracking.HDBSCAN(self.second_true_fraction, self.tracers),
            tracking.SplitLabels(),
            tracking.Centroids(),
        ]
