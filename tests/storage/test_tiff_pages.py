"""Planes that are pages of TIFF files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from lumentrace import FormatError
from lumentrace.storage.tiff_pages import TiffPages


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    path = tmp_path / "scan.tif"
    tifffile.imwrite(path, np.arange(24, dtype=np.int16).reshape(2, 3, 4), photometric="minisblack", tile=(16, 16))
    return path


def opened(path: Path) -> TiffPages:
    return TiffPages([path], np.array([[0, 1], [0, 0]]))


def test_planes_lie_where_they_are_said_to_lie(pages: Path) -> None:
    planes = opened(pages)
    assert planes.shape == (2, 3, 4)
    np.testing.assert_array_equal(planes[:, 1:, :2], tifffile.imread(pages)[::-1, 1:, :2])
    planes.close()


@pytest.mark.parametrize(("tag", "value"), [("SampleFormat", 9), ("ImageLength", 0), ("ImageWidth", 0)])
def test_pages_that_hold_no_numbers(pages: Path, tag: str, value: int) -> None:
    with tifffile.TiffFile(pages, mode="r+b") as file:
        file.pages[1].tags[tag].overwrite(value)
    with pytest.raises(
        FormatError, match=r"scan\.tif: expected (pages of rows and columns|an image with pixels), found"
    ):
        opened(pages)
