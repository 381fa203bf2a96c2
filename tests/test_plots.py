"""Figures and reports hold the numbers they were given, in the places the documentation names."""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
import sys
import time
from html.parser import HTMLParser

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lumentrace import LineData, PointData
from lumentrace.plots import PlotlyGrapher, PlotlyGrapher2D, format_fig, histogram, pept_report
from lumentrace.plots.decimate import every, extremes, shares
from lumentrace.plots.report import Missing, Report, Swatch
from lumentrace.plots.tracking.tracks import followed_times, located_time, speeds, tracks, truth_errors

HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>&amp;\'"\ud800'
GRAPHERS = [PlotlyGrapher, PlotlyGrapher2D]


@pytest.fixture
def points():
    rows = np.random.default_rng(1).normal(size=(40, 4)) * [1, 10, 20, 30]
    return PointData(np.column_stack([rows, np.arange(40) % 3]), columns=["t", "x", "y", "z", "label"])


@pytest.fixture
def lines():
    return LineData(np.random.default_rng(2).normal(size=(12, 7)) * 50)


# ---------------------------------------------------------------------------------------------- graphers: points, lines
@pytest.mark.parametrize(("make", "axes", "size"), [(PlotlyGrapher, "xyz", 2), (PlotlyGrapher2D, "xy", 6)])
def test_points_of_few_values_get_one_trace_per_value(make, axes, size, points):
    traces = make().add_points(points).fig.data
    assert [trace.name for trace in traces] == ["label = 0", "label = 1", "label = 2"]
    assert len({trace.marker.color for trace in traces}) == 3
    for value, trace in enumerate(traces):
        expected = points.points[points["label"] == value]
        for i, axis in enumerate(axes, start=1):
            np.testing.assert_array_equal(trace[axis], expected[:, i])
        assert (trace.mode, trace.marker.size, trace.marker.opacity) == ("markers", size, 0.8)


@pytest.mark.parametrize("make", GRAPHERS)
@pytest.mark.parametrize(("column", "number"), [("t", 0), (0, 0), (-2, 3), ("y", 2)])
def test_points_of_many_values_share_a_colour_scale(make, column, number, points):
    (trace,) = make().add_points(points, colorbar_col=column).fig.data
    np.testing.assert_array_equal(trace.marker.color, points.points[:, number])
    np.testing.assert_array_equal(trace.x, points.points[:, 1])
    assert trace.marker.showscale is True
    assert trace.marker.colorscale[0] == (0.0, "#000004")  # Magma
    assert trace.marker.colorbar.title.text == points.columns[number]


@pytest.mark.parametrize("make", GRAPHERS)
def test_exactly_ten_values_are_few_and_eleven_are_many(make):
    rows = np.zeros((22, 5))
    rows[:, 4] = np.arange(22) % 10
    assert len(make().add_points(rows).fig.data) == 10
    rows[:, 4] = np.arange(22) % 11
    assert len(make().add_points(rows).fig.data) == 1


@pytest.mark.parametrize("make", GRAPHERS)
def test_nan_is_a_value_of_its_own(make):
    rows = np.zeros((4, 5))
    rows[:, 1] = range(4)
    rows[:, 4] = [1, np.nan, 1, np.nan]
    traces = make().add_points(rows).fig.data
    assert [list(trace.x) for trace in traces] == [[0, 2], [1, 3]]


@pytest.mark.parametrize("make", GRAPHERS)
def test_given_colours_win_over_columns(make, points):
    (trace,) = make().add_points(points, color="red").fig.data
    assert trace.marker.color == "red"
    (trace,) = make().add_points(points, color=np.arange(40)).fig.data
    np.testing.assert_array_equal(trace.marker.color, np.arange(40))
    (trace,) = make().add_points(points, colorbar=False).fig.data
    assert trace.marker.color is None


@pytest.mark.parametrize("make", GRAPHERS)
def test_tables_arrays_and_lists_draw_the_same(make, points):
    halves = [
        PointData(points.points[:25], columns=points.columns),
        PointData(points.points[25:], columns=points.columns),
    ]
    for data in (points.points, points.points.tolist(), halves, [half.points for half in halves], tuple(halves)):
        traces = make().add_points(data).fig.data
        assert len(traces) == 3
        for drawn, expected in zip(traces, make().add_points(points).fig.data, strict=True):
            np.testing.assert_array_equal(drawn.x, expected.x)
            np.testing.assert_array_equal(drawn.y, expected.y)


@pytest.mark.parametrize("make", GRAPHERS)
def test_nothing_to_draw_is_no_error(make):
    assert len(make().add_points([]).add_lines([]).fig.data) == 0
    assert len(make().add_points(np.empty((0, 4))).equalise_axes().fig.data) == 0


def test_lines_in_space_are_one_trace_with_nan_between(lines):
    (trace,) = PlotlyGrapher().add_lines(lines).fig.data
    for axis, first, second in (("x", 1, 4), ("y", 2, 5), ("z", 3, 6)):
        drawn = np.reshape(trace[axis], (12, 3))
        np.testing.assert_array_equal(drawn[:, 0], lines.lines[:, first])
        np.testing.assert_array_equal(drawn[:, 1], lines.lines[:, second])
        assert np.isnan(drawn[:, 2]).all()
    np.testing.assert_array_equal(np.reshape(trace.line.color, (12, 3)), np.repeat(lines.lines[:, :1], 3, axis=1))
    assert (trace.line.width, trace.opacity, trace.mode) == (2, 0.6, "lines")
    (trace,) = PlotlyGrapher().add_lines(lines, colorbar_col="y2").fig.data
    np.testing.assert_array_equal(trace.line.color[::3], lines["y2"])


