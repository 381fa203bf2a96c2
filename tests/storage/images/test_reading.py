"""One door for images: what comes back is what tifffile, zarr and mrcfile's layout hold."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import pytest
import tifffile
import zarr
from numcodecs import Blosc
from numpy.typing import NDArray
from zarr.codecs import BloscCodec

from lumentrace import FormatError
from lumentrace.base.limits import LimitsError
from lumentrace.storage import open_image, write_image
from lumentrace.storage.images import zarr_claims

PIXELS = np.random.default_rng(1).integers(0, 60000, (2, 3, 4, 150, 130), dtype=np.uint16)
NAMES = ("dna", "actin", "tubulin")


def ome_tiff(path: Path, **options: Any) -> Path:
    metadata = {
        "axes": "TCZYX",
        "Channel": {"Name": list(NAMES), "Color": [-16776961, 16711935, 65535]},
        "PhysicalSizeX": 200.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.2,
        "PhysicalSizeZ": 1.5,
        "TimeIncrement": 500.0,
        "TimeIncrementUnit": "ms",
    }
    tifffile.imwrite(path, PIXELS, ome=True, photometric="minisblack", metadata=metadata, **options)
    return path


@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "tile": (64, 64)}, {"byteorder": ">"}])
def test_an_ome_tiff_says_axes_channels_sizes_and_times(tmp_path: Path, options: dict[str, Any]) -> None:
    with open_image(ome_tiff(tmp_path / "a.ome.tif", **options)) as image:
        assert (image.axes, image.shape, image.dtype) == ("TCZYX", PIXELS.shape, np.uint16)
        assert image.channel_names == NAMES
        assert image.colours == ("#ff0000", "#00ff00", "#0000ff")
        assert image.spacing == {"X": 0.2, "Y": 0.2, "Z": 1.5}
        assert image.times == (0.0, 0.5)
        np.testing.assert_array_equal(image.read(), PIXELS)
        np.testing.assert_array_equal(image.read(T=1, Y=slice(60, 70)), PIXELS[1, :, :, 60:70])


def test_parts_of_parts_are_those_of_the_array() -> None:
    image = open_image(PIXELS, axes="TCZYX", channels=NAMES)
    part = image.channel("actin").select(T=1, Y=slice(20, 90)).select(Y=slice(5, -10), Z=-1)
    assert (part.axes, part.shape, part.channel_names) == ("YX", (55, 130), ("actin",))
    np.testing.assert_array_equal(part.read(), PIXELS[1, 1, -1, 25:80])
    np.testing.assert_array_equal(part[3:7, 100], PIXELS[1, 1, -1, 28:32, 100])
    np.testing.assert_array_equal(np.asarray(part), PIXELS[1, 1, -1, 25:80])


@pytest.mark.parametrize("most", [1, 5_000, 70_000, 10**9])
def test_blocks_make_up_the_image(most: int) -> None:
    image = open_image(dask.array.from_array(PIXELS, chunks=(1, 2, 1, 64, 50)), axes="TCZYX")
    found = np.zeros_like(PIXELS)
    for part, pixels in image.blocks(most):
        assert pixels.nbytes <= max(most, 2 * 64 * 50 * 2)
        found[tuple(part[axis] for axis in image.axes)] += pixels
    np.testing.assert_array_equal(found, PIXELS)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (lambda image: image.select(Q=1), "axes among CYX, found Q"),
        (lambda image: image.select(C=3), "C from 0 to 2, found 3"),
        (lambda image: image.select(Y=slice(4, 4)), "some of 0 to 4"),
        (lambda image: image.select(Y=slice(0, 4, 2)), "steps of 1"),
        (lambda image: image.channel("c9"), "one of a, b, b or 0 to 2, found 'c9'"),
        (lambda image: image.channel("b"), "one of a, b, b"),
        (lambda image: image.channel(0).channel(0), "found axes YX"),
        (lambda image: image.level(1), "0 to 0, found 1"),
    ],
)
def test_what_is_not_there_is_refused(wanted: Any, message: str) -> None:
    image = open_image(np.zeros((3, 5, 6)), axes="CYX", channels=("a", "b", "b"))
    with pytest.raises(ValueError, match=message):
        wanted(image)


@pytest.mark.parametrize("axes", [None, "ZY", "YYX", "!YX"])
def test_axes_of_arrays_are_never_guessed(axes: str | None) -> None:
    with pytest.raises(ValueError, match="`axes`: expected a letter"):
        open_image(np.zeros((3, 5, 6)), axes=axes)


def test_axes_and_names_take_the_place_of_those_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((3, 20, 30), np.uint8), photometric="minisblack")
    with open_image(path) as image:
        assert image.channel_axis is None
    with open_image(path, axes="CYX", channels=NAMES) as image:
        assert image.channel("tubulin").shape == (20, 30)
    with pytest.raises(ValueError, match=r"`axes`: expected 3 letters for .*a\.tif"):
        open_image(path, axes="YX")
    with pytest.raises(ValueError, match=r"`channels`: expected 3 names for .*a\.tif"):
        open_image(path, axes="CYX", channels=("x",))


def mrc(path: Path, pixels: NDArray[Any], mode: int, order: str = "<") -> Path:
    """An MRC file by the layout of Cheng et al. (2015): 2 nm along X, 3 nm along Y and Z."""
    sections, rows, columns = pixels.shape
    header = bytearray(1024)
    struct.pack_into(f"{order}4i", header, 0, columns, rows, sections, mode)
    struct.pack_into(f"{order}3i", header, 28, columns, rows, sections)
    struct.pack_into(f"{order}3f", header, 40, 20.0 * columns, 30.0 * rows, 30.0 * sections)
    struct.pack_into(f"{order}i", header, 92, 80)
    header[208:216] = b"MAP " + (b"\x44\x44\0\0" if order == "<" else b"\x11\x11\0\0")
    path.write_bytes(bytes(header) + bytes(80) + pixels.astype(pixels.dtype.newbyteorder(order)).tobytes())
    return path


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("mode", "dtype"), [(0, "i1"), (1, "i2"), (2, "f4"), (6, "u2"), (12, "f2")])
def test_mrc_files_are_read_as_their_layout_says(tmp_path: Path, order: str, mode: int, dtype: str) -> None:
    pixels = (np.arange(2 * 3 * 4) % 100).reshape(2, 3, 4).astype(dtype)
    with open_image(mrc(tmp_path / "a.mrc", pixels, mode, order)) as image:
        assert (image.axes, image.dtype) == ("ZYX", np.dtype(dtype))
        assert image.spacing == pytest.approx({"X": 0.002, "Y": 0.003, "Z": 0.003})
        np.testing.assert_array_equal(image.read(Z=1), pixels[1])


def test_damaged_mrc_files_are_refused(tmp_path: Path) -> None:
    path = mrc(tmp_path / "a.mrc", np.zeros((2, 3, 4), "f4"), 2)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError, match=r"a\.mrc"):
            open_image(path)
    path.write_bytes(struct.pack("<4i", 2**31 - 1, 2**31 - 1, 2**31 - 1, 2) + content[16:])
    with pytest.raises(FormatError, match="cut off"):
        open_image(path)
    path.write_bytes(struct.pack("<4i", 4, 3, 2, 4) + content[16:])
    with pytest.raises(FormatError, match="mode 4"):
        open_image(path)


def test_slides_say_their_size_of_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.svs"
    note = "Aperio Image Library v1.0.0\n64x48 (16x16) JPEG/RGB Q=70|AppMag = 20|MPP = 0.4990"
    tifffile.imwrite(
        path, np.zeros((48, 64, 3), np.uint8), tile=(16, 16), compression="jpeg", description=note, metadata=None
    )
    with open_image(path) as image:
        assert (image.axes, image.spacing) == ("YXS", {"X": 0.499, "Y": 0.499})
        assert image.channel("green").shape == (48, 64)


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(FormatError, match=r"a\.png: expected an image in TIFF, OME-Zarr, MRC"):
        open_image(path)
    with pytest.raises(FileNotFoundError, match=r"b\.tif"):
        open_image(tmp_path / "b.tif")
    with pytest.raises(FormatError, match="a folder that is no OME-Zarr"):
        open_image(tmp_path)


def test_plates_say_which_fields_to_open(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "plate.zarr", mode="w")
    group.attrs["ome"] = {"version": "0.5", "plate": {"wells": [{"path": "B/3"}]}}
    with pytest.raises(FormatError, match="open one of its fields, such as B/3/0"):
        open_image(tmp_path / "plate.zarr")


def spoilt(group: zarr.Group, change: Any) -> None:
    stated = group.attrs.asdict()
    change(stated["ome"])
    group.attrs.update(stated)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ome: ome["multiscales"][0]["datasets"][0].update(path="../other"), "inside of the folder"),
        (lambda ome: ome["multiscales"][0]["datasets"][0].update(path="7"), "the array '7', found none"),
        (lambda ome: ome["multiscales"][0].update(axes=[{"name": "x"}] * 3), "axes among t, c, z, y and x"),
        (lambda ome: ome["multiscales"][0].update(axes=[{"name": "y"}, {"name": "x"}]), "along YX, found uint8"),
        (lambda ome: ome.update(version="0.1"), "version 0.4 or 0.5, found '0.1'"),
        (lambda ome: ome.pop("multiscales"), "'multiscales', found attributes"),
        (lambda ome: ome["multiscales"][0].pop("datasets"), "damaged folder"),
    ],
)
def test_zarr_groups_that_do_not_fit_together_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    path = write_image(tmp_path / "a.zarr", np.zeros((2, 20, 30), np.uint8), axes="CYX")
    spoilt(zarr.open_group(path), change)
    with pytest.raises(FormatError, match=rf"a\.zarr: .*{message}"):
        open_image(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"filters": null', '"filters": [{"id": "base64"}]', "expected array '0' to be compressed by .*found 'base64'"),
        ('"dtype": "|u1"', '"dtype": "|O", "object_codec_id": "pickle"', "expected (real numbers|an OME-Zarr)"),
    ],
)
def test_codecs_that_could_run_what_the_file_says_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write_image(tmp_path / "a.zarr", np.zeros((20, 30), np.uint8), version="0.4")
    document = path / "0" / ".zarray"
    text = document.read_text()
    assert old in text
    document.write_text(text.replace(old, new))
    with pytest.raises(FormatError, match=rf"a\.zarr: {message}"):
        open_image(path)


def test_chunks_beyond_the_limit_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.zarr", np.zeros((20, 30), np.uint8), version="0.4")
    document = path / "0" / ".zarray"
    huge = document.read_text().replace("20", str(2**40)).replace("30", str(2**20))
    document.write_text(huge)
    with pytest.raises(FormatError, match=r"chunks of at most 1,073,741,824 bytes \(the limit\)"):
        open_image(path)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_chunks_that_are_missing_are_counted(tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_image(tmp_path / "a.zarr", np.ones((12, 16), np.uint8), version=version)
    document = path / "0" / (".zarray" if version == "0.4" else "zarr.json")
    described = json.loads(document.read_text())

    def claim(rows: int) -> None:
        document.write_text(json.dumps({**described, "shape": [rows, 16]}))

    claim(12 * 1000)
    with open_image(path) as image:
        assert image.read().sum() == 12 * 16
        monkeypatch.setattr(zarr_claims, "MOST_EMPTY", 9999)
        assert sum(int(pixels.sum()) for _, pixels in image.blocks(9000)) == 12 * 16
        with pytest.raises(FormatError, match=r"a\.zarr.0: .* read 192,000 bytes at once, of which 9,999"):
            image.read()
    claim(3_000_000_000)
    with pytest.raises(FormatError, match=r"a\.zarr.0: expected 250,000,000 chunks, of which 65,536 .* may be missing"):
        open_image(path)


def test_an_image_of_too_many_frames_or_copies(tmp_path: Path) -> None:
    film = write_image(tmp_path / "a.zarr", np.ones((2, 4, 4), np.uint8), axes="TYX", times=(0.0, 0.5), version="0.4")
    document = film / "0" / ".zarray"
    described = json.loads(document.read_text())
    document.write_text(json.dumps(described | {"shape": [2**21, 4, 4], "chunks": [2**21, 4, 4]}))
    with pytest.raises(FormatError, match=r"a\.zarr: expected at most 1,048,576 frames with times \(the limit\)"):
        open_image(film)
    attributes = film / ".zattrs"
    stated = json.loads(attributes.read_text())
    stated["multiscales"][0]["datasets"] *= 100
    attributes.write_text(json.dumps(stated))
    with pytest.raises(FormatError, match=r"a\.zarr: expected at most 64 copies \(the limit\), found \d00"):
        open_image(film)


def test_a_damaged_chunk_leaves_no_others_behind(tmp_path: Path) -> None:
    """They would be told at the end of the process, each of them."""
    path = write_image(tmp_path / "a.zarr", np.ones((32, 32), np.uint8), version="0.5")
    codec = BloscCodec()
    zarr.create_array(path / "0", data=np.ones((32, 32), np.uint8), chunks=(2, 2), compressors=codec, overwrite=True)
    (path / "0" / "c" / "0" / "1").write_bytes(b"no chunk")
    program = f"from lumentrace.storage import open_image; open_image({str(path)!r}).read()"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert "FormatError" in done.stderr.splitlines()[-1]
    assert "pending" not in done.stderr
    assert "no running event loop" not in done.stderr


def test_a_film_of_zeros_that_we_wrote_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However well they are compressed: chunks of zeros are stored too."""
    for name in ("MOST_MISSING", "SPARSE", "MOST_EMPTY"):
        monkeypatch.setattr(zarr_claims, name, 1)
    for version in ("0.4", "0.5"):
        path = write_image(tmp_path / f"{version}.zarr", np.zeros((9, 64, 64), np.uint8), axes="TYX", version=version)
        with open_image(path) as image:
            assert not image.read().any()


