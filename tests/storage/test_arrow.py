"""The Arrow PyCapsule interface: other libraries take rows, names, types and units without knowing ours."""

from __future__ import annotations

import gc
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import psutil
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from lumentrace import LineData, PointData, load, save

BATCH = 65_536


def points(rows: int = 150) -> PointData:
    table = np.random.default_rng(1).normal(size=(rows, 6))
    table[:, 4], table[:, 5] = np.arange(rows) % 3 - 1, np.nan
    made = PointData(table, columns=["t", "x", "y", "z", "label", "error"])
    made.units = {"x": "µm"}
    return made


@pytest.mark.parametrize("rows", [0, 1, 150, BATCH, BATCH + 1])
def test_pyarrow_takes_names_types_units_and_bits(rows: int) -> None:
    table = points(rows)
    found = pa.table(table)
    assert found.column_names == table.columns
    assert [str(kind) for kind in found.schema.types] == ["double"] * 4 + ["int64", "double"]
    units = {field.name: (field.metadata or {}).get(b"unit", b"").decode() for field in found.schema}
    assert units == table.units == {"t": "ms", "x": "µm", "y": "mm", "z": "mm", "label": "", "error": "mm"}
    found.validate(full=True)
    for name in ("t", "x", "y", "z", "error"):
        assert found[name].to_numpy().tobytes() == np.ascontiguousarray(table[name]).tobytes()
    assert found["label"].to_pylist() == table["label"].tolist()
    assert found["x"].num_chunks == -(-rows // BATCH)


def test_others_take_it_too() -> None:
    table = points()
    assert_frame_equal(pl.DataFrame(table), table.to_polars())
    pd.testing.assert_frame_equal(pd.DataFrame.from_arrow(table), table.to_pandas())
    lines = LineData(np.arange(14.0).reshape(2, 7))
    assert_frame_equal(pl.DataFrame(lines), lines.to_polars())


def test_a_schema_is_that_of_the_rows() -> None:
    assert pa.schema(points()).equals(pa.table(points()).schema, check_metadata=True)


def test_rows_outlive_the_table_and_are_read_when_they_are_asked_for() -> None:
    expected = points(BATCH + 5)["x"].copy()
    reader = pa.RecordBatchReader.from_stream(points(BATCH + 5))
    first = reader.read_next_batch()
    gc.collect()
    rest = reader.read_all()
    del reader
    found = np.concatenate([first["x"].to_numpy(), rest["x"].to_numpy()])
    np.testing.assert_array_equal(found, expected)


def test_rows_on_disk_come_batch_by_batch(tmp_path: Path) -> None:
    rows = np.random.default_rng(2).normal(size=(600_000, 7))
    save(tmp_path / "a.h5", LineData(rows))
    lines = load(tmp_path / "a.h5", memory_map=True)
    total = sum(batch.num_rows for batch in pa.RecordBatchReader.from_stream(lines))
    assert total == len(rows)
    assert pa.table(lines)["z2"].to_numpy().tobytes() == np.ascontiguousarray(rows[:, 6]).tobytes()


def test_what_is_not_consumed_is_freed() -> None:
    def used() -> int:
        return psutil.Process().memory_info().rss

    table = points(BATCH)
    for _ in range(20):
        table.__arrow_c_stream__(), table.__arrow_c_schema__(), pa.RecordBatchReader.from_stream(table)
        pa.table(table)
    before = used()
    for _ in range(60):
        table.__arrow_c_stream__(), table.__arrow_c_schema__(), pa.RecordBatchReader.from_stream(table)
        pa.table(table)
    assert used() - before < 30 * table.points.nbytes


def test_threads_read_streams_of_their_own() -> None:
    table, found = points(3 * BATCH), list[Any]()
    threads = [Thread(target=lambda: found.append(pa.table(table))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(each.equals(found[0]) or each["x"].equals(found[0]["x"]) for each in found)


def test_columns_taken_by_a_library_outlive_the_others() -> None:
    batch = next(iter(pa.RecordBatchReader.from_stream(points())))
    column = batch["y"]
    del batch
    gc.collect()
    np.testing.assert_array_equal(column.to_numpy(), points()["y"])


def test_names_that_columns_cannot_have() -> None:
    with pytest.raises(ValueError, match="names that differ"):
        pa.table(PointData(np.ones((2, 5)), columns=["t", "x", "y", "z", "x"]))
    with pytest.raises(ValueError, match="without NUL"):
        pa.table(PointData(np.ones((2, 4)), columns=["t", "x", "y", "z\0"]))
