"""The PEPT-ML algorithm, under the name it is documented by."""

from lumentrace.pept.tracking.cutpoints import Cutpoints, find_cutpoints, get_cutoffs
from lumentrace.pept.tracking.hdbscan import HDBSCAN
from lumentrace.pept.tracking.minpoints import Minpoints, find_minpoints

__all__ = ["HDBSCAN", "Cutpoints", "Minpoints", "find_cutpoints", "find_minpoints", "get_cutoffs"]
