"""Fluorescence of regions over time, with and without background."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.measure.background import BackgroundOptions, Method, Pixels, areas, background_of
from lumentrace.twophoton.measure.demixing import Unmixing
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.frames_done import FramesDone
from lumentrace.twophoton.read.ranges import frame_range
from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.regions.rois import RoiSet

Floats = NDArray[np.float64]
Domain = Literal["alignment_valid_crop", "full_frame"]
Outside = Literal["clip", "error", "drop"]
Statistic = Literal["mean", "demixed"]


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
    provenance : Provenance
        That of the recording, and how the traces were made of it.
    """

    values: Floats = field(repr=False)
    labels: tuple[str, ...]
    start_frame: int
    stop_frame: int
    statistic: str
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)


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
    provenance : Provenance
        That of the recording, and how the traces were made of it.
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
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)


@dataclass(frozen=True)
class TraceOptions:
    """How traces are made; see `extract_background_corrected_roi_traces`."""

    background: BackgroundOptions = field(default_factory=BackgroundOptions)
    start_frame: int | None = None
    stop_frame: int | None = None
    chunk_frames: int = 128
    statistic: Statistic = "mean"
    spatial_domain: Domain = "alignment_valid_crop"
    outside: Outside = "clip"


def extract_roi_traces(
    recording: ConvertedRecording,
    rois: RoiSet,
    *,
    start_frame: int | None = None,
    stop_frame: int | None = None,
    chunk_frames: int = 128,
    statistic: Statistic = "mean",
) -> RoiTraces:
    """Fluorescence of regions in each frame, batch by batch.

    Parameters
    ----------
    recording : ConvertedRecording
    rois : RoiSet
        On the whole frame.
    start_frame, stop_frame : int, optional
    chunk_frames : int, default 128
    statistic : {'mean', 'demixed'}
        Plain means of the pixels of each region; or least squares with the weights of regions that have some, so that
        cells that overlap are told apart (see `find_cells`).

    Raises
    ------
    ValueError
        If regions are of another frame, the range lies outside the movie, or the statistic is none.
    """
    options = TraceOptions(
        start_frame=start_frame,
        stop_frame=stop_frame,
        chunk_frames=chunk_frames,
        statistic=statistic,
        spatial_domain="full_frame",
    )
    found = corrected_traces(recording, rois, options)
    return RoiTraces(
        found.raw_values, found.labels, found.start_frame, found.stop_frame, statistic, provenance=found.provenance
    )


