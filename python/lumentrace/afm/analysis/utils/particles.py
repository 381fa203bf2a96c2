"""Features by particle: the members of tracks and clusters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lumentrace.base.files import replacing
from lumentrace.base.polars import pl
from lumentrace.storage.frames import write_csv_table

GROUPS = {"tracks": "track_id", "clusters": "cluster_id"}
FIGURES = ("area", "mean", "min", "max")


def flatten_particle_features(
    grouping: Mapping[str, Any],
    detection: Mapping[str, Any],
    object_key: str | None = None,
    object_id_field: str = "cluster_id",
    frame_key: str = "frames",
    index_key: str = "point_indices",
) -> pl.DataFrame:
    """A row for each feature that belongs to a track or a cluster.

    Parameters
    ----------
    grouping : dict
        Outputs of particle tracking or of a clustering.
    detection : dict
        Outputs of the detection that they were made from.
    object_key : str, optional
        The list of objects in `grouping`; by default 'tracks' or 'clusters', whichever is there.
    object_id_field : str, default 'cluster_id'
        Column of the objects' numbers; 'track_id' for tracks that were found by themselves.
    frame_key, index_key : str
        Keys of the objects.

    Returns
    -------
    polars.DataFrame
        The number of the object, `frame`, `timestamp` (s), `label`, `centroid_x`, `centroid_y` (pixels), `area`,
        `mean`, `min`, `max`; null where a feature has none, as spots without an area. Gaps of tracks are left out.

    Raises
    ------
    ValueError
        If there are neither tracks nor clusters.
    KeyError
        If the key is not there.
    """
    if object_key is None:
        found = [key for key in GROUPS if key in grouping]
        if not found:
            raise ValueError(f"`grouping`: expected {' or '.join(GROUPS)}, found {', '.join(grouping) or 'nothing'}")
        object_key = found[0]
        object_id_field = GROUPS[object_key] if object_key == "tracks" else object_id_field
    features = detection["features_per_frame"]
    rows = []
    for item in grouping[object_key]:
        for frame, index in zip(item[frame_key], item[index_key], strict=True):
            if index is not None and 0 <= frame < len(features) and 0 <= index < len(features[frame]):
                rows.append(_row(object_id_field, item["id"], frame, features[frame][index]))
    whole = {object_id_field: pl.Int64, "frame": pl.Int64, "timestamp": pl.Float64, "label": pl.Int64}
    numbers = dict.fromkeys(("centroid_x", "centroid_y", *FIGURES), pl.Float64)
    return pl.DataFrame(rows, schema={**whole, **numbers})


def _row(id_field: str, number: int, frame: int, feature: Mapping[str, Any]) -> dict[str, Any]:
    row, column = feature["centroid"]
    return {
        id_field: number,
        "frame": frame,
        "timestamp": feature.get("frame_timestamp"),
        "label": feature.get("label"),
        "centroid_x": column,
        "centroid_y": row,
        **{name: feature.get(name) for name in FIGURES},
    }


def plot_particle_labels_3d(df: pl.DataFrame, object_id_field: str = "track_id", ax: Any = None) -> Any:
    """Draw particles in place and time with matplotlib, a colour for each object.

    Parameters
    ----------
    df : polars.DataFrame
        Of `flatten_particle_features`.
    object_id_field : str, default 'track_id'
    ax : mpl_toolkits.mplot3d.Axes3D, optional

    Returns
    -------
    mpl_toolkits.mplot3d.Axes3D

    Raises
    ------
    ImportError
        If matplotlib is not installed: ``pip install lumentrace[matplotlib]``.
    """
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(layout="constrained").add_subplot(projection="3d")
    for (number,), rows in df.group_by(object_id_field, maintain_order=True):
        ax.plot(rows["centroid_x"], rows["centroid_y"], rows["timestamp"], marker="o", markersize=3, label=str(number))
    ax.set_xlabel("x (pixels)")
    ax.set_ylabel("y (pixels)")
    ax.set_zlabel("time (s)")
    return ax


def export_particle_csv(df: pl.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write particles as CSV; the file appears whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with replacing(path) as file:
        write_csv_table(file, df)
