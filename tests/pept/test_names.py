"""Every public name of the peer's documentation, under its place, with its parameters in order and their defaults."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from typing import Any

import numpy as np
import pytest

RUN = "executor='joblib', max_workers=None, verbose=True"
CSV = (
    "skiprows=None, nrows=None, dtype=float, sep='\\\\s+', header=None, engine='c', na_filter=False, quoting=3, "
    "memory_map=True, **kwargs"
)
POINTS = "color=None, opacity=0.8, colorbar=True, colorbar_col=-1, colorscale='Magma', colorbar_title=None"
LINES = "color=None, opacity=0.6, colorbar=True, colorbar_col=0, colorscale='Magma', colorbar_title=None"

DOCUMENTED = {
    "read_csv": f"filepath_or_buffer, {CSV}",
    "load": "filepath",
    "save": "filepath, obj",
    "LineData": "lines, sample_size=None, overlap=None, columns=['t', 'x1', 'y1', 'z1', 'x2', 'y2', 'z2'], **kwargs",
    "LineData.to_csv": "filepath, delimiter=' '",
    "LineData.plot": "sample_indices=Ellipsis, ax=None, alt_axes=False, colorbar_col=0",
    "LineData.copy": "deep=True, data=None, extra=True, hidden=True, **attrs",
    "LineData.extra_attrs": "",
    "LineData.hidden_attrs": "",
    "PointData": "points, sample_size=None, overlap=None, columns=['t', 'x', 'y', 'z'], **kwargs",
    "PointData.to_csv": "filepath, delimiter=' '",
    "PointData.plot": "sample_indices=Ellipsis, ax=None, alt_axes=False, colorbar_col=-1",
    "PointData.copy": "deep=True, data=None, extra=True, hidden=True, **attrs",
    "PointData.extra_attrs": "",
    "PointData.hidden_attrs": "",
    "Pixels": "pixels_array, xlim, ylim",
    "Pixels.from_lines": "lines, number_of_pixels, xlim=None, ylim=None, verbose=True",
    "Pixels.empty": "number_of_pixels, xlim, ylim",
    "Pixels.get_cutoff": "p1, p2",
    "Pixels.add_lines": "lines, verbose=False",
    "Pixels.pixels_trace": "condition=..., opacity=0.9, colorscale='Magma'",
    "Pixels.heatmap_trace": "colorscale='Magma', transpose=True, xgap=0.0, ygap=0.0",
    "Pixels.plot": "ax=None",
    "Pixels.copy": "deep=True",
    "Voxels": "voxels_array, xlim, ylim, zlim",
    "Voxels.from_lines": "lines, number_of_voxels, xlim=None, ylim=None, zlim=None, verbose=True",
    "Voxels.empty": "number_of_voxels, xlim, ylim, zlim",
    "Voxels.get_cutoff": "p1, p2",
    "Voxels.add_lines": "lines, verbose=False",
    "Voxels.plot": "condition=..., ax=None, alt_axes=False",
    "Voxels.cube_trace": "index, color=None, opacity=0.4, colorbar=True, colorscale='magma'",
    "Voxels.cubes_traces": "condition=..., color=None, opacity=0.4, colorbar=True, colorscale='magma'",
    "Voxels.voxels_trace": (
        "condition=..., size=4, color=None, opacity=0.4, colorbar=True, colorscale='Magma', colorbar_title=None"
    ),
    "Voxels.heatmap_trace": "ix=None, iy=None, iz=None, width=0, colorscale='Magma', transpose=True",
    "Pipeline": "transformers",
    "Pipeline.fit_sample": "sample",
    "Pipeline.fit": f"samples, {RUN}",
    "Pipeline.steps": "",
    "TimeWindow": "window",
    "base.PEPTObject": "",
    "base.IterableSamples": "data, sample_size=None, overlap=None, columns=[], **kwargs",
    "base.IterableSamples.extra_attrs": "",
    "base.IterableSamples.hidden_attrs": "",
    "base.IterableSamples.copy": "deep=True, data=None, extra=True, hidden=True, **attrs",
    "base.Transformer": "",
    "base.Filter": "",
    "base.Filter.fit_sample": "sample",
    "base.Filter.fit": f"samples, {RUN}",
    "base.Reducer": "",
    "base.Reducer.fit": "samples",
    "base.PointDataFilter": "",
    "base.PointDataFilter.fit": f"point_data, {RUN}",
    "base.PointDataFilter.fit_sample": "sample",
    "base.LineDataFilter": "",
    "base.LineDataFilter.fit": f"line_data, {RUN}",
    "base.LineDataFilter.fit_sample": "sample",
    "base.VoxelsFilter": "",
    "base.VoxelsFilter.fit": f"line_data, {RUN}",
    "base.VoxelsFilter.fit_sample": "sample",
    "scanners.adac_forte": "filepath, sample_size=None, overlap=None, verbose=True",
    "scanners.parallel_screens": (
        "filepath_or_array, screen_separation, sample_size=None, overlap=None, verbose=True, **kwargs"
    ),
    "scanners.ADACGeometricEfficiency": "separation, xlim=[111.78, 491.78], ylim=[46.78, 556.78]",
    "scanners.ADACGeometricEfficiency.eg": "x, y, z",
    "scanners.modular_camera": "data_file, sample_size=None, overlap=None, verbose=True",
    "tracking.Stack": "sample_size=None, overlap=None",
    "tracking.Stack.fit": "samples",
    "tracking.SplitLabels": "remove_labels=True, extract_lines=False, noise=False",
    "tracking.SplitLabels.fit_sample": "sample",
    "tracking.SplitLabels.fit": f"samples, {RUN}",
    "tracking.SplitAll": "column",
    "tracking.SplitAll.fit": "samples",
    "tracking.Centroids": "error=False, cluster_size=False",
    "tracking.Centroids.fit_sample": "points",
    "tracking.Centroids.fit": f"samples, {RUN}",
    "tracking.LinesCentroids": "remove=0.1, iterations=6",
    "tracking.LinesCentroids.centroid": "lors",
    "tracking.LinesCentroids.distance_matrix": "x, lors",
    "tracking.LinesCentroids.predict": "lines",
    "tracking.LinesCentroids.fit_sample": "lines",
    "tracking.LinesCentroids.fit": f"samples, {RUN}",
    "tracking.Condition": "*conditions",
    "tracking.Condition.fit_sample": "sample",
    "tracking.Condition.fit": f"samples, {RUN}",
    "tracking.Remove": "*columns",
    "tracking.Remove.fit_sample": "sample",
    "tracking.Remove.fit": f"samples, {RUN}",
    "tracking.Voxelize": "number_of_voxels, xlim=None, ylim=None, zlim=None, set_lims=None",
    "tracking.Voxelize.set_lims": "lines, set_xlim=True, set_ylim=True, set_zlim=True",
    "tracking.Voxelize.fit_sample": "sample_lines",
    "tracking.Voxelize.fit": f"line_data, {RUN}",
    "tracking.Interpolate": "timestep, interpolator=interp1d, **kwargs",
    "tracking.Interpolate.fit_sample": "sample",
    "tracking.Interpolate.fit": f"point_data, {RUN}",
    "tracking.BirminghamMethod": "fopt=0.5, get_used=False",
    "tracking.BirminghamMethod.fit_sample": "sample",
    "tracking.BirminghamMethod.fit": f"line_data, {RUN}",
    "tracking.Cutpoints": "max_distance, cutoffs=None, append_indices=False",
    "tracking.Cutpoints.fit": f"line_data, {RUN}",
    "tracking.Cutpoints.fit_sample": "sample_lines",
    "tracking.Minpoints": "num_lines, max_distance, cutoffs=None, append_indices=False",
    "tracking.Minpoints.fit": f"line_data, {RUN}",
    "tracking.Minpoints.fit_sample": "sample_lines",
    "tracking.HDBSCAN": "true_fraction, max_tracers=1",
    "tracking.HDBSCAN.fit": f"point_data, {RUN}",
    "tracking.HDBSCAN.fit_sample": "sample_points",
    "tracking.FPI": "w=3.0, r=0.4, lld_counts=0.0, verbose=False",
    "tracking.FPI.fit_sample": "voxels",
    "tracking.FPI.fit": f"line_data, {RUN}",
    "tracking.Segregate": "window, cut_distance, min_trajectory_size=5",
    "tracking.Segregate.fit": "points",
    "tracking.Velocity": "window, degree=2, absolute=False",
    "tracking.Velocity.fit_sample": "samples",
    "tracking.Velocity.fit": f"point_data, {RUN}",
    "processing.circles2d": "positions, number_of_pixels, radii=0.0, xlim=None, ylim=None, verbose=True",
    "processing.occupancy2d": "points, number_of_pixels, radius, xlim=None, ylim=None, omit_last=False, verbose=True",
    "plots.PlotlyGrapher": "rows=1, cols=1, xlim=None, ylim=None, zlim=None, subplot_titles=['  ']",
    "plots.PlotlyGrapher.create_figure": "",
    "plots.PlotlyGrapher.xlabel": "label, row=1, col=1",
    "plots.PlotlyGrapher.ylabel": "label, row=1, col=1",
    "plots.PlotlyGrapher.zlabel": "label, row=1, col=1",
    "plots.PlotlyGrapher.points_trace": f"points, size=2.0, {POINTS}",
    "plots.PlotlyGrapher.add_points": f"points, row=1, col=1, size=2.0, {POINTS}",
    "plots.PlotlyGrapher.lines_trace": f"lines, width=2.0, {LINES}",
    "plots.PlotlyGrapher.add_lines": f"lines, row=1, col=1, width=2.0, {LINES}",
    "plots.PlotlyGrapher.add_pixels": "pixels, row=1, col=1, condition=..., opacity=0.9, colorscale='Magma'",
    "plots.PlotlyGrapher.add_voxels": (
        "voxels, row=1, col=1, condition=..., size=4, color=None, opacity=0.4, colorbar=True, "
        "colorscale='Magma', colorbar_title=None"
    ),
    "plots.PlotlyGrapher.add_trace": "trace, row=1, col=1",
    "plots.PlotlyGrapher.add_traces": "traces, row=1, col=1",
    "plots.PlotlyGrapher.equalise_axes": "",
    "plots.PlotlyGrapher.show": "equal_axes=True",
    "plots.PlotlyGrapher.to_html": "filepath, equal_axes=True, include_plotlyjs=True",
    "plots.PlotlyGrapher2D": "rows=1, cols=1, xlim=None, ylim=None, subplot_titles=['  '], **kwargs",
    "plots.PlotlyGrapher2D.create_figure": "**kwargs",
    "plots.PlotlyGrapher2D.xlabel": "label, row=1, col=1",
    "plots.PlotlyGrapher2D.ylabel": "label, row=1, col=1",
    "plots.PlotlyGrapher2D.timeseries_trace": f"points, size=6.0, {POINTS}",
    "plots.PlotlyGrapher2D.add_timeseries": f"points, rows_cols=[(1, 1), (2, 1), (3, 1)], size=6.0, {POINTS}",
    "plots.PlotlyGrapher2D.points_trace": f"points, size=2.0, {POINTS}",
    "plots.PlotlyGrapher2D.add_points": f"points, row=1, col=1, size=6.0, {POINTS}",
    "plots.PlotlyGrapher2D.lines_trace": "lines, width=2.0, color=None, opacity=0.6",
    "plots.PlotlyGrapher2D.add_lines": "lines, row=1, col=1, width=2.0, color=None, opacity=0.6",
    "plots.PlotlyGrapher2D.add_pixels": (
        "pixels, row=1, col=1, colorscale='Magma', transpose=True, xgap=0.0, ygap=0.0"
    ),
    "plots.PlotlyGrapher2D.add_trace": "trace, row=1, col=1",
    "plots.PlotlyGrapher2D.add_traces": "traces, row=1, col=1",
    "plots.PlotlyGrapher2D.equalise_axes": "",
    "plots.PlotlyGrapher2D.equalise_separate": "",
    "plots.PlotlyGrapher2D.show": "equal_axes=True",
    "plots.PlotlyGrapher2D.to_html": "filepath, equal_axes=True, include_plotlyjs=True",
    "utilities.find_cutpoints": "sample_lines, max_distance, cutoffs, append_indices=0",
    "utilities.find_minpoints": "sample_lines, num_lines, max_distance, cutoffs, append_indices=0",
    "utilities.group_by_column": "data_array, column_to_separate",
    "utilities.number_of_lines": "filepath_or_buffer",
    "utilities.read_csv": f"filepath_or_buffer, {CSV}",
    "utilities.read_csv_chunks": f"filepath_or_buffer, chunksize, {CSV}",
    "utilities.parallel_map_file": (
        "func, fname, start, end, chunksize, *args, dtype=float, processes=None, callback=..., "
        "error_callback=..., **kwargs"
    ),
    "utilities.traverse2d": "pixels, lines, grid_x, grid_y",
    "utilities.traverse3d": "voxels, lines, grid_x, grid_y, grid_z",
    "utilities.ChunkReader": f"filepath_or_buffer, chunksize, {CSV}",
    "simulation.Simulator": (
        "trajectory, sampling_times, shape_function, separation=712, decay_energy=0.6335, "
        "Zeff=7.22, Aeff=13, x_max=500, y_max=500"
    ),
    "simulation.Simulator.simulate": "",
    "simulation.Simulator.add_noise": "noise_ratio",
    "simulation.Simulator.add_spread": "max_spread=4, depth=16",
    "simulation.Simulator.add_noise_and_spread": "noise_ratio, max_spread=4, depth=16",
    "simulation.Simulator.change_trajectory": "new_trajectory",
    "simulation.Simulator.change_sampling_times": "new_sampling_times",
    "simulation.Simulator.change_shape": "new_shape_function",
    "simulation.Simulator.write_csv": "fname",
    "simulation.Simulator.write_noise_csv": "fname",
}

KEPT = """
    LineData PointData Pixels Voxels Pipeline base.PEPTObject base.IterableSamples base.Transformer
    base.Filter base.Reducer base.PointDataFilter base.LineDataFilter base.VoxelsFilter
    scanners.ADACGeometricEfficiency tracking.Stack tracking.SplitLabels tracking.SplitAll
    tracking.Centroids tracking.LinesCentroids tracking.Condition tracking.Remove tracking.Voxelize
    tracking.Interpolate tracking.BirminghamMethod tracking.Cutpoints tracking.Minpoints tracking.HDBSCAN
    tracking.FPI tracking.Segregate tracking.Velocity plots.PlotlyGrapher
