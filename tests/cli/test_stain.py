"""`lumentrace stain` from the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile

from command_line import lumentrace

SIZE = 128


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    assert lumentrace("stain", "simulate", "--size", SIZE, "--samples", 2, cwd=folder).returncode == 0
    return folder


@pytest.fixture
def folder(samples: Path, tmp_path: Path) -> Path:
    return shutil.copytree(samples, tmp_path, dirs_exist_ok=True)


def test_survey_and_plan(folder: Path) -> None:
    found = lumentrace("stain", "survey", cwd=folder)
    assert found.returncode == 0
    assert "S001_PreStain_SybrGld.tif" in found.stdout
    assert f"{SIZE} x {SIZE}" in found.stdout
    (folder / "raw" / "S002" / "S002_PostStain_SybrGld.tif").unlink()
    planned = lumentrace("stain", "plan", cwd=folder)
    assert planned.returncode == 0
    assert "ready" in planned.stdout
    assert "the post file is missing" in planned.stdout
    assert "1 task, 1 at a time" in planned.stdout
    assert not (folder / "processed").exists()


def test_run_and_apply(folder: Path) -> None:
    done = lumentrace("stain", "run", "S001", "SybrGld", "-p", "pad=8", "--format", "tiff", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "ok, error 0." in done.stdout
    output = folder / "processed" / "S001" / "SybrGld" / "pipeline_output"
    assert "Registration" in (output / "report_pad8.html").read_text(encoding="utf-8")
    source = folder / "raw" / "S001" / "S001_PreStain_SybrGld.tif"
    moved = lumentrace("stain", "apply", source, output / "registration_pad8.json", "-o", "moved.tif", cwd=folder)
    assert moved.returncode == 0, moved.stderr
    aligned = tifffile.imread(output.parent / "tiff" / "03_interior_aligned_pre_pad8.tiff")[8:-8, 8:-8]
    np.testing.assert_array_equal(np.nan_to_num(tifffile.imread(folder / "moved.tif"), nan=0.0), aligned)


def test_batch_goes_on(folder: Path) -> None:
    (folder / "raw" / "S001" / "S001_PreStain_SybrGld.tif").write_bytes(b"")
    done = lumentrace("stain", "batch", "-p", "pad=0", cwd=folder)
    assert done.returncode == 3
    assert "S002/SybrGld: complete" in done.stdout
    assert "empty file" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "S009", "SybrGld"], "Samples there: S001, S002"),
        (["run", "S001", "Sybrgld"], "Dyes found: SybrGld"),
        (["run", "S001", "SybrGld", "-p", "padd=3"], "did you mean 'pad'"),
        (["run", "S001", "SybrGld", "-p", "pad"], "name=value"),
        (["run", "S001", "SybrGld", "-p", "pad=-1"], "whole number from 0"),
        (["survey", "nowhere"], "was not found"),
        (["plan", "--raw", "nowhere"], "was not found"),
        (["apply", "a.tif", "b.json", "-o", "c.png"], "ending in .tif"),
    ],
)
def test_wrong_usage(folder: Path, arguments: list[str], told: str) -> None:
    done = lumentrace("stain", *arguments, cwd=folder)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_unreliable_is_not_success(folder: Path) -> None:
    source = folder / "raw" / "S002" / "S002_PreStain_SybrGld.tif"
    (folder / "raw" / "S001" / "S001_PreStain_SybrGld.tif").write_bytes(source.read_bytes())
    done = lumentrace("stain", "run", "S001", "SybrGld", "-p", "pad=0", cwd=folder)
    assert done.returncode == 4
    assert "not reliable" in done.stdout
    assert "unreliable: " in done.stderr


def test_batch_judges_each_pair(folder: Path) -> None:
    source = folder / "raw" / "S002" / "S002_PreStain_SybrGld.tif"
    (folder / "raw" / "S001" / "S001_PreStain_SybrGld.tif").write_bytes(source.read_bytes())
    done = lumentrace("stain", "batch", cwd=folder)
    assert done.returncode == 4, done.stderr
    one, other = (line for line in done.stdout.splitlines() if line.startswith(("S001  ", "S002  ")))
    assert "not reliable" in one
    assert "not reliable" not in other
    assert "S001/SybrGld: not reliable: " in done.stdout
    assert "Next: " in done.stdout
    again = lumentrace("stain", "batch", "--accept", "--workers", 2, cwd=folder)
    assert again.returncode == 0
    assert "not reliable" in again.stdout
    folder = folder / "processed" / "S002" / "SybrGld" / "tiff"
    assert {tifffile.imread(path).shape for path in folder.glob("*.tiff")} == {(SIZE, SIZE)}


def test_the_canvas_is_asked_for(folder: Path) -> None:
    names = {(): "01_padded_post", ("--canvas",): "01_padded_post_pad2000", ("-p", "pad=9"): "01_padded_post_pad9"}
    for options, name in names.items():
        done = lumentrace("stain", "run", "S001", "SybrGld", "--to-stage", 1, *options, cwd=folder)
        assert done.returncode == 0, done.stderr
        with tifffile.TiffFile(folder / "processed" / "S001" / "SybrGld" / "tiff" / f"{name}.tiff") as file:
            side = SIZE + 2 * int((name.split("_pad")[2:] or ["0"])[0])
            assert file.series[0].shape == (side, side)
