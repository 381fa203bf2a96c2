"""Readers say what is wrong with a damaged file by a typed error that names it; limits hold before memory is taken."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from command_line import lumentrace
from faults.parsers import PARSERS
from faults.readers import READERS
from faults.readers_twophoton import CALIBRATION, CONFIG
from lumentrace import FormatError
from lumentrace.engine.settings import read_mapping
from lumentrace.pept import scanners
from lumentrace.twophoton.config import load_config
from lumentrace.twophoton.convert.source import _assignments
from lumentrace.twophoton.regions.calibration import load_pixel_calibrations
from lumentrace.twophoton.regions.chosen import _labelled
from mutations import put, tried

SECONDS = float(os.environ.get("LUMENTRACE_FAULT_SECONDS", "0.03"))
"""For each reader."""


def header(text: str) -> bytes:
    """The beginning of a ``.npy`` file."""
    return b"\x93NUMPY\x01\x00\x76\x00" + text.encode().ljust(118)


@pytest.mark.parametrize("name", READERS | PARSERS)
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_refused_by_name(tmp_path: Path, name: str) -> None:
    reader = (READERS | PARSERS)[name]
    path = reader.place(tmp_path)
    reader.read(path)
    found = tried(path, reader.read, len(name), SECONDS, reader.told, reader.kinds, mend=reader.mend)
    assert list(found.wrong) == []
    reader.read(path)


@pytest.mark.parametrize("name", [name for name, reader in READERS.items() if reader.refuses and not reader.slow])
@pytest.mark.filterwarnings("ignore")
def test_something_is_refused(tmp_path: Path, name: str) -> None:
    """Half a file, an empty one, one of other bytes."""
    reader, refused = READERS[name], 0
    path = reader.place(tmp_path)
    content = path.read_bytes()
    for version in (content[: len(content) // 2], b"", bytes([0xFF]) * len(content)):
        put(path, version)
        try:
            reader.read(path)
        except reader.kinds:
            refused += 1
    assert refused


@contextmanager
def at_once(seconds: int = 10) -> Iterator[None]:
    """Whatever waits is interrupted."""

    def end(*_: object) -> None:
        pytest.fail(f"waited for {seconds} s")  # not an `Exception`: readers name the file in any of those

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and devices of POSIX")
@pytest.mark.parametrize("name", [name for name, reader in READERS.items() if not reader.waits and not reader.slow])
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    reader = READERS[name]
    path = reader.place(tmp_path)
    for make in (os.mkfifo, lambda place: os.symlink("/dev/zero", place)):
        path.unlink()
        make(path)
        names = "|".join(map(re.escape, (path.name, *reader.told)))
        with at_once(), pytest.raises(OSError, match=names):
            reader.read(path)


def bomb(levels: int = 30) -> str:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, levels))]
    return "\n".join(lines)


DEEP = 100_000
REFUSED = {
    "aliases": ("a.yaml", bomb(), "alias"),
    "deep YAML": ("a.yaml", "[" * DEEP, "nested too deeply"),
    "deep JSON": ("a.json", "[" * DEEP + "]" * DEEP, "nested too deeply"),
    "deep TOML": ("a.toml", "a = " + "[" * DEEP + "]" * DEEP, "nested too deeply"),
    "digits in JSON": ("a.json", '{"a": ' + "9" * 5000 + "}", "limit"),
    "digits in TOML": ("a.toml", "a = " + "9" * 5000, "limit"),
    "digits in YAML": ("a.yaml", "a: " + "9" * 5000, "limit"),
    "a day that is none": ("a.yaml", "a: 2020-99-99", "month"),
    "too long": ("a.json", '{"a": 1}' + " " * 2**20, "at most 1,048,576 bytes"),
    "no text": ("a.yaml", "\udc80\udcff", "UTF-8"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_documents_beyond_limits(tmp_path: Path, name: str) -> None:
    file, content, told = REFUSED[name]
    path = tmp_path / file
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(FormatError, match=rf"{file}: expected .*{told}"):
        read_mapping(path)


@pytest.mark.parametrize("value", ["0x" + "f" * 5000, "[" + "1, " * 2_000 + "]", "1e999", ".inf", "-1"])
def test_settings_too_large_to_print(tmp_path: Path, value: str) -> None:
    path = tmp_path / "config.yml"
    path.write_text(CONFIG.replace("12", value))
    with pytest.raises(FormatError, match=r"config\.yml: analysis_cache_max_gb: expected a positive number") as caught:
        load_config(path)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("read", [scanners.lines, _labelled], ids=["lines", "labels"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\x76\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (15032385536, 7), }".ljust(118),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (3, 7), }"),
        header("(" * 118),
        b"PK\x03\x04" + bytes(200),
    ],
    ids=["empty", "head", "112 GiB", "objects", "brackets", "zip"],
)
def test_arrays_that_are_none(tmp_path: Path, read: Callable[[Path], Any], content: bytes) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"a\.npy"):
        read(path)


def test_an_empty_array_is_told_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a.npy").touch()
    done = lumentrace("pept", "info", tmp_path / "a.npy")
    assert done.returncode in (2, 3)
    assert "a.npy: expected a .npy array" in done.stderr


def test_a_line_of_code_with_many_blanks_takes_no_time() -> None:
    blanks = " " * 200_000
    code = f"stimData.mat(3) = speed{blanks};{blanks}x\nstimData.mat(4) = a;b ;  % note \nstimData.mat(5)={blanks}"
    (found,) = _assignments(code)
    assert (found["mat_slot"], found["source_expression"], found["source_comment"]) == (4, "a;b", "note")


def test_cells_that_are_beyond_numbers_and_days(tmp_path: Path) -> None:
    path = tmp_path / "sizes.csv"
    for old, new in (("2.5", "9" * 5000), ("2024-02-03", "2020-99-99"), ("3,galvo", "9" * 5000 + ",galvo")):
        path.write_text(CALIBRATION.replace(old, new))
        with pytest.raises(FormatError, match=r"sizes\.csv, line 2"):
            load_pixel_calibrations(path)
