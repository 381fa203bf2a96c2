"""Files that are read while they grow: what comes is what readers of the whole file give."""

from __future__ import annotations

import io
import os
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from helpers import assert_identical
from lines_sent import ROWS, as_text, collected, fed, read
from lumentrace import LineData, save
from lumentrace.base.errors import FormatError
from lumentrace.pept import scanners, simulation
from lumentrace.pept.sources import open_source, wire
from lumentrace.pept.sources.sniffing import Hints


# ---------------------------------------------------------------- files that grow
def grow(path: Path, content: bytes, seed: int) -> threading.Thread:
    """Write a file in random pieces."""
    rng = np.random.default_rng(seed)
    edges = [0, *sorted(rng.integers(0, len(content), 12)), len(content)]

    def write() -> None:
        with open(path, "ab", buffering=0) as file:
            for start, end in pairwise(edges):
                file.write(content[start:end])
                time.sleep(0.02)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def followed(path: Path, content: bytes, count: int, seed: int, **options: Any) -> NDArray[np.float64]:
    """The first rows of a file that grows while it is read."""
    path.touch()
    writer = grow(path, content, seed)
    rows: list[NDArray[np.float64]] = []
    with open_source(path, **options) as blocks:
        for block in blocks:
            assert not block.notices
            rows.append(block.rows)
            if sum(map(len, rows)) >= count:
                break
    writer.join()
    return np.concatenate(rows)


@pytest.fixture(scope="module")
def adac(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adac") / "run.da01"
    circle = simulation.simulate([simulation.Circle(radius=80, rpm=42)], n=20_000, seed=1)
    simulation.write_adac(path, circle.lines, separation=500, ticks_per_ms=2.5)
    return path


@pytest.mark.parametrize("seed", [0, 1])
def test_a_growing_adac_file_is_that_of_the_whole(adac: Path, tmp_path: Path, seed: int) -> None:
    whole = scanners.adac_forte(adac, verbose=False)
    rate = whole.provenance.input["ticks_per_ms"]
    found = followed(tmp_path / "run.da01", adac.read_bytes(), len(whole.lines), seed, ticks_per_ms=rate)
    assert_identical(found, whole.lines)


def test_a_finished_adac_file_needs_no_rate(adac: Path) -> None:
    found, _, notices = read(adac, follow=False)
    assert_identical(found, scanners.adac_forte(adac, verbose=False).lines)
    assert not notices


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 480_000), max_size=20))
def test_list_mode_in_any_pieces(adac: Path, cuts: list[int]) -> None:
    content = adac.read_bytes()
    whole = scanners.adac_forte(adac, verbose=False)
    rate = whole.provenance.input["ticks_per_ms"]
    cuts = [min(cut, len(content)) for cut in cuts]
    assert_identical(fed(content, cuts, Hints("adac", ticks_per_ms=rate))[0], whole.lines)
    usual = fed(content, cuts, Hints("adac"))[0]
    assert_identical(usual[:, 1:], whole.lines[:, 1:])
    np.testing.assert_allclose(usual[:, 0] * 2.3837, whole.lines[:, 0] * rate, rtol=1e-12, atol=1e-9)


def test_a_clock_that_is_not_the_usual_one_is_told(tmp_path: Path) -> None:
    static = simulation.simulate([simulation.Static()], n=600_000, rate=50.0, seed=1)
    simulation.write_adac(tmp_path / "run.da01", static.lines, separation=500, ticks_per_ms=2.5)
    _, _, notices = fed((tmp_path / "run.da01").read_bytes(), [], Hints())
    assert notices == [
        "it: times are counted with 2.3837 ticks per ms, the camera's clock says 2.5; give `ticks_per_ms` to have it so"
    ]


def test_a_growing_text_is_that_of_the_whole(tmp_path: Path) -> None:
    content = b"# a run\nt,x1,y1,z1,x2,y2,z2\n" + as_text(ROWS).replace(b" ", b",")
    (tmp_path / "whole.csv").write_bytes(content)
    found = followed(tmp_path / "run.csv", content, len(ROWS), 0)
    assert_identical(found, scanners.lines(tmp_path / "whole.csv", verbose=False).lines)
    assert_identical(found, ROWS)


def test_a_growing_array_is_that_of_the_whole_and_ends_with_it(tmp_path: Path) -> None:
    np.save(tmp_path / "whole.npy", ROWS.astype(np.float32))
    (tmp_path / "run.npy").touch()
    writer = grow(tmp_path / "run.npy", (tmp_path / "whole.npy").read_bytes(), 0)
    found, _, notices = read(tmp_path / "run.npy")
    writer.join()
    assert_identical(found, scanners.lines(tmp_path / "whole.npy", verbose=False).lines)
    assert not notices


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([" ", ",", ";", "\t"]), st.lists(st.integers(0, 4000), max_size=20))
def test_text_in_any_pieces(sep: str, cuts: list[int]) -> None:
    content = b"x1 y1 z1 x2 y2 z2 t\n" + as_text(np.roll(ROWS[:40], -1, axis=1))
    content = content.replace(b" ", sep.encode())
    found, _, notices = fed(content, [min(cut, len(content)) for cut in cuts], Hints(cut_row_counts=True))
    assert_identical(found, ROWS[:40])
    assert not notices


def test_two_screens_need_their_distance(tmp_path: Path) -> None:
    path = tmp_path / "wheel.csv"
    path.write_text("Wheel of 2019\nSeparation= 712\n2 100 150 200 250\n4 350 250 100 150\n")
    found, _, notices = read(path, follow=False)
    assert_identical(found, scanners.parallel_screens(path, verbose=False).lines)
    assert not notices
    path.write_text("2 100 150 200 250\n")
    assert_identical(read(path, follow=False, separation=500.0)[0], np.array([[2.0, 100, 150, 0, 200, 250, 500]]))
    rows, _, notices = read(path, follow=False)
    assert not len(rows)
    assert "left out 1 lines of text that are not rows of 7 numbers, the first at line 1: '2 100" in notices[0]


