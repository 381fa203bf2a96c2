"""Fluorescence colocalization: whether two channels of an image sit in the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports
from lumentrace.base.moved import moved
from lumentrace.coloc.compat import MODULES

if TYPE_CHECKING:
    from lumentrace.coloc import run as run
    from lumentrace.coloc.analysis import COLUMNS as COLUMNS
    from lumentrace.coloc.analysis import analyse_all_to_all as analyse_all_to_all
    from lumentrace.coloc.analysis import analyse_pairwise as analyse_pairwise
    from lumentrace.coloc.benchmark_image import make_sample_data_cbs006rbm as make_sample_data_cbs006rbm
    from lumentrace.coloc.measure.autocorrelation import Corrected as Corrected
    from lumentrace.coloc.measure.autocorrelation import corrected_pvalue as corrected_pvalue
    from lumentrace.coloc.measure.cooccurrence import Areas as Areas
    from lumentrace.coloc.measure.cooccurrence import Overlap as Overlap
    from lumentrace.coloc.measure.cooccurrence import kendall_tau as kendall_tau
    from lumentrace.coloc.measure.cooccurrence import overlap_coefficients as overlap_coefficients
    from lumentrace.coloc.measure.cooccurrence import rank_weighted as rank_weighted
    from lumentrace.coloc.measure.cooccurrence import threshold_areas as threshold_areas
    from lumentrace.coloc.measure.measures import ALL_METRICS as ALL_METRICS
    from lumentrace.coloc.measure.metrics import Costes as Costes
    from lumentrace.coloc.measure.metrics import costes as costes
    from lumentrace.coloc.measure.metrics import costes_threshold as costes_threshold
    from lumentrace.coloc.measure.metrics import li_icq as li_icq
    from lumentrace.coloc.measure.metrics import manders as manders
    from lumentrace.coloc.measure.metrics import pearson as pearson
    from lumentrace.coloc.measure.metrics import spearman as spearman
    from lumentrace.coloc.measure.randomization import Randomization as Randomization
    from lumentrace.coloc.measure.randomization import costes_randomization as costes_randomization
    from lumentrace.coloc.measure.ripley import CrossK as CrossK
    from lumentrace.coloc.measure.ripley import cross_k as cross_k
    from lumentrace.coloc.measure.shifts import CrossCorrelation as CrossCorrelation
    from lumentrace.coloc.measure.shifts import cross_correlation as cross_correlation
    from lumentrace.coloc.measure.thresholds import auto_threshold as auto_threshold
    from lumentrace.coloc.regions.label_masks import iter_regions as iter_regions
    from lumentrace.coloc.regions.label_masks import labels_to_label_mask as labels_to_label_mask
    from lumentrace.coloc.regions.label_masks import shapes_to_label_mask as shapes_to_label_mask
    from lumentrace.coloc.regions.objects import find_objects as find_objects
    from lumentrace.coloc.regions.objects import match_objects as match_objects
    from lumentrace.coloc.regions.objects import object_overlap as object_overlap
    from lumentrace.coloc.regions.objects import object_table as object_table
    from lumentrace.coloc.report.page import write_report as write_report
    from lumentrace.coloc.sample_data import make_sample_data as make_sample_data
    from lumentrace.coloc.sample_data import make_sample_data_3d as make_sample_data_3d
    from lumentrace.coloc.table import EXTENDED_COLUMNS as EXTENDED_COLUMNS
    from lumentrace.coloc.table import EXTENDED_METRICS as EXTENDED_METRICS
    from lumentrace.coloc.table import colocalization_table as colocalization_table

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ALL_METRICS": "lumentrace.coloc.measure.measures",
        "Areas": "lumentrace.coloc.measure.cooccurrence",
        "COLUMNS": "lumentrace.coloc.analysis",
        "Corrected": "lumentrace.coloc.measure.autocorrelation",
        "Costes": "lumentrace.coloc.measure.metrics",
        "CrossCorrelation": "lumentrace.coloc.measure.shifts",
        "CrossK": "lumentrace.coloc.measure.ripley",
        "EXTENDED_COLUMNS": "lumentrace.coloc.table",
        "EXTENDED_METRICS": "lumentrace.coloc.table",
        "Overlap": "lumentrace.coloc.measure.cooccurrence",
        "Randomization": "lumentrace.coloc.measure.randomization",
        "analyse_all_to_all": "lumentrace.coloc.analysis",
        "analyse_pairwise": "lumentrace.coloc.analysis",
        "auto_threshold": "lumentrace.coloc.measure.thresholds",
        "colocalization_table": "lumentrace.coloc.table",
        "corrected_pvalue": "lumentrace.coloc.measure.autocorrelation",
        "costes": "lumentrace.coloc.measure.metrics",
        "costes_randomization": "lumentrace.coloc.measure.randomization",
        "costes_threshold": "lumentrace.coloc.measure.metrics",
        "cross_correlation": "lumentrace.coloc.measure.shifts",
        "cross_k": "lumentrace.coloc.measure.ripley",
        "find_objects": "lumentrace.coloc.regions.objects",
        "iter_regions": "lumentrace.coloc.regions.label_masks",
        "kendall_tau": "lumentrace.coloc.measure.cooccurrence",
        "labels_to_label_mask": "lumentrace.coloc.regions.label_masks",
        "li_icq": "lumentrace.coloc.measure.metrics",
        "make_sample_data": "lumentrace.coloc.sample_data",
        "make_sample_data_3d": "lumentrace.coloc.sample_data",
        "make_sample_data_cbs006rbm": "lumentrace.coloc.benchmark_image",
        "manders": "lumentrace.coloc.measure.metrics",
        "match_objects": "lumentrace.coloc.regions.objects",
        "object_overlap": "lumentrace.coloc.regions.objects",
        "object_table": "lumentrace.coloc.regions.objects",
        "overlap_coefficients": "lumentrace.coloc.measure.cooccurrence",
        "pearson": "lumentrace.coloc.measure.metrics",
        "rank_weighted": "lumentrace.coloc.measure.cooccurrence",
        "shapes_to_label_mask": "lumentrace.coloc.regions.label_masks",
        "spearman": "lumentrace.coloc.measure.metrics",
        "threshold_areas": "lumentrace.coloc.measure.cooccurrence",
        "write_report": "lumentrace.coloc.report.page",
        "run": "lumentrace.coloc.run",
    },
)

moved(__name__, MODULES)