"""
"""Classes whose pages list what they inherit: `copy`, `save` and `load`."""

INHERITED = {"copy": "deep=True", "save": "filepath", "load": "filepath"}

DIFFERENT: dict[str, Any] = {
    "executor": None,
    "LineData.columns": None,
    "PointData.columns": None,
    "base.IterableSamples.columns": None,
    "LineData.plot.colorbar_col": None,
    "PointData.plot.colorbar_col": None,
    "scanners.parallel_screens.screen_separation": None,
    "tracking.Interpolate.interpolator": None,
    "utilities.find_cutpoints.cutoffs": None,
    "utilities.find_minpoints.cutoffs": None,
    "utilities.parallel_map_file.callback": None,
    "utilities.parallel_map_file.error_callback": None,
}
"""Defaults that say the same in another way, or more: native threads for `joblib`, what the class or the file gives."""

LATER = {
    "AdaptiveWindow": "window max_elems",
    "base.Pipeline.optimise": "self lines max_evals executor max_workers verbose",
    "tracking.Debug": "verbose max_samples",
    "tracking.OptimizeWindow": "ideal_elems overlap low high",
    "tracking.GroupBy": "column",
    "tracking.SamplesCondition": "*conditions",
    "tracking.Swap": "*swaps inplace",
    "tracking.Reconnect": "tmax dmax column num_points",
    "tracking.Reorient": "dimensions basis origin",
    "tracking.Center": "origin",
    "tracking.OutOfViewFilter": "max_time k",
    "tracking.RemoveStatic": "time_window max_distance quantile",
    "tracking.TimeOfFlight": "temporal_resolution points",
    "tracking.CutpointsToF": "max_distance cutoffs append_indices cutpoints_only",
    "tracking.GaussianDensity": "sigma",
    "tracking.peptml.find_cutpoints": "sample max_distance cutoffs append_indices",
    "tracking.peptml.find_minpoints": "sample num_lines max_distance cutoffs append_indices",
    "tracking.peptml.get_cutoffs": "lines",
    "plots.format_fig": "fig size font template",
    "plots.make_video": "frames output fps verbose",
    "plots.histogram": "data",
    "visualisation.PlotlyGrapher": "rows cols xlim ylim zlim subplot_titles",
    "processing.ResidenceDistribution2D": "diameter column dimensions resolution xlim ylim max_workers verbose",
    "processing.ResidenceDistribution3D": "diameter column dimensions resolution xlim ylim zlim max_workers verbose",
    "processing.DynamicProbability2D": "diameter column dimensions resolution xlim ylim max_workers verbose",
    "processing.DynamicProbability3D": "diameter column dimensions resolution xlim ylim zlim max_workers verbose",
    "processing.VectorField2D": "diameter columns dimensions resolution xlim ylim max_workers verbose",
    "processing.VectorField3D": "diameter columns dimensions resolution xlim ylim zlim max_workers verbose",
    "processing.VectorGrid2D": "xpixels ypixels",
    "processing.VectorGrid2D.vectors": "self factor",
    "processing.VectorGrid2D.quiver": "self",
    "processing.VectorGrid3D": "xvoxels yvoxels zvoxels",
    "processing.AutoCorrelation": "lag signals span num_divisions max_distance normalize preprocess",
    "processing.LaceyColors": "p1 p2 ax1 ax2 basis1 basis2 xlim ylim max_distance resolution",
    "processing.LaceyColorsLinear": "directory p1 p2 xlim ylim num_divisions max_distance resolution height width",
    "processing.RelativeDeviations": "p1 p2 ax1 ax2 max_distance histogram",
    "processing.RelativeDeviationsLinear": "directory p1 p2 num_divisions max_distance height width prefix",
    "processing.SpatialProjections": "directory start end dimension num_divisions max_distance colorbar_col height",
    "simulation.Shape": "x y z",
    "simulation.Shape.sphere": "self",
    "simulation.Shape.cylinder": "self angleX angleY angleZ",
}
"""Names of the version after the documents, whose parameters are known by name."""


def signatures() -> dict[str, str]:
    inherited = {f"{name}.{method}": text for name in KEPT.split() for method, text in INHERITED.items()}
    return {**inherited, **DOCUMENTED}


def find(path: str) -> Any:
    found: Any = import_module("lumentrace.pept")
    for name in path.split("."):
        found = getattr(found, name)
    return found


def documented(text: str) -> inspect.Signature:
    """The signature that `text` stands for; ``...`` is a function."""
    made: dict[str, Any] = {}
    tree = ast.parse(f"def documented({text}): pass")
    exec(compile(tree, "documented", "exec"), {"interp1d": ..., "Ellipsis": ...}, made)
    return inspect.signature(made["documented"])


def default(value: Any) -> Any:
    """A default in a form that can be compared."""
    if callable(value) and value is not float:
        return ...
    return list(value) if isinstance(value, (tuple, list, np.ndarray)) else value


@pytest.mark.parametrize("name", signatures())
def test_documented_parameters_come_in_order_with_their_defaults(name: str) -> None:
    found = find(name)
    assert found.__doc__, "no docstring"
    ours = [each for each in inspect.signature(found).parameters.values() if each.name != "self"]
    wanted = list(documented(signatures()[name]).parameters.values())
    open_ended = [each.name for each in wanted if each.kind is each.VAR_KEYWORD]
    assert not open_ended or any(each.kind is each.VAR_KEYWORD for each in ours)
    named = [each for each in wanted if each.kind is not each.VAR_KEYWORD]
    assert [(each.name, each.kind) for each in ours[: len(named)]] == [(each.name, each.kind) for each in named]
    for one, other in zip(ours, named, strict=False):
        expected = DIFFERENT.get(f"{name}.{one.name}", DIFFERENT.get(one.name, other.default))
        assert default(one.default) == default(expected), one.name


@pytest.mark.parametrize("name", LATER)
def test_later_names_have_their_parameters_in_order(name: str) -> None:
    found = find(name)
    assert found.__doc__, "no docstring"
    parameters = [
        f"*{each.name}" if each.kind is each.VAR_POSITIONAL else each.name
        for each in inspect.signature(found).parameters.values()
    ]
    wanted = LATER[name].split()
    assert parameters[: len(wanted)] == wanted


def test_everything_public_can_be_imported_and_says_what_it_is() -> None:
    for module in ("base", "scanners", "tracking", "plots", "processing", "simulation", "utilities", "recipes"):
        package = import_module(f"lumentrace.pept.{module}")
        for name in package.__all__:
            assert getattr(package, name).__doc__, f"{module}.{name}"
