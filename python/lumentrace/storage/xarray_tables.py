"""Trajectories as datasets of xarray, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.json_text import json_text
from lumentrace.base.provenance import Provenance
from lumentrace.data.points import XYZ, PointData
from lumentrace.storage.tables import EXACT

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
TRAJECTORY, OBS, SIZES = "trajectory", "obs", "row_size"
"""The axis of trajectories, that of locations, and how many of these each trajectory has."""
AXES = {"t": "T", "x": "X", "y": "Y", "z": "Z"}
TIMES = ("t", "time")


def to_xarray(points: PointData, label: str = "label") -> xr.Dataset:
    """Hand trajectories to xarray, as a contiguous ragged array of the CF conventions.

    All locations are along the axis ``obs``, trajectory by trajectory; ``row_size`` along ``trajectory`` is how many
    each has, and the coordinate ``trajectory`` its label (-1 for noise). Times and positions are coordinates, all other
    columns variables; their units are in ``attrs["units"]``, and where they come from in ``attrs["provenance"]``, as
    JSON. ``dataset.to_zarr(...)`` and ``dataset.to_netcdf(...)`` write it.

    Parameters
    ----------
    points : PointData
    label : str, default "label"
        Column that tells trajectories apart; where there is none, all rows are trajectory 0.

    Returns
    -------
    xarray.Dataset
        A copy of the rows.

    Raises
    ------
    ImportError
        If xarray is not installed; it comes with ``pip install "lumentrace[xarray]"``.
    TypeError
        If `points` is no PointData.
    ValueError
        If two columns have the same name, or one that the dataset needs.

    References
    ----------
    CF conventions 1.12, H.4.3, https://cfconventions.org

    See Also
    --------
    from_xarray

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.storage import to_xarray
    >>> rows = [[0, 1, 2, 3, 7], [0, 5, 6, 7, 4], [1, 1, 2, 3, 7]]
    >>> dataset = to_xarray(PointData(rows, columns=["t", "x", "y", "z", "label"]))
    >>> dataset.trajectory.values, dataset.row_size.values, dataset.x.values, dataset.x.units
    (array([4, 7]), array([1, 2]), array([5., 1., 1.]), 'mm')
    """
    xarray = _xarray()
    columns, taken = _columns(points), {TRAJECTORY, OBS, SIZES}
    if taken & set(columns):
        raise ValueError(f"`points`: expected other columns than {sorted(taken)}, found {columns}")
    labels = points[label] if label in columns else np.zeros(len(points.data))
    found, sizes = np.unique(labels, return_counts=True)
    order = np.argsort(labels, kind="stable")
    made = {
        name: (OBS, points[name][order], _attributes(name, unit))
        for name, unit in points.units.items()
        if name != label
    }
    own = {
        TRAJECTORY: (TRAJECTORY, _whole(found), {"cf_role": "trajectory_id", "long_name": label}),
        SIZES: (TRAJECTORY, sizes.astype(np.int64), {"sample_dimension": OBS}),
    }
    attributes = {"Conventions": "CF-1.12", "featureType": "trajectory"}
    if isinstance(points.provenance, Provenance):
        attributes["provenance"] = json_text(points.provenance.to_dict(), ensure_ascii=False)
    dataset: xr.Dataset = xarray.Dataset(own | made, attrs=attributes)
    return dataset.set_coords([name for name in AXES if name in made])


def from_xarray(dataset: xr.Dataset, label: str = "label") -> PointData:
    """Take trajectories from a dataset of xarray.

    Parameters
    ----------
    dataset : xarray.Dataset
        With variables ``x``, ``y``, ``t`` or ``time``, and ``z``, 0 where there is none. They are along one axis, with
        a variable that says in ``attrs["sample_dimension"]`` that it counts how many belong to each trajectory, as of
        `to_xarray` and clouddrift, or without one for a single trajectory; or along two: time and tracer, or trajectory
        and number of the location, where those whose positions are all NaN are left out.
    label : str, default "label"
        Name of the column of the trajectory.

    Returns
    -------
    PointData
        Trajectory by trajectory, with a column for each variable of numbers, units and provenance as far as they are
        said.

    Raises
    ------
    ImportError
        If xarray is not installed.
    ValueError
        If a variable is missing, has other axes or no numbers, or the counts do not add up.

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from lumentrace.storage import from_xarray
    >>> axes, moving = ("time", "tracer"), np.arange(6.0).reshape(3, 2)
    >>> from_xarray(xr.Dataset({"x": (axes, moving), "y": (axes, moving)}, {"time": [0.0, 5.0, 10.0]}))["t"]
    array([ 0.,  5., 10.,  0.,  5., 10.])
    """
    _xarray()
    time = next((name for name in TIMES if name in dataset.variables), "t")
    _check(dataset, time)
    if dataset["x"].ndim == 1:
        labels = _labels(dataset, str(dataset["x"].dims[0]))
        flat = {name: dataset[name].values for name in _names(dataset, dataset["x"].dims)}
        kept = np.ones(len(labels), dtype=bool)
    else:
        flat, labels = _flattened(dataset, time)
        kept = ~np.all([np.isnan(flat[name]) for name in XYZ if name in flat], axis=0)
    named = {("t" if name == time else name): values[kept] for name, values in flat.items()}
    return _points(dataset, named, label, labels[kept])


def _check(dataset: xr.Dataset, time: str) -> None:
    """Whether there are times and positions along one axis or two."""
    missing = [name for name in (time, "x", "y") if name not in dataset.variables]
    if missing:
        raise ValueError(f"`dataset`: expected variables x, y and t or time, found no {', '.join(missing)}")
    axes = dataset["x"].dims
    for name in (time, *(name for name in XYZ if name in dataset.variables)):
        found = dataset[name]
        if found.dtype.kind not in "buif":
            raise ValueError(f"`dataset`: expected numbers in {name}, found {found.dtype}")
        if len(axes) not in (1, 2) or not found.ndim or not set(found.dims) <= set(axes):
            raise ValueError(f"`dataset`: expected {name} along one axis or two, those of x, found {found.dims}")


def _points(dataset: xr.Dataset, flat: dict[str, Any], label: str, labels: Floats) -> PointData:
    columns = {"t": flat["t"], "x": flat["x"], "y": flat["y"], "z": flat.get("z", np.zeros(len(labels)))}
    columns |= {name: values for name, values in flat.items() if name not in columns} | {label: labels}
    points = PointData(np.column_stack([*map(np.float64, columns.values())]), columns=list(columns))
    points.units = dict.fromkeys(columns, "") | dict(_units(dataset, columns))
    if "provenance" in dataset.attrs:
        try:
            points.provenance = Provenance.from_dict(json.loads(dataset.attrs["provenance"]))
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(
                f"`dataset`: expected provenance as `to_xarray` writes it, found another ({error})"
            ) from error
    return points


def _units(dataset: xr.Dataset, columns: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, variable in dataset.variables.items():
        column = "t" if name == "time" and "time" not in columns else str(name)
        if column in columns and isinstance(variable.attrs.get("units"), str):
            yield column, variable.attrs["units"]


def _names(dataset: xr.Dataset, axes: tuple[Any, ...]) -> list[str]:
    """Variables of numbers along these axes, or some of them."""
    found = [(str(name), dataset[name]) for name in dataset.variables if name not in (TRAJECTORY, OBS)]
    return [name for name, each in found if each.ndim and set(each.dims) <= set(axes) and each.dtype.kind in "buif"]


def _labels(dataset: xr.Dataset, axis: str) -> Floats:
    """The trajectory of each location."""
    length = dataset.sizes[axis]
    counting = [dataset[name] for name in dataset.variables if dataset[name].attrs.get("sample_dimension") == axis]
    if not counting:
        return np.zeros(length)
    sizes, (along,) = counting[0].values, counting[0].dims
    if sizes.dtype.kind not in "ui" or ((sizes < 0) | (sizes > length)).any() or int(sizes.sum()) != length:
        raise ValueError(f"`dataset`: expected {counting[0].name} to add up to the {length:,} of {axis}, found {sizes}")
    return np.repeat(_identities(dataset, str(along)), sizes.astype(np.int64))


def _identities(dataset: xr.Dataset, axis: str) -> Floats:
    """What each trajectory is called: numbers that the dataset has for them, or those from 0 on."""
    for variable in (dataset[name] for name in dataset.variables):
        named = variable.name == axis or variable.attrs.get("cf_role") == "trajectory_id"
        if named and variable.dims == (axis,) and variable.dtype.kind in "uif":
            return np.asarray(variable.values, dtype=np.float64)
    return np.arange(dataset.sizes[axis], dtype=np.float64)


def _flattened(dataset: xr.Dataset, time: str) -> tuple[dict[str, Any], Floats]:
    """All variables along both axes of x, trajectory by trajectory, and the trajectory of each location."""
    axes = tuple(map(str, dataset["x"].dims))
    along = _axis_of_trajectories(dataset, axes, dataset[time].dims)
    (other,) = set(axes) - {along}
    names = [name for name in _names(dataset, axes) if name not in axes or name == time]
    flat = {name: dataset[name].broadcast_like(dataset["x"]).transpose(along, other).values.ravel() for name in names}
    return flat, np.repeat(_identities(dataset, along), dataset.sizes[other])


def _axis_of_trajectories(dataset: xr.Dataset, axes: tuple[str, ...], of_times: tuple[Any, ...]) -> str:
    """The axis that times are not along; if they are along both, the one that has identities, or the first."""
    if len(of_times) == 1:
        return axes[1] if of_times[0] == axes[0] else axes[0]
    roles = [dataset[name].dims for name in dataset.variables if dataset[name].attrs.get("cf_role") == "trajectory_id"]
    return axes[1] if roles == [(axes[1],)] else axes[0]


def _columns(points: PointData) -> list[str]:
    if not isinstance(points, PointData):
        raise TypeError(f"`points`: expected PointData, found {type(points).__name__}")
    if len(set(points.columns)) < len(points.columns):
        raise ValueError(f"`columns`: expected names that differ, found {points.columns}")
    return points.columns


def _attributes(name: str, unit: str) -> dict[str, str]:
    return {**({"units": unit} if unit else {}), **({"axis": AXES[name]} if name in AXES else {})}


def _whole(labels: Floats) -> NDArray[Any]:
    is_whole = bool((np.abs(labels) <= EXACT).all() and (labels == np.floor(labels)).all())
    return labels.astype(np.int64) if is_whole else labels


def _xarray() -> Any:
    try:
        import xarray
    except ImportError as error:
        raise ImportError('xarray is not installed; get it with `pip install "lumentrace[xarray]"`') from error
    return xarray
