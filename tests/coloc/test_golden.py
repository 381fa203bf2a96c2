"""Colocalization beside the golden data, and beside reference values of two real data sets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from skimage.measure import label

from golden import golden, shared
from lumentrace import coloc

CASES = [
    "anticorrelated",
    "constant_b_u16",
    "f32_2d",
    "f64_masked",
    "many_ties_u8",
    "one_pixel",
    "peer_sample_2d",
    "two_pixels",
    "u16_2d",
    "u16_3d",
    "u16_labels",
    "u8_2d",
    "uncorrelated",
]
LARGE = ["f32_2d", "peer_sample_2d", "u16_2d", "u16_3d"]
REAL = ["bbbc022_0_1", "bbbc022_0_2", "bbbc022_1_2", "ecoli_t0_11"]


def numbers(values: Any) -> Any:
    """Lists of numbers in which "nan" and "inf" are words."""
    if isinstance(values, list):
        return [numbers(value) for value in values]
    return float(values) if values in ("nan", "inf", "-inf") else values


@dataclass
class Case:
    a: np.ndarray
    b: np.ndarray
    mask: np.ndarray | None
    labels: np.ndarray | None
    expected: dict[str, Any]

    @property
    def peer(self) -> dict[str, Any]:
        return self.expected["peer_0_1_5"]

    @property
    def beyond(self) -> dict[str, Any]:
        return self.expected.get("beyond_seed", {})

    @property
    def close(self) -> float:
        """Tolerance of sums: float32 is summed in float32 by the reference."""
        return 1e-6 if self.a.dtype == np.float32 else 1e-12

    @property
    def spans(self) -> list[float]:
        inner = [values if self.mask is None else values[self.mask] for values in (self.a, self.b)]
        return [float(np.ptp(values)) for values in inner]


def golden_case(name: str) -> Case:
    images = golden("coloc/cases.npz" if name in LARGE else "coloc/small_cases.npz")
    found = {key.removeprefix(f"{name}__"): image for key, image in images.items() if key.startswith(f"{name}__")}
    expected = golden("coloc/expected.json")[name]
    return Case(found["a"], found["b"], found.get("mask"), found.get("labels"), expected)


def real_case(name: str) -> Case:
    folder = shared() / "data" / "coloc"
    expected = json.loads((folder / "expected_shared.json").read_text("utf-8"))[name]
    if name.startswith("ecoli"):
        with np.load(folder / "ecoli_ori_ter.npz") as arrays:
            a, b = arrays["image"]
        return Case(a, b, None, None, expected)
    with np.load(folder / "bbbc022_a02_s9.npz") as arrays:
        image, labels = arrays["image"], arrays["labels"]
    return Case(image[int(name[-3])], image[int(name[-1])], None, labels, expected)


@pytest.fixture(scope="module", params=[*CASES, *REAL])
def case(request: pytest.FixtureRequest) -> Case:
    return (real_case if request.param in REAL else golden_case)(request.param)


def near(found: Any, expected: Any, tolerance: float) -> None:
    np.testing.assert_allclose(found, numbers(expected), rtol=tolerance, atol=tolerance, equal_nan=True)


def same_probability(found: float, expected: Any) -> None:
    p = float(expected)
    if p > 1e-290:
        assert found == pytest.approx(p, rel=1e-6)
    elif not np.isnan(p):
        assert found < 1e-280
    else:
        assert np.isnan(found)


def test_pearson(case: Case) -> None:
    r, p = coloc.pearson(case.a, case.b, case.mask)
    near(r, case.peer["pearson"][0], case.close)
    if case.a.dtype != np.float32:
        same_probability(p, case.peer["pearson"][1])


def test_spearman(case: Case) -> None:
    rho, p = coloc.spearman(case.a, case.b, case.mask)
    near(rho, case.peer["spearman"][0], 1e-12)
    same_probability(p, case.peer["spearman"][1])


def test_icq(case: Case) -> None:
    tolerance = 3 / case.expected["n"] if case.a.dtype == np.float32 else 1e-15
    near(coloc.li_icq(case.a, case.b, case.mask), case.peer["li_icq"], tolerance)


def test_manders(case: Case) -> None:
    given = case.expected["manual_thresholds"]
    near(coloc.manders(case.a, case.b, *given, case.mask), case.peer["manders_manual"], case.close)
    near(coloc.manders(case.a, case.b, 0, 0, case.mask), case.peer["manders_zero"], case.close)
    used = numbers(case.peer["costes_256"])
    near(coloc.manders(case.a, case.b, *used, case.mask), case.peer["manders_costes"], case.close)


@pytest.mark.parametrize("steps", [256, 64, 17])
def test_costes_grid(case: Case, steps: int) -> None:
    documented = case.beyond.get(f"costes_grid_{steps}")
    if documented is None:
        assert coloc.costes_threshold(case.a, case.b, case.mask, steps) == tuple(case.peer[f"costes_{steps}"])
        return
    found = coloc.costes(case.a, case.b, case.mask, steps)
    assert found.status == documented["status"]
    expected = [numbers(documented["threshold"])]
    if documented["status"] != "never":
        expected.append(numbers(case.peer[f"costes_{steps}"]))
    for threshold_a, threshold_b in expected:
        assert abs(found.threshold_a - threshold_a) <= 1e-12 * case.spans[0]
        assert abs(found.threshold_b - threshold_b) <= 1e-9 * case.spans[1]
    if found.status == "crossed":
        assert found.r_below <= 0


@pytest.mark.parametrize(
    ("key", "search"), [("costes_exact_ols", "exact"), ("costes_exact_orthogonal", "exact-orthogonal")]
)
def test_costes_exact(case: Case, key: str, search: str) -> None:
    if key not in case.beyond:
        assert coloc.costes(case.a, case.b, case.mask, search=search).status == "degenerate"
        return
    *thresholds, status = numbers(case.beyond[key])
    found = coloc.costes(case.a, case.b, case.mask, search=search)
    assert found.status == status
    near([found.threshold_a, found.threshold_b], thresholds, 1e-9)


def test_other_measures(case: Case) -> None:
    beyond = case.beyond
    if not beyond:
        assert case.expected["n"] == 1
        return
    found = coloc.overlap_coefficients(case.a, case.b, case.mask)
    near([found.r, found.k1, found.k2], beyond["overlap_r_k1_k2"], case.close)
    near(coloc.rank_weighted(case.a, case.b, case.mask), beyond["rwc_15pct"], case.close)
    line = coloc.costes(case.a, case.b, case.mask, search="exact-orthogonal")
    if line.status in ("crossed", "never"):
        near([line.slope, line.intercept], beyond["orthogonal"], max(case.close, 1e-9))


def test_kendall(case: Case) -> None:
    expected = case.beyond.get("kendall_tau_b")
    if expected is None:
        assert case.expected["n"] == 1 or case.expected["n"] > 20_000
        return
    tau, p = coloc.kendall_tau(case.a, case.b, case.mask)
    near(tau, expected[0], 1e-12)
    same_probability(p, expected[1])


@pytest.mark.parametrize("method", ["otsu", "li", "triangle", "yen", "isodata", "mean"])
def test_auto_thresholds(case: Case, method: str) -> None:
    for values, expected in zip((case.a, case.b), case.beyond.get("auto", {}).get(method, []), strict=False):
        inner = values if case.mask is None else values[case.mask]
        bin_width = 1.0 if values.dtype.kind == "u" else float(np.ptp(inner)) / 256
        found = coloc.auto_threshold(values, method, case.mask)
        near(found, expected, 0) if np.isnan(found) else near(found, expected, bin_width)


def test_shifts(case: Case) -> None:
    expected = case.beyond.get("ccf_x_pm6_zero_at_0")
    if expected is None or case.a.shape[-1] < 7:
        assert case.expected["n"] < 3
        return
    found = coloc.cross_correlation(case.a, case.b, case.mask, max_shift=6)
    assert found.shifts[0].tolist() == expected[0]
    near(found.r, expected[1], case.close)


def test_rows(case: Case) -> None:
    if "rows" not in case.expected:
        assert case.labels is None
        return
    rows = coloc.analyse_pairwise(case.a, case.b, label_mask=case.labels, channel_a="dna", channel_b="tub")
    assert [tuple(row) for row in rows] == [coloc.COLUMNS] * len(rows)
    for row, expected in zip(rows, case.expected["rows"], strict=True):
        found = coloc.costes(case.a, case.b, case.labels == row["region"])
        for column in coloc.COLUMNS:
            undocumented = found.status == "never" and column in {"m1", "m2", "threshold_a", "threshold_b"}
            if column.startswith("channel") or undocumented:
                continue
            near(row[column], expected[column], 1e-6 if column.endswith("pvalue") else 1e-9)
        if found.status == "never":
            inner = case.a[case.labels == row["region"]], case.b[case.labels == row["region"]]
            assert (row["threshold_a"], row["threshold_b"]) == tuple(float(values.min()) for values in inner)


def test_rows_with_manual_thresholds(case: Case) -> None:
    if "rows_manual_subset" not in case.expected:
        assert case.labels is None
        return
    expected = case.expected["rows_manual_subset"]
    given = expected[0]["threshold_a"], expected[0]["threshold_b"]
    measured = [
        name for name, column in (("pcc", "pcc"), ("srcc", "srcc"), ("icq", "icq")) if expected[0][column] != "nan"
    ]
    rows = coloc.analyse_pairwise(
        case.a,
        case.b,
        label_mask=case.labels,
        metrics=[*measured, "mcc"],
        threshold_method="manual",
        threshold_a=given[0],
        threshold_b=given[1],
    )
    for row, other in zip(rows, expected, strict=True):
        near([row[c] for c in coloc.COLUMNS[3:]], [other[c] for c in coloc.COLUMNS[3:]], 1e-9)


@pytest.mark.parametrize("name", ["u16_2d", "u8_2d", "u16_3d", "uncorrelated"])
def test_randomization(name: str) -> None:
    case = golden_case(name)
    for expected in golden("coloc/costes_null.json")[name]:
        found = coloc.costes_randomization(case.a, case.b, block=expected["block"], n=1000, seed=3)
        assert found.n_blocks == expected["n_blocks"]
        near(found.observed, expected["observed"], 1e-12)
        near([found.mean, found.sd], [expected["null_mean"], expected["null_sd"]], 1e-7)
        assert abs(found.null.mean() - expected["null_mean"]) < 4 * expected["null_sd"] / np.sqrt(1000)
        assert found.null.std() == pytest.approx(expected["null_sd"], rel=0.1)


def test_objects() -> None:
    case = golden_case("u16_labels")
    expected = case.expected["object_table_labels_vs_b90"]
    bright = label(case.b > np.percentile(case.b, 90), connectivity=1)
    if bright.max() != expected["n_objects_b"]:
        bright = label(case.b > np.percentile(case.b, 90), connectivity=2)
    for suffix, table in (
        ("a", coloc.object_table(case.labels, bright)),
        ("b", coloc.object_table(bright, case.labels)),
    ):
        assert len(table) == expected[f"n_objects_{suffix}"]
        assert (table["centre_in"] > 0).sum() == expected[f"coincident_{suffix}"]
        assert (table["covered"] > 0).sum() == expected[f"overlap_{suffix}"]
        assert table["distance"].median() == pytest.approx(expected[f"median_nn_distance_{suffix}"])
