"""Fluorescence of regions over time, with and without background."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.ranges import frame_range
from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.regions.rois import RoiSet

Floats = NDArray[np.float64]
Pixels = list[NDArray[np.int64]]
Areas = tuple[NDArray[np.int64], NDArray[np.uint32]]
Method = Literal["none", "movie_global_percentile", "movie_y_stripe_percentile", "roi_y_stripe_percentile"]
Domain = Literal["alignment_valid_crop", "full_frame"]
Outside = Literal["clip", "error", "drop"]

STRIPES = 20
"""Stripes that a frame is cut into by default."""


@dataclass(frozen=True)
class RoiTraces:
    """Mean fluorescence of regions.

    Attributes
    ----------
    values : ndarray
        (frames, regions)
    labels : tuple of str
    start_frame, stop_frame : int
    statistic : str
    """

    values: Floats = field(repr=False)
    labels: tuple[str, ...]
    start_frame: int
    stop_frame: int
    statistic: str


@dataclass(frozen=True)
class BackgroundCorrectedRoiTraces:
    """Mean fluorescence of regions, the background, and what is left.

    Attributes
    ----------
    raw_values, background_values, corrected_values : ndarray
        (frames, regions)
    labels : tuple of str
    start_frame, stop_frame : int
    statistic, method : str
    metadata : dict
        Settings, figures of the background, the part of the frame, and pixels of regions outside it.
    """

    raw_values: Floats = field(repr=False)
    background_values: Floats = field(repr=False)
    corrected_values: Floats = field(repr=False)
    labels: tuple[str, ...]
    start_frame: int
    stop_frame: int
    statistic: str
    method: str
    metadata: dict[str, Any]


def extract_roi_traces(
    recording: ConvertedRecording,
    rois: RoiSet,
    *,
    start_frame: int | None = None,
    stop_frame: int | None = None,
    chunk_frames: int = 128,
    statistic: str = "mean",
) -> RoiTraces:
    """Mean fluorescence of regions in each frame, batch by batch.

    Raises
    ------
    ValueError
        If regions are of another frame, the range lies outside the movie, or the statistic is none.
    """
    found = extract_background_corrected_roi_traces(
        recording,
        rois,
        method="none",
        start_frame=start_frame,
        stop_frame=stop_frame,
        chunk_frames=chunk_frames,
        statistic=statistic,
        spatial_domain="full_frame",
    )
    return RoiTraces(found.raw_values, found.labels, found.start_frame, found.stop_frame, statistic)


def extract_background_corrected_roi_traces(
    recording: ConvertedRecording,
    rois: RoiSet,
    *,
    method: Method = "none",
    start_frame: int | None = None,
    stop_frame: int | None = None,
    chunk_frames: int = 128,
    statistic: str = "mean",
    global_percentile: float = 10.0,
    stripe_y_height: int | None = None,
    stripe_percentile: float = 20.0,
    local_y_radius: int | None = None,
    local_percentile: float = 20.0,
    spatial_domain: Domain = "alignment_valid_crop",
    outside: Outside = "clip",
    check_cancelled: Callable[[], None] | None = None,
) -> BackgroundCorrectedRoiTraces:
    """Mean fluorescence of regions in each frame, less a background.

    Parameters
    ----------
    recording : ConvertedRecording
    rois : RoiSet
        On the whole frame.
    method : str, default 'none'
        'movie_global_percentile': the mean of the darkest pixels of the mean image; 'movie_y_stripe_percentile': a
        percentile of each stripe of rows in each frame; 'roi_y_stripe_percentile': the darkest pixels of the mean image
        near the region that belong to none. The first two never go below 0 in a pixel, as documented.
    start_frame, stop_frame : int, optional
    chunk_frames : int, default 128
    statistic : {'mean'}
    global_percentile, stripe_percentile, local_percentile : float
    stripe_y_height, local_y_radius : int, optional
        A twentieth of the rows by default.
    spatial_domain : {'alignment_valid_crop', 'full_frame'}
    outside : {'clip', 'error', 'drop'}, default 'clip'
        Pixels of regions outside the domain are left out; or they are an error; or such regions are left out.
    check_cancelled : callable, optional
        Called before each batch; may raise.

    Raises
    ------
    ValueError
        If a setting is out of range, regions are of another frame, or there is no background.
    """
    if statistic != "mean":
        raise ValueError(f"`statistic`: expected 'mean', found {statistic!r}")
    if rois.shape != recording.movie.shape[1:]:
        raise ValueError(f"`rois`: expected a frame of {recording.movie.shape[1:]}, found {rois.shape}")
    first, stop = frame_range(start_frame, stop_frame, recording.movie.shape[0])
    crop = spatial_domain_crop(recording, spatial_domain)
    pixels, labels, left_out = _inside(rois, crop, outside)
    mean = recording.mean_image[crop.slices]
    background = _Plain()
    if method == "movie_global_percentile":
        background = _Global(mean, global_percentile)
    elif method == "movie_y_stripe_percentile":
        background = _Stripes(crop.shape[0], stripe_y_height, stripe_percentile)
    elif method == "roi_y_stripe_percentile":
        background = _Local(mean, rois, crop, pixels, local_y_radius, local_percentile)
    elif method != "none":
        raise ValueError(f"`method`: expected one of {', '.join(get_args(Method))}, found {method!r}")
    regions = _areas(pixels)
    parts = []
    for _, frames, span in recording.movie.iter_kernel_batches(first, stop, chunk_frames):
        if check_cancelled is not None:
            check_cancelled()
        name, dark_pixels, stripes = background.kernel()
        parts.append(frames.traces(span, *crop.spans, regions, name, dark_pixels, stripes))
    raw, dark, corrected = (np.concatenate(each) for each in zip(*parts, strict=True))
    metadata = {"method": method, **background.about, **_place(crop, spatial_domain), **left_out}
    return BackgroundCorrectedRoiTraces(raw, dark, corrected, labels, first, stop, statistic, method, metadata)


def spatial_domain_crop(recording: ConvertedRecording, name: str) -> SpatialCrop:
    """The part of the frame that a domain stands for; ValueError if it is unknown."""
    if name not in get_args(Domain):
        raise ValueError(f"`spatial_domain`: expected one of {', '.join(get_args(Domain))}, found {name!r}")
    whole = SpatialCrop.whole((recording.movie.shape[1], recording.movie.shape[2]))
    return recording.alignment_valid_crop if name == "alignment_valid_crop" else whole


def _place(crop: SpatialCrop, name: str) -> dict[str, Any]:
    return {
        "spatial_domain": name,
        "spatial_axis0_start": crop.axis0_start,
        "spatial_axis0_stop": crop.axis0_stop,
        "spatial_axis1_start": crop.axis1_start,
        "spatial_axis1_stop": crop.axis1_stop,
        "spatial_original_axis0": crop.original_shape[0],
        "spatial_original_axis1": crop.original_shape[1],
    }


def _inside(rois: RoiSet, crop: SpatialCrop, outside: str) -> tuple[Pixels, tuple[str, ...], dict[str, Any]]:
    """Numbers of each region's pixels in the domain, labels, and how many lie outside."""
    if outside not in get_args(Outside):
        raise ValueError(f"`outside`: expected one of {', '.join(get_args(Outside))}, found {outside!r}")
    within = [_within(own, rois.shape[1], crop) for own in rois.regions()]
    lost = np.diff(rois.starts) - [own.size for own in within]
    beyond = np.flatnonzero(lost)
    if beyond.size and outside == "error":
        raise ValueError(f"`rois`: expected pixels in the domain only, found others in number {beyond.tolist()}")
    kept = [place for place in range(len(rois)) if outside != "drop" or not lost[place]]
    pixels = [within[place] for place in kept]
    labels = tuple(rois.labels[place] for place in kept)
    if not beyond.size:
        return pixels, labels, {}
    empty = [label for label, own in zip(labels, pixels, strict=True) if not own.size]
    if empty:
        warnings.warn(f"no pixel of {', '.join(empty[:5])} lies in the domain: NaN", stacklevel=3)
    return (
        pixels,
        labels,
        {"outside": outside, "outside_roi_count": int(beyond.size), "outside_pixel_count": int(lost.sum())},
    )


