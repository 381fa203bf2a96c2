"""Chunks of Zarr are inflated to what they should be, and no further."""

from __future__ import annotations

import json
import lzma
import struct
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
from zarr.codecs import GzipCodec, ShardingCodec, ZstdCodec

from lumentrace import FormatError
from lumentrace.storage import open_image, write_image
from lumentrace.storage.images.zarr_inflate import inflated

CODECS: dict[str, Any] = {
    **{name: numcodecs.get_codec({"id": name}) for name in ("zlib", "gzip", "bz2", "lzma", "zstd", "lz4")},
    "older lzma": numcodecs.LZMA(format=lzma.FORMAT_ALONE),
}
BOMB = 40_000_000
"""Bytes: more than an allocator keeps, so that each of them would be taken anew."""
STATUS, PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")
PIXELS = np.random.default_rng(3).integers(0, 500, (2, 40, 50), dtype=np.uint16)


@pytest.mark.parametrize("name", CODECS)
def test_what_numcodecs_deflates(name: str) -> None:
    codec, content = CODECS[name], PIXELS.tobytes()
    chunk, settings = codec.encode(content), codec.get_config()
    assert inflated(settings["id"], chunk, len(content), settings) == content
    with pytest.raises(ValueError, match=r"(more than|at most) 7,999 bytes"):
        inflated(settings["id"], chunk, len(content) - 1, settings)
    for end in (0, 3, len(chunk) // 2):
        with pytest.raises(ValueError, match="a chunk"):
            inflated(settings["id"], chunk[:end], len(content), settings)


@pytest.mark.parametrize("name", ["gzip", "bz2", "lzma", "zstd"])
def test_streams_that_follow_each_other(name: str) -> None:
    codec = CODECS[name]
    chunk = codec.encode(b"a" * 1000) + codec.encode(b"b" * 500)
    assert inflated(name, chunk, 1500, codec.get_config()) == b"a" * 1000 + b"b" * 500
    with pytest.raises(ValueError, match="1,499 bytes"):
        inflated(name, chunk, 1499, codec.get_config())


@pytest.mark.parametrize("name", CODECS)
def test_images_of_zarr_2(tmp_path: Path, name: str) -> None:
    """As compressor, and as a filter before another one."""
    path = write_image(tmp_path / "a.zarr", PIXELS, axes="CYX", version="0.4")
    codec, about = CODECS[name], path / "0" / ".zarray"
    changed = json.loads(about.read_text())
    changed |= {"compressor": {"id": "zlib", "level": 1}, "filters": [codec.get_config()]}
    about.write_text(json.dumps(changed))
    for channel in range(2):
        chunk = numcodecs.Zlib().encode(codec.encode(PIXELS[channel].tobytes()))
        (path / "0" / str(channel) / "0" / "0").write_bytes(chunk)
    with open_image(path) as image:
        np.testing.assert_array_equal(image.read(), PIXELS)
    changed |= {"compressor": codec.get_config(), "filters": None}
    about.write_text(json.dumps(changed))
    bomb = codec.encode(bytes(BOMB))
    for channel in range(2):
        (path / "0" / str(channel) / "0" / "0").write_bytes(bomb)
    assert_refused(path)


@pytest.mark.parametrize("codec", [GzipCodec(), ZstdCodec()])
@pytest.mark.parametrize("sharded", [False, True])
def test_images_of_zarr_3(tmp_path: Path, codec: Any, sharded: bool) -> None:
    path = write_image(tmp_path / "a.zarr", PIXELS, axes="CYX", version="0.5")
    given: Any = {"shards": (1, 40, 50), "chunks": (1, 20, 25)} if sharded else {"chunks": (1, 40, 50)}
    array = zarr.create_array(path / "0", data=PIXELS, compressors=codec, overwrite=True, **given)
    assert any(isinstance(each, ShardingCodec) for each in array.metadata.codecs) == sharded
    with open_image(path) as image:
        np.testing.assert_array_equal(image.read(), PIXELS)
    bomb = numcodecs.get_codec({"id": type(codec).__name__.removesuffix("Codec").lower()}).encode(bytes(BOMB))
    (path / "0" / "c" / "0" / "0" / "0").write_bytes(shard_of(bomb, 4) if sharded else bomb)
    assert_refused(path)


def shard_of(chunk: bytes, times: int) -> bytes:
    """A shard, each of whose chunks is the same one."""
    index = numcodecs.CRC32C(location="end").encode(struct.pack("<QQ", 0, len(chunk)) * times)
    return chunk + bytes(index)


def assert_refused(path: Path) -> None:
    """By its name, before memory is taken.

    That is what the process holds at most, on Linux: tracemalloc lets Python 3.11 crash if it is stopped while threads
    allocate beside the interpreter, and Zarr's go on with other chunks.
    """
    counted = PEAK.exists()
    if counted:
        PEAK.write_text("5")  # it begins anew
    before = held_at_most() if counted else 0
    with pytest.raises(FormatError, match=r"a\.zarr: .*a chunk that"), open_image(path) as image:
        image.read()
    if counted:
        assert held_at_most() - before < 25e6  # lzma takes 8 MB for each chunk


def held_at_most() -> int:
    """Bytes of memory."""
    (found,) = [line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
    return 1024 * int(found)
