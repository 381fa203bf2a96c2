"""Images out: what tifffile, zarr and the validators of OME-Zarr find is what was written."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
import zarr

from lumentrace.storage import open_image, write_image
from lumentrace.storage.images import zarr_writer

PIXELS = np.random.default_rng(2).integers(0, 60000, (2, 3, 600, 700), dtype=np.uint16)
KNOWN: dict[str, Any] = {
    "axes": "TCYX",
    "channels": ("dna", 'act"in<&', "tubulin"),
    "colours": ("#ff0000", "#00ff00", "#0000ff"),
    "spacing": {"X": 0.25, "Y": 0.5},
    "times": (0.0, 2.5),
}
FILES = [("a.ome.tif", "0.5"), ("a.zarr", "0.5"), ("a.ome.zarr", "0.4")]


@pytest.mark.parametrize(("name", "version"), FILES)
def test_round_trips_are_equal(tmp_path: Path, name: str, version: Any) -> None:
    with open_image(write_image(tmp_path / name, PIXELS, version=version, **KNOWN)) as image:
        np.testing.assert_array_equal(image.read(), PIXELS)
        assert (image.axes, image.channel_names, image.colours) == ("TCYX", KNOWN["channels"], KNOWN["colours"])
        assert (image.spacing, image.times) == ({"Y": 0.5, "X": 0.25}, KNOWN["times"])
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("name", ["a.tif", "a.zarr"])
def test_pixels_keep_their_type(tmp_path: Path, name: str, dtype: str) -> None:
    pixels = (np.random.default_rng(3).standard_normal((30, 40)) * 50).astype(dtype)
    with open_image(write_image(tmp_path / name, pixels)) as image:
        assert image.dtype == dtype
        np.testing.assert_array_equal(image.read(), pixels)


def test_tifffile_reads_our_ome_tiff(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.ome.tif", PIXELS, **KNOWN)
    with tifffile.TiffFile(path) as file:
        assert (file.is_ome, file.series[0].axes, len(file.pages)) == (True, "TCYX", 6)
        np.testing.assert_array_equal(file.asarray(), PIXELS)
        ElementTree.fromstring(file.ome_metadata or "")


def test_each_plane_of_a_large_tiff_has_smaller_copies(tmp_path: Path) -> None:
    pixels = np.random.default_rng(4).integers(0, 255, (2, 2304, 300), dtype=np.uint8)
    with tifffile.TiffFile(write_image(tmp_path / "a.tif", pixels, axes="CYX")) as file:
        levels = file.series[0].levels
        assert [level.shape for level in levels] == [(2, 2304, 300), (2, 576, 75)]
        means = pixels[:, :, :300].reshape(2, 576, 4, 75, 4).mean(axis=(2, 4))
        assert np.abs(levels[1].asarray() - means).max() <= 0.5
        np.testing.assert_array_equal(levels[0].asarray(), pixels)


@pytest.mark.parametrize("labels", [False, True])
def test_smaller_copies_are_means_or_labels(tmp_path: Path, labels: bool) -> None:
    path = write_image(tmp_path / "a.zarr", PIXELS, labels=labels, **KNOWN)
    with open_image(path) as image:
        small = image.level(1)
        assert (small.shape, small.spacing) == ((2, 3, 300, 350), {"Y": 1.0, "X": 0.5})
        means = PIXELS.reshape(2, 3, 300, 2, 350, 2).mean(axis=(3, 5))
        wanted = PIXELS[..., ::2, ::2] if labels else means
        assert np.abs(small.read() - wanted).max() <= (0 if labels else 0.5)


def test_colours_are_written_as_channels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(5).integers(0, 255, (50, 60, 3), dtype=np.uint8)
    for name in ("a.tif", "a.zarr"):
        with open_image(write_image(tmp_path / name, pixels, axes="YXS")) as image:
            assert image.axes == "CYX"
            np.testing.assert_array_equal(image.read(), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_outside_validators_accept_our_ome_zarr(tmp_path: Path, version: Any) -> None:
    models = pytest.importorskip("ome_zarr_models", reason="needs ome-zarr-models to judge")
    path = write_image(tmp_path / "a.zarr", PIXELS, version=version, **KNOWN)
    found = models.open_ome_zarr(zarr.open_group(path, mode="r"))
    assert (type(found).__name__, found.ome_zarr_version) == ("Image", version)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_bioio_opens_our_ome_zarr(tmp_path: Path, version: Any) -> None:
    bioio = pytest.importorskip("bioio", reason="needs bioio to judge")
    pytest.importorskip("bioio_ome_zarr", reason="needs bioio-ome-zarr to judge")
    found = bioio.BioImage(write_image(tmp_path / "a.zarr", PIXELS, version=version, **KNOWN))
    np.testing.assert_array_equal(found.get_image_data("TCYX", Z=0), PIXELS)
    assert tuple(found.channel_names) == KNOWN["channels"]
    assert (found.physical_pixel_sizes.X, found.physical_pixel_sizes.Y) == (0.25, 0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"axes": "QCYX"}, "axes among TCZ"),
        ({"channels": ("a",)}, "`channels`: expected 3"),
        ({"colours": ("#000000",)}, "`colours`: expected 3, found 1"),
        ({"times": (1.0,)}, "`times`: expected 2, found 1"),
        ({"spacing": {"X": 0.0}}, "`spacing`: expected micrometres above 0"),
        ({"spacing": {"C": 1.0}}, "along C"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_image(tmp_path / "a.zarr", PIXELS, **{**KNOWN, **change})
    assert not list(tmp_path.iterdir())


def test_names_types_and_versions_that_are_not_known_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends with \.tif, \.tiff or \.zarr, found 'a\.png'"):
        write_image(tmp_path / "a.png", PIXELS[0, 0])
    with pytest.raises(ValueError, match="found int64"):
        write_image(tmp_path / "a.tif", PIXELS[0, 0].astype(np.int64))
    with pytest.raises(ValueError, match="`version`"):
        write_image(tmp_path / "a.zarr", PIXELS[0, 0], version="1.0")  # type: ignore[arg-type]  # refused
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "kept").write_text("x")
    with pytest.raises(FileExistsError, match="expected an OME-Zarr to replace"):
        write_image(tmp_path / "a.zarr", PIXELS[0, 0])


@pytest.mark.parametrize("at_once", [True, False])
def test_a_zarr_takes_the_place_of_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:  # as on systems that cannot let folders change places
        monkeypatch.setattr(zarr_writer, "exchange", lambda *_: False)
    path = write_image(tmp_path / "a.zarr", PIXELS[0, 0])
    write_image(path, PIXELS[1, 1, :90])
    with open_image(path) as image:
        np.testing.assert_array_equal(image.read(), PIXELS[1, 1, :90])
    assert [place.name for place in tmp_path.iterdir()] == ["a.zarr"]


class Breaking:
    """Pixels of which the later ones cannot be read."""

    shape, dtype = (40, 1000, 1000), np.dtype(np.uint16)

    def __getitem__(self, place: tuple[Any, ...]) -> Any:
        first = place[0].start if isinstance(place[0], slice) else place[0]
        if first:
            raise OSError("broken")
        return np.zeros([part.stop - part.start for part in place if isinstance(part, slice)], self.dtype)


@pytest.mark.parametrize("name", ["a.tif", "a.zarr"])
def test_an_image_that_fails_midway_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="broken"):
        write_image(tmp_path / name, Breaking(), axes="ZYX")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing_behind_while_other_chunks_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from zarr.storage import LocalStore

    set_ = LocalStore.set

    async def refused(self: Any, key: str, *given: Any, **named: Any) -> None:
        if "/c/0" in key:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if "/c/" in key:
            await asyncio.sleep(0.3)
        await set_(self, key, *given, **named)

    monkeypatch.setattr(LocalStore, "set", refused)
    with pytest.raises(OSError, match=r"No space left on device: .*cells\.ome\.zarr") as caught:
        write_image(tmp_path / "cells.ome.zarr", np.ones((3, 8, 9), "uint16"), axes="CYX")
    assert caught.value.errno == errno.ENOSPC
    time.sleep(0.5)
    assert list(tmp_path.iterdir()) == []