@pytest.mark.parametrize("step", [float("nan"), float("inf"), 1e308])
def test_times_of_frames_are_numbers(tmp_path: Path, step: float) -> None:
    path = write_image(tmp_path / "a.zarr", np.ones((3, 4, 4)), axes="TYX", times=(0.0, 0.5, 1.0), version="0.4")
    attributes = path / ".zattrs"
    stated = json.loads(attributes.read_text())
    stated["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]["scale"][0] = step
    attributes.write_text(json.dumps(stated))
    with pytest.raises(FormatError, match=r"a\.zarr: expected times of frames that are numbers"):
        open_image(path)


def test_a_limit_that_is_none_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_image(tmp_path / "a.zarr", np.ones((4, 4)))
    monkeypatch.setenv("LUMENTRACE_LIMITS", "many")
    with pytest.raises(LimitsError, match=r"^LUMENTRACE_LIMITS: expected a number from 1 on, found 'many'$"):
        open_image(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals of POSIX")
@pytest.mark.parametrize("beside", [False, True])
def test_a_read_is_interrupted(tmp_path: Path, beside: bool) -> None:
    """In a loop too, as in Jupyter: the other chunks are not read, neither before the error nor after it."""
    path = write_image(tmp_path / "a.zarr", np.ones((4, 4), np.uint8), version="0.5")
    zarr.create_array(path / "0", shape=(100, 100), dtype="u1", chunks=(1, 1), overwrite=True)
    program = f"""
import asyncio, os, signal, time
from lumentrace.storage import open_image
from lumentrace.storage.images.zarr_store import OwnFiles
image, get, count = open_image({str(path)!r}), OwnFiles.get, 0
async def counted(*arguments, **named):
    global count
    count += 1
    if count == 100:
        os.kill(os.getpid(), signal.SIGINT)
    return await get(*arguments, **named)
async def read():
    image.read()
OwnFiles.get = counted
try:
    {"asyncio.new_event_loop().run_until_complete(read())" if beside else "image.read()"}
except KeyboardInterrupt:
    print(count)
time.sleep(0.2)
print(count)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.stderr == ""
    stopped, later = map(int, done.stdout.split())
    assert 100 <= stopped == later < 5000


def test_an_image_is_read_beside_a_loop(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.zarr", np.ones((20, 30), np.uint8))

    async def read() -> int:
        return int(open_image(path).read().sum())

    assert asyncio.run(read()) == 600


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes of POSIX")
def test_chunks_are_files_of_the_folder(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.zarr", PIXELS[0, 0, 0])
    chunk = path / "0" / "c" / "0" / "0"
    chunk.rename(tmp_path / "secret")
    chunk.symlink_to(tmp_path / "secret")
    with open_image(path) as image, pytest.raises(FormatError, match=r"found a link to .*secret"):
        image.read()
    chunk.unlink()
    os.mkfifo(chunk)
    with open_image(path) as image, pytest.raises(FormatError, match="found a folder, pipe or device"):
        image.read()


COMPRESSORS: dict[str, tuple[str, Any, Any]] = {
    "ours": ("0.5", None, None),
    "ours 0.4": ("0.4", None, None),
    "Blosc": ("0.5", BloscCodec(cname="lz4"), None),
    "Blosc 0.4": ("0.4", Blosc(cname="lz4"), None),
    "shards": ("0.5", BloscCodec(cname="lz4"), (64, 64)),
}


@pytest.mark.parametrize("name", COMPRESSORS)
def test_chunks_cut_off_anywhere_are_errors_that_name_the_image(tmp_path: Path, name: str) -> None:
    version, compressor, shards = COMPRESSORS[name]
    pixels = PIXELS[0, 0, 0, :32, :32] // 256 * 256
    path = write_image(tmp_path / "a.zarr", pixels, version=version)
    if compressor is not None:
        group = zarr.open_group(path)
        del group["0"]
        options = {"chunks": (32, 32), "shards": shards, "dtype": "u2", "compressors": compressor}
        group.create_array("0", shape=pixels.shape, **options)[:] = pixels
    with open_image(path) as image:
        np.testing.assert_array_equal(image.read(), pixels)
    (chunk,) = (each for each in (path / "0").rglob("*") if each.is_file() and "z" not in each.name)
    content = chunk.read_bytes()
    # Zarr takes a shard of no bytes for one that was never written.
    for length in {*range(1, 40), *range(40, len(content), 97), len(content) - 1}:
        chunk.write_bytes(content[:length])
        with open_image(path) as image, pytest.raises(FormatError, match=r"a\.zarr: expected an OME-Zarr image"):
            image.read()


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_changed_bits_of_our_chunks_are_found(tmp_path: Path, version: Any) -> None:
    path = write_image(tmp_path / "a.zarr", PIXELS[0, 0, 0, :40, :40], version=version)
    (chunk,) = (each for each in (path / "0").rglob("*") if each.is_file() and "z" not in each.name)
    content, random = chunk.read_bytes(), np.random.default_rng(7)
    refused = 0
    for place in random.integers(8 * len(content), size=60):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        chunk.write_bytes(changed)
        with open_image(path) as image:
            try:
                found = image.read()
            except FormatError:
                refused += 1
            else:
                np.testing.assert_array_equal(found, PIXELS[0, 0, 0, :40, :40])
    assert refused > 50


def test_smaller_copies_of_a_tiff_file_are_levels(tmp_path: Path) -> None:
    pixels = np.repeat(np.repeat(np.arange(2 * 550 * 20, dtype="uint32").reshape(2, 550, 20), 4, 1), 4, 2)
    with open_image(write_image(tmp_path / "large.ome.tif", pixels, axes="CYX", spacing={"X": 0.5})) as image:
        np.testing.assert_array_equal(image.read(C=1, Y=slice(1000, 1010)), pixels[1, 1000:1010])
        small = image.level(1)
        assert (small.spacing, small.shape) == ({"X": 2.0}, (2, 550, 20))
        np.testing.assert_array_equal(small.read(), pixels[:, ::4, ::4])


def test_a_page_that_says_nothing_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\x00\x08\x00\x00\x00" + bytes(300))
    with pytest.raises(FormatError, match=r"a\.tif: expected an image of rows and columns, found one of shape \(\)"):
        open_image(path)
