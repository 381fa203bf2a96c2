"""Figures of tracks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...stack import AFMImageStack
from ..base import AnalysisModule
from ..tracks import mean_squared_displacement, track_statistics


class TrackStatistics(AnalysisModule):
    """Measure the tracks of particle tracking in nm and s.

    Outputs: `tracks`, columns of `lumentrace.afm.analysis.tracks.track_statistics` by name; `msd`, those of
    `mean_squared_displacement`; all arrays.
    """

    name = "track_statistics"
    version = "0.1.0"
    requires = ("particle_tracking",)

    def run(
        self,
        stack: AFMImageStack,
        previous_results: Mapping[str, dict[str, Any]] | None = None,
        *,
        max_lag: int = 100,
        **unknown: Any,
    ) -> dict[str, Any]:
        """Measure.

        Parameters
        ----------
        stack : AFMImageStack
        previous_results : dict
        max_lag : int, default 100
            Of the mean squared displacement, in frames.

        Raises
        ------
        RuntimeError
            If no tracking ran before.
        """
        self.refuse(unknown)
        if previous_results is None or "particle_tracking" not in previous_results:
            raise RuntimeError("expected particle_tracking before this step, found none")
        tracks = previous_results["particle_tracking"]["tracks"]
        figures = track_statistics(tracks, stack, max_lag)
        msd = mean_squared_displacement(tracks, stack, max_lag)
        return {
            "tracks": {name: figures[name].to_numpy() for name in figures.columns},
            "msd": {name: msd[name].to_numpy() for name in msd.columns},
        }
