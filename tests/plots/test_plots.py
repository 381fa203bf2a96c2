"""Formatting of figures, and fewer points where they would not be seen."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lumentrace import PointData
from lumentrace.plots import PlotlyGrapher2D, format_fig, histogram
from lumentrace.plots.decimate import every, extremes, shares


@pytest.fixture
def points():
    rows = np.random.default_rng(1).normal(size=(40, 4)) * [1, 10, 20, 30]
    return PointData(np.column_stack([rows, np.arange(40) % 3]), columns=["t", "x", "y", "z", "label"])


# ---------------------------------------------------------------------------------------------- formatting
def test_format_fig_changes_all_text_in_place(points):
    fig = PlotlyGrapher2D(subplot_titles=["a"]).add_points(points).fig
    assert format_fig(fig, size=17, font="Arial", legend=False) is fig
    layout = fig.layout
    for text in (layout.font, layout.xaxis.title.font, layout.yaxis.tickfont, layout.annotations[0].font):
        assert (text.size, text.family) == (17, "Arial")
    assert layout.showlegend is False
    with pytest.raises(TypeError, match="`fig`"):
        format_fig("figure")


def test_histogram_equals_numpy():
    data = np.random.default_rng(3).normal(size=1000)
    counts, edges = np.histogram(data, 20, (-2, 2))
    (bars,) = histogram(np.append(data, [np.nan, np.inf]), bins=20, limits=(-2, 2)).data
    np.testing.assert_array_equal(bars.y, counts)
    np.testing.assert_allclose(bars.x - np.asarray(bars.width) / 2, edges[:-1])
    (bars,) = histogram(data, density=True).data
    assert np.sum(np.asarray(bars.y) * np.asarray(bars.width)) == pytest.approx(1)


def test_plotly_is_imported_only_when_used():
    code = (
        "import sys, lumentrace.plots as plots; assert 'plotly' not in sys.modules; "
        "plots.histogram; assert 'plotly' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---------------------------------------------------------------------------------------------- decimation
@given(
    hnp.arrays(
        np.float64, st.tuples(st.integers(0, 300), st.integers(1, 3)), elements=st.floats(-9, 9) | st.just(np.nan)
    ),
    st.integers(6, 80),
)
@settings(max_examples=60, deadline=None)
def test_extremes_keep_highest_and_lowest_within_the_limit(values, limit):
    kept = extremes(values, limit)
    assert len(kept) <= max(limit, 0)
    assert (np.diff(kept) > 0).all()
    for column in values.T:
        if np.isfinite(column).any():
            assert np.nanmax(column[kept]) == np.nanmax(column)
            assert np.nanmin(column[kept]) == np.nanmin(column)


def test_every_is_even_and_shares_are_fair():
    kept = every(1_000_001, 101)
    np.testing.assert_array_equal(kept, np.arange(101) * 10_000)
    np.testing.assert_array_equal(every(5, 9), np.arange(5))
    assert len(every(0, 9)) == 0
    divided = shares([10, 1_000_000, 3_000_000], 1000)
    assert sum(divided) <= 1000
    assert divided[0] == 10
    assert 2 < divided[2] / divided[1] < 3
