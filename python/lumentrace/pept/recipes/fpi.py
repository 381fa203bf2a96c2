"""Feature point identification as a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lumentrace.engine.settings import setting
from lumentrace.pept import tracking

from .sampled import Sampled


@dataclass(frozen=True)
class Fpi(Sampled):
    """Feature point identification: peaks of voxelised lines, separated into trajectories.

    Fast, and for any number of tracers, as long as they stay some voxels apart [1]_.

    References
    ----------
    .. [1] Wiggins C., Santos R., Ruggles A., A feature point identification method for positron emission particle
       tracking with multiple tracers, Nuclear Instruments and Methods in Physics Research A 843 (2017) 22-28.
    """

    name: ClassVar[str] = "fpi"
    error_note: ClassVar[str] = (
        "The column “error” is the width of the peak behind a location: the norm of the standard deviations of the "
        "Gaussians along x, y and z. The uncertainty of the location is far smaller."
    )

    sample_size: int = setting(400, "lines per sample, per tracer")
    overlap: int = setting(350, "lines that consecutive samples share, per tracer")
    voxels: int = setting(50, "voxels along each axis of the box around the lines")
    w: int = setting(3, "a peak is the largest value within this many voxels")
    r: float = setting(0.4, "smallest peak, as a fraction of the largest")
    lld_counts: float = setting(0.0, "lines through a voxel that a peak exceeds")

    def locate(self) -> list[Any]:
        """Peaks of each sample."""
        grid = tracking.Voxelize((self.voxels,) * 3)
        return [grid, tracking.FPI(self.w, self.r, self.lld_counts), tracking.Stack()]
