"""Functions of the PEPT-ML algorithm, under the name they are documented by."""

from lumentrace.pept.tracking.cutpoints import find_cutpoints, get_cutoffs
from lumentrace.pept.tracking.minpoints import find_minpoints

__all__ = ["find_cutpoints", "find_minpoints", "get_cutoffs"]
