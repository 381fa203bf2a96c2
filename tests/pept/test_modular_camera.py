"""The modular camera's files: golden words, times, damage."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from golden import golden
from lumentrace import FormatError
from lumentrace.pept.scanners import modular_camera

MARKER = 0xFACEFACE
PAIR_4 = 0x2000
"""Buckets 0 and 8; all else 0."""


def write(path: Path, words: Sequence[int]) -> Path:
    path.write_bytes(bytes(1000) + np.asarray(words, dtype="<u4").tobytes())
    return path


def tagged(tag: int) -> int:
    """A word of pair 4 with a time tag."""
    return PAIR_4 | int(f"{tag:04b}"[::-1], 2) << 28


def test_words_as_golden(tmp_path: Path) -> None:
    case = golden("pept/modular_words.npz")
    for word, event, expected in zip(case["words"], case["event"], case["lor"], strict=True):
        if not all(bucket in {*range(4), *range(8, 12), *range(16, 20), *range(24, 28)} for bucket in event[4:6]):
            continue
        found = modular_camera(write(tmp_path / "word.dat", [word]), verbose=False).lines[0]
        np.testing.assert_allclose(found, expected[1:], atol=1e-3)


def test_buckets_outside_the_faces_are_left_out(tmp_path: Path) -> None:
    words = [tagged(0), 0xF000, tagged(1)]  # the middle one is pair 15: buckets 2 and 7
    with pytest.warns(UserWarning, match="left out 1 event"):
        found = modular_camera(write(tmp_path / "run.dat", words), verbose=False)
    np.testing.assert_array_equal(found["t"], [0, 2])


def test_times_follow_the_tags(tmp_path: Path) -> None:
    words = [MARKER, 77, tagged(2), tagged(2), tagged(15), MARKER, 99, tagged(0), tagged(15)]
    found = modular_camera(write(tmp_path / "run.dat", words), verbose=False)
    np.testing.assert_array_equal(found["t"], [4, 4, 30, 32, 62])


def test_samples_and_provenance(tmp_path: Path) -> None:
    path = write(tmp_path / "run.dat", [tagged(i % 16) for i in range(1000)])
    found = modular_camera(path, sample_size=100, overlap=50, verbose=False)
    assert len(found) == 19
    assert found.provenance.steps[0].name == "modular_camera"
    np.testing.assert_array_equal(found["t"], 2.0 * np.arange(1000))
    mapped = modular_camera(path, verbose=False, memory_map=True)
    np.testing.assert_array_equal(mapped.lines, found.lines)


def test_random_bytes_are_read_or_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for size in (0, 3, 999, 1000, 1003, 5000, 40_001):
        path = tmp_path / "random.dat"
        path.write_bytes(rng.bytes(size))
        if size < 1004:
            with pytest.raises(FormatError, match=re.escape(str(path))):
                modular_camera(path, verbose=False)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = modular_camera(path, verbose=False)
        assert np.isfinite(found.lines).all()
        assert np.abs(found.lines[:, [1, 3, 4, 6]]).max() <= 250
        assert (np.diff(found["t"]) >= 0).all()
    with pytest.raises(FileNotFoundError):
        modular_camera(tmp_path / "none.dat")
