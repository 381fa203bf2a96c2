"""Frames of heights as pictures: colours, scale bar, time stamp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray
from lumentrace.plots.numbers import bar_length

Image = NDArray[np.uint8]
Range = tuple[float, float]

ANCHORS = (
    (0.0, (8, 4, 2)),
    (0.25, (86, 32, 10)),
    (0.5, (176, 84, 18)),
    (0.75, (240, 172, 62)),
    (0.92, (255, 232, 160)),
    (1.0, (255, 255, 245)),
)
"""Colours from the lowest to the highest height; lightness grows evenly."""
MISSING = (70, 80, 92)
DARKEST, BRIGHTEST = 1.0, 99.0
"""Percentiles that a range found by itself leaves out."""
LEAST_SIDE = 480
"""Smaller frames are magnified by whole numbers up to about this."""


def lookup_table() -> Image:
    """256 colours (256, 3), from the lowest to the highest height."""
    places = [256 * place for place, _ in ANCHORS]
    channels = [np.interp(np.arange(256), places, [colour[band] for _, colour in ANCHORS]) for band in range(3)]
    return np.stack(channels, axis=1).astype(np.uint8)


def height_range(frames: AnyArray, zmin: float | str | None = "auto", zmax: float | str | None = "auto") -> Range:
    """The heights that get the lowest and the highest colour.

    Parameters
    ----------
    frames : ndarray
    zmin, zmax : float, 'auto' or None
        'auto' is the 1st or 99th percentile of the finite values, None the least or greatest one.

    Raises
    ------
    ValueError
        If the least is not below the greatest.
    """
    every = max(1, frames.size // 2_000_000)
    finite = frames.reshape(-1)[::every]
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return 0.0, 1.0
    low = _limit(finite, zmin, DARKEST, finite.min())
    high = _limit(finite, zmax, BRIGHTEST, finite.max())
    if low > high or (low == high and "auto" not in (zmin, zmax)):
        raise ValueError(f"`zmin`, `zmax`: expected an ascending range, found {low:g} to {high:g}")
    return low, high if high > low else low + 1.0


def _limit(finite: AnyArray, wanted: float | str | None, percentile: float, extreme: float) -> float:
    if wanted is None:
        return float(extreme)
    return float(np.percentile(finite, percentile)) if wanted == "auto" else float(wanted)


def coloured(frame: AnyArray, limits: Range) -> Image:
    """A frame in colours (height, width, 3); pixels that are not finite are grey."""
    low, high = limits
    finite = np.isfinite(frame)
    scaled = (np.where(finite, frame, low) - low) / (high - low)
    colours = lookup_table()[(255 * np.clip(scaled, 0, 1)).astype(np.uint8)]
    colours[~finite] = MISSING
    return colours


def magnified(image: Image, least: int = LEAST_SIDE) -> Image:
    """A small picture larger by a whole number."""
    factor = max(1, round(least / max(image.shape[:2])))
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def spelled(nm: float) -> str:
    """A length with its unit, in letters that every font has.

    Examples
    --------
    >>> from lumentrace.afm.report.drawing import spelled
    >>> spelled(150.0), spelled(15000.0)
    ('150 nm', '15 um')
    """
    return f"{nm / 1000:.4g} um" if nm >= 1000 else f"{nm:.4g} nm"


def annotated(image: Image, nm_per_pixel: float, bar_nm: float | None, text: str, lines: int = 24) -> Image:
    """A picture with a scale bar below and a text on top.

    Parameters
    ----------
    image : ndarray of uint8
        (height, width, 3)
    nm_per_pixel : float
        Of this picture.
    bar_nm : float, optional
        Length of the scale bar; by default a round length of about a quarter of the picture. 0 for none.
    text : str
        E.g. the time; empty for none.
    lines : int, default 24
        How many lines of text would fill the picture.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    picture = Pillow.fromarray(image)
    height, width = image.shape[:2]
    size = max(11, height // lines)
    font = ImageFont.load_default(size)
    draw = ImageDraw.Draw(picture)
    write = partial(draw.text, font=font, fill="white", stroke_width=max(1, size // 10), stroke_fill="black")
    margin = size // 2
    if text:
        write((margin, margin), text, anchor="la")
    if bar_nm != 0:
        length_nm = bar_length(width * nm_per_pixel) if bar_nm is None else bar_nm
        length, bottom = length_nm / nm_per_pixel, height - margin
        thick = max(2, size // 5)
        bar = (margin, bottom - thick, margin + length, bottom)
        draw.rectangle((bar[0] - 1, bar[1] - 1, bar[2] + 1, bar[3] + 1), fill="black")
        draw.rectangle(bar, fill="white")
        write((margin, bottom - thick - size // 4), spelled(length_nm), anchor="ld")
    return np.asarray(picture)


def film_pictures(
    frames: AnyArray,
    pixel_size_nm: float,
    times: Sequence[float] | None,
    limits: Range,
    bar_nm: float | None = None,
) -> Iterator[Image]:
    """Frames in colours with scale bar and time stamp, one after another."""
    for number, frame in enumerate(frames):
        image = magnified(coloured(frame, limits))
        text = "" if times is None else _stamp(times[number])
        yield annotated(image, pixel_size_nm * frame.shape[1] / image.shape[1], bar_nm, text)


def _stamp(seconds: float) -> str:
    return f"{seconds:.3g} s" if abs(seconds) < 100 else f"{seconds:.0f} s"
