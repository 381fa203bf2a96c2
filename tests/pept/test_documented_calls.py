"""Calls that the documents of pept name: static traces, limits of chosen axes, lazy results, the module `peptml`."""

from __future__ import annotations

import io

import numpy as np
import pytest

from helpers import assert_identical
from lumentrace import LineData, PointData, Voxels
from lumentrace.pept.plots import PlotlyGrapher, PlotlyGrapher2D
from lumentrace.pept.tracking import HDBSCAN, Centroids, Cutpoints, Minpoints, SplitLabels, Voxelize, peptml

POINTS = np.random.default_rng(1).random((40, 5))
LINES = np.random.default_rng(2).random((40, 7))


@pytest.mark.parametrize(("make", "kind"), [(PlotlyGrapher, "scatter3d"), (PlotlyGrapher2D, "scatter")])
def test_traces_can_be_had_without_a_grapher(make, kind):
    points, lines = make.points_trace(POINTS, size=3, colorbar_col=0), make.lines_trace(LINES, width=1.5)
    assert points.type == lines.type == kind
    np.testing.assert_array_equal(points.x, POINTS[:, 1])
    np.testing.assert_array_equal(points.marker.color, POINTS[:, 0])
    assert (points.marker.size, lines.line.width) == (3, 1.5)
    assert len(lines.x) == 120
    assert len(make().add_trace(points).add_trace(lines).fig.data) == 2


def test_few_values_still_make_one_trace():
    rows = np.column_stack([POINTS[:, :4], np.arange(40) % 3])
    np.testing.assert_array_equal(PlotlyGrapher.points_trace(rows).marker.color, rows[:, 4])
    assert PlotlyGrapher.points_trace(rows, color="red").marker.color == "red"


def test_a_static_trace_is_what_is_added():
    added = PlotlyGrapher().add_lines(LINES, colorbar_col=3).fig.data[0]
    made = PlotlyGrapher.lines_trace(LINES, colorbar_col=3)
    np.testing.assert_array_equal(made.line.color, added.line.color)
    assert made.line.colorbar.title.text == added.line.colorbar.title.text == "z1"


def test_time_series_are_three_traces():
    traces = PlotlyGrapher2D.timeseries_trace(POINTS)
    for number, trace in enumerate(traces):
        np.testing.assert_array_equal(trace.x, POINTS[:, 0])
        np.testing.assert_array_equal(trace.y, POINTS[:, 1 + number])
    assert [trace.marker.showscale for trace in traces] == [True, False, False]


def test_settings_of_subplots_are_handed_on():
    grapher = PlotlyGrapher2D(rows=2, shared_xaxes=True)
    assert grapher.fig.layout.xaxis.matches == "x2"
    assert grapher.create_figure(shared_xaxes=False).layout.xaxis.matches is None
    assert PlotlyGrapher(cols=2).create_figure(column_widths=[0.8, 0.2]).layout.scene.domain.x[1] > 0.6


def test_figures_go_to_open_files():
    file = io.StringIO()
    PlotlyGrapher().add_points(POINTS).to_html(filepath=file, include_plotlyjs=False)
    assert "scatter3d" in file.getvalue()


def test_limits_are_taken_for_the_chosen_axes():
    voxelize = Voxelize((3, 4, 5), xlim=(0, 9), ylim=(0, 9), zlim=(0, 9))
    voxelize.set_lims(lines=LINES, set_ylim=False)
    ends = LINES[:, 1:7].reshape(-1, 3)
    np.testing.assert_allclose(voxelize.xlim, [ends[:, 0].min(), ends[:, 0].max()])
    assert voxelize.ylim == (0, 9)
    np.testing.assert_allclose(voxelize.zlim, [ends[:, 2].min(), ends[:, 2].max()])
    assert Voxelize((3, 4, 5), xlim=(0, 9), set_lims=LINES).xlim == (0, 9)


def test_voxels_are_drawn_where_a_condition_holds():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    voxels = Voxels(np.arange(24.0).reshape(2, 3, 4), (0, 2), (0, 3), (0, 4))
    _, axes = voxels.plot(condition=lambda values: values > 20)
    assert len(axes.collections[0].get_array()) == 3
    _, turned = voxels.plot(lambda values: values > 20, None, alt_axes=True)
    assert (axes.get_xlabel(), turned.get_xlabel()) == ("x (mm)", "z (mm)")
    assert axes.collections[0]._offsets3d[2].max() == turned.collections[0]._offsets3d[0].max() == 3.5
    matplotlib.pyplot.close("all")


def test_lazy_results_do_what_a_list_does(one_tracer):
    cutpoints = Cutpoints(0.8).fit(one_tracer, verbose=False)
    assert_identical(PointData(cutpoints), PointData(list(cutpoints)))
    drawn, expected = (PlotlyGrapher().add_points(each).fig.data[0].x for each in (cutpoints, list(cutpoints)))
    np.testing.assert_array_equal(drawn, expected)
    clusters = (HDBSCAN(0.15) + SplitLabels()).fit(cutpoints, verbose=False)
    rows = sum(len(each.points) for sample in clusters for each in sample)
    assert len(PlotlyGrapher2D.points_trace(clusters).x) == rows
    with pytest.raises(ValueError, match="expected a table of real numbers, found PointData"):
        LineData(cutpoints)


def test_the_documented_module_has_the_classes():
    assert (peptml.Cutpoints, peptml.Minpoints, peptml.HDBSCAN) == (Cutpoints, Minpoints, HDBSCAN)


def test_arguments_by_their_documented_names(one_tracer):
    cutpoints = Cutpoints(0.8).fit(line_data=one_tracer, verbose=False)
    labelled = HDBSCAN(0.15).fit(point_data=cutpoints, verbose=False)
    assert len(labelled) == len(one_tracer)
    sample = HDBSCAN(0.15).fit_sample(sample_points=Cutpoints(0.8).fit_sample(sample_lines=one_tracer[0]))
    assert_identical(sample.points, labelled[0].points)
    assert len(Centroids().fit_sample(points=sample).points) == 1
