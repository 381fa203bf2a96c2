"""Trajectories that do not fit in memory are judged, shown and written as others are, in little memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import simulate
from lumentrace import PointData
from lumentrace.base import big_array, mapping, selection
from lumentrace.pept import tracks, write_report
from lumentrace.pept.motion import fitted_speeds, followed_times, located_time
from lumentrace.pept.report import rows
from lumentrace.plots import decimate
from lumentrace.storage import read_parquet, to_parquet, to_vtp
from pages import report_data, report_text

COLUMNS = ["t", "x", "y", "z", "vx", "vy", "vz", "sigma_x", "sigma_y", "sigma_z", "label"]
ROWS, GROWTH = 1_500_000, 250
"""Locations, and MB: in a file they have 180, and took 450 when columns were sorted and written as a whole."""


def scattered() -> PointData:
    """Twelve trajectories of all lengths with gaps, out of order, among points of none and points that are nowhere."""
    rng = np.random.default_rng(3)
    parts = []
    for label, count in enumerate([1, 2, 9, 40, 700, 900, 33, 500, 12, 11, 1200, 80, 300]):
        t = np.cumsum(rng.exponential(size=count) * rng.choice([1, 30], count, p=[0.99, 0.01]))
        part = rng.normal(size=(count, len(COLUMNS))).cumsum(axis=0)
        part[:, 0], part[:, 7:10], part[:, 10] = t, rng.gamma(2, size=(count, 3)), label - 1
        parts.append(part)
    points = np.concatenate(parts)
    points[rng.random(len(points)) < 0.01, 2] = np.nan
    points[rng.random(len(points)) < 0.01, 8] = np.nan
    return PointData(points[rng.permutation(len(points))], columns=COLUMNS)


def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every array in a file, and read all of them in small blocks."""
    monkeypatch.setattr(big_array, "LIMIT", 1)
    monkeypatch.setattr(big_array, "STRETCH", 256)
    monkeypatch.setattr(selection, "HELD", 3)
    for module in (mapping, big_array, tracks, decimate, rows):
        monkeypatch.setattr(module, "BLOCK", 57)


def told(path: Path, points: PointData, truth: PointData) -> tuple[str, dict]:
    write_report(points, path=path, max_points=1000, truth=truth, title="same")
    return report_text(path).partition("Made by")[0], report_data(path.read_text())


def test_a_report_from_disk_equals_one_from_memory(tmp_path, monkeypatch):
    points = scattered()
    truth = PointData(points.points[points["label"] < 3], columns=COLUMNS)
    expected = told(tmp_path / "a.html", points, truth)
    on_disk(monkeypatch)
    assert told(tmp_path / "b.html", points, truth) == expected


def test_tracks_from_disk_say_the_same(monkeypatch):
    def numbers():
        paths = tracks.tracks(scattered(), None)
        speed = fitted_speeds(paths, 7)
        found = paths.gaps, paths.breaks, paths.breaks_from(20), followed_times(paths), speed[:], paths.t[:]
        return *found, paths.per_trajectory(speed, 0.9), paths.loose_xyz[:], located_time(paths)

    expected = numbers()
    on_disk(monkeypatch)
    for one, other in zip(numbers(), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_files_written_block_by_block_are_the_same(tmp_path, monkeypatch):
    points = scattered()
    for name in ("a.vtp", "b.vtp"):
        to_vtp(tmp_path / name, points)
        on_disk(monkeypatch)
    assert (tmp_path / "a.vtp").read_bytes() == (tmp_path / "b.vtp").read_bytes()
    to_parquet(tmp_path / "a.parquet", points)
    np.testing.assert_array_equal(read_parquet(tmp_path / "a.parquet").points, points.points)


CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from lumentrace import LineData, PointData
from lumentrace.pept.run import run
from lumentrace.storage import to_parquet, to_vtp

def peak():
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))

def finish(outcome):
    outcome.verdict, outcome.figures()
    outcome.report(work / "report.html")
    to_parquet(work / "a.parquet", outcome.trajectories)
    to_vtp(work / "a.vtp", outcome.trajectories)

work = Path(sys.argv[1])
few = run(LineData(np.load(work / "lines.npy")))
finish(few)
before = peak()
rows = np.load(work / "rows.npy", mmap_mode="r")
points = PointData(rows, columns=few.trajectories.columns, tracker=few.trajectories.attrs["tracker"])
finish(replace(few, trajectories=points))
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory of a process as Linux tells it")
def test_memory_does_not_grow_with_locations(tmp_path):
    np.save(tmp_path / "lines.npy", simulate(20_000, tracers=2)[0])
    points = np.random.default_rng(5).normal(250, 1, (ROWS, 15))
    points[:, 0], points[:, 14] = np.linspace(0, 2000, ROWS), np.arange(ROWS) % 2
    np.save(tmp_path / "rows.npy", points)
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    grown = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert grown < GROWTH
