"""Images written on a canvas with a border, as TIFF, FITS or both, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import replacing
from lumentrace.stain.files.checkpoints import fits_io
from lumentrace.storage.images.ome import Described
from lumentrace.storage.tile_layout import TILE
from lumentrace.storage.tiled import TiledTiff, tiled_tiff


@dataclass(frozen=True)
class Canvas:
    """Where images lie: their first pixel at (pad, pad) of a larger one.

    Attributes
    ----------
    shape : tuple of int
        Of the canvas.
    pad : int
    """

    shape: tuple[int, int]
    pad: int

    @classmethod
    def around(cls, pad: int, *shapes: tuple[int, ...]) -> Canvas:
        """The canvas that holds images of these shapes."""
        rows, columns = (max(shape[axis] for shape in shapes) + 2 * pad for axis in (0, 1))
        return cls((rows, columns), pad)


def frame(pad: int, side: str = "post") -> str:
    """What positions on an image that is written are counted on, in words."""
    return f"canvas ({side}-stain image + {pad} px)" if pad else f"{side}-stain image"


class Writer:
    """Takes rows of an image and writes rows of its canvas."""

    def __init__(self, canvas: Canvas, dtype: Any, fill: float, tiff: TiledTiff | None, fits: Any):
        self._canvas, self._dtype, self._fill = canvas, np.dtype(dtype), fill
        self._tiff, self._fits = tiff, fits
        self._taken = 0
        self._blank(canvas.pad)

    def add(self, rows: NDArray[Any]) -> None:
        """Take the next rows of the image."""
        for first in range(0, len(rows), TILE):
            part = rows[first : first + TILE]
            band = self._empty(len(part))
            band[:, self._canvas.pad : self._canvas.pad + part.shape[1]] = part
            self._write(band)

    def _blank(self, rows: int) -> None:
        for first in range(0, rows, TILE):
            self._write(self._empty(min(TILE, rows - first)))

    def _empty(self, rows: int) -> NDArray[Any]:
        return np.full((rows, self._canvas.shape[1]), self._fill, self._dtype)

    def _write(self, band: NDArray[Any]) -> None:
        if self._tiff is not None:
            self._tiff.add(band)
        if self._fits is not None:
            self._fits.write(np.ascontiguousarray(band, dtype=">f4"))
        self._taken += len(band)

    def finish(self) -> None:
        """Write what is left of the canvas."""
        self._blank(self._canvas.shape[0] - self._taken)


@contextmanager
def written(
    canvas: Canvas,
    dtype: Any,
    fill: float,
    tiff: Path | None,
    fits: Path | None,
    name: str,
    note: str,
    header: Mapping[str, Any] | None,
    channel: str = "",
    spacing: Mapping[str, float] | None = None,
) -> Iterator[Writer]:
    """Write an image's canvas; each file appears whole or not at all.

    Parameters
    ----------
    canvas : Canvas
    dtype : numpy dtype
        Of the TIFF; FITS files are float32.
    fill : float
        Value of the border.
    tiff, fits : path or None
    name, note : str
        Metadata of the TIFF.
    header : astropy.io.fits.Header or None
        Needed for FITS.
    channel : str
        Name of the channel, in the TIFF.
    spacing : mapping, optional
        Micrometres from pixel to pixel along X and Y, in the TIFF.
    """
    with ExitStack() as stack:
        names = (channel,) if channel else ()
        plane = Described("YX", canvas.shape, np.dtype(dtype), name, names, spacing=spacing or {})
        image = None if tiff is None else stack.enter_context(tiled_tiff(tiff, plane, note))
        stream = None if fits is None else stack.enter_context(_fits(fits, canvas.shape, header))
        writer = Writer(canvas, dtype, fill, image, stream)
        yield writer
        writer.finish()


@contextmanager
def _fits(path: Path, shape: tuple[int, int], header: Any) -> Iterator[_Stream]:
    whole = header.copy()
    start = [
        ("SIMPLE", True),
        ("BITPIX", -32),
        ("NAXIS", 2),
        ("NAXIS1", shape[1]),
        ("NAXIS2", shape[0]),
        ("EXTEND", True),
    ]
    full = fits_io().Header(start)
    full.extend(whole, unique=False)
    with replacing(path) as file:
        file.write(full.tostring().encode("ascii"))
        stream = _Stream(file)
        yield stream
        stream.fill()


class _Stream:
    """Data of a FITS file, filled up to blocks of 2880 bytes."""

    def __init__(self, file: Any):
        self._file, self._bytes = file, 0

    def write(self, rows: NDArray[Any]) -> None:
        self._file.write(rows.data)
        self._bytes += rows.nbytes

    def fill(self) -> None:
        self._file.write(bytes(-self._bytes % 2880))
