"""Every function of the package that opens a file to read it is tried by a reader of the table, or says why not."""

from __future__ import annotations

import ast
import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import lumentrace
from faults.readers import READERS

ROOT = Path(lumentrace.__file__).parent
OPENING = {"open", "read_bytes", "read_text", "fromfile", "memmap", "open_memmap", "read_parquet", "scan_parquet"}
OPENING |= {"read_csv", "read_ipc", "File", "TiffFile", "imread", "ZipFile", "getdata", "connect", "opened", "document"}
OPENING |= {"text_of", "csv_rows", "read_npy", "read_matlab", "read_mapping", "frame_of", "open_plane", "read_tiff"}
NAMES = ("read", "load", "open", "scan", "info", "import_")
"""How public functions begin that read files."""
PACKAGES = ("", "pept", "pept.scanners", "pept.utilities", "pept.sources", "pept.live", "coloc", "afm", "stain")
PACKAGES += ("twophoton", "storage")
WRITES = "writes, or reads back what it has just written"
OWN = "reads files of the package itself, or of the system"
COPY = "hands over bytes that others read, or compares them with a checksum"
EXCEPTIONS = {
}


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
                yield code.co_filename, code.co_firstlineno, f"{place.relative_to(ROOT).with_suffix('').as_posix()}:{name}"


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