def extract_background_corrected_roi_traces(
    recording: ConvertedRecording,
    rois: RoiSet,
    *,
    method: Method = "none",
    start_frame: int | None = None,
    stop_frame: int | None = None,
    chunk_frames: int = 128,
    statistic: Statistic = "mean",
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
    statistic : {'mean', 'demixed'}
        'demixed': by least squares with the weights of regions that have some, so that cells that overlap are told
        apart (see `find_cells`); backgrounds are then subtracted without a floor at 0.
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
    background = BackgroundOptions(
        method, global_percentile, stripe_y_height, stripe_percentile, local_y_radius, local_percentile
    )
    options = TraceOptions(background, start_frame, stop_frame, chunk_frames, statistic, spatial_domain, outside)
    return corrected_traces(recording, rois, options, check_cancelled)


def corrected_traces(
    recording: ConvertedRecording,
    rois: RoiSet,
    options: TraceOptions,
    check_cancelled: Callable[[], None] | None = None,
) -> BackgroundCorrectedRoiTraces:
    """`extract_background_corrected_roi_traces` with its settings in one piece."""
    watch = Watch()
    found = _extracted(recording, rois, options, check_cancelled)
    history = watch.after(recording.provenance, "traces", {"regions": len(rois), **asdict(options)})
    return replace(found, provenance=history)


def _extracted(
    recording: ConvertedRecording, rois: RoiSet, options: TraceOptions, check_cancelled: Callable[[], None] | None
) -> BackgroundCorrectedRoiTraces:
    if options.statistic not in get_args(Statistic):
        raise ValueError(f"`statistic`: expected one of {', '.join(get_args(Statistic))}, found {options.statistic!r}")
    if rois.shape != recording.movie.shape[1:]:
        raise ValueError(f"`rois`: expected a frame of {recording.movie.shape[1:]}, found {rois.shape}")
    first, stop = frame_range(options.start_frame, options.stop_frame, recording.movie.shape[0])
    crop = spatial_domain_crop(recording, options.spatial_domain)
    pixels, footprints, labels, left_out = _inside(rois, crop, options.outside)
    background = background_of(recording.mean_image[crop.slices], rois, crop, pixels, options.background)
    regions = areas(pixels)
    unmixing = None if options.statistic == "mean" else Unmixing(pixels, footprints, crop.shape[0] * crop.shape[1])
    done = FramesDone(recording.movie.shape[0], stop - first)
    name, dark_pixels, stripes = background.kernel()
    parts = []
    for _, frames, span in recording.movie.iter_kernel_batches(first, stop, options.chunk_frames):
        if check_cancelled is not None:
            check_cancelled()
        part = frames.traces(span, *crop.spans, regions, name, dark_pixels, stripes, progress=done.kernel())
        if unmixing is not None:
            sums = frames.weighted_sums(span, *crop.spans, regions, unmixing.weights)
            part = _demixed(sums, part[1], unmixing)
        parts.append(part)
        done.add(span[1] - span[0])
    raw, dark, corrected = (np.concatenate(each) for each in zip(*parts, strict=True))
    method = options.background.method
    place = _place(crop, options.spatial_domain)
    metadata = {"method": method, **background.about, **place, **left_out}
    return BackgroundCorrectedRoiTraces(raw, dark, corrected, labels, first, stop, options.statistic, method, metadata)


def _demixed(sums: Floats, background: Floats, unmixing: Unmixing) -> tuple[Floats, Floats, Floats]:
    """Raw, background and corrected fluorescence (frames, regions) from weighted sums and backgrounds of pixels."""
    raw, corrected = unmixing.solve(sums), unmixing.solve(sums - background * unmixing.totals)
    return raw, raw - corrected, corrected


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


def _inside(
    rois: RoiSet, crop: SpatialCrop, outside: str
) -> tuple[Pixels, list[Floats], tuple[str, ...], dict[str, Any]]:
    """Numbers and weights of each region's pixels in the domain, labels, and how many lie outside."""
    if outside not in get_args(Outside):
        raise ValueError(f"`outside`: expected one of {', '.join(get_args(Outside))}, found {outside!r}")
    parts = [_within(own, rois.shape[1], crop) for own in rois.regions()]
    lost = np.array([np.count_nonzero(~inside) for _, inside in parts])
    beyond = np.flatnonzero(lost)
    if beyond.size and outside == "error":
        raise ValueError(f"`rois`: expected pixels in the domain only, found others in number {beyond.tolist()}")
    kept = [place for place in range(len(rois)) if outside != "drop" or not lost[place]]
    pixels, weights = [parts[place][0] for place in kept], rois.footprints()
    footprints = [weights[place][parts[place][1]] for place in kept]
    labels = tuple(rois.labels[place] for place in kept)
    if not beyond.size:
        return pixels, footprints, labels, {}
    empty = [label for label, own in zip(labels, pixels, strict=True) if not own.size]
    if empty:
        warnings.warn(f"no pixel of {', '.join(empty[:5])} lies in the domain: NaN", stacklevel=5)
    return (
        pixels,
        footprints,
        labels,
        {"outside": outside, "outside_roi_count": int(beyond.size), "outside_pixel_count": int(lost.sum())},
    )


def _within(pixels: NDArray[np.int64], columns: int, crop: SpatialCrop) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Those pixels of a frame that lie in a part of it, by their numbers in the part; which of all these are."""
    row, column = pixels // columns - crop.axis0_start, pixels % columns - crop.axis1_start
    inside = (row >= 0) & (row < crop.shape[0]) & (column >= 0) & (column < crop.shape[1])
    return np.asarray(row[inside] * crop.shape[1] + column[inside]), inside
