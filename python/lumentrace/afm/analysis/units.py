"""Units of the columns of the tables that runs write."""

from __future__ import annotations

PIXELS = (
    *("x", "y", "sigma", "radius", "area", "major_axis", "minor_axis", "perimeter", "feret_max"),
    *("bbox_0", "bbox_1", "bbox_2", "bbox_3", "centroid_0", "centroid_1", "centroid_x", "centroid_y"),
    *("centroid_weighted_0", "centroid_weighted_1"),
)
NANOMETRES = (
    *("x_nm", "y_nm", "displacement_nm", "path_nm", "radius_of_gyration_nm", "centroid_nm_0", "centroid_nm_1"),
    *("major_axis_nm", "minor_axis_nm", "perimeter_nm", "feret_max_nm"),
)
UNITS = {
    **dict.fromkeys(PIXELS, "px"),
    **dict.fromkeys(NANOMETRES, "nm"),
    **dict.fromkeys(("time_s", "frame_timestamp", "duration_s", "dwell_s", "lag_s"), "s"),
    **dict.fromkeys(("area_nm2", "msd_1_nm2", "msd_nm2"), "nm²"),
    "volume_nm3": "nm³",
    "mean_speed_nm_s": "nm/s",
    "diffusion_nm2_s": "nm²/s",
    "orientation": "rad",
    "lag": "frames",
}
HEIGHTS = ("roughness", "min", "max", "mean", "amplitude")
"""Columns in the unit of the film."""
