"""The Birmingham method as a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lumentrace.engine.settings import setting
from lumentrace.pept import tracking

from .sampled import Sampled


@dataclass(frozen=True)
class Birmingham(Sampled):
    """The Birmingham method: one tracer, one location per sample, then separated where the trajectory is broken.

    References
    ----------
    .. [1] Parker D. J. et al., Positron emission particle tracking - a technique for studying flow within engineering
       equipment, Nuclear Instruments and Methods in Physics Research A 326 (1993) 592-607.
    """

    name: ClassVar[str] = "birmingham"
    error_note: ClassVar[str] = (
        "The column “error” is the root mean square distance of the used lines from the location. It is a measure of "
        "quality, not the uncertainty of the location, which is far smaller."
    )

    tracers: int = setting(1, "always 1: the method locates a single tracer")
    fopt: float = setting(0.5, "fraction of the lines to keep")

    def __post_init__(self) -> None:
        if self.tracers != 1:
            raise ValueError(f"recipe 'birmingham': expected tracers to be 1, found {self.tracers}; use 'peptml'")

    def locate(self) -> list[Any]:
        """One location per sample."""
        return [tracking.BirminghamMethod(self.fopt), tracking.Stack()]
