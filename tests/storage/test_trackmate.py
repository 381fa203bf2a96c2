"""TrackMate's table of spots: pandas finds in it what was written, and what TrackMate writes is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lumentrace import FormatError, LineData, PointData
from lumentrace.base import mapping
from lumentrace.storage import read_trackmate, to_trackmate

SEVEN = """\
LABEL,ID,TRACK_ID,QUALITY,POSITION_X,POSITION_Y,POSITION_Z,POSITION_T,FRAME,RADIUS,VISIBILITY,MANUAL_SPOT_COLOR,SNR_CH1
Label,Spot ID,Track ID,Quality,X,Y,Z,T,Frame,Radius,Visibility,Manual spot color,Signal/Noise ratio ch1
Label,Spot ID,Track ID,Quality,X,Y,Z,T,Frame,R,Visibility,Spot color,SNR ch1
,,,(quality),(micron),(micron),(micron),(sec),,(micron),,,
ID947,947,2,0.25,21.5,21.25,0.0,0.125,15,0.5,1,,1.5
ID12,12,,4.5,-3.5,1e-3,0.0,0.0,0,0.5,1,,NaN
"""
SIX = """\
Label,ID,TRACK_ID,QUALITY,POSITION_X,POSITION_Y,POSITION_Z,POSITION_T,FRAME
ID947,947,2,0.25,21.5,21.25,0,0.125,15
ID12,12,None,4.5,-3.5,0.001,0,0,0
"""


def tracks() -> PointData:
    """Awkward numbers, noise, and a row without a position."""
    rows = np.random.default_rng(1).normal(size=(200, 7)) * 10.0 ** np.arange(-3, 4)
    rows[:, 0] = np.repeat(np.arange(50) / 3, 4)
    rows[:, 6] = np.tile([-1, 0, 1, 7], 50)
    rows[3, 4], rows[5, 4], rows[9, 2], rows[11, 1] = np.nan, -np.inf, np.nan, 5e-324
    points = PointData(rows, columns=["t", "x", "y", "z", "vx", "Rate, 1/s", "label"])
    points.units = {"t": "s", "x": "µm", "y": "µm", "z": "µm", "vx": "µm/s"}
    return points


def test_pandas_reads_it_as_users_of_trackmate_do(tmp_path: Path) -> None:
    points = tracks()
    to_trackmate(tmp_path / "a.csv", points)
    kept = np.delete(points.points, 9, axis=0)
    found = pd.read_csv(tmp_path / "a.csv", skiprows=[1, 2, 3])
    keys = ["POSITION_T", "POSITION_X", "POSITION_Y", "POSITION_Z", "VX", "RATE, 1/S"]
    np.testing.assert_array_equal(found[keys].to_numpy(), kept[:, :6])
    np.testing.assert_array_equal(found["TRACK_ID"].fillna(-1), kept[:, 6])
    assert found["FRAME"].tolist() == np.round(kept[:, 0] * 3).astype(int).tolist()
    assert found["ID"].tolist() == list(range(199))
    assert found["LABEL"].tolist() == [f"ID{number}" for number in range(199)]
    assert found["QUALITY"].isna().all()
    heads = pd.read_csv(tmp_path / "a.csv", header=None, nrows=4, dtype=str, keep_default_na=False)
    named = dict(zip(heads.iloc[0], heads.iloc[1:].T.to_numpy().tolist(), strict=True))
    assert named["POSITION_X"] == ["X", "X", "(micron)"]
    assert named["POSITION_T"] == ["T", "T", "(sec)"]
    assert named["VX"] == ["vx", "vx", "(µm/s)"]
    assert named["QUALITY"] == ["Quality", "Quality", "(quality)"]
    assert named["RATE, 1/S"] == ["Rate, 1/s", "Rate, 1/s", ""]


def test_it_is_read_back_to_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = tracks()
    monkeypatch.setattr(mapping, "BLOCK", 30)
    to_trackmate(tmp_path / "a.csv", points)
    found = read_trackmate(tmp_path / "a.csv")
    kept = np.delete(points.points, 9, axis=0)
    for number, name in enumerate(points.columns):
        assert found[name].tobytes() == np.ascontiguousarray(kept[:, number]).tobytes(), name
    assert {name: found.units[name] for name in points.columns} == points.units
    to_trackmate(tmp_path / "b.csv", found)
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_trackmate_writes(tmp_path: Path, end: str) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" * (end == "\r\n") + SEVEN.replace("\n", end).encode())
    found = read_trackmate(tmp_path / "a.csv")
    named = {name: found[name].tolist() for name in found.columns}
    assert list(named)[:6] == ["t", "x", "y", "z", "label", "frame"]
    assert (named["t"], named["x"], named["y"]) == ([0.125, 0.0], [21.5, -3.5], [21.25, 1e-3])
    assert (named["label"], named["frame"], named["id"]) == ([2, -1], [15, 0], [947, 12])
    assert (named["radius"], named["snr_ch1"][0]) == ([0.5, 0.5], 1.5)
    assert found.units["x"] == found.units["radius"] == "µm"
    assert (found.units["t"], found.units["label"]) == ("s", "")


def test_an_older_table_has_one_row_of_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(SIX)
    found = read_trackmate(tmp_path / "a.csv")
    assert found["label"].tolist() == [2, -1]
    assert found["x"].tolist() == [21.5, -3.5]
    assert set(found.units.values()) == {""} | {"frame"} - {"frame"}


def test_a_table_without_times_and_heights(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("TRACK_ID,POSITION_X,POSITION_Y,FRAME,X\n4,1,2,7,9\n")
    found = read_trackmate(tmp_path / "a.csv")
    assert dict(zip(found.columns, found.points[0], strict=True)) == {
        "t": 7,
        "x": 1,
        "y": 2,
        "z": 0,
        "label": 4,
        "frame": 7,
        "X": 9,
    }
    assert found.units["t"] == "frame"


def test_an_empty_table(tmp_path: Path) -> None:
    to_trackmate(tmp_path / "a.csv", PointData(np.empty((0, 4))))
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 4
    assert read_trackmate(tmp_path / "a.csv").points.shape == (0, 9)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected a TrackMate table"),
        ("t,x,y,z\n1,2,3,4\n", "expected a TrackMate table"),
        (SIX.replace("21.5,", "left,"), "expected a TrackMate table"),
        (SIX.replace("-3.5,", "left,"), "expected spots of TrackMate"),
        (SIX.replace("-3.5,", ","), "found none in row 3"),
        (SIX + "ID5,5,1\n", "found none in row 4"),
        (SIX + "1,2,3,4,5,6,7,8,9,10,11\n", "expected spots of TrackMate"),
    ],
)
def test_what_is_no_table_of_spots_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(FormatError, match=told) as error:
        read_trackmate(tmp_path / "a.csv")
    assert "a.csv" in str(error.value)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="RATE twice"):
        to_trackmate(tmp_path / "a.csv", PointData(np.ones((1, 6)), columns=["t", "x", "y", "z", "rate", "Rate"]))
    with pytest.raises(ValueError, match="expected a column t"):
        to_trackmate(tmp_path / "a.csv", PointData(np.ones((1, 4)), columns=["time", "x", "y", "z"]))
    with pytest.raises(ValueError, match="expected finite times"):
        to_trackmate(tmp_path / "a.csv", PointData([[np.nan, 1, 2, 3]]))
    with pytest.raises(TypeError, match="found LineData"):
        to_trackmate(tmp_path / "a.csv", LineData(np.ones((1, 7))))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
