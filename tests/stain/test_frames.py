"""Every image that is written, every table and the report count positions on the same pixels."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile
from scipy import ndimage

from lumentrace import stain
from lumentrace.stain.run import Settings, run

SIZE = 256
PLACE = (90, 131)
"""Row and column of a spot that is planted."""


@pytest.fixture(scope="module")
def planted() -> stain.Pair:
    pair = stain.simulate(size=SIZE, angle=3, spots=0, seed=4)
    spot = np.zeros((SIZE, SIZE))
    spot[PLACE] = 2500
    np.clip(pair.post + ndimage.gaussian_filter(spot, 2), 0, 255, out=pair.post, casting="unsafe")
    return pair


@pytest.mark.parametrize("pad", [0, 30])
def test_a_planted_spot_is_where_the_table_says_in_every_image(planted: stain.Pair, tmp_path: Path, pad: int) -> None:
    outcome = run((planted.post, planted.pre), Settings(pad=pad), run_dir=tmp_path)
    suffix = f"_pad{pad}" if pad else ""
    table = pl.read_csv(tmp_path / "pipeline_output" / f"spots{suffix}.csv")
    assert table.equals(outcome.spots)
    spot = table.sort("intensity")[-1]
    assert (spot["y"][0], spot["x"][0]) == pytest.approx(np.add(PLACE, pad), abs=0.3)
    for name in ("04_difference_difference", "04_difference_significance"):
        image = tifffile.imread(tmp_path / "tiff" / f"{name}{suffix}.tiff")
        assert np.unravel_index(np.nanargmax(image), image.shape) == pytest.approx(np.add(PLACE, pad), abs=1)
    box = spot.row(0, named=True)
    inside = outcome.image("significance")[box["top"] : box["bottom"] + 1, box["left"] : box["right"] + 1]
    assert np.nanmax(inside) == pytest.approx(box["significance"])
    shapes = {tifffile.imread(path).shape for path in (tmp_path / "tiff").glob("*.tiff")}
    assert shapes == {(SIZE + 2 * pad, SIZE + 2 * pad)}
    report = (tmp_path / "pipeline_output" / f"report{suffix}.html").read_text()
    frames = set(re.findall(r"Frame: (.*?)\.", report))
    assert frames == set(table["frame"]) == {outcome.figures()["frame"]}
    assert (f"{pad} px" in frames.pop()) == (pad > 0)


def test_images_differ_in_size_and_each_has_its_own_frame(tmp_path: Path) -> None:
    large = stain.simulate(size=512, angle=1, shift=(0, 0), seed=3)
    post = np.ascontiguousarray(large.post[150:350, 120:380])
    outcome = run((post, large.pre), run_dir=tmp_path)
    shapes = {name: outcome.image(name).shape for name in outcome.images}
    assert shapes.pop("pre") == large.pre.shape
    assert set(shapes.values()) == {post.shape}
    np.testing.assert_array_equal(outcome.image("pre"), large.pre)
    with tifffile.TiffFile(outcome.images["pre"]) as file:
        assert '"frame": "pre-stain image"' in file.series[0].pages[0].description.replace("&quot;", '"')
    record = json.loads((tmp_path / "pipeline_output" / "registration.json").read_text())
    assert "without a border" in record["convention"]
    found = stain.Registration.from_dict(record)
    x, y = found.points(np.array([[100.0, 80.0]]))[0].round().astype(int)
    assert abs(float(large.pre[y, x]) - outcome.image("aligned")[80, 100]) < 8


def test_the_documented_face_keeps_its_border(planted: stain.Pair, tmp_path: Path) -> None:
    planted.save(tmp_path / "raw", "S", "D")
    job = stain.SampleDye("S", "D", tmp_path, tmp_path / "raw")
    assert job.params["pad"] == 2000
    job.run(to_stage=1)
    with tifffile.TiffFile(job.folder / "tiff" / "01_padded_post.tiff") as file:
        assert file.series[0].shape == (SIZE + 4000, SIZE + 4000)
