"""Decoders of Zarr that look at a chunk before the library does: that of Blosc reads past the end of chunks cut off."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from numcodecs import Blosc
from zarr import Array, AsyncArray
from zarr.codecs import BloscCodec, ShardingCodec

HEADER = 16
"""Bytes before the data of a chunk of Blosc; the last twelve are the sizes inflated, of a block, and compressed."""


def checked(array: Array[Any], most: int) -> Array[Any]:
    """The same array, with the sizes of chunks of Blosc compared with their bytes before they are decoded."""
    found = array.metadata
    if found.zarr_format == 3:
        changed: Any = replace(found, codecs=tuple(_checked(codec, most) for codec in found.codecs))
    elif isinstance(found.compressor, Blosc):
        changed = replace(found, compressor=_Blosc2(most, found.compressor))
    else:
        return array
    return Array(AsyncArray(changed, array.store_path))


def _checked(codec: Any, most: int) -> Any:
    if isinstance(codec, ShardingCodec):
        return replace(
            codec,
            codecs=tuple(_checked(inner, most) for inner in codec.codecs),
            index_codecs=tuple(_checked(inner, most) for inner in codec.index_codecs),
        )
    return _Blosc3(most, codec) if isinstance(codec, BloscCodec) else codec


def check(chunk: bytes, most: int) -> None:
    """Refuse a chunk of Blosc that is not as long as it says.

    Raises
    ------
    ValueError
        If it is cut off, too long, or larger than `most` bytes when it is inflated.
    """
    if len(chunk) < HEADER:
        raise ValueError(f"a chunk of {len(chunk)} bytes, of which Blosc needs {HEADER} for its header")
    inflated, _, compressed = struct.unpack_from("<3I", chunk, 4)
    if compressed != len(chunk) or inflated > most:
        raise ValueError(
            f"a chunk of {len(chunk):,} bytes that says {compressed:,}, and {inflated:,} inflated (limit {most:,})"
        )


class _Blosc3(BloscCodec):
    """That of Zarr 3."""

    def __init__(self, most: int, codec: BloscCodec):
        super().__init__(**codec.to_dict()["configuration"])  # type: ignore[arg-type]
        object.__setattr__(self, "_most", most)

    async def decode(self, chunks_and_specs: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
        held = list(chunks_and_specs)
        for chunk, _ in held:
            if chunk is not None:
                check(chunk.to_bytes(), self._most)  # type: ignore[attr-defined]
        return await super().decode(held)


class _Blosc2(Blosc):  # type: ignore[misc]
    """That of Zarr 2."""

    def __init__(self, most: int, codec: Blosc):
        super().__init__(**{name: value for name, value in codec.get_config().items() if name != "id"})
        self._most = most

    def decode(self, chunk: Any, out: Any = None) -> Any:
        check(bytes(chunk), self._most)
        return super().decode(chunk, out)
