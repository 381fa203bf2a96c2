"""Masks of masked arrays are respected or refused, never passed over."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from array_functions import TAKING, arrays_of
from lumentrace import LineData, Pixels, PointData, Voxels, afm, coloc, twophoton


def hidden(*shape: int) -> Any:
    values = np.ma.masked_array(np.arange(float(np.prod(shape))).reshape(shape))
    values[..., 0] = np.ma.masked
    return values


def called(function: Callable[..., Any], name: str, value: Any) -> Any:
    """Call a function with a value for one parameter, and None for the others that it needs."""
    given, named = [], {}
    for each in inspect.signature(function).parameters.values():
        if each.kind is each.VAR_POSITIONAL or each.kind is each.VAR_KEYWORD:
            continue
        if each.name == name or each.default is each.empty:
            chosen = value if each.name == name else None
            if each.kind is each.POSITIONAL_ONLY:
                given.append(chosen)
            else:
                named[each.name] = chosen
    return function(*given, **named)


def test_the_table_holds_what_is_known() -> None:
    assert len(TAKING) > 60
    for known in ("coloc.measure.metrics.pearson", "stain.measure.subtraction.subtract", "afm.masks.mask_otsu"):
        assert f"lumentrace.{known}" in TAKING


@pytest.mark.parametrize("name", TAKING)
def test_no_public_function_passes_over_a_mask(name: str) -> None:
    for parameter in arrays_of(TAKING[name]):
        with pytest.raises(ValueError, match=f"`{parameter}`: expected an array, found one with masked values"):
            called(TAKING[name], parameter, hidden(4, 5))


@pytest.mark.parametrize("held", [lambda image: {"a": image, "b": image}, lambda image: [image, image]])
def test_within_mappings_and_lists(held: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="masked"):
        coloc.colocalization_table(held(hidden(4, 5)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: afm.AFMImageStack(hidden(2, 4, 5), 1.0, "height_trace", "a.asd"),
        lambda: Pixels(hidden(4, 5), [0, 1], [0, 1]),
        lambda: Voxels(hidden(4, 5, 3), [0, 1], [0, 1], [0, 1]),
    ],
)
def test_what_holds_pixels(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="masked"):
        make()


@pytest.mark.parametrize(("kind", "columns"), [(LineData, 7), (PointData, 4)])
def test_rows_of_pept_say_nan_where_values_are_masked(kind: type, columns: int) -> None:
    found = kind(hidden(6, columns))
    assert np.isnan(found.data[:, 0]).all()
    assert np.isfinite(found.data[:, 1:]).all()


def test_an_array_without_masked_values_is_taken() -> None:
    a, b = np.random.default_rng(1).random((2, 8, 8))
    assert coloc.pearson(np.ma.masked_array(a), b) == coloc.pearson(a, b)


def test_pixels_under_a_mask_do_not_count() -> None:
    a = np.random.default_rng(2).random((20, 20))
    b, kept = a.copy(), np.ones(a.shape, bool)
    b[5, 5], kept[5, 5] = 1e6, False
    with pytest.raises(ValueError, match="masked"):
        coloc.pearson(a, np.ma.masked_array(b, ~kept))
    assert coloc.pearson(a, b, kept)[0] == pytest.approx(np.ma.corrcoef(a[kept], b[kept])[0, 1])


# ---------------------------------------------------------------------- what cannot be measured is told
def test_thresholds_of_no_pixels() -> None:
    nothing, some = np.zeros((0, 3)), np.ones((3, 3))
    assert np.isnan(coloc.costes_threshold(nothing, nothing)).all()
    assert np.isnan(coloc.costes_threshold(some, some, np.zeros((3, 3)))).all()
    assert coloc.costes(nothing, nothing).status == "empty"
    row = coloc.colocalization_table({"a": nothing, "b": nothing}).row(0, named=True)
    assert np.isnan([row["threshold_a"], row["threshold_b"]]).all()
    assert row["reason"] == "no pixels"


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, 2.0**53 + 2])
def test_labels_that_are_no_numbers(value: float) -> None:
    labels = np.zeros((4, 4))
    labels[1, 1], labels[2, 2] = 1, value
    with pytest.raises(ValueError, match=r"label_image.*whole numbers"):
        twophoton.make_roi_set_from_label_image(labels)
    with pytest.raises(ValueError, match=r"`labels`: .*whole numbers"):
        coloc.find_objects(labels)


def test_labels_that_are_nan_are_told() -> None:
    labels = np.zeros((4, 4))
    labels[1, 1], labels[2] = 3, np.nan
    with pytest.warns(UserWarning, match=r"label_image.*4 of 16 pixels are NaN"):
        rois = twophoton.make_roi_set_from_label_image(labels)
    assert rois.labels == ("roi_0003",)
    assert rois.masks.sum() == 1


def test_a_film_without_heights_is_told() -> None:
    film = np.random.default_rng(3).random((3, 32, 32))
    film[1:] = np.nan
    stack = afm.AFMImageStack(film, 1.0, "height_trace", "film.asd")
    pipeline = afm.AnalysisPipeline()
    pipeline.add("count_nonzero")
    with pytest.warns(UserWarning, match=r"film\.asd: 2 of 3 frames have no finite pixel \(1, 2\)"):
        pipeline.run(stack)