def test_lines_in_the_plane_take_x_and_y_by_name_or_position(lines):
    flat = lines.lines[:, [0, 1, 2, 4, 5]]
    for data in (lines, flat):
        (trace,) = PlotlyGrapher2D().add_lines(data).fig.data
        np.testing.assert_array_equal(trace.x[0::3], lines["x1"])
        np.testing.assert_array_equal(trace.x[1::3], lines["x2"])
        np.testing.assert_array_equal(trace.y[0::3], lines["y1"])
        np.testing.assert_array_equal(trace.y[1::3], lines["y2"])
        assert np.isnan(trace.y[2::3]).all()


@pytest.mark.parametrize("make", GRAPHERS)
def test_traces_go_to_their_cells_and_calls_chain(make, points, lines):
    grapher = make(rows=2, cols=3)
    returned = grapher.add_points(points, row=2, col=3, color="red").add_lines(lines, row=1, col=2)
    assert returned is grapher
    place = "scene" if make is PlotlyGrapher else "xaxis"
    assert [trace[place] for trace in grapher.fig.data] == ["scene6", "scene2"] if place == "scene" else ["x6", "x2"]
    own = go.Scatter3d(x=[1], y=[2], z=[3]) if make is PlotlyGrapher else go.Scatter(x=[1], y=[2])
    assert grapher.add_trace(own).add_traces([own, own], row=2) is grapher
    assert len(grapher.fig.data) == 5


# ---------------------------------------------------------------------------------------------- graphers: axes
def axis_ranges(grapher, axis):
    if isinstance(grapher, PlotlyGrapher):
        scenes = [grapher.fig.get_subplot(row, col) for row, col in grapher._cells()]
        return [scene[f"{axis}axis"].range for scene in scenes]
    cells = [grapher.fig.get_subplot(row, col) for row, col in grapher._cells()]
    return [getattr(cell, f"{axis}axis").range for cell in cells]


@pytest.mark.parametrize(("make", "axes"), [(PlotlyGrapher, "xyz"), (PlotlyGrapher2D, "xy")])
def test_each_limit_acts_on_its_own_axis_of_every_subplot(make, axes):
    given_limits = {f"{axis}lim": [i, 10.0 + i] for i, axis in enumerate(axes)}
    at_first, later = make(rows=2, cols=2, **given_limits), make(rows=2, cols=2)
    for axis in axes:
        assert getattr(later, f"{axis}lim") is None
        setattr(later, f"{axis}lim", given_limits[f"{axis}lim"])
    for grapher in (at_first, later):
        for i, axis in enumerate(axes):
            assert getattr(grapher, f"{axis}lim") == [i, 10.0 + i]
            assert axis_ranges(grapher, axis) == [(i, 10.0 + i)] * 4
    later.ylim = None
    assert axis_ranges(later, "y") == [None] * 4
    assert axis_ranges(later, "x") == [(0, 10.0)] * 4


@given(
    hnp.arrays(np.float64, (7, 3), elements=st.floats(-1e6, 1e6)),
    hnp.arrays(np.float64, (5, 3), elements=st.floats(-1e6, 1e6)),
)
@settings(max_examples=20, deadline=None)
def test_equal_axes_are_the_smallest_centred_cube_around_all_subplots(first, second):
    grapher = PlotlyGrapher(cols=2)
    for col, xyz in ((1, first), (2, second)):
        grapher.add_points(np.column_stack([np.zeros(len(xyz)), xyz]), col=col, color="red")
    grapher.equalise_axes()
    both = np.concatenate([first, second])
    spans = np.ptp(both, axis=0)
    for i, axis in enumerate("xyz"):
        for low, high in axis_ranges(grapher, axis):
            assert high - low == pytest.approx(spans.max() or 1.0, rel=1e-9, abs=1e-9)
            assert (high + low) / 2 == pytest.approx((both[:, i].max() + both[:, i].min()) / 2, rel=1e-9, abs=1e-9)


def test_lines_and_nan_count_towards_equal_axes(lines):
    grapher = PlotlyGrapher().add_points([[0, 0, 0, 0], [0, np.nan, np.nan, np.inf]]).add_lines(lines).equalise_axes()
    ends = np.concatenate([lines.lines[:, 1:4], lines.lines[:, 4:], np.zeros((1, 3))])
    spans = [high - low for axis in "xyz" for low, high in axis_ranges(grapher, axis)]
    np.testing.assert_allclose(spans, np.ptp(ends, axis=0).max())


def test_a_plane_with_equal_axes_has_one_scale():
    grapher = PlotlyGrapher2D().add_points([[0, 0, 0], [0, 10, 4]], color="red").equalise_axes()
    assert (grapher.xlim, grapher.ylim) == ([0, 10], [-3, 7])
    assert grapher.fig.layout.yaxis.scaleanchor == "x"


def test_separate_equal_axes_fit_each_subplot_and_stay(tmp_path):
    grapher = PlotlyGrapher2D(cols=2)
    grapher.add_points([[0, 0, 0], [0, 10, 4]]).add_points([[0, 100, 0], [0, 101, 2]], col=2)
    grapher.equalise_separate().to_html(tmp_path / "figure.html", include_plotlyjs=False)
    assert axis_ranges(grapher, "x") == [(0, 10), (99.5, 101.5)]
    assert axis_ranges(grapher, "y") == [(-3, 7), (0, 2)]


