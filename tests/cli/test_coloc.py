"""`lumentrace coloc` as a user runs it, the TIFF reader, and the report."""

from __future__ import annotations

import json
import struct
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile

from command_line import lumentrace
from lumentrace import coloc
from lumentrace.base.errors import FormatError
from lumentrace.storage import read_tiff

OUTPUTS = {"colocalization.csv", "colocalization.parquet", "report.html", "run.json"}


def channels(count: int = 3, shape: tuple[int, ...] = (40, 50)) -> np.ndarray:
    random = np.random.default_rng(2)
    common = random.random(shape) < 0.3
    return np.stack([random.integers(10, 60, shape) + 100 * common for _ in range(count)]).astype(np.uint16)


def cells() -> np.ndarray:
    labels = np.zeros((40, 50), np.int32)
    labels[5:15, 5:20], labels[20:38, 25:45] = 3, 8
    return labels


@pytest.fixture
def cells_tif(tmp_path: Path) -> Path:
    path = tmp_path / "cells.ome.tif"
    tifffile.imwrite(
        path,
        channels(),
        metadata={
            "axes": "CYX",
            "Channel": {"Name": ["dna", "tub", "actin"]},
            "PhysicalSizeX": 0.2,
            "PhysicalSizeY": 0.2,
        },
    )
    return path


