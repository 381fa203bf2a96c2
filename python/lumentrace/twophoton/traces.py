"""Fluorescence of regions over time, with and without background."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.crop import SpatialCrop
from lumentrace.twophoton.ranges import frame_range
from lumentrace.twophoton.recording import ConvertedRecording
from lumentrace.twophoton.rois import RoiSet

Floats = NDArray[np.float64]
Pixels = list[NDArray[np.int64]]
Method = Literal["none", "movie_global_percentile", "movie_y_stripe_percentile", "roi_y_stripe_percentile"]
Domain = Literal["alignment_valid_crop", "full_frame"]
Outside = Literal["clip", "error", "drop"]

STRIPES = 20
"""Stripes that a frame is cut into by default."""


@dataclass(frozen=True)
class RoiTraces:
    """Mean fluorescence of regions: `values` (frames, regions)."""

    values: Floats = field(repr=False)
    labels: tuple[str, ...]
    start_frame: int
    stop_frame: int
    statistic: str


@dataclass(frozen=True)
class BackgroundCorrectedRoiTraces:
    """Mean fluorescence of regions, the background, and what is left: (frames, regions)."""

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
    crop = _domain(recording, spatial_domain)
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
    raw, dark, corrected = (np.empty((stop - first, len(labels))) for _ in range(3))
    for begin, end, block in recording.movie.iter_frame_batches(
        chunk_frames, start=first, stop=stop, spatial_crop=crop
    ):
        if check_cancelled is not None:
            check_cancelled()
        part = slice(begin - first, end - first)
        frames = block.reshape(len(block), -1).astype(np.float64)
        raw[part], dark[part], corrected[part] = background.split(frames, pixels, crop.shape[1])
    metadata = {"method": method, **background.about, **_place(crop, spatial_domain), **left_out}
    return BackgroundCorrectedRoiTraces(raw, dark, corrected, labels, first, stop, statistic, method, metadata)


def _domain(recording: ConvertedRecording, name: str) -> SpatialCrop:
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
    inner = rois.masks[(slice(None), *crop.slices)]
    lost = rois.masks.sum(axis=(1, 2)) - inner.sum(axis=(1, 2))
    beyond = np.flatnonzero(lost)
    if beyond.size and outside == "error":
        raise ValueError(f"`rois`: expected pixels in the domain only, found others in number {beyond.tolist()}")
    kept = [place for place in range(len(rois)) if outside != "drop" or not lost[place]]
    pixels = [np.flatnonzero(inner[place]) for place in kept]
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


def _means(frames: Floats, pixels: Pixels) -> Floats:
    """Mean of each region's pixels in each frame; NaN for none."""
    return np.column_stack(
        [frames[:, own].mean(axis=1) if own.size else np.full(len(frames), np.nan) for own in pixels]
    )


class _Plain:
    """No background."""

    about: dict[str, Any]

    def __init__(self) -> None:
        self.about = {}

    def split(self, frames: Floats, pixels: Pixels, width: int) -> tuple[Floats, Floats, Floats]:
        """Raw, background and corrected means."""
        raw = _means(frames, pixels)
        return raw, np.zeros_like(raw), raw


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

    def split(self, frames: Floats, pixels: Pixels, width: int) -> tuple[Floats, Floats, Floats]:
        """Raw, background and corrected means."""
        dark = frames[:, self._dark].mean(axis=1)
        corrected = _means(np.maximum(frames - dark[:, None], 0), pixels)
        return _means(frames, pixels), np.repeat(dark[:, None], len(pixels), axis=1), corrected


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

    def split(self, frames: Floats, pixels: Pixels, width: int) -> tuple[Floats, Floats, Floats]:
        """Raw, background and corrected means."""
        dark = np.empty_like(frames)
        step = self._height * width
        for start in range(0, frames.shape[1], step):
            level = np.percentile(frames[:, start : start + step], self._percentile, axis=1)
            dark[:, start : start + step] = level[:, None]
        return _means(frames, pixels), _means(dark, pixels), _means(np.maximum(frames - dark, 0), pixels)


class _Local(_Plain):
    """The darkest pixels of the mean image near each region that belong to none."""

    def __init__(
        self, mean: Floats, rois: RoiSet, crop: SpatialCrop, pixels: Pixels, radius: int | None, percentile: float
    ) -> None:
        reach = _length(radius, mean.shape[0], 0, "local_y_radius")
        share = _open(percentile, "local_percentile")
        free = ~np.asarray(rois.masks.any(axis=0))[crop.slices]
        if not free.any():
            raise ValueError("expected pixels that belong to no region, found none; use movie_y_stripe_percentile")
        rows = np.arange(mean.shape[0])[:, None]
        self._dark: Pixels = []
        for own in pixels:
            if not own.size:
                self._dark.append(own)
                continue
            centre = round(float(np.unique(own // mean.shape[1]).mean()))
            near = free & (np.abs(rows - centre) <= reach)
            if not near.any():
                raise ValueError(
                    f"expected pixels that belong to no region within {reach} rows of row {centre}, found none"
                )
            limit = np.percentile(mean[near], share)
            self._dark.append(np.flatnonzero(near & (mean <= limit)))
        counts = [own.size for own in self._dark if own.size]
        self.about = {
            "local_y_radius": reach,
            "local_percentile": float(percentile),
            "background_pixel_count_min": int(min(counts, default=0)),
            "background_pixel_count_max": int(max(counts, default=0)),
            "negative_values_clamped": False,
        }

    def split(self, frames: Floats, pixels: Pixels, width: int) -> tuple[Floats, Floats, Floats]:
        """Raw, background and corrected means."""
        raw, dark = _means(frames, pixels), _means(frames, self._dark)
        return raw, dark, raw - dark


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
