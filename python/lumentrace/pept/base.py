"""The base classes of the PEPT interface, under the names they are documented by."""

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.data.lines import LineData
from lumentrace.data.pept_object import PEPTObject
from lumentrace.data.pixels import Pixels
from lumentrace.data.points import PointData
from lumentrace.data.samples import AdaptiveWindow, TimeWindow
from lumentrace.data.voxels import Voxels
from lumentrace.engine.samples.pipeline import Pipeline
from lumentrace.engine.samples.transformer import (
    Filter,
    LineDataFilter,
    PointDataFilter,
    Reducer,
    Transformer,
    VoxelsFilter,
)

__all__ = [
    "AdaptiveWindow",
    "Filter",
    "IterableSamples",
    "LineData",
    "LineDataFilter",
    "PEPTObject",
    "Pipeline",
    "Pixels",
    "PointData",
    "PointDataFilter",
    "Reducer",
    "TimeWindow",
    "Transformer",
    "Voxels",
    "VoxelsFilter",
]
