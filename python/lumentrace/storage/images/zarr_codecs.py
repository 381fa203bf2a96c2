"""Decoders of Zarr that compare a chunk with the size that it should have: the library's believe what it says.

That of Blosc reads past the end of chunks cut off.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

from numcodecs import BZ2, LZ4, LZMA, Blosc, GZip, Zlib, Zstd
from numcodecs.compat import ndarray_copy
from zarr import Array, AsyncArray
from zarr.codecs import BloscCodec, GzipCodec, ShardingCodec, ZstdCodec

from lumentrace.storage.images.zarr_inflate import inflated

HEADER = 16
"""Bytes before the data of a chunk of Blosc; the last twelve are the sizes inflated, of a block, and compressed."""
WIDER, MORE = 16, 2**16
"""How much larger than its pixels a chunk may be before filters have made them, and the index of a shard."""


def checked(array: Array[Any], size: int, most: int) -> AsyncArray[Any]:
    """The same array, whose chunks are inflated to no more than they may be.

    Parameters
    ----------
    array : zarr.Array
    size : int
        Bytes of the pixels of a chunk.
    most : int
        Bytes of any.
    """
    found, limit = array.metadata, min(WIDER * size, most) + MORE
    if found.zarr_format == 3:
        changed: Any = replace(found, codecs=tuple(_checked(codec, limit) for codec in found.codecs))
    else:
        filters = None if found.filters is None else tuple(_limited(each, limit) for each in found.filters)
        changed = replace(found, compressor=_limited(found.compressor, limit), filters=filters)
    return AsyncArray(changed, array.store_path)


def _checked(codec: Any, most: int) -> Any:
    """One of Zarr 3."""
    if isinstance(codec, ShardingCodec):
        return replace(
            codec,
            codecs=tuple(_checked(inner, most) for inner in codec.codecs),
            index_codecs=tuple(_checked(inner, most) for inner in codec.index_codecs),
        )
    kind = _ZARR3.get(type(codec))
    return codec if kind is None else kind(most, codec)


def _limited(codec: Any, most: int) -> Any:
    """One of Zarr 2."""
    kind = _ZARR2.get(type(codec))
    return codec if kind is None else kind(most, codec)


def check(chunk: bytes, most: int) -> None:
    """Refuse a chunk of Blosc that is not as long as it says.

    Raises
    ------
    ValueError
        If it is cut off, too long, or larger than `most` bytes when it is inflated.
    """
    if len(chunk) < HEADER:
        raise ValueError(f"a chunk of {len(chunk)} bytes, of which Blosc needs {HEADER} for its header")
    size, _, compressed = struct.unpack_from("<3I", chunk, 4)
    if compressed != len(chunk) or size > most:
        raise ValueError(
            f"a chunk of {len(chunk):,} bytes that says {compressed:,}, and {size:,} inflated (limit {most:,})"
        )


class _OfZarr3:
    """A codec of Zarr 3 that knows a limit."""

    _most: int

    def __init__(self, most: int, codec: Any):
        super().__init__(**codec.to_dict()["configuration"])
        object.__setattr__(self, "_most", most)


class _Blosc3(_OfZarr3, BloscCodec):
    async def decode(self, chunks_and_specs: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
        held = list(chunks_and_specs)
        for chunk, _ in held:
            if chunk is not None:
                check(chunk.to_bytes(), self._most)
        return await super().decode(held)


class _Inflating3(_OfZarr3):
    """One that is inflated here."""

    kind: ClassVar[str]

    async def decode(self, chunks_and_specs: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
        return [
            None if chunk is None else spec.prototype.buffer.from_bytes(await asyncio.to_thread(self._inflated, chunk))
            for chunk, spec in chunks_and_specs
        ]

    def _inflated(self, chunk: Any) -> bytes:
        return inflated(self.kind, chunk.to_bytes(), self._most, {})


class _Gzip3(_Inflating3, GzipCodec):
    kind = "gzip"


class _Zstd3(_Inflating3, ZstdCodec):
    kind = "zstd"


class _OfZarr2:
    """A codec of Zarr 2 that knows a limit."""

    def __init__(self, most: int, codec: Any):
        super().__init__(**{name: value for name, value in codec.get_config().items() if name != "id"})
        self._most = most


class _Blosc2(_OfZarr2, Blosc):  # type: ignore[misc]  # numcodecs has no types
    def decode(self, chunk: Any, out: Any = None) -> Any:
        check(bytes(chunk), self._most)
        return super().decode(chunk, out)


class _Inflating2(_OfZarr2):
    """One that is inflated here."""

    get_config: Callable[[], dict[str, Any]]

    def decode(self, chunk: Any, out: Any = None) -> Any:
        settings = self.get_config()
        return ndarray_copy(inflated(settings["id"], bytes(chunk), self._most, settings), out)


def _inflating(codec: type) -> type:
    return type(f"_{codec.__name__}2", (_Inflating2, codec), {})


_ZARR3: dict[type, type] = {BloscCodec: _Blosc3, GzipCodec: _Gzip3, ZstdCodec: _Zstd3}
_ZARR2: dict[type, type] = {Blosc: _Blosc2, **{each: _inflating(each) for each in (BZ2, GZip, LZ4, LZMA, Zlib, Zstd)}}
