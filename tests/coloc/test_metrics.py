"""Metrics of two channels: beside their twins and scipy, their symmetries, and what cannot be measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lumentrace import _core, coloc
from twins import channels as twin

METRICS = [coloc.pearson, coloc.spearman, coloc.li_icq, coloc.costes_threshold, coloc.kendall_tau]
DTYPES = ["bool", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", ">u2", ">i4", ">f4", ">f8"]


def pair(seed: int = 0, shape: tuple[int, ...] = (40, 50), top: int = 250) -> tuple[np.ndarray, np.ndarray]:
    """Two channels of whole numbers that share structures on a background."""
    random = np.random.default_rng(seed)
    common = random.random(shape) < 0.2
    a = random.integers(0, top // 3, shape) + common * random.integers(0, top // 2, shape)
    b = random.integers(0, top // 3, shape) + common * (a // 2) + random.integers(0, 5, shape)
    return a, b


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
def test_like_the_twins(seed: int, dtype: str) -> None:
    a, b = (values.astype(dtype) for values in pair(seed))
    x, y = (values.astype(float).ravel() for values in (a, b))
    assert coloc.pearson(a, b)[0] == pytest.approx(twin.correlation(x, y), abs=1e-12)
    assert coloc.spearman(a, b)[0] == pytest.approx(twin.spearman(x, y), abs=1e-12)
    assert coloc.li_icq(a, b) == pytest.approx(twin.icq(x, y), abs=1e-15)
    assert coloc.manders(a, b, 60, 40) == pytest.approx(twin.manders(x, y, 60, 40), abs=1e-12)
    for steps in (7, 64, 256):
        *thresholds, status = twin.costes_grid(x, y, steps)
        found = coloc.costes(a, b, n_steps=steps)
        assert found.status == status
        assert (found.threshold_a, found.threshold_b) == pytest.approx(thresholds, rel=1e-9)
    level, status = twin.costes_exact(x, y)
    exact = coloc.costes(a, b, n_steps=None)
    assert (exact.status, exact.threshold_a) == (status, pytest.approx(level, rel=1e-9))


@pytest.mark.parametrize("seed", range(5))
def test_like_scipy(seed: int) -> None:
    a, b = pair(seed, (30, 30), top=20 + 40 * seed)
    for ours, theirs in (
        (coloc.pearson, stats.pearsonr),
        (coloc.spearman, stats.spearmanr),
        (coloc.kendall_tau, stats.kendalltau),
    ):
        expected = theirs(a.ravel(), b.ravel())
        value, p = ours(a, b)
        assert value == pytest.approx(expected.statistic, abs=1e-12)
        assert p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-280)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_gives_the_same(dtype: str) -> None:
    a, b = (values % 2 if dtype == "bool" else values % 120 for values in pair(3))
    expected = a.astype("f8"), b.astype("f8")
    typed = a.astype(dtype), b.astype(dtype)
    for metric in METRICS:
        np.testing.assert_allclose(metric(*typed), metric(*expected), rtol=1e-12, atol=1e-14)
    assert coloc.manders(*typed, 0, 0) == pytest.approx(coloc.manders(*expected, 0, 0), abs=1e-12)


def test_mixed_types() -> None:
    a, b = pair(4)
    expected = [np.asarray(metric(a, b)) for metric in METRICS]
    for types in (("u1", "u2"), ("u2", "f4"), ("f4", "f8"), ("i8", "f4"), ("i2", "u8")):
        for metric, value in zip(METRICS, expected, strict=True):
            np.testing.assert_allclose(metric(a.astype(types[0]), b.astype(types[1])), value, rtol=1e-12, atol=1e-14)


def test_wide_whole_numbers() -> None:
    a, b = pair(5)
    far = a.astype("i8") * 10**6 - 10**9, b.astype("u4") + 4_000_000_000
    assert coloc.pearson(*far)[0] == pytest.approx(coloc.pearson(a, b)[0], abs=1e-12)
    assert coloc.spearman(*far) == coloc.spearman(a, b)
    assert coloc.li_icq(*far) == coloc.li_icq(a, b)
    assert coloc.costes(*far).threshold_b == pytest.approx(coloc.costes(a, b).threshold_b + 4e9, abs=1e-3)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
def test_layout_does_not_matter(dtype: str) -> None:
    a, b = (values.astype(dtype) for values in pair(6))
    wide = np.zeros((80, 100), dtype)
    wide[::2, 1::2] = b
    read_only = a.copy()
    read_only.setflags(write=False)
    variants: list[tuple[Any, Any]] = [
        (np.asfortranarray(a), np.asfortranarray(b)),
        (np.asfortranarray(a), b),
        (a[::-1][::-1], wide[::2, 1::2]),
        (read_only, b),
        (a.astype(a.dtype.newbyteorder(">")), b),
        (a.tolist(), b.tolist()),
    ]
    for metric in METRICS:
        expected = metric(a, b)
        for variant in variants[:5]:
            assert metric(*variant) == expected
    if dtype == "f8":
        assert coloc.pearson(*variants[5]) == coloc.pearson(a, b)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
def test_threads_do_not_matter(dtype: str) -> None:
    random = np.random.default_rng(1)
    a = (random.random(300_000) * 200).astype(dtype)
    b = (a * 0.5 + random.random(300_000) * 50).astype(dtype)
    for search in ("grid", "exact", "exact-orthogonal", "bisection"):
        rows = [
            _core.measure_channels(a, b, [0.0, 0.0], [0, 10, 90_000, 300_000], 15, search, 256, None, threads)
            for threads in (1, 2, 3)
        ]
        assert rows[0].tobytes() == rows[1].tobytes() == rows[2].tobytes()


def test_large_offset() -> None:
    random = np.random.default_rng(2)
    a, b = random.normal(size=(2, 10_000))
    b += a
    near, far = coloc.pearson(a, b)[0], coloc.pearson(a + 1e8, b + 1e8)[0]
    assert far == pytest.approx(near, abs=1e-6)
    assert coloc.pearson(a * 1e-200, b * 1e-200)[0] == pytest.approx(near, abs=1e-12)


def test_identical_channels() -> None:
    for values in (np.arange(9, dtype="u1"), np.random.default_rng(0).random(1000), np.arange(5000.0) ** 3):
        assert coloc.pearson(values, values) == (1.0, 0.0)
        assert coloc.spearman(values, values) == (1.0, 0.0)
        assert coloc.pearson(values.astype(float), -values.astype(float))[0] == -1.0


# ------------------------------------------------------------------ properties
whole = arrays(np.uint16, st.integers(3, 60), elements=st.integers(0, 30))


@st.composite
def two(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    a = draw(whole)
    return a, draw(arrays(np.uint16, a.shape, elements=st.integers(0, 30)))


@given(two(), st.integers(1, 50), st.integers(0, 1000))
def test_scale_and_offset(channels: tuple[np.ndarray, np.ndarray], scale: int, offset: int) -> None:
    a, b = (values.astype(np.int64) for values in channels)
    for metric in (coloc.pearson, coloc.spearman, coloc.kendall_tau, coloc.li_icq):
        value, p = np.transpose([np.broadcast_to(metric(image, b), 2) for image in (a * scale + offset, a)])
        np.testing.assert_allclose(value[0], value[1], rtol=1e-9, atol=1e-12)
        # Near a coefficient of 1 the p of three pixels goes with the root of what is missing, a rounding error.
        np.testing.assert_allclose(p[0], p[1], rtol=1e-9, atol=1e-7)
    before, after = coloc.costes(a, b), coloc.costes(a, b * scale + offset)
    assert before.status == after.status
    if before.status == "crossed":
        assert after.threshold_b == pytest.approx(before.threshold_b * scale + offset, rel=1e-9, abs=1e-9)


@given(two())
def test_swapping_the_channels(channels: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = channels
    for metric in (coloc.pearson, coloc.spearman, coloc.li_icq):
        np.testing.assert_array_equal(metric(a, b), metric(b, a))
    np.testing.assert_array_equal(coloc.manders(a, b, 7, 9), coloc.manders(b, a, 9, 7)[::-1])


@given(two(), st.randoms())
def test_order_of_pixels(channels: tuple[np.ndarray, np.ndarray], random: Any) -> None:
    a, b = channels
    order = list(range(a.size))
    random.shuffle(order)
    for metric in METRICS:
        np.testing.assert_array_equal(metric(a[order], b[order]), metric(a, b))


@given(two(), st.integers(1, 40))
def test_costes_like_the_definition(channels: tuple[np.ndarray, np.ndarray], steps: int) -> None:
    a, b = (values.astype(float) for values in channels)
    *thresholds, status = twin.costes_grid(a, b, steps)
    found = coloc.costes(*channels, n_steps=steps)
    if found.status == "crossed" and abs(found.r_below) < 1e-9:
        return  # r is 0 but for rounding: the twin may go on by a step
    if status == "slope<=0" or found.status == "slope<=0":
        assert abs(twin.correlation(a, b)) < 1e-9 or found.status == status
        return
    assert found.status == status
    assert (found.threshold_a, found.threshold_b) == pytest.approx(thresholds, rel=1e-9, abs=1e-9)


# ------------------------------------------------------------------ what cannot be measured
def all_nan(values: Any) -> bool:
    return bool(np.isnan(values).all())


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
def test_too_few_pixels_or_constant(metric: Any, dtype: str) -> None:
    ramp, flat = np.arange(5).astype(dtype), np.full(5, 3).astype(dtype)
    if metric is coloc.costes_threshold:
        assert all_nan(metric([], []))
        assert metric(ramp[2:3], flat[:1]) == (2.0, 3.0)
        assert metric(ramp, flat) == (4.0, 3.0)
        assert metric(ramp, ramp[::-1]) == (4.0, 4.0)
        return
    assert all_nan(metric(ramp[:0], ramp[:0]))
    assert all_nan(metric(ramp[:1], ramp[:1]))
    assert all_nan(metric(ramp, flat))
    assert all_nan(metric(flat, flat))


def test_two_pixels() -> None:
    assert coloc.pearson([1, 2], [5, 3]) == (-1.0, 1.0)
    rho, p = coloc.spearman([1.0, 2.0], [3.0, 5.0])
    assert rho == 1.0
    assert np.isnan(p)


def test_a_float_constant_is_constant() -> None:
    flat, other = np.full((32, 32), 0.1), np.random.default_rng(0).random((32, 32))
    assert np.isnan(coloc.li_icq(flat, other))
    assert coloc.costes(flat, other).status == "degenerate"
    assert all_nan(coloc.pearson(flat, other))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_pixels_that_are_not_finite(bad: float, dtype: str) -> None:
    a, b = (values.astype(dtype) for values in pair(7, top=100))
    spoiled = a.copy()
    spoiled[3, 4] = bad
    mask = np.ones(a.shape, dtype=bool)
    mask[3, 4] = False
    for metric in METRICS:
        assert all_nan(metric(spoiled, b))
        assert metric(spoiled, b, mask) == metric(a, b, mask)
    assert coloc.costes(spoiled, b).status == "degenerate"
    for metric in (coloc.pearson, coloc.spearman, coloc.kendall_tau, coloc.li_icq):
        assert metric(spoiled, b, nan_policy="omit") == metric(a, b, mask)
        with pytest.raises(ValueError, match="finite"):
            metric(spoiled, b, nan_policy="raise")
        metric(spoiled, b, mask, nan_policy="raise")
        with pytest.raises(ValueError, match="nan_policy"):
            metric(a, b, nan_policy="ignore")
    assert all_nan(coloc.manders(spoiled, b, 0, 0))
    found = coloc.overlap_coefficients(spoiled, b)
    assert all_nan([found.r, found.k1, found.k2])
    assert all_nan(coloc.rank_weighted(spoiled, b))
    assert np.isnan(coloc.auto_threshold(spoiled, "otsu"))


def test_manders_at_the_edges() -> None:
    a, b = np.array([0, 1, 3, 4]), np.array([0, 0, 2, 2])
    assert coloc.manders(a, b, np.inf, -np.inf) == (1.0, 0.0)
    m1, m2 = coloc.manders(a, b, 0, np.nan)
    assert np.isnan(m1)
    assert m2 == 1.0
    assert all_nan(coloc.manders(a, np.zeros(4), 0, 0))
    assert all_nan(coloc.manders(np.zeros(4), b, 0, 0))
    negative = coloc.manders(np.array([-1, 1, 3, 4]), b, 0, 0)
    assert np.isnan(negative[0])
    assert negative[1] == 1.0
    assert coloc.manders([True, False, True], [True, True, False], 0, 0) == (0.5, 0.5)


def test_saturated_pixels() -> None:
    full = np.full((4, 4), 65535, dtype=np.uint16)
    ramp = np.arange(16, dtype=np.uint16).reshape(4, 4)
    assert coloc.manders(full, ramp, 65535, 0)[1] == 0.0
    assert coloc.manders(full, ramp, 65534, 0)[1] == 1.0
    assert coloc.costes_threshold(full, ramp) == (65535.0, 15.0)
    half = np.where(ramp < 8, ramp, 65535).astype(np.uint16)
    assert coloc.pearson(half, half) == (1.0, 0.0)


def test_float16_does_not_overflow() -> None:
    a = np.full(5000, 60.0, dtype=np.float16)
    a[::2] = 0
    assert coloc.manders(a, a, 1, 1) == (1.0, 1.0)
    assert coloc.overlap_coefficients(a, a).r == pytest.approx(1.0, abs=1e-12)


def test_uint8_products_do_not_overflow() -> None:
    a = np.array([200, 250, 255, 0], dtype=np.uint8)
    found = coloc.overlap_coefficients(a, a // 2)
    x, y = a.astype(float), (a // 2).astype(float)
    assert found.r == pytest.approx((x @ y) / np.sqrt((x @ x) * (y @ y)), abs=1e-14)


# ------------------------------------------------------------------ bad arguments
@pytest.mark.parametrize("metric", [*METRICS, coloc.overlap_coefficients, coloc.rank_weighted])
def test_bad_arguments(metric: Any) -> None:
    a = np.zeros((32, 32))
    with pytest.raises(ValueError, match=r"`b`.*\(32, 32\).*\(16, 64\)"):
        metric(a, np.zeros((16, 64)))
    with pytest.raises(ValueError, match="`mask`"):
        metric(a, a, np.ones((16, 64), dtype=bool))
    with pytest.raises(TypeError, match=r"`a`.*complex"):
        metric(a.astype(complex), a)
    with pytest.raises(TypeError, match="`b`"):
        metric(a, np.full(a.shape, "x"))


def test_masks_of_any_type() -> None:
    a, b = pair(8)
    mask = a > 30
    for variant in (mask, mask.astype(int), mask * 7.5, mask.tolist()):
        assert coloc.pearson(a, b, variant) == coloc.pearson(a[mask], b[mask])
        assert coloc.manders(a, b, 5, 5, variant) == coloc.manders(a[mask], b[mask], 5, 5)
    assert all_nan(coloc.pearson(a, b, np.zeros(a.shape)))


@pytest.mark.parametrize("steps", [0, -1, 2.5, True, 2**40, "x"])
def test_bad_number_of_steps(steps: Any) -> None:
    with pytest.raises(ValueError, match="n_steps"):
        coloc.costes_threshold(*pair(9), n_steps=steps)


def test_bad_search_and_method() -> None:
    with pytest.raises(ValueError, match=r"`search`.*grid.*'fast'"):
        coloc.costes(*pair(9), search="fast")
    with pytest.raises(ValueError, match=r"`method`.*otsu.*'otso'"):
        coloc.auto_threshold([1, 2, 3], "otso")


def test_bisection_stays_in_range() -> None:
    for seed in range(5):
        a, b = pair(seed, top=4000)
        found = coloc.costes(a, b, search="bisection")
        assert a.min() <= found.threshold_a <= a.max()
        assert found.threshold_a == round(found.threshold_a)
        below = (a < found.threshold_a) | (b < found.threshold_b)
        assert abs(twin.correlation(a[below].astype(float), b[below].astype(float))) < 0.2
