"""Minpoints as a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lumentrace.engine.settings import setting
from lumentrace.pept import tracking

from .two_passes import TwoPasses


@dataclass(frozen=True)
class Minpoints(TwoPasses):
    """Minpoints: points near three or more lines, clustered twice, then separated into trajectories.

    Like `PeptML`, but a candidate takes the agreement of more lines, which leaves less noise.
    """

    name: ClassVar[str] = "minpoints"

    num_lines: int = setting(3, "lines that make a minpoint")
    max_distance: float = setting(0.5, "largest distance of a minpoint from its lines, mm")

    def candidates(self) -> Any:
        """Minpoints."""
        return tracking.Minpoints(self.num_lines, self.max_distance, append_indices=True)
