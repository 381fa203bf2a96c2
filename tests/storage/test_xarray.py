"""Trajectories in xarray: the layout of the CF conventions, kept by Zarr, and what other programs lay out so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from lumentrace import LineData, PointData
from lumentrace.base.provenance import Provenance
from lumentrace.storage import from_xarray, to_xarray


def tracks() -> PointData:
    """Trajectories whose rows are mixed, and noise."""
    rows = np.random.default_rng(1).normal(size=(60, 6))
    rows[:, 0] = np.repeat(np.arange(20.0), 3)
    rows[:, 5] = np.random.default_rng(2).permutation(np.repeat([-1, 0, 2, 2, 7, 7], 10))
    rows[4, 4] = np.nan
    points = PointData(rows, columns=["t", "x", "y", "z", "error", "label"])
    points.units = {"t": "s", "x": "nm", "y": "nm", "z": "nm"}
    points.provenance = Provenance({"path": "run.da01"})
    return points


def by_track(points: PointData) -> np.ndarray:
    return points.points[np.argsort(points["label"], kind="stable")]


def test_the_layout_is_that_of_the_conventions() -> None:
    points = tracks()
    found = points.to_xarray()
    assert found.attrs["featureType"] == "trajectory"
    assert dict(found.sizes) == {"trajectory": 4, "obs": 60}
    assert found.trajectory.values.tolist() == [-1, 0, 2, 7]
    assert found.trajectory.attrs["cf_role"] == "trajectory_id"
    assert found.row_size.attrs["sample_dimension"] == "obs"
    assert found.row_size.values.tolist() == [10, 10, 20, 20]
    assert set(found.coords) == {"trajectory", "t", "x", "y", "z"}
    assert (found.t.attrs, found.x.attrs) == ({"units": "s", "axis": "T"}, {"units": "nm", "axis": "X"})
    parts = np.split(found.x.values, np.cumsum(found.row_size.values)[:-1])
    for label, part in zip(found.trajectory.values, parts, strict=True):
        np.testing.assert_array_equal(part, points["x"][points["label"] == label])


def test_it_comes_back_and_is_kept_by_zarr(tmp_path: Path) -> None:
    points = tracks()
    to_xarray(points).to_zarr(tmp_path / "tracks.zarr", consolidated=False)
    with xr.open_zarr(tmp_path / "tracks.zarr", chunks=None, consolidated=False) as dataset:
        found = from_xarray(dataset)
    assert found.columns == points.columns
    np.testing.assert_array_equal(found.points, by_track(points))
    assert found.units == points.units
    assert found.provenance == points.provenance


def test_rows_without_labels_are_one_trajectory() -> None:
    points = PointData(np.arange(12.0).reshape(3, 4))
    found = to_xarray(points)
    assert found.row_size.values.tolist() == [3]
    np.testing.assert_array_equal(from_xarray(found).points[:, :4], points.points)
    found.x.values[:] = 0
    assert points.points[1, 1] == 5


def test_one_axis_of_times_and_one_of_tracers() -> None:
    places = np.random.default_rng(3).normal(size=(3, 4, 2))
    places[:, 2, 1] = np.nan
    variables = {name: (("time", "tracer"), places[number]) for number, name in enumerate("xyz")}
    mass = ("tracer", np.array([1.5, 2.5]))
    made = xr.Dataset(
        variables | {"mass": mass}, {"time": ("time", [0.0, 5, 10, 15], {"units": "ms"}), "tracer": [4, 9]}
    )
    for dataset in (made, made.transpose("tracer", "time")):
        found = from_xarray(dataset)
        assert found["label"].tolist() == [4] * 4 + [9] * 3
        assert found["t"].tolist() == [0, 5, 10, 15, 0, 5, 15]
        np.testing.assert_array_equal(found["y"], [*places[1, :, 0], *places[1, [0, 1, 3], 1]])
        assert found["mass"].tolist() == [1.5] * 4 + [2.5] * 3
        assert found.units["t"] == "ms"


def test_trajectories_that_are_filled_up() -> None:
    """The multidimensional layout of the conventions, as Parcels and OpenDrift write it."""
    axes = ("trajectory", "obs")
    filled = np.array([[1.0, 2.0, np.nan], [3.0, 4.0, 5.0]])
    dataset = xr.Dataset({"time": (axes, 10 * filled), "x": (axes, filled), "y": (axes, -filled)})
    for each in (dataset, dataset.assign_coords(trajectory=("trajectory", [7, 8], {"cf_role": "trajectory_id"}))):
        found = from_xarray(each)
        assert found["x"].tolist() == [1, 2, 3, 4, 5]
        assert found["t"].tolist() == [10, 20, 30, 40, 50]
        assert found["z"].tolist() == [0] * 5
        assert np.diff(found["label"]).tolist() == [0, 1, 0, 0]


def ragged(**changed: Any) -> xr.Dataset:
    return to_xarray(tracks()).assign(changed)


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        (ragged().drop_vars("y"), "found no y"),
        (ragged().drop_vars("t"), "found no t"),
        (ragged(row_size=("trajectory", [10, 10, 20, 21], {"sample_dimension": "obs"})), "add up to the 60 of obs"),
        (ragged(row_size=("trajectory", [-10, 30, 20, 20], {"sample_dimension": "obs"})), "add up"),
        (ragged(row_size=("trajectory", [2**63, 2**63, 60, 0], {"sample_dimension": "obs"})), "add up"),
        (ragged(row_size=("trajectory", [15.0] * 4, {"sample_dimension": "obs"})), "add up"),
        (ragged(x=("obs", ["a"] * 60)), "expected numbers in x"),
        (ragged(t=("obs", np.zeros(60, "datetime64[ns]"))), "expected numbers in t, found datetime64"),
        (ragged(t=("trajectory", np.zeros(4))), "expected t along"),
        (ragged().assign_attrs(provenance="[]"), "expected provenance"),
    ],
)
def test_what_is_no_dataset_of_trajectories_is_refused(dataset: xr.Dataset, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        from_xarray(dataset)


def test_what_cannot_be_a_dataset_is_refused() -> None:
    with pytest.raises(ValueError, match="names that differ"):
        to_xarray(PointData(np.ones((1, 5)), columns=["t", "x", "y", "z", "x"]))
    with pytest.raises(ValueError, match="expected other columns"):
        to_xarray(PointData(np.ones((1, 5)), columns=["t", "x", "y", "z", "obs"]))
    wrong: Any = LineData(np.ones((1, 7)))
    with pytest.raises(TypeError, match="found LineData"):
        to_xarray(wrong)
