"""The stain signal: the post-stain image less the scaled and registered pre-stain image, band by band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base import mapping
from lumentrace.base.masked import unmasked
from lumentrace.base.polars import pl
from lumentrace.base.recorded import Recorded
from lumentrace.engine.progress import reporter
from lumentrace.engine.run import Run
from lumentrace.stain.files.canvas import frame
from lumentrace.stain.files.pair import RawPair
from lumentrace.stain.measure import histograms as counting
from lumentrace.stain.measure.histograms import Histograms
from lumentrace.stain.measure.noise import Noise, noise_of_difference
from lumentrace.stain.measure.scale import Scale, line, manual, moffat
from lumentrace.stain.measure.texture import QUICKLY, texture_slope
from lumentrace.stain.prepare.whole_image import bands
from lumentrace.stain.registration.register import plane, register
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.settings import Settings

Image = NDArray[Any]
Floats = NDArray[np.float32]

LOW, HIGH = 3.0, 5.0
"""A spot is made of pixels of this significance, of which one reaches the second."""
LEAST_AREA = 4
PICTURE = 1024
"""Longer side of pictures for reports."""
PLACES = ("x", "y", "left", "top", "right", "bottom")
SPOTS = ("x", "y", "area", "intensity", "significance", "left", "top", "right", "bottom")


@dataclass(frozen=True)
class Band:
    """Some rows of everything, from row `first` of the post-stain image on."""

    first: int
    post: Image
    aligned: Floats
    difference: Floats
    significance: Floats


def differences(
    post: Image, pre: Image, registration: Registration, scale: Scale, noise: Noise, multiple: int = 1
) -> Iterator[Band]:
    """The difference and its significance, band by band; NaN where the pre-stain image has nothing."""
    tell = reporter()
    for first, end in bands(post.shape[0], multiple):
        aligned = registration.warp_rows(pre, first, end - first)
        level = aligned * np.float32(scale.value)
        level += np.float32(scale.offset)
        own = post[first:end]
        difference = np.subtract(own, level, dtype=np.float32)
        significance = difference / noise.at(level)
        yield Band(first, own, aligned, difference, significance)
        for image in (post, pre):
            mapping.release(image)
        if tell is not None:
            tell(100 * end // post.shape[0])


class Spots:
    """Collects bright spots of the difference."""

    def __init__(self, width: int):
        self._finder = _core.SpotFinder(width, LOW, HIGH, LEAST_AREA)

    def add(self, band: Band) -> None:
        """Take a band; the next one must follow it."""
        self._finder.add(band.significance, band.difference)

    def table(self) -> pl.DataFrame:
        """A row per spot: see `Subtraction.spots`."""
        return spots_table(self._finder.finish())


def spots_table(rows: NDArray[np.float64]) -> pl.DataFrame:
    """Spots (n, 9) as a table."""
    columns = {name: rows[:, number] for number, name in enumerate(SPOTS)}
    return pl.DataFrame(columns).with_columns(pl.col("area", "left", "top", "right", "bottom").cast(pl.Int64))


def placed(spots: pl.DataFrame, pad: int) -> pl.DataFrame:
    """Spots of the post-stain image where an image that is written with a border has them, with the frame's name."""
    return spots.with_columns(pl.col(PLACES) + pad, pl.lit(frame(pad)).alias("frame"))


