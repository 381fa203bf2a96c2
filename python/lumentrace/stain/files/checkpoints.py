"""Images on disk: checkpoints as TIFF and FITS with headers, and conversions."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import one_plane
from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.json_text import json_text
from lumentrace.base.masked import unmasked
from lumentrace.stain.compat import ABBREVIATIONS
from lumentrace.storage.planes import open_plane
from lumentrace.storage.sink import replaced_through_sink

FOLDERS = ("images", "tiff", "fits")
"""Folders that stand for the one above them."""
LONGEST_KEY = 8
BIG = 3_800_000_000
EXTENSIONS = ("RED1", "GREEN2", "BLUE3")

Path_ = str | os.PathLike[str]
Image = NDArray[Any]


def fits_io() -> Any:
    """The module astropy.io.fits.

    Raises
    ------
    ImportError
        If astropy is not installed; the message says how to get it.
    """
    try:
        from astropy.io import fits
    except ImportError as error:
        raise ImportError("FITS files need astropy: pip install 'lumentrace[stain]'") from error
    return fits


def places(filepath: Path_) -> tuple[Path, Path]:
    """Where the TIFF and the FITS file of a checkpoint are."""
    path = Path(filepath)
    root = path.parent.parent if path.parent.name in FOLDERS else path.parent
    return root / "tiff" / f"{path.name}.tiff", root / "fits" / f"{path.name}.fits"


@unmasked
def tifffile_save(image: Image, path: Path_) -> None:
    """Write an image as float32 TIFF; the file appears whole or not at all.

    Raises
    ------
    ValueError
        If the image is not of shape (rows, columns).
    """
    one_plane("image", image)
    _save_tiff(image, path, "")


def _save_tiff(image: Image, path: Path_, note: str) -> None:
    import tifffile

    values = np.asarray(image, dtype=np.float32)
    with replaced_through_sink(path) as file:
        tifffile.imwrite(file, values, bigtiff=values.nbytes > BIG, description=note or None, metadata=None)


@unmasked
def save_checkpoint(
    image: Image,
    filepath: Path_,
    sample: str = "",
    dye: str = "",
    stage: str = "",
    params: Mapping[str, Any] | None = None,
    extra_headers: Mapping[str, Any] | None = None,
) -> None:
    """Write an image as float32 TIFF and as float32 FITS, both with what is known about it.

    Parameters
    ----------
    image : ndarray
        (rows, columns)
    filepath : path
        Without extension: ``root/name`` becomes ``root/tiff/name.tiff`` and ``root/fits/name.fits``; a last folder
        called images, tiff or fits is left out.
    sample, dye, stage : str
    params : mapping, optional
        Parameters; their abbreviations become FITS keywords.
    extra_headers : mapping, optional
        More keywords: a value, or a value and a comment.

    Raises
    ------
    ImportError
        If astropy is missing (``pip install 'lumentrace[stain]'``).
    OSError
        If a file cannot be written; the old ones then stay.
    ValueError
        If the image is not of shape (rows, columns).
    """
    one_plane("image", image)
    fits = fits_io()
    header = fits_header(sample, dye, stage, params or {}, extra_headers or {})
    tiff, other = places(filepath)
    for place in (tiff, other):
        place.parent.mkdir(parents=True, exist_ok=True)
    note = json_text({card.keyword: card.value for card in header.cards}, ensure_ascii=True)
    _save_tiff(image, tiff, note)
    with replacing(other) as file:
        file.write(_fits_bytes([fits.PrimaryHDU(np.asarray(image, dtype=np.float32), header)]))


def _fits_bytes(units: list[Any]) -> memoryview:
    """What a FITS file of these units holds; astropy does not write into files that are open for reading too."""
    held = io.BytesIO()
    fits_io().HDUList(units).writeto(held)
    return held.getbuffer()


def fits_header(sample: str, dye: str, stage: str, params: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
    """The cards of a checkpoint."""
    header = fits_io().Header()
    header["SAMPLE"], header["DYE"], header["STAGE"] = _ascii(sample), _ascii(dye), stage
    header["CREATED"] = datetime.now().astimezone().isoformat(timespec="seconds")
    for name, value in params.items():
        short = ABBREVIATIONS[name][0].upper() if name in ABBREVIATIONS else name[:LONGEST_KEY].upper()
        _put(header, short, name.upper(), value, name)
    for name, item in extra.items():
        value, comment = item if isinstance(item, tuple) else (item, "")
        _put(header, name[:LONGEST_KEY].upper(), name.upper(), value, comment)
    return header


def _ascii(text: str) -> str:
    """The text as FITS can hold it."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)


