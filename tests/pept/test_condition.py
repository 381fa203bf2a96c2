"""Condition: which rows stay, and that strings are read, never run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import golden
from helpers import assert_identical
from lumentrace import LineData, PointData
from lumentrace.pept.tracking import Condition

POINTS = PointData(
    np.arange(60.0).reshape(10, 6), columns=["t", "x", "y", "z", "line_index1", "line_index2"], run=1, _secret=2
)
NANS = PointData([[0, np.nan, 1, 1], [1, 2, 1, 1], [2, np.inf, 1, 1]])


def times(*conditions: Any) -> list[float]:
    return Condition(*conditions).fit_sample(POINTS)["t"].tolist()


def test_as_golden() -> None:
    cases = golden("pept/conditions_remove.json")["condition"]
    assert len(cases) == 12
    for text, expected in cases.items():
        assert times(text) == expected, text


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("np.isclose('x', 7)", lambda d: np.isclose(d[:, 1], 7)),
        ("numpy.isclose('x', 7.5, 0, 1)", lambda d: np.isclose(d[:, 1], 7.5, 0, 1)),
        ("np.isclose('x', 7), t < 30", lambda d: np.isclose(d[:, 1], 7) & (d[:, 0] < 30)),
        ("'-1' > 30", lambda d: d[:, -1] > 30),
        ("'line_index1' == 4", lambda d: d[:, 4] == 4),
        ("line_index1 == 4", lambda d: d[:, 4] == 4),
        ("  t   <30 ", lambda d: d[:, 0] < 30),
        ("t > 1e1", lambda d: d[:, 0] > 10),
        ("t > -5", lambda d: d[:, 0] > -5),
        ("t < 10 * (2 + 3) - 20 / 2", lambda d: d[:, 0] < 40),
        ("t < np.pi * 10", lambda d: d[:, 0] < np.pi * 10),
        ("'t' < 'x' - 1", lambda d: d[:, 0] < d[:, 1] - 1),
        ("10 < 't'", lambda d: d[:, 0] > 10),
        ("10 < 't' <= 30", lambda d: (d[:, 0] > 10) & (d[:, 0] <= 30)),
        ("('t' > 10) & ~('x' > 30)", lambda d: (d[:, 0] > 10) & ~(d[:, 1] > 30)),
        ("('t' < 10) | ('t' > 40)", lambda d: (d[:, 0] < 10) | (d[:, 0] > 40)),
        ("('t' < 10) ^ ('t' < 40)", lambda d: (d[:, 0] < 10) ^ (d[:, 0] < 40)),
        ("'t' < 10 or 't' > 40", lambda d: (d[:, 0] < 10) | (d[:, 0] > 40)),
        ("'t' > 10 and not 't' > 40", lambda d: (d[:, 0] > 10) & ~(d[:, 0] > 40)),
        ("'t' % 12 == 0", lambda d: d[:, 0] % 12 == 0),
        ("'t' // 12 == 2", lambda d: d[:, 0] // 12 == 2),
        ("'x' ** 2 < 200", lambda d: d[:, 1] ** 2 < 200),
        ("np.sqrt('x') + np.abs(-'y') > 20", lambda d: np.sqrt(d[:, 1]) + abs(d[:, 2]) > 20),
        ("np.hypot('x', 'y') < 40", lambda d: np.hypot(d[:, 1], d[:, 2]) < 40),
        ("'t' > np.mean('t')", lambda d: d[:, 0] > d[:, 0].mean()),
        ("np.isfinite('x')", lambda d: np.isfinite(d[:, 1])),
        ("np.isreal('x')", lambda d: np.isreal(d[:, 1])),
        ("np.logical_and('t' > 10, 't' < 30)", lambda d: (d[:, 0] > 10) & (d[:, 0] < 30)),
        ("'t' > 10, 't' < 40, x != 19", lambda d: (d[:, 0] > 10) & (d[:, 0] < 40) & (d[:, 1] != 19)),
        ("1 < 20 , 't' >= 0", lambda d: d[:, 1] < 20),
    ],
)
def test_accepted_strings(text: str, mask: Callable[[np.ndarray], np.ndarray]) -> None:
    assert times(text) == POINTS["t"][mask(POINTS.points)].tolist()


@given(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.sampled_from(POINTS.columns), st.integers(-2, 62))
def test_comparisons(sign: str, column: str, value: int) -> None:
    compare = {
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
        "==": np.equal,
        "!=": np.not_equal,
    }
    expected = POINTS["t"][compare[sign](POINTS[column], value)].tolist()
    assert times(f"{column} {sign} {value}") == expected
    assert times(f"'{column}'{sign}{value}") == expected
    assert times(f"'{POINTS.columns.index(column) - 6}' {sign} {value}") == expected


@pytest.mark.parametrize(
    "text",
    [
        "t",
        "",
        ",",
        "t < 3,",
        "t <",
        "t < 3)",
        "('t' < 3",
        "t = 3",
        "'t' < 3 'x'",
        "__import__('os').system('true') == 0",
        "().__class__ == 't'",
        "'t'.__class__ == 3",
        "open('t') == 3",
        "np.load('t') == 3",
        "np.save('x', 't')",
        "np.lib.format('t') < 3",
        "np.core.isnan('t')",
        "(lambda: 't')() < 3",
        "[x for x in 't'] < 3",
        "{'t': 3}",
        "'t' if True else 'x'",
        "f'{t}' < 3",
        "sample['t'] < 3",
        "data[:, 0] < '3'",
        "'t' in 'x'",
        "'t' is 3",
        "b't' < 'x'",
        "None == 't'",
        "1j < 't'",
        "('t' := 3)",
        "np.sum('t', axis=0) < 3",
        "np.isclose(*'t')",
        "... == 't'",
        "'t' < 3\0",
        "t < " + "-" * 5000 + "1",
        "t < " + "(" * 500 + "1" + ")" * 500,
    ],
)
def test_refused_strings(text: str) -> None:
    with pytest.raises(ValueError, match="Condition"):
        Condition(text)


def test_nothing_is_run(tmp_path: Any) -> None:
    victim = tmp_path / "victim"
    for text in (f"__import__('os').mkdir('{victim}') == 0", f"np.savetxt('{victim}', 't') == 0", f"open('{victim}')"):
        with pytest.raises(ValueError, match="Condition"):
            Condition(text).fit_sample(POINTS)
    assert not victim.exists()


@pytest.mark.parametrize("text", ["x == x", "t < 'x' - 1"])
def test_names_without_quotes(text: str) -> None:
    with pytest.raises(ValueError, match="quotes"):
        Condition(text)


@pytest.mark.parametrize("text", ["speed < 3", "'speed' < 3", "'6' < 3", "'-7' < 3"])
def test_unknown_columns(text: str) -> None:
    condition = Condition(text)
    with pytest.raises(ValueError, match="no column"):
        condition.fit_sample(POINTS)


def test_results_that_are_no_mask() -> None:
    for wrong in ("'t' + 1", lambda rows: rows[:, 0], lambda rows: np.ones(3, dtype=bool), lambda rows: "yes"):
        with pytest.raises(ValueError, match="one True or False per row"):
            Condition(wrong).fit_sample(POINTS)
    for wrong in (5, None, ["t < 3"]):
        with pytest.raises(TypeError, match="`conditions`"):
            Condition(wrong)


def test_functions() -> None:
    assert times(lambda rows: rows[:, 0] > 40) == [42, 48, 54]
    assert times(lambda rows: True) == POINTS["t"].tolist()
    assert times(lambda rows: False) == []
    assert times("t > 10", lambda rows: np.arange(len(rows)) < 2, "x > 13") == [18]


def test_comparisons_with_nan_are_false() -> None:
    for text in ("x < 5", "x >= 0", "'x' == 'x'", "'x' > -1e300"):
        assert 0 not in Condition(text).fit_sample(NANS)["t"]
    assert Condition("'x' != 'x'").fit_sample(NANS)["t"].tolist() == [0]
    assert Condition("np.isfinite('x')").fit_sample(NANS)["t"].tolist() == [1]
    assert Condition("x < np.inf").fit_sample(NANS)["t"].tolist() == [1]


def test_everything_else_stays() -> None:
    kept = Condition("t < 20").fit_sample(POINTS)
    assert kept.columns == POINTS.columns
    assert kept.attrs == POINTS.attrs
    assert len(kept) == 1
    assert len(POINTS.points) == 10
    lines = LineData(np.arange(70.0).reshape(10, 7), 5)
    fitted = Condition("x1 > 10, y2 < 60").fit(lines, verbose=False)
    assert [type(s) for s in fitted] == [LineData, LineData]
    assert [s["t"].tolist() for s in fitted] == [[14, 21, 28], [35, 42, 49]]
    none = Condition("t < -1").fit_sample(POINTS)
    assert none.points.shape == (0, 6)
    assert_identical(Condition("t < 3").fit_sample(none), none)


def test_warnings_of_numpy_stay_silent_on_awkward_values() -> None:
    zeros = PointData(np.zeros((2, 4)))
    assert len(Condition("1 / 'x' > 0").fit_sample(zeros).points) == 2
    assert len(Condition("np.log('x') < 0").fit_sample(zeros).points) == 2
    assert len(Condition("np.sqrt('x' - 1) < 0").fit_sample(zeros).points) == 0


def test_shows_its_conditions() -> None:
    assert repr(Condition("t < 3, x > 1")) == "Condition(conditions = ['t < 3', 'x > 1'])"
