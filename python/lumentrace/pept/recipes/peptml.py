"""PEPT-ML: tracers are where the cutpoints of many lines cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lumentrace.engine.settings import setting
from lumentrace.pept import tracking

from .two_passes import TwoPasses


@dataclass(frozen=True)
class PeptML(TwoPasses):
    """PEPT-ML: cutpoints, clustered twice, then separated into trajectories.

    Any number of tracers, robust against noise [1]_. A cluster of cutpoints is located by its lines (`ClusterLines`)
    instead of by its centroid, which lines of other tracers and chance lines pull away.

    References
    ----------
    .. [1] Nicuşan A. L., Windows-Yule C. R. K., Positron emission particle tracking using machine learning, Review of
       Scientific Instruments 91 (2020) 013329.

    Examples
    --------
    >>> from lumentrace.pept.recipes import PeptML
    >>> PeptML(tracers=2).pipeline().transformers[0]
    Cutpoints(append_indices = True, cutoffs = None, max_distance = 0.5)
    """

    name: ClassVar[str] = "peptml"

    max_distance: float = setting(0.5, "largest distance of two lines that make a cutpoint, mm")

    def candidates(self) -> Any:
        """Cutpoints."""
        return tracking.Cutpoints(self.max_distance, append_indices=True)