def _put(header: Any, short: str, long: str, value: Any, comment: str) -> None:
    """Add a card; a keyword that is taken already gives way to the long name."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        value = str(value)
    elif not isinstance(value, (bool, int, float)):
        value = _ascii(str(value))
    keyword = f"HIERARCH {long}" if short in header else short
    header[keyword] = (value, comment)


def load_checkpoint(filepath: Path_) -> NDArray[np.float32] | None:
    """Read a checkpoint: the TIFF, or the FITS if there is only that.

    Parameters
    ----------
    filepath : path
        As for `save_checkpoint`.

    Returns
    -------
    ndarray of float32 or None
        None if there is neither file.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    tiff, other = places(filepath)
    if tiff.exists():
        with open_plane(tiff) as plane:
            image = np.empty(plane.shape, np.float32)
            for block in plane.blocks():
                rows, columns = block.pixels.shape[:2]
                image[block.row : block.row + rows, block.column : block.column + columns] = block.pixels[..., 0]
        return image
    if other.exists():
        return _from_fits(other)
    return None


def _from_fits(path: Path) -> NDArray[np.float32]:
    """The image of a FITS file."""
    fits = fits_io()
    with regular(path).open("rb") as file:
        try:
            # Decoders of compressed images are C code that trusts its input; checkpoints are never compressed.
            image = np.asarray(fits.getdata(file, disable_image_compression=True), dtype=np.float32)
        except Exception as error:
            # astropy raises what it likes on damaged data; the cause is kept.
            raise FormatError(f"{path}: expected a FITS image, found a damaged or different file ({error})") from error
    if image.ndim != 2:
        raise FormatError(f"{path}: expected an image of shape (rows, columns), found {image.shape}")
    return image


def checkpoint_exists(filepath: Path_) -> bool:
    """Whether a checkpoint has a TIFF or a FITS file."""
    return any(place.exists() for place in places(filepath))


def tiff_to_fits(tiff_file: Path_, return_data: bool = False) -> Any:
    """Write the channels of a colour TIFF as image extensions RED1, GREEN2 and BLUE3 of a FITS file beside it.

    Parameters
    ----------
    tiff_file : path
    return_data : bool, default False
        Also return the image.

    Returns
    -------
    path : str
        Of the FITS file.
    image : ndarray
        (rows, columns, 3), if asked for.

    Raises
    ------
    ValueError
        If the image has fewer than three channels.
    """
    fits = fits_io()
    with open_plane(tiff_file) as plane:
        colours = plane.colours[: len(EXTENSIONS)]
        if len(colours) < len(EXTENSIONS):
            raise ValueError(f"{tiff_file}: expected an image of shape (rows, columns, 3), found {plane.shape}")
        image = np.empty((*plane.shape, len(EXTENSIONS)), plane.dtype)
        for block in plane.blocks():
            rows, columns = block.pixels.shape[:2]
            for place in range(block.pixels.shape[2]):
                if block.sample + place in colours:
                    part = image[block.row : block.row + rows, block.column : block.column + columns]
                    part[..., colours.index(block.sample + place)] = block.pixels[..., place]
    channels = [fits.ImageHDU(image[..., number], name=name) for number, name in enumerate(EXTENSIONS)]
    path = Path(tiff_file).with_suffix(".fits")
    with replacing(path) as file:
        file.write(_fits_bytes([fits.PrimaryHDU(), *channels]))
    return (str(path), image) if return_data else str(path)
