"""A function applied to chunks of a file in processes."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lumentrace.pept.utilities import parallel_map_file


def total(chunk: Any, number: int, factor: float, shift: float = 0.0) -> tuple[int, float]:
    return number, float(chunk.sum()) * factor + shift


def fail_on_two(chunk: Any, number: int) -> int:
    if number == 2:
        raise RuntimeError("chunk 2")
    return number


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    np.savetxt(path, np.arange(30).reshape(15, 2), fmt="%d")
    return path


def test_results_come_in_order(table: Path) -> None:
    seen: list[Any] = []
    found = parallel_map_file(total, table, 1, 15, 4, 2.0, processes=2, callback=seen.append, shift=0.5)
    rows = np.arange(30).reshape(15, 2)[1:]
    assert found == [(n, rows[4 * n : 4 * n + 4].sum() * 2.0 + 0.5) for n in range(3)]
    assert seen == found


def test_an_open_file_is_cut_into_the_same_chunks(table: Path) -> None:
    expected = parallel_map_file(total, table, 1, 15, 4, 2.0, processes=1)
    assert parallel_map_file(total, io.StringIO(table.read_text()), 1, 15, 4, 2.0, processes=1) == expected
    assert parallel_map_file(total, table.as_uri(), 1, 15, 4, 2.0, processes=1) == expected


def test_errors_are_raised_or_handed_over(table: Path) -> None:
    with pytest.raises(RuntimeError, match="chunk 2"):
        parallel_map_file(fail_on_two, table, 0, 15, 3, processes=2)
    errors: list[BaseException] = []
    found = parallel_map_file(fail_on_two, table, 0, 15, 3, processes=2, error_callback=errors.append)
    assert found == [0, 1, None, 3, 4]
    assert [str(error) for error in errors] == ["chunk 2"]


def test_what_it_refuses(table: Path) -> None:
    for start, end, size in ((0, 5, 0), (-1, 5, 2), (5, 4, 2)):
        with pytest.raises(ValueError, match="chunksize"):
            parallel_map_file(total, table, start, end, size)
    assert parallel_map_file(total, table, 0, 3, 4) == []


def test_a_function_that_cannot_be_sent_is_an_error_at_once(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("1 2\n" * 400)
    for _ in range(5):
        with pytest.raises((AttributeError, pickle.PicklingError)):
            parallel_map_file(lambda chunk, number: chunk, path, 0, 400, 2)
