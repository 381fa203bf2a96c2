"""Time series for ParaView: every row is in the file of its time, with all that is known about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lumentrace import LineData, PointData
from lumentrace.base import big_array, mapping
from lumentrace.storage import to_pvd
from vtk_files import cells, read_pvd, read_vtp

COLUMNS = [
    *("t", "x", "y", "z", "vx", "vy", "vz"),
    *("sigma_x", "sigma_y", "sigma_z", "cov_xy", "cov_xz", "cov_yz", "label"),
]


def tracks(times: int = 5, tracers: int = 3) -> PointData:
    """Locations of all tracers at the same times, tracer by tracer."""
    rows = np.random.default_rng(1).normal(size=(tracers, times, len(COLUMNS)))
    rows[..., 0] = 0.1 * np.arange(times)
    rows[..., -1] = np.arange(tracers)[:, None]
    return PointData(rows.reshape(-1, len(COLUMNS)), columns=COLUMNS)


def rows_of(arrays: dict[tuple[str, str], Any], columns: list[str]) -> NDArray[np.float64]:
    return np.column_stack([arrays["PointData", name] for name in columns])


def test_each_time_has_the_rows_of_all_tracers(tmp_path: Path) -> None:
    points = tracks()
    to_pvd(tmp_path / "tracks.pvd", points)
    series = read_pvd(tmp_path / "tracks.pvd")
    assert [time for time, _ in series] == (0.1 * np.arange(5)).tolist()
    for time, file in series:
        own = points.points[points["t"] == time]
        arrays = read_vtp(file)
        np.testing.assert_array_equal(rows_of(arrays, COLUMNS), own)
        np.testing.assert_array_equal(arrays["Points", "Points"], own[:, 1:4])
        np.testing.assert_array_equal(arrays["PointData", "velocity"], own[:, 4:7])
        np.testing.assert_array_equal(arrays["PointData", "covariance"][:, :3], own[:, 7:10] ** 2)
        np.testing.assert_array_equal(arrays["PointData", "covariance"][:, 3:], own[:, [10, 12, 11]])
        assert cells(arrays, "Verts") == [[0], [1], [2]]
        assert cells(arrays, "Lines") == []
        assert arrays["unit", "vx"] == "m/s"


def test_steps_of_one_length_keep_every_row_and_join_those_of_a_trajectory(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = np.column_stack([rng.uniform(5, 95, 400), rng.normal(size=(400, 3)), rng.integers(-1, 3, 400)])
    rows[0, 0], rows[7, 2], rows[9, 0] = 5.0, np.nan, np.nan
    to_pvd(tmp_path / "a.pvd", PointData(rows, columns=["t", "x", "y", "z", "label"]), step=10)
    kept = np.delete(rows, [7, 9], axis=0)
    series = read_pvd(tmp_path / "a.pvd")
    assert [time for time, _ in series] == [10.0 * number for number in range(1, 10)]
    for time, file in series:
        own = kept[(kept[:, 0] - 5) // 10 == time // 10 - 1]
        arrays = read_vtp(file)
        np.testing.assert_array_equal(rows_of(arrays, ["t", "x", "y", "z", "label"]), own)
        assert sorted(map(len, cells(arrays, "Lines"))) == sorted(
            count for label in range(3) if (count := int((own[:, 4] == label).sum())) > 1
        )


def test_items_of_a_list_are_numbered(tmp_path: Path) -> None:
    rows = np.arange(24.0).reshape(6, 4)
    to_pvd(tmp_path / "a.pvd", [PointData(rows[:2]), PointData(rows[2:])], step=1000)
    ((_, file),) = read_pvd(tmp_path / "a.pvd")
    assert read_vtp(file)["PointData", "label"].tolist() == [0, 0, 1, 1, 1, 1]


def test_blocks_and_temporary_files_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = tracks(40, 5)
    to_pvd(tmp_path / "a.pvd", points, step=0.25)
    expected = [file.read_bytes() for _, file in read_pvd(tmp_path / "a.pvd")]
    monkeypatch.setattr(mapping, "BLOCK", 7)
    monkeypatch.setattr(big_array, "BLOCK", 7)
    monkeypatch.setattr(big_array, "LIMIT", 0)
    to_pvd(tmp_path / "b.pvd", points, step=0.25)
    assert [file.read_bytes() for _, file in read_pvd(tmp_path / "b.pvd")] == expected


def test_a_new_series_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    def names() -> set[str]:
        return {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}

    (tmp_path / "tracks.steps-mine").mkdir()
    (tmp_path / "tracks.steps-mine" / "note.txt").touch()
    to_pvd(tmp_path / "tracks.pvd", tracks(5))
    first = names()
    to_pvd(tmp_path / "tracks.pvd", tracks(3))
    assert len(names()) == 5
    assert "tracks.steps-mine/note.txt" in names()
    assert {file for _, file in read_pvd(tmp_path / "tracks.pvd")} <= set(tmp_path.rglob("*.vtp"))
    to_pvd(tmp_path / "tracks.pvd", tracks(5))
    assert names() == first


@pytest.mark.parametrize("points", [[], PointData(np.empty((0, 4))), PointData(np.full((3, 4), np.nan))], ids=str)
def test_nothing_is_a_series_without_steps(tmp_path: Path, points: Any) -> None:
    to_pvd(tmp_path / "a.pvd", points)
    assert read_pvd(tmp_path / "a.pvd") == []


def test_what_cannot_be_a_series_is_refused(tmp_path: Path) -> None:
    many = PointData(np.random.default_rng(1).random((30_000, 4)))
    with pytest.raises(ValueError, match=r"`step`: expected .* at most 20,000 steps, found more than 20,000 different"):
        to_pvd(tmp_path / "a.pvd", many)
    with pytest.raises(ValueError, match="found more than 20,000 of 2e-05"):
        to_pvd(tmp_path / "a.pvd", PointData(np.arange(100_000.0).reshape(-1, 4) * [5e-6, 1, 1, 1]), step=2e-5)
    for step in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="`step`: expected a time above 0"):
            to_pvd(tmp_path / "a.pvd", tracks(), step=step)
    with pytest.raises(ValueError, match=r"ends with \.pvd, found 'a\.vtp'"):
        to_pvd(tmp_path / "a.vtp", tracks())
    with pytest.raises(ValueError, match="expected a column t"):
        to_pvd(tmp_path / "a.pvd", PointData(np.ones((1, 4)), columns=["time", "x", "y", "z"]))
    wrong: Any = [LineData(np.ones((1, 7)))]
    with pytest.raises(TypeError, match="found LineData at 0"):
        to_pvd(tmp_path / "a.pvd", wrong)
    assert not list(tmp_path.iterdir())


def test_vtk_reads_the_steps(tmp_path: Path) -> None:
    pyvista = pytest.importorskip("pyvista", reason="pyvista is not installed")
    points = tracks()
    to_pvd(tmp_path / "tracks.pvd", points)
    reader = pyvista.PVDReader(tmp_path / "tracks.pvd")
    assert reader.time_values == (0.1 * np.arange(5)).tolist()
    for time in reader.time_values:
        reader.set_active_time_value(time)
        (step,) = reader.read()
        own = points.points[points["t"] == time]
        np.testing.assert_array_equal(step["sigma_x"], own[:, 7])
        np.testing.assert_array_equal(step["velocity"], own[:, 4:7])
        np.testing.assert_allclose(step.points, own[:, 1:4], rtol=1e-6)
        assert step.point_data["covariance"].shape == (3, 6)
        assert step.n_verts == 3
