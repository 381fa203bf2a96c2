"""Files of scanners that end within their beginning are refused by name, wherever they end."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import scanner_files
from lumentrace import FormatError
from lumentrace.pept.scanners import any_file

BEGINNING = 150
"""Bytes, each of which is tried as the last one."""


@pytest.mark.parametrize(
    ("file", "kind", "make", "least"),  # some beginnings of text are shorter files
    [
        ("gate.dat", "gate", scanner_files.make_gate, 120),
        ("singles.dat", "gate-singles", scanner_files.make_singles, 30),
        ("a.root", "gate-root", scanner_files.make_root, BEGINNING),
        ("a.lm", "ecat962", scanner_files.make_ecat, 8),
        ("run.l.hdr", "petlink", scanner_files.make_list_header, BEGINNING),
        ("a.lst", "inveon", scanner_files.make_inveon, 12),
        ("a.petsird", "petsird", scanner_files.make_petsird, BEGINNING),
    ],
)
def test_any_end_is_an_error_that_names_the_file(
    tmp_path: Path, file: str, kind: str, make: Callable[[Path], None], least: int
) -> None:
    path = tmp_path / file
    make(path)
    whole = path.read_bytes()
    assert len(any_file.read(path, kind).lines)
    refused = 0
    for end in range(min(BEGINNING, len(whole))):
        path.write_bytes(whole[:end])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                any_file.read(path, kind)
            except FormatError as error:
                told = str(error)
            else:
                continue
        assert file in told
        refused += 1
    assert refused >= least
