"""Images of any kind that `open_image` opens: the same pixels give the same table."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import polars as pl
import pytest
import tifffile
import zarr

from command_line import lumentrace
from lumentrace import FormatError, coloc
from lumentrace.coloc import files
from lumentrace.coloc.description import describe
from lumentrace.coloc.run import Settings, run
from lumentrace.coloc.saved import load_outcome
from lumentrace.storage import open_image, write_image

NAMES = ("dna", "tub", "actin")
PIXELS = np.random.default_rng(5).poisson(40, (2, 3, 16, 520)).astype(np.uint16)
"""(T, C, Y, X)"""
LABELS = np.repeat([0, 1, 2, 5], 4)[:, None].astype(np.uint8) * np.ones(520, np.uint8)
OTSU = Settings(threshold="otsu", time=1)


def tables(source: Any, settings: Settings = OTSU) -> pl.DataFrame:
    return run(source, settings).table


def expected(pixels: np.ndarray, labels: np.ndarray | None = None) -> pl.DataFrame:
    """The table of the channels themselves."""
    named = dict(zip(NAMES, pixels, strict=True))
    return coloc.colocalization_table(named, label_mask=labels, threshold_method="otsu")


def same(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    assert found.equals(wanted, null_equal=True)


def written(path: Path) -> Path:
    """An image of two time points and three channels; in OME-Zarr, with a smaller copy."""
    return Path(write_image(path, PIXELS, axes="TCYX", channels=NAMES, spacing={"X": 0.2, "Y": 0.2}))


@pytest.mark.parametrize("name", ["a.ome.tif", "a.ome.zarr"])
def test_files_of_the_same_pixels_give_the_same_table(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name)
    outcome = run(path, OTSU)
    same(outcome.table, expected(PIXELS[1]))
    assert (outcome.pixel_um, outcome.times) == (0.2, 1)
    write_image(tmp_path / "labels.ome.zarr", LABELS, labels=True)
    labels = str(tmp_path / "labels.ome.zarr")
    same(tables(path, OTSU.changed({"labels": labels})), expected(PIXELS[1], LABELS))


@pytest.mark.parametrize("kind", [np.asarray, dask.array.from_array, zarr.array])
def test_arrays_and_open_images_are_images_too(kind: Any) -> None:
    image = open_image(kind(PIXELS), axes="TCYX", channels=NAMES)
    same(tables(image), expected(PIXELS[1]))
    found = tables(kind(PIXELS[1]), Settings(threshold="otsu", channel_axis=-3))
    same(found.drop("channel_a", "channel_b"), expected(PIXELS[1]).drop("channel_a", "channel_b"))
    assert found["channel_a"].to_list() == ["c0", "c0", "c1"]


def test_an_open_image_stays_open_and_is_reported_from_its_file(tmp_path: Path) -> None:
    with open_image(written(tmp_path / "a.ome.zarr")) as image:
        folder = run(image, OTSU).save(tmp_path / "out")
        np.testing.assert_array_equal(image.read(), PIXELS)
    again = load_outcome(folder)
    np.testing.assert_array_equal(again.channels["tub"], PIXELS[1, 1])
    assert again.pixel_um == 0.2


def test_a_smaller_copy_and_its_labels_are_measured(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ome.zarr")
    labels = Path(write_image(tmp_path / "labels.ome.zarr", LABELS, labels=True))
    settings = OTSU.changed({"level": 1, "labels": str(labels)})
    group = zarr.open_group(path, mode="r")
    small = np.asarray(group["1"])[1]  # type: ignore[index]
    assert small.shape == (3, 8, 260)
    same(tables(path, settings), expected(small, LABELS[::2, ::2]))
    assert run(path, settings).pixel_um == 0.4


def test_channels_that_are_not_chosen_are_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ome.zarr")
    for chunk in path.glob("0/c/1/2/**/*"):
        if chunk.is_file():
            chunk.write_bytes(b"damaged")
    table = tables(path, OTSU.changed({"channels": "tub,dna"}))
    assert table["pcc"].item() == coloc.pearson(PIXELS[1, 1], PIXELS[1, 0])[0]
    with pytest.raises(FormatError, match=r"a\.ome\.zarr"):
        tables(path)


def test_axes_of_one_point_are_left_out(tmp_path: Path) -> None:
    """Some programs write all five axes, always."""
    write_image(tmp_path / "a.zarr", PIXELS[1][None, :, None], axes="TCZYX", channels=NAMES)
    write_image(tmp_path / "labels.zarr", LABELS[None, None, None], axes="TCZYX", labels=True)
    settings = Settings(threshold="otsu", labels=str(tmp_path / "labels.zarr"))
    same(tables(tmp_path / "a.zarr", settings), expected(PIXELS[1], LABELS))


def test_files_of_one_channel_each_of_several_kinds(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "dna.tif", PIXELS[0, 0])
    write_image(tmp_path / "tub.zarr", PIXELS[0, 1][None], axes="CYX")
    header = bytearray(1024)
    struct.pack_into("<4i", header, 0, 520, 16, 1, 6)
    header[208:212] = b"MAP "
    (tmp_path / "actin.mrc").write_bytes(bytes(header) + PIXELS[0, 2].tobytes())
    paths = [tmp_path / name for name in ("dna.tif", "tub.zarr", "actin.mrc")]
    same(tables(paths, Settings(threshold="otsu")), expected(PIXELS[0]))
    with pytest.raises(ValueError, match="different names"):
        files.together([*paths, tmp_path / "other" / "dna.tif"])


def test_pages_along_two_axes_without_names(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, photometric="minisblack")
    found = files.read(tmp_path / "a.tif", 1)
    assert found.axes == "QYX"
    np.testing.assert_array_equal(found.pixels["c2"], PIXELS[:, 2])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(time=2), r"time \(--time\): expected 0 to 1 for .*a\.ome\.zarr, found 2"),
        (Settings(time=-1), "found -1"),
        (Settings(level=2), r"level \(--level\): expected 0 to 1 for .*a\.ome\.zarr, found 2"),
        (Settings(time=0, channel_axis=0), "found them as channels"),
        (Settings(channels="dna,golgi"), "found 'golgi'"),
    ],
)
def test_what_the_image_does_not_have(tmp_path: Path, settings: Settings, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(written(tmp_path / "a.ome.zarr"), settings)


def test_arrays_that_do_not_say_what_is_asked(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", PIXELS[0], imagej=True, metadata={"axes": "CYX"})
    with pytest.raises(ValueError, match=r"time \(--time\): expected time points in .*a\.tif, found axes CYX"):
        run(tmp_path / "a.tif", Settings(time=0))
    with pytest.raises(ValueError, match="`source`: expected an array of 3 to 5 axes and the `channel_axis`"):
        run(PIXELS[0])
    with pytest.raises(ValueError, match="time and level"):
        run(dict(zip(NAMES, PIXELS[0], strict=True)), Settings(level=1))
    with pytest.raises(ValueError, match="masked"):
        run({"a": np.ma.masked_less(PIXELS[0, 0], 40), "b": PIXELS[0, 1]})


def test_the_command_takes_folders_and_options(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    path = written(tmp_path / "images" / "a.ome.zarr")
    done = lumentrace("coloc", path.parent, "--time", 1, "--threshold", "otsu", "--out", tmp_path / "out")
    assert done.returncode in (0, 4), done.stderr
    same(pl.read_parquet(tmp_path / "out" / "colocalization.parquet"), expected(PIXELS[1]))
    done = lumentrace("coloc", path, "--level", 5, "--out", tmp_path / "none")
    assert done.returncode == 3
    assert "expected 0 to 1" in done.stderr
    (tmp_path / "cells.czi").write_bytes(b"ZISRAWFILE")
    done = lumentrace("coloc", "info", tmp_path / "cells.czi", path)
    assert done.returncode == 3
    assert "T 2, C 3, Y 16, X 520" in done.stdout


def test_facts_are_those_of_the_pixels(tmp_path: Path) -> None:
    facts = [describe(written(tmp_path / name)) for name in ("a.ome.tif", "a.ome.zarr")]
    assert facts[1].pop("levels") == "0: 2 x 3 x 16 x 520, 1: 2 x 3 x 8 x 260"
    assert facts[0] == facts[1]
    assert facts[0]["channels"] == "dna, tub, actin"
    assert facts[0]["channel tub"].startswith(f"{PIXELS[:, 1].min()} to {PIXELS[:, 1].max()}, mean")