@pytest.mark.parametrize("make", GRAPHERS)
def test_output_equalises_only_axes_without_limits(make, points, tmp_path):
    path = tmp_path / "figure.html"
    free, fixed, plain = make().add_points(points), make(xlim=[0, 1]).add_points(points), make().add_points(points)
    free.to_html(path, include_plotlyjs=False)
    fixed.to_html(path, include_plotlyjs=False)
    plain.to_html(path, equal_axes=False, include_plotlyjs=False)
    lengths = {round(high - low, 9) for axis in free.axes for low, high in axis_ranges(free, axis)}
    assert len(lengths) == 1
    assert axis_ranges(fixed, "x") == [(0, 1)]
    assert axis_ranges(fixed, "y") == axis_ranges(plain, "y") == axis_ranges(plain, "x") == [None]
    free.add_points(points.points * 10).to_html(path, include_plotlyjs=False)
    assert min(high - low for axis in free.axes for low, high in axis_ranges(free, axis)) > 5 * lengths.pop()


def test_html_holds_plotly_unless_told_otherwise(tmp_path, points):
    grapher = PlotlyGrapher().add_points(points)
    grapher.to_html(str(tmp_path / "with.html"))
    grapher.to_html(tmp_path / "without.html", include_plotlyjs=False)
    assert (tmp_path / "with.html").stat().st_size > 3e6
    assert (tmp_path / "without.html").stat().st_size < 1e5
    assert outside_references((tmp_path / "with.html").read_text()) == []
    with pytest.raises(OSError, match="missing"):
        grapher.to_html(tmp_path / "missing" / "figure.html")


def test_scenes_look_as_documented():
    scene = PlotlyGrapher(cols=2).fig.layout.scene2
    assert scene.camera.up.to_plotly_json() == {"x": 0, "y": 1, "z": 0}
    assert scene.camera.eye.to_plotly_json() == {"x": 1.5, "y": 1.5, "z": 1.5}
    assert [scene[f"{axis}axis"].title.text for axis in "xyz"] == [f"<i>{axis}</i> (mm)" for axis in "xyz"]
    assert scene.aspectmode == "cube"


@pytest.mark.parametrize(("make", "axes"), [(PlotlyGrapher, "xyz"), (PlotlyGrapher2D, "xy")])
def test_labels_go_to_one_axis_of_one_subplot(make, axes):
    grapher = make(cols=2)
    for axis in axes:
        assert getattr(grapher, f"{axis}label")(f"{axis} changed", 1, 2) is grapher
    cells = [grapher.fig.get_subplot(1, col) for col in (1, 2)]
    for axis in axes:
        texts = [getattr(cell, f"{axis}axis").title.text for cell in cells]
        assert texts == [f"<i>{axis}</i> (mm)", f"{axis} changed"]


@pytest.mark.parametrize("make", GRAPHERS)
def test_default_titles_are_not_shared_between_graphers(make):
    large = make(rows=3, cols=3)
    large.subplot_titles.append("changed")
    small = make()
    assert small.subplot_titles == ["  "]
    titled = make(cols=2, subplot_titles=["a", "b"])
    assert [note.text for note in titled.fig.layout.annotations] == ["a", "b"]


@pytest.mark.parametrize("make", GRAPHERS)
def test_impossible_grids_cells_and_limits_are_refused(make, points):
    for wrong in ({"rows": 0}, {"cols": -1}):
        with pytest.raises(ValueError, match="at least 1"):
            make(**wrong)
    for limits in ([1], [1, 2, 3], [0, np.nan], "ab", 3):
        with pytest.raises(ValueError, match="`xlim`"):
            make(xlim=limits)
        with pytest.raises(ValueError, match="`ylim`"):
            make().ylim = limits
    grapher = make(rows=2, cols=2)
    for cell, name in (((0, 1), "row"), ((3, 1), "row"), ((1, 0), "col"), ((1, 3), "col"), ((-1, 1), "row")):
        for call in (grapher.add_points, grapher.add_trace, grapher.add_lines):
            with pytest.raises(ValueError, match=f"`{name}`: expected 1 to 2"):
                call(points, *cell)
        with pytest.raises(ValueError, match=f"`{name}`"):
            grapher.xlabel("text", *cell)
    assert len(grapher.fig.data) == 0


@pytest.mark.parametrize("make", GRAPHERS)
def test_wrong_tables_are_refused_by_name(make, points, lines):
    with pytest.raises(TypeError, match=r"`points`.*LineData"):
        make().add_points(lines)
    with pytest.raises(TypeError, match=r"`lines`.*PointData"):
        make().add_lines(points)
    for wrong in (np.zeros(4), np.zeros((3, 2)), np.zeros((2, 2, 4)), "text", None, [["a", "b", "c", "d"]]):
        with pytest.raises(ValueError, match="`points`"):
            make().add_points(wrong)
    for column in ("nothing", 5, -6):
        with pytest.raises(ValueError, match="`colorbar_col`"):
            make().add_points(points, colorbar_col=column)
    with pytest.raises(ValueError, match="`color`"):
        make().add_points(points, color=[1, 2, 3])


