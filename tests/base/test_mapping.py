"""Rows on a memory-mapped file: what travels to other processes, and what is given back to the system."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from lumentrace import LineData
from lumentrace.base import mapping


@pytest.fixture
def mapped(tmp_path: Path) -> LineData:
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(5000, 7)))
    return LineData(np.load(tmp_path / "rows.npy", mmap_mode="r"), sample_size=100)


def test_a_mapped_sample_is_small_to_pickle(mapped: LineData) -> None:
    text = pickle.dumps(mapped[17])
    assert len(text) < 1000
    again = pickle.loads(text)
    np.testing.assert_array_equal(again.lines, mapped.lines[1700:1800])
    assert mapping.is_mapped(again.lines)


def test_rows_in_memory_travel_whole(mapped: LineData) -> None:
    text = pickle.dumps(LineData(np.array(mapped.lines), sample_size=100)[17])
    assert len(text) > 100 * 7 * 8
    np.testing.assert_array_equal(pickle.loads(text).lines, mapped.lines[1700:1800])


def test_a_file_that_was_replaced_is_not_read(mapped: LineData, tmp_path: Path) -> None:
    text = pickle.dumps(mapped[17])
    np.save(tmp_path / "rows.npy", np.zeros((5000, 7)))
    with pytest.raises(ValueError, match="changed while its rows"):
        pickle.loads(text)


def test_a_file_that_is_gone_travels_whole(mapped: LineData, tmp_path: Path) -> None:
    expected = np.array(mapped[17].lines)
    (tmp_path / "rows.npy").unlink()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(mapped[17])).lines, expected)


def test_changes_of_a_private_mapping_survive_release(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.zeros((5000, 7)))
    rows = np.load(tmp_path / "rows.npy", mmap_mode="c")
    rows[:] = 3.0
    mapping.release(rows)
    assert rows.min() == 3.0
    assert pickle.loads(pickle.dumps(LineData(rows))).lines.min() == 3.0
