"""Every public name of the peer's documentation, under its place and with its parameters."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

LINES = "filepath_or_buffer skiprows nrows dtype sep"
MAP = "max_workers verbose"

SIGNATURES = {
    "LineData": "lines sample_size overlap columns",
    "PointData": "points sample_size overlap columns",
    "Pixels": "pixels_array xlim ylim",
    "Voxels": "voxels_array xlim ylim zlim",
    "TimeWindow": "window",
    "AdaptiveWindow": "window max_elems",
    "Pipeline": "transformers",
    "read_csv": f"{LINES} header engine na_filter quoting memory_map",
    "save": "path obj",
    "load": "path",
    "base.PEPTObject": "",
    "base.PEPTObject.copy": "self deep",
    "base.PEPTObject.save": "self path",
    "base.PEPTObject.load": "path",
    "base.IterableSamples": "data sample_size overlap columns",
    "base.LineData": "lines sample_size overlap columns",
    "base.LineData.copy": "self deep data extra hidden",
    "base.LineData.extra_attrs": "self",
    "base.LineData.hidden_attrs": "self",
    "base.LineData.to_csv": "self path delimiter",
    "base.LineData.plot": "self sample_indices ax alt_axes colorbar_col",
    "base.PointData": "points sample_size overlap columns",
    "base.Pixels.from_lines": "lines number_of_pixels xlim ylim verbose",
    "base.Pixels.empty": "number_of_pixels xlim ylim",
    "base.Pixels.add_lines": "self lines verbose",
    "base.Pixels.get_cutoff": "p1 p2",
    "base.Pixels.pixels_trace": "self condition opacity colorscale",
    "base.Pixels.heatmap_trace": "self colorscale transpose xgap ygap",
    "base.Voxels.from_lines": "lines number_of_voxels xlim ylim zlim verbose",
    "base.Voxels.empty": "number_of_voxels xlim ylim zlim",
    "base.Voxels.add_lines": "self lines verbose",
    "base.Voxels.get_cutoff": "p1 p2",
    "base.Voxels.cube_trace": "self index color opacity colorbar colorscale",
    "base.Voxels.cubes_traces": "self condition color opacity colorbar colorscale",
    "base.Voxels.voxels_trace": "self condition size color opacity colorbar colorscale colorbar_title",
    "base.Voxels.heatmap_trace": "self ix iy iz width colorscale transpose",
    "base.Voxels.copy": "self deep",
    "base.Transformer": "",
    "base.Filter.fit": "self samples executor max_workers verbose",
    "base.Filter.fit_sample": "self sample",
    "base.Reducer.fit": "self samples",
    "base.LineDataFilter": "",
    "base.PointDataFilter": "",
    "base.VoxelsFilter": "",
    "base.Pipeline.fit": "self samples executor max_workers verbose",
    "base.Pipeline.fit_sample": "self sample",
    "base.Pipeline.steps": "self",
    "base.Pipeline.optimise": "self lines max_evals executor max_workers verbose",
    "scanners.adac_forte": "filepath sample_size overlap verbose",
    "scanners.parallel_screens": "filepath_or_array screen_separation sample_size overlap verbose",
    "scanners.modular_camera": "data_file sample_size overlap verbose",
    "scanners.ADACGeometricEfficiency": "separation xlim ylim",
    "scanners.ADACGeometricEfficiency.eg": "self x y z",
    "tracking.Debug": "verbose max_samples",
    "tracking.OptimizeWindow": "ideal_elems overlap low high",
    "tracking.Stack": "sample_size overlap",
    "tracking.SplitLabels": "remove_labels extract_lines noise",
    "tracking.SplitAll": "column",
    "tracking.GroupBy": "column",
    "tracking.Centroids": "error cluster_size",
    "tracking.LinesCentroids": "remove iterations",
    "tracking.LinesCentroids.centroid": "lors",
    "tracking.LinesCentroids.distance_matrix": "x lors",
    "tracking.LinesCentroids.predict": "self lines",
    "tracking.Condition": "*conditions",
    "tracking.SamplesCondition": "*conditions",
    "tracking.Remove": "*columns",
    "tracking.Swap": "*swaps inplace",
    "tracking.Segregate": "window cut_distance min_trajectory_size",
    "tracking.Reconnect": "tmax dmax column num_points",
    "tracking.Interpolate": "timestep interpolator",
    "tracking.Reorient": "dimensions basis origin",
    "tracking.Center": "origin",
    "tracking.OutOfViewFilter": "max_time k",
    "tracking.RemoveStatic": "time_window max_distance quantile",
    "tracking.Velocity": "window degree absolute",
    "tracking.Voxelize": "number_of_voxels xlim ylim zlim set_lims",
    "tracking.Cutpoints": "max_distance cutoffs append_indices",
    "tracking.Minpoints": "num_lines max_distance cutoffs append_indices",
    "tracking.HDBSCAN": "true_fraction max_tracers",
    "tracking.BirminghamMethod": "fopt get_used",
    "tracking.FPI": "w r lld_counts verbose",
    "tracking.TimeOfFlight": "temporal_resolution points",
    "tracking.CutpointsToF": "max_distance cutoffs append_indices cutpoints_only",
    "tracking.GaussianDensity": "sigma",
    "tracking.peptml.find_cutpoints": "sample max_distance cutoffs append_indices",
    "tracking.peptml.find_minpoints": "sample num_lines max_distance cutoffs append_indices",
    "tracking.peptml.get_cutoffs": "lines",
    "plots.PlotlyGrapher": "rows cols xlim ylim zlim subplot_titles",
    "plots.PlotlyGrapher.add_points": "self points row col size color opacity colorbar colorbar_col colorscale",
    "plots.PlotlyGrapher.add_lines": "self lines row col width color opacity colorbar colorbar_col colorscale",
    "plots.PlotlyGrapher.add_pixels": "self pixels row col condition opacity colorscale",
    "plots.PlotlyGrapher.add_voxels": "self voxels row col condition size color opacity colorbar colorscale",
    "plots.PlotlyGrapher.add_trace": "self trace row col",
    "plots.PlotlyGrapher.add_traces": "self traces row col",
    "plots.PlotlyGrapher.equalise_axes": "self",
    "plots.PlotlyGrapher.show": "self equal_axes",
    "plots.PlotlyGrapher.to_html": "self path equal_axes include_plotlyjs",
    "plots.PlotlyGrapher.xlabel": "self label row col",
    "plots.PlotlyGrapher.ylabel": "self label row col",
    "plots.PlotlyGrapher.zlabel": "self label row col",
    "plots.PlotlyGrapher2D": "rows cols xlim ylim subplot_titles",
    "plots.PlotlyGrapher2D.add_timeseries": "self points rows_cols",
    "plots.PlotlyGrapher2D.add_points": "self points row col size color opacity colorbar colorbar_col colorscale",
    "plots.PlotlyGrapher2D.add_lines": "self lines row col width color opacity",
    "plots.PlotlyGrapher2D.add_pixels": "self pixels row col colorscale transpose xgap ygap",
    "plots.PlotlyGrapher2D.equalise_separate": "self",
    "plots.format_fig": "fig size font template",
    "plots.make_video": "frames output fps verbose",
    "plots.histogram": "data",
    "visualisation.PlotlyGrapher": "rows cols xlim ylim zlim subplot_titles",
    "processing.circles2d": "positions number_of_pixels radii xlim ylim verbose",
    "processing.occupancy2d": "points number_of_pixels radius xlim ylim omit_last verbose",
    "processing.ResidenceDistribution2D": f"diameter column dimensions resolution xlim ylim {MAP}",
    "processing.ResidenceDistribution3D": f"diameter column dimensions resolution xlim ylim zlim {MAP}",
    "processing.DynamicProbability2D": f"diameter column dimensions resolution xlim ylim {MAP}",
    "processing.DynamicProbability3D": f"diameter column dimensions resolution xlim ylim zlim {MAP}",
    "processing.VectorField2D": f"diameter columns dimensions resolution xlim ylim {MAP}",
    "processing.VectorField3D": f"diameter columns dimensions resolution xlim ylim zlim {MAP}",
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
    "simulation.Simulator": ("trajectory sampling_times shape_function separation decay_energy Zeff Aeff x_max y_max"),
    "simulation.Simulator.simulate": "self",
    "simulation.Simulator.add_noise": "self noise_ratio",
    "simulation.Simulator.add_spread": "self max_spread depth",
    "simulation.Simulator.add_noise_and_spread": "self noise_ratio max_spread depth",
    "simulation.Simulator.change_sampling_times": "self new_sampling_times",
    "simulation.Simulator.change_shape": "self new_shape_function",
    "simulation.Simulator.change_trajectory": "self new_trajectory",
    "simulation.Simulator.write_csv": "self fname",
    "simulation.Simulator.write_noise_csv": "self fname",
    "simulation.Shape": "x y z",
    "simulation.Shape.sphere": "self",
    "simulation.Shape.cylinder": "self angleX angleY angleZ",
    "utilities.read_csv": f"{LINES} header engine na_filter quoting memory_map",
    "utilities.read_csv_chunks": "filepath_or_buffer chunksize skiprows nrows dtype sep",
    "utilities.ChunkReader": "filepath_or_buffer chunksize skiprows nrows dtype sep",
    "utilities.number_of_lines": "filepath_or_buffer",
    "utilities.parallel_map_file": "func fname start end chunksize *args dtype processes callback error_callback",
    "utilities.group_by_column": "data_array column_to_separate",
    "utilities.find_cutpoints": "sample_lines max_distance cutoffs append_indices",
    "utilities.find_minpoints": "sample_lines num_lines max_distance cutoffs append_indices",
    "utilities.traverse2d": "pixels lines grid_x grid_y",
    "utilities.traverse3d": "voxels lines grid_x grid_y grid_z",
}


def find(path: str) -> object:
    module, names = import_module("lumentrace.pept"), path.split(".")
    found: object = module
    for name in names:
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("name", SIGNATURES)
def test_documented_parameters_come_first_and_in_order(name: str) -> None:
    found = find(name)
    assert found.__doc__, "no docstring"
    parameters = [
        f"*{each.name}" if each.kind is each.VAR_POSITIONAL else each.name
        for each in inspect.signature(found).parameters.values()
    ]
    wanted = SIGNATURES[name].split()
    assert parameters[: len(wanted)] == wanted


def test_everything_public_can_be_imported_and_says_what_it_is() -> None:
    for module in ("base", "scanners", "tracking", "plots", "processing", "simulation", "utilities", "recipes"):
        package = import_module(f"lumentrace.pept.{module}")
        for name in package.__all__:
            assert getattr(package, name).__doc__, f"{module}.{name}"