def _within(pixels: NDArray[np.int64], columns: int, crop: SpatialCrop) -> NDArray[np.int64]:
    """Those pixels of a frame that lie in a part of it, by their numbers in the part."""
    row, column = pixels // columns - crop.axis0_start, pixels % columns - crop.axis1_start
    inside = (row >= 0) & (row < crop.shape[0]) & (column >= 0) & (column < crop.shape[1])
    return np.asarray(row[inside] * crop.shape[1] + column[inside])


def _areas(pixels: Pixels) -> Areas:
    """Where the pixels of each region start, and all pixels."""
    starts = np.concatenate([[0], np.cumsum([own.size for own in pixels], dtype=np.int64)])
    return starts, np.concatenate([*pixels, np.empty(0, np.int64)]).astype(np.uint32)


class _Plain:
    """No background."""

    about: dict[str, Any]

    def __init__(self) -> None:
        self.about = {}

    def kernel(self) -> tuple[str, Areas | None, tuple[int, float]]:
        """Name, pixels and stripes as the kernel knows them."""
        return "none", None, (0, 0.0)


class _Global(_Plain):
    """The mean of the darkest pixels of the mean image."""

    def __init__(self, mean: Floats, percentile: float) -> None:
        threshold = float(np.percentile(mean, _open(percentile, "global_percentile")))
        self._dark = np.flatnonzero(mean.ravel() < threshold)
        if not self._dark.size:
            raise ValueError("expected pixels of the mean image below the percentile, found none: is it flat?")
        self.about = {
            "global_percentile": float(percentile),
            "background_threshold": threshold,
            "background_pixel_count": int(self._dark.size),
            "negative_values_clamped": True,
        }

    def kernel(self) -> tuple[str, Areas | None, tuple[int, float]]:
        """Name, pixels and stripes as the kernel knows them."""
        return "global", _areas([self._dark]), (0, 0.0)


class _Stripes(_Plain):
    """A percentile of each stripe of rows in each frame."""

    def __init__(self, rows: int, height: int | None, percentile: float) -> None:
        self._height = _length(height, rows, 1, "stripe_y_height")
        self._percentile = _open(percentile, "stripe_percentile")
        self.about = {
            "stripe_y_height": self._height,
            "stripe_percentile": float(percentile),
            "stripe_count": -(-rows // self._height),
            "negative_values_clamped": True,
        }

    def kernel(self) -> tuple[str, Areas | None, tuple[int, float]]:
        """Name, pixels and stripes as the kernel knows them."""
        return "stripes", None, (self._height, self._percentile / 100)


class _Local(_Plain):
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
        self.about = {
            "local_y_radius": reach,
            "local_percentile": float(percentile),
            "background_pixel_count_min": int(min(counts, default=0)),
            "background_pixel_count_max": int(max(counts, default=0)),
            "negative_values_clamped": False,
        }

    def kernel(self) -> tuple[str, Areas | None, tuple[int, float]]:
        """Name, pixels and stripes as the kernel knows them."""
        return "local", _areas(self._dark), (0, 0.0)


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
