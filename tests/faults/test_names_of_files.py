"""What users or records call things never names a file outside the folder that was asked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from command_line import lumentrace
from lumentrace import stain
from lumentrace.plots.frames import Frames
from lumentrace.stain.stages.results import Padded

ELSEWHERE = ["../../outside", "..", ".", "", "a/b", "/tmp/outside", "..\\outside", "S001\0"]


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("more", [[], ["--to-stage", "1"]], ids=["whole", "partly"])
def test_stain_run_writes_only_below_out(tmp_path: Path, more: list[str]) -> None:
    here = tmp_path / "deep" / "deeper"
    stain.simulate(size=96, spots=5, seed=1).save(here / "raw", "S001", "DAPI")
    shutil.copytree(here / "raw" / "S001", tmp_path / "deep" / "outside")
    before = tree(tmp_path)
    done = lumentrace("stain", "run", "../../outside", "DAPI", "--raw", "raw", "--out", "out/put", *more, cwd=here)
    assert done.returncode == 2
    assert "SAMPLE: expected the name of a file or folder" in done.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ELSEWHERE)
def test_samples_and_dyes(tmp_path: Path, name: str) -> None:
    pair = stain.simulate(size=64, seed=1)
    calls: list[tuple[str, Any]] = [
        ("sample", lambda: pair.save(tmp_path / "raw", name, "DAPI")),
        ("dye", lambda: pair.save(tmp_path / "raw", "S001", name)),
        ("sample", lambda: stain.SampleDye(name, "DAPI", tmp_path / "out", tmp_path / "raw")),
        ("dye", lambda: stain.SampleDye("S001", name, tmp_path / "out", tmp_path / "raw")),
        ("sample", lambda: stain.load_image_pair(name, "DAPI", tmp_path / "raw")),
    ]
    for argument, call in calls:
        with pytest.raises(ValueError, match=f"`{argument}`: expected the name of a file or folder"):
            call()
    assert tree(tmp_path) == []


@pytest.mark.parametrize("prefix", ["../frame", "a/b", "..\\x"])
def test_frames(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ValueError, match="`prefix`"):
        Frames(tmp_path, prefix, 100, 100)


@pytest.mark.parametrize("name", ["../../secret.tiff", "/etc/passwd", "tiff/../../x", "C:\\x", "", 7])
def test_a_record_that_lists_files_elsewhere(tmp_path: Path, name: Any) -> None:
    record = json.loads(Padded(("tiff/post.tiff",), (4, 4), (4, 4)).encode())
    assert Padded.decode(json.dumps(record).encode(), tmp_path).files == ("tiff/post.tiff",)
    record["files"] = [name]
    with pytest.raises((ValueError, TypeError)):
        Padded.decode(json.dumps(record).encode(), tmp_path)
