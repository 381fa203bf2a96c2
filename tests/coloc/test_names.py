"""Colocalization: every documented name with its parameters in order and their defaults, and the order of columns."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from lumentrace import coloc

METRICS = "('pcc', 'srcc', 'icq', 'mcc')"
CHOICES = f"label_mask=None, metrics={METRICS}, threshold_method='costes', threshold_a=None, threshold_b=None"

SIGNATURES = {
    "pearson": "a, b, mask=None",
    "spearman": "a, b, mask=None",
    "li_icq": "a, b, mask=None",
    "manders": "a, b, threshold_a, threshold_b, mask=None",
    "costes_threshold": "a, b, mask=None, n_steps=256",
    "shapes_to_label_mask": "shapes_layer, image_shape",
    "labels_to_label_mask": "labels_layer, image_shape",
    "iter_regions": "label_mask",
    "analyse_pairwise": f"a, b, *, {CHOICES}, channel_a='A', channel_b='B'",
    "analyse_all_to_all": f"image, channel_axis, *, {CHOICES}, channel_names=None",
    "make_sample_data": "",
    "make_sample_data_3d": "",
    "make_sample_data_cbs006rbm": "",
}
COLUMNS = "region channel_a channel_b n_pixels pcc pcc_pvalue srcc srcc_pvalue icq m1 m2 threshold_a threshold_b"


def signature(function: object) -> list[str]:
    """Parameters with defaults, those by name alone behind a star."""
    found: list[str] = []
    for each in inspect.signature(function).parameters.values():  # type: ignore[arg-type]  # they are functions
        if each.kind is each.KEYWORD_ONLY and "*" not in found:
            found.append("*")
        found.append(each.name if each.default is each.empty else f"{each.name}={each.default!r}")
    return found


@pytest.mark.parametrize("name", SIGNATURES)
def test_documented_parameters_come_first(name: str) -> None:
    documented = [part.strip() for part in SIGNATURES[name].replace(METRICS, "METRICS").split(",") if part]
    found = [part.replace(METRICS, "METRICS") for part in signature(getattr(coloc, name))]
    # Parameters of ours may follow, by name alone.
    positional = [part for part in documented if part != "*"]
    assert [part for part in found if part != "*"][: len(positional)] == positional
    assert set(found[len(documented) :]) <= set(found[found.index("*") :] if "*" in found else ())
    if "*" in documented:
        assert found.index("*") == documented.index("*")


PATHS = {
    "metrics": "pearson spearman li_icq manders costes_threshold costes Costes",
    "analysis": "analyse_pairwise analyse_all_to_all",
    "regions": "shapes_to_label_mask labels_to_label_mask iter_regions",
    "sample_data": "make_sample_data make_sample_data_3d",
    "cooccurrence": "overlap_coefficients Overlap kendall_tau rank_weighted threshold_areas Areas",
    "randomization": "costes_randomization Randomization",
    "autocorrelation": "corrected_pvalue Corrected",
    "shifts": "cross_correlation CrossCorrelation",
    "objects": "object_table object_overlap match_objects find_objects Objects",
    "ripley": "cross_k CrossK",
    "run": "Settings Outcome run",
}


@pytest.mark.parametrize("path", PATHS)
def test_documented_paths_answer_in_a_fresh_program(path: str) -> None:
    """Modules and the package give the same objects, whichever is imported first."""
    names = PATHS[path].split()
    module = f"lumentrace.coloc.{path}"
    source = f"from {module} import {', '.join(names)}\nimport sys, {module}\nfrom lumentrace import coloc\n"
    source += f"assert sys.modules[{module!r}].__spec__.name.startswith('lumentrace.coloc.')\n"
    source += "".join(f"assert getattr(coloc, {name!r}, {name}) is {name}\n" for name in names if name != "run")
    subprocess.run([sys.executable, "-c", source], check=True)


def test_columns_and_metrics() -> None:
    assert tuple(COLUMNS.split()) == coloc.COLUMNS
    assert coloc.ALL_METRICS == ("pcc", "srcc", "icq", "mcc")