# ---------------------------------------------------------------------------------------------- graphers: grids, images
class Recorder:
    """Stands in for Pixels and Voxels: remembers how its trace methods are called."""

    def __init__(self, trace):
        self.trace, self.calls = trace, []

    def __getattr__(self, name):
        if not name.endswith("_trace"):
            raise AttributeError(name)

        def draw(*args, **kwargs):
            self.calls.append((name, args, kwargs))
            return self.trace

        return draw


def test_voxels_and_pixels_draw_themselves():
    cube = Recorder(go.Scatter3d(x=[1], y=[2], z=[3]))
    grapher = PlotlyGrapher(cols=2)
    assert grapher.add_voxels(cube, col=2, size=5, colorbar_title="n").add_pixels(cube) is grapher
    (first, _, voxels), (second, _, pixels) = cube.calls
    assert (first, second) == ("voxels_trace", "pixels_trace")
    assert {
        name: voxels[name] for name in ("size", "color", "opacity", "colorbar", "colorscale", "colorbar_title")
    } == {
        "size": 5,
        "color": None,
        "opacity": 0.4,
        "colorbar": True,
        "colorscale": "Magma",
        "colorbar_title": "n",
    }
    assert (pixels["opacity"], pixels["colorscale"]) == (0.9, "Magma")
    for condition in (voxels["condition"], pixels["condition"]):
        np.testing.assert_array_equal(condition(np.array([-1, 0, 2])), [False, False, True])
    assert [trace.scene for trace in grapher.fig.data] == ["scene2", "scene"]
    plane = Recorder(go.Heatmap(x=[0.5, 1.5], y=[0.5, 1.5], z=[[1, 2], [3, 4]]))
    flat = PlotlyGrapher2D().add_pixels(plane, transpose=False, xgap=1).equalise_axes()
    assert plane.calls == [("heatmap_trace", (), {"colorscale": "Magma", "transpose": False, "xgap": 1, "ygap": 0})]
    assert (flat.xlim, flat.ylim) == ([0, 2], [0, 2])
    for call, name in ((PlotlyGrapher().add_voxels, "voxels"), (PlotlyGrapher2D().add_pixels, "pixels")):
        with pytest.raises(TypeError, match=f"`{name}`"):
            call(np.zeros((2, 2)))


def test_images_stand_upright():
    grey = np.array([[1.0, 2, 3], [4, 5, 6]])
    grapher = PlotlyGrapher2D().add_image(grey, xlim=[10, 16], ylim=[0, 1]).equalise_axes()
    (trace,) = grapher.fig.data
    np.testing.assert_allclose(trace.x, [11, 13, 15])
    np.testing.assert_allclose(trace.y, [0.25, 0.75])
    np.testing.assert_array_equal(trace.z, [[4, 5, 6], [1, 2, 3]])  # the first row has the larger y
    np.testing.assert_allclose(grapher.xlim, [10, 16])
    colour = np.zeros((2, 3, 3), np.uint8)
    colour[0, 0] = 255
    (trace,) = PlotlyGrapher2D().add_image(colour).fig.data
    assert (trace.type, trace.x0, trace.y0, trace.dx, trace.dy) == ("image", 0.5, 0.5, 1, 1)
    assert np.argwhere(np.asarray(trace.z).sum(axis=2)).tolist() == [[1, 0]]
    for wrong in (np.zeros(3), np.zeros((2, 2, 2)), np.zeros((1, 2, 2, 3))):
        with pytest.raises(ValueError, match="`image`"):
            PlotlyGrapher2D().add_image(wrong)


def test_time_series_are_x_y_z_over_one_time_axis(points):
    grapher = PlotlyGrapher2D().add_timeseries(points, colorbar_col="t")
    assert grapher.rows == 3
    for i, trace in enumerate(grapher.fig.data):
        np.testing.assert_array_equal(trace.x, points["t"])
        np.testing.assert_array_equal(trace.y, points.points[:, 1 + i])
    layout = grapher.fig.layout
    assert (layout.xaxis2.matches, layout.xaxis3.matches, layout.xaxis3.title.text) == ("x", "x", "<i>t</i> (ms)")
    assert [layout[f"yaxis{n}"].title.text for n in ("", 2, 3)] == [f"<i>{axis}</i> (mm)" for axis in "xyz"]
    assert [trace.marker.showscale for trace in grapher.fig.data] == [True, False, False]


def test_time_series_keep_earlier_traces_and_are_never_equalised(points, tmp_path):
    grapher = PlotlyGrapher2D(cols=2, subplot_titles=["time", "plane"])
    grapher.add_points([[0, 0, 0], [0, 10, 4]], col=2, color="red").xlabel("kept", 1, 2)
    grapher.add_timeseries(points).to_html(tmp_path / "figure.html", include_plotlyjs=False)
    assert (grapher.rows, grapher.cols) == (3, 2)
    assert [trace.xaxis for trace in grapher.fig.data] == ["x2"] + ["x"] * 3 + ["x3"] * 3 + ["x5"] * 3
    assert grapher.fig.get_subplot(1, 2).xaxis.title.text == "kept"
    assert grapher.fig.layout.xaxis.range is None
    assert grapher.fig.layout.yaxis3.range is None
    assert grapher.fig.get_subplot(1, 2).xaxis.range == (0, 10)
    for value in range(3):
        same = [trace.marker.color for trace in grapher.fig.data if trace.name == f"label = {value}"]
        assert (len(same), len(set(same))) == (3, 1)
    for wrong in ([(1, 1)], [(0, 1), (2, 1), (3, 1)], [(1, 1), (2, 1), (3,)]):
        with pytest.raises(ValueError, match="`rows_cols`"):
            grapher.add_timeseries(points, rows_cols=wrong)