def test_everything_is_written(cells_tif: Path, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "labels.tif", cells())
    done = lumentrace("coloc", cells_tif, "--labels", tmp_path / "labels.tif", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == OUTPUTS
    table = pl.read_parquet(tmp_path / "out" / "colocalization.parquet")
    names = dict(zip(("dna", "tub", "actin"), channels(), strict=True))
    assert table.equals(coloc.colocalization_table(names, label_mask=cells()), null_equal=True)
    assert pl.read_csv(tmp_path / "out" / "colocalization.csv")["region"].to_list() == [3, 8] * 3
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["schema"] == "lumentrace-run-1"
    assert record["settings"]["threshold"] == "costes"
    assert record["steps"][0]["parameters"]["threshold_method"] == "costes"
    assert set(record["files"]) == OUTPUTS - {"run.json"}
    assert set(record["input"]["xxh3"]) == set(names)


def test_chosen_channels_pairs_and_metrics(cells_tif: Path, tmp_path: Path) -> None:
    done = lumentrace(
        "coloc", cells_tif, "--channels", "actin,0", "--metrics", "pcc,randomization", "--randomizations", 50,
        "--threshold", "otsu", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (row,) = pl.read_parquet(tmp_path / "out" / "colocalization.parquet").to_dicts()
    assert (row["channel_a"], row["channel_b"], row["random_blocks"]) == ("actin", "dna", 30)
    assert "Randomisation" in (tmp_path / "out" / "report.html").read_text()
    done = lumentrace("coloc", cells_tif, "--pairs", "tub:dna", "--out", tmp_path / "two")
    assert pl.read_parquet(tmp_path / "two" / "colocalization.parquet")["channel_a"].to_list() == ["tub"]


def test_folder_of_images_with_labels(cells_tif: Path, tmp_path: Path) -> None:
    folder, labels = tmp_path / "images", tmp_path / "labels"
    folder.mkdir()
    labels.mkdir()
    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(folder / name, channels(2), metadata={"axes": "CYX"}, imagej=True)
        tifffile.imwrite(labels / name, cells().astype(np.uint16))
    done = lumentrace("coloc", folder, cells_tif, "--labels", labels, "--out", tmp_path / "out")
    assert done.returncode == 3
    assert f"{labels / 'cells.ome.tif'}: expected the labels" in done.stderr
    for name in ("a.tif", "b.tif"):
        assert {path.name for path in (tmp_path / "out" / name).iterdir()} == OUTPUTS
    assert not (tmp_path / "out" / "cells.ome.tif").exists()


def test_files_of_one_channel_each(tmp_path: Path) -> None:
    first, second = channels(2)
    tifffile.imwrite(tmp_path / "actin.tif", first)
    tifffile.imwrite(tmp_path / "myosin.tif", second)
    files = tmp_path / "actin.tif", tmp_path / "myosin.tif"
    done = lumentrace("coloc", *files, "--together", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    (row,) = pl.read_parquet(tmp_path / "out" / "colocalization.parquet").to_dicts()
    assert (row["channel_a"], row["channel_b"], row["pcc"]) == ("actin", "myosin", coloc.pearson(first, second)[0])
    tifffile.imwrite(tmp_path / "myosin.tif", second[:10])
    done = lumentrace("coloc", *files, "--together", "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "expected shape (40, 50)" in done.stderr
    done = lumentrace("coloc", files[0], "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "--channel-axis" in done.stderr


def test_slices_colours_and_axes(tmp_path: Path) -> None:
    stack = np.stack([channels(2, (12, 16)) for _ in range(3)], axis=0)
    tifffile.imwrite(tmp_path / "z.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    done = lumentrace("coloc", tmp_path / "z.tif", "--slices", "--out", tmp_path / "z")
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(tmp_path / "z" / "colocalization.parquet")["slice"].to_list() == [0, 1, 2]
    tifffile.imwrite(tmp_path / "rgb.tif", channels(3, (12, 16)).transpose(1, 2, 0).astype("u1"), photometric="rgb")
    done = lumentrace("coloc", tmp_path / "rgb.tif", "--channels", "red,blue", "--out", tmp_path / "rgb")
    assert done.returncode == 0, done.stderr
    done = lumentrace("coloc", tmp_path / "rgb.tif", "--channel-axis", "-1", "--slices", "--out", tmp_path / "x")
    assert done.returncode == 3
    assert "expected an image with slices" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--channels", "dna,golgi"], "'golgi'"),
        (["--channels", "dna"], "at least two channels"),
        (["--pairs", "dna"], "--pairs"),
        (["--channel-axis", "7"], "--channel-axis"),
    ],
)
def test_wrong_channels(cells_tif: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    done = lumentrace("coloc", cells_tif, *arguments, "--out", tmp_path / "out")
    assert done.returncode == 3
    assert said in done.stderr


def test_wrong_usage(cells_tif: Path, tmp_path: Path) -> None:
    for arguments in (["--metrics", "pc"], ["--threshold", "otso"], ["--block", "0"], ["--nan-policy", "x"]):
        assert lumentrace("coloc", cells_tif, *arguments).returncode == 2
    (tmp_path / "empty").mkdir()
    done = lumentrace("coloc", tmp_path / "empty")
    assert done.returncode == 2
    assert "found none" in done.stderr


# ------------------------------------------------------------------ TIFF files
def test_what_a_file_says(cells_tif: Path, tmp_path: Path) -> None:
    found = read_tiff(cells_tif)
    assert (found.axes, found.channel_names) == ("CYX", ["dna", "tub", "actin"])
    assert found.spacing == {"X": 0.2, "Y": 0.2}
    np.testing.assert_array_equal(found.pixels, channels())
    tifffile.imwrite(
        tmp_path / "j.tif",
        channels(2),
        imagej=True,
        resolution=(5, 4),
        metadata={"axes": "ZYX", "unit": "um", "spacing": 1.5},
    )
    assert read_tiff(tmp_path / "j.tif").spacing == {"X": 0.2, "Y": 0.25, "Z": 1.5}
    tifffile.imwrite(tmp_path / "plain.tif", channels(1)[0])
    assert read_tiff(tmp_path / "plain.tif").spacing == {}


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_truncated_files(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "whole.tif"
    tifffile.imwrite(path, np.random.default_rng(1).integers(0, 9, (60, 70), np.uint16), compression=compression)
    content = path.read_bytes()
    for length in (0, 3, 8, 100, 300, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError, match=r"whole\.tif"):
            read_tiff(path)


def test_a_stack_that_is_cut_off_between_pages(tmp_path: Path) -> None:
    """The reader underneath gives the pages that are left, as if they were all."""
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as file:
        for number in range(12):
            file.write(np.full((30, 30), number, np.uint16), contiguous=False, metadata=None)
    with tifffile.TiffFile(path) as file:
        ends = [page.offset for page in file.pages]
    content = path.read_bytes()
    assert read_tiff(path).pixels.shape[-2:] == (30, 30)
    for end in ends[3:]:
        path.write_bytes(content[:end])
        with pytest.raises(FormatError, match=r"stack\.tif"):
            read_tiff(path)


def test_flipped_bytes_raise_or_read(tmp_path: Path) -> None:
    path = tmp_path / "flipped.tif"
    tifffile.imwrite(path, channels(2, (8, 9)), imagej=True)
    content = path.read_bytes()
    random = np.random.default_rng(3)
    for _ in range(150):
        damaged = bytearray(content)
        for place in random.integers(0, len(damaged), 3):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        with suppress(FormatError):
            read_tiff(path)


def test_absurd_dimensions(tmp_path: Path) -> None:
    path = tmp_path / "absurd.tif"
    tifffile.imwrite(path, np.zeros((8, 8), np.uint16))
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        for name in ("ImageWidth", "ImageLength"):
            tag = file.pages[0].tags[name]
            struct.pack_into(
                "<I" if tag.dtype == 4 else "<H", content, tag.valueoffset, 2**31 - 1 if tag.dtype == 4 else 2**16 - 1
            )
    path.write_bytes(content)
    start = time.perf_counter()
    with pytest.raises(FormatError, match=r"absurd\.tif: expected \d+ strips in page 1, found 1$"):
        read_tiff(path)
    assert time.perf_counter() - start < 5
    done = lumentrace("coloc", path)
    assert done.returncode == 3
    assert "absurd.tif" in done.stderr


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_tiff(tmp_path / "none.tif")
    assert lumentrace("coloc", tmp_path / "none.tif").returncode == 3


# ------------------------------------------------------------------ the report
def test_report_of_one_pair(tmp_path: Path) -> None:
    a, b = channels(2)
    table = coloc.colocalization_table({"<dna>": a, "tub": b}, metrics=coloc.EXTENDED_METRICS, randomizations=50)
    null = coloc.costes_randomization(a, b, n=50)
    path = coloc.write_report({"<dna>": a, "tub": b}, table, path=tmp_path / "r.html", nulls={("<dna>", "tub"): null})
    text = path.read_text("utf-8")
    body = text[text.index("<main>") : text.index("</main>")]
    assert "<dna>" not in body
    for title in ("Merged", "Pixels above the thresholds", "Joint histogram", "Randomisation"):
        assert f"<h3>{title}</h3>" in body
    assert f"{table['pcc'][0]:.3f}" in body


def test_report_of_regions_that_cannot_be_measured(tmp_path: Path) -> None:
    a, b = channels(2).astype(float)
    a[cells() == 3] = np.nan
    b[cells() == 8] = 1
    table = coloc.colocalization_table({"a": a, "b": b}, label_mask=cells())
    text = coloc.write_report({"a": a, "b": b}, table, path=tmp_path / "r.html", label_mask=cells()).read_text("utf-8")
    assert "a has pixels that are not finite" in text
    assert "b is constant (1)" in text


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (5, 20, 30), (2, 3, 8, 9)])
def test_report_of_any_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    a, b = channels(2, shape)
    table = coloc.colocalization_table({"a": a, "b": b})
    assert coloc.write_report({"a": a, "b": b}, table, path=tmp_path / "r.html").stat().st_size > 1e6


def test_large_images_are_reduced(tmp_path: Path) -> None:
    a, b = channels(2, (2500, 1500))
    table = coloc.colocalization_table({"a": a, "b": b}, metrics="mcc")
    path = coloc.write_report({"a": a, "b": b}, table, path=tmp_path / "r.html")
    assert "One pixel shown stands for 3 x 3." in path.read_text("utf-8")
    assert path.stat().st_size < 9e6
