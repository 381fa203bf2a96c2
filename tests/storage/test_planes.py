"""Planes of TIFF files that are read piece by piece."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from lumentrace import FormatError
from lumentrace.storage import planes
from lumentrace.storage.planes import open_plane

SHAPE = (70, 90)


@pytest.mark.parametrize("band", [2**24, 1000])
@pytest.mark.parametrize(
    ("shape", "dtype", "options"),
    [
        (SHAPE, "u1", {}),
        (SHAPE, "u1", {"rowsperstrip": 7}),
        (SHAPE, "u2", {"byteorder": ">"}),
        (SHAPE, "f4", {"byteorder": ">"}),
        (SHAPE, "u1", {"compression": "zlib"}),
        (SHAPE, "u2", {"tile": (32, 32)}),
        ((*SHAPE, 3), "u2", {"photometric": "rgb"}),
        ((3, *SHAPE), "u1", {"photometric": "rgb", "planarconfig": "separate"}),
    ],
)
def test_blocks_make_the_image(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shape: tuple[int, ...],
    dtype: str,
    options: dict[str, Any],
    band: int,
) -> None:
    monkeypatch.setattr(planes, "BAND", band)
    image = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", image, **options)
    with open_plane(tmp_path / "a.tif") as plane:
        found = np.zeros((*SHAPE, plane.samples), dtype)
        for block in plane.blocks():
            high, wide, samples = block.pixels.shape
            assert block.pixels.dtype == np.dtype(dtype)
            place = np.s_[block.row : block.row + high, block.column : block.column + wide]
            found[*place, block.sample : block.sample + samples] = block.pixels
    expected = np.moveaxis(image, 0, -1) if options.get("planarconfig") else image.reshape(found.shape)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("options", [{}, {"rowsperstrip": 7}, {"compression": "packbits"}], ids=str)
def test_bits_are_packed_by_row(tmp_path: Path, options: dict[str, Any]) -> None:
    image = np.random.default_rng(0).random((70, 93)) < 0.4
    tifffile.imwrite(tmp_path / "a.tif", image, **options)
    found = np.zeros(image.shape, bool)
    with open_plane(tmp_path / "a.tif") as plane:
        assert plane.mode == "1"
        for block in plane.blocks():
            high, wide, _ = block.pixels.shape
            found[block.row : block.row + high, block.column : block.column + wide] = block.pixels[..., 0]
    np.testing.assert_array_equal(found, image)


def test_a_page_of_bits_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((800, 800), bool))
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags["ImageLength"].overwrite(80_000)
    with pytest.raises(FormatError, match=r"a\.tif: declares an image of 8,000,000 bytes"), open_plane(path):
        pass


def test_a_single_strip_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "BAND", 100_000)
    image = np.ones((2000, 2000, 3), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb", rowsperstrip=2000)
    with open_plane(tmp_path / "a.tif") as plane:
        tracemalloc.start()
        total = sum(int(block.pixels.sum()) for block in plane.blocks())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert total == image.size
    assert peak < 1_000_000


def test_a_file_that_shrinks_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((500, 500), np.uint8))
    with open_plane(path) as plane:
        path.write_bytes(path.read_bytes()[:100_000])
        with pytest.raises(FormatError, match=r"a\.tif: expected 250000 bytes from row 0 on, found"):
            list(plane.blocks())
