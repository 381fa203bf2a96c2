"""Maps and fields of trajectories that are read batch by batch: as those of trajectories in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from lumentrace import PointData, load, pept
from lumentrace.cli.main import app
from lumentrace.pept import data_set
from lumentrace.pept.processing import (
    DynamicProbability2D,
    DynamicProbability3D,
    ResidenceDistribution2D,
    ResidenceDistribution3D,
    VectorField2D,
    VectorField3D,
    lazily,
    occupancy2d,
    occupancy3d,
)
from lumentrace.pept.tracking import SplitAll
from lumentrace.storage import to_parquet

COLUMNS = ["t", "x", "y", "z", "vx", "vy", "vz", "sigma_x", "label"]


def tracks(count: int = 3000) -> PointData:
    """Three tracers in order of time, one of which comes late and one of which is noise; some places are unknown."""
    rng = np.random.default_rng(0)
    rows = np.zeros((count, 9))
    rows[:, 0] = np.arange(count) * 0.5
    label = rng.choice([-1, 0, 1, 2], count)
    rows[:, 8] = np.where((label == 2) & (np.arange(count) < count // 2), 0, label)
    phase = rows[:, 0] / 20 + rows[:, 8]
    rows[:, 1:4] = np.column_stack([40 * np.cos(phase), 40 * np.sin(phase), 3 * rows[:, 8]])
    rows[:, 4:7] = rng.normal(size=(count, 3))
    rows[:, 7] = rng.uniform(0.1, 0.5, count)
    rows[rng.choice(count, 20), 1] = np.nan
    return PointData(rows, columns=COLUMNS)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> pl.LazyFrame:
    folder = tmp_path_factory.mktemp("run") / "trajectories"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_set, "ROWS", 700)
        data_set.write(folder, tracks())
    return pept.scan_trajectories(folder)


def close(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    np.testing.assert_array_equal([one.xlim, one.ylim], [other.xlim, other.ylim])
    np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-12 * np.nanmax(np.abs(other)))


MAPS: dict[str, Callable[[], Any]] = {
    "residence": lambda: ResidenceDistribution2D(5.0, resolution=(40, 30)),
    "residence within limits": lambda: ResidenceDistribution2D(5.0, resolution=(9, 9), xlim=(-20, 50), ylim=(-20, 20)),
    "residence in space": lambda: ResidenceDistribution3D(5.0, resolution=(12, 11, 4)),
    "probability": lambda: DynamicProbability2D(5.0, "vx", resolution=(20, 20)),
    "probability in space": lambda: DynamicProbability3D(5.0, "vz", resolution=(9, 9, 9)),
    "weighted": lambda: DynamicProbability2D(5.0, "vx", resolution=(20, 20), sigmas=["sigma_x"]),
    "by number": lambda: DynamicProbability2D(5.0, 5, resolution=(20, 20)),
}


@pytest.mark.parametrize("batch", [1, 2, 97, 10_000])
@pytest.mark.parametrize("name", MAPS)
def test_a_map_is_that_of_memory(name: str, batch: int, scan: pl.LazyFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazily, "BATCH", batch)
    count = 300 if batch < 10 else 3000
    split = SplitAll("label").fit(PointData(tracks().points[:count], columns=COLUMNS))
    in_memory = [track for track in split if track["label"][0] >= 0]
    close(MAPS[name]().fit(scan.head(count)), MAPS[name]().fit(in_memory))


@pytest.mark.parametrize("make", [VectorField2D, VectorField3D])
def test_a_field_is_that_of_memory(make: Any, scan: pl.LazyFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazily, "BATCH", 97)
    in_memory = [track for track in SplitAll("label").fit(tracks()) if track["label"][0] >= 0]
    found, expected = make(5.0).fit(scan), make(5.0).fit(in_memory)
    np.testing.assert_allclose(found.vectors(), expected.vectors(), rtol=0, atol=1e-11)


@pytest.mark.parametrize("omit_last", [False, True])
@pytest.mark.parametrize("batch", [1, 97, 10_000])
def test_occupancy_is_that_of_memory(
    batch: int, omit_last: bool, scan: pl.LazyFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazily, "BATCH", batch)
    one = scan.filter(pl.col("label") == 1).head(400)
    table = PointData(one.collect().to_numpy(), columns=COLUMNS)
    options: Any = {"omit_last": omit_last, "verbose": False}
    close(occupancy2d(one, (30, 20), 2.5, **options), occupancy2d(table, (30, 20), 2.5, **options))
    close(occupancy3d(one, (9, 8, 3), 2.5, **options), occupancy3d(table, (9, 8, 3), 2.5, **options))


def test_no_more_than_a_batch_is_in_memory(scan: pl.LazyFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazily, "BATCH", 100)
    sizes = [sum(len(each.points) for each in found) for found, _ in lazily.pieces(scan, [])]
    assert len(sizes) > 25
    # A batch, and two points of each trajectory before it.
    assert max(sizes) <= 2 * 100 + 3 * 2


def test_what_cannot_be_mapped_is_named(scan: pl.LazyFrame) -> None:
    with pytest.raises(ValueError, match=r"expected columns .*, found no 'speed' in"):
        DynamicProbability2D(5.0, "speed").fit(scan)
    with pytest.raises(ValueError, match=r"in order of time, found 0 ms after 1499.5 ms under label 0"):
        ResidenceDistribution2D(5.0).fit(pl.concat([scan, scan]))
    empty = scan.filter(pl.col("t") < -1)
    with pytest.raises(ValueError, match="expected limits on every axis"):
        ResidenceDistribution2D(5.0).fit(empty)
    with pytest.raises(ValueError, match="expected at least 2 rows, found 0"):
        occupancy2d(empty, (3, 3), 1.0, verbose=False)


def test_a_run_that_goes_on_can_be_mapped(tmp_path: Path) -> None:
    parts = data_set.DataSet(tmp_path / "trajectories")
    parts.append(tracks(100))
    found = ResidenceDistribution2D(5.0).fit(pept.scan_trajectories(tmp_path, unfinished=True))
    assert float(found.sum()) > 0


def test_the_command_maps_a_folder(tmp_path: Path) -> None:
    known = PointData(tracks().points[np.isfinite(tracks().points).all(axis=1)], columns=COLUMNS)
    data_set.write(tmp_path / "run" / "trajectories", known)
    to_parquet(tmp_path / "run.parquet", known)
    maps = []
    for source in ("run", "run.parquet"):
        out = tmp_path / f"{source} maps"
        done = CliRunner().invoke(app, ["pept", "occupancy", str(tmp_path / source), "--out", str(out)])
        assert done.exit_code == 0, done.output
        maps.append(load(out / "occupancy-xy.h5"))
    close(*maps)