def test_many_points_in_the_plane_are_drawn_by_webgl():
    rows = np.zeros((20_001, 4))
    assert PlotlyGrapher2D().add_points(rows[:20_000]).fig.data[0].type == "scatter"
    assert PlotlyGrapher2D().add_points(rows).fig.data[0].type == "scattergl"


def test_keywords_reach_the_trace(points):
    (trace,) = (
        PlotlyGrapher2D().add_points(points, color="red", mode="lines", name="path", marker={"symbol": "x"}).fig.data
    )
    assert (trace.mode, trace.name, trace.marker.symbol, trace.marker.size) == ("lines", "path", "x", 6)


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


# ---------------------------------------------------------------------------------------------- trajectories
def labelled(*paths):
    """Rows t, x, y, z, label of several (N, 4) paths, shuffled."""
    rows = np.concatenate([np.column_stack([path, np.full(len(path), float(i))]) for i, path in enumerate(paths)])
    return PointData(np.random.default_rng(0).permutation(rows), columns=["t", "x", "y", "z", "label"])


def test_speed_is_the_slope_of_a_fitted_line():
    rng = np.random.default_rng(4)
    paths = []
    for n in (30, 5, 40):
        t = np.cumsum(rng.uniform(0.5, 1.5, n)) + 1e6
        paths.append(np.column_stack([t, rng.normal(size=(n, 3))]))
    speed = speeds(tracks(labelled(*paths), None), 7)
    expected = []
    for path in paths:
        own = np.full(len(path), np.nan)
        for i in range(3, len(path) - 3):
            t, xyz = path[i - 3 : i + 4, 0], path[i - 3 : i + 4, 1:]
            own[i] = np.linalg.norm(np.polyfit(t - t.mean(), xyz, 1)[0])
        expected.append(own)
    np.testing.assert_allclose(speed, np.concatenate(expected), rtol=1e-9)


def test_speed_is_exact_on_a_straight_path_and_unknown_across_gaps():
    t = np.concatenate([np.arange(20.0), np.arange(100.0, 120)])
    path = np.column_stack([t, 3 * t, 4 * t, 12 * t])
    speed = speeds(tracks(path, None), 5)
    inner = np.r_[2:18, 22:38]
    np.testing.assert_allclose(speed[inner], 13)
    assert np.isnan(np.delete(speed, inner)).all()
    assert np.isfinite(speeds(tracks(path, 90.0), 5)[2:-2]).all()


def test_located_time_is_the_union_of_stretches_without_gaps():
    rng = np.random.default_rng(5)
    paths = []
    for _ in range(6):
        t = np.sort(rng.choice(1000, 60, replace=False)).astype(float)
        paths.append(np.column_stack([t, np.zeros((60, 3))]))
    found = tracks(labelled(*paths), 20.0)
    covered, followed = np.zeros(1000, dtype=bool), []
    for path in paths:
        own = np.zeros(1000, dtype=bool)
        for a, b in zip(path[:-1, 0].astype(int), path[1:, 0].astype(int), strict=True):
            own[a:b] = b - a <= 20
        covered |= own
        followed.append(own.sum())
    assert located_time(found) == covered.sum()
    np.testing.assert_array_equal(followed_times(found), followed)


def test_quantiles_per_trajectory_equal_numpy():
    rng = np.random.default_rng(6)
    sizes = [1, 2, 7, 30]
    found = tracks(labelled(*(rng.normal(size=(n, 4)) for n in sizes)), None)
    values = rng.normal(size=40)
    values[[0, 2, 12]] = np.nan
    parts = np.split(values, np.cumsum(sizes)[:-1])
    for quantile in (0.5, 0.9):
        expected = [np.nanquantile(part, quantile) if np.isfinite(part).any() else np.nan for part in parts]
        np.testing.assert_allclose(found.per_trajectory(values, quantile), expected)


def test_labels_come_from_columns_arrays_or_list_positions():
    rows = np.array([[0.0, 1, 1, 1, 9, 1], [1, 1, 1, 1, 9, -1], [2, 1, 1, 1, 9, 0], [3, np.nan, 1, 1, 9, 0]])
    found = tracks(rows, None)
    assert (found.label.tolist(), len(found.loose_t), found.dropped) == ([0, 1], 1, 1)
    assert tracks(rows[:, :4], None).label.tolist() == [0, 0, 0]
    assert tracks([rows[:2, :4], rows[2:, :4]], None).label.tolist() == [0, 0, 1]
    named = PointData(rows, columns=["t", "x", "y", "z", "label", "error"])
    assert tracks(named, None).label.tolist() == [9, 9, 9]


def test_distance_from_the_truth_takes_the_nearest_tracer():
    t = np.arange(0.0, 100, 10)
    still, moving = (np.column_stack([t, v * t, 0 * t, 0 * t + z]) for v, z in ((0, 0), (1, 500)))
    late = np.arange(5.0, 105, 10)
    seen = [
        np.column_stack([late, late + 3, 0 * late + 4, 0 * late + 500]),
        np.column_stack([late, 0 * late, 0 * late, 0 * late + 2]),
    ]
    distance, tracer = truth_errors(tracks(labelled(*seen), None), tracks([still, moving], None))
    assert tracer.tolist() == [1, 0]
    np.testing.assert_allclose(distance[:9], 5)
    np.testing.assert_allclose(distance[10:19], 2)
    assert np.isnan(distance[[9, 19]]).all()


