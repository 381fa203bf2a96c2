"""Rows per region and channel pair: the documented analysis and the table with reasons."""

from __future__ import annotations

import inspect
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lumentrace import coloc

SHAPE = (24, 30)


def image(channels: int = 3, dtype: str = "u2") -> np.ndarray:
    random = np.random.default_rng(5)
    common = random.random(SHAPE) < 0.3
    return np.stack(
        [random.integers(10, 40, SHAPE) + common * random.integers(50, 200, SHAPE) for _ in range(channels)]
    ).astype(dtype)


def labels() -> np.ndarray:
    """Regions 2, 5 and 9: gaps as overlapping shapes leave them."""
    found = np.zeros(SHAPE, dtype=np.int32)
    found[2:10, 2:12] = 5
    found[8:20, 10:25] = 2
    found[21:, :9] = 9
    return found


def same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected)


# ------------------------------------------------------------------ regions
def test_regions_one_by_one() -> None:
    mask = labels()
    found = list(coloc.iter_regions(mask))
    assert [label for label, _ in found] == [2, 5, 9]
    assert all(type(label) is int for label, _ in found)
    for label, region in found:
        same(region, mask == label)
    assert list(coloc.iter_regions(None)) == [(0, None)]
    assert list(coloc.iter_regions(np.zeros(SHAPE, int))) == []
    assert [label for label, _ in coloc.iter_regions([[True, False]])] == [1]
    assert [label for label, _ in coloc.iter_regions([[-3, 0, 2.0, -3]])] == [-3, 2]
    for bad in ([[0.5, 1]], [[np.nan, 1]], [["a"]], [[1e300, 1]], np.array([[2**63, 1]], dtype=np.uint64)):
        with pytest.raises(ValueError, match="whole numbers"):
            list(coloc.iter_regions(bad))


def test_masks_of_layers() -> None:
    class Shapes:
        def to_labels(self, *, labels_shape: tuple[int, ...]) -> np.ndarray:
            assert labels_shape == SHAPE
            return labels().astype(np.uint8)

    found = coloc.shapes_to_label_mask(Shapes(), list(SHAPE))
    same(found, labels())
    assert found.dtype == np.int_
    layer = SimpleNamespace(data=labels().astype(np.int64))
    copied = coloc.labels_to_label_mask(layer, list(SHAPE))
    copied[0, 0] = 77
    assert layer.data[0, 0] == 0
    with pytest.raises(ValueError, match=r"\(24, 30\).*\(2, 2\)"):
        coloc.labels_to_label_mask(SimpleNamespace(data=np.ones((2, 2), int)), SHAPE)
    with pytest.raises(ValueError, match="whole numbers"):
        coloc.labels_to_label_mask(SimpleNamespace(data=np.full(SHAPE, 0.5)), SHAPE)
    same(coloc.labels_to_label_mask(SimpleNamespace(data=labels() > 0), SHAPE), labels() > 0)


# ------------------------------------------------------------------ the documented rows
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("pearson", "a b mask"),
        ("spearman", "a b mask"),
        ("li_icq", "a b mask"),
        ("manders", "a b threshold_a threshold_b mask"),
        ("costes_threshold", "a b mask n_steps"),
        ("shapes_to_label_mask", "shapes_layer image_shape"),
        ("labels_to_label_mask", "labels_layer image_shape"),
        ("iter_regions", "label_mask"),
        (
            "analyse_pairwise",
            "a b label_mask metrics threshold_method threshold_a threshold_b channel_a channel_b",
        ),
        (
            "analyse_all_to_all",
            "image channel_axis label_mask metrics threshold_method threshold_a threshold_b channel_names",
        ),
        ("make_sample_data", ""),
        ("make_sample_data_3d", ""),
        ("make_sample_data_cbs006rbm", ""),
    ],
)
def test_documented_signatures(name: str, parameters: str) -> None:
    found = list(inspect.signature(getattr(coloc, name)).parameters)
    assert found[: len(parameters.split())] == parameters.split()


def test_documented_columns() -> None:
    names = "region channel_a channel_b n_pixels pcc pcc_pvalue srcc srcc_pvalue icq m1 m2 threshold_a threshold_b"
    assert tuple(names.split()) == coloc.COLUMNS
    assert coloc.ALL_METRICS == ("pcc", "srcc", "icq", "mcc")


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "f4", "f8"])
def test_each_region_as_if_alone(dtype: str) -> None:
    a, b, _ = image(dtype=dtype)
    rows = coloc.analyse_pairwise(a, b, label_mask=labels(), channel_a="dna", channel_b="tub")
    assert [row["region"] for row in rows] == [2, 5, 9]
    for row in rows:
        mask = labels() == row["region"]
        threshold_a, threshold_b = coloc.costes_threshold(a, b, mask)
        expected = (
            row["region"],
            "dna",
            "tub",
            int(mask.sum()),
            *coloc.pearson(a, b, mask),
            *coloc.spearman(a, b, mask),
            coloc.li_icq(a, b, mask),
            *coloc.manders(a, b, threshold_a, threshold_b, mask),
            threshold_a,
            threshold_b,
        )
        assert tuple(row.values()) == expected
        assert [type(value) for value in row.values()] == [int, str, str, int] + [float] * 9


