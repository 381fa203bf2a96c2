"""Results of single functions say what went in, what was done and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lumentrace import coloc
from lumentrace.base.provenance import content
from lumentrace.base.recorded import Recorded

A = np.random.default_rng(0).poisson(20, (64, 64)).astype(np.uint16)
B = np.random.default_rng(1).poisson(20, (64, 64)).astype(np.uint16)
MASK = A > 10
POINTS = np.random.default_rng(2).uniform(0, 10, (30, 2))

CALLS: dict[str, tuple[Callable[[], Any], dict[str, Any], dict[str, Any]]] = {
    "costes": (lambda: coloc.costes(A, B, MASK, search="exact"), {"a": A, "b": B, "mask": MASK}, {"search": "exact"}),
    "overlap_coefficients": (lambda: coloc.overlap_coefficients(A, B), {"a": A, "b": B}, {"nan_policy": "propagate"}),
    "threshold_areas": (lambda: coloc.threshold_areas(A, B, 20, 21), {"a": A, "b": B}, {"threshold_b": 21}),
    "costes_randomization": (lambda: coloc.costes_randomization(A, B, n=50, seed=7), {"a": A, "b": B}, {"n": 50}),
    "corrected_pvalue": (lambda: coloc.corrected_pvalue(A, B, MASK), {"a": A, "b": B, "mask": MASK}, {}),
    "cross_correlation": (lambda: coloc.cross_correlation(A, B, max_shift=4), {"a": A, "b": B}, {"max_shift": 4}),
    "cross_k": (
        lambda: coloc.cross_k(POINTS, POINTS + 0, ((0, 10), (0, 10)), [1.0, 2.0], n=9, seed=5),
        {"points_a": POINTS, "points_b": POINTS},
        {"radii": [1.0, 2.0]},
    ),
    "find_objects": (lambda: coloc.find_objects(A // 20, centre="medoid"), {"labels": A // 20}, {"centre": "medoid"}),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_tell_their_histories(name: str) -> None:
    call, arrays, parameters = CALLS[name]
    began = time.perf_counter()
    found = call()
    took = time.perf_counter() - began
    history = found.provenance
    (step,) = history.steps
    assert step.name == name
    assert 0 < step.duration <= took
    assert parameters.items() <= step.parameters.items()
    assert history.input["xxh3"] == {key: content(array) for key, array in arrays.items()}
    assert history.input["bytes"] == sum(array.nbytes for array in arrays.values())
    assert history.seed == {"costes_randomization": 7, "cross_k": 5}.get(name)
    assert "provenance" not in repr(found)


def test_every_class_of_results_has_a_history() -> None:
    classes = [getattr(coloc, name) for name in coloc.__all__ if isinstance(getattr(coloc, name), type)]
    assert len(classes) >= 7
    assert all(issubclass(each, Recorded) for each in classes)
    assert coloc.overlap_coefficients(A, B) == coloc.overlap_coefficients(A, B)
