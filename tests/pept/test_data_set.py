"""Trajectories in parts: as spans come, read lazily, and reported as one table is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from lumentrace import PointData, pept, storage
from lumentrace.base.errors import FormatError
from lumentrace.engine.samples import chunks
from lumentrace.pept import data_set, simulation
from lumentrace.pept import run as runs
from lumentrace.pept.recipes import Lines
from lumentrace.pept.saved import load_outcome
from lumentrace.pept.tracking import LineTracker
from lumentrace.pept.tracking.spans import Spans

RUN = simulation.simulate([simulation.Circle(), simulation.Circle(phase=np.pi)], n=40_000, noise=0.5, seed=4)
SETTINGS = runs.Settings(recipe=Lines(tracers=2))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lines") / "lines.npy"
    np.save(path, RUN.lines.lines)
    return path


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the lines are four spans."""
    monkeypatch.setattr(LineTracker, "_spans", Spans(10_000, 2_000))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST", 100)


def rows(frame: pl.LazyFrame) -> NDArray[np.float64]:
    return frame.collect().to_numpy()


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


PARTS = {f"trajectories/part-{number:05d}.parquet" for number in range(4)}


@pytest.mark.usefixtures("short", "large")
def test_a_large_run_is_a_data_set(source: Path, tmp_path: Path) -> None:
    for name in ("trajectories.csv", "trajectories/part-00017.parquet"):  # of an earlier run
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    outcome = runs.run(source, SETTINGS, into=tmp_path)
    assert files(tmp_path) == {*PARTS, "trajectories/manifest.json", "trajectories.csv"}
    kept = {name: (tmp_path / name).stat().st_mtime_ns for name in PARTS}
    outcome.save(tmp_path)
    assert files(tmp_path) == {*PARTS, "trajectories/manifest.json", "report.html", "run.json"}
    assert kept == {name: (tmp_path / name).stat().st_mtime_ns for name in PARTS}
    assert "saved as parts of a data set" in outcome.notices[0]
    for place in (tmp_path, tmp_path / "trajectories"):
        np.testing.assert_array_equal(rows(pept.scan_trajectories(place)), outcome.trajectories.points)
    first = storage.read_parquet(tmp_path / "trajectories" / "part-00000.parquet")
    assert first.units == outcome.trajectories.units
    again = load_outcome(tmp_path)
    np.testing.assert_array_equal(again.trajectories.points, outcome.trajectories.points)
    assert again.figures() == outcome.figures()
    assert again.trajectories.provenance == outcome.trajectories.provenance


@pytest.mark.usefixtures("large")
def test_an_outcome_may_be_saved_elsewhere(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_set, "ROWS", 1000)
    outcome = runs.run(source, SETTINGS)
    count = len(outcome.trajectories.points)
    assert count > 1000
    outcome.save(tmp_path)
    assert len(list((tmp_path / "trajectories").glob("part-*.parquet"))) == -(-count // 1000)
    np.testing.assert_array_equal(rows(pept.scan_trajectories(tmp_path)), outcome.trajectories.points)


@pytest.mark.usefixtures("short")
def test_a_small_run_of_several_spans_ends_as_one_table(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    seen: list[set[str]] = []
    outcome = runs.run(source, SETTINGS, into=tmp_path, verbose=lambda *_: seen.append(files(tmp_path)))
    assert seen[-1] == PARTS - {max(PARTS)}
    outcome.save(tmp_path)
    tables = {f"trajectories.{ending}" for ending in ("parquet", "csv", "vtp")}
    assert files(tmp_path) == {*tables, "report.html", "run.json"}
    assert not outcome.notices
    np.testing.assert_array_equal(rows(pept.scan_trajectories(tmp_path)), outcome.trajectories.points)


def some(count: int) -> PointData:
    table = np.arange(count * 5.0).reshape(count, 5)
    return PointData(table, columns=["t", "x", "y", "z", "label"])


def test_what_is_unfinished_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    parts = data_set.DataSet(tmp_path / "trajectories")
    parts.append(some(3))
    with pytest.raises(FileNotFoundError, match=r"manifest\.json: expected the manifest of a finished run, found none"):
        pept.scan_trajectories(tmp_path)
    assert len(rows(pept.scan_trajectories(tmp_path, unfinished=True))) == 3
    parts.append(some(0))
    parts.finish(some(3))
    np.testing.assert_array_equal(data_set.read(tmp_path / "trajectories").points, some(3).points)


def damage(folder: Path, how: str) -> None:
    part, manifest = folder / "part-00000.parquet", folder / "manifest.json"
    if how == "missing":
        part.unlink()
    elif how == "other":
        storage.to_parquet(part, some(2))
    elif how == "newer":
        manifest.write_text(manifest.read_text().replace("trajectories-1", "trajectories-9"))
    else:
        manifest.write_text("{")


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("missing", "part-00000.parquet: expected a part of the data set, found none"),
        ("other", "expected the rows that the manifest tells of, found others"),
        ("newer", "expected schema lumentrace-trajectories-1, found lumentrace-trajectories-9"),
        ("cut", "expected a JSON file, found"),
    ],
)
def test_damage_is_named(how: str, told: str, tmp_path: Path) -> None:
    folder = tmp_path / "trajectories"
    data_set.write(folder, some(3))
    damage(folder, how)
    with pytest.raises(FormatError, match=told):
        data_set.read(folder)
    if how != "other":
        wanted: Any = (FormatError, FileNotFoundError)
        with pytest.raises(wanted):
            pept.scan_trajectories(folder)


def test_a_folder_without_trajectories_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected trajectories/part-00000\.parquet or trajectories\.parquet"):
        pept.scan_trajectories(tmp_path)


def test_files_of_others_stay(tmp_path: Path) -> None:
    others = {"manifest.json": "{}", "part-of-mine.parquet": "", "notes.txt": ""}
    for name, text in others.items():
        (tmp_path / name).write_text(text)
    data_set.clear(tmp_path)
    assert files(tmp_path) == set(others)
    data_set.clear(tmp_path / "no such folder")
