"""What all recipes share: the number of tracers, and a pipeline made from settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from lumentrace.data.lines import LineData
from lumentrace.engine.samples.pipeline import Pipeline
from lumentrace.engine.settings import Settings, setting


@dataclass(frozen=True)
class BaseRecipe(Settings, ABC):
    """A pipeline made from plain settings."""

    name: ClassVar[str]
    error_note: ClassVar[str]
    """What the columns of the result that tell errors mean."""

    tracers: int | None = setting(None, "most tracers at a time; as many as there are, if there is no number")

    @abstractmethod
    def pipeline(self) -> Pipeline:
        """The transformers from lines to labelled trajectories."""

    def fit(self, lines: LineData, **options: Any) -> Any:
        """Track `lines`; `options` are those of `Pipeline.fit`."""
        return self.pipeline().fit(lines, **options)
