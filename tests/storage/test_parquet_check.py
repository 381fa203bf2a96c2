"""Parquet files whose sizes are damaged: polars would end the process."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lumentrace import FormatError, PointData
from lumentrace.storage import parquet_check, read_parquet, to_parquet
from lumentrace.storage.parquet_check import check, frame_of

FRAME = pl.DataFrame({"a": ["x", "y"] * 20, "b": [None, 1.5] * 20, "z": [0] * 40})
CHANGES = """
import io, sys
from lumentrace import FormatError
from lumentrace.storage.parquet_check import frame_of
content = bytearray(open(sys.argv[1], "rb").read())
refused = 0
for place in range(len(content)):
    before = content[place]
    content[place] = 127
    with open(sys.argv[2], "wb") as file:
        file.write(content)
    try:
        frame_of(sys.argv[2])
    except FormatError as error:
        assert sys.argv[2] in str(error)
        refused += 1
    content[place] = before
print(refused)
"""


def test_no_changed_byte_ends_the_process(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "right.parquet")
    command = [sys.executable, "-c", CHANGES, str(tmp_path / "right.parquet"), str(tmp_path / "wrong.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout) > 100


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        pl.DataFrame(),
        pl.DataFrame({"none": []}),
        pl.DataFrame({"lists": [[1, 2], [], [3]], "structs": [{"u": 1, "v": "a"}] * 3, "true": [True, False, None]}),
        pl.DataFrame({"long": ["x" * 70_000, "y" * 70_000]}),
        pl.DataFrame({"many": np.arange(100_000)}),
    ],
)
@pytest.mark.parametrize("options", [{}, {"compression": "uncompressed"}, {"row_group_size": 2, "data_page_size": 9}])
def test_what_polars_writes_is_not_refused(tmp_path: Path, frame: pl.DataFrame, options: dict[str, Any]) -> None:
    frame[:1000].write_parquet(tmp_path / "table.parquet", **options)
    assert frame_of(tmp_path / "table.parquet").equals(frame[:1000])


def test_a_few_bytes_that_claim_a_large_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.parquet"
    pl.select(pl.repeat(0, 1 << 18).alias("zeros")).write_parquet(path)
    assert path.stat().st_size < 4000
    assert frame_of(path).height == 1 << 18
    monkeypatch.setattr(parquet_check, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(parquet_check, "MOST_INFLATION", 10)
    with pytest.raises(FormatError, match=r"bomb\.parquet: .*expected rows of at most 1,0\d+,\d+ bytes \(the limit\)"):
        frame_of(path)


@pytest.mark.parametrize("cut", [0, 3, 11, 60, 400])
def test_files_that_are_cut_off(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.parquet"
    to_parquet(path, PointData(np.eye(4)))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FormatError, match=r"cut\.parquet"):
        read_parquet(path)


def test_any_footer_is_answered() -> None:
    random = np.random.default_rng(0)
    for length in range(300):
        footer = random.bytes(length)
        with pytest.raises(FormatError):
            check(io.BytesIO(b"PAR1" + footer + length.to_bytes(4, "little") + b"PAR1"))
