"""Every function of the package that opens a file to read it is tried by a reader of the table, or says why not."""

from __future__ import annotations

import ast
import csv
import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import lumentrace
from faults.parsers import PARSERS
from faults.readers import READERS

ROOT = Path(lumentrace.__file__).parent
OPENING = {"open", "read_bytes", "read_text", "fromfile", "memmap", "open_memmap", "read_parquet", "scan_parquet"}
OPENING |= {"read_csv", "read_ipc", "File", "TiffFile", "imread", "ZipFile", "getdata", "connect", "opened", "document"}
OPENING |= {"text_of", "csv_rows", "read_npy", "read_matlab", "read_mapping", "frame_of", "open_plane", "read_tiff"}
OPENING |= {"open_image"}
NAMES = ("read", "load", "open", "scan", "info", "import_")
"""How public functions begin that read files."""
PACKAGES = ("", "pept", "pept.scanners", "pept.utilities", "pept.sources", "pept.live", "coloc", "afm", "stain")
PACKAGES += ("twophoton", "storage")
WRITES = "writes, or reads back what it has just written"
OWN = "reads files of the package itself, or of the system"
COPY = "hands over bytes that others read, or compares them with a checksum"
CHILD = "runs in another process, which readers of the table start"
SAME = "hands a path to a reader of the table"
VIEWER = "shows in napari what a reader of the table has read"
EXCEPTIONS = {
    "stain/stages/outcome:to_geojson": WRITES,
    "base/polars:_is_of_polars": "reads names of threads of its own process",
    "pept/simulation/simulator:_write": WRITES,
    "base/big_array:empty": WRITES,
    "cli/pept:_settings": SAME,
    "cli/stain_settings:settings_of": SAME,
    "cli/twophoton:_recording": SAME,
    "coloc/description:describe": SAME,
    "coloc/napari_widget:_connect": VIEWER,
    "coloc/sources:_image_of": "makes an image of an array",
    "engine/directory:_alone": WRITES,
    "engine/directory:adopt": COPY,
    "napari/reading:_hdf5": VIEWER,
    "napari/reading:_image": VIEWER,
    "napari/reading:_parquet": VIEWER,
    "napari/samples:stain": "makes an image of an array",
    "pept/data_set:clear": COPY,
    "pept/live/server:_assets": OWN,
    "pept/live/watching:add": WRITES,
    "pept/simulation/to_disk:make": WRITES,
    "pept/sources/address:connect": "opens a socket; what comes over it is tried as bytes",
    "pept/sources/links:_answers": "opens a socket; what comes over it is tried as bytes",
    "pept/sources/streams:_connections": "opens a socket; what comes over it is tried as bytes",
    "pept/scanners/root_rows:rows": CHILD,
    "pept/utilities/framed:__init__": WRITES,
    "pept/utilities/parallel_map:_call": CHILD,
    "pept/utilities/parallel_map:_pieces": CHILD,
    "plots/video:_picture": WRITES,
    "stain/stages/batch:_subprocess": WRITES,
    "stain/stages/batch:child": WRITES,
    "stain/stages/memory:_container_room": OWN,
    "stain/stages/outcome:_copied": COPY,
    "stain/stages/outcome:settle": COPY,
    "stain/stages/results:write_arrays": WRITES,
    "stain/stages/runlog:__enter__": WRITES,
    "stain/stages/runlog:append_to_run_log": WRITES,
    "storage/arrow_check:check_file": CHILD,
    "storage/container:_write_all": WRITES,
    "storage/guard:_renew_locks": "the device that holds nothing",
    "storage/hdf5_check:check_file": CHILD,
    "storage/pickles:convert": CHILD,
    "storage/pvd:to_pvd": WRITES,
    "twophoton/convert/cache:_read": "passes over notes that are damaged",
    "twophoton/exchange/handoff:_dock_save_button": VIEWER,
    "twophoton/exchange/handoff:open_recording_in_napari": VIEWER,
    "twophoton/exchange/kept:_read": COPY,
    "twophoton/exchange/kept:encode": WRITES,
    "twophoton/exchange/kept:keep_responses": COPY,
    "twophoton/exchange/nwb:_new_file": WRITES,
    "twophoton/read/movie:_read_slowly": "reads by HDF5 what `opened` let in",
    "twophoton/run:_run_identity": COPY,
    "twophoton/run:run": SAME,
    "twophoton/simulate/lab:_enter": WRITES,
    "twophoton/simulate/raw_files:_write_tiff": WRITES,
    "twophoton/simulate/session_files:__enter__": WRITES,
    "twophoton/simulate/session_files:__exit__": WRITES,
    "twophoton/simulate/session_files:_save": WRITES,
    "twophoton/simulate/session_files:write_session": WRITES,
}
"""What is not tried, and why."""


def opening() -> Iterator[tuple[str, int, str]]:
    """File, first line and name of each function in which a file is opened."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(map(_opens, ast.walk(node))):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                yield str(path), first, f"{path.relative_to(ROOT).with_suffix('').as_posix()}:{node.name}"


def _opens(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in OPENING


def public() -> Iterator[tuple[str, int, str]]:
    """The same of public functions that read files by their names."""
    for package in PACKAGES:
        module = importlib.import_module(f"lumentrace.{package}".rstrip("."))
        for name in module.__all__:
            found: Any = getattr(module, name)
            code = getattr(getattr(found, "__wrapped__", found), "__code__", None)
            if name.startswith(NAMES) and code is not None:
                place = Path(code.co_filename)
                yield (
                    code.co_filename,
                    code.co_firstlineno,
                    f"{place.relative_to(ROOT).with_suffix('').as_posix()}:{name}",
                )


def tried(folder: Path) -> set[tuple[str, int]]:
    """File and first line of every function that runs while the readers of the table do."""
    seen: set[tuple[str, int]] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    for number, (name, reader) in enumerate(READERS.items()):
        path = reader.place(folder / str(number))
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            reader.read(path)
        except Exception as error:
            raise AssertionError(f"{name}: {error}") from error
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    return seen


@pytest.mark.filterwarnings("ignore")
def test_no_reader_is_forgotten(tmp_path: Path) -> None:
    seen = tried(tmp_path)
    expected = {name: (file, line) for file, line, name in [*opening(), *public()]}
    untried = {name for name, place in expected.items() if place not in seen}
    assert sorted(untried - set(EXCEPTIONS)) == []
    assert sorted(set(EXCEPTIONS) - untried) == []


def test_versions_are_counted_for_readers_of_the_table() -> None:
    with open(Path(__file__).with_name("versions.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["reader"] for row in rows if row["reader"] not in READERS | PARSERS] == []
    assert all(int(row["versions"]) > 0 for row in rows)
