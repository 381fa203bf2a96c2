"""Readers that belong to no technique: settings, records, containers, tables, images, run folders."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tifffile
from scipy.io import savemat

from faults.reader import Reader, one, text
from lumentrace import LineData, Pipeline, PointData, storage
from lumentrace.base.documents import csv_rows, document
from lumentrace.base.provenance import Provenance
from lumentrace.cli.info_kinds import find
from lumentrace.cli.table_files import read_table, text_frame
from lumentrace.coloc import run as coloc
from lumentrace.engine.directory import RunDirectory
from lumentrace.engine.record import RunRecord
from lumentrace.engine.settings import read_mapping
from lumentrace.pept import run as pept
from lumentrace.pept.tracking import Cutpoints
from lumentrace.stain import run as stain
from lumentrace.storage.arrays import read_npy
from lumentrace.storage.frames import write_table
from lumentrace.storage.matlab import read_matlab
from lumentrace.storage.parquet_check import frame_of
from lumentrace.storage.planes import open_plane
from lumentrace.storage.records import read_record, write_record
from lumentrace.storage.tiff import read_spacing
from lumentrace.twophoton import run as twophoton

ROWS = np.random.default_rng(2).random((40, 7))


def record(path: Path) -> None:
    RunRecord("coloc", {"threshold": "otsu"}, Provenance({"path": "a.tif"}), {"rows": 3}).write(path)


def image(path: Path) -> None:
    tifffile.imwrite(path, np.arange(48 * 40, dtype=np.uint16).reshape(48, 40), rowsperstrip=8, compression="zlib")


def tiled(path: Path) -> None:
    image = np.arange(48 * 64, dtype=np.float32).reshape(48, 64)
    tifffile.imwrite(path, image, tile=(16, 16), compression="lzw", predictor=True)


def ome(path: Path) -> None:
    metadata = {"axes": "CYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "nm", "Channel": {"Name": ["a", "b"]}}
    tifffile.imwrite(path, np.arange(2 * 20 * 24, dtype=np.uint16).reshape(2, 20, 24), ome=True, metadata=metadata)


def imagej(path: Path) -> None:
    stack = np.arange(2 * 3 * 16 * 20, dtype=np.uint16).reshape(2, 3, 16, 20)
    tifffile.imwrite(path, stack, imagej=True, resolution=(5, 5), metadata={"axes": "ZCYX", "unit": "um", "spacing": 2})


def variables(path: Path, compressed: bool) -> None:
    inner = {"name": "w;+", "cells": np.array([1, "b", np.eye(2)], object), "flags": np.array([True, False])}
    savemat(path, {"run": inner, "numbers": np.arange(12.0).reshape(3, 4) + 1j}, do_compression=compressed)


def objects(path: Path) -> None:
    held = np.empty(2, object)
    held[:] = [{"ypix": np.arange(4)}, {"ypix": np.arange(3)}]
    np.save(path, held, allow_pickle=True)  # as Suite2p writes its regions; written here, never loaded by numpy


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"a": np.arange(6.0), "b": [1, "c", None]}))


def points() -> PointData:
    made = PointData(ROWS[:, :4], sample_size=8, overlap=2, tracer="bead", sizes=[1.0, 2.0])
    made.units = {"t": "ms"}
    return made


def pipeline() -> Any:
    return {"pipeline": Pipeline([Cutpoints(0.5)]), "lines": LineData(ROWS, sample_size=8)}


def planes(path: Path) -> list[Any]:
    with open_plane(path) as plane:
        return list(plane.blocks())


def directory(folder: Path) -> None:
    RunDirectory(folder / "kept").write("sum.txt", b"6", identity={"numbers": [1, 2, 3]})


def found(path: Path) -> Any:
    return RunDirectory(path.parent).find("sum.txt", {"numbers": [1, 2, 3]})


def table(path: Path) -> None:
    data = {"channel": ["a", "b", "a"] * 9, "r": np.arange(27) / 7, "n": np.arange(27)}
    write_table(path.with_suffix(""), pl.DataFrame(data))


SETTINGS = {"settings of PEPT": pept.Settings, "settings of colocalization": coloc.Settings}
SETTINGS |= {"settings of the stain": stain.Settings}
SETTINGS |= {"settings of two-photon": twophoton.Settings}
READERS: dict[str, Reader] = {
    "settings in TOML": one("a.toml", text('channel = "height"\nn = [1, 2]\n'), read_mapping),
    "settings in YAML": one("a.yaml", text("channel: height\nn: [1, 2]\nday: 2024-02-03\n"), read_mapping),
    "settings in JSON": one("a.json", text('{"channel": "height", "n": [1, 2]}'), read_mapping),
    **{
        name: one("a.toml", lambda path, kind=kind: path.write_text(kind().to_toml("Settings.")), kind.read)
        for name, kind in SETTINGS.items()
    },
    "a document": one("a.json", text('{"a": [1, {"b": null}]}'), lambda path: document(path, "JSON")),
    "cells": one("a.csv", text('a,b\n1,"x, y"\n'), csv_rows, refuses=False),
    "record of a run": one("run.json", record, RunRecord.read),
    "run directory": Reader("kept/sum.txt", directory, found, refuses=False),
    "manifest of a run directory": Reader("kept/manifest.json", directory, found, refuses=False),
    "container of lines": one("a.h5", lambda path: storage.save(path, LineData(ROWS)), storage.load),
    "container of points": one("a.h5", lambda path: storage.save(path, points()), storage.load),
    "compressed container": one("a.h5", lambda path: storage.save(path, points(), compress=True), storage.load),
    "container of a pipeline": one("a.h5", lambda path: storage.save(path, pipeline()), storage.load),
    "mapped container": one(
        "a.h5", lambda path: storage.save(path, points()), lambda path: storage.load(path, memory_map=True, check=True)
    ),
    "open container": one(
        "a.h5",
        lambda path: storage.save(path, points()),
        lambda path: storage.from_bytes(path.read_bytes()),
        told=("the content",),
        waits=True,
    ),
    "table in Parquet": one("a.parquet", lambda path: storage.to_parquet(path, points()), storage.read_parquet),
    "frame in Parquet": one("a.parquet", table, frame_of),
    "frame in CSV": one("a.csv", table, text_frame, refuses=False),
    "any table in Parquet": one("a.parquet", lambda path: storage.to_parquet(path, points()), read_table),
    "points in CSV": one("a.csv", lambda path: storage.write_csv(path, points()), read_table),
    "spots of TrackMate": one(
        "a.csv", lambda path: storage.to_trackmate(path, points()), storage.read_trackmate, refuses=False
    ),
    "any spots of TrackMate": one("a.csv", lambda path: storage.to_trackmate(path, points()), read_table),
    "what spots of TrackMate are": one("a.csv", lambda path: storage.to_trackmate(path, points()), find),
    "what a CSV is": one("a.csv", lambda path: storage.write_csv(path, LineData(ROWS)), find),
    "what a Parquet table is": one("a.parquet", lambda path: storage.to_parquet(path, points()), find),
    "what a container is": one("a.h5", lambda path: storage.save(path, LineData(ROWS)), find, slow=True),
    "what an image is": one("picture.ome.tif", ome, find),
    "what an array is": one("a.npy", lambda path: np.save(path, ROWS[:, :3]), find),
    "what arrays are": one("a.npz", lambda path: np.savez(path, a=ROWS, b=ROWS[0]), find),
    "array": one("a.npy", lambda path: np.save(path, ROWS), lambda path: np.array(read_npy(path))),
    "record in HDF5": one(
        "record.h5",
        lambda path: write_record(path, {"a": [1.5, {"b": "c"}], "n": ROWS}, "analysis"),
        lambda path: read_record(path, "analysis"),
    ),
    "MATLAB": one("a.mat", lambda path: variables(path, False), read_matlab),
    "compressed MATLAB": one("a.mat", lambda path: variables(path, True), read_matlab),
    "picture": one("picture.tif", image, storage.read_tiff),
    "tiled picture": one("picture.tif", tiled, storage.read_tiff),
    "OME-TIFF": one("picture.ome.tif", ome, storage.read_tiff),
    "ImageJ-TIFF": one("picture.tif", imagej, storage.read_tiff),
    "pixel size of an OME-TIFF": one("picture.ome.tif", ome, read_spacing),
    "pixel size of an ImageJ-TIFF": one("picture.tif", imagej, read_spacing),
    "plane": one("plane.tif", image, planes),
    "plane of tiles": one("plane.tif", tiled, planes),
    "pickle": one("a.pickle", pickled, storage.import_pickle),
    "array of objects": one("a.npy", objects, storage.import_pickle),
}
