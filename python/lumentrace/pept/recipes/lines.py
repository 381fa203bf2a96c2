"""One model of all lines as a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lumentrace.engine.samples.pipeline import Pipeline
from lumentrace.engine.settings import setting
from lumentrace.pept import tracking

from .base import BaseRecipe


@dataclass(frozen=True)
class Lines(BaseRecipe):
    """Tracers in motion, fitted to all lines at once: nothing has to be set.

    Lines are not cut into samples. Blur, background, activities and how the tracers move are found from the lines, and
    every location has its velocity and its uncertainty; see `LineTracker`.

    Examples
    --------
    >>> from lumentrace.pept import simulation
    >>> from lumentrace.pept.recipes import Lines
    >>> lines = simulation.simulate([simulation.Static()], n=5000, noise=0.5, seed=1).lines
    >>> tracks = Lines(tracers=1).fit(lines, verbose=False)
    >>> tracks.columns[:7]
    ['t', 'x', 'y', 'z', 'vx', 'vy', 'vz']
    """

    every: float | None = setting(None, "time between locations, ms; as often as there are lines for them, by default")

    name: ClassVar[str] = "lines"
    error_note: ClassVar[str] = (
        "The columns “sigma_x”, “sigma_y” and “sigma_z” are the standard uncertainties of a location along the axes, "
        "in mm: if the model is right, two of three locations lie within one sigma of the truth along each axis. "
        "“cov_xy”, “cov_xz” and “cov_yz” are the covariances, in mm². Errors that all lines share, such as those of "
        "the scanner's geometry, are not in them."
    )

    def pipeline(self) -> Pipeline:
        """The line tracker alone."""
        return Pipeline([tracking.LineTracker(self.tracers, self.every)])
