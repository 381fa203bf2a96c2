"""Two-photon: regions from and for other programs: label images in TIFF files, and what Suite2p leaves."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from lumentrace import FormatError, twophoton
from lumentrace.twophoton.respond.region_table import RegionResponse

SHAPE = (12, 17)


def test_labels_come_back(tmp_path: Path) -> None:
    rois = twophoton.grid_roi_set(SHAPE, grid_size_pixels=5)
    path = twophoton.save_roi_labels(rois, tmp_path / "new folder" / "rois.tif")
    found = twophoton.load_roi_labels(path, shape=SHAPE, label_prefix="grid")
    assert found.labels == rois.labels
    np.testing.assert_array_equal(found.masks, rois.masks)


def test_other_programs_see_numbers_of_labels(tmp_path: Path) -> None:
    masks = np.zeros((2, *SHAPE), bool)
    masks[0, 1:3], masks[1, 7, 7] = True, True
    for labels, numbers, kind in (
        (["cell_7", "cell_3"], (7, 3), "uint16"),
        (["cell_70000", "cell_3"], (70000, 3), "uint32"),
        (["one", "other"], (1, 2), "uint16"),
    ):
        path = twophoton.save_roi_labels(twophoton.make_roi_set(masks, labels=labels), tmp_path / "rois.tif")
        image = tifffile.imread(path)
        assert image.dtype == kind
        np.testing.assert_array_equal(image, numbers[0] * masks[0] + numbers[1] * masks[1])


@pytest.mark.parametrize("kind", ["uint8", "int32", "float32"])
def test_labels_of_other_programs(tmp_path: Path, kind: str) -> None:
    image = np.zeros((1, *SHAPE), kind)
    image[0, 2:4, 3:5], image[0, 8, 8:11] = 9, 2
    tifffile.imwrite(tmp_path / "cells.tif", image)
    found = twophoton.load_roi_labels(tmp_path / "cells.tif")
    assert found.labels == ("roi_0002", "roi_0009")
    np.testing.assert_array_equal(found.masks, [image[0] == 2, image[0] == 9])


def test_regions_that_overlap_have_no_label_image(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="do not overlap"):
        twophoton.save_roi_labels(twophoton.make_roi_set(np.ones((2, 3, 3))), tmp_path / "rois.tif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 5), np.uint8), "a region at least"),
        (np.full((4, 5), 0.5, np.float32), "whole numbers"),
        (np.full((4, 5), -1, np.int16), "whole numbers from 0 on"),
        (np.ones((3, 4, 5), np.uint8), "one plane of labels, found shape"),
        (np.ones((4, 6), np.uint8), r"a frame of \(4, 5\), found \(4, 6\)"),
    ],
)
def test_what_is_no_label_image_names_the_file(tmp_path: Path, image: Any, message: str) -> None:
    tifffile.imwrite(tmp_path / "cells.tif", image, photometric="minisblack")
    with pytest.raises(FormatError, match=rf"cells\.tif: .*{message}"):
        twophoton.load_roi_labels(tmp_path / "cells.tif", shape=(4, 5))


def test_a_damaged_label_image_names_the_file(tmp_path: Path) -> None:
    path = twophoton.save_roi_labels(twophoton.grid_roi_set((64, 64), grid_size_pixels=3), tmp_path / "cells.tif")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(FormatError, match=r"cells\.tif"):
        twophoton.load_roi_labels(path)


def suite2p_folder(folder: Path, **changes: Any) -> list[dict[str, Any]]:
    """What the documentation of Suite2p describes: a dict for each region, and whether it is a cell."""
    random = np.random.default_rng(3)
    stat = []
    for number in range(4):
        rows, columns = np.nonzero(random.random(SHAPE) < 0.1)
        region = {
            "ypix": rows.astype(np.int32),
            "xpix": columns.astype(np.int32),
            "lam": random.random(len(rows)).astype(np.float32),
            "med": [int(rows[0]), int(columns[0])],
            "npix": len(rows),
            "footprint": np.float32(1.5),
            "skew": np.float64(2.0),
            "overlap": random.random(len(rows)) < 0.5,
        }
        stat.append(region | (changes if number == 1 else {}))
    np.save(folder / "stat.npy", np.array(stat, dtype=object))
    np.save(folder / "iscell.npy", np.array([[1, 0.9], [1, 0.6], [0, 0.2], [1, 0.7]]))
    np.save(folder / "ops.npy", np.array({"Ly": SHAPE[0], "Lx": np.int64(SHAPE[1]), "meanImg": np.zeros(SHAPE)}))
    return stat


def expected_masks(stat: list[dict[str, Any]]) -> Any:
    masks = np.zeros((len(stat), *SHAPE), bool)
    for mask, region in zip(masks, stat, strict=True):
        for row, column in zip(region["ypix"], region["xpix"], strict=True):
            mask[row, column] = True
    return masks


def test_cells_of_suite2p(tmp_path: Path) -> None:
    stat = suite2p_folder(tmp_path)
    cells = twophoton.load_suite2p_rois(tmp_path)
    assert cells.labels == ("suite2p_0000", "suite2p_0001", "suite2p_0003")
    np.testing.assert_array_equal(cells.masks, expected_masks(stat)[[0, 1, 3]])
    (tmp_path / "iscell.npy").unlink()
    (tmp_path / "ops.npy").unlink()
    every = twophoton.load_suite2p_rois(tmp_path, shape=SHAPE, cells_only=False)
    np.testing.assert_array_equal(every.masks, expected_masks(stat))


@pytest.mark.parametrize(
    ("name", "advice"), [("stat.npy", "found none$"), ("ops.npy", "give `shape`"), ("iscell.npy", "cells_only=False")]
)
def test_missing_and_damaged_files_of_suite2p(tmp_path: Path, name: str, advice: str) -> None:
    suite2p_folder(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(FormatError, match=name):
        twophoton.load_suite2p_rois(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name}: .*{advice}"):
        twophoton.load_suite2p_rois(tmp_path)


class Calls:
    """Unpickles to the result of a call."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("name", ["stat.npy", "ops.npy", "iscell.npy"])
