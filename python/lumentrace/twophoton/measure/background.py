"""What is taken away from the fluorescence of regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.regions.rois import RoiSet

Floats = NDArray[np.float64]
Pixels = list[NDArray[np.int64]]
Areas = tuple[NDArray[np.int64], NDArray[np.uint32]]
"""Where the pixels of each region start, and all pixels."""
Method = Literal["none", "movie_global_percentile", "movie_y_stripe_percentile", "roi_y_stripe_percentile"]

STRIPES = 20
"""Stripes that a frame is cut into by default."""


@dataclass(frozen=True)
class BackgroundOptions:
    """How the background is found; see `extract_background_corrected_roi_traces`."""

    method: Method = "none"
    global_percentile: float = 10.0
    stripe_y_height: int | None = None
    stripe_percentile: float = 20.0
    local_y_radius: int | None = None
    local_percentile: float = 20.0


class Background(Protocol):
    """A background as the kernel knows it.

    Attributes
    ----------
    about : dict
        Settings and figures that are kept with the traces.
    """

    about: dict[str, Any]

    def kernel(self) -> tuple[str, Areas | None, tuple[int, float]]:
        """Name, pixels and stripes."""


def background_of(
    mean: Floats, rois: RoiSet, crop: SpatialCrop, pixels: Pixels, options: BackgroundOptions
) -> Background:
    """The background of regions.

    Parameters
    ----------
    mean : ndarray
        (rows, columns): the mean image of the crop.
    rois : RoiSet
    crop : SpatialCrop
    pixels : list of ndarray
        Of each region that is used, numbered in the crop.
    options : BackgroundOptions

    Raises
    ------
    ValueError
        If a setting is out of range, or there is no background.
    """
    if options.method == "movie_global_percentile":
        return _Global(mean, options.global_percentile)
    if options.method == "movie_y_stripe_percentile":
        return _Stripes(mean.shape[0], options.stripe_y_height, options.stripe_percentile)
    if options.method == "roi_y_stripe_percentile":
        return _Local(mean, rois, crop, pixels, options.local_y_radius, options.local_percentile)
    if options.method != "none":
        raise ValueError(f"`method`: expected one of {', '.join(get_args(Method))}, found {options.method!r}")
    return _None()


def areas(pixels: Pixels) -> Areas:
    """Pixels of regions as kernels take them."""
    starts = np.concatenate([[0], np.cumsum([own.size for own in pixels], dtype=np.int64)])
    return starts, np.concatenate([*pixels, np.empty(0, np.int64)]).astype(np.uint32)


class _None:
    """No background."""

    def __init__(self) -> None:
        self.about: dict[str, Any] = {}

    def kernel(self) -> tuple[str, Areas | None, tuple[int, float]]:
        """Name, pixels and stripes as the kernel knows them."""
        return "none", None, (0, 0.0)


class _Global:
    """The mean of the darkest pixels of the mean image."""

    def __init__(self, mean: Floats, percentile: float) -> None:
        threshold = float(np.percentile(mean, _open(percentile, "global_percentile")))
        self._dark = np.flatnonzero(mean.ravel() < threshold)
        if not self._dark.size:
            raise ValueError("expected pixels of the mean image below the percentile, found none: is it flat?")
        self.about: dict[str, Any] = {
            "global_percentile": float(percentile),
            "background_threshold": threshold,
            "background_pixel_count": int(self._dark.size),
            "negative_values_clamped": True,
        }

    def kernel(self) -> tuple[str, Areas | None, tuple[int, float]]:
        """Name, pixels and stripes as the kernel knows them."""
        return "global", areas([self._dark]), (0, 0.0)


class _Stripes:
    """A percentile of each stripe of rows in each frame."""

    def __init__(self, rows: int, height: int | None, percentile: float) -> None:
        self._height = _length(height, rows, 1, "stripe_y_height")
        self._percentile = _open(percentile, "stripe_percentile")
        self.about: dict[str, Any] = {
            "stripe_y_height": self._height,
            "stripe_percentile": float(percentile),
            "stripe_count": -(-rows // self._height),
            "negative_values_clamped": True,
        }

    def kernel(self) -> tuple[str, Areas | None, tuple[int, float]]:
        """Name, pixels and stripes as the kernel knows them."""
        return "stripes", None, (self._height, self._percentile / 100)


class _Local:
    """The darkest pixels of the mean image near each region that belong to none."""

    def __init__(
        self, mean: Floats, rois: RoiSet, crop: SpatialCrop, pixels: Pixels, radius: int | None, percentile: float
    ) -> None:
        reach = _length(radius, mean.shape[0], 0, "local_y_radius")
        share = _open(percentile, "local_percentile")
        taken = np.zeros(rois.shape[0] * rois.shape[1], bool)
        taken[rois.pixels] = True
        free = ~taken.reshape(rois.shape)[crop.slices]
        if not free.any():
            raise ValueError("expected pixels that belong to no region, found none; use movie_y_stripe_percentile")
        found: dict[int, NDArray[np.int64]] = {}
        self._dark: Pixels = []
        for own in pixels:
            if not own.size:
                self._dark.append(own)
                continue
            centre = round(float(np.unique(own // mean.shape[1]).mean()))
            if centre not in found:
                found[centre] = _darkest(mean, free, centre, reach, share)
            self._dark.append(found[centre])
        counts = [own.size for own in self._dark if own.size]
        self.about: dict[str, Any] = {
            "local_y_radius": reach,
            "local_percentile": float(percentile),
            "background_pixel_count_min": int(min(counts, default=0)),
            "background_pixel_count_max": int(max(counts, default=0)),
            "negative_values_clamped": False,
        }

    def kernel(self) -> tuple[str, Areas | None, tuple[int, float]]:
        """Name, pixels and stripes as the kernel knows them."""
        return "local", areas(self._dark), (0, 0.0)


def _darkest(mean: Floats, free: NDArray[np.bool_], centre: int, reach: int, share: float) -> NDArray[np.int64]:
    """The darkest free pixels of rows around one."""
    first, stop = max(centre - reach, 0), centre + reach + 1
    near, image = free[first:stop], mean[first:stop]
    if not near.any():
        raise ValueError(f"expected pixels that belong to no region within {reach} rows of row {centre}, found none")
    limit = np.percentile(image[near], share)
    return np.asarray(np.flatnonzero(near & (image <= limit)) + first * mean.shape[1])


def _open(percentile: float, name: str) -> float:
    if not 0 < percentile < 100:
        raise ValueError(f"`{name}`: expected a number between 0 and 100, found {percentile!r}")
    return float(percentile)


def _length(value: int | None, rows: int, least: int, name: str) -> int:
    if value is None:
        return max(1, round(rows / STRIPES))
    if value < least or value != int(value):
        raise ValueError(f"`{name}`: expected a whole number from {least} on, found {value!r}")
    return int(value)
