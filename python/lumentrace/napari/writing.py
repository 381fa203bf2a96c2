"""Layers of napari as files for other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.points import PointData

MICROMETRES = {"um": 1.0, "µm": 1.0, "micrometer": 1.0, "micron": 1.0, "nm": 1e-3, "nanometer": 1e-3, "mm": 1e3}
MICROMETRES |= {"millimeter": 1e3, "m": 1e6, "meter": 1e6}
"""Micrometres of the units that napari knows."""


def write_labels(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a labels layer as OME-TIFF or OME-Zarr, with its pixel sizes.

    Parameters
    ----------
    path : str
        Ends with ``.tif``, ``.tiff`` or ``.zarr``.
    data : array of int
        Axes (T, Z, Y, X), some of the first two left out.
    attributes : dict
        Of the layer: its scale, units and labels of axes are kept.

    Returns
    -------
    list of str
        The file that was written.

    Raises
    ------
    ValueError
        If the name ends otherwise, or labels do not fit 32 bits.
    """
    from lumentrace.storage import write_image

    labels = _smallest(np.asarray(data))
    axes = _axes(attributes, labels.ndim)
    written = write_image(path, labels, axes=axes, spacing=_spacing(attributes, axes), labels=True)
    return [str(written)]


def _smallest(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels in the smallest type that image files keep."""
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
    for kind in ("uint8", "uint16", "uint32", "int32"):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return labels.astype(kind, copy=False)
    raise ValueError(f"labels: expected numbers of at most 32 bits, found {low} to {high}")


def _axes(attributes: dict[str, Any], ndim: int) -> str:
    named = "".join(str(label)[:1].upper() for label in attributes.get("axis_labels") or ())
    is_named = len(named) == ndim and len(set(named)) == ndim and set(named) <= set("TZYX") and named.endswith("YX")
    return named if is_named else "TZYX"[-ndim:]


def _spacing(attributes: dict[str, Any], axes: str) -> dict[str, float]:
    """Micrometres along the axes whose unit is a length."""
    scale, units = attributes.get("scale"), attributes.get("units")
    if scale is None or units is None:
        return {}
    sizes = zip(axes, scale, map(str, units), strict=True)
    return {
        axis: float(size) * MICROMETRES[unit] for axis, size, unit in sizes if axis in "ZYX" and unit in MICROMETRES
    }


def write_tracks(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a tracks layer as a table of trajectories: columns t, x, y, z, label.

    Parameters
    ----------
    path : str
        Ends with ``.csv``, ``.parquet``, ``.h5`` or ``.vtp``.
    data : array
        (rows, 4 or 5): number of the track, time, z if there is one, y, x.
    attributes : dict
        Of the layer: its scale and translation turn steps into units.

    Returns
    -------
    list of str
        The file that was written.

    Raises
    ------
    ValueError
        If the name ends otherwise.
    """
    from lumentrace.storage import save, to_parquet, to_vtp, write_csv

    writers: dict[str, Callable[[str, PointData], object]] = {
        ".csv": write_csv,
        ".parquet": to_parquet,
        ".h5": save,
        ".vtp": to_vtp,
    }
    writer = writers.get(Path(path).suffix.lower())
    if writer is None:
        raise ValueError(f"{path}: expected a name that ends with {', '.join(writers)}")
    writer(path, _points(np.asarray(data, float), attributes))
    return [path]


def _points(tracks: NDArray[np.float64], attributes: dict[str, Any]) -> PointData:
    labels, places = tracks[:, 0], tracks[:, 1:]
    ndim = places.shape[1]
    scale = np.asarray(attributes.get("scale", np.ones(ndim)), float)
    translate = np.asarray(attributes.get("translate", np.zeros(ndim)), float)
    world = places * scale + translate
    t, y, x = world[:, 0], world[:, -2], world[:, -1]
    z = world[:, 1] if ndim == 4 else np.zeros(len(world))
    points = PointData(np.column_stack((t, x, y, z, labels)), columns=["t", "x", "y", "z", "label"])
    units = [_short(unit) for unit in attributes.get("units") or ()]
    if len(units) == ndim:
        points.units = {"t": units[0], "x": units[-1], "y": units[-2], "z": units[-3 if ndim == 4 else -1]}
    return points


def _short(unit: Any) -> str:
    """The symbol of a unit: napari gives those of pint, which have long names too."""
    symbol = unit if isinstance(unit, str) else f"{unit:~}"
    return "µm" if symbol in ("µ", "micrometer") else symbol