def test_code_in_files_of_suite2p_is_refused_and_not_run(tmp_path: Path, name: str) -> None:
    suite2p_folder(tmp_path)
    trap = tmp_path / "trap"
    np.save(tmp_path / name, np.array([{"ypix": Calls(trap)}] * 4, dtype=object))
    with pytest.raises(FormatError, match=name):
        twophoton.load_suite2p_rois(tmp_path)
    assert not trap.exists()
    np.load(tmp_path / name, allow_pickle=True)
    assert trap.exists(), "the file of this test does no harm"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ypix": np.array([SHAPE[0]]), "xpix": np.array([0])}, "region 1: expected ypix from 0 to 11, found 12 to 12"),
        ({"ypix": np.array([0]), "xpix": np.array([-1])}, "region 1: expected xpix from 0 to 16, found -1 to -1"),
        ({"ypix": np.array([0, 1]), "xpix": np.array([1])}, "as many whole numbers in ypix as in xpix"),
        ({"ypix": np.array([0.5]), "xpix": np.array([0.5])}, "as many whole numbers"),
        ({"ypix": np.array([], int), "xpix": np.array([], int)}, "as many whole numbers"),
    ],
)
def test_regions_of_suite2p_that_do_not_fit(tmp_path: Path, changes: Any, message: str) -> None:
    suite2p_folder(tmp_path, **changes)
    with pytest.raises(FormatError, match=rf"stat\.npy: {message}|stat\.npy: region 1: .*{message}"):
        twophoton.load_suite2p_rois(tmp_path)


def test_parts_of_suite2p_that_do_not_fit_each_other(tmp_path: Path) -> None:
    suite2p_folder(tmp_path)
    np.save(tmp_path / "iscell.npy", np.ones((3, 2)))
    with pytest.raises(FormatError, match=r"iscell\.npy: expected a row for each of 4 regions"):
        twophoton.load_suite2p_rois(tmp_path)
    np.save(tmp_path / "iscell.npy", np.zeros((4, 2)))
    with pytest.raises(FormatError, match="expected a cell at least"):
        twophoton.load_suite2p_rois(tmp_path)
    np.save(tmp_path / "ops.npy", np.array({"Ly": 0, "Lx": 5}))
    with pytest.raises(FormatError, match=r"ops\.npy: expected positive lengths Ly and Lx, found 0 and 5"):
        twophoton.load_suite2p_rois(tmp_path)
    np.save(tmp_path / "stat.npy", np.array([1, "no dict"], dtype=object))
    with pytest.raises(FormatError, match=r"stat\.npy: expected a row of dicts"):
        twophoton.load_suite2p_rois(tmp_path)
    (tmp_path / "stat.npy").write_bytes(pickle.dumps({"Ly": 3}))
    with pytest.raises(FormatError, match=r"stat\.npy: expected a row of dicts"):
        twophoton.load_suite2p_rois(tmp_path)


def test_outlines_of_regions_that_overlap_are_kept_with_their_responses(tmp_path: Path) -> None:
    masks = np.zeros((3, 12, 15), bool)
    masks[0, 2:6, 3:9] = masks[1, 4:9, 5:12] = True
    rois = twophoton.RoiSet(masks, ("a", "b", "none"))
    rows = [
        RegionResponse(number + 1, label, 0, 0, peak, "", np.nan, ())
        for number, (label, peak) in enumerate(zip(rois.labels, (0.5, np.nan, 1.0), strict=True))
    ]
    features = json.loads(twophoton.save_roi_geojson(rois, tmp_path / "r.geojson", rows).read_text())["features"]
    assert [feature["properties"]["name"] for feature in features] == ["a", "b"]
    assert features[0]["properties"]["measurements"] == {"Area px^2": 24.0, "peak dF/F": 0.5}
    assert features[1]["properties"]["measurements"] == {"Area px^2": 35.0}
    assert features[1]["geometry"]["coordinates"] == [[[5, 4], [12, 4], [12, 9], [5, 9], [5, 4]]]
    with pytest.raises(ValueError, match="expected 3 rows"):
        twophoton.save_roi_geojson(rois, tmp_path / "r.geojson", rows[:2])
