"""Tables and trajectories for other programs, read back by other programs."""

from __future__ import annotations

import sys

import numpy as np
import polars as pl
import pytest

from lumentrace import FormatError, LineData, PointData, TimeWindow
from lumentrace.base import big_array
from lumentrace.base.provenance import Provenance, now
from lumentrace.storage import parquet_rows, read_parquet, to_csv, to_pandas, to_parquet, to_polars, to_vtp
from vtk_files import cells, read_vtp

AWKWARD = [0.0, -0.0, 1 / 3, 1e300, -1e-300, 5e-324, np.nan, np.inf, -np.inf, 2.0**53 + 2]


def awkward_points():
    rows = np.array(AWKWARD * 4).reshape(10, 4)
    return PointData(rows, sample_size=3, columns=["t", "x", "y", "z"])


# ---------------------------------------------------------------------- CSV
@pytest.mark.parametrize("rows", [0, 1, 4095, 4096, 4097, 10_000])
@pytest.mark.parametrize("delimiter", [" ", ","])
def test_csv_is_what_savetxt_writes(tmp_path, rows, delimiter):
    lines = LineData(np.random.default_rng(rows).normal(size=(rows, 8)) * 1e3)
    to_csv(tmp_path / "a.csv", lines, delimiter)
    header = delimiter.join(["t", "x1", "y1", "z1", "x2", "y2", "z2", "col7"])
    np.savetxt(tmp_path / "b.csv", lines.lines, delimiter=delimiter, header=header)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_csv_reads_back_to_the_same_bits(tmp_path):
    points = awkward_points()
    points.to_csv(tmp_path / "a.csv")
    again = np.loadtxt(tmp_path / "a.csv")
    assert again.tobytes() == points.points.tobytes()


def test_csv_column_names_stay_on_their_line(tmp_path):
    to_csv(tmp_path / "a.csv", PointData(np.ones((2, 4)), columns=["t", "x\n1 2 3 4", "y", "z"]))
    assert np.loadtxt(tmp_path / "a.csv").shape == (2, 4)


@pytest.mark.parametrize("write", [to_csv, to_parquet])
def test_other_types_are_refused(tmp_path, write):
    with pytest.raises(TypeError, match="`table`: expected LineData or PointData, found ndarray"):
        write(tmp_path / "a", np.ones((3, 4)))
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------- polars and pandas
@pytest.mark.parametrize("convert", [to_polars, to_pandas])
def test_data_frames(convert):
    points = awkward_points()
    frame = convert(points)
    assert list(frame.columns) == points.columns
    for name in points.columns:
        assert np.asarray(frame[name]).tobytes() == points[name].tobytes()
    assert convert(PointData(np.empty((0, 5)))).shape == (0, 5)
    with pytest.raises(ValueError, match="`columns`: expected names that differ"):
        convert(PointData(np.ones((1, 4)), columns=["t", "x", "x", "z"]))


def test_pandas_is_a_copy_with_units():
    points = PointData(np.ones((3, 4)))
    frame = to_pandas(points)
    frame.loc[0, "x"] = 7
    assert points["x"][0] == 1
    assert frame.attrs["units"] == {"t": "ms", "x": "mm", "y": "mm", "z": "mm"}


def test_pandas_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r'pip install "lumentrace\[pandas\]"'):
        to_pandas(PointData(np.ones((1, 4))))


# ---------------------------------------------------------------------- Parquet
def measured_points():
    points = PointData(np.random.default_rng(3).normal(size=(500, 5)), columns=["t", "x", "y", "z", "v"])
    points.data[:, 0] = np.arange(500)
    points.units = {"v": "mm/ms"}
    points.provenance = Provenance({"path": "a.csv"}, seed=1).then("Cut", {"d": 0.5}, now(), 0.1)
    return points


@pytest.mark.parametrize("table", [awkward_points(), measured_points(), LineData(np.empty((0, 7)))], ids=len)
def test_parquet_round_trip(tmp_path, table):
    to_parquet(tmp_path / "a.parquet", table)
    again = read_parquet(tmp_path / "a.parquet")
    assert type(again) is type(table)
    assert again.data.tobytes() == table.data.tobytes()
    assert again.data.flags.c_contiguous
    assert (again.columns, again.units, again.provenance) == (table.columns, table.units, table.provenance)


def test_parquet_for_other_programs(tmp_path):
    points = measured_points()
    to_parquet(tmp_path / "a.parquet", points)
    assert pl.read_parquet(tmp_path / "a.parquet").equals(pl.DataFrame(points.points, schema=points.columns))
    metadata = pl.read_parquet_metadata(tmp_path / "a.parquet")["lumentrace"]
    for part in ('"schema": 1', '"v": "mm/ms"', '"t": "ms"', '"name": "Cut"'):
        assert part in metadata


def test_parquet_samples_are_chosen_on_reading(tmp_path):
    to_parquet(tmp_path / "a.parquet", measured_points())
    again = read_parquet(tmp_path / "a.parquet", TimeWindow(10), TimeWindow(5))
    assert len(again) == 98