def test_whole_image_and_no_region() -> None:
    a, b, _ = image()
    (row,) = coloc.analyse_pairwise(a, b)
    assert (row["region"], row["n_pixels"]) == (0, a.size)
    assert coloc.analyse_pairwise(a, b, label_mask=np.zeros(SHAPE, int)) == []
    (empty,) = coloc.analyse_pairwise(a[:0], b[:0])
    assert empty["n_pixels"] == 0
    assert np.isnan(list(empty.values())[4:]).all()


def test_metrics_not_asked_for_are_nan() -> None:
    a, b, _ = image()
    (row,) = coloc.analyse_pairwise(a, b, metrics="pcc")
    assert [column for column, value in row.items() if not isinstance(value, str) and not np.isnan(value)] == [
        "region",
        "n_pixels",
        "pcc",
        "pcc_pvalue",
    ]
    (manual,) = coloc.analyse_pairwise(
        a, b, metrics=["mcc"], threshold_method="manual", threshold_a=30, threshold_b=np.int64(25)
    )
    assert (manual["threshold_a"], manual["threshold_b"]) == (30.0, 25.0)
    assert (manual["m1"], manual["m2"]) == coloc.manders(a, b, 30, 25)


@pytest.mark.parametrize("method", ["otsu", "li", "triangle", "yen", "isodata", "mean"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
def test_automatic_thresholds_per_region(method: str, dtype: str) -> None:
    a, b, _ = image(dtype=dtype)
    for row in coloc.analyse_pairwise(a, b, label_mask=labels(), metrics="mcc", threshold_method=method):
        mask = labels() == row["region"]
        expected = coloc.auto_threshold(a, method, mask), coloc.auto_threshold(b, method, mask)
        assert (row["threshold_a"], row["threshold_b"]) == pytest.approx(expected, abs=1e-6)
        assert (row["m1"], row["m2"]) == pytest.approx(coloc.manders(a, b, *expected, mask))


def test_costes_variants() -> None:
    a, b, _ = image()
    for method, search in (
        ("costes-exact", "exact"),
        ("costes-orthogonal", "exact-orthogonal"),
        ("coloc2", "bisection"),
    ):
        (row,) = coloc.analyse_pairwise(a, b, metrics="mcc", threshold_method=method)
        found = coloc.costes(a, b, search=search)
        assert (row["threshold_a"], row["threshold_b"]) == (found.threshold_a, found.threshold_b)


def test_one_bad_region_does_not_disturb_the_others() -> None:
    a, b, _ = image(dtype="f8")
    spoiled, mask = a.copy(), labels()
    spoiled[mask == 5] = 7.0
    spoiled[22, 2] = np.nan
    before = coloc.analyse_pairwise(a, b, label_mask=mask)
    after = coloc.analyse_pairwise(spoiled, b, label_mask=mask)
    assert before[0] == after[0]
    assert np.isnan([after[1]["pcc"], after[2]["pcc"], after[2]["threshold_a"]]).all()
    negative = a - 100
    rows = coloc.analyse_pairwise(negative, b, label_mask=mask)
    assert np.isnan([row["m1"] for row in rows]).all()
    assert not np.isnan([row["m2"] for row in rows]).any()


def test_all_pairs() -> None:
    stack = image(4)
    rows = coloc.analyse_all_to_all(stack, 0, label_mask=labels(), metrics=("pcc", "icq"))
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    assert [(row["channel_a"], row["channel_b"], row["region"]) for row in rows] == [
        (f"c{i}", f"c{j}", region) for i, j in pairs for region in (2, 5, 9)
    ]
    expected = [
        row
        for i, j in pairs
        for row in coloc.analyse_pairwise(
            stack[i], stack[j], label_mask=labels(), metrics=("pcc", "icq"), channel_a=f"c{i}", channel_b=f"c{j}"
        )
    ]
    assert str(rows) == str(expected)
    last = coloc.analyse_all_to_all(np.moveaxis(stack, 0, -1), -1, label_mask=labels(), metrics=("pcc", "icq"))
    assert str(last) == str(expected)
    assert coloc.analyse_all_to_all(stack[:1], 0) == []
    named = coloc.analyse_all_to_all(stack[:2], 0, metrics="pcc", channel_names=["actin", "dna"])
    assert (named[0]["channel_a"], named[0]["channel_b"]) == ("actin", "dna")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": "pc"}, r"`metrics`.*pcc.*'pc'"),
        ({"metrics": ["pcc", "ssim"]}, "'ssim'"),
        ({"threshold_method": "manual"}, "threshold_a"),
        ({"threshold_method": "manual", "threshold_a": 3, "metrics": "pcc"}, "threshold_b"),
        ({"threshold_method": "otso", "metrics": "pcc"}, r"`threshold_method`.*otsu.*'otso'"),
        ({"label_mask": np.ones((3, 3), int)}, r"`label_mask`.*\(24, 30\).*\(3, 3\)"),
        ({"label_mask": np.full(SHAPE, 0.5)}, "whole numbers"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    stack = image()
    with pytest.raises(ValueError, match=message):
        coloc.analyse_pairwise(stack[0], stack[1], **arguments)
    with pytest.raises(ValueError, match=message):
        coloc.analyse_all_to_all(stack, 0, **arguments)
    with pytest.raises(ValueError, match=message):
        coloc.colocalization_table(list(stack), **arguments)


def test_bad_images() -> None:
    stack = image()
    with pytest.raises(ValueError, match=r"`b`.*\(24, 30\)"):
        coloc.analyse_pairwise(stack[0], stack[1].T)
    with pytest.raises(TypeError, match="complex"):
        coloc.analyse_pairwise(stack[0] * 1j, stack[1])
    for axis in (3, -4):
        with pytest.raises(ValueError, match="`channel_axis`"):
            coloc.analyse_all_to_all(stack, axis)
    with pytest.raises(ValueError, match=r"`channel_names`.*3.*1"):
        coloc.analyse_all_to_all(stack, 0, channel_names=["a"])


@given(
    arrays(np.int64, (5, 6), elements=st.sampled_from([0, 1, 4, -2, 10**12])),
    arrays(np.uint16, (2, 5, 6), elements=st.integers(0, 9)),
)
def test_any_labels(mask: np.ndarray, channels: np.ndarray) -> None:
    rows = coloc.analyse_pairwise(*channels, label_mask=mask)
    assert [row["region"] for row in rows] == [int(label) for label in np.unique(mask) if label]
    for row in rows:
        inner = mask == row["region"]
        same([row["pcc"], row["pcc_pvalue"]], coloc.pearson(*channels, inner))
        same([row["srcc"], row["srcc_pvalue"]], coloc.spearman(*channels, inner))


# ------------------------------------------------------------------ the table
def test_table_has_the_documented_rows() -> None:
    stack = image()
    table = coloc.colocalization_table(list(stack), label_mask=labels())
    rows = coloc.analyse_all_to_all(stack, 0, label_mask=labels())
    assert str(table.select(coloc.COLUMNS).to_dicts()) == str(rows)
    assert table.columns == [*coloc.COLUMNS, "costes", "status", "reason"]


def test_all_metrics_of_the_table() -> None:
    a, b, _ = image(dtype="u1")
    table = coloc.colocalization_table(
        {"dna": a, "tub": b}, label_mask=labels(), metrics=coloc.EXTENDED_METRICS, block=1, randomizations=200, seed=4
    )
    assert (table["status"] == "ok").all()
    for row in table.to_dicts():
        mask = labels() == row["region"]
        overlap = coloc.overlap_coefficients(a, b, mask)
        assert (row["overlap_r"], row["overlap_k1"], row["overlap_k2"]) == (overlap.r, overlap.k1, overlap.k2)
        assert (row["tau"], row["tau_pvalue"]) == coloc.kendall_tau(a, b, mask)
        assert (row["rwc1"], row["rwc2"]) == coloc.rank_weighted(a, b, mask)
        areas = coloc.threshold_areas(a, b, row["threshold_a"], row["threshold_b"], mask)
        assert (row["area_a"], row["area_b"], row["jaccard"], row["dice"]) == (
            areas.fraction_a,
            areas.fraction_b,
            areas.jaccard,
            areas.dice,
        )
        drawn = coloc.costes_randomization(a, b, mask, block=1, n=200, seed=4)
        assert (row["random_r"], row["random_sd"], row["random_pvalue"]) == (drawn.observed, drawn.sd, drawn.p_right)
        corrected = coloc.corrected_pvalue(a, b, mask)
        assert (row["pcc_effective_n"], row["pcc_corrected_pvalue"]) == (corrected.effective_n, corrected.p)


def test_reasons() -> None:
    a = np.zeros((6, 6))
    a[0] = [2, 2, 2, 2, 2, 2]
    a[1] = [1, 2, 3, 4, 5, 6]
    a[2] = [1, np.nan, 3, 4, 5, 6]
    a[3] = [-1, 2, 3, 4, 5, 6]
    a[4] = [6, 5, 4, 3, 2, 1]
    b = np.tile([1.0, 2, 3, 4, 5, 7], (6, 1))
    mask = np.repeat(np.arange(1, 7), 6).reshape(6, 6)
    mask[5, 1:] = 0
    table = coloc.colocalization_table({"dna": a, "tub": b}, label_mask=mask)
    found = dict(zip(table["region"], zip(table["status"], table["costes"], table["reason"], strict=True), strict=True))
    few = "p-values need at least 10 pixels"
    assert found[1] == ("partial", "degenerate", "dna is constant (2)")
    assert found[2] == ("partial", "never", f"{few}; Costes: no threshold, the channels correlate at every level")
    assert found[3] == ("failed", "degenerate", "dna has pixels that are not finite")
    assert found[4][0] == "partial"
    assert "dna has negative pixels (least -1)" in found[4][2]
    assert found[5] == ("partial", "slope<=0", f"{few}; Costes: no threshold, the channels do not rise together")
    assert found[6][2] == "one pixel"
    few = coloc.colocalization_table({"dna": a, "tub": b}, label_mask=mask, metrics="randomization", block=3)
    assert few["reason"][0].startswith("dna is constant (2)")
    assert few["random_blocks"].to_list() == [0] * 6


def test_nan_policy_of_the_table() -> None:
    a, b, _ = image(dtype="f4")
    a[3, 4] = np.nan
    bad = coloc.colocalization_table([a, b], label_mask=labels())
    omitted = coloc.colocalization_table(
        [a, b], label_mask=labels(), nan_policy="omit", metrics=coloc.EXTENDED_METRICS, block=2
    )
    assert bad["status"].to_list() == ["ok", "failed", "ok"]
    assert omitted["status"].to_list() == ["ok", "ok", "ok"]
    assert omitted["n_pixels"].to_list()[1] == bad["n_pixels"].to_list()[1] - 1
    assert omitted["pcc"][1] == coloc.pearson(a, b, (labels() == 5) & np.isfinite(a))[0]
    with pytest.raises(ValueError, match="finite"):
        coloc.colocalization_table([a, b], label_mask=labels(), nan_policy="raise")
    a[3, 4], a[0, 0] = 1.0, np.inf
    assert coloc.colocalization_table([a, b], label_mask=labels(), nan_policy="raise")["status"].to_list() == ["ok"] * 3


def test_slices() -> None:
    random = np.random.default_rng(3)
    a = random.integers(0, 99, (4, *SHAPE))
    b = a // 2 + random.integers(0, 40, a.shape)
    deep = np.stack([labels() * (k != 2) for k in range(4)])
    for mask in (labels(), deep):
        table = coloc.colocalization_table([a, b], label_mask=mask, slice_axis=0)
        expected = []
        for place in range(4):
            inner = mask if mask.ndim == 2 else mask[place]
            expected += [
                {"slice": place} | row
                for row in coloc.analyse_pairwise(a[place], b[place], label_mask=inner, channel_a="c0", channel_b="c1")
            ]
        crossed = (table["costes"] == "crossed").to_numpy()
        assert crossed.any()
        rows = table.select("slice", *coloc.COLUMNS).to_dicts()
        for row, wanted, found in zip(rows, expected, crossed, strict=True):
            unknown = () if found else ("m1", "m2", "threshold_a", "threshold_b")
            assert str(row) == str(wanted | dict.fromkeys(unknown, math.nan))
    assert coloc.colocalization_table([a, b], slice_axis=-1)["slice"].to_list() == list(range(30))
    with pytest.raises(ValueError, match="slice_axis"):
        coloc.colocalization_table([a, b], slice_axis=3)
    with pytest.raises(ValueError, match="label_mask"):
        coloc.colocalization_table([a, b], slice_axis=1, label_mask=labels())


def test_chosen_pairs_and_progress() -> None:
    stack = image(4)
    seen: list[tuple[int, int]] = []
    named = dict(zip("wxyz", stack, strict=True))
    table = coloc.colocalization_table(
        named, pairs=[("z", "w"), ("x", "y")], metrics="pcc", progress=lambda *counts: seen.append(counts)
    )
    assert list(zip(table["channel_a"], table["channel_b"], strict=True)) == [("z", "w"), ("x", "y")]
    assert seen == [(1, 2), (2, 2)]
    for bad in ([("w", "q")], "some"):
        with pytest.raises(ValueError, match="`pairs`"):
            coloc.colocalization_table(named, pairs=bad)
    with pytest.raises(ValueError, match="at least two"):
        coloc.colocalization_table({"w": stack[0]})
    with pytest.raises(ValueError, match="nan_policy"):
        coloc.colocalization_table(named, nan_policy="drop")
