"""Images through the door: the same pixels from OME-Zarr and OME-TIFF by name, and their size in what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lumentrace import FormatError, stain
from lumentrace.stain.run import RawPair, Settings, run
from lumentrace.storage import open_image, write_image

SPACING = {"X": 0.325, "Y": 0.325}


@pytest.fixture(scope="module")
def pair() -> stain.Pair:
    return stain.simulate(size=192, seed=5)


def test_a_channel_is_read_by_its_name(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 900, (2, 70, 80)).astype("uint16")
    for name in ("a.ome.zarr", "a.ome.tif"):
        path = write_image(tmp_path / name, pixels, axes="CYX", channels=("dna", "actin"))
        found = stain.read_raw(path, "actin")
        np.testing.assert_array_equal(found.pixels, pixels[1])
        assert found.channels == ("actin",)
        with pytest.raises(ValueError, match="expected one of dna, actin"):
            stain.read_raw(path, "tubulin")
    with pytest.raises(ValueError, match=r"expected one of dna, actin of .*a\.ome.zarr, found none"):
        stain.read_raw(tmp_path / "a.ome.zarr")
    # A TIFF file without a name of a channel is read as ever: its first page.
    np.testing.assert_array_equal(stain.read_raw(tmp_path / "a.ome.tif").pixels, pixels[0])
    films = write_image(tmp_path / "film.ome.zarr", pixels, axes="TYX")
    with pytest.raises(FormatError, match="expected an image of rows and columns, found T 2, Y 70, X 80"):
        stain.read_raw(films)


def test_a_raw_folder_may_hold_zarr_and_results_have_the_size_of_pixels(tmp_path: Path, pair: stain.Pair) -> None:
    folder = tmp_path / "raw" / "S001"
    folder.mkdir(parents=True)
    write_image(folder / "S001_PostStain_SybrGld.ome.zarr", pair.post, spacing=SPACING)
    write_image(folder / "S001_PreStain_SybrGld.ome.zarr", pair.pre, spacing={"X": 0.5, "Y": 0.5})
    found = RawPair.find("S001", "SybrGld", tmp_path / "raw")
    assert stain.diagnose_raw_layout(tmp_path / "raw")["ok"]
    outcome = run(found, Settings(), run_dir=tmp_path / "out")
    arrays = run((pair.post, pair.pre), Settings())
    np.testing.assert_array_equal(outcome.image("difference"), arrays.image("difference"))
    sizes = {}
    for name, path in outcome.images.items():
        with open_image(path) as image:
            sizes[name] = image.spacing
            assert image.channel_names == ("SybrGld",)
    assert sizes.pop("pre") == {"X": 0.5, "Y": 0.5}
    assert set(map(str, sizes.values())) == {str(SPACING)}
    assert "µm" in outcome.place(outcome.folder, "report", ".html").read_text("utf-8")


def test_another_channel_is_another_input(tmp_path: Path, pair: stain.Pair) -> None:
    both = [np.stack([image, image // 2]) for image in (pair.post, pair.pre)]
    names = [tmp_path / "S_post_a.ome.zarr", tmp_path / "S_pre_a.ome.zarr"]
    for path, pixels in zip(names, both, strict=True):
        write_image(path, pixels, axes="CYX", channels=("dna", "actin"))
    pairs = [RawPair.of(names[0], names[1], channel) for channel in ("dna", "actin")]
    assert pairs[0].hashes() != pairs[1].hashes()
    np.testing.assert_array_equal(pairs[1].images()[0], pair.post // 2)
    assert (pairs[0].dye, pairs[0].identity()["channel"]) == ("a", "dna")
