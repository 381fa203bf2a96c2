"""Cutpoints and the Birmingham method."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from golden import golden
from helpers import assert_identical, simulate
from lumentrace import LineData, PointData
from lumentrace.pept.tracking import (
    BirminghamMethod,
    Cutpoints,
    peptml,
)
from twins import lines as line_twins


# ---------------------------------------------------------------------- cutpoints
@pytest.mark.parametrize("case", ["cutpoints_0.npz", "cutpoints_1.npz"])
def test_cutpoints_as_golden(case: str) -> None:
    record = golden(f"pept/{case}")
    cutoffs = record["cutoffs"] if record["explicit"] else None
    found = Cutpoints(float(record["max_distance"]), cutoffs, append_indices=True).fit_sample(record["lines"])
    expected = record["out"][np.lexsort((record["out"][:, 5], record["out"][:, 4], record["out"][:, 0]))]
    assert found.columns == ["t", "x", "y", "z", "line_index1", "line_index2"]
    assert np.array_equal(found.points[:, 4:], expected[:, 4:])
    np.testing.assert_allclose(found.points, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.attrs["_cutoffs"], record["cutoffs"], rtol=0, atol=1e-12)
    bare = Cutpoints(float(record["max_distance"]), cutoffs).fit_sample(record["lines"])
    assert np.array_equal(bare.points, found.points[:, :4])


def test_cutpoints_leave_hidden_attributes() -> None:
    lines = LineData(simulate(30)[0], run=1, _secret=2)
    plain = Cutpoints(0.5).fit_sample(lines)
    assert list(plain.attrs) == ["_max_distance", "_cutoffs"]
    assert plain.attrs["_max_distance"] == 0.5
    np.testing.assert_array_equal(plain.attrs["_cutoffs"], line_twins.cutoffs(lines.lines))
    indexed = Cutpoints(0.5, [0, 600, 0, 600, 0, 500], append_indices=True).fit_sample(lines)
    assert indexed.attrs["_cutoffs"].tolist() == [0, 600, 0, 600, 0, 500]
    assert_identical(indexed.attrs["_lines"], lines)


awkward_lines = hnp.arrays(
    np.float64,
    st.tuples(st.integers(0, 12), st.just(7)),
    elements=st.sampled_from([0.0, 1.0, 2.0, 2.5, -3.0, 7.0, np.nan, np.inf]),
    fill=st.nothing(),
)


@settings(max_examples=60)
@given(awkward_lines, st.sampled_from([-1.0, 0.0, 0.5, 3.0, 100.0]), st.booleans())
def test_cutpoints_of_awkward_lines(lines: np.ndarray, max_distance: float, fixed: bool) -> None:
    box = np.array([-4.0, 8.0, -4.0, 8.0, -4.0, 8.0]) if fixed else None
    found = Cutpoints(max_distance, box, append_indices=True).fit_sample(LineData(lines)).points
    expected = line_twins.cutpoints(lines, max_distance, box)
    assert np.array_equal(found[:, [0, 4, 5]], expected[:, [0, 4, 5]])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_the_cutpoint_tests_are_strict() -> None:
    lines = [[0, -1, 0, 0, 1, 0, 0], [2, 0, -1, 1, 0, 1, 1]]
    assert len(Cutpoints(1.0, [-2, 2, -2, 2, -2, 2]).fit_sample(lines).points) == 0
    above = np.nextafter(1.0, 2.0)
    assert Cutpoints(above, [-2, 2, -2, 2, -2, 2]).fit_sample(lines).points.tolist() == [[1, 0, 0, 0.5]]
    assert len(Cutpoints(above, [0, 2, -2, 2, -2, 2]).fit_sample(lines).points) == 0
    assert len(Cutpoints(above, [-2, 2, -2, 2, -2, 0.5]).fit_sample(lines).points) == 0


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_lines_have_no_cutpoints(rows: int) -> None:
    found = Cutpoints(0.5, append_indices=True).fit_sample(LineData(np.ones((rows, 7))))
    assert found.points.shape == (0, 6)
    assert Cutpoints(0.5).fit_sample(LineData(np.ones((rows, 7)))).points.shape == (0, 4)


def test_cutpoint_arguments() -> None:
    for wrong in ([0, 1], np.zeros((2, 3)), [0, 1, 0, 1, 0, np.nan]):
        with pytest.raises(ValueError, match="`cutoffs`"):
            Cutpoints(0.5, wrong)
    with pytest.raises(ValueError, match="`max_distance`"):
        Cutpoints(np.nan)
    with pytest.raises(TypeError, match="expected samples of type LineData, found PointData"):
        Cutpoints(0.5).fit_sample(PointData(np.zeros((2, 4))))


def test_functions_of_the_documentation() -> None:
    lines = simulate(30)[0]
    assert peptml.get_cutoffs(lines).tolist() == line_twins.cutoffs(lines).tolist()
    assert np.isnan(peptml.get_cutoffs(LineData(np.full((2, 7), np.nan)))).all()
    assert_identical(
        peptml.find_cutpoints(lines, 0.5, append_indices=True), Cutpoints(0.5, None, True).fit_sample(lines)
    )


# ---------------------------------------------------------------------- the Birmingham method
@pytest.mark.parametrize("case", ["birmingham_0.npz", "birmingham_1.npz"])
def test_birmingham_as_golden(case: str) -> None:
    record = golden(f"pept/{case}")
    for fopt, row, used in zip(record["fopt"], record["out"], record["used"], strict=True):
        found = BirminghamMethod(float(fopt), get_used=True).fit_sample(record["lines"])
        np.testing.assert_allclose(found.points, [row], rtol=0, atol=1e-8)
        assert np.array_equal(found.attrs["_lines"]["used"], used)
        np.testing.assert_array_equal(BirminghamMethod(float(fopt)).fit_sample(record["lines"]).points, found.points)


def test_birmingham_attributes_and_shapes() -> None:
    lines = LineData(simulate(40, 0.2)[0], columns=["T"], run=1, _secret=2)
    found = BirminghamMethod().fit_sample(lines)
    assert found.columns == ["t", "x", "y", "z", "error"]
    assert (len(found), found.attrs) == (1, {"run": 1})
    used = BirminghamMethod(get_used=True).fit_sample(lines)
    assert list(used.attrs) == ["run", "_lines"]
    assert used.attrs["_lines"].columns == [*lines.columns, "used"]
    assert used.attrs["_lines"]["used"].sum() == 20
    for fopt in (0, -1, 1.5, np.nan):
        with pytest.raises(ValueError, match="`fopt`"):
            BirminghamMethod(fopt)


@pytest.mark.parametrize("get_used", [False, True])
def test_birmingham_of_awkward_lines(get_used: bool) -> None:
    method = BirminghamMethod(1.0, get_used)
    parallel = [[t, t, 0, 0, t, 0, 9] for t in range(5)]
    for lines in (np.empty((0, 7)), np.ones((1, 7)), parallel, np.full((4, 7), np.nan), [parallel[0]] * 3):
        assert method.fit_sample(LineData(lines)).points.shape == (0, 5)
    good = np.array([[0, 0, 5, 5, 9, 5, 5], [2, 4, 0, 5, 4, 9, 5], [4, 4, 5, 0, 4, 5, 9]], dtype=float)
    dirty = np.vstack([good, [9, 1, 1, 1, 1, 1, 1], [9, np.nan, 0, 0, 1, 1, 1], [9, 0, 0, 0, np.inf, 1, 1]])
    found = method.fit_sample(LineData(dirty))
    np.testing.assert_allclose(found.points, [[2, 4, 5, 5, 0]], atol=1e-12)
    if get_used:
        assert found.attrs["_lines"]["used"].tolist() == [1, 1, 1, 0, 0, 0]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(4, 40), st.sampled_from([0.1, 0.5, 0.77, 1.0]))
def test_birmingham_as_its_twin(seed: int, count: int, fopt: float) -> None:
    lines = simulate(count, 0.4, seed=seed)[0]
    row, used = line_twins.birmingham(lines, fopt)
    found = BirminghamMethod(fopt, get_used=True).fit_sample(lines)
    assert np.array_equal(found.attrs["_lines"]["used"], used)
    expected = np.empty((0, 5)) if row is None else row[None]
    np.testing.assert_allclose(found.points, expected, rtol=1e-8, atol=1e-8)
