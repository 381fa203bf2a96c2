"""Chunks inflated to no more than they may be: some bytes of zstd can stand for 30 000 times as many."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

MEMORY = 2**27
"""Bytes that lzma may take beside; its strongest setting needs half of it."""
Stream = Callable[[], "Inflater"]


class Inflater(Protocol):
    """One stream of what the standard library inflates."""

    @property
    def eof(self) -> bool:
        """Whether it came to its end."""

    @property
    def unused_data(self) -> bytes:
        """What follows it."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """So many bytes of it."""


def inflated(kind: str, chunk: bytes, most: int, settings: Mapping[str, Any]) -> bytes:
    """A chunk inflated.

    Parameters
    ----------
    kind : {'zlib', 'gzip', 'bz2', 'lzma', 'zstd', 'lz4'}
        As numcodecs names them.
    chunk : bytes
    most : int
        Bytes that it may be.
    settings : mapping
        Those of the codec; the format of lzma is one of them.

    Raises
    ------
    ValueError
        If it is damaged, or larger.
    """
    if kind == "zstd":
        return _zstd(chunk, most)
    if kind == "lz4":
        return _lz4(chunk, most)
    streams: dict[str, Stream] = {
        "zlib": zlib.decompressobj,
        "gzip": lambda: zlib.decompressobj(wbits=31),
        "bz2": bz2.BZ2Decompressor,
        "lzma": lambda: lzma.LZMADecompressor(settings.get("format", lzma.FORMAT_XZ), MEMORY),
    }
    try:
        return _joined(streams[kind], chunk, most)
    except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise ValueError(f"a chunk that {kind} cannot inflate ({error})") from error


def _joined(stream: Stream, chunk: bytes, most: int) -> bytes:
    """What the streams in a chunk hold, one after another."""
    found = b""
    while True:
        inflater = stream()
        found += inflater.decompress(chunk, most + 1 - len(found))
        if len(found) > most:
            raise _too_large(most)
        if not inflater.eof:
            raise ValueError(f"a chunk that is cut off after {len(found):,} bytes")
        chunk = inflater.unused_data
        if not chunk.strip(b"\0"):
            return found


def _zstd(chunk: bytes, most: int) -> bytes:
    import imagecodecs

    if not chunk:
        raise ValueError("a chunk without a byte")
    try:
        return bytes(imagecodecs.zstd_decode(chunk, out=most))
    except (imagecodecs.ZstdError, ValueError) as error:
        raise ValueError(f"a chunk that zstd cannot inflate to at most {most:,} bytes ({error})") from error


def _lz4(chunk: bytes, most: int) -> bytes:
    from numcodecs import LZ4

    if len(chunk) < 4 or struct.unpack_from("<I", chunk)[0] > most:
        raise _too_large(most)
    try:
        return bytes(LZ4().decode(chunk))
    except RuntimeError as error:
        raise ValueError(f"a chunk that lz4 cannot inflate ({error})") from error


def _too_large(most: int) -> ValueError:
    return ValueError(f"a chunk that is inflated to more than {most:,} bytes")