@pytest.mark.parametrize("compress", [False, True])
def test_a_container_is_read_in_blocks(tmp_path: Path, compress: bool) -> None:
    rows = np.tile(ROWS, (10, 1))
    save(tmp_path / "run.h5", LineData(rows), compress=compress)
    with open_source(tmp_path / "run.h5") as blocks:
        found = list(blocks)
    assert len(found) > 1
    assert_identical(collected(found)[0], rows)


def test_half_a_row_at_the_end_waits_for_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_bytes(b"1 2 3 4 5 6 7\n2 2 3 4 5 6 7")
    with open_source(path) as blocks:
        each = iter(blocks)
        assert_identical(next(each).rows[:, 0], np.array([1.0]))
        assert len(next(each).rows) == 0
        with open(path, "ab") as file:
            file.write(b"7.5\n")
        assert_identical(next(block.rows for block in each if len(block.rows))[0, [0, 6]], np.array([2.0, 77.5]))


@pytest.mark.parametrize("how", ["truncate", "rewrite", "replace", "remove"])
def test_a_file_that_is_not_only_added_to_is_refused(tmp_path: Path, how: str) -> None:
    path = tmp_path / "run.csv"
    path.write_bytes(as_text(ROWS[:10]))
    size = path.stat().st_size
    with open_source(path) as blocks:
        each = iter(blocks)
        assert len(next(each).rows) == 10
        if how == "truncate":
            os.truncate(path, size // 2)
        elif how == "rewrite":
            path.write_bytes(as_text(ROWS[10:40]))
        elif how == "replace":
            (tmp_path / "new.csv").write_bytes(as_text(ROWS[:20]))
            os.replace(tmp_path / "new.csv", path)
        else:
            path.unlink()
        with pytest.raises(
            FormatError, match=rf"run\.csv: expected a file that is only added to, found at byte {size}"
        ):
            collected(each)


def test_a_container_that_changes_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "run.h5", LineData(np.tile(ROWS, (20, 1))))
    with open_source(tmp_path / "run.h5") as blocks:
        each = iter(blocks)
        next(each)
        os.truncate(tmp_path / "run.h5", 1_000_000)
        with pytest.raises(FormatError, match=r"run\.h5: expected 60000 rows, found that the file changed at byte"):
            collected(each)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.h5")
    with pytest.raises(IsADirectoryError):
        read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users here")
def test_no_permission_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.touch(mode=0)
    user = os.geteuid()
    if user == 0:  # everything is permitted to root
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError, match=r"run\.csv"):
            read(path)
    finally:
        os.seteuid(user)


# ---------------------------------------------------------------- garbage
def test_damaged_lines_are_told_with_their_place() -> None:
    lines = as_text(ROWS[:50]).splitlines(keepends=True)
    lines[20:20] = [b"oops\n", b"1 2 3\n"]
    found, _, notices = fed(b"".join(lines), [], Hints())
    assert_identical(found, ROWS[:50])
    assert notices == ["it: left out 2 lines of text that are not rows of 7 numbers, the first at line 21: 'oops'"]


@pytest.mark.parametrize("start", [b"", as_text(ROWS[:5])])
def test_nothing_but_garbage_is_an_error(start: bytes) -> None:
    with pytest.raises(FormatError, match=r"it: expected rows of 7 numbers, found none in 1000 lines of text"):
        fed(start + b"garbage\n" * 1000, range(0, 8000, 900), Hints())
    fed(start + b"garbage\n" * 999 + as_text(ROWS[:1]), [], Hints())


def test_binary_garbage_is_an_error() -> None:
    noise = np.random.default_rng(0).integers(1, 256, 4 * 2**20, dtype=np.uint8).tobytes()
    with pytest.raises(FormatError, match="it: expected frames, found none in"):
        fed(wire.HELLO + noise, range(0, 4 * 2**20, 2**18), Hints())
    with pytest.raises(FormatError, match="it: "):
        fed(noise, [], Hints())


def test_a_line_without_end_takes_no_memory() -> None:
    text = as_text(ROWS[:3])
    found, _, notices = fed(text + b"1 " * 500_000 + b"\n" + text, range(0, 1_000_000, 50_000), Hints())
    assert_identical(found, np.concatenate([ROWS[:3], ROWS[:3]]))
    assert "left out 1 lines of text" in notices[0]


def test_zeros_are_no_list_mode() -> None:
    with pytest.raises(FormatError, match="it: "):
        fed(bytes(2**20), [], Hints())


def test_half_an_array_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "run.npy", ROWS)
    content = (tmp_path / "run.npy").read_bytes()
    (tmp_path / "run.npy").write_bytes(content[: len(content) // 2])
    found, _, notices = read(tmp_path / "run.npy", follow=False)
    assert_identical(found, ROWS[: len(found)])
    assert notices[0].endswith(f"ends {3000 - len(found)} rows before the 3000 that its header says")


@pytest.mark.parametrize("table", [np.zeros((5, 3)), np.zeros(5), np.zeros((5, 7), order="F"), np.zeros((5, 7), "U3")])
def test_arrays_that_are_no_rows(table: NDArray[Any]) -> None:
    content = io.BytesIO()
    np.save(content, table)
    with pytest.raises(FormatError, match=r"it: expected rows of at least 7 numbers, found"):
        fed(content.getvalue(), [], Hints())
