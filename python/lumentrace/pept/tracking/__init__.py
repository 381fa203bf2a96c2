"""Locate and follow tracers: filters and reducers to be chained in a `Pipeline`."""

from lumentrace.pept.tracking import peptml as peptml
from lumentrace.pept.tracking.birmingham_method import BirminghamMethod
from lumentrace.pept.tracking.centroids import Centroids
from lumentrace.pept.tracking.condition import Condition
from lumentrace.pept.tracking.cutpoints import Cutpoints
from lumentrace.pept.tracking.fpi import FPI
from lumentrace.pept.tracking.group_by import GroupBy, SplitAll
from lumentrace.pept.tracking.hdbscan import HDBSCAN
from lumentrace.pept.tracking.remove import Remove
from lumentrace.pept.tracking.segregate import Segregate
from lumentrace.pept.tracking.split_labels import SplitLabels
from lumentrace.pept.tracking.stack import Stack
from lumentrace.pept.tracking.voxelize import VoxelData, Voxelize

__all__ = [
    "FPI",
    "HDBSCAN",
    "BirminghamMethod",
    "Centroids",
    "Condition",
    "Cutpoints",
    "GroupBy",
    "Remove",
    "Segregate",
    "SplitAll",
    "SplitLabels",
    "Stack",
    "VoxelData",
    "Voxelize",
    "peptml",
]
