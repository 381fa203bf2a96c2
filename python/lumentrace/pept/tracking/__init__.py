"""Locate and follow tracers: filters and reducers to be chained in a `Pipeline`."""

from lumentrace.pept.tracking import peptml as peptml
from lumentrace.pept.tracking.birmingham_method import BirminghamMethod
from lumentrace.pept.tracking.centroids import Centroids
from lumentrace.pept.tracking.cluster_lines import ClusterLines
from lumentrace.pept.tracking.condition import Condition
from lumentrace.pept.tracking.cutpoints import Cutpoints
from lumentrace.pept.tracking.debug import Debug
from lumentrace.pept.tracking.fpi import FPI
from lumentrace.pept.tracking.group_by import GroupBy, SplitAll
from lumentrace.pept.tracking.hdbscan import HDBSCAN
from lumentrace.pept.tracking.interpolate import Interpolate
from lumentrace.pept.tracking.line_tracker import LineTracker
from lumentrace.pept.tracking.lines_centroids import LinesCentroids
from lumentrace.pept.tracking.minpoints import Minpoints
from lumentrace.pept.tracking.optimize_window import OptimizeWindow
from lumentrace.pept.tracking.out_of_view import OutOfViewFilter, RemoveStatic
from lumentrace.pept.tracking.reconnect import Reconnect
from lumentrace.pept.tracking.remove import Remove
from lumentrace.pept.tracking.reorient import Center, Reorient
from lumentrace.pept.tracking.samples_condition import SamplesCondition
from lumentrace.pept.tracking.segregate import Segregate
from lumentrace.pept.tracking.split_labels import SplitLabels
from lumentrace.pept.tracking.stack import Stack
from lumentrace.pept.tracking.swap import Swap
from lumentrace.pept.tracking.time_of_flight import CutpointsToF, GaussianDensity, TimeOfFlight
from lumentrace.pept.tracking.velocity import Velocity
from lumentrace.pept.tracking.voxelize import VoxelData, Voxelize

__all__ = [
    "FPI",
    "HDBSCAN",
    "BirminghamMethod",
    "Center",
    "Centroids",
    "ClusterLines",
    "Condition",
    "Cutpoints",
    "CutpointsToF",
    "Debug",
    "GaussianDensity",
    "GroupBy",
    "Interpolate",
    "LineTracker",
    "LinesCentroids",
    "Minpoints",
    "OptimizeWindow",
    "OutOfViewFilter",
    "Reconnect",
    "Remove",
    "RemoveStatic",
    "Reorient",
    "SamplesCondition",
    "Segregate",
    "SplitAll",
    "SplitLabels",
    "Stack",
    "Swap",
    "TimeOfFlight",
    "Velocity",
    "VoxelData",
    "Voxelize",
    "peptml",
]