class Pictures:
    """Collects reduced pictures."""

    def __init__(self, shape: tuple[int, ...]):
        self.factor = max(1, -(-max(shape) // PICTURE))
        self._parts: dict[str, list[Floats]] = {"post": [], "aligned": [], "difference": []}

    def add(self, band: Band) -> None:
        """Take a band, of a multiple of `factor` rows unless it is the last."""
        if len(band.post) < self.factor:
            return
        for name, parts in self._parts.items():
            parts.append(_core.reduce_image(np.ascontiguousarray(getattr(band, name)), self.factor))

    def before(self, pre: Image) -> Floats:
        """The pre-stain image as it was."""
        return _core.reduce_image(np.ascontiguousarray(pre), min(self.factor, *pre.shape))

    def images(self) -> dict[str, Floats]:
        """'post', 'aligned' and 'difference'."""
        return {name: np.concatenate(parts) for name, parts in self._parts.items()}


@dataclass(frozen=True)
class Subtraction(Recorded):
    """What a stain added.

    Attributes
    ----------
    difference : ndarray of float32
        post - scale * pre - offset on the grid of the post-stain image; NaN where the pre-stain image has nothing.
    significance : ndarray of float32
        The difference over its noise, which is estimated from the pixels themselves, level by level.
    spots : polars.DataFrame
        Connected pixels of significance 3 and more that reach 5: ``x``, ``y`` (centre, pixels of `difference`),
        ``area`` (pixels), ``intensity`` (sum of the difference), ``significance`` (greatest), ``left``, ``top``,
        ``right``, ``bottom``.
    scale : Scale
    noise : Noise
    registration : Registration
    histograms : Histograms
    provenance : Provenance
        How it came about.
    """

    difference: Floats = field(repr=False)
    significance: Floats = field(repr=False)
    spots: pl.DataFrame = field(repr=False)
    scale: Scale
    noise: Noise
    registration: Registration
    histograms: Histograms = field(repr=False)


@unmasked
def subtract(
    post: Image,
    pre: Image,
    registration: Registration | None = None,
    scale: float | None = None,
    offset: bool = False,
    histogram: Literal["unbiased", "exo2micro"] = "unbiased",
) -> Subtraction:
    """Subtract the autofluorescence of a pre-stain image from a post-stain image, in memory.

    Parameters
    ----------
    post, pre : ndarray
        (rows, columns) of uint8, uint16, uint32 or floats; they may differ in size. Others become float32.
    registration : Registration, optional
        Found with `register` if left out.
    scale : float, optional
        How many times brighter unstained tissue is in the post-stain image; found from the ratios if left out.
    offset : bool, default False
        Fit post = scale * pre + offset instead, for detectors with an offset or stain that binds everywhere.
    histogram : {'unbiased', 'exo2micro'}, default 'unbiased'
        How ratios are counted.

    Returns
    -------
    Subtraction

    Raises
    ------
    ValueError
        If an image is no plane, cannot be registered or too few pixels are bright enough in both.

    Examples
    --------
    >>> from lumentrace import stain
    >>> pair = stain.simulate(size=256, scale=1.4, seed=3)
    >>> found = stain.subtract(pair.post, pair.pre)
    >>> abs(found.scale.value / 1.4 - 1) < 0.01, len(found.spots) > 10
    (True, True)
    """
    post, pre = plane("post", post), plane("pre", pre)
    chosen = Settings(histogram=histogram).histogram
    map_ = registration if registration is not None else register(post, pre)
    history = map_.provenance if map_.provenance.steps else RawPair.of(post, pre).history()
    with Run(history, 100, 3) as run:
        counts = run.step("count_ratios", {}, lambda: counting.count(post, pre, map_))
        found = run.step(
            "estimate_scale",
            {"scale": scale, "offset": offset, "histogram": chosen},
            lambda: manual(scale) if scale is not None else estimate(post, pre, map_, counts, offset, chosen),
        )
        own = replace(found, provenance=run.provenance)
        result = run.step("subtract", {}, lambda: _difference(post, pre, map_, own, counts))
    return replace(result, provenance=run.provenance)


def _difference(post: Image, pre: Image, registration: Registration, scale: Scale, counts: Histograms) -> Subtraction:
    """The difference of two images in memory, and its spots."""
    noise = noise_of_difference(counts, scale)
    spots = Spots(post.shape[1])
    parts: list[tuple[Floats, Floats]] = []
    for band in differences(post, pre, registration, scale, noise):
        spots.add(band)
        parts.append((band.difference, band.significance))
    difference, significance = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Subtraction(difference, significance, spots.table(), scale, noise, registration, counts)


def estimate(
    post: Image, pre: Image, registration: Registration, counts: Histograms, offset: bool, histogram: str
) -> Scale:
    """The scale, as the settings ask for it; raises as `subtract` does."""
    if offset:
        return line(counts, *texture_slope(post, pre, registration, counts.floor))
    ratios = counting.count(post, pre, registration, exo2micro=True) if histogram == "exo2micro" else counts
    found = moffat(ratios, exo2micro=histogram == "exo2micro")
    try:
        slope, error = texture_slope(post, pre, registration, counts.floor, QUICKLY)
    except ValueError:
        return found
    return replace(found, texture=slope, texture_error=error)
