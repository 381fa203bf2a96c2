"""How the pixels of a TIFF file lie in it: tiles, smaller copies, compression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

TILE = 256
TALLEST = 4096
STEP = 4
"""Each copy is smaller than the one before by this factor."""
CODES = {"none": 1, "lzw": 5, "zlib": 8}
"""Kinds of compression, as the tag of TIFF has them."""
Compression = Literal["zlib", "lzw", "none"]


@dataclass(frozen=True)
class Layout:
    """How the pixels of a TIFF file lie in it.

    Attributes
    ----------
    tile : int
        Side of the tiles, a multiple of 16.
    step : int
        By how much each copy is smaller than the one before; it divides `tile`.
    compression : {'zlib', 'lzw', 'none'}

    Raises
    ------
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> from lumentrace.storage.tile_layout import Layout
    >>> Layout(tile=100)
    Traceback (most recent call last):
        ...
    ValueError: `tile`: expected a multiple of 16 from 16 to 4096, found 100
    """

    tile: int = TILE
    step: int = STEP
    compression: Compression = "zlib"

    def __post_init__(self) -> None:
        if self.tile % 16 or not 16 <= self.tile <= TALLEST:
            raise ValueError(f"`tile`: expected a multiple of 16 from 16 to {TALLEST}, found {self.tile}")
        if self.step < 2 or self.tile % self.step:
            raise ValueError(
                f"`step`: expected a divisor of the side of a tile, {self.tile}, from 2, found {self.step}"
            )
        if self.compression not in CODES:
            raise ValueError(f"`compression`: expected one of {', '.join(CODES)}, found {self.compression!r}")

    def most_bytes(self, pixels: int) -> float:
        """About the most bytes that a plane of so many bytes of pixels takes with its smaller copies."""
        grown = 1.5 if self.compression == "lzw" else 1.08
        return grown * pixels / (1 - 1 / self.step**2) + 2**20

    def encode(self, tile: NDArray[Any]) -> bytes:
        """The bytes of a tile in the file."""
        import imagecodecs

        if self.compression == "none":
            return tile.tobytes()
        if self.compression == "lzw":
            return bytes(imagecodecs.lzw_encode(tile.tobytes()))
        return bytes(imagecodecs.deflate_encode(tile.tobytes(), level=1))
