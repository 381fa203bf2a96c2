"""Figures hold the numbers they were given, in the places the documentation names."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lumentrace import Pixels, PointData
from lumentrace.plots import PlotlyGrapher, PlotlyGrapher2D
from lumentrace.plots.palette import NEUTRAL, PALETTE
from lumentrace.plots.theme import FONT
from pages import outside_references

GRAPHERS = [PlotlyGrapher, PlotlyGrapher2D]


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
def test_labels_have_colours_of_their_own_and_noise_is_grey(make):
    rows = np.zeros((60, 5))
    rows[:, 4] = np.arange(60) // 2 - 1
    (many,) = make().add_points(PointData(rows, columns=["t", "x", "y", "z", "label"])).fig.data
    assert many.marker.showscale is False
    steps = (np.asarray(many.marker.color) - many.marker.cmin) / (many.marker.cmax - many.marker.cmin)
    edges = [edge for edge, _ in many.marker.colorscale]
    drawn = [many.marker.colorscale[np.searchsorted(edges, step)][1] for step in steps]
    assert drawn == [NEUTRAL] * 2 + [PALETTE[label % len(PALETTE)] for label in range(29) for _ in range(2)]
    few = make().add_points(PointData(rows[:6], columns=["t", "x", "y", "z", "label"])).fig.data
    assert [trace.marker.color for trace in few] == [NEUTRAL, *PALETTE[:2]]


@pytest.mark.parametrize("make", GRAPHERS)
def test_figures_have_the_template_of_the_house(make):
    layout = make().fig.layout
    assert layout.template.layout.font.family == FONT
    assert layout.template.layout.paper_bgcolor == "#ffffff"


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


def test_scales_are_equal_but_for_heights_that_are_no_lengths():
    """Ranges of one length, which `show` gives, make a cube of equal scales too."""
    grapher = PlotlyGrapher(cols=2, xlim=[0, 500], ylim=[0, 500], zlim=[0, 100])
    grapher.add_pixels(Pixels(np.ones((3, 4)), xlim=[0, 3], ylim=[0, 4]), col=2)
    assert [grapher.fig.layout[name].aspectmode for name in ("scene", "scene2")] == ["data", "cube"]


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