# ---------------------------------------------------------------------------------------------- reports
class Page(HTMLParser):
    """Everything in a page that could load something or run."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.handlers, self.references, self.scripts = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.scripts += tag == "script"
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append((tag, name))
            if name in ("src", "href", "srcset", "action", "data"):
                self.references.append((tag, value))


def outside_references(text):
    return Page(text).references


def plain_text(markup):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", markup)).replace("\u202f", " ")).strip()


def report_text(path):
    """The readable text of a report, with ordinary spaces."""
    return plain_text(re.sub(r"<script.*?</script>|<style>.*?</style>", "", path.read_text(), flags=re.S))


def key_figures(path):
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", path.read_text(), flags=re.S)
    return {plain_text(name): plain_text(value) for name, value in pairs}


def report_figures(path):
    """The figures of a report by title, with their arrays unpacked."""
    text = path.read_text()
    data = json.loads(re.search(r'id="report-data">(.*?)</script>', text, flags=re.S)[1])

    def unpack(node):
        if isinstance(node, list):
            return [unpack(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$array" in node:
            node = data["arrays"][node["$array"]]
        if "bdata" in node:
            return np.frombuffer(base64.b64decode(node["bdata"]), node["dtype"])
        return {key: unpack(value) for key, value in node.items()}

    titles = re.findall(r"<figure.*?<h3>(.*?)</h3>", text)
    return dict(zip(map(html.unescape, titles), [unpack(figure) for figure in data["figures"]], strict=True))


@pytest.fixture
def wheel():
    """Two tracers on circles: points, LoRs and truth, with a gap of 100 ms in one trajectory."""
    rng = np.random.default_rng(7)
    t = np.arange(0.0, 1000, 2)
    truth, seen = [], []
    for number in range(2):
        angle = 2 * np.pi * t / 1000 + np.pi * number
        path = np.column_stack([t, 100 * np.cos(angle), 100 * np.sin(angle), 0 * t])
        truth.append(path)
        noisy = path + rng.normal(size=path.shape) * [0, 0.1, 0.1, 0.1]
        row = np.column_stack([noisy, 0.2 + 0.1 * rng.random(len(t)), np.full(len(t), 50), np.full(len(t), number)])
        seen.append(row if number else row[(t < 400) | (t >= 500)])
    loose = np.column_stack([rng.random(7) * 998, rng.normal(size=(7, 3)) * 50, np.full((7, 2), 9), np.full(7, -1)])
    columns = ["t", "x", "y", "z", "error", "cluster_size", "label"]
    lines = np.column_stack([np.linspace(0, 998, 5000), rng.normal(size=(5000, 6)) * 100])
    return PointData(np.concatenate([*seen, loose]), columns=columns), LineData(lines), truth


def test_report_holds_the_data(tmp_path, wheel):
    points, lines, truth = wheel
    path = pept_report(points, lines, path=tmp_path / "report.html", title="Wheel", truth=truth, notes=["Some note."])
    assert path == tmp_path / "report.html"
    figures = report_figures(path)
    assert list(figures) == [
        "Lines of response",
        "Trajectories",
        "Coordinates",
        "Speed",
        "Rate of LoRs",
        "Located points",
        "Error of the points",
        "Distance from the truth",
        "Distance from the truth in time",
    ]
    first = points.points[points["label"] == 0]
    curves = [trace for trace in figures["Coordinates"]["data"] if trace.get("name") == "trajectory 0"]
    for axis, trace in zip((1, 2, 3), curves, strict=True):
        whole = np.isfinite(trace["y"])
        np.testing.assert_array_equal(trace["x"][whole], first[:, 0])
        np.testing.assert_allclose(trace["y"][whole], first[:, axis], rtol=1e-6)
        assert np.flatnonzero(~whole).tolist() == [200]  # broken at the gap
    bands = [trace for trace in figures["Coordinates"]["data"] if trace.get("fill") == "toself"]
    outline = bands[0]["y"]
    np.testing.assert_allclose(outline[:200], first[:200, 1] - first[:200, 4], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(outline[200:400], (first[:200, 1] + first[:200, 4])[::-1], rtol=1e-5, atol=1e-5)
    space = figures["Trajectories"]["data"]
    np.testing.assert_allclose(space[1]["z"], points.points[points["label"] == 1, 3], rtol=1e-6)
    assert len(space[2]["x"]) == 7
    assert space[2]["name"] == "unassigned"
    scene = figures["Trajectories"]["layout"]["scene"]
    spans = [np.ptp(scene[f"{axis}axis"]["range"]) / scene["aspectratio"][axis] for axis in "xyz"]
    np.testing.assert_allclose(spans, spans[0], rtol=1e-9)  # equal scales
    sample = figures["Lines of response"]["data"][0]
    assert np.isin(np.float32(lines.lines[[0, -1], 1]), sample["x"]).all()
    assert np.isfinite(sample["x"]).sum() == 2 * 400
    rate = figures["Rate of LoRs"]["data"][0]
    width = rate["x"][1] - rate["x"][0]
    assert np.sum(rate["y"][:-1]) * width == pytest.approx(np.sum(lines["t"] <= rate["x"][-1]), abs=1)
    stacked = [np.sum(trace["y"][:-1]) for trace in figures["Located points"]["data"]]
    assert stacked == [np.sum(first[:, 0] <= 990), 496, np.sum((points["label"] < 0) & (points["t"] <= 990))]
    assert "Some note." in report_text(path)


def test_report_key_figures(tmp_path, wheel):
    points, lines, truth = wheel
    path = pept_report(points, lines, path=tmp_path / "report.html", truth=truth)
    shown = key_figures(path)
    assert shown["LoRs"].startswith("5 000")
    assert shown["Duration"].startswith("998 ms")
    assert shown["Trajectories"] == "2 holding 99.3 % of 957 points"
    assert shown["Points per trajectory"] == "475 median; from 450 to 500"
    error = np.median(points["error"][points["label"] >= 0])
    assert shown["Median spread"].startswith(f"{error:.3f} mm")
    assert shown["Located"].startswith("100 %")
    assert "10 times the median interval of a trajectory (20.0 ms)" in shown["Located"]
    speed = 2 * np.pi * 100 / 1000
    assert float(shown["Median speed"].split()[0]) == pytest.approx(speed, rel=0.01)
    assert shown["Median speed"].split()[1] == "m/s"
    interpolated = [
        np.column_stack([np.interp(points["t"], path[:, 0], path[:, i]) for i in (1, 2, 3)]) for path in truth
    ]
    nearest = np.min([np.linalg.norm(points.points[:, 1:4] - xyz, axis=1) for xyz in interpolated], axis=0)
    distance = np.median(nearest[points["label"] >= 0])
    assert shown["Median distance from truth"].startswith(f"{distance:.3f} mm")
    alone = key_figures(pept_report(PointData(points.points[points["label"] == 0], columns=points.columns), path=path))
    assert alone["Located"].startswith("89.8 %")  # 896 of 998 ms
    assert alone["LoRs"] == "n/a (none given)"


def test_report_of_one_million_points_stays_light(tmp_path):
    count = 1_000_000
    rng = np.random.default_rng(8)
    t = np.arange(count) * 0.5
    label = np.arange(count) % 2
    rows = np.column_stack([t, np.cos(t / 50), np.sin(t / 50), rng.normal(size=count), rng.random(count), label])
    rows[count // 3, 3] = 77.0
    points = PointData(rows, columns=["t", "x", "y", "z", "error", "label"])
    lines = LineData(np.column_stack([t, rng.random((count, 6))]))
    begin = time.perf_counter()
    path = pept_report(points, lines, path=tmp_path / "report.html", title="Large")
    assert time.perf_counter() - begin < 15
    assert path.stat().st_size < 8_000_000
    text = report_text(path)
    assert "1 in 50 of 1 000 000 points drawn" in text
    assert "400 of 1 000 000 LoRs" in text
    figures = report_figures(path)
    for figure in figures.values():
        drawn = dict.fromkeys(("y", "y2", "y3"), 0)
        for trace in figure["data"]:
            if trace.get("name") != "LoRs":
                drawn[trace.get("yaxis", "y")] += np.isfinite(trace["x"]).sum()
        assert max(drawn.values()) <= 20_000
    z = np.concatenate([trace["y"] for trace in figures["Coordinates"]["data"] if trace.get("yaxis") == "y3"])
    assert np.nanmax(z) >= 77.0  # the single peak is drawn
    few = PointData(rows[:50_000], columns=points.columns)
    small = pept_report(few, path=path, max_points=1000)
    assert small.stat().st_size < 5_400_000


def test_report_loads_nothing_and_escapes_everything(tmp_path, wheel):
    points, lines, _ = wheel
    points.provenance = None
    points.units = {"x": HOSTILE, "t": HOSTILE}
    record = {"input": {"path": HOSTILE, HOSTILE: 1}, "steps": [{"name": HOSTILE, "parameters": {HOSTILE: [HOSTILE]}}]}
    path = pept_report(points, lines, path=tmp_path / "report.html", title=HOSTILE, provenance=record, notes=[HOSTILE])
    text = path.read_text()
    page = Page(text)
    assert page.references == []
    assert page.handlers == []
    assert "img" not in page.tags
    assert page.scripts == 3
    assert "default-src 'none'" in text
    readable = report_text(path)
    assert readable.count("alert(1)") >= 6
    for figure in report_figures(path).values():
        titles = [axis.get("title", {}).get("text", "") for axis in figure["layout"].values() if isinstance(axis, dict)]
        assert not any("<script" in title or "<img" in title for title in titles)
    without = Report(HOSTILE, HOSTILE)
    without.key_figure(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    without.key_figure(HOSTILE, None, reason=HOSTILE)
    without.table([HOSTILE], [[HOSTILE], [Swatch(HOSTILE, HOSTILE)], [Missing(HOSTILE)]], HOSTILE)
    without.section(HOSTILE)
    without.figure(go.Figure(go.Scatter(y=[1], name=HOSTILE)), HOSTILE, HOSTILE)
    page = Page(without.html(embed_plotly=False))
    assert (page.references, page.handlers, page.scripts) == ([], [], 2)
    assert "img" not in page.tags
    without.save(tmp_path / "small.html")


def test_report_stores_plotly_and_repeated_arrays_once(wheel):
    t = np.arange(5000.0)
    report = Report("Twice")
    for name in ("a", "b"):
        report.figure(go.Figure(go.Scatter(x=t, y=t**2, name=name)), name)
    text = report.html()
    assert text.count("plotly.js v") == 1
    assert len(json.loads(re.search(r'id="report-data">(.*?)</script>', text, flags=re.S)[1])["arrays"]) == 2


def test_report_of_nothing_says_so(tmp_path, wheel):
    points, lines, truth = wheel
    empty = PointData(np.empty((0, 4)))
    path = tmp_path / "report.html"
    cases = [
        ((empty, None), "no tracer was located in any sample"),
        ((empty, lines), "no tracer was located in any sample"),
        (([], None), "no tracer was located in any sample"),
        ((empty, LineData(np.empty((0, 7)))), "there are no LoRs"),
        ((PointData(points.points[points["label"] < 0], columns=points.columns), lines), "all carry a negative label"),
    ]
    for (trajectories, given_lines), reason in cases:
        pept_report(trajectories, given_lines, path=path, truth=truth)
        assert reason in report_text(path)
        shown = key_figures(path)
        assert shown["Trajectories"].startswith("0")
        assert shown["Points per trajectory"] == "n/a (no trajectories)"
        assert shown["Located"].startswith("n/a (no trajectories)")


def test_report_of_very_little(tmp_path):
    path = tmp_path / "report.html"
    for rows in ([[0.0, 1, 2, 3]], [[5.0, 1, 2, 3]] * 3, [[0.0, 1, 2, 3], [1, 2, 3, 4]]):
        shown = key_figures(pept_report(np.array(rows), path=path))
        assert shown["Trajectories"].startswith("1")
        assert shown["Median speed"].startswith("n/a (no 11 points in a row without a gap)")
        assert shown["Median spread"].startswith("n/a (no column “error”)")
    pept_report(np.array([[0.0, 1, 2, 3], [1, np.nan, 3, 4], [np.inf, 2, 3, 4]]), path=path)
    assert "2 rows without a finite time or position were left out" in report_text(path)


def test_report_of_many_short_trajectories(tmp_path):
    rng = np.random.default_rng(9)
    count = 3000
    rows = np.column_stack([np.arange(6.0 * count), rng.normal(size=(6 * count, 3)), np.repeat(np.arange(count), 6)])
    begin = time.perf_counter()
    path = pept_report(PointData(rows, columns=["t", "x", "y", "z", "label"]), path=tmp_path / "report.html")
    assert time.perf_counter() - begin < 5
    figures = report_figures(path)
    assert len(figures["Trajectories"]["data"]) == 9
    assert "2 992 others are grey" in report_text(path)


def test_report_on_mapped_lines_read_in_blocks_is_the_same(tmp_path, wheel, monkeypatch):
    points, lines, _ = wheel
    np.save(tmp_path / "lines.npy", lines.lines)
    mapped = LineData(np.load(tmp_path / "lines.npy", mmap_mode="r"))
    shown = [report_figures(pept_report(points, lines, path=tmp_path / "report.html"))]
    monkeypatch.setattr("lumentrace.plots.tracking.lines.BLOCK", 700)
    shown.append(report_figures(pept_report(points, mapped, path=tmp_path / "report.html")))
    for title in ("Rate of LoRs", "Lines of response"):
        np.testing.assert_array_equal(shown[0][title]["data"][0]["y"], shown[1][title]["data"][0]["y"])


def test_report_shows_provenance(tmp_path, wheel):
    points, _, _ = wheel
    from lumentrace.provenance import Provenance, now

    record = Provenance(input={"path": "run.csv", "bytes": 123456}, seed=5)
    start = now()
    points.provenance = record.then("Cutpoints", {"max_distance": 0.5}, start, 1.25)
    text = report_text(pept_report(points, path=tmp_path / "report.html"))
    assert "ran together" not in text
    together = points.provenance.then("HDBSCAN", {"max_tracers": 2}, start, 1.25)
    assert "ran together" in report_text(pept_report(points, path=tmp_path / "report.html", provenance=together))
    for expected in ("run.csv", "123 456", "Cutpoints", "max_distance = 0.5", "1.25", "lumentrace"):
        assert expected in text
    points.provenance = None
    assert "n/a (no provenance record came with the data)" in report_text(
        pept_report(points, path=tmp_path / "report.html")
    )


def test_report_refuses_wrong_input_and_keeps_the_old_file(tmp_path, wheel):
    points, lines, _ = wheel
    path = tmp_path / "report.html"
    path.write_text("old")
    for error, name, call in [
        (TypeError, "points", lambda: pept_report(lines, path=path)),
        (TypeError, "lines", lambda: pept_report(points, points, path=path)),
        (ValueError, "points", lambda: pept_report(np.zeros((3, 3)), path=path)),
        (ValueError, "lines", lambda: pept_report(points, np.zeros((3, 5)), path=path)),
        (ValueError, "max_points", lambda: pept_report(points, path=path, max_points=10)),
        (ValueError, "max_gap", lambda: pept_report(points, path=path, max_gap=0)),
        (ValueError, "speed_window", lambda: pept_report(points, path=path, speed_window=4)),
    ]:
        with pytest.raises(error, match=f"`{name}`"):
            call()
    with pytest.raises(OSError, match="missing"):
        pept_report(points, path=tmp_path / "missing" / "report.html")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