def test_parquet_of_others_or_newer(tmp_path):
    pl.DataFrame({"t": [1.0]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(FormatError, match=r"expected metadata 'lumentrace'.*a\.parquet"):
        read_parquet(tmp_path / "a.parquet")
    for text, message in (
        ('{"schema": 2}', "expected at most 1, found 2"),
        ('{"schema": 1, "type": "Hologram"}', "`type`.*Hologram"),
        ("{", "damaged"),
        ("[]", "damaged"),
    ):
        pl.DataFrame({"t": [1.0]}).write_parquet(tmp_path / "a.parquet", metadata={"lumentrace": text})
        with pytest.raises(FormatError, match=rf"{message}.*a\.parquet"):
            read_parquet(tmp_path / "a.parquet")
    with pytest.raises(FileNotFoundError):
        read_parquet(tmp_path / "none.parquet")


def test_damaged_parquet_never_gives_wrong_data(tmp_path, capfd):
    points = measured_points()
    to_parquet(tmp_path / "a.parquet", points)
    whole = (tmp_path / "a.parquet").read_bytes()
    rng = np.random.default_rng(4)
    refused = 0
    for i in range(300):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        (tmp_path / "a.parquet").write_bytes(damaged[: rng.integers(len(whole))] if i % 5 == 0 else damaged)
        try:
            again = read_parquet(tmp_path / "a.parquet")
        except FormatError:
            refused += 1
            continue
        assert again.data.tobytes() == points.data.tobytes()
    assert refused > 200


# ---------------------------------------------------------------------- VTP
def test_vtp_of_labelled_points(tmp_path):
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(60, 8))
    rows[:, 7] = rng.integers(-1, 3, 60)
    rows[8, 7] = 9
    rows[20, 2] = np.nan
    to_vtp(tmp_path / "a.vtp", PointData(rows, columns=["t", "x", "y", "z", "vx", "vy", "vz", "label"]))
    arrays = read_vtp(tmp_path / "a.vtp")
    kept = np.delete(rows, 20, axis=0)
    assert np.array_equal(arrays["Points", "Points"], kept[:, 1:4])
    assert np.array_equal(arrays["PointData", "velocity"], kept[:, 4:7])
    for i, name in enumerate(["t", "x", "y", "z", "vx", "vy", "vz", "label"]):
        assert np.array_equal(arrays["PointData", name], kept[:, i])
    by_label = {label: np.flatnonzero(kept[:, 7] == label).tolist() for label in (-1, 0, 1, 2, 9)}
    assert cells(arrays, "Verts") == list(by_label.values())
    assert cells(arrays, "Lines") == [by_label[0], by_label[1], by_label[2]]
    assert arrays["CellData", "label"].tolist() == [-1, 0, 1, 2, 9, 0, 1, 2]
    assert (arrays["unit", "t"], arrays["unit", "vx"]) == ("ms", "m/s")


def test_vtp_of_a_list(tmp_path):
    rows = np.arange(40.0).reshape(10, 4)
    to_vtp(tmp_path / "a.vtp", [PointData(rows[:4]), PointData(rows[:0]), PointData(rows[4:])])
    arrays = read_vtp(tmp_path / "a.vtp")
    assert cells(arrays, "Lines") == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9]]
    assert arrays["CellData", "label"].tolist() == [0, 2, 0, 2]


@pytest.mark.parametrize("points", [[], PointData(np.empty((0, 4))), PointData(np.full((3, 4), np.nan))], ids=str)
def test_vtp_of_nothing(tmp_path, points):
    to_vtp(tmp_path / "a.vtp", points)
    assert len(read_vtp(tmp_path / "a.vtp")["Points", "Points"]) == 0


def test_vtp_names_are_escaped(tmp_path):
    points = PointData(np.ones((2, 5)), columns=["t", "x", "y", "z", 'a<b & "c"'])
    points.units = {'a<b & "c"': "<&>"}
    to_vtp(tmp_path / "a.vtp", points)
    arrays = read_vtp(tmp_path / "a.vtp")
    assert arrays["PointData", 'a<b & "c"'].tolist() == [1, 1]
    assert arrays["unit", 'a<b & "c"'] == "<&>"


def test_vtp_refuses_other_things(tmp_path):
    with pytest.raises(TypeError, match="found LineData at 0"):
        to_vtp(tmp_path / "a.vtp", [LineData(np.ones((1, 7)))])
    with pytest.raises(ValueError, match=r"`points\[1\]`: expected columns"):
        to_vtp(tmp_path / "a.vtp", [PointData(np.ones((1, 4))), PointData(np.ones((1, 5)))])
    with pytest.raises(ValueError, match="expected columns x, y, z"):
        to_vtp(tmp_path / "a.vtp", PointData(np.ones((1, 4)), columns=["t", "a", "b", "c"]))
    assert not list(tmp_path.iterdir())


def test_many_rows_are_read_batch_by_batch(tmp_path, monkeypatch):
    rows = np.random.default_rng(0).normal(size=(3000, 4))
    to_parquet(tmp_path / "points.parquet", PointData(rows))
    monkeypatch.setattr(parquet_rows, "LARGE", 0)
    monkeypatch.setattr(parquet_rows, "BATCH", 700)
    monkeypatch.setattr(big_array, "LIMIT", 0)
    found = read_parquet(tmp_path / "points.parquet")
    assert isinstance(found.points, np.memmap)
    np.testing.assert_array_equal(found.points, rows)
    monkeypatch.setattr("lumentrace.storage.tables.checksum_of", lambda rows: "other")
    with pytest.raises(FormatError, match="checksum"):
        read_parquet(tmp_path / "points.parquet")
