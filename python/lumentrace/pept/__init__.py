"""Positron emission particle tracking: from lines of response to trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.data.lines import LineData as LineData
    from lumentrace.data.pixels import Pixels as Pixels
    from lumentrace.data.points import PointData as PointData
    from lumentrace.data.samples import AdaptiveWindow as AdaptiveWindow
    from lumentrace.data.samples import TimeWindow as TimeWindow
    from lumentrace.data.voxels import Voxels as Voxels
    from lumentrace.engine.samples.pipeline import Pipeline as Pipeline
    from lumentrace.pept import run as run
    from lumentrace.pept.data_set import scan_trajectories as scan_trajectories
    from lumentrace.pept.report.page import write_report as write_report
    from lumentrace.pept.utilities import read_csv as read_csv
    from lumentrace.storage import load as load
    from lumentrace.storage import save as save

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "AdaptiveWindow": "lumentrace.data.samples",
        "LineData": "lumentrace.data.lines",
        "Pipeline": "lumentrace.engine.samples.pipeline",
        "Pixels": "lumentrace.data.pixels",
        "PointData": "lumentrace.data.points",
        "TimeWindow": "lumentrace.data.samples",
        "Voxels": "lumentrace.data.voxels",
        "base": "lumentrace.pept.base",
        "load": "lumentrace.storage",
        "plots": "lumentrace.pept.plots",
        "read_csv": "lumentrace.pept.utilities",
        "processing": "lumentrace.pept.processing",
        "recipes": "lumentrace.pept.recipes",
        "save": "lumentrace.storage",
        "scanners": "lumentrace.pept.scanners",
        "scan_trajectories": "lumentrace.pept.data_set",
        "simulation": "lumentrace.pept.simulation",
        "sources": "lumentrace.pept.sources",
        "tracking": "lumentrace.pept.tracking",
        "utilities": "lumentrace.pept.utilities",
        "visualisation": "lumentrace.pept.visualisation",
        "write_report": "lumentrace.pept.report.page",
        "run": "lumentrace.pept.run",
    },
)
