"""Functions of the PEPT-ML algorithm, under the name they are documented by."""

from lumentrace.pept.tracking.cutpoints import find_cutpoints, get_cutoffs

__all__ = ["find_cutpoints", "get_cutoffs"]
