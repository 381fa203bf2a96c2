"""What writes files in `base`, `engine`, `storage` and `plots`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import LineData, PointData, storage
from lumentrace.base.files import replacing
from lumentrace.base.provenance import Provenance
from lumentrace.cli.table_files import write_table_file
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.record import RunRecord
from lumentrace.engine.samples import remote, spooled
from lumentrace.storage.frames import write_rows
from lumentrace.storage.images.ome import Described
from lumentrace.storage.records import write_record
from lumentrace.storage.tiled import tiled_tiff
from writers import Writer, whole_manifest

BEGAN = "2026-01-02T03:04:05+00:00"


def points(version: int, _: Path) -> PointData:
    """A table with a table in its attributes, each full of its version."""
    return PointData(
        np.full((300, 4), float(version)), _lines=LineData(np.full((300, 7), float(version))), number=version
    )


def moving(version: int, _: Path) -> PointData:
    """Locations of one tracer at two times."""
    return PointData(np.arange(8.0).reshape(2, 4) * version)


def bytes_of(version: int) -> bytes:
    return bytes([version]) * 20_000


def _replaced(folder: Path, version: int) -> None:
    with replacing(folder / "a.bin") as file:
        for _ in range(4):
            file.write(bytes_of(version))
            file.flush()


def _pieces(folder: Path, version: int) -> None:
    """A run directory goes on after the pieces that it has."""
    directory = RunDirectory(folder, {"run": 1})
    for number in range(3):
        name = f"piece-{number}.bin"
        identity = {"version": version}
        if directory.find(name, identity)[0] is None:
            directory.write(name, bytes_of(version), {"number": number}, identity)


def _tiles(folder: Path, version: int) -> None:
    with tiled_tiff(folder / "a.tiff", Described("YX", (1500, 1100), np.dtype("uint8"), "a"), "note") as image:
        rows = np.arange(1500 * 1100, dtype=np.int64).reshape(1500, 1100) // (1000 * version)
        image.add(rows.astype(np.uint8))


def _planes(version: int) -> Any:
    return np.arange(2 * 300 * 200, dtype=np.uint16).reshape(2, 300, 200) // version


def _outlines(version: int) -> Any:
    return storage.label_shapes(_planes(version)[0] // 900)


def _record(folder: Path, version: int) -> None:
    RunRecord("coloc", {"threshold": "otsu"}, Provenance({"path": "a.tif"}), {"rows": version}).write(
        folder / "run.json"
    )


def _report(folder: Path, version: int) -> None:
    from lumentrace.plots.report import Report

    report = Report(f"Version {version}")
    report.key_figure("Speed", version, "m/s")
    report.save(folder / "report.html")


def _but_for_the_minute(page: Path) -> bytes:
    """A report without the time at which it was made."""
    return re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d UTC", b"", page.read_bytes())


def _table(version: int) -> Any:
    import polars as pl

    return pl.DataFrame({"name": ["a", "b"] * 2000, "size": np.arange(4000.0) * version})


WRITERS = {
    "replacing": Writer(_replaced, ("base/files.py",)),
    "container": Writer(lambda folder, rows: storage.save(folder / "a.h5", rows), ("storage/container.py",), points),
    "compressed container": Writer(
        lambda folder, rows: storage.save(folder / "a.h5", rows, compress=True), ("storage/container.py",), points
    ),
    "plain CSV": Writer(lambda folder, rows: storage.to_csv(folder / "a.csv", rows), ("storage/tables.py",), points),
    "CSV": Writer(lambda folder, rows: storage.write_csv(folder / "a.csv", rows), ("storage/sheets.py",), points),
    "Parquet": Writer(
        lambda folder, rows: storage.to_parquet(folder / "a.parquet", rows), ("storage/tables.py",), points
    ),
    "VTP": Writer(lambda folder, rows: storage.to_vtp(folder / "a.vtp", rows), ("storage/vtp.py",), points),
    "time series": Writer(
        lambda folder, rows: storage.to_pvd(folder / "a.pvd", rows, step=1), ("storage/pvd.py",), moving, slow=True
    ),
    "TrackMate": Writer(
        lambda folder, rows: storage.to_trackmate(folder / "a.csv", rows), ("storage/trackmate.py",), points
    ),
    "table": Writer(lambda folder, version: storage.write_table(folder / "a", _table(version)), ("storage/frames.py",)),
    "converted CSV": Writer(
        lambda folder, version: write_table_file(folder / "a.csv", _table(version)), ("cli/table_files.py",)
    ),
    "converted Parquet": Writer(
        lambda folder, version: write_table_file(folder / "a.parquet", _table(version)), ("cli/table_files.py",)
    ),
    "rows": Writer(
        lambda folder, version: write_rows(folder / "new" / "a.csv", ["a"], [[version]] * 5000), ("storage/frames.py",)
    ),
    "HDF5 record": Writer(
        lambda folder, version: write_record(folder / "new" / "a.h5", {"a": np.arange(5000) * version}, "own"),
        ("storage/records.py", "storage/hdf5.py"),
    ),
    "tiled TIFF": Writer(_tiles, ("storage/tiled.py",)),
    "OME-TIFF of channels": Writer(
        lambda folder, version: storage.write_image(folder / "a.ome.tif", _planes(version), axes="CYX"),
        ("storage/images/writing.py",),
    ),
    "OME-Zarr": Writer(
        lambda folder, version: storage.write_image(folder / "a.zarr", _planes(version), axes="CYX"),
        ("storage/images/zarr_writer.py", "base/exchange.py"),
        slow=True,
    ),
    "outlines for QuPath": Writer(
        lambda folder, version: storage.write_geojson(
            folder / "a.geojson", storage.label_shapes(_planes(version)[0] // 900)
        ),
        ("storage/geojson.py",),
    ),
    "record of a run": Writer(_record, ("engine/record.py",)),
    "run directory": Writer(_pieces, ("engine/directory.py",), content=whole_manifest),
    "spooled rows": Writer(
        lambda folder, version: spooled._write(folder / "rows.npy", np.full((3000, 7), float(version))),
        ("engine/samples/spooled.py",),
    ),
    "piece of a worker": Writer(
        lambda folder, version: remote._written(folder / "piece", [PointData(np.full((300, 4), float(version)))]),
        ("engine/samples/remote.py", "engine/samples/kept.py"),
    ),
    "report": Writer(_report, ("plots/report.py",), content=_but_for_the_minute),
}
