"""Fluorescence colocalization: whether two channels of an image sit in the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.coloc import run as run
    from lumentrace.coloc.analysis import COLUMNS as COLUMNS
    from lumentrace.coloc.analysis import analyse_all_to_all as analyse_all_to_all
    from lumentrace.coloc.analysis import analyse_pairwise as analyse_pairwise
    from lumentrace.coloc.autocorrelation import Corrected as Corrected
    from lumentrace.coloc.autocorrelation import corrected_pvalue as corrected_pvalue
    from lumentrace.coloc.benchmark_image import make_sample_data_cbs006rbm as make_sample_data_cbs006rbm
    from lumentrace.coloc.cooccurrence import Areas as Areas
    from lumentrace.coloc.cooccurrence import Overlap as Overlap
    from lumentrace.coloc.cooccurrence import kendall_tau as kendall_tau
    from lumentrace.coloc.cooccurrence import overlap_coefficients as overlap_coefficients
    from lumentrace.coloc.cooccurrence import rank_weighted as rank_weighted
    from lumentrace.coloc.cooccurrence import threshold_areas as threshold_areas
    from lumentrace.coloc.measures import ALL_METRICS as ALL_METRICS
    from lumentrace.coloc.metrics import Costes as Costes
    from lumentrace.coloc.metrics import costes as costes
    from lumentrace.coloc.metrics import costes_threshold as costes_threshold
    from lumentrace.coloc.metrics import li_icq as li_icq
    from lumentrace.coloc.metrics import manders as manders
    from lumentrace.coloc.metrics import pearson as pearson
    from lumentrace.coloc.metrics import spearman as spearman
    from lumentrace.coloc.objects import find_objects as find_objects
    from lumentrace.coloc.objects import match_objects as match_objects
    from lumentrace.coloc.objects import object_overlap as object_overlap
    from lumentrace.coloc.objects import object_table as object_table
    from lumentrace.coloc.randomization import Randomization as Randomization
    from lumentrace.coloc.randomization import costes_randomization as costes_randomization
    from lumentrace.coloc.regions import iter_regions as iter_regions
    from lumentrace.coloc.regions import labels_to_label_mask as labels_to_label_mask
    from lumentrace.coloc.regions import shapes_to_label_mask as shapes_to_label_mask
    from lumentrace.coloc.report.page import write_report as write_report
    from lumentrace.coloc.ripley import CrossK as CrossK
    from lumentrace.coloc.ripley import cross_k as cross_k
    from lumentrace.coloc.sample_data import make_sample_data as make_sample_data
    from lumentrace.coloc.sample_data import make_sample_data_3d as make_sample_data_3d
    from lumentrace.coloc.shifts import CrossCorrelation as CrossCorrelation
    from lumentrace.coloc.shifts import cross_correlation as cross_correlation
    from lumentrace.coloc.table import EXTENDED_COLUMNS as EXTENDED_COLUMNS
    from lumentrace.coloc.table import EXTENDED_METRICS as EXTENDED_METRICS
    from lumentrace.coloc.table import colocalization_table as colocalization_table
    from lumentrace.coloc.thresholds import auto_threshold as auto_threshold

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ALL_METRICS": "lumentrace.coloc.measures",
        "Areas": "lumentrace.coloc.cooccurrence",
        "COLUMNS": "lumentrace.coloc.analysis",
        "Corrected": "lumentrace.coloc.autocorrelation",
        "Costes": "lumentrace.coloc.metrics",
        "CrossCorrelation": "lumentrace.coloc.shifts",
        "CrossK": "lumentrace.coloc.ripley",
        "EXTENDED_COLUMNS": "lumentrace.coloc.table",
        "EXTENDED_METRICS": "lumentrace.coloc.table",
        "Overlap": "lumentrace.coloc.cooccurrence",
        "Randomization": "lumentrace.coloc.randomization",
        "analyse_all_to_all": "lumentrace.coloc.analysis",
        "analyse_pairwise": "lumentrace.coloc.analysis",
        "auto_threshold": "lumentrace.coloc.thresholds",
        "colocalization_table": "lumentrace.coloc.table",
        "corrected_pvalue": "lumentrace.coloc.autocorrelation",
        "costes": "lumentrace.coloc.metrics",
        "costes_randomization": "lumentrace.coloc.randomization",
        "costes_threshold": "lumentrace.coloc.metrics",
        "cross_correlation": "lumentrace.coloc.shifts",
        "cross_k": "lumentrace.coloc.ripley",
        "find_objects": "lumentrace.coloc.objects",
        "iter_regions": "lumentrace.coloc.regions",
        "kendall_tau": "lumentrace.coloc.cooccurrence",
        "labels_to_label_mask": "lumentrace.coloc.regions",
        "li_icq": "lumentrace.coloc.metrics",
        "make_sample_data": "lumentrace.coloc.sample_data",
        "make_sample_data_3d": "lumentrace.coloc.sample_data",
        "make_sample_data_cbs006rbm": "lumentrace.coloc.benchmark_image",
        "manders": "lumentrace.coloc.metrics",
        "match_objects": "lumentrace.coloc.objects",
        "object_overlap": "lumentrace.coloc.objects",
        "object_table": "lumentrace.coloc.objects",
        "overlap_coefficients": "lumentrace.coloc.cooccurrence",
        "pearson": "lumentrace.coloc.metrics",
        "rank_weighted": "lumentrace.coloc.cooccurrence",
        "shapes_to_label_mask": "lumentrace.coloc.regions",
        "spearman": "lumentrace.coloc.metrics",
        "threshold_areas": "lumentrace.coloc.cooccurrence",
        "write_report": "lumentrace.coloc.report.page",
        "run": "lumentrace.coloc.run",
    },
)
